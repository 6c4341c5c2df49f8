"""What others submitted and is no reading, over HTTP: who is told of it, of how much, and until when."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import quote

import pytest

from bridge.consent import collecting, grants
from bridge.consent.asked import Grain, Kind
from bridge.consent.grant import Identity
from bridge.consent.intake import source
from bridge.period import DAY, Period, PeriodSet
from bridge.store.artifacts import listed
from bridge.store.blocks import withdraw
from tests.web.submitted import (
    LOINC,
    SCOPE,
    Resource,
    bundle,
    entry,
    identified,
    intake,
    observation,
    quantity,
)
from tests.web.submitted import statuses, submit
from tests.web.world import WINDOW, World, resources

FROM_CLINIC: Final = source("Clinic")
PERIOD: Final = {"start": "2026-09-09", "end": "2026-09-15"}
PDF: Final = "JVBERi0xLjAK"
PANEL, MEAN = "107931-8", "97507-8"
FIGURES: Final = {
    MEAN: (145.5, "mg/dL", "mg/dl"),
    "97506-0": (6.9, "%", "%"),
    "104638-2": (33.1, "%", "%"),
    "104636-6": (7, "d", "days"),
    "104637-4": (98.2, "%", "%"),
}
RANGES: Final = {"104642-4": 1, "104641-6": 4, "97510-2": 70, "104640-8": 20, "104639-0": 5}
SECRETS: Final = ("SECRET-NOTE", "SECRET-ID", "SECRET-PERFORMER", "SECRET-NARRATIVE")


def coded(code: str) -> Resource:
    return {"coding": [{"system": LOINC, "code": code, "display": "SECRET-NOTE"}]}


def figure(about: str, code: str, **changed: Any) -> Resource:
    found = observation(
        about, 0, code=coded(code), effectiveDateTime=None, effectivePeriod=PERIOD, valueQuantity=None,
        note=[{"text": "SECRET-NOTE"}], performer=[{"display": "SECRET-PERFORMER"}],
    )  # fmt: skip
    if code in FIGURES:
        found["valueQuantity"] = quantity(*FIGURES[code])
    if code == "106793-3":
        found["component"] = [
            {"code": coded(each), "valueQuantity": quantity(share, "%", "%")}
            for each, share in RANGES.items()
        ]
    return identified(found | changed, f"SECRET-ID-{code}")


def summary(about: str, **changed: Any) -> list[Resource]:
    """A panel, its six figures, and a report of them with its PDF."""
    codes = (*FIGURES, "106793-3")
    members = [entry(figure(about, each, **changed), url=f"urn:uuid:{each}") for each in codes]
    there = [{"reference": f"urn:uuid:{each}"} for each in codes]
    panel = entry(figure(about, PANEL, hasMember=there, **changed), url="urn:uuid:panel")
    report = {
        "resourceType": "DiagnosticReport",
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml">SECRET-NARRATIVE</div>',
        },
        "status": "final",
        "code": coded(PANEL),
        "subject": {"reference": f"Patient/{about}"},
        "effectivePeriod": PERIOD,
        "conclusion": "SECRET-NOTE",
        "result": [{"reference": "urn:uuid:panel"}],
        "presentedForm": [{"contentType": "application/pdf", "data": PDF}],
    } | {name: each for name, each in changed.items() if name == "effectivePeriod"}
    return [*members, panel, entry(report)]


@pytest.fixture
def brought(world: World) -> World:
    """The clinic brought a summary and a report about Ada."""
    world.clinic = world.register("Submitting EHR", "Clinic", f"{SCOPE} system/*.rs")
    intake(world, world.ada)
    answer = submit(world, bundle(summary(world.patient_id(world.ada))))
    assert statuses(answer) == [202] * 8
    return world


def shared(world: World, to: str = "Elsewhere", **changed: Any) -> str:
    """Single readings of what the clinic brought, to somebody else."""
    usual = {"sources": frozenset({FROM_CLINIC}), "periods": PeriodSet((WINDOW,))}
    return world.grant(to=to, **(usual | changed))


def found(world: World, rest: str = "", kind: str = "Observation", **more: Any) -> list[Any]:
    asked = (
        rest
        or f"code={quote(f'{LOINC}|{PANEL},' + ','.join(f'{LOINC}|{each}' for each in (*FIGURES, '106793-3')))}"
    )
    path = f"{kind}?patient={world.patient_id(world.ada)}&{asked if kind == 'Observation' else rest}"
    token = more.pop("token", None) or world.token(world.stranger)
    return list(world.search(path, token=token, **more))


def codes(told: list[Any]) -> set[str]:
    return {each["code"]["coding"][0]["code"] for each in told}


def test_a_received_summary_leaves_under_a_grant_of_readings_of_its_source(brought: World) -> None:
    assert found(brought) == []
    shared(brought)
    told = found(brought)
    assert codes(told) == {PANEL, *FIGURES, "106793-3"} and len(told) == 7
    by_code = {each["code"]["coding"][0]["code"]: each for each in told}
    assert by_code[MEAN]["valueQuantity"] == {
        "value": 145.5,
        "unit": "mg/dl",
        "system": "http://unitsofmeasure.org",
        "code": "mg/dL",
    }
    assert all(each["effectivePeriod"] == PERIOD for each in told)
    members = {each["reference"] for each in by_code[PANEL]["hasMember"]}
    assert members == {f"Observation/{each['id']}" for each in told if each is not by_code[PANEL]}
    shares = {
        each["code"]["coding"][0]["code"]: each["valueQuantity"]["value"]
        for each in by_code["106793-3"]["component"]
    }
    assert shares == RANGES
    assert not any(secret in json.dumps(told) for secret in SECRETS)
    assert {each["subject"]["reference"] for each in told} == {f"Patient/{brought.patient_id(brought.ada)}"}


def test_each_is_read_by_its_id_in_its_version_and_not_by_a_stranger(brought: World) -> None:
    shared(brought)
    token = brought.token(brought.stranger)
    for one in found(brought):
        read = brought.get(f"Observation/{one['id']}", token=token)
        assert read.json() == one
        version = one["meta"]["versionId"]
        assert brought.get(f"Observation/{one['id']}/_history/{version}", token=token).json() == one
        assert found(brought, f"_id={one['id']}") == [one]
        assert (
            brought.get(f"Observation/{one['id']}").status_code == 404
        )  # the clinic has no grant of its own
