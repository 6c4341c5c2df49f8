"""Reports over HTTP: a PDF of what was granted and of nothing else, in three shapes, under the scopes (L9, L17)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import numpy as np
import pytest

from bridge.consent import grants
from bridge.consent.asked import Grain, Kind
from bridge.consent.grant import Block
from bridge.period import DAY, HOUR, MINUTE
from bridge.reading import Device, Readings, SeriesKey, SourceClass, Stream, Unit
from bridge.store import ledger
from tests.fhir.plain_xml import of_json, of_xml
from tests.web.world import WINDOW, World, glucose, leaks, linked, resources, rows_of

TYPES = ("DiagnosticReport", "DocumentReference")


def found(world: World, kind: str = "DiagnosticReport", rest: str = "", **more: Any) -> list[dict[str, Any]]:
    return world.search(f"{kind}?patient={world.patient_id(world.ada)}&{rest}", **more)


def pdf_of(report: dict[str, Any]) -> bytes:
    (form,) = report["presentedForm"]
    return base64.b64decode(form["data"])


def pump(world: World, serial: str) -> None:
    """A bolus of five units each hour of the first day."""
    inside = np.arange(WINDOW.start, WINDOW.start + DAY, HOUR)
    columns: dict[str, Any] = {"instant": inside, "value": np.full(len(inside), 50), "row": rows_of(inside)}
    key = SeriesKey(Stream.BOLUS, "dexcom-clarity", serial, Unit.UNITS, 1)
    world.upload(world.ada, Readings(key, columns, Device("A", "B", serial, kind="pump"), SourceClass.MAKER))


def intents(world: World) -> list[dict[str, Any]]:
    return [dict(row.fields) for row in ledger.listed(world.db, world.ada) if row.kind == "intent"]


def test_one_report_is_a_diagnostic_report_a_document_and_a_binary(world: World) -> None:
    world.grant()
    (report,) = found(world)
    assert report["meta"]["profile"] == ["http://hl7.org/fhir/uv/cgm/StructureDefinition/cgm-summary-pdf"]
    assert report["code"]["coding"][0]["code"] == "107931-8"
    assert report["effectivePeriod"]["start"].startswith("2026-09-08")
    for each in report["result"]:
        assert world.get(each["reference"]).status_code == 200
    (document,) = found(world, "DocumentReference")
    (content,) = document["content"]
    binary = world.get(content["attachment"]["url"], headers={"Accept": "*/*"})
    assert binary.headers["content-type"] == "application/pdf"
    assert binary.content.startswith(b"%PDF-") and len(binary.content) == content["attachment"]["size"]
    digest = hashlib.sha1(binary.content).digest()
    assert base64.b64decode(content["attachment"]["hash"]) == digest
    assert pdf_of(report) == binary.content
    told = world.get(content["attachment"]["url"], headers={"Accept": "application/fhir+json"}).json()
    assert told["resourceType"] == "Binary" and base64.b64decode(told["data"]) == binary.content
    assert document["context"]["related"] == [{"reference": f"DiagnosticReport/{report['id']}"}]


@pytest.mark.parametrize("kind", TYPES)
def test_each_is_read_by_its_id_and_found_by_what_it_wears(world: World, kind: str) -> None:
    world.grant()
    (one,) = found(world, kind)
    read = world.get(f"{kind}/{one['id']}")
    assert read.json() == one
    held = world.get(f"{kind}/{one['id']}", headers={"If-None-Match": read.headers["etag"]})
    assert held.status_code == 304
    code, day = ("code", "date") if kind == "DiagnosticReport" else ("type", "period")
    for rest in (f"{code}=107931-8", "category=LAB", f"_id={one['id']}", f"{day}=ge2026-09-08"):
        assert found(world, kind, rest) == [one], rest
    for rest in (f"{code}=99504-3", "category=imaging", f"_id={'0' * 8}", f"{day}=lt2026-09-08"):
        assert found(world, kind, rest) == [], rest
    counted = world.get(f"{kind}?patient={world.patient_id(world.ada)}&_summary=count").json()
    assert counted["total"] == 1 and "entry" not in counted


@pytest.mark.parametrize("kind", TYPES)
def test_several_are_found_by_their_ids(world: World, kind: str) -> None:
    world.clock.now += DAY
    world.grant(grain=Grain.SUMMARY, block=Block.WEEK)
    told = found(world, kind)
    assert len(told) == 2
    assert found(world, kind, f"_id={','.join(each['id'] for each in told)}") == told
    assert found(world, kind, f"_id={told[1]['id']},{'0' * 8}") == told[1:]


def test_a_report_that_a_dose_changed_is_found_by_the_date_that_it_wears(world: World) -> None:
    world.grant(kinds=frozenset({Kind.GLUCOSE, Kind.INSULIN}))
    (before,) = found(world, "DocumentReference")
    world.clock.now += HOUR
    pump(world, "PUMP")
    world.clock.now += HOUR
    (after,) = found(world, "DocumentReference")
    day = after["date"]
    assert day > before["date"]
    for rest in (f"date=ge{day}", f"date={day}", f"date=ge{before['date']}"):
        assert found(world, "DocumentReference", rest) == [after], rest
    for rest in (f"date=lt{day}", f"date={before['date']}"):
        assert found(world, "DocumentReference", rest) == [], rest
    changed = f"_lastUpdated=ge{day}"
    assert len(found(world, "DiagnosticReport", changed)) == 1
    path = f"DocumentReference?patient={world.patient_id(world.ada)}&_summary=count&date="
    assert [world.get(f"{path}{each}{day}").json()["total"] for each in ("ge", "lt")] == [1, 0]


def test_a_grant_of_summaries_gives_a_report_of_each_block_in_pages(world: World) -> None:
    world.clock.now += DAY
    world.grant(grain=Grain.SUMMARY, block=Block.WEEK)
    told = found(world)
    assert [each["effectivePeriod"]["start"] for each in told] == ["2026-09-08", "2026-09-15"]
    page = world.get(f"DiagnosticReport?patient={world.patient_id(world.ada)}&_count=1").json()
    assert resources(page) == told[:1] and linked(page, "next")
    assert found(world, rest="_count=1") == told


def test_who_shares_nothing_and_who_is_nobody_are_alike(world: World) -> None:
    world.grant()
    (report,) = found(world)
    nobody = "00000000-0000-4000-8000-000000000000"
    for kind in TYPES:
        bob, gone = (world.get(f"{kind}?patient={each}") for each in (world.patient_id(world.bob), nobody))
        assert bob.text.replace(world.patient_id(world.bob), "") == gone.text.replace(nobody, "")
    token = world.token(world.stranger)
    absent = {world.get(f"DiagnosticReport/{each}").content for each in (nobody, "x")}
    assert {world.get(f"DiagnosticReport/{report['id']}", token=token).content} == absent
    binary = world.get(f"Binary/{report['id']}")
    assert binary.status_code == 404 and not leaks(world, binary)


def test_a_revocation_ends_the_report_and_its_binary(world: World) -> None:
    grant = world.grant()
    (document,) = found(world, "DocumentReference")
    url, token = document["content"][0]["attachment"]["url"], world.token()
    assert world.get(url, token=token).status_code == 200
    grants.revoke(world.db, grant, "Ada", "no more")
    assert world.get(url, token=token).status_code == 404
    assert found(world, token=token) == []


def test_no_scope_is_widened_by_a_report(world: World) -> None:
    world.grant()
    every = "system/DiagnosticReport.rs system/Observation.rs system/Patient.rs"
    (named,) = found(world, token=world.token(scope=every))
    (bare,) = found(world, token=world.token(scope=every.removesuffix(" system/Patient.rs")))
    assert pdf_of(named) != pdf_of(bare) and named["meta"]["versionId"] != bare["meta"]["versionId"]
    category = "http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
    (same,) = found(
        world, token=world.token(scope=every.replace("Observation.rs", f"Observation.rs?category={category}"))
    )
    assert pdf_of(same) == pdf_of(named)
    narrow = "system/DiagnosticReport.rs system/Observation.rs?code=http://loinc.org|107931-8"
    assert found(world, token=world.token(scope=narrow)) == []
    other = "system/DiagnosticReport.rs?category=http://example.org|other system/Observation.rs"
    assert found(world, token=world.token(scope=other)) == []
    path = f"DiagnosticReport?patient={world.patient_id(world.ada)}"
    assert world.get(path, token=world.token(scope="system/DiagnosticReport.rs")).status_code == 403
    assert world.get(path, token=world.token(scope="system/Observation.rs")).status_code == 403


def test_xml_says_the_same_and_a_batch_asks_too(world: World) -> None:
    world.grant()
    (report,) = found(world)
    path = f"DiagnosticReport/{report['id']}"
    xml = world.get(path, headers={"Accept": "application/fhir+xml"})
    assert sorted(map(str, of_xml(xml.content))) == sorted(map(str, of_json(world.get(path).content)))
    entry = [{"request": {"method": "GET", "url": path}}]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entry}
    answer = world.ask("POST", "/fhir", json=bundle, headers={"Content-Type": "application/fhir+json"})
    assert answer.json()["entry"][0]["resource"] == report


def test_the_ledger_says_what_a_report_held_and_nothing_where_there_is_none(world: World) -> None:
    world.grant()
    found(world)
    (row,) = intents(world)
    assert (row["channel"], row["way"]) == ("report", "look")
    assert set(row["kinds"]) == {"demographics", "glucose", "device"}
    assert row["items"] > len(world.shown()) and set(row["grains"]) == {"raw", "summary"}
    assert found(world, rest="date=lt2026-09-08") == []
    assert len(intents(world)) == 1


def test_what_is_held_back_changes_no_byte_of_a_report(world: World) -> None:
    world.grant(kinds=frozenset({Kind.GLUCOSE}))
    (before,) = found(world)
    outside = range(WINDOW.start - 3 * DAY, WINDOW.start, 5 * MINUTE)
    world.upload(world.ada, glucose([each + 60_000 for each in outside], "HIDDEN-SENSOR"))
    pump(world, "HIDDEN-PUMP")
    (after,) = found(world)
    assert after == before
    revoked = world.grant(kinds=frozenset({Kind.GLUCOSE, Kind.INSULIN}))
    (with_doses,) = found(world)
    assert revoked and pdf_of(with_doses) != pdf_of(before)


@pytest.mark.parametrize("grain", [Grain.QUARTER_HOUR, Grain.HOUR, Grain.DAY])
def test_under_a_grant_of_means_there_is_no_report_and_it_looks_like_nobody(
    world: World, grain: Grain
) -> None:
    world.clock.now += DAY
    world.grant(grain=grain, kinds=frozenset({Kind.GLUCOSE}))
    about, nobody = world.patient_id(world.ada), "00000000-0000-4000-8000-000000000000"
    assert world.search(f"Observation?patient={about}")
    for kind in TYPES:
        none, gone = (world.get(f"{kind}?patient={each}") for each in (about, nobody))
        assert none.status_code == 200 and not resources(none.json())
        assert none.text.replace(about, "") == gone.text.replace(nobody, "")
