"""The pages that the walk of a consent does not pass: the clinic's, launches, codes, invitations, a share that changes.

Each is judged by axe-core at phone and desktop width, in two languages, light and dark, with everything unfolded; and
every page about a person says whose data it is, by name and birth date.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from playwright.async_api import Page

import bridge.store.outbox as outbox
from bridge.consent.grant import Grant
from bridge.people import invitations, requests, sharing_codes, staff
from bridge.people.invitations import Offer
from bridge.people.representation import Kind
from bridge.people.requests import NO_RECORD, Origin, Record
from bridge.people.roles import Role
from bridge.period import DAY
from bridge.smart.ehr_registration import Wanted, checked
from bridge.store import ehrs
from bridge.store.accounts import Persona
from bridge.store.lanes import Lane
from tests.peers.chromium import DESKTOP, PHONE, Chromium
from tests.peers.test_consent_in_chromium import ehr, served
from tests.smart.ehr_twin import CLIENT, Ehr, launching, patient
from tests.web.house import House
from tests.web.test_wishes import ready

pytestmark = pytest.mark.timeout(240)

LOOKS = (("light", "en", (DESKTOP, PHONE)), ("dark", "de", (PHONE,)))
"""Colours, language, sizes of the window: layout is judged at both, longer words where there is least room."""


@dataclass
class Visitor:
    """Somebody in front of a browser, and what was found wrong with what they saw."""

    house: House
    chromium: Chromium
    page: Page
    sizes: Sequence[tuple[int, int]]
    flaws: list[str] = field(default_factory=list)

    async def enter(self, account: str, persona: Persona) -> None:
        """With the session of an account; a person's is about the child."""
        house = self.house
        told = {"bridge": house.cookie(account, persona), "whose": house.public(house.noor)}
        for name, value in told.items():
            await self.page.context.add_cookies([{"name": name, "value": value, "url": house.base}])

    async def see(self, path: str = "", *, whose: str = "") -> str:
        """A page, or the one that is shown; `whose`: the name that it must say with a birth date. Its text."""
        if path:
            await self.page.goto(path if path.startswith("http") else f"{self.house.base}{path}")
        self.flaws += await self.chromium.judged(self.page, self.sizes)
        if whose:
            said = await self.page.locator(".whose").inner_text()
            assert whose in said and str(self.house.today.year - 8) in said, self.page.url
        return await self.page.locator("main").inner_text()

    async def press(self, form: str, **fields: str) -> None:
        """Fill in the form that goes to that address, and send it."""
        where = f"main form[action$='{form}']" if form else "main form:not([action])"
        (found,) = await self.page.locator(where).all()
        for name, value in fields.items():
            await found.locator(f"[name={name}]").fill(value)
        await found.evaluate("one => one.noValidate = true")
        await found.locator("button").last.click()
        await self.page.wait_for_load_state()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with socket.create_server(("127.0.0.1", 0)) as listening, ehr() as (back, _):
        made = House(tmp_path / "home", f"http://localhost:{listening.getsockname()[1]}", back)
        try:
            with served(made, listening):
                yield made
        finally:
            made.close()


@pytest.fixture
def twin(house: House) -> Iterator[Ehr]:
    with launching("localhost") as found:
        found.opens = f"{house.base}/launch"
        found.patient = patient("Noor Example", f"{house.today.year - 8}-05-17")
        found.encounter = f"{house.today.year + 1}-05-20T10:00:00+02:00"
        ehrs.add(house.db, checked(Wanted(found.issuer, CLIENT, "public"), house.ehr))
        yield found


def walked(house: House, chromium: Chromium, *walks: object) -> None:
    """Every walk in both looks; nothing may be wrong."""

    async def all_of_them() -> Sequence[str]:
        flaws = list[str]()
        for scheme, language, sizes in LOOKS:
            for walk in walks:
                async with chromium.page(scheme=scheme, language=language) as page:
                    visitor = Visitor(house, chromium, page, sizes)
                    await walk(visitor)  # type: ignore[operator]
                    flaws += visitor.flaws
        return flaws

    assert asyncio.run(all_of_them()) == []


def house_birth(house: House) -> date:
    """Of Noor."""
    return date(house.today.year - 8, 5, 17)


def test_the_pages_before_anybody_is_signed_in(house: House, chromium: Chromium) -> None:
    async def walk(to: Visitor) -> None:
        offer = Offer(house.noor, Kind.GUARDIAN, "court order seen by the clinic", "Dr. Example")
        code = invitations.invite(house.db, offer, house.db.clock())
        _, enrolling = staff.add(house.db, "Otto Amt", [Role.AUDITOR], None, house.db.clock())
        assert "Noor" not in await to.see(f"/sign-up/{code}"), "the birth date is asked first"
        await to.press("", birth_date="1999-01-01", name="Toni", login="toni", password="x", code="000000")
        await to.see()
        await to.see("/sign-up/not-an-invitation")
        await to.see("/sign-in")
        await to.press("/sign-in", login="toni", password="x", code="000000")
        await to.see()
        await to.see("/sign-in/recover")
        await to.see("/clinic/sign-in")
        await to.see(f"/clinic/enrol/{enrolling}")
        await to.see("/launch?iss=https://nobody.example/fhir&launch=x")
        await to.see("/launch/arrived/over")

    walked(house, chromium, walk)


def test_the_pages_of_codes_requests_and_invitations(house: House, chromium: Chromium) -> None:
    record = Record("urn:example:mrn", "MRN-7", "p-1", "Noor Sample", house_birth(house))
    mistaken = Record("urn:example:mrn", "MRN-8", "p-2", "Noor Example", house_birth(house).replace(day=18))
    db, now = house.db, house.db.clock()

    async def walk(to: Visitor) -> None:
        await to.enter("robin", "person")
        asked = requests.ask(db, house.noor, house.ehr.id, Origin.CLINICIAN, "Dr. Example", record, None, now)
        await to.see("/codes", whose="Noor Example")
        await to.press("/codes/enter", code="ABCD")
        await to.see(whose="Noor Example")
        await to.press("/codes/make")
        await to.see(whose="Noor Example")
        await to.see(f"/codes/requests/{asked.id}", whose="Noor Example")
        await to.page.locator("form button.main").click()
        await to.see(whose="Noor Example")
        await to.page.locator("button.stop").click()
        await to.see(f"/codes/requests/{asked.id}", whose="Noor Example")
        other = requests.ask(
            db, house.noor, house.other.id, Origin.CLINICIAN, "Dr. Else", mistaken, None, now
        )
        await to.see(f"/codes/requests/{other.id}", whose="Noor Example")
        offer = Offer(house.person("Kim Example", house_birth(house)), Kind.GUARDIAN, "seen", "Dr. Example")
        await to.see(f"/sign-up/{invitations.invite(db, offer, db.clock())}")
        await to.see("/account")
        await to.press("/account/recovery")
        await to.see()

    walked(house, chromium, walk)


def test_the_pages_of_a_share_that_changes(house: House, chromium: Chromium) -> None:
    ready(house)

    async def walk(to: Visitor) -> None:
        await to.enter("robin", "person")
        await to.page.goto(f"{house.base}/shares")
        await to.page.locator("main article a").first.click()
        await to.see(whose="Noor Example")
        share = to.page.url
        await to.page.locator("form[action$='/send'] button").click()
        await to.see(whose="Noor Example")
        await to.see(f"{share}/change", whose="Noor Example")
        await to.page.locator("input[name=days][value=dates]").check()
        await to.page.locator("form[novalidate] button.main").click()
        await to.see(whose="Noor Example")
        await to.see(f"{share}/change", whose="Noor Example")
        await to.page.locator("input[name=grain][value=hourly]").check()
        await to.page.locator("form[novalidate] button.main").click()
        await to.page.wait_for_url("**/preview/**")
        await to.see(whose="Noor Example")
        await to.page.goto(share)
        await to.page.locator("form[action$='/revoke'] button").click()
        await to.see(whose="Noor Example")

    walked(house, chromium, walk)


def test_the_pages_of_a_launch(house: House, twin: Ehr, chromium: Chromium) -> None:
    desk, _ = staff.add(house.db, "Dr. Example", [Role.CLINICIAN], None, house.db.clock())

    async def launch(to: Visitor) -> str:
        await to.page.goto(f"{twin.base}/chart")
        await to.page.locator("a").click()
        return await to.see()

    async def persons(to: Visitor) -> None:
        twin.user = "Patient/p-1"
        twin.patient = patient("Noor Example-Sample", f"{house.today.year - 8}-05-17")
        await to.enter("robin", "person")
        said = await launch(to)
        assert "Noor Example-Sample" in said and said.count(str(house.today.year - 8)) >= 2
        await to.page.locator("form.card button.main").click()
        await to.see()
        await to.page.locator("form.card input[name=same]").check()
        await to.page.locator("form.card button.main").click()
        await to.see(whose="Noor Example")
        twin.patient = patient("Somebody Else", "1950-01-01")
        await launch(to)

    async def clinicians(to: Visitor) -> None:
        twin.user = "Practitioner/d-1"
        twin.patient = patient("Kim Example", "2001-05-17")
        await to.enter(desk, "staff")
        said = await launch(to)
        assert "Kim Example" in said and not await to.page.locator("main form").count()
        twin.patient = patient("Noor Example-Sample", f"{house.today.year - 8}-05-17")
        assert "Noor Example-Sample" in await launch(to)
        await to.page.locator("main form button.main").click()
        assert "Kim" not in await to.see()

    walked(house, chromium, persons, clinicians)


def failed(house: House, grant: Grant) -> None:
    """A delivery that waits for a human, with a reason of some length."""
    why = "HTTP 422: the receiver refuses this content, Observation.code: 59999-9 is no row of this flowsheet"
    begun = outbox.begin(house.db, Lane(house.noor, 1), "readings", grant.id, 1, None, ())
    outbox.settle(house.db, begun, "failed", problem=why)


def test_the_pages_of_the_clinic(house: House, chromium: Chromium) -> None:
    house.verify("Hill Practice", "the diabetes nurse")
    db, now = house.db, house.db.clock()
    everybody, _ = staff.add(db, "Dr. Example", list(Role), None, now, house.ehr.organization)
    nobody, _ = staff.add(db, "Otto Amt", [Role.AUDITOR], None, now)
    requests.ask(db, house.noor, house.ehr.id, Origin.CLINICIAN, "Dr. Example", NO_RECORD, None, now)
    born = house_birth(house)
    offer = sharing_codes.Offer(house.ehr.id, born, "Dr. Example", NO_RECORD, None)
    sharing_codes.for_person(db, offer, everybody, now, 14 * DAY)
    failed(house, ready(house))

    async def walk(to: Visitor) -> None:
        await to.enter(everybody, "staff")
        for place in ("", "/clients", "/deliveries", "/codes", "/recipients", "/staff", "/log"):
            await to.see(f"/clinic{place}")
        said = await to.see("/clinic/codes")
        assert "Noor Example" in said and said.count(str(born.year)) >= 2
        await to.press("/clinic/codes/enter", code="ABCD", born="2001-01-01")
        await to.see()
        await to.page.goto(f"{house.base}/clinic/codes")
        await to.press("/clinic/codes/make", born="2001-01-01")
        await to.see()
        await to.page.goto(f"{house.base}/clinic/staff")
        await to.press("/clinic/staff", name="")
        await to.see()
        await to.page.locator("input[name=role]").first.check()
        await to.press("/clinic/staff", name="A new member")
        assert "/clinic/enrol/" in await to.see()
        await to.page.context.clear_cookies()
        await to.enter(nobody, "staff")
        await to.see("/clinic/codes")

    walked(house, chromium, walk)
