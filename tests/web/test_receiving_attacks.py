"""Submitters that look for more than is theirs, each beside the honest one who gets what is needed."""

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
from bridge.period import DAY, HOUR, MINUTE, iso
from bridge.store.artifacts import listed
from bridge.store.blocks import verify
from bridge.store.clients import Client
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
from tests.web.world import NOW, World

PAIRING: Final = b"p" + b"2" * 15
WORN: Final = "urn:uuid:00000000-0000-4000-8000-000000000001"


@pytest.fixture
def open_(world: World) -> World:
    """A world whose clinic may submit about Ada and about Bob."""
    world.clinic = world.register("Submitting EHR", "Clinic", f"{SCOPE} system/*.rs")
    intake(world, world.ada)
    intake(world, world.bob)
    return world


@pytest.fixture
def ada(open_: World) -> str:
    return open_.patient_id(open_.ada)


@pytest.fixture
def bob(open_: World) -> str:
    return open_.patient_id(open_.bob)


@pytest.fixture
def other(open_: World) -> Client:
    """A client of another organisation, which may submit about Ada too."""
    intake(open_, open_.ada, "Elsewhere")
    return open_.register("Another app", "Elsewhere", f"{SCOPE} system/*.rs")


def of_device(subject: str, at: int, serial: str, value: int = 120) -> list[Resource]:
    """A Device, and one reading of it."""
    worn = observation(subject, at, value, device={"reference": WORN})
    return [entry(device(serial), url=WORN), entry(worn)]


# -------------------------------------------------------------------------------------- others' devices


def serials(world: World, client: Client, about: str) -> dict[str, str]:
    """By its id every Device that a client is shown, with its serial."""
    found = world.search(f"/fhir/Device?patient={about}", token=world.token(client, "system/*.rs"))
    return {each["id"]: each.get("serialNumber", "") for each in found}


def test_a_device_that_another_organisation_brought_is_no_device_to_refer_to(
    open_: World, ada: str, other: Client
) -> None:
    theirs = locations(submit(open_, bundle(of_device(ada, START, "SECRET-SN"))))[0]
    open_.grant(
        to="Elsewhere", sources=frozenset({source("Clinic")}), kinds=frozenset({Kind.GLUCOSE, Kind.DEVICE})
    )
    open_.grant(
        to="Elsewhere",
        sources=frozenset({source("Elsewhere")}),
        kinds=frozenset({Kind.GLUCOSE, Kind.DEVICE, Kind.SERIALS}),
    )
    assert serials(open_, other, ada) == {theirs.removeprefix("Device/"): ""}
    reading = entry(observation(ada, START + HOUR, device={"reference": theirs}))
    answer = submit(open_, bundle([reading]), token=open_.token(other, SCOPE))
    assert statuses(answer) == [422] and "no device that was taken here" in sentences(answer)[0]
    assert serials(open_, other, ada) == {theirs.removeprefix("Device/"): ""}


def test_the_device_of_an_earlier_submission_is_referred_to_by_what_was_told_of_it(
    open_: World, ada: str
) -> None:
    told = locations(submit(open_, bundle(of_device(ada, START, "SN-1"))))[0]
    later = entry(observation(ada, START + HOUR, device={"reference": told}))
    assert statuses(submit(open_, bundle([later]))) == [201]
    open_.grant(
        sources=frozenset({source("Clinic")}), kinds=frozenset({Kind.GLUCOSE, Kind.DEVICE, Kind.SERIALS})
    )
    assert serials(open_, open_.clinic, ada) == {told.removeprefix("Device/"): "SN-1"}


def test_a_guessed_serial_is_not_confirmed_by_the_id_of_its_device(
    open_: World, ada: str, other: Client
) -> None:
    submit(open_, bundle(of_device(ada, START, "SECRET-SN")))
    shared = frozenset({source("Clinic"), source("Elsewhere")})
    open_.grant(to="Elsewhere", sources=shared, kinds=frozenset({Kind.GLUCOSE, Kind.DEVICE}))
    (shown,) = serials(open_, other, ada)
    for step, guess in enumerate(("WRONG-SN", "SECRET-SN")):
        sent = of_device(ada, START + (step + 1) * HOUR, guess)
        told = submit(open_, bundle(sent), token=open_.token(other, SCOPE))
        assert statuses(told) == [201, 201] and locations(told)[0] != f"Device/{shown}"
        assert len(serials(open_, other, ada)) == step + 2


def test_organisations_whose_names_begin_alike_have_no_device_in_common(open_: World, ada: str) -> None:
    intake(open_, open_.ada, "Clinic/North")
    north = open_.register("North", "Clinic/North", SCOPE)
    told = submit(open_, bundle(of_device(ada, START, "SN-1")), token=open_.token(north, SCOPE))
    reading = entry(observation(ada, START + HOUR, device={"reference": locations(told)[0]}))
    assert statuses(submit(open_, bundle([reading]))) == [422]
    named = observation(ada, START + HOUR, device={"identifier": {"system": "North/x", "value": "y"}})
    one = submit(open_, bundle([entry(named)]))
    named["device"]["identifier"]["system"] = "x"
    two = submit(open_, bundle([entry(named)]), token=open_.token(north, SCOPE))
    assert statuses(one) == statuses(two) == [201] and locations(one) != locations(two)


# ------------------------------------------------------------------------------------- what is to come


def test_a_reading_of_the_future_is_refused_and_sets_no_import_of_another_person_aside(
    open_: World, ada: str, bob: str
) -> None:
    sent = of_device(bob, NOW + 20 * HOUR, "ADAS-SENSOR")
    answer = submit(open_, bundle(sent))
    assert statuses(answer)[1] == 422 and "later than the clock here" in sentences(answer)[1]
    open_.clock.now += DAY
    submit(open_, bundle(of_device(ada, NOW + 20 * HOUR, "ADAS-SENSOR")))
    assert [each.state for each in listed(open_.db, open_.ada)][-1] == "stored"


def test_a_clock_that_is_a_little_ahead_is_no_fault(open_: World, bob: str) -> None:
    assert statuses(submit(open_, bundle([entry(observation(bob, NOW + 5 * MINUTE))]))) == [201]
    late = entry(observation(bob, NOW + 11 * MINUTE))
    assert statuses(submit(open_, bundle([late]))) == [422]
    assert iso(NOW + 11 * MINUTE) not in submit(open_, bundle([late])).text


def test_what_is_claimed_for_a_time_to_come_is_worn_by_nobody_yet(open_: World, ada: str, bob: str) -> None:
    submit(open_, bundle(of_device(bob, NOW + 5 * MINUTE, "SHARED")))
    assert open_.db.reader("bridge").execute(
        "SELECT count(*) FROM serials WHERE last > ?", (NOW,)
    ).fetchone() == (1,)
    submit(open_, bundle(of_device(ada, NOW + 5 * MINUTE, "SHARED", 121)))
    assert [each.state for each in listed(open_.db, open_.ada)][-1] == "stored"


# ------------------------------------------------------------------------------------------- too often


def test_names_of_nobody_in_front_open_no_new_count(open_: World, bob: str) -> None:
    answers = []
    for step in range(40):
        decoy = entry(observation(f"decoy-{step}", START))
        answers.append(submit(open_, bundle([decoy, *readings(bob, 1, START + step * MINUTE)])).status_code)
    assert answers == [200] * 30 + [429] * 10


def test_whoever_is_named_beside_another_counts_too(open_: World, ada: str, bob: str) -> None:
    for step in range(30):
        sent = [*readings(ada, 1, START + step * MINUTE), *readings(bob, 1, START + step * MINUTE)]
        assert submit(open_, bundle(sent)).status_code == 200
    assert submit(open_, bundle(readings(bob, 1))).status_code == 429
    assert submit(open_, bundle(readings(ada, 1))).status_code == 429


def test_guesses_at_names_are_counted_as_one_and_a_person_who_is_known_is_not_held_up_by_them(
    open_: World, bob: str
) -> None:
    carl = open_.person("Carl Other", "carl-1")
    for step in range(30):
        about = "nobody" if step % 2 else open_.patient_id(carl)
        assert submit(open_, bundle(readings(f"{about}", 1))).status_code == 404
    for about in ("somebody", open_.patient_id(carl)):
        assert submit(open_, bundle(readings(about, 1))).status_code == 429
    assert statuses(submit(open_, bundle(readings(bob, 1)))) == [201]


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
    for step, change in enumerate(
        (lambda: None, lambda: grants.pause(world.db, grant), lambda: grants.revoke(world.db, grant))
    ):
        change()
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
