"""What clinics ordered, on the person's page and on their own staff's; and "send now"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import bridge.store.clients as clients
import bridge.store.destinations as destinations
import bridge.store.haste as haste
import bridge.store.links as links
import bridge.store.orders as orders
from bridge.consent import grants
from bridge.consent.asked import Kind as Content
from bridge.consent.asked import Way
from bridge.consent.grant import Authoriser, Grant, Identity, Recipient
from bridge.mapping.destination import DestinationFile, written
from bridge.order import Order, Schedule, Span, Status
from bridge.pages.catalogue import translations
from bridge.people.representation import Kind, Power
from bridge.people.roles import Role
from bridge.period import ALL, DAY
from bridge.push import overview
from bridge.push.ordered import NO_ORDER, UNRECKONED
from bridge.receive.order import STANDING
from bridge.store.clients import ClientType
from bridge.store.lanes import Lane
from bridge.store.links import Shown
from bridge.web.wishes import NOT_SHARED
from tests.web.clinic import Clinic
from tests.web.house import House
from tests.web.test_sharing import shared

SAID = Order(
    STANDING,
    Status.ACTIVE,
    (
        Schedule(("cgm-summary",), Span("2", "wk")),
        Schedule(("cgm-sensor-reading-mass-per-volume",), Span("1", "mo"), Span("14", "d")),
        Schedule(("cgm-summary-pdf",), period=("2026-09-01", "2026-09-10")),
    ),
    requester="Dr. Grace Example",
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "home")
    made.browser.sign_in()
    made.browser.web.cookies.set("whose", made.public(made.noor))
    yield made
    made.close()


def registered(client: str, url: str = "https://ehr.example/fhir") -> DestinationFile:
    said = {
        "destination": f"{client}-file",
        "kind": "transaction",
        "address": url,
        "patients": "urn:example:mrn",
    }
    return DestinationFile.model_validate(
        said | {"raw": {"daily": 1000}, "summaries": {}, "orders": "required"}
    )


def ready(house: House, is_ordered: bool = True) -> Grant:
    """A share by which things are filed, where to, in which record; and an order."""
    client = house.ehr.id
    spec = registered("lake")
    destinations.add(house.db, client, spec.kind, spec.address, daily=1000, name="lake", spec=written(spec))
    shown = Shown("p1", "Noor Example", date(house.today.year - 8, 5, 17))
    links.confirm(house.db, house.noor, client, "urn:example:mrn", "mrn-Noor Example", "Dr. Who", shown)
    if is_ordered:
        orders.receive(house.db, house.noor, client, SAID, house.db.clock())
    return shared(house, ways=frozenset({Way.LOOK, Way.FILE}))


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", ("What they ordered", "every 2 weeks", "14 days", "once, from 2026-09-01", "Send now")),
        ("de", ("Was angefordert ist", "2 Wochen", "14 Tage", "einmal, von 2026-09-01", "Jetzt senden")),
        ("es", ("Lo que han pedido", "2 semanas", "14 días", "una vez, del 2026-09-01", "Enviar ahora")),
        ("fi", ("Mitä on tilattu", "2 viikkoa", "14 päivää", "kerran, 2026-09-01", "Lähetä nyt")),
    ],
)
def test_a_share_shows_what_was_ordered_under_it(house: House, locale: str, words: tuple[str, ...]) -> None:
    grant = ready(house)
    house.browser.web.headers["accept-language"] = locale
    page = house.browser.get(f"/shares/{grant.id}")
    assert page.status_code == 200 and all(each in page.text for each in words)
    assert "Dr. Grace Example" in page.text


def test_a_share_where_nothing_waits_for_an_order_has_no_button(house: House) -> None:
    grant = shared(house, ways=frozenset({Way.LOOK, Way.FILE}))
    page = house.browser.get(f"/shares/{grant.id}")
    assert "Send now" not in page.text and "What they ordered" not in page.text
    form = house.browser.filled(page, "/pause")[1]
    assert house.browser.post(f"/shares/{grant.id}/send", form).status_code == 409


def test_send_now_makes_what_was_ordered_due_and_nothing_else(house: House) -> None:
    grant = ready(house)
    lane = Lane(house.noor, 1)
    done = house.browser.submit(house.browser.get(f"/shares/{grant.id}"), "/send")
    assert done.status_code == 303 and lane in haste.asked(house.db, house.db.clock())
    said = house.browser.get(done.headers["location"]).text
    assert "It goes in a moment" in said and said.count('role="status"') == 1
    assert not haste.asked(house.db, house.db.clock() + DAY + 1), "an old wish sends nothing"


@pytest.mark.parametrize("page", ["/shares", "/sources"])
def test_nothing_that_stands_in_an_address_is_said_by_a_page(house: House, page: str) -> None:
    assert "call 555-0100" not in house.browser.get(f"{page}?done=call+555-0100").text


def test_send_now_needs_the_form_of_the_page_and_the_power_to_grant(house: House) -> None:
    house.account("toni", "Toni Example")
    house.acts("toni", house.noor, Kind.CARER, {Power.SEE, Power.REVOKE})
    grant = ready(house)
    assert house.browser.post(f"/shares/{grant.id}/send", {}).status_code == 403
    house.browser.sign_in("toni")
    page = house.browser.get(f"/shares/{grant.id}")
    assert "What they ordered" in page.text and "Send now" not in page.text
    form = house.browser.filled(page, "/pause")[1]
    assert house.browser.post(f"/shares/{grant.id}/send", form).status_code == 404
    assert not haste.asked(house.db, house.db.clock())


def test_a_share_that_ended_sends_nothing_now_and_shows_that_it_does_not_go(house: House) -> None:
    grant = ready(house)
    form = house.browser.filled(house.browser.get(f"/shares/{grant.id}"), "/send")[1]
    grants.pause(house.db, grant.id)
    page = house.browser.get(f"/shares/{grant.id}")
    assert "does not go now" in page.text and "Send now" not in page.text
    assert house.browser.post(f"/shares/{grant.id}/send", form).status_code == 409
    assert not haste.asked(house.db, house.db.clock())


def test_an_order_of_another_clinic_is_not_on_this_share(house: House) -> None:
    grant = ready(house, is_ordered=False)
    orders.receive(house.db, house.noor, house.other.id, SAID, house.db.clock())
    assert "Dr. Grace Example" not in house.browser.get(f"/shares/{grant.id}").text


# ------------------------------------------------------------------------------------------- the staff


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    made = Clinic(tmp_path / "home")
    for name in ("north", "south"):
        if name == "south":
            south = clients.Client(
                "south", "South EHR", ClientType.BACKEND, "Clinic South", "", "TREAT", "system/*.rs"
            )
            clients.add(made.db, south)
        spec = registered(name, f"https://{name}.example/fhir")
        destinations.add(made.db, name, spec.kind, spec.address, daily=1000, name=name, spec=written(spec))
        orders.receive(made.db, made.ada, name, replace(SAID, requester="SECRET DOCTOR"), made.db.clock())
    yield made
    made.close()


def sign(clinic: Clinic, identity: Identity = Identity.FULL) -> str:
    now = clinic.db.clock()
    recipient = Recipient("Clinic North", frozenset({"north"}))
    grant = Grant(
        id=grants.new_id(),
        version=1,
        patient=clinic.ada,
        authoriser=Authoriser("Ada"),
        recipient=recipient,
        purpose="TREAT",
        ways=frozenset({Way.FILE}),
        periods=ALL,
        kinds=frozenset({Content.GLUCOSE}),
        signed=now,
        begins=now,
        ends=now + 30 * DAY,
        sources=frozenset({"dexcom-clarity"}),
        identity=identity,
        pairing=grants.pairing_for(clinic.db, recipient, identity),
    )
    return grants.sign(clinic.db, grant).grant.id


def test_staff_see_why_their_own_orders_do_not_go_without_a_name(clinic: Clinic) -> None:
    sign(clinic)
    north = clinic.staff(Role.INTEGRATION, organization="Clinic North").get("/clinic/deliveries").text
    assert "every 2 weeks" in north and "link add" in north
    south = clinic.staff(Role.INTEGRATION, organization="Clinic South").get("/clinic/deliveries").text
    assert "every 2 weeks" in south and NOT_SHARED in south and "link add" not in south
    for page in (north, south):
        assert "Ada" not in page and "SECRET" not in page


SENTENCES = (
    NOT_SHARED, NO_ORDER, UNRECKONED, overview.NO_DESTINATION, overview.NOT_HERE, overview.GONE, overview.OVER,
    overview.UNNAMED, *overview.UNSENT.values(), *overview.ENDED.values(),
)  # fmt: skip


@pytest.mark.parametrize("locale", ["de", "es", "fi"])
def test_why_an_order_does_not_go_is_said_in_the_language_of_the_page(clinic: Clinic, locale: str) -> None:
    words = translations(locale)
    assert [each for each in SENTENCES if words.gettext(each) == each] == []
    south = clinic.staff(Role.INTEGRATION, organization="Clinic South")
    page = south.get("/clinic/deliveries", headers={"accept-language": locale}).text
    assert NOT_SHARED not in page and words.gettext(NOT_SHARED) in page


def test_staff_are_told_the_same_of_nothing_shared_and_of_a_share_under_a_pseudonym(clinic: Clinic) -> None:
    def told() -> str:
        page = clinic.staff(Role.INTEGRATION, organization="Clinic North").get("/clinic/deliveries").text
        return page.partition("<h2>")[2]

    nothing = told()
    grant = sign(clinic, Identity.PSEUDONYMOUS)
    assert told() == nothing and NOT_SHARED in nothing
    grants.revoke(clinic.db, grant)
    assert told() == nothing
