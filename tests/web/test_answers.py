"""An answer and its row are one thing, also where the ledger fails, two answer at once or a person is gone."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from starlette.routing import Route

import bridge.store.clients as clients
import bridge.store.patients as patients
import bridge.store.pendings as kept
from bridge.consent import grants
from bridge.consent.grant import Standing, State, state_at
from bridge.fhir.audits import Ledger, tree
from bridge.people import requests
from bridge.people.requests import NO_RECORD, Origin, ask
from bridge.smart import pending as pendings
from bridge.smart import sharing
from bridge.smart.pending import NotApproved, Pending
from bridge.smart.tokens import digest
from bridge.store import ledger
from bridge.store.db import Database
from bridge.store.keys import Erased
from bridge.store.ledger import LedgerUnavailable
from bridge.web import stating
from bridge.web.offering import party
from tests.fhir.disclosed import events
from tests.web.clinic import Clinic, path_of
from tests.web.house import House, Question
from tests.web.test_consenting import agreed, form_of, preview_of

AT_ONCE = "CREATE TRIGGER full BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'disk full'); END"
AT_COMMIT = (
    "CREATE TABLE absent (it INTEGER PRIMARY KEY)",
    "CREATE TABLE late (it INTEGER REFERENCES absent (it) DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TRIGGER full AFTER INSERT ON ledger BEGIN INSERT INTO late VALUES (1); END",
)
"""A reference that only the commit finds to be broken (sqlite.org/foreignkeys.html, 4.2)."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "home")
    made.browser.sign_in()
    yield made
    made.close()


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    made = Clinic(tmp_path / "home")
    yield made
    made.close()


def fail(db: Database, how: str) -> None:
    """From now on no row of the ledger can be written: each insert fails, or each commit."""
    con = db.writers["ledger"]
    con.execute("PRAGMA foreign_keys = ON")
    for statement in (AT_ONCE,) if how == "at once" else AT_COMMIT:
        con.execute(statement)


def mend(db: Database) -> None:
    db.writers["ledger"].execute("DROP TRIGGER full")


def answers(db: Database, patient: int) -> list[Mapping[str, object]]:
    return [row.fields for row in ledger.listed(db, patient) if row.kind == "authorisation"]


def standing(house: House) -> list[State]:
    now = house.db.clock()
    return [state_at(each, now) for each in grants.listed(house.db, house.noor)]


def counted(db: Database, table: str) -> int:
    (count,) = db.reader("bridge").execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(count)


HOW = pytest.mark.parametrize("how", ["at once", "at the commit"])


# ------------------------------------------------------------------------------------------ the ledger fails


@HOW
def test_a_yes_that_cannot_be_written_down_was_not_given(house: House, how: str) -> None:
    question = house.ask()
    second = house.browser.submit(preview_of(house, question), "/approve")
    assert second.status_code == 200
    fail(house.db, how)
    failed = house.browser.submit(second, "/approve")
    assert failed.status_code == 503
    assert "Nothing was done" in failed.text and "nothing can be written" in failed.text
    assert (standing(house), answers(house.db, house.noor)) == ([], [])
    assert (counted(house.db, "authorisations"), counted(house.db, "codes")) == (0, 0)
    mend(house.db)
    told = question.token(str(house.browser.submit(second, "/approve").headers["location"]))
    assert told["patient"] == house.public(house.noor), "the question waited, and is answered now"
    assert standing(house) == [State.ACTIVE]
    assert [row["step"] for row in answers(house.db, house.noor)] == ["authorised"]


@HOW
def test_a_share_that_cannot_be_written_down_leaves_the_request_waiting(clinic: Clinic, how: str) -> None:
    browser, asked = clinic.browser("ada"), asked_of(clinic)
    page = browser.get(f"/codes/requests/{asked.id}")
    form = browser.follow(browser.fill(page, path_of(page), answer="open"))
    pending = path_of(form).partition("?")[0]
    chosen = {"days": "14", "kinds": "glucose", "grain": "raw", "identity": "full", "later": "yes"}
    again = browser.fill(
        browser.follow(browser.fill(form, f"{pending}/preview", **chosen)), f"{pending}/approve"
    )
    fail(clinic.db, how)
    assert browser.fill(again, f"{pending}/approve").status == 503
    waits = requests.find(clinic.db, asked.id)
    assert waits == asked and grants.listed(clinic.db, clinic.ada) == ()
    assert answers(clinic.db, clinic.ada) == []
    mend(clinic.db)
    assert "You agreed" in browser.follow(browser.fill(again, f"{pending}/approve")).text
    (row,) = answers(clinic.db, clinic.ada)
    assert (row["step"], row["asked"]) == ("authorised", "system/*.rs")
    assert "system/Observation.rs" in str(row["given"]) and "system/*.rs" not in str(row["given"])


@HOW
def test_an_equal_share_stays_in_force_where_its_successor_cannot_be_written(house: House, how: str) -> None:
    agreed(house, house.ask())
    preview = preview_of(house, house.ask())
    fail(house.db, how)
    assert house.browser.submit(preview, "/approve").status_code == 503
    assert standing(house) == [State.ACTIVE]


@HOW
def test_a_no_that_cannot_be_written_down_says_so_and_can_be_given_again(house: House, how: str) -> None:
    question = house.ask()
    page = form_of(house, question)
    fail(house.db, how)
    failed = house.browser.submit(page, "/decline")
    assert failed.status_code == 503 and "Nothing was done" in failed.text
    assert f'href="{page.url.path}"' in failed.text, "the way back to the question"
    mend(house.db)
    assert "access_denied" in house.browser.submit(page, "/decline").headers["location"]
    assert [row["step"] for row in answers(house.db, house.noor)] == ["declined"]


@HOW
def test_a_clinics_request_waits_where_the_no_cannot_be_written_down(clinic: Clinic, how: str) -> None:
    browser, asked = clinic.browser("ada"), asked_of(clinic)
    page = browser.get(f"/codes/requests/{asked.id}")
    fail(clinic.db, how)
    assert browser.fill(page, path_of(page), answer="decline").status == 503
    assert requests.find(clinic.db, asked.id) == asked
    mend(clinic.db)
    assert "You declined" in browser.follow(browser.fill(page, path_of(page), answer="decline")).text


def test_ending_a_share_says_where_it_cannot_be_written_down(house: House) -> None:
    agreed(house, house.ask())
    (signed,) = grants.listed(house.db, house.noor)
    sure = house.browser.submit(house.browser.get(f"/shares/{signed.grant.id}"), "/revoke", sure=None)
    fail(house.db, "at once")
    failed = house.browser.submit(sure, "/revoke", sure="yes")
    assert failed.status_code == 503 and "Nothing was done" in failed.text
    assert standing(house) == [State.ACTIVE], "and the page did not say that it ended"


# ---------------------------------------------------------------------------------------------- two at once


def at_once(*acts: Callable[[], object]) -> list[object]:
    """All of them at the same time; what each gave or raised."""
    gate = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        gate.wait()
        try:
            return act()
        except NotApproved as late:
            return late

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def drafted(house: House, question: Question) -> tuple[Pending, Standing]:
    """A question of an app and a draft that answers it."""
    page = preview_of(house, question)
    draft = house.browser.filled(page, "/approve")[1]["draft"][0]
    secret = page.url.path.split("/")[2]
    pending = pendings.load(house.db, secret, house.db.clock())
    assert pending is not None
    return pending, grants.drafted(house.db, draft)[0]


@pytest.mark.parametrize("round", range(6))
def test_of_a_yes_and_a_no_at_once_one_is_the_answer(house: House, round: int) -> None:
    pending, draft = drafted(house, house.ask())
    known = party(house.db, house.noor, pending.client)
    words = stating.words(stating.stated(draft.grant, known, house.zones), "en")

    def yes() -> object:
        return pendings.sign(house.db, pending, "robin", draft.grant.id, words, "Robin Example")

    def no() -> object:
        return pendings.decline(house.db, pending, house.db.clock(), house.noor, "Robin Example")

    found = at_once(*([yes, no, yes, no] if round % 2 else [no, yes, no, yes]))
    assert sum(isinstance(each, NotApproved) for each in found) == 3
    (row,) = answers(house.db, house.noor)
    is_yes = any(isinstance(each, tuple) for each in found)
    assert row["step"] == ("authorised" if is_yes else "declined")
    assert standing(house) == ([State.ACTIVE] if is_yes else [])
    assert counted(house.db, "codes") == int(is_yes)


def test_of_two_noes_to_a_clinic_one_is_written(clinic: Clinic) -> None:
    asked, now = asked_of(clinic), clinic.db.clock()

    def no() -> object:
        return requests.decline(clinic.db, asked, clinic.client, "system/*.rs", "Ada", now)

    assert sorted(map(bool, at_once(no, no, no, no))) == [False, False, False, True]
    assert len(answers(clinic.db, clinic.ada)) == 1


def test_a_yes_to_what_somebody_else_declined_signs_nothing(house: House) -> None:
    question = house.ask()
    second = house.browser.submit(preview_of(house, question), "/approve")
    pending = pendings.load(house.db, second.url.path.split("/")[2], house.db.clock())
    assert pending is not None
    with house.db.write("bridge") as con:
        assert kept.declining(digest(pending.id), house.db.clock()).make(con)
    assert house.browser.submit(second, "/approve").status_code == 404
    assert (standing(house), answers(house.db, house.noor)) == ([], [])


# ------------------------------------------------------------------------------------------ a person is gone


def test_of_a_person_who_was_erased_nothing_is_answered(house: House) -> None:
    pending, draft = drafted(house, house.ask())
    known = party(house.db, house.noor, pending.client)
    words = stating.words(stating.stated(draft.grant, known, house.zones), "en")
    house.db.keys.destroy(house.noor, house.db.clock())
    for act in (
        lambda: pendings.sign(house.db, pending, "robin", draft.grant.id, words, "Robin Example"),
        lambda: pendings.decline(house.db, pending, house.db.clock(), house.noor, "Robin Example"),
    ):
        with pytest.raises(Erased):
            act()
    assert pendings.load(house.db, pending.id, house.db.clock()) is not None
    assert (counted(house.db, "codes"), answers(house.db, house.noor)) == (0, [])


def test_who_was_erased_while_a_form_was_read_is_a_page_that_says_so(house: House) -> None:
    async def late(_: object) -> None:
        raise Erased("there is no key for patient 1")

    house.app.router.routes.insert(0, Route("/shares/x/revoke", late, methods=["GET", "POST"]))
    gone = house.browser.post("/shares/x/revoke", {})
    assert gone.status_code == 410
    assert "This person was erased" in gone.text and "Nothing was shared" in gone.text
    assert house.browser.get("/shares/x/revoke").status_code == 410


def test_a_no_for_a_child_who_was_erased_meanwhile_still_reaches_the_app(house: House) -> None:
    page = form_of(house, house.ask())
    patients.erase(house.db, house.noor)
    answer = house.browser.submit(page, "/decline")
    assert "access_denied" in answer.headers["location"]
    assert answers(house.db, house.noor) == []


# --------------------------------------------------------------------------------- what the person can read


def asked_of(clinic: Clinic) -> requests.Request:
    """A clinician's request to Ada."""
    who, now = "Dr. Example", clinic.db.clock()
    return ask(clinic.db, clinic.ada, "north", Origin.CLINICIAN, who, NO_RECORD, None, now)


def test_a_no_to_a_clinic_is_written_down_with_who_gave_it_and_what_was_asked(clinic: Clinic) -> None:
    browser, asked = clinic.browser("ada"), asked_of(clinic)
    page = browser.get(f"/codes/requests/{asked.id}")
    assert "You declined" in browser.follow(browser.fill(page, path_of(page), answer="decline")).text
    browser.fill(page, path_of(page), answer="decline")
    (row,) = answers(clinic.db, clinic.ada)
    assert (row["step"], row["client"], row["organization"]) == ("declined", "north", "Clinic North")
    assert (row["person"], row["grant"]) == ("Ada", "")
    assert row["asked"] == str(sharing.scopes_of(clients.load(clinic.db, "north")))


def test_what_was_answered_stands_on_the_page_of_what_left_and_in_its_files(house: House) -> None:
    agreed(house, house.ask())
    house.browser.submit(form_of(house, house.ask(house.other)), "/decline")
    house.browser.web.cookies.set("whose", house.public(house.noor))
    page = house.browser.get("/disclosures").text
    assert "What you answered" in page and page.count("answered by Robin Example") == 2
    section = page[page.index("What you answered") : page.index("One by one")]
    assert section.index("Hill Practice") < section.index("Lake Clinic"), "the newest first"
    assert section.count("agreed") == 1 and section.count("declined") == 1
    (signed,) = grants.listed(house.db, house.noor)
    assert section.count(f'href="/shares/{signed.grant.id}"') == 1
    every = list(csv.DictReader(io.StringIO(house.browser.get("/disclosures.csv").text)))
    told = [row for row in every if row["answer"]]
    assert [(row["recipient"], row["answer"]) for row in told] == [
        ("Hill Practice", "declined"),
        ("Lake Clinic", "authorised"),
    ]
    assert [row["entry"] for row in every] == sorted((row["entry"] for row in every), key=int, reverse=True)
    assert [(row["items"], row["outcome"], bool(row["given"])) for row in told] == [
        ("", "", False),
        ("", "", True),
    ]
    as_json = house.browser.get("/disclosures.json").json()
    assert [each["answer"] for each in as_json["answers"]] == ["declined", "authorised"]
    assert all("answer" not in each for each in as_json["disclosures"])


def test_what_a_parent_answered_for_a_child_is_not_on_their_own_page(house: House) -> None:
    agreed(house, house.ask())
    house.browser.web.cookies.set("whose", house.public(house.robin))
    assert "What you answered" not in house.browser.get("/disclosures").text
    assert house.browser.get("/disclosures.json").json()["answers"] == []


def test_an_event_says_what_was_asked_and_what_was_given() -> None:
    said = [tree(each, Ledger("p", "https://b.example/fhir", "urn:b")) for each in events()]
    told = [
        each["outcomeDesc"]
        for each, event in zip(said, events(), strict=True)
        if event.kind == "authorisation"
    ]
    assert told == [
        "authorised; asked for: patient/*.rs; given: patient/Observation.rs",
        "declined; asked for: patient/Observation.rs",
    ]


def test_a_ledger_that_fails_is_named_as_such(house: House) -> None:
    agreed(house, house.ask())
    (signed,) = grants.listed(house.db, house.noor)
    fail(house.db, "at once")
    with pytest.raises(LedgerUnavailable, match="disk full"):
        grants.revoke(house.db, signed.grant.id, "Robin Example")
