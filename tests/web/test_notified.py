"""Who is notified is seen: by staff without a person, by a person under their own share alone, on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

import bridge.store.clients as clients
import bridge.store.subscriptions as kept
from bridge.consent import grants
from bridge.consent.asked import Way
from bridge.people.roles import Role
from bridge.period import DAY
from bridge.store.clients import Client, ClientType
from bridge.store.db import Database
from bridge.store.subscriptions import Subscription, Terms
from tests.web.clinic import Clinic
from tests.web.house import House
from tests.web.test_sharing import shared

NORTH, SOUTH = "Clinic North", "Clinic South"
REFUSES = "the endpoint refuses (HTTP 403)"


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    made = Clinic(tmp_path / "home")
    clients.add(made.db, Client("south", "South EHR", ClientType.BACKEND, SOUTH, "", "TREAT", "system/*.rs"))
    yield made
    made.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "home")
    made.browser.sign_in()
    made.browser.web.cookies.set("whose", made.public(made.noor))
    yield made
    made.close()


def subscribed(
    db: Database, client: str, whom: str, status: str = "active", problem: str = ""
) -> Subscription:
    """A subscription of a client, about whoever it says."""
    terms = Terms(
        whom, (f"Observation?patient={whom}",), "https://ehr.example/SECRET-HOOK", "their own words", "id-only",
        "application/fhir+json", "60", "", "", "system/*.rs",
    )  # fmt: skip
    now = db.clock()
    one = Subscription(str(uuid4()), client, "active", terms, now + DAY, now, now, now)
    assert kept.add(db, one, ("Authorization: SECRET-HEADER",), 10)
    after = kept.put(db, one, replace(one, status=status, problem=problem))  # type: ignore[arg-type]
    assert after is not None
    return after


@pytest.mark.parametrize(
    ("organization", "north", "south"), [(NORTH, True, False), (SOUTH, False, True), ("", True, True)]
)
def test_staff_see_who_is_notified_and_the_last_error_and_of_whom_nothing(
    clinic: Clinic, organization: str, north: bool, south: bool
) -> None:
    whom = clinic.id(clinic.ada)
    subscribed(clinic.db, "north", whom, "error", REFUSES)
    subscribed(clinic.db, "south", whom, "off", "its end is reached")
    page = clinic.staff(Role.INTEGRATION, organization=organization).get("/clinic/deliveries").text
    assert ("North EHR" in page, REFUSES in page, "stopped after an error" in page) == (north,) * 3
    assert ("South EHR" in page, "its end is reached" in page, "switched off" in page) == (south,) * 3
    for secret in (whom, "Ada", "SECRET-HEADER", "SECRET-HOOK", "their own words"):
        assert secret not in page


def told(house: House, grant: str) -> str:
    """What the page of a share says of notifications."""
    page = house.browser.get(f"/shares/{grant}").text
    assert "their own words" not in page and "SECRET" not in page
    return page


def test_a_person_sees_under_a_share_that_its_recipient_is_notified(house: House) -> None:
    feeds = shared(house, ways=frozenset({Way.LOOK, Way.FEED}))
    assert "Lake Portal is told at once" not in told(house, feeds.id)
    whom = house.public(house.noor)
    one = subscribed(house.db, house.ehr.id, whom)
    assert "Lake Portal is told at once that there are new values." in told(house, feeds.id)
    kept.put(house.db, one, replace(one, status="error", problem=REFUSES))
    assert "Lake Portal asked to be told at once; it is not reached just now." in told(house, feeds.id)
    subscribed(house.db, house.ehr.id, whom)
    assert "Lake Portal is told at once" in told(house, feeds.id), "one of two is reached"
    grants.revoke(house.db, feeds.id)
    assert "told at once" not in told(house, feeds.id), "nothing goes any more"


def test_a_subscription_of_others_about_others_or_that_is_off_is_not_shown(house: House) -> None:
    feeds = shared(house, ways=frozenset({Way.LOOK, Way.FEED}))
    looks = shared(house, ways=frozenset({Way.FILE}))
    whom = house.public(house.noor)
    subscribed(house.db, house.other.id, whom)
    subscribed(house.db, house.ehr.id, house.public(house.robin))
    subscribed(house.db, house.ehr.id, "00000000-0000-0000-0000-000000000000")
    subscribed(house.db, house.ehr.id, whom, "off")
    assert "told at once" not in told(house, feeds.id)
    subscribed(house.db, house.ehr.id, whom)
    assert "told at once" in told(house, feeds.id) and "told at once" not in told(house, looks.id)
