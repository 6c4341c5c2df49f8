"""Submitters that look for more than is theirs, each beside the honest one who gets what is needed."""

from __future__ import annotations

from typing import Final

import pytest

from bridge.consent.asked import Kind
from bridge.consent.intake import source
from bridge.period import DAY, HOUR, MINUTE, iso
from bridge.store.artifacts import listed
from bridge.store.clients import Client
from tests.web.submitted import (
    SCOPE,
    START,
    Resource,
    bundle,
    device,
    entry,
    intake,
    locations,
    observation,
    readings,
    sentences,
    statuses,
    submit,
)
from tests.web.world import NOW, World

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
