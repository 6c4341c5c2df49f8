"""What its own submitter says was entered in error, over HTTP: taken back from everybody, and nothing else with it."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

import bridge.ingest.submission as submission
from bridge.consent.asked import Kind
from bridge.consent.grant import Identity
from bridge.consent.intake import source
from bridge.ingest.again import let_in, reread
from bridge.period import HOUR, MINUTE, iso
from bridge.store import custody, submitted
from bridge.store.artifacts import listed, original
from bridge.store.patients import load
from bridge.web.submitting import TAKEN
from tests.web.brought import PERIOD, summary
from tests.web.custody import SUBMITTER, provider
from tests.web.submitted import (
    SCOPE,
    START,
    Resource,
    bundle,
    device,
    entry,
    identified,
    intake,
    locations,
    observation,
    readings,
    sentences,
    statuses,
    submit,
)
from tests.web.world import World

UNKNOWN: Final = "names nothing that was taken here"


@pytest.fixture
def brought(world: World) -> World:
    """The clinic keeps its own record of Ada, and brought four readings of it; Elsewhere has the person's copy."""
    world.clinic = world.register("Submitting EHR", "Clinic", SUBMITTER)
    provider(world, world.ada)
    assert statuses(submit(world, bundle(readings(world.patient_id(world.ada), 4)))) == [201] * 4
    world.grant(to="Elsewhere", sources=frozenset({source("Clinic")}))
    return world


def wrong(about: str, step: int = 0, **changed: Any) -> Resource:
    """That the reading of a step was entered in error, by its identifier."""
    one = observation(about, START + 5 * MINUTE * step, status="entered-in-error", **changed)
    return entry(identified(one, f"r{START}-{step}"))


def values(world: World, about: str, token: str | None = None) -> list[float]:
    shown = token or world.token(scope="system/*.rs")
    found = world.search(f"/fhir/Observation?patient={about}&code=99504-3&_count=500", token=shown)
    return [each["valueQuantity"]["value"] for each in found if each["status"] != "entered-in-error"]


def record(world: World) -> str:
    (one,) = custody.every(world.db)
    return world.patient_id(one.number)


def both(world: World) -> tuple[list[float], list[float]]:
    ada, other = world.patient_id(world.ada), world.token(world.stranger)
    return sorted(values(world, record(world))), sorted(values(world, ada, other))


@pytest.mark.parametrize("by", ["identifier", "instant", "instant, no amount"])
def test_what_was_entered_in_error_is_in_the_record_and_in_the_copy_no_more(brought: World, by: str) -> None:
    ada = brought.patient_id(brought.ada)
    moment = observation(ada, START + 5 * MINUTE, status="entered-in-error")
    if by == "instant, no amount":
        del moment["valueQuantity"]
    word = wrong(ada, 1) if by == "identifier" else entry(moment)
    assert both(brought) == ([100, 101, 102, 103],) * 2
    answer = submit(brought, bundle([word]))
    assert statuses(answer) == [200] and locations(answer) == [""] and sentences(answer) == [TAKEN]
    assert both(brought) == ([100, 102, 103],) * 2
    assert statuses(submit(brought, bundle([word]))) == [200]
    assert both(brought) == ([100, 102, 103],) * 2


def test_who_was_told_of_it_is_told_that_it_was_wrong(brought: World) -> None:
    ada, other = brought.patient_id(brought.ada), brought.token(brought.stranger)
    path = f"/fhir/Observation?patient={ada}&code=99504-3"
    told = brought.search(path, token=other)
    held = next(each["id"] for each in told if each["valueQuantity"]["value"] == 101)
    brought.clock.now += MINUTE
    submit(brought, bundle([wrong(ada, 1)]))
    read = brought.get(f"/fhir/Observation/{held}", token=other).json()
    since = brought.search(f"{path}&_lastUpdated=ge{iso(brought.clock())}", token=other)
    assert read["status"] == "entered-in-error" and "valueQuantity" not in read
    assert [(each["id"], each["status"]) for each in since] == [(held, "entered-in-error")]


def test_what_was_taken_back_is_absent_for_its_custodian_who_said_so(brought: World) -> None:
    own = brought.search(f"/fhir/Observation?patient={record(brought)}&code=99504-3")
    mine = next(each["id"] for each in own if each["valueQuantity"]["value"] == 101)
    submit(brought, bundle([wrong(brought.patient_id(brought.ada), 1)]))
    assert brought.get(f"/fhir/Observation/{mine}").status_code == 404


def test_a_word_that_repeated_or_corrected_it_goes_too_and_the_next_one_stands(brought: World) -> None:
    ada = brought.patient_id(brought.ada)
    submit(brought, bundle([entry(observation(ada, START, 250, status="corrected"))]))
    submit(brought, bundle([entry(observation(ada, START, 251)), entry(observation(ada, START + HOUR, 90))]))
    assert both(brought) == ([90, 101, 102, 103, 251],) * 2
    assert statuses(submit(brought, bundle([wrong(ada)]))) == [200]
    assert both(brought) == ([90, 101, 102, 103],) * 2
    assert statuses(submit(brought, bundle(readings(ada, 4)))) == [200] * 4  # sent anew by who took it back
    assert both(brought) == ([90, 100, 101, 102, 103],) * 2
    assert statuses(submit(brought, bundle([wrong(ada)]))) == [200]
    new = [wrong(ada, 1), entry(observation(ada, START + 5 * MINUTE, 77)), entry(observation(ada, START, 78))]
    assert statuses(submit(brought, bundle(new))) == [200, 200, 200]
    assert both(brought) == ([77, 78, 90, 102, 103],) * 2


def test_only_what_that_submitter_sent_under_that_name_can_be_taken_back(brought: World) -> None:
    ada = brought.patient_id(brought.ada)
    elsewhere = brought.register("Other submitter", "Elsewhere", SUBMITTER)
    intake(brought, brought.ada, "Elsewhere")
    token = brought.token(elsewhere, SCOPE)
    for word in (wrong(ada), entry(observation(ada, START, status="entered-in-error")), wrong(ada, 9)):
        answer = submit(brought, bundle([word]), token=token)
        assert statuses(answer) == [422] and UNKNOWN in sentences(answer)[0]
    own = observation(ada, START - 150_000, status="entered-in-error")  # of Ada's own upload
    assert statuses(submit(brought, bundle([entry(own)]))) == [422]
    assert both(brought) == ([100, 101, 102, 103],) * 2
    bob = brought.patient_id(brought.bob)
    assert submit(brought, bundle([wrong(bob)])).status_code == 404


def test_a_reading_of_a_device_is_meant_by_its_device(brought: World) -> None:
    ada = brought.patient_id(brought.ada)
    worn = {"reference": "urn:uuid:d1"}
    first = [entry(device(), url="urn:uuid:d1"), entry(observation(ada, START, 60, device=worn))]
    assert statuses(submit(brought, bundle(first))) == [201, 201]
    word = observation(ada, START, status="entered-in-error", device=worn)
    assert statuses(submit(brought, bundle([first[0], entry(word)])))[1] == 200
    assert sorted(values(brought, record(brought))) == [100, 101, 102, 103]


def test_a_second_reading_of_the_kept_bytes_does_not_bring_it_back(brought: World) -> None:
    submit(brought, bundle([wrong(brought.patient_id(brought.ada), 2)]))
    mappings, person = brought.mappings, load(brought.db, brought.ada)
    for each in listed(brought.db, brought.ada):
        if each.source == source("Clinic"):
            reread(brought.db, mappings, person, each.number)
    assert both(brought) == ([100, 101, 103],) * 2


def test_what_waits_is_let_in_without_what_was_entered_in_error(world: World) -> None:
    world.clinic = world.register("Submitting EHR", "Clinic", SUBMITTER)
    intake(world, world.ada)
    ada = world.patient_id(world.ada)
    sent = [entry(device("BOBS-SENSOR"), url="urn:uuid:d1")]
    for each in readings(ada, 3):
        each["resource"]["device"] = {"reference": "urn:uuid:d1"}
        sent.append(each)
    submit(world, bundle(sent))
    (waits,) = [each for each in listed(world.db, world.ada) if each.source == source("Clinic")]
    assert waits.state == "quarantined"
    assert statuses(submit(world, bundle([wrong(ada, 1)]))) == [200]
    let_in(world.db, world.mappings, load(world.db, world.ada), waits.number, "it is hers")
    world.grant(to="Elsewhere", sources=frozenset({source("Clinic")}))
    assert sorted(values(world, ada, world.token(world.stranger))) == [100, 102]


def test_a_figure_is_taken_back_by_its_identifier(brought: World) -> None:
    ada = brought.patient_id(brought.ada)
    sent = summary(ada, value=133)
    for at, each in enumerate(sent):
        each["resource"] = identified(each["resource"], f"s{at}")
    assert set(statuses(submit(brought, bundle(sent)))) == {202}
    own = f"/fhir/Observation?patient={record(brought)}&code=97507-8"
    (mean,) = brought.search(own)
    words = [
        entry({**each["resource"], "status": "entered-in-error"})
        for each in sent
        if each["resource"]["resourceType"] == "Observation"
    ]
    brought.clock.now += MINUTE
    assert set(statuses(submit(brought, bundle(words)))) == {200}
    assert [each for each in brought.search(own) if each["status"] != "entered-in-error"] == []
    assert brought.get(f"/fhir/Observation/{mean['id']}").json().get("status") in (None, "entered-in-error")


def test_who_holds_a_panel_is_told_that_a_figure_of_it_was_wrong_and_nobody_else_is(brought: World) -> None:
    ada, other = brought.patient_id(brought.ada), brought.token(brought.stranger)
    brought.grant(
        to="Elsewhere", sources=frozenset({source("Clinic")}), kinds=frozenset(Kind), identity=Identity.FULL
    )
    sent = summary(ada, value=133)
    for at, each in enumerate(sent):
        each["resource"] = identified(each["resource"], f"s{at}")
    assert set(statuses(submit(brought, bundle(sent)))) == {202}
    query = f"/fhir/Observation?patient={ada}&code=http://loinc.org|107931-8"
    report = f"/fhir/DiagnosticReport?patient={ada}"
    (panel,) = [each for each in brought.search(query, token=other) if each["effectivePeriod"] == PERIOD]
    (held,) = [each for each in brought.search(report, token=other) if each["effectivePeriod"] == PERIOD]
    assert held["result"] == [{"reference": f"Observation/{panel['id']}"}]
    brought.clock.now += MINUTE
    submit(brought, bundle([entry(sent[0]["resource"] | {"status": "entered-in-error"})]))
    told = brought.get(f"/fhir/Observation/{panel['id']}", token=other).json()
    since = f"{query}&_lastUpdated=ge{iso(brought.clock())}"
    assert told["status"] == "entered-in-error" and "hasMember" not in told
    assert [each["id"] for each in brought.search(since, token=other)] == [panel["id"]]
    assert "result" not in brought.get(f"/fhir/DiagnosticReport/{held['id']}", token=other).json()
    brought.clock.now += MINUTE
    assert brought.search(f"{query}&_lastUpdated=ge{iso(brought.clock())}", token=other) == []
    brought.grant(to="Clinic", sources=frozenset({source("Clinic")}))
    assert (
        brought.search(query) == [] and brought.search(f"/fhir/Observation?patient={ada}&code=97506-0") != []
    )


def test_what_was_cut_short_is_finished_by_the_same_word(
    brought: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after it was written down that it is wrong, before its readings were taken out."""
    ada = brought.patient_id(brought.ada)
    with monkeypatch.context() as cut:
        cut.setattr(submission, "settle", lambda *_: None)
        submit(brought, bundle([wrong(ada, 3)]))
    assert both(brought)[0] == [100, 101, 102, 103]
    assert statuses(submit(brought, bundle([wrong(ada, 3)]))) == [200]
    assert both(brought) == ([100, 101, 102],) * 2


def test_it_is_kept_who_said_so_and_nothing_of_what_was_wrong(brought: World) -> None:
    submit(brought, bundle([wrong(brought.patient_id(brought.ada), 1)]))
    (one,) = custody.every(brought.db)
    said = listed(brought.db, one.number)[-1]
    (by,) = (
        brought.db.reader("bridge")
        .execute("SELECT by_artifact FROM submitted_wrong WHERE patient = ?", (one.number,))
        .fetchone()
    )
    kept = json.loads(original(brought.db, one.number, said.number))
    assert said.number == by and submitted.wrong(brought.db, one.number, 1) == {2}
    assert kept["submission"]["by"] == "Clinic" and "valueQuantity" not in json.dumps(kept)
