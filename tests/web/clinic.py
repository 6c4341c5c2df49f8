"""A whole bridge as it is served, a person, a member of staff, a registered recipient and an EHR that launches it."""

from __future__ import annotations

import asyncio
import html
import re
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx

import bridge.app
import bridge.served
import bridge.settings
import bridge.store.accounts as accounts
import bridge.store.clients as clients
import bridge.store.ehrs as ehrs
import bridge.store.patients as patients
import bridge.store.representations as representations
from bridge.people import sessions, staff
from bridge.people.representation import GIVEN, Kind
from bridge.people.roles import Role
from bridge.period import BEGINNING
from bridge.smart.ehr_registration import Wanted, checked
from bridge.store.ehrs import Method
from bridge.store.representations import RepresentationRow
from tests.smart.ehr_twin import CLIENT, SECRET, Ehr
from tests.web.porch import Shown

BASE: Final = "http://127.0.0.1:8000"
BORN: Final = date(1980, 1, 2)


class Clinic:
    """One installation. `client`: the recipient; `ada`: a person who acts for herself."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.found = bridge.app.opened(bridge.settings.load(environment, home=home))
        self.db = self.found.db
        self.app = bridge.served.built(self.found, worker=False)
        self.runner = asyncio.Runner()
        self.client = clients.Client(
            "north", "North EHR", clients.ClientType.BACKEND, "Clinic North", "", "TREAT", "system/*.rs"
        )
        clients.add(self.db, self.client)
        self.ada = self.person("Ada Lovelace", BORN)

    def close(self) -> None:
        self.runner.close()
        self.found.close()

    def person(self, name: str, born: date, account: str = "", kind: Kind = Kind.SELF) -> int:
        """A person, and an account that acts for them."""
        number = patients.add(self.db, name, born, "Europe/Berlin")
        who = account or name.partition(" ")[0].lower()
        if accounts.load(self.db, who) is None:
            accounts.add(self.db, who, "person", who.title(), f"{who}@example.org")
        row = RepresentationRow(
            0, number, who, kind, tuple(sorted(GIVEN[kind])), BEGINNING, None, None, "seen", "x"
        )
        representations.add(self.db, row)
        return number

    def ehr(self, twin: Ehr, method: Method = "public", *endpoints: str, **more: Any) -> ehrs.Ehr:
        """Register the twin for the recipient."""
        wanted = Wanted(twin.issuer, CLIENT, method, endpoints, **more)
        made = checked(wanted, self.client)
        twin.method = method
        ehrs.add(self.db, made, SECRET if method == "secret" else None)
        return made

    def browser(self, account: str = "") -> Browser:
        """A browser, with the session of a person where one is named."""
        made = Browser(self)
        if account:
            made.enter(account, "person")
        return made

    def staff(self, *roles: Role, name: str = "Dr. Example", organization: str = "") -> Browser:
        """A browser with a session of staff."""
        account, _ = staff.add(self.db, name, roles, None, self.found.now(), organization)
        made = Browser(self)
        made.enter(account, "staff")
        return made

    def id(self, patient: int) -> str:
        return self.found.patient_id(patient)

    def run(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)


class Browser:
    """Somebody's browser."""

    def __init__(self, clinic: Clinic) -> None:
        transport = httpx.ASGITransport(clinic.app, client=("198.51.100.7", 1234))
        self.clinic = clinic
        self.web = httpx.AsyncClient(transport=transport, base_url=BASE)

    def enter(self, account: str, persona: accounts.Persona) -> None:
        cookie, _ = sessions.start(self.clinic.db, account, persona, self.clinic.found.now())
        self.web.cookies.set("bridge", cookie, domain="127.0.0.1")

    def get(self, path: str, **more: Any) -> Shown:
        return Shown(self.clinic.run(self.web.get(path, **more)))

    def post(self, path: str, fields: dict[str, str]) -> Shown:
        return Shown(self.clinic.run(self.web.post(path, data=fields)))

    def fill(self, page: Shown, action: str, **fields: str) -> Shown:
        """Send the form of a page that goes to `action`, the page's own address where it says none."""
        wanted = f'action="{action}"'
        place = page.text.find(wanted)
        assert place >= 0 or 'method="post"' in page.text, page.text
        start = page.text.rfind("<form", 0, place) if place >= 0 else _own_form(page.text)
        form = page.text[start : page.text.index("</form>", start)]
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
        return self.post(action, {name: html.unescape(value) for name, value in hidden} | fields)

    def launch(self, twin: Ehr, **changed: str) -> Shown:
        """A whole launch of the twin: the page on which it ends."""
        answer = self.get("/launch", params={"iss": twin.issuer, "launch": "xyz"})
        assert answer.status == 303, answer.text
        back = self.get(twin.authorise(str(answer.answer.headers["location"]), **changed))
        return self.follow(back)

    def follow(self, page: Shown) -> Shown:
        """Where a page leads to, as long as it leads on here."""
        while page.status == 303 and str(page.answer.headers["location"]).startswith(("/", BASE)):
            page = self.get(str(page.answer.headers["location"]))
        return page


def _own_form(text: str) -> int:
    found = re.search(r'<form(?: class="card")? method="post"(?: class="card")?>', text)
    assert found, text
    return found.start()


def path_of(page: Shown) -> str:
    """The path of a page."""
    return str(page.answer.request.url.raw_path.decode())
