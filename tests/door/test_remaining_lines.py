"""Lines of the leak list that have no other home: counts of things, elements, references, writes, what is not offered.

Ada shares her window with the clinic. Numbers are those of `smart-consent.md` 3.5.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.reading import Stream
from tests.web.pumped import pumped
from tests.web.world import FHIR, WINDOW, World, every, glucose, leaks, resources


@pytest.fixture(scope="module")
def granted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("remaining") / "home")
    pumped(made)
    made.grant()
    made.clock.now += 1000
    yield made
    made.close()


def pages(world: World) -> list[dict[str, Any]]:
    """Something of every type, with everything that comes along."""
    person = world.patient_id(world.ada)
    paths = (
        f"Observation?patient={person}&_include=Observation:device&_revinclude=Provenance:target&_count=900",
        f"MedicationAdministration?patient={person}&_include=MedicationAdministration:device",
        f"DeviceMetric?patient={person}&_include=DeviceMetric:source",
        f"Consent?patient={person}",
        f"Patient/{person}/$everything?_type=Patient,Device,Provenance",
    )
    return [world.get(path).json() for path in paths]


def walked(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for each in node:
            yield from walked(each)
    elif isinstance(node, dict):
        yield node
        for each in node.values():
            yield from walked(each)


@pytest.mark.parametrize("kind", ["Device", "DeviceMetric", "Patient", "Consent", "Observation"])
def test_l3_things_are_counted_as_they_are_told(granted: World, kind: str) -> None:
    named = "_id" if kind == "Patient" else "patient"
    for who, is_shared in ((granted.ada, True), (granted.bob, False)):
        path = f"{kind}?{named}={granted.patient_id(who)}"
        told = sum(len(resources(page)) for page in granted.pages(path))
        for counting in ("_summary=count", "_count=0"):
            assert granted.get(f"{path}&{counting}").json()["total"] == told
        assert bool(told) is (is_shared and kind != "DeviceMetric") or kind == "DeviceMetric"


@pytest.mark.parametrize(
    "form", ["_elements=id", "_elements=effective,value", "_summary=true", "_summary=text"]
)
def test_l13_fewer_elements_are_a_part_of_the_same_answer(granted: World, form: str) -> None:
    path = f"Observation?patient={granted.patient_id(granted.ada)}&_count=300&_total=accurate"
    whole, part = granted.get(path).json(), granted.get(f"{path}&{form}").json()
    assert part["total"] == whole["total"]
    for all_of_it, some in zip(resources(whole), resources(part), strict=True):
        assert some["id"] == all_of_it["id"] and "text" not in some
        assert all(some[name] == all_of_it[name] for name in set(some) - {"meta"})


def test_l16_every_reference_leads_to_what_may_be_read(granted: World) -> None:
    named = (node.get("reference") for page in pages(granted) for node in walked(page))
    told = {each for each in named if isinstance(each, str)}
    assert {each.partition("/")[0] for each in told} >= {"Patient", "Device", "Observation"}
    some = sorted(told)[::17] + [each for each in told if not each.startswith("Observation/")][:20]
    for each in some:
        assert granted.get(each).status_code == 200, each
    names = {name for page in pages(granted) for node in walked(page) for name in node}
    assert not {"hasMember", "derivedFrom", "basedOn", "encounter", "specimen"} & names


def test_l17_nothing_is_contained_and_every_address_is_its_resources(granted: World) -> None:
    for page in pages(granted):
        assert page["entry"] and not any(
            "contained" in node or "presentedForm" in node for node in walked(page)
        )
        for entry in page["entry"]:
            resource = entry["resource"]
            assert entry["fullUrl"] == f"{FHIR}/{resource['resourceType']}/{resource['id']}"


@pytest.mark.parametrize(
    "path",
    [
        "$validate",
    ],
)  # fmt: skip
def test_l17_l31_what_is_not_offered_is_no_address(granted: World, path: str) -> None:
    for method in ("GET", "POST"):
        answer = granted.ask(method, f"/fhir/{path}", headers={"Prefer": "respond-async"})
        assert answer.status_code == 404
        assert (
            answer.json()["resourceType"] == "OperationOutcome" and "content-location" not in answer.headers
        )


def test_l24_a_conditional_write_is_no_oracle(granted: World) -> None:
    shown, hidden = granted.shown()[5], granted.hidden()[5]
    names = [granted.observation_id(shown), granted.observation_id(hidden), "nobody"]
    system = granted.renderer.system
    for method, path in (
        ("PUT", "Observation/{}"),
        ("DELETE", "Observation/{}"),
        ("PATCH", "Observation/{}"),
    ):
        answers = {granted.ask(method, f"/fhir/{path.format(name)}", json={}).text for name in names}
        assert len(answers) == 1 and "not offered" in answers.pop()
    once = [{"If-None-Exist": f"identifier={system}|{name}"} for name in names]
    created = [granted.ask("POST", "/fhir/Observation", json={}, headers=each) for each in once]
    assert {each.status_code for each in created} == {405} and len({each.content for each in created}) == 1
    queries = {
        granted.ask("PUT", f"/fhir/Observation?identifier={system}|{name}", json={}).text for name in names
    }
    assert len(queries) == 1


@pytest.mark.parametrize(
    "name", ["$stats", "$meta", "$lastn-all", "$summary", "$graphql", "$match", "$diff", "$purge"]
)
def test_l27_no_other_operation_is_there(granted: World, name: str) -> None:
    person, shown = granted.patient_id(granted.ada), granted.observation_id(granted.shown()[0])
    for place in (name, f"Observation/{name}", f"Observation/{shown}/{name}", f"Patient/{person}/{name}"):
        answer = granted.get(f"{place}?patient={person}")
        assert answer.status_code == 404 and not leaks(granted, answer)


def test_l42_headers_and_sizes_do_not_follow_what_is_hidden(tmp_path_factory: pytest.TempPathFactory) -> None:
    told = []
    for more in (0, 5000):
        world = World(tmp_path_factory.mktemp("sizes") / "home")
        if more:
            world.upload(
                world.ada, glucose(every(WINDOW.start - 90 * 86_400_000, WINDOW.start, 1_555_200), "CANARY-X")
            )
        world.grant()
        person = world.patient_id(world.ada)
        paths = (f"Observation?patient={person}&_count=2000", f"Device?patient={person}", "Observation/x")
        answers = [world.get(path) for path in paths]
        told.append([(len(_blind(a.text)), sorted(a.headers), len(a.content)) for a in answers])
        assert not any(
            name in a.headers for a in answers for name in ("x-request-id", "server-timing", "retry-after")
        )
        world.close()
    assert told[0] == told[1]


def _blind(text: str) -> str:
    """Ids are new in each installation; their lengths are not."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", json.dumps(text))


def test_the_readings_of_this_file_are_there(granted: World) -> None:
    assert granted.shown(Stream.BOLUS) and granted.hidden(Stream.BOLUS)
