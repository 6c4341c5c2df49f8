"""Answers that tell nothing of a person: alike for what is taken and what waits, and under either name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from bridge.consent import collecting, grants
from bridge.consent.asked import Kind
from bridge.consent.grant import Identity, NotPossible
from bridge.consent.intake import source
from bridge.ingest.again import let_in
from bridge.period import DAY, HOUR, MINUTE
from bridge.store.artifacts import listed
from bridge.store.blocks import verify
from bridge.store.ids import Name
from bridge.store.patients import load
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
from tests.web.test_receiving_attacks import WORN, ada, bob, of_device, open_, serials
from tests.web.world import World

__all__ = ["ada", "bob", "open_"]

PAIRING: Final = b"p" + b"2" * 15


# ------------------------------------------------------------------------- what is taken and what waits


def person(born: str, name: str = "") -> Resource:
    """A Patient entry about Bob by his number, with a guess beside it."""
    told = {"resourceType": "Patient", "identifier": [{"system": "urn:example:mrn", "value": "bob-1"}]}
    return entry(told | {"birthDate": born} | ({"name": [{"text": name}]} if name else {}))


def shape(answer: Any) -> list[tuple[object, ...]]:
    """All that an answer tells, but which reading and device it is of."""
    assert answer.status_code == 200, answer.text
    said = [each["response"] for each in answer.json()["entry"]]
    return [(each["status"], len(each.get("location", "")), str(each.get("outcome"))) for each in said]


def states(world: World, about: int) -> list[str]:
    return [each.state for each in listed(world.db, about) if each.source == source("Clinic")]


def test_whether_another_patient_wears_a_device_is_not_told(open_: World, ada: str, bob: str) -> None:
    worn = [entry(device("ADAS"), url=WORN), *readings(ada, 3)]
    for each in worn[1:]:
        each["resource"]["device"] = {"reference": WORN}
    submit(open_, bundle(worn))
    before, within = (of_device(bob, at, "ADAS") for at in (START - DAY, START + MINUTE))
    taken, waits = submit(open_, bundle(before)), submit(open_, bundle(within))
    assert shape(taken) == shape(waits) and states(open_, open_.bob) == ["stored", "quarantined"]
    taken, waits = submit(open_, bundle(before)), submit(open_, bundle(within))
    assert shape(taken) == shape(waits) and statuses(waits) == [200, 200]


def test_a_guess_at_a_name_or_birth_date_is_answered_alike(open_: World, bob: str) -> None:
    guesses = [
        person("1980-01-02", "Bob Builder"),
        person("1981-01-02"),
        person("1980-01-02", "Robert Nobody"),
    ]
    answers = []
    for step, guess in enumerate(guesses):
        answers.append(submit(open_, bundle([guess, *readings(bob, 2, START + step * HOUR)])))
    assert len({str(shape(each)) for each in answers}) == 1
    assert set(states(open_, open_.bob)) == {"stored", "quarantined"}


ALTERED: Final[dict[str, Callable[[str], Resource]]] = {
    "the same": lambda about: observation(about, START, 120),
    "another amount": lambda about: observation(about, START, 126),
    "under its identifier": lambda about: identified(observation(about, START), "X1"),
    "a later one under its identifier": lambda about: identified(observation(about, START + HOUR), "X1"),
    "a later one": lambda about: observation(about, START + HOUR),
    "by the name of the device": lambda about: observation(
        about, START, 120, device={"identifier": {"system": "https://app.example/devices", "value": "D1"}}
    ),
}


@pytest.mark.parametrize("how", ALTERED)
def test_what_follows_something_that_waits_is_answered_as_what_follows_something_taken(
    open_: World, tmp_path: Path, how: str
) -> None:
    told = []
    for born in ("1980-01-02", "1999-09-09"):
        with closing(World(tmp_path / born)) as twin:
            twin.clinic = twin.register("Submitting EHR", "Clinic", f"{SCOPE} system/*.rs")
            intake(twin, twin.bob)
            bob = twin.patient_id(twin.bob)
            first = identified(observation(bob, START, device={"reference": WORN}), "X1")
            sent = [person(born), entry(device("D1"), url=WORN), entry(first, "X1")]
            one = submit(twin, bundle(sent))
            place = locations(one)[2]
            again = ALTERED[how](bob)
            two = submit(twin, bundle([entry(again, "X1" if "identifier" in again else "")]))
            late = submit(
                twin,
                bundle([entry(observation(bob, START + 2 * HOUR, device={"reference": locations(one)[1]}))]),
            )
            told.append((shape(one), shape(two), locations(two) == [place], shape(late)))
            assert states(twin, twin.bob)[0] == ("stored" if born == "1980-01-02" else "quarantined")
    assert told[0] == told[1]


def test_what_waited_is_found_where_it_was_told_once_somebody_let_it_in(open_: World, bob: str) -> None:
    sent = bundle([person("1999-09-09"), *readings(bob, 2)])
    told = locations(submit(open_, sent))
    open_.grant(open_.bob, sources=frozenset({source("Clinic")}))
    read = open_.token(scope="system/*.rs")
    assert open_.get(told[1], token=read).status_code == 404
    (waits,) = (each.number for each in listed(open_.db, open_.bob) if each.state == "quarantined")
    let_in(open_.db, open_.mappings, load(open_.db, open_.bob), waits, "the form had a slip of the pen")
    found = open_.get(told[1], token=read)
    assert found.status_code == 200 and found.json()["valueQuantity"]["value"] == 100
    assert locations(submit(open_, sent)) == told


def test_a_device_of_something_that_waits_shows_nowhere(open_: World, bob: str) -> None:
    submit(open_, bundle([person("1999-09-09"), *of_device(bob, START, "SN-7")]))
    kinds = frozenset({Kind.GLUCOSE, Kind.DEVICE, Kind.SERIALS})
    open_.grant(open_.bob, sources=frozenset({source("Clinic")}), kinds=kinds)
    assert serials(open_, open_.clinic, bob) == {}
    assert verify(open_.db) == ()


def test_two_amounts_of_one_moment_of_a_device_are_not_both_taken(open_: World, bob: str) -> None:
    sent = [entry(observation(bob, START, 120)), entry(observation(bob, START, 121))]
    answer = submit(open_, bundle(sent))
    assert statuses(answer) == [201, 422] and "another amount" in sentences(answer)[1]


# --------------------------------------------------------------------------------------- by which name


def by_number(value: str, at: int = START) -> Resource:
    """A reading about somebody by their record number, under one and the same condition."""
    subject = {"identifier": {"system": "urn:example:mrn", "value": value}}
    return bundle([entry(identified(observation("", at, subject=subject), "X1"), "X1")])


def test_whom_an_organisation_submits_about_by_name_is_not_shared_with_it_under_a_pseudonym(
    open_: World,
) -> None:
    with pytest.raises(NotPossible, match="withdraw its intake grant"):
        open_.grant(identity=Identity.PSEUDONYMOUS, pairing=PAIRING)
    assert submit(open_, by_number("ada-1")).status_code == 200
    collecting.withdraw(open_.db, open_.ada, source("Clinic"))
    open_.grant(identity=Identity.PSEUDONYMOUS, pairing=PAIRING)
    open_.grant(to="Elsewhere", identity=Identity.PSEUDONYMOUS, pairing=b"p" + b"3" * 15)


def test_nothing_about_a_number_changes_when_a_share_under_a_pseudonym_pauses_or_ends(open_: World) -> None:
    world = open_
    collecting.withdraw(world.db, world.ada, source("Clinic"))
    grant = world.grant(identity=Identity.PSEUDONYMOUS, pairing=PAIRING)
    world.clock.now += 1000
    intake(world, world.ada)
    known = world.db.ids.one("Patient", Name(world.ada, 0, 0, 0), PAIRING)
    changes: tuple[Callable[..., object], ...] = (grants.pause, grants.resume, grants.revoke)
    for step, change in enumerate(changes):
        change(world.db, grant)
        world.clock.now += 2 * MINUTE
        for number in ("ada-1", "nobody-1"):
            assert submit(world, by_number(number)).status_code == 404
        assert statuses(submit(world, bundle(readings(known, 1, START + step * HOUR)))) == [201]


def test_what_was_told_under_a_pseudonym_is_not_known_by_name_and_is_kept_once(
    open_: World, ada: str
) -> None:
    world = open_
    collecting.withdraw(world.db, world.ada, source("Clinic"))
    grant = world.grant(identity=Identity.PSEUDONYMOUS, pairing=PAIRING)
    world.clock.now += 1000
    intake(world, world.ada)
    known = world.db.ids.one("Patient", Name(world.ada, 0, 0, 0), PAIRING)
    under = submit(world, bundle([entry(identified(observation(known, START), "X1"), "X1")]))
    grants.revoke(world.db, grant)
    world.clock.now += 1000
    intake(world, world.ada)
    by_name, bobs = submit(world, by_number("ada-1")), submit(world, by_number("bob-1"))
    assert statuses(under) == statuses(by_name) == statuses(bobs) == [201]
    assert shape(by_name) == shape(bobs) and locations(by_name) != locations(under)
    assert statuses(submit(world, by_number("ada-1"))) == [200]
    world.grant(sources=frozenset({source("Clinic")}))
    shown = world.search(
        f"/fhir/Observation?patient={ada}&code=99504-3", token=world.token(scope="system/*.rs")
    )
    assert [f"Observation/{each['id']}" for each in shown] == locations(by_name)
