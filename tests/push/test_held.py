"""A recipient whose key, address or endpoint changed gets nothing until somebody verified it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import bridge.store.clients as clients
import bridge.store.destinations as destinations
import bridge.store.recipients as recipients
import bridge.store.tokens as tokens
from bridge.people.verifying import Unfit, Verification, verified
from bridge.period import DAY
from bridge.store.registrations import change
from bridge.store.verifications import CHANGED, JOINED, fault
from tests.push.house import House, furnished
from tests.push.twin import Twin, hospital

TOLD = Verification("called back on the number of the register", "Otto", date(2027, 1, 1))


@pytest.fixture(scope="module")
def twin() -> Iterator[Twin]:
    with hospital() as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, twin: Twin) -> Iterator[House]:
    made = furnished(tmp_path, twin.url)
    made.bring(0, [100, 101, 102])
    made.grant()
    made.link()
    yield made
    made.db.close()


def verify(house: House, told: Verification = TOLD) -> recipients.Known:
    return verified(house.db, clients.load(house.db, "clinic"), told)


def edit(house: House, **changed: object) -> None:
    change(house.db, replace(clients.load(house.db, "clinic"), **changed))  # type: ignore[arg-type]


def test_a_verified_recipient_gets_what_is_granted(house: House) -> None:
    known = verify(house)
    assert known.is_verified(house.clock()) and known.until is not None
    assert house.push().sent == 3


@pytest.mark.parametrize(
    "changed",
    [
        {"jwks_url": "https://new.example/keys"},
        {"jwks_inline": '{"keys": []}'},
        {"redirect_uris": ("https://new.example/back",)},
        {"launch_uris": ("https://new.example/launch",)},
    ],
)
@pytest.mark.parametrize("was_verified", [True, False])
def test_a_changed_registration_holds_the_push_and_says_why(
    house: House, twin: Twin, was_verified: bool, changed: dict[str, object]
) -> None:
    if was_verified:
        verify(house)
    edit(house, **changed)
    before = len(twin.observations())
    report = house.push()
    assert (report.sent, len(twin.observations())) == (0, before)
    assert report.held == (f"clinic: {CHANGED}",)
    verify(house)
    assert house.push().sent == 3


def test_another_contact_holds_nothing(house: House) -> None:
    verify(house)
    edit(house, contact="cgm@clinic.example")
    assert house.push().sent == 3


@pytest.mark.parametrize("was_verified", [True, False])
def test_another_endpoint_holds_the_push_and_the_same_one_anew_does_not(
    house: House, twin: Twin, was_verified: bool
) -> None:
    if was_verified:
        verify(house)
    destinations.add(house.db, "clinic", "transaction", f"{twin.url}/", monitored="the nurse")
    assert fault(house.db, clients.load(house.db, "clinic")) == ""
    destinations.add(house.db, "clinic", "transaction", f"{twin.url}/other")
    destinations.add(house.db, "clinic", "transaction", twin.url.replace("127.0.0.1", "localhost"))
    report = house.push()
    assert report.sent == 0 and report.held == (f"clinic: {CHANGED}",)
    verify(house)
    assert fault(house.db, clients.load(house.db, "clinic")) == ""


def test_a_change_around_every_door_is_seen_all_the_same(house: House) -> None:
    verify(house)
    with house.db.write("bridge") as con:
        con.execute("UPDATE destinations SET url = 'https://thief.example/fhir'")
    assert house.push().held == (f"clinic: {CHANGED}",)


def test_a_client_that_joins_a_verified_organisation_is_held_until_it_is_verified_too(house: House) -> None:
    verify(house)
    late = replace(clients.load(house.db, "clinic"), id="late")
    clients.add(house.db, late)
    assert fault(house.db, late) == JOINED
    verified(house.db, late, TOLD)
    assert fault(house.db, late) == fault(house.db, clients.load(house.db, "clinic")) == ""


def test_a_verification_ends_and_what_changed_after_its_end_is_held_all_the_same(house: House) -> None:
    known = verify(house)
    house.clock.skip(250 * DAY)
    assert not known.is_verified(house.clock())
    assert fault(house.db, clients.load(house.db, "clinic")) == ""
    edit(house, jwks_url="https://new.example/keys")
    assert fault(house.db, clients.load(house.db, "clinic")) == CHANGED


@pytest.mark.parametrize(
    "told",
    [
        replace(TOLD, how=" "),
        replace(TOLD, by=""),
        replace(TOLD, until=None),
        replace(TOLD, until=date(2026, 5, 1)),
        replace(TOLD, until=date(2029, 1, 1)),
        replace(TOLD, hours="x" * 201),
        replace(TOLD, address="two\nlines"),
    ],
)
def test_a_verification_says_how_by_whom_and_until_when(house: House, told: Verification) -> None:
    with pytest.raises(Unfit):
        verify(house, told)
    assert recipients.find(house.db, "Clinic").until is None


def test_what_is_not_said_stays_as_it_was(house: House) -> None:
    verify(house, replace(TOLD, watcher="the nurse", hours="weekdays at 9", address="1 Main Street"))
    known = verify(house)
    assert (known.watcher, known.hours, known.address) == ("the nurse", "weekdays at 9", "1 Main Street")


def test_tokens_end_with_the_key_that_they_were_given_for(house: House) -> None:
    hour = house.clock() + DAY // 24
    for name in (b"a" * 32, b"b" * 32):
        tokens.issue(house.db, name, "clinic", "system/*.rs", hour)
    edit(house, contact="x@clinic.example")
    assert tokens.find(house.db, b"a" * 32, house.clock()) is not None
    edit(house, jwks_url="https://new.example/keys")
    assert tokens.find(house.db, b"a" * 32, house.clock()) is None
