"""An act that fails half way says what is true: nothing was done, a part, or all but what follows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import bridge.store.ledger as ledger
import bridge.store.links as links
from bridge.consent import grants
from bridge.consent.asked import Kind as Reads
from bridge.consent.asked import Way
from bridge.consent.grant import Authoriser, Grant, Recipient, State, state_at
from bridge.pages.languages import LOCALES
from bridge.people import notices, requests
from bridge.people.representation import Kind
from bridge.people.requests import Origin, Record, ask
from bridge.people.roles import Role
from bridge.period import ALL, DAY
from bridge.store.db import Database
from tests.web.clinic import Browser, Clinic
from tests.web.house import House
from tests.web.test_answers import fail, mend
from tests.web.test_codes import agreed
from tests.web.test_consenting import form_of, preview_of

FULL = "RAISE(ABORT, 'disk full')"
RECORD = Record("urn:mrn", "MRN-7", "p", "Ada Lovelace", date(1980, 1, 2))


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    made = Clinic(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "home")
    made.browser.sign_in()
    yield made
    made.close()


def broken(db: Database, what: str) -> None:
    """From now on, `what` cannot be done: e.g. `INSERT ON notices`."""
    db.writers["bridge"].execute(f"CREATE TRIGGER broken BEFORE {what} BEGIN SELECT {FULL}; END")


def shared(clinic: Clinic) -> str:
    """A grant of Ada to the clinic, signed before."""
    now = clinic.db.clock()
    made = Grant(
        id=grants.new_id(),
        version=1,
        patient=clinic.ada,
        authoriser=Authoriser("Ada", "patient", "seen"),
        recipient=Recipient("Clinic North", frozenset({"north"}), "Clinic North"),
        purpose="TREAT",
        ways=frozenset({Way.LOOK}),
        periods=ALL,
        kinds=frozenset({Reads.GLUCOSE}),
        signed=now,
        begins=now,
        ends=now + 30 * DAY,
        later_sources=True,
    )
    return grants.sign(clinic.db, made).grant.id


def states(db: Database, patient: int) -> list[State]:
    return [state_at(each, db.clock()) for each in grants.listed(db, patient)]


def asked(clinic: Clinic) -> requests.Request:
    return ask(clinic.db, clinic.ada, "north", Origin.CLINICIAN, "Dr. X", RECORD, None, clinic.db.clock())


def told(db: Database, account: str) -> list[str]:
    return [each.what for each in notices.listed(db, account)]


def ending(clinic: Clinic, who: str) -> tuple[Browser, str]:
    """A browser of the side that ends, and the page on which it does; a request of the clinic waits."""
    asked(clinic)
    if who == "person":
        return clinic.browser("ada"), "/codes"
    return clinic.staff(Role.FRONT_DESK, organization="Clinic North"), "/clinic/codes"


SIDES = pytest.mark.parametrize("who", ["person", "clinic"])


# ------------------------------------------------------------------------------------ ending a connection


@SIDES
def test_where_the_second_of_two_shares_cannot_be_ended_none_is(clinic: Clinic, who: str) -> None:
    shared(clinic), shared(clinic)
    links.confirm(clinic.db, clinic.ada, "north", "urn:mrn", "MRN-7", "Ana Amt")
    browser, way = ending(clinic, who)
    page = browser.get(way)
    second = (
        "EXISTS (SELECT 1 FROM grant_events WHERE step = 'revoke' AND id <> NEW.id) AND NEW.step = 'revoke'"
    )
    clinic.db.writers["ledger"].execute(
        f"CREATE TRIGGER full BEFORE INSERT ON grant_events WHEN {second} BEGIN SELECT {FULL}; END"
    )
    failed = browser.fill(page, f"{way}/end")
    assert failed.status == 503 and "Nothing was done" in failed.text
    assert states(clinic.db, clinic.ada) == [State.ACTIVE, State.ACTIVE], "as the page says"
    assert links.of(clinic.db, clinic.ada, "north") is not None
    assert len(requests.waiting(clinic.db, clinic.ada, clinic.db.clock())) == 1
    mend(clinic.db)
    assert browser.fill(page, f"{way}/end").status == 303
    assert states(clinic.db, clinic.ada) == [State.REVOKED, State.REVOKED]
    assert links.of(clinic.db, clinic.ada, "north") is None
    assert requests.waiting(clinic.db, clinic.ada, clinic.db.clock()) == ()


@SIDES
def test_where_only_the_shares_could_be_ended_the_page_says_that_it_is_a_part(
    clinic: Clinic, who: str
) -> None:
    shared(clinic)
    links.confirm(clinic.db, clinic.ada, "north", "urn:mrn", "MRN-7", "Ana Amt")
    browser, way = ending(clinic, who)
    page, con = browser.get(way), clinic.db.writers["bridge"]
    con.execute("PRAGMA foreign_keys = ON")
    for statement in (
        "CREATE TABLE absent (it INTEGER PRIMARY KEY)",
        "CREATE TABLE late (it INTEGER REFERENCES absent (it) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER broken AFTER UPDATE ON links BEGIN INSERT INTO late VALUES (1); END",
    ):
        con.execute(statement)
    failed = browser.fill(page, f"{way}/end")
    assert failed.status == 503 and "Part of it was done" in failed.text
    assert "Nothing was done" not in failed.text and "nothing was signed" not in failed.text
    assert f'href="{way}"' in failed.text, "the way to see how things stand"
    assert states(clinic.db, clinic.ada) == [State.REVOKED]
    con.execute("DROP TRIGGER broken")
    assert browser.fill(page, f"{way}/end").status == 303, "and it can be done again"
    assert links.of(clinic.db, clinic.ada, "north") is None


@SIDES
def test_where_the_ties_cannot_be_written_the_shares_stand(clinic: Clinic, who: str) -> None:
    shared(clinic)
    links.confirm(clinic.db, clinic.ada, "north", "urn:mrn", "MRN-7", "Ana Amt")
    browser, way = ending(clinic, who)
    page = browser.get(way)
    broken(clinic.db, "UPDATE ON links")
    failed = browser.fill(page, f"{way}/end")
    assert failed.status == 503 and "Nothing was done" in failed.text
    assert states(clinic.db, clinic.ada) == [State.ACTIVE]


@SIDES
def test_an_end_that_nobody_can_be_told_of_is_an_end(clinic: Clinic, who: str) -> None:
    shared(clinic)
    clinic.staff(Role.FRONT_DESK, name="Desk", organization="Clinic North")
    browser, way = ending(clinic, who)
    page = browser.get(way)
    broken(clinic.db, "INSERT ON notices")
    assert browser.fill(page, f"{way}/end").status == 303
    assert states(clinic.db, clinic.ada) == [State.REVOKED]


# --------------------------------------------------------------------------------------- after a signature


@pytest.mark.parametrize("what", ["DELETE ON drafts", "INSERT ON notices"])
def test_what_fails_after_a_signature_does_not_keep_the_code_from_the_app(house: House, what: str) -> None:
    house.account("sam", "Sam Example")
    house.acts("sam", house.noor, Kind.PARENT)
    question = house.ask()
    second = house.browser.submit(preview_of(house, question), "/approve")
    broken(house.db, what)
    answer = house.browser.submit(second, "/approve")
    assert answer.status_code == 303
    assert question.token(str(answer.headers["location"]))["patient"] == house.public(house.noor)
    assert states(house.db, house.noor) == [State.ACTIVE]
    assert told(house.db, "sam") == ([] if "notices" in what else ["grant-widened"])


@pytest.mark.parametrize("locale", LOCALES)
def test_where_the_record_cannot_be_confirmed_the_page_says_that_the_share_is_in_force(
    clinic: Clinic, locale: str
) -> None:
    browser, request = clinic.browser("ada"), asked(clinic)
    browser.web.cookies.set("language", locale)
    page = browser.get(f"/codes/requests/{request.id}")
    broken(clinic.db, "INSERT ON links")
    end = agreed(browser, page)
    title = {
        "en": "You agreed, and one thing is missing",
        "de": "Sie haben zugestimmt, und eines fehlt",
        "es": "Usted aceptó, y falta una cosa",
        "fi": "Hyväksyit, ja yksi asia puuttuu",
    }
    assert end.status == 200 and title[locale] in end.text and 'href="/shares"' in end.text
    assert states(clinic.db, clinic.ada) == [State.ACTIVE]
    found = requests.find(clinic.db, request.id)
    assert found is not None and found.answer == "approved"
    assert links.of(clinic.db, clinic.ada, "north") is None


def test_a_share_that_was_ended_is_ended_where_nobody_can_be_told(house: House) -> None:
    house.account("sam", "Sam Example")
    house.acts("sam", house.noor, Kind.PARENT)
    second = house.browser.submit(preview_of(house, house.ask()), "/approve")
    house.browser.submit(second, "/approve")
    (signed,) = grants.listed(house.db, house.noor)
    sure = house.browser.submit(house.browser.get(f"/shares/{signed.grant.id}"), "/revoke", sure=None)
    broken(house.db, "INSERT ON notices")
    assert house.browser.submit(sure, "/revoke", sure="yes").status_code == 303
    assert states(house.db, house.noor) == [State.REVOKED]


# ------------------------------------------------------------------------------------------ nothing can be undone


def test_a_question_that_cannot_even_be_taken_back_is_a_page_and_shares_nothing(house: House) -> None:
    page = form_of(house, house.ask())
    fail(house.db, "at the commit")
    broken(house.db, "UPDATE ON pendings WHEN NEW.answered = 0")
    failed = house.browser.submit(page, "/decline")
    assert failed.status_code == 503 and "Nothing was done" in failed.text
    assert [row for row in ledger.listed(house.db, house.noor) if row.kind == "authorisation"] == []
    again = house.browser.submit(page, "/decline")
    assert again.status_code == 404 and "Nothing was shared by it" in again.text, "it has to be asked again"
