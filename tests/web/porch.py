"""The pages of sign-in in one process, and browsers that fill in their forms as they were shown."""

from __future__ import annotations

import asyncio
import html
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx
import pyotp
from starlette.applications import Starlette

import bridge.store.patients as patients
import bridge.web.account
import bridge.web.session
import bridge.web.signin
import bridge.web.staff
import bridge.web.static
import bridge.web.troubles
from bridge.net.client import Outbound
from bridge.net.endpoint import Endpoint, Purpose, endpoint
from bridge.people.invitations import Offer, invite
from bridge.people.oidc import Provider
from bridge.people.representation import Kind
from bridge.store.db import Database
from tests.smart.clock import Clock
from tests.web.authenticator import Authenticator
from tests.web.world import NOW

BASE: Final = "https://bridge.example"
BORN: Final = "1980-01-02"
PASSWORD: Final = "seven green lanterns"


class Porch:
    """One installation with the pages of people and staff."""

    def __init__(self, home: Path, provider: Provider | None = None) -> None:
        self.clock = Clock(NOW)
        self.db = Database.open(home, b"k" * 32, self.clock)
        self.runner = asyncio.Runner()

        def allowed(purpose: Purpose) -> tuple[Endpoint, ...]:
            found = None if provider is None else endpoint(purpose, provider.issuer, internal=True)
            return () if found is None else (found,)

        self.net = Outbound(allowed, lambda _: None, self.clock, allow_loopback=True)
        self.app = Starlette(
            routes=[
                *bridge.web.static.routes(),
                *bridge.web.signin.routes(),
                *bridge.web.account.routes(),
                *bridge.web.staff.routes(self.net, provider),
            ]
        )
        bridge.web.session.install(self.app, self.db, self.clock, BASE)
        bridge.web.troubles.install(self.app)

    def close(self) -> None:
        self.runner.close()
        self.db.close()

    def person(self, born: str = BORN, name: str = "Ada Lovelace") -> int:
        return patients.add(self.db, name, date.fromisoformat(born), "Europe/Berlin")

    def invited(self, patient: int, kind: Kind = Kind.SELF, **more: Any) -> str:
        """The path of an invitation's link."""
        return f"/sign-up/{invite(self.db, Offer(patient, kind, 'seen', 'Ana Amt', **more), self.clock())}"

    def browser(self, address: str = "198.51.100.7") -> Browser:
        return Browser(self, address)


@dataclass(frozen=True)
class Shown:
    """A page as a browser has it."""

    answer: httpx.Response

    @property
    def text(self) -> str:
        return self.answer.text

    @property
    def status(self) -> int:
        return self.answer.status_code

    def hidden(self, action: str = "") -> dict[str, str]:
        """The hidden fields of the form that goes to `action`, the page's own where it says none."""
        wanted = f'action="{action}"' if action else '<form method="post">'
        start = self.text.index(wanted)
        form = self.text[start : self.text.index("</form>", start)]
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
        return {name: html.unescape(value) for name, value in found}

    def options(self) -> str:
        """What the page hands to the device."""
        found = re.search(r'data-options="([^"]*)"', self.text)
        assert found
        return html.unescape(found[1])

    def secret(self) -> str:
        """The key for an authenticator app."""
        found = re.search(r"<code>([A-Z2-7 ]{32,})</code>", self.text)
        assert found
        return found[1].replace(" ", "")

    def codes(self) -> list[str]:
        return re.findall(r"<code>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})</code>", self.text)


class Browser:
    """Somebody's browser: cookies, forms, no JavaScript but what a test does by hand."""

    def __init__(self, porch: Porch, address: str) -> None:
        transport = httpx.ASGITransport(porch.app, client=(address, 1234))
        self.porch = porch
        self.web = httpx.AsyncClient(transport=transport, base_url=BASE)

    def get(self, path: str, **more: Any) -> Shown:
        return Shown(self.porch.runner.run(self.web.get(path, **more)))

    def post(self, path: str, fields: dict[str, str], **more: Any) -> Shown:
        return Shown(self.porch.runner.run(self.web.post(path, data=fields, **more)))

    def send(self, path: str, on: str = "", /, **fields: str) -> Shown:
        """Open a page (`on`, or the form's own address), fill its form in, send it."""
        page = self.get(on or path)
        return self.post(path, page.hidden(path if f'action="{path}"' in page.text else "") | fields)

    def join(self, link: str, login: str = "ada@example.org", **changed: str) -> tuple[Shown, str]:
        """Make an account with a password; the answer and the app's key."""
        page = self.get(link)
        secret = page.secret()
        fields = {"birth_date": BORN, "name": "Ada L.", "login": login, "password": PASSWORD}
        fields |= {"code": self.code(secret)} | changed
        return self.post(link, page.hidden() | fields), secret

    def code(self, secret: str, steps: int = 0) -> str:
        return pyotp.TOTP(secret).generate_otp(self.porch.clock() // 30_000 + steps)

    def sign_in(self, secret: str, login: str = "ada@example.org", **changed: str) -> Shown:
        self.porch.clock.pass_seconds(30)
        fields = {"login": login, "password": PASSWORD, "code": self.code(secret)} | changed
        return self.send("/sign-in", **fields)

    def join_by_passkey(self, link: str, device: Authenticator, **changed: str) -> Shown:
        page = self.get(link)
        fields = {"birth_date": BORN, "name": "Ada L.", "login": "ada@example.org"}
        return self.post(
            link, page.hidden() | fields | {"credential": device.create(page.options())} | changed
        )

    def is_in(self) -> bool:
        return self.get("/account").status == 200
