"""Every address of the FHIR base is visited with canaries outside of the grant; one without a probe fails.

Law (`architecture.md`, laws): a new route needs a line here. Each probe is asked in JSON and in XML, by a client with
a grant, by one without, and for the person who shares nothing; what is permitted does arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from starlette.routing import Route

from bridge.fhir.sampled import PROFILE
from bridge.mapping.resources import READING_TYPES
from bridge.reading import Stream
from tests.web.pumped import pumped, telling
from tests.web.test_xml_http import batch
from tests.web.world import WINDOW, World, leaks

KINDS: Final = (*READING_TYPES, "Device", "DeviceMetric", "Patient", "Provenance")
ACCEPTS: Final = ("application/fhir+json", "application/fhir+xml")
SHARED: Final = {"Observation": Stream.GLUCOSE, "MedicationAdministration": Stream.BOLUS}


@pytest.fixture(scope="module")
def pump(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("crawl") / "home")
    pumped(made)
    made.grant()
    yield made
    made.close()


def searches(kind: str) -> Callable[[World], list[str]]:
    def paths(world: World) -> list[str]:
        named = "_id" if kind == "Patient" else "patient"
        whole = [f"/fhir/{kind}?{named}={world.patient_id(who)}" for who in (world.ada, world.bob)]
        wide = ["_count=100000", "_summary=count", "_total=accurate", "_summary=true", "_elements=id"]
        if kind in READING_TYPES:
            wide += [f"_include={kind}:device&_revinclude=Provenance:target", "_sort=_lastUpdated"]
        if kind == "Observation":
            chunks = f"_profile={PROFILE}"
            wide += [
                chunks,
                f"{chunks}&date=lt2026-09-08",
                f"{chunks}&_revinclude=Provenance:target&_count=2000",
            ]
        return [*whole, *(f"{path}&{more}" for path in whole for more in wide)]

    return paths


def names(world: World, kind: str) -> list[str]:
    """Ids of that type: first one that is shared, then hidden ones, another person's and one of nobody."""
    if kind in SHARED:
        stream = SHARED[kind]
        hidden = world.hidden(stream)
        found = [world.observation_id(each) for each in (world.shown(stream)[3], hidden[0], hidden[-1])]
    elif kind == "Patient":
        found = [world.patient_id(world.ada), world.patient_id(world.bob)]
    else:
        page = world.get(f"/fhir/{kind}?patient={world.patient_id(world.ada)}&_count=1").json()
        found = [page["entry"][0]["resource"]["id"]]
    return [*found, world.observation_id(world.readings(Stream.GLUCOSE, world.bob)[0], world.bob), "x"]


def reads(kind: str, tail: str = "") -> Callable[[World], list[str]]:
    def paths(world: World) -> list[str]:
        return [f"/fhir/{kind}/{name}{tail}" for name in names(world, kind)]

    return paths


def versions(kind: str) -> Callable[[World], list[str]]:
    def paths(world: World) -> list[str]:
        version = world.get(reads(kind)(world)[0]).json()["meta"]["versionId"]
        return [f"/fhir/{kind}/{name}/_history/{version}" for name in names(world, kind)]

    return paths


def newest(world: World) -> list[str]:
    found = [f"/fhir/Observation/$lastn?patient={world.patient_id(who)}&" for who in (world.ada, world.bob)]
    asked = ("category=laboratory", "category=laboratory&max=100", "code=99504-3&max=9&date=lt2026-09-09")
    return [f"{path}{more}" for path in found for more in asked]


def everything(world: World) -> list[str]:
    whole = [f"/fhir/Patient/{name}/$everything" for name in names(world, "Patient")]
    more = (
        "_count=50",
        "start=2000-01-01&end=2026-09-09",
        "_type=Provenance,Device,Observation",
        "_since=2000",
    )
    return [*whole, *(f"{path}?{each}" for path in whole for each in more)]


def fixed(*paths: str) -> Callable[[World], list[str]]:
    return lambda world: list(paths)


PROBES: Final[Mapping[str, Callable[[World], list[str]]]] = {
    **{f"/fhir/{kind}": searches(kind) for kind in KINDS},
    **{f"/fhir/{kind}/{{id}}": reads(kind) for kind in KINDS},
    **{f"/fhir/{kind}/{{id}}/_history": reads(kind, "/_history") for kind in READING_TYPES},
    **{f"/fhir/{kind}/{{id}}/_history/{{vid}}": versions(kind) for kind in READING_TYPES},
    "/fhir/Observation/$lastn": newest,
    "/fhir/Patient/{id}/$everything": everything,
    "/fhir/metadata": fixed("/fhir/metadata"),
    "/fhir/.well-known/smart-configuration": fixed("/fhir/.well-known/smart-configuration"),
}
"""What is asked with GET at each address."""
POSTED: Final = frozenset({"/fhir", "/fhir/", *(f"/fhir/{kind}/_search" for kind in KINDS)})
"""Addresses that take a body: `test_every_posted_search` and `test_every_batch`."""
NOWHERE: Final = "/fhir/{rest:path}"


def test_every_address_has_a_probe(pump: World) -> None:
    routes = {
        each.path for each in pump.app.routes if isinstance(each, Route) and each.path.startswith("/fhir")
    }
    assert routes == set(PROBES) | POSTED | {NOWHERE}


@pytest.mark.parametrize("accept", ACCEPTS)
@pytest.mark.parametrize("path", PROBES)
def test_no_address_tells_what_is_not_granted(pump: World, path: str, accept: str) -> None:
    answers = [pump.get(each, headers={"Accept": accept}) for each in PROBES[path](pump)]
    assert answers[0].status_code == 200
    for answer in answers:
        assert not leaks(pump, answer) and not telling(answer.text), answer.url
        assert answer.status_code in (200, 404)
    nobody = pump.token(pump.stranger)
    for each in PROBES[path](pump):
        answer = pump.get(each, headers={"Accept": accept}, token=nobody)
        assert not leaks(pump, answer) and not telling(answer.text)
        assert "effective" not in answer.text or path == "/fhir/metadata"


@pytest.mark.parametrize("accept", ACCEPTS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_posted_search_tells_no_more(pump: World, kind: str, accept: str) -> None:
    named = "_id" if kind == "Patient" else "patient"
    for who, is_shared in ((pump.ada, True), (pump.bob, False)):
        data = {named: pump.patient_id(who), "_count": "1000"}
        answer = pump.ask("POST", f"/fhir/{kind}/_search", data=data, headers={"Accept": accept})
        assert answer.status_code == 200 and not leaks(pump, answer) and not telling(answer.text)
        assert (f"{kind}/" in answer.text) is is_shared


@pytest.mark.parametrize("accept", ACCEPTS)
def test_every_batch_tells_no_more(pump: World, accept: str) -> None:
    paths = [each.removeprefix("/fhir/") for make in PROBES.values() for each in make(pump)]
    asked = [each for each in paths if "100000" not in each][:100]
    headers = {"Accept": accept, "Content-Type": "application/fhir+xml"}
    answer = pump.ask("POST", "/fhir", content=batch(*asked), headers=headers)
    assert answer.status_code == 200 and not leaks(pump, answer) and not telling(answer.text)


def test_the_canaries_are_there_to_be_found(pump: World, tmp_path: Path) -> None:
    from bridge.consent.grants import revoke
    from bridge.period import DAY, Period, PeriodSet

    grant = pump.grant(periods=PeriodSet((Period(WINDOW.start - 30 * DAY, WINDOW.end),)))
    found = "".join(pump.get(searches(kind)(pump)[0] + "&_count=100000").text for kind in READING_TYPES)
    revoke(pump.db, grant)
    assert "77.77" in found and "88.88" in found and '"value":333' in found.replace(" ", "")
