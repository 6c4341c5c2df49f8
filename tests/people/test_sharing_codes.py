"""A code is typed wrong and seen, works once, for one birth date, and tells a stranger nothing."""

from __future__ import annotations

import time
from datetime import date
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bridge.store.clients as clients
from bridge.people import notices, requests, sharing_codes
from bridge.people.factors import ALPHABET
from bridge.people.representation import Kind
from bridge.people.requests import NO_RECORD, Record, Request
from bridge.people.sharing_codes import LENGTH, LIFE, PERSON_LIFE, Offer, Void, read, spelled
from bridge.people.throttle import TryLater
from bridge.period import DAY, HOUR
from bridge.store import ledger, patients
from tests.people.conftest import Home

BORN: Final = date(1980, 1, 2)
CLIENT: Final = clients.Client(
    "north", "North EHR", clients.ClientType.BACKEND, "Clinic North", "", "TREAT", "system/*.rs"
)
CODES: Final = st.text(ALPHABET, min_size=LENGTH - 1, max_size=LENGTH - 1).map(
    lambda body: body + sharing_codes.check(body)
)


# -------------------------------------------------------------------------------------------- spelling


def test_the_symbols_are_those_that_nobody_confuses() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 32
    assert not set("IO01") & set(ALPHABET)


@given(CODES)
def test_a_code_is_read_however_it_is_spaced_and_cased(code: str) -> None:
    assert (
        read(code)
        == read(spelled(code))
        == read(f" {spelled(code).lower()} ")
        == read(" ".join(code))
        == code
    )


@given(CODES, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_every_single_slip_is_seen(code: str, place: int, symbol: str) -> None:
    slipped = code[:place] + symbol + code[place + 1 :]
    assert (read(slipped) is None) == (slipped != code)


@given(CODES, st.integers(0, LENGTH - 2))
def test_every_exchange_of_neighbours_is_seen(code: str, place: int) -> None:
    turned = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert (read(turned) is None) == (turned != code)


@given(st.text(max_size=80))
def test_no_text_is_too_strange_to_be_refused(text: str) -> None:
    found = read(text)
    assert found is None or (len(found) == LENGTH and set(found) <= set(ALPHABET))


def test_codes_differ_and_pass_their_own_check() -> None:
    made = {sharing_codes.fresh() for _ in range(500)}
    assert len(made) == 500
    assert all(read(each) == each for each in made)


# --------------------------------------------------------------------------------------------- entering


class Desk:
    """Ada, who acts for herself, and a clinic."""

    def __init__(self, home: Home) -> None:
        self.home, self.db = home, home.db
        clients.add(self.db, CLIENT)
        self.account, self.ada = home.account("ada"), home.person()
        home.acts(self.account, self.ada, Kind.SELF)

    def code(self, born: date = BORN, record: Record = NO_RECORD) -> str:
        offer = Offer("north", born, "Ana Amt", record, date(2026, 10, 1))
        return sharing_codes.for_person(self.db, offer, "ana", self.home.clock())

    def enter(self, code: str, patient: int = 0, address: str = "198.51.100.7") -> Request | Void | TryLater:
        return sharing_codes.enter(
            self.db, code, patient or self.ada, self.account, address, self.home.clock()
        )

    def take(self, code: str, born: date | None = BORN, account: str = "ana") -> Request | Void | TryLater:
        return sharing_codes.take(
            self.db, code, "north", born, NO_RECORD, account, "Ana Amt", "198.51.100.9", self.home.clock()
        )


@pytest.fixture
def desk(home: Home) -> Desk:
    return Desk(home)


def test_a_clinics_code_leads_to_a_request_once(desk: Desk) -> None:
    code = desk.code(record=Record("urn:mrn", "7", name="Ada Lovelace"))
    found = desk.enter(spelled(code).lower())
    assert isinstance(found, Request)
    assert (found.patient, found.client, found.who, found.visit) == (
        desk.ada,
        "north",
        "Ana Amt",
        date(2026, 10, 1),
    )
    assert found.record == Record("urn:mrn", "7", name="Ada Lovelace")
    assert requests.waiting(desk.db, desk.ada, desk.home.clock()) == (found,)
    assert desk.enter(code) is Void.NOT_VALID
    assert notices.listed(desk.db, desk.account) == (), "who entered it knows"


def test_a_code_for_another_birth_date_is_refused_and_stays(desk: Desk) -> None:
    code = desk.code(date(2014, 1, 2))
    assert desk.enter(code) is Void.NOT_VALID
    child = patients.add(desk.db, "Kim", date(2014, 1, 2), "UTC")
    assert isinstance(desk.enter(code, child), Request)


def test_a_person_without_a_birth_date_enters_no_code(desk: Desk) -> None:
    nobody = patients.add(desk.db, "X", None, "UTC")
    assert desk.enter(desk.code(), nobody) is Void.NOT_VALID


def test_a_code_ends(desk: Desk) -> None:
    code = desk.code()
    desk.home.clock.pass_seconds(LIFE // 1000)
    assert desk.enter(code) is Void.NOT_VALID
    own = sharing_codes.for_clinic(desk.db, desk.ada, desk.account, desk.home.clock())
    desk.home.clock.pass_seconds(PERSON_LIFE // 1000)
    assert desk.take(own) is Void.NOT_VALID


def test_unknown_used_ended_and_of_another_day_answer_alike(desk: Desk) -> None:
    used, other = desk.code(), desk.code(date(2000, 1, 1))
    assert isinstance(desk.enter(used), Request)
    own = sharing_codes.for_clinic(desk.db, desk.ada, desk.account, desk.home.clock())
    answers = {desk.enter(each) for each in (sharing_codes.fresh(), used, other, own)}
    assert answers == {Void.NOT_VALID}
    assert desk.enter("ABCDE-FGHJK" if read("ABCDEFGHJK") is None else "ABCDE-FGHJL") is Void.MISTYPED


def test_a_persons_code_leads_to_a_request_that_they_are_told_of(desk: Desk) -> None:
    own = sharing_codes.for_clinic(desk.db, desk.ada, desk.account, desk.home.clock())
    assert desk.take(own, date(1980, 2, 1)) is Void.NOT_VALID
    assert desk.take(own, None) is Void.NOT_VALID
    found = desk.take(own)
    assert isinstance(found, Request) and found.origin == "person-code"
    assert desk.take(own) is Void.NOT_VALID
    (told,) = notices.listed(desk.db, desk.account)
    assert (told.what, told.texts) == ("request", ("Clinic North", "Ana Amt"))
    assert desk.take(desk.code()) is Void.NOT_VALID, "a clinic's code is not a person's"


def test_guessing_is_slowed_by_account_by_code_and_by_address(desk: Desk) -> None:
    wrong = [desk.enter(sharing_codes.fresh()) for _ in range(8)]
    assert wrong[:5] == [Void.NOT_VALID] * 5
    assert any(isinstance(each, TryLater) for each in wrong[5:])
    assert isinstance(desk.enter(desk.code()), TryLater), "also a right one waits"
    desk.home.clock.pass_seconds(HOUR // 1000)
    assert isinstance(desk.enter(desk.code()), Request)


def test_one_code_guessed_from_many_accounts_is_slowed(desk: Desk) -> None:
    own = sharing_codes.for_clinic(desk.db, desk.ada, desk.account, desk.home.clock())
    found = [desk.take(own, date(1980, 1, each), f"staff-{each}") for each in range(3, 20)]
    assert any(isinstance(each, TryLater) for each in found)


def test_a_code_is_kept_in_no_file(desk: Desk) -> None:
    code = desk.code(record=Record("urn:mrn", "SECRET-NUMBER"))
    files = b"".join(path.read_bytes() for path in desk.db.home.glob("*.db*"))
    for text in (code, spelled(code), "SECRET-NUMBER", "1980-01-02"):
        assert text.encode() not in files


def test_a_newer_request_takes_the_place_of_one_that_waits(desk: Desk) -> None:
    first, second = desk.enter(desk.code()), desk.enter(desk.code())
    assert isinstance(first, Request) and isinstance(second, Request)
    assert requests.waiting(desk.db, desk.ada, desk.home.clock()) == (second,)
    known = requests.find(desk.db, first.id)
    assert known is not None and known.answer == "withdrawn"
    desk.home.clock.pass_seconds(requests.LIFE // 1000)
    assert requests.waiting(desk.db, desk.ada, desk.home.clock()) == ()
    north = clients.load(desk.db, second.client)
    assert not requests.decline(desk.db, second, north, north.scopes, "Ada", desk.home.clock())
    assert [row for row in ledger.listed(desk.db, desk.ada) if row.kind == "authorisation"] == []


def test_the_desk_sees_which_codes_wait_and_never_the_code(desk: Desk) -> None:
    code = desk.code()
    (waiting,) = sharing_codes.waiting(desk.db, "north", desk.home.clock())
    assert (waiting.birth_date, waiting.by) == (BORN, "Ana Amt") and code not in repr(waiting)
    assert waiting.expires - waiting.made == LIFE
    assert isinstance(desk.enter(code), Request)
    assert sharing_codes.waiting(desk.db, "north", desk.home.clock()) == ()


def test_an_unknown_code_takes_no_other_time_than_one_of_another_day(desk: Desk) -> None:
    """Medians of both, within a factor: the throttle's write outweighs everything else by far."""

    def spent(codes: list[str]) -> float:
        times = []
        for code in codes:
            began = time.perf_counter()
            desk.enter(code)
            times.append(time.perf_counter() - began)
            desk.home.clock.pass_seconds(DAY // 1000)
        return sorted(times)[len(times) // 2]

    other = [desk.code(date(2000, 1, 1)) for _ in range(9)]
    known, unknown = spent(other), spent([sharing_codes.fresh() for _ in range(9)])
    assert known < 4 * unknown and unknown < 4 * known
