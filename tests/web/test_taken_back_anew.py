"""What its submitter took back and says anew, says wrong once more, or names so that it fits several things."""

from __future__ import annotations

import threading

import pytest

from bridge.consent.intake import source
from bridge.ingest import again
from bridge.ingest.again import let_in, reread
from bridge.ingest.offered import Keeping
from bridge.period import HOUR, MINUTE
from bridge.store import submitted
from bridge.store.artifacts import Artifact, listed
from bridge.store.blocks import reabsorb, withdraw
from bridge.store.patients import load
from tests.web.custody import SUBMITTER, provider
from tests.web.submitted import (
    START,
    Resource,
    bundle,
    device,
    entry,
    identified,
    intake,
    observation,
    readings,
    sentences,
    statuses,
    submit,
)
from tests.web.test_entered_in_error import both, values
from tests.web.world import World

R1 = "r1"


@pytest.fixture
def clinic(world: World) -> World:
    """The clinic keeps its own record of Ada; Elsewhere has the person's copy."""
    world.clinic = world.register("Submitting EHR", "Clinic", SUBMITTER)
    provider(world, world.ada)
    world.grant(to="Elsewhere", sources=frozenset({source("Clinic")}))
    return world


def said(world: World, value: int, at: int = START, condition: str = "", status: str = "final") -> Resource:
    """A reading with the identifier r1."""
    one = observation(world.patient_id(world.ada), at, value, status=status)
    return entry(identified(one, R1), condition)


def bare(world: World, value: int, at: int = START, status: str = "final") -> Resource:
    """A reading without an identifier."""
    return entry(observation(world.patient_id(world.ada), at, value, status=status))


def copies(world: World, patient: int) -> list[Artifact]:
    return [each for each in listed(world.db, patient) if each.source == source("Clinic")]


def test_the_same_word_once_more_takes_back_what_came_since(clinic: World) -> None:
    word = bundle([bare(clinic, 100, status="entered-in-error")])
    submit(clinic, bundle([bare(clinic, 100), bare(clinic, 55, START + HOUR)]))
    submit(clinic, word)
    submit(clinic, bundle([bare(clinic, 90)]))
    assert both(clinic) == ([55, 90],) * 2
    for _ in range(2):
        assert statuses(submit(clinic, word)) == [200]
        assert both(clinic) == ([55],) * 2


def test_a_word_and_what_stands_in_its_place_sent_again_change_nothing(clinic: World) -> None:
    submit(clinic, bundle([said(clinic, 100)]))
    both_said = bundle([said(clinic, 100, status="entered-in-error"), said(clinic, 90, condition=R1)])
    for _ in range(3):
        assert statuses(submit(clinic, both_said)) == [200, 200]
        assert both(clinic) == ([90],) * 2
    assert len(copies(clinic, clinic.ada)) == 2
    assert statuses(submit(clinic, bundle([said(clinic, 91, condition=R1)]))) == [200]
    assert both(clinic) == ([90],) * 2


@pytest.mark.parametrize("turned", [False, True])
def test_what_its_submitter_took_back_stands_again_when_it_is_sent_anew(clinic: World, turned: bool) -> None:
    sent = [said(clinic, 100, condition=R1), bare(clinic, 55, START + HOUR)]
    anew = bundle(sent[::-1] if turned else sent)
    submit(clinic, bundle(sent))
    for _ in range(2):
        submit(clinic, bundle([said(clinic, 100, status="entered-in-error")]))
        assert both(clinic) == ([55],) * 2
        assert statuses(submit(clinic, anew)) == [200, 200]
        assert both(clinic) == ([55, 100],) * 2
        submit(clinic, anew)
        assert both(clinic) == ([55, 100],) * 2


def test_a_condition_does_not_fit_what_was_taken_back(clinic: World) -> None:
    submit(clinic, bundle([said(clinic, 100, condition=R1)]))
    submit(clinic, bundle([said(clinic, 100, status="entered-in-error")]))
    submit(clinic, bundle([said(clinic, 91, condition=R1)]))
    assert both(clinic) == ([91],) * 2


def test_what_the_person_took_out_does_not_come_back_when_it_is_sent_anew(clinic: World) -> None:
    submit(clinic, bundle([said(clinic, 100)]))
    withdraw(clinic.db, clinic.ada, copies(clinic, clinic.ada)[0].number)
    submit(clinic, bundle([said(clinic, 100, status="entered-in-error")]))
    submit(clinic, bundle([said(clinic, 100)]))
    assert both(clinic) == ([100], [])


def test_a_word_with_a_time_takes_no_other_moment_of_a_shared_identifier(clinic: World) -> None:
    submit(clinic, bundle([said(clinic, 100 + step, START + step * MINUTE) for step in range(3)]))
    submit(clinic, bundle([said(clinic, 101, START + MINUTE, status="entered-in-error")]))
    assert both(clinic) == ([100, 102],) * 2


def test_a_word_without_a_time_that_fits_several_moments_takes_none(clinic: World) -> None:
    submit(clinic, bundle([said(clinic, 100 + step, START + step * MINUTE) for step in range(2)]))
    word = said(clinic, 101, status="entered-in-error")
    del word["resource"]["effectiveDateTime"]
    answer = submit(clinic, bundle([word]))
    assert statuses(answer) == [412] and "several" in sentences(answer)[0]
    assert both(clinic) == ([100, 101],) * 2
    submit(clinic, bundle([said(clinic, 100, status="entered-in-error")]))
    assert statuses(submit(clinic, bundle([word]))) == [200]
    assert both(clinic) == ([],) * 2


def test_each_upload_is_read_once_for_all_words(clinic: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = clinic.patient_id(clinic.ada)
    submit(clinic, bundle(readings(ada, 20)))
    words = [entry({**each["resource"], "status": "entered-in-error"}) for each in readings(ada, 20)]
    read: list[int] = []
    again_ = Keeping.again

    def counted(one: Keeping, artifact: int) -> object:
        read.append(artifact)
        return again_(one, artifact)

    monkeypatch.setattr(Keeping, "again", counted)
    assert statuses(submit(clinic, bundle(words))) == [200] * 20
    assert len(read) <= 6  # of the record and of the copy: to find, to take back


def test_a_word_that_comes_while_an_upload_is_read_again_holds(
    clinic: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(clinic, bundle(readings(clinic.patient_id(clinic.ada), 3)))
    one = identified(
        observation(clinic.patient_id(clinic.ada), START, 100, status="entered-in-error"), f"r{START}-0"
    )

    def meanwhile(*told: object, **more: object) -> object:
        sender = threading.Thread(target=submit, args=(clinic, bundle([entry(one)])))
        sender.start()
        sender.join()
        return reabsorb(*told, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(again, "reabsorb", meanwhile)
    number = copies(clinic, clinic.ada)[0].number
    reread(clinic.db, clinic.mappings, load(clinic.db, clinic.ada), number)
    assert both(clinic) == ([101, 102],) * 2


def test_a_word_that_comes_while_what_waits_is_let_in_holds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.clinic = world.register("Submitting EHR", "Clinic", SUBMITTER)
    intake(world, world.ada)
    world.grant(to="Elsewhere", sources=frozenset({source("Clinic")}))
    ada = world.patient_id(world.ada)
    sent = [entry(device("BOBS-SENSOR"), url="urn:uuid:d1")]
    sent += [entry(each["resource"] | {"device": {"reference": "urn:uuid:d1"}}) for each in readings(ada, 2)]
    submit(world, bundle(sent))
    (waits,) = copies(world, world.ada)
    assert waits.state == "quarantined"
    word = entry({**readings(ada, 2)[1]["resource"], "status": "entered-in-error"})

    def meanwhile(*told: object, **more: object) -> object:
        assert statuses(submit(world, bundle([word]))) == [200]
        return reabsorb(*told, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(again, "reabsorb", meanwhile)
    let_in(world.db, world.mappings, load(world.db, world.ada), waits.number, "hers")
    assert values(world, ada, world.token(world.stranger)) == [100]


def test_what_is_removed_while_a_word_looks_for_it_is_named_by_nothing(
    clinic: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(clinic, bundle([said(clinic, 100)]))
    found = submitted.find

    def removed(*told: object) -> object:
        there = found(*told)  # type: ignore[arg-type]
        for each in copies(clinic, clinic.ada):
            if each.state == "stored":
                withdraw(clinic.db, clinic.ada, each.number)
        return there

    monkeypatch.setattr(submitted, "find", removed)
    assert statuses(submit(clinic, bundle([said(clinic, 100, status="entered-in-error")]))) == [200]
    monkeypatch.undo()
    assert both(clinic) == ([], [])


def test_a_word_reaches_the_copy_that_lost_what_it_names(clinic: World) -> None:
    submit(clinic, bundle([said(clinic, 100)]))
    submit(clinic, bundle([bare(clinic, 250)]))
    withdraw(clinic.db, clinic.ada, copies(clinic, clinic.ada)[0].number)
    assert both(clinic) == ([250],) * 2
    assert statuses(submit(clinic, bundle([said(clinic, 100, status="entered-in-error")]))) == [200]
    assert both(clinic) == ([],) * 2
