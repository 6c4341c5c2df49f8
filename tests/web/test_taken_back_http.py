"""Over HTTP: what a client holds and was taken away is entered in error; what it never held is a plain 404."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import pytest

from bridge.consent import grants
from bridge.period import DAY, HOUR, iso
from bridge.store import ledger
from bridge.store.blocks import withdraw
from tests.web.test_leaks_http import ms, of, told, unknown_id
from tests.web.world import WINDOW, World, every, glucose, outcome

DAYS = (WINDOW.end - 3 * DAY, WINDOW.end - 2 * DAY)


@dataclass
class Case:
    """A second sensor's file on a day inside the window, and the grant."""

    world: World
    artifact: int
    ids: list[str]
    grant: str

    def take_back(self) -> str:
        """Remove the file; `_lastUpdated` of what changes with it."""
        self.world.clock.now += HOUR
        withdraw(self.world.db, self.world.ada, self.artifact)
        return iso(self.world.clock.now)

    def end(self) -> None:
        grants.revoke(self.world.db, self.grant)


@pytest.fixture
def case(world: World) -> Case:
    before = len(world.facts)
    artifact = world.upload(world.ada, glucose(every(*DAYS, HOUR), "8WRONG"))
    names = [world.observation_id(each) for _, each in world.facts[before:]]
    return Case(world, artifact, names, world.grant())


@pytest.mark.parametrize("ends", [False, True])
def test_a_poll_and_a_read_tell_that_it_was_an_error(case: Case, ends: bool) -> None:
    world = case.world
    held = {each["id"]: each for each in world.search(of(world)) if each["id"] in case.ids}
    assert len(held) == 24
    when = case.take_back()
    if ends:
        case.end()
    found = world.search(of(world, rest=f"_lastUpdated=ge{when}"))
    assert {each["id"] for each in found} == set(held)
    for each in found:
        before = held[each["id"]]
        assert each["status"] == "entered-in-error"
        assert "valueQuantity" not in each
        assert each["effectiveDateTime"] == before["effectiveDateTime"]
        assert (each["code"], each["subject"]) == (before["code"], before["subject"])
        assert (before["meta"]["versionId"][:2], each["meta"]["versionId"][:2]) == ("1-", "2-")
        assert ms(each["meta"]["lastUpdated"]) == ms(when)
    one = found[0]
    answer = world.get(f"Observation/{one['id']}")
    assert answer.json() == one
    assert answer.headers["etag"] == f'W/"{one["meta"]["versionId"]}"'
    assert world.get(f"Observation/{one['id']}/_history/{one['meta']['versionId']}").json() == one
    history = world.get(f"Observation/{one['id']}/_history").json()["entry"]
    assert [each["resource"] for each in history] == [one]
    old = held[one["id"]]["meta"]["versionId"]
    assert world.get(f"Observation/{one['id']}/_history/{old}").status_code == 404
    changed = world.get(f"Observation/{one['id']}", headers={"If-None-Match": f'W/"{old}"'})
    assert changed.status_code == 200
    searched = world.get(of(world, rest=f"_id={one['id']}")).json()["entry"]
    assert [each["resource"] for each in searched] == [one]
    assert not set(held) & {each["id"] for each in world.search(of(world))}


def test_by_batch_and_in_a_stream_it_is_told_too(case: Case) -> None:
    world = case.world
    world.search(of(world))
    when = case.take_back()
    query = f"{of(world)}&_lastUpdated=ge{when}"
    whole = world.get(f"{query}&_count=5000").json()
    assert whole["total"] == 24
    entries = [{"request": {"method": "GET", "url": query}}]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    headers = {"Content-Type": "application/fhir+json"}
    answer = world.ask("POST", "/fhir", json=bundle, headers=headers).json()["entry"][0]["resource"]
    assert {each["resource"]["status"] for each in answer["entry"]} == {"entered-in-error"}
    assert world.get(f"{query}&_summary=count").json()["total"] == 24
    pages = world.pages(f"{query}&_count=7&_sort=-_lastUpdated")
    assert [len(page["entry"]) for page in pages] == [7, 7, 7, 3]


@pytest.mark.parametrize("ends", [False, True])
def test_what_was_never_fetched_is_the_one_404_also_after_the_grant(case: Case, ends: bool) -> None:
    world = case.world
    case.take_back()
    never = world.get(f"Observation/{unknown_id(world)}")
    assert outcome(never)
    if ends:
        case.end()
    for name in case.ids[:3]:
        for tail in ("", "/_history", "/_history/1-00000000"):
            assert told(world.get(f"Observation/{name}{tail}")) == told(never)
    if ends:
        answers = [world.get(of(world, who, "_lastUpdated=ge2000-01-01")) for who in (world.bob, world.ada)]
        names = [world.patient_id(who) for who in (world.bob, world.ada)]
        assert answers[0].text.replace(names[0], names[1]) == answers[1].text
        assert dict(answers[0].headers) == dict(answers[1].headers)


def test_an_answer_without_its_body_is_not_held(case: Case) -> None:
    world = case.world
    token = world.token()
    for name in case.ids[:3]:
        assert world.ask("HEAD", f"/fhir/Observation/{name}", token=token).status_code == 200
    fetched = case.ids[5]
    world.get(f"Observation/{fetched}")
    case.take_back()
    assert [world.get(f"Observation/{name}").status_code for name in case.ids[:3]] == [404] * 3
    assert world.get(f"Observation/{fetched}").json()["status"] == "entered-in-error"


def test_another_type_and_another_client_tell_nothing_of_it(case: Case) -> None:
    world = case.world
    world.search(of(world, rest="_revinclude=Provenance:target"))
    case.take_back()
    name = case.ids[0]
    stranger = world.token(world.stranger)
    never = world.get(f"Observation/{unknown_id(world)}", token=stranger)
    assert told(world.get(f"Observation/{name}", token=stranger)) == told(never)
    answer = world.get(of(world, kind="Provenance", rest=f"target=Observation/{name}"))
    assert answer.json().get("entry", []) == []


def test_the_ledger_has_a_row_for_each_taking_back_and_outcomes_for_what_did_not_leave(
    case: Case,
) -> None:
    world = case.world
    world.search(of(world))
    when = case.take_back()
    token = world.token()
    world.ask("HEAD", f"/fhir/{of(world)}&_lastUpdated=ge{when}", token=token)
    world.gate.flush()
    taken, out = ledger.listed(world.db, world.ada)[-2:]
    assert (taken.fields["retracts"], taken.fields["items"]) == (True, 24)
    assert (out.fields["entry"], out.fields["sent"]) == (taken.entry, 0)


def test_what_is_held_and_what_is_not_take_the_same_time_after_the_grant(case: Case) -> None:
    """A name that went and was never told, against one that never was."""
    world = case.world
    world.search(of(world, rest=f"date=lt{iso(DAYS[0] + HOUR)}"))
    case.take_back()
    case.end()
    token = world.token()
    paths = [f"/fhir/Observation/{name}" for name in (case.ids[-1], unknown_id(world))]
    taken: list[list[float]] = [[], []]
    for _ in range(60):
        for place, path in enumerate(paths):
            begun = time.perf_counter()
            assert world.ask("GET", path, token=token).status_code == 404
            taken[place].append(time.perf_counter() - begun)
    one, other = (statistics.median(each) for each in taken)
    assert abs(one - other) < max(one, other) * 0.8 + 0.002
