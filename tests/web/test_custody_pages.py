"""What a person sees of a provider's own record: before and after, what it read, and what erasing leaves."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.consent.asked import Asked, Way
from bridge.consent.collecting import Signed, give
from bridge.consent.grant import Authoriser
from bridge.consent.intake import source
from bridge.consent.permit import RecipientPermit
from bridge.pages.languages import LOCALES
from bridge.period import DAY
from bridge.store import custody
from bridge.store.custody import Rule
from tests.web.custody import record
from tests.web.house import House

RULE = Rule("Records Act 12", 12)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """The Lake Clinic keeps its own record of Noor, and read it."""
    made = House(tmp_path / "home")
    signed = Signed(Authoriser("Robin Example", "parent"), ends=made.db.clock() + 30 * DAY, custody=RULE)
    give(made.db, made.noor, source("Lake Clinic"), signed)
    number = record(made.db, made.noor, "Lake Clinic", RULE)
    made.bring(number, made.every(60, 3))
    permit = RecipientPermit(made.ehr.id, "Lake Clinic", "TREAT", "token", made.db.clock() + DAY)
    found = made.bridge.gate.disclose_now(
        permit, Asked(number, Way.LOOK, "query", "GET Observation", limit=40)
    )
    made.bridge.gate.settle(found, "sent", found.count)
    made.browser.sign_in()
    made.browser.web.cookies.set("whose", made.public(made.noor))
    yield made
    made.close()


@pytest.mark.parametrize("locale", LOCALES)
def test_every_page_says_law_and_years_in_every_language(house: House, locale: str) -> None:
    house.browser.web.cookies.set("language", locale)
    (one,) = custody.of(house.db, house.noor)
    assert "Records Act 12" in house.browser.get("/sources").text
    account = house.browser.get("/account").text
    assert "Records Act 12" in account and str(one.until.year) in account
    own = {"en": "their own record of what they sent", "de": "deren eigener Akte", "es": "su propio registro"}
    assert own.get(locale, "omasta tietueestaan") in house.browser.get("/disclosures").text


def test_what_the_custodian_read_is_in_the_list_and_in_both_files(house: House) -> None:
    page = house.browser.get("/disclosures").text
    assert "Lake Clinic" in page and "40" in page
    rows = list(csv.DictReader(io.StringIO(house.browser.get("/disclosures.csv").text)))
    (read,) = [row for row in rows if row["client"] == house.ehr.id]
    assert (read["recipient"], read["items"], read["record"]) == ("Lake Clinic", "40", "Lake Clinic")
    assert read["asked"] == "GET Observation" and read["grants"] == ""
    (told,) = [
        each for each in house.browser.get("/disclosures.json").json()["disclosures"] if each["record"]
    ]
    assert told["items"] == 40 and told["basis"] == "the organisation's own record of what it submitted"


def test_nobody_acts_for_a_record(house: House) -> None:
    """It is not among the persons of whoever acts for the one whom it is about, nor can a browser choose it."""
    (one,) = custody.of(house.db, house.noor)
    own = house.public(one.number)
    page = house.browser.get("/person")
    assert house.public(house.noor) in page.text and own not in page.text
    house.browser.web.cookies.set("whose", own)
    assert own not in house.browser.get("/sources").text
    assert "Robin Example" in house.browser.get("/sources").text
