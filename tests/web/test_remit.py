"""Who works for one organisation sees and does nothing of another's; who opens a page reads what concerns them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import bridge.store.clients as clients
import bridge.store.deeds as log
import bridge.store.destinations as destinations
import bridge.store.outbox as outbox
from bridge.people import requests, staff
from bridge.people.invitations import Offer, invite
from bridge.people.representation import Kind
from bridge.people.roles import Role
from bridge.store.clients import Client, ClientType
from bridge.store.lanes import Lane
from bridge.store.recipients import find
from tests.smart.ehr_twin import Ehr, launching, patient
from tests.web.clinic import BASE, Browser, Clinic, path_of

NORTH, SOUTH = "Clinic North", "Clinic South"


@pytest.fixture(scope="module")
def twin() -> Iterator[Ehr]:
    with launching() as found:
        yield found


@pytest.fixture
def clinic(tmp_path: Path, twin: Ehr) -> Iterator[Clinic]:
    twin.clear()
    made = Clinic(tmp_path / "home")
    south = Client("south", "South EHR", ClientType.BACKEND, SOUTH, "", "TREAT", "system/*.rs")
    clients.add(made.db, south)
    yield made
    made.close()


def delivery(clinic: Clinic, client: str) -> int:
    """A delivery that failed, of that program; its number."""
    to = destinations.add(clinic.db, client, "transaction", f"https://{client}.example/fhir")
    lane = Lane(clinic.ada, to.number)
    begun = outbox.begin(clinic.db, lane, "readings", "g", 1, None, [])
    outbox.settle(clinic.db, begun, "failed", problem=f"no answer from {client}")
    return begun.delivery


@pytest.mark.parametrize(
    ("locale", "idle", "arrived"),
    [
        ("en", "nothing new", "arrived"), ("de", "nichts Neues", "angekommen"), ("es", "nada nuevo", "entregado"),
        ("fi", "ei uutta", "perillä"),
    ],
)  # fmt: skip
def test_a_delivery_that_had_nothing_to_send_is_not_said_to_have_arrived(
    clinic: Clinic, locale: str, idle: str, arrived: str
) -> None:
    to = destinations.add(clinic.db, "north", "transaction", "https://north.example/fhir")
    browser, lane = clinic.staff(Role.INTEGRATION), Lane(clinic.ada, to.number)

    def cells() -> list[bool]:
        page = browser.get("/clinic/deliveries", headers={"accept-language": locale}).text
        return [f"<td>{each}</td>" in page for each in (idle, arrived)]

    outbox.settle(clinic.db, outbox.begin(clinic.db, lane, "readings", "g", 1, None, []), "acked")
    assert cells() == [True, False]
    outbox.settle(clinic.db, outbox.begin(clinic.db, lane, "readings", "g", 1, 7, []), "acked", taken=1)
    assert cells() == [True, True]


def csrf_of(browser: Browser, path: str) -> str:
    return str(browser.get(path).hidden("/sign-out")["csrf"])


# ------------------------------------------------------------------------------- one organisation's staff


@pytest.mark.parametrize(
    ("organization", "north", "south"), [(NORTH, True, False), (SOUTH, False, True), ("", True, True)]
)
def test_programs_deliveries_and_recipients_are_those_of_the_members_organisation(
    clinic: Clinic, organization: str, north: bool, south: bool
) -> None:
    delivery(clinic, "north"), delivery(clinic, "south")
    browser = clinic.staff(Role.INTEGRATION, organization=organization)
    for path in ("/clinic/clients", "/clinic/recipients", "/clinic/deliveries"):
        page = browser.get(path).text.lower()
        assert ("north" in page, "south" in page) == (north, south), path


def test_a_delivery_of_another_organisation_is_not_repeated(clinic: Clinic) -> None:
    number = delivery(clinic, "north")
    for organization, status in ((SOUTH, 422), (NORTH, 303)):
        browser = clinic.staff(Role.INTEGRATION, organization=organization)
        fields = {"csrf": csrf_of(browser, "/clinic/deliveries"), "delivery": str(number)}
        assert browser.post("/clinic/deliveries/retry", fields).status == status, organization
    assert [row.what for row in log.listed(clinic.db)] == [str(number)], "what was refused is no act"


def test_a_recipient_of_another_organisation_is_not_verified(clinic: Clinic) -> None:
    officer = clinic.staff(Role.PRIVACY_OFFICER, organization=SOUTH)
    fields = {"csrf": csrf_of(officer, "/clinic/recipients"), "client": "north", "how": "called back"}
    assert officer.post("/clinic/recipients", fields | {"until": "2199-01-01"}).status == 404
    assert not find(clinic.db, NORTH).how
    assert log.listed(clinic.db) == ()


def test_the_log_tells_of_ones_own_organisation_and_of_the_whole_bridge(clinic: Clinic) -> None:
    ids = {name: delivery(clinic, name) for name in ("north", "south")}
    for name, organization in (("north", NORTH), ("south", SOUTH)):
        account, _ = staff.add(
            clinic.db, f"Dr. {name.title()}", [Role.CLINICIAN], None, clinic.found.now(), organization
        )
        log.append(clinic.db, "client add", f"{name} {name.title()} EHR", "Ops", "command line")
        log.append(clinic.db, "code make", name, f"Desk {name}", "front-desk")
        log.append(clinic.db, "deliveries retry", str(ids[name]), f"Retry {name}", "integration")
        log.append(clinic.db, "destination remove", "1" if name == "north" else "2", f"Gone {name}", "x")
        log.append(clinic.db, "staff add", f"Dr. {name.title()}: clinician", "Ops", "command line")
        log.append(clinic.db, "staff move", f"{account}: {organization}", f"Moves {name}", "x")
    log.append(clinic.db, "keys rotate", "signing key", "Ops", "command line")
    log.append(clinic.db, "ehr remove", "0123 https://gone.example", "Ops", "command line")
    own = clinic.staff(Role.AUDITOR, organization=NORTH).get("/clinic/log").text
    assert "south" not in own.lower() and "gone.example" not in own
    for told in ("Desk north", "Retry north", "Gone north", "Dr. North: clinician", "Moves north"):
        assert told in own
    assert "keys rotate" in own
    every = clinic.staff(Role.AUDITOR).get("/clinic/log").text
    assert every.count("<tr>") == len(log.listed(clinic.db)) + 1


def test_staff_of_another_organisation_are_neither_seen_nor_removed(clinic: Clinic) -> None:
    officer = clinic.staff(Role.PRIVACY_OFFICER, name="Nora North", organization=NORTH)
    clinic.staff(Role.AUDITOR, name="Sid", organization=SOUTH), clinic.staff(Role.AUDITOR, name="Wanda Whole")
    page = officer.get("/clinic/staff").text
    assert "Nora North" in page and NORTH in page
    assert "Sid" not in page and "Wanda" not in page and SOUTH not in page, "nor that there is a Clinic South"
    csrf = csrf_of(officer, "/clinic/staff")
    refused = {
        officer.post("/clinic/staff/remove", {"csrf": csrf, "account": account}).text
        for account in (account_of(clinic, "Sid"), account_of(clinic, "Wanda Whole"), "0" * 24)
    }
    assert len(refused) == 1 and "may have been removed already" in refused.pop(), "absent, all of them"
    assert len(staff.members(clinic.db)) == 3 and log.listed(clinic.db) == ()
    every = clinic.staff(Role.PRIVACY_OFFICER, name="Otto").get("/clinic/staff").text
    assert all(name in every for name in ("Nora North", "Sid", "Wanda Whole", NORTH, SOUTH))


@pytest.mark.parametrize("asked", ["", SOUTH, NORTH])
def test_who_works_for_one_organisation_adds_staff_to_it_alone(clinic: Clinic, asked: str) -> None:
    officer = clinic.staff(Role.PRIVACY_OFFICER, organization=NORTH)
    told = {
        "csrf": csrf_of(officer, "/clinic/staff"),
        "name": "Ben",
        "role": "auditor",
        "organization": asked,
    }
    assert officer.post("/clinic/staff", told).status == 200
    (ben,) = (each for each in staff.members(clinic.db) if each.name == "Ben")
    assert ben.organization == NORTH


def test_who_was_added_and_removed_stands_in_the_log_of_their_organisation_alone(clinic: Clinic) -> None:
    for organization in (NORTH, SOUTH, ""):
        officer = clinic.staff(
            Role.PRIVACY_OFFICER, name=f"Officer {organization}.", organization=organization
        )
        told = {"csrf": csrf_of(officer, "/clinic/staff"), "name": "Ana", "role": "auditor"}
        assert officer.post("/clinic/staff", told).status == 200
        told = {"csrf": told["csrf"], "account": account_of(clinic, "Ana", organization)}
        assert officer.post("/clinic/staff/remove", told).status == 303
    clinic.staff(Role.AUDITOR, name="Ana", organization=NORTH)
    for organization, count in ((NORTH, 2), (SOUTH, 2), ("", 6)):
        page = clinic.staff(Role.AUDITOR, organization=organization).get("/clinic/log").text
        assert page.count("<tr>") == count + 1, "also where another one has that name"
        assert f"Officer {organization}." in page and "staff add" in page and "staff remove" in page


def account_of(clinic: Clinic, name: str, organization: str | None = None) -> str:
    """The account of the member of that name, of that organisation where one is said."""
    (one,) = (
        each
        for each in staff.members(clinic.db)
        if each.name == name and organization in (None, each.organization)
    )
    return one.account


def test_a_clinician_asks_for_their_own_organisation_alone(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    twin.user = "Practitioner/d-1"
    theirs = clinic.staff(Role.CLINICIAN, organization=SOUTH)
    page = theirs.launch(twin)
    assert page.status == 403 and "another organisation" in page.text
    assert "Lovelace" not in page.text and "MRN" not in page.text, "nothing of the record is told"
    csrf = csrf_of(theirs, "/clinic")
    assert theirs.post(path_of(page), {"csrf": csrf, "language": "en"}).status == 403
    assert log.listed(clinic.db) == ()
    own = clinic.staff(Role.CLINICIAN, organization=NORTH).launch(twin)
    assert own.status == 200 and "Make a code" in own.text


def test_what_a_member_may_not_leads_back_to_the_clinic(clinic: Clinic) -> None:
    refused = clinic.staff(Role.AUDITOR).get("/clinic/codes")
    assert refused.status == 403 and "Not done" in refused.text
    assert '<a class="button" href="/clinic">' in refused.text
    missing = clinic.staff(Role.AUDITOR).get("/nothing/here")
    assert missing.status == 404 and '<a class="button" href="/clinic">' in missing.text


# ------------------------------------------------------------------------------------ words for who reads


def test_a_parent_is_asked_about_the_child_by_name(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    twin.encounter = "2199-05-20T10:00:00+02:00"
    born = date(date.today().year - 8, 1, 2)
    noor = clinic.person("Noor Parker", born, "robin", Kind.PARENT)
    own, twin.patient = twin.patient, patient("Noor Parker", born.isoformat())
    page = clinic.browser("robin").launch(twin).text
    assert "Is this the record of Noor Parker?" in page
    assert "your record" not in page and "Your visit" not in page and "The visit there" in page
    clinic.person("Kim Parker", born, "robin", Kind.PARENT)
    assert "Whose record is this?" in clinic.browser("robin").launch(twin).text
    twin.patient = own
    assert "Is this your record?" in clinic.browser("ada").launch(twin).text
    assert requests.of_patient(clinic.db, noor) == ()


def test_who_asked_is_called_by_the_name_that_the_registry_has(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    ada = clinic.browser("ada")
    page = ada.launch(twin)
    assert ada.fill(page, path_of(page)).status == 303
    (asked,) = requests.waiting(clinic.db, clinic.ada, clinic.found.now())
    told = ada.get(f"/codes/requests/{asked.id}").text
    assert "Asked by North EHR." in told and twin.issuer not in told
    desk = clinic.staff(Role.FRONT_DESK, organization=NORTH).get("/clinic/codes").text
    assert "North EHR" in desk and twin.issuer not in desk


NO_PASSKEYS = "never for an IP address"


def test_an_address_that_can_have_no_passkeys_says_so(clinic: Clinic) -> None:
    assert "127.0.0.1" in BASE
    ada = clinic.browser("ada")
    assert NO_PASSKEYS in ada.get("/account").text
    offer = Offer(clinic.ada, Kind.SELF, "seen", "Ana Amt")
    assert NO_PASSKEYS in clinic.browser().get(f"/sign-up/{invite(clinic.db, offer, clinic.db.clock())}").text
    assert NO_PASSKEYS in clinic.browser().get("/clinic/sign-in").text
    _, code = staff.add(clinic.db, "Ana Amt", [Role.AUDITOR], None, clinic.db.clock())
    enrol = clinic.browser().get(f"/clinic/enrol/{code}")
    assert enrol.status == 410 and "cannot be used here" in enrol.text and NO_PASSKEYS in enrol.text


def test_an_address_with_a_host_name_says_nothing_of_it(tmp_path: Path) -> None:
    named = Clinic(tmp_path / "home", BRIDGE_BASE_URL="http://localhost:8000")
    try:
        named.person("Bo Named", date(1990, 1, 2))
        page = named.browser("bo").get("/account")
        assert page.status == 200 and NO_PASSKEYS not in page.text and "Add a passkey" in page.text
    finally:
        named.close()
