"""A house: the whole program composed as it is served, a mother, her child, two clinics, and a browser of hers.

Everything is real but the network: the store, the gate, the authorization server, sessions, pages. Data are made
relative to now, because the program reads its own clock. The browser keeps cookies and fills forms as they are.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import lxml.html
import numpy as np

import bridge.app
import bridge.served
import bridge.settings
import bridge.store.accounts as accounts
import bridge.store.blocks
import bridge.store.clients
import bridge.store.patients as patients
import bridge.store.recipients as recipients
import bridge.store.representations as representations
from bridge.people import sessions
from bridge.people.representation import GIVEN, Kind, Power
from bridge.period import BEGINNING, DAY, MINUTE, Instant, ZoneHistory
from bridge.reading import Device, Readings, SeriesKey, SourceClass, Stream, Unit
from bridge.smart.registration import Registration, client
from bridge.store.artifacts import NewArtifact
from bridge.store.clients import Client
from bridge.store.ids import Name
from bridge.store.representations import RepresentationRow

ZONE: Final = "Europe/Berlin"
BACK: Final = "http://127.0.0.1:8998/back"
CANARY: Final = 333
"""The glucose of every reading older than twenty days."""
SCOPES: Final = "launch/patient openid fhirUser offline_access patient/*.rs"


class House:
    """One installation, asked over ASGI as one browser."""

    def __init__(self, home: Path, base: str = "http://127.0.0.1:8000", back: str = BACK) -> None:
        environment = {"BRIDGE_BASE_URL": base, "BRIDGE_MASTER_KEY": "11" * 32}
        self.base, self.back = base, back
        self.bridge = bridge.app.opened(bridge.settings.load(environment, home=home))
        self.db = self.bridge.db
        self.app = bridge.served.built(self.bridge, worker=False)
        self.zones = ZoneHistory.always(ZONE)
        self.now = self.db.clock()
        self.today = self.zones.local_date(self.now)
        self.noor = self.person("Noor Example", date(self.today.year - 8, 5, 17))
        self.robin = self.person("Robin Example", date(1984, 2, 1))
        self.account("robin", "Robin Example")
        self.acts("robin", self.noor, Kind.PARENT)
        self.acts("robin", self.robin, Kind.SELF)
        self.ehr = self.register("Lake Portal", "Lake Clinic")
        self.other = self.register("Hill EHR", "Hill Practice")
        self.bring(self.noor, self.every(5, 28))
        self.runner = asyncio.Runner()
        self.browser = Browser(self)

    def close(self) -> None:
        self.browser.close()
        self.runner.close()
        self.bridge.close()

    # --------------------------------------------------------------------------------- who and what is there

    def person(self, name: str, born: date) -> int:
        return patients.add(self.db, name, born, ZONE, (("urn:example:mrn", f"mrn-{name}"),))

    def account(self, account: str, name: str, persona: accounts.Persona = "person") -> None:
        accounts.add(self.db, account, persona, name, f"{account}@example.org")

    def acts(self, account: str, patient: int, kind: Kind, powers: Iterable[Power] | None = None) -> None:
        given = tuple(sorted(GIVEN[kind] if powers is None else powers))
        row = RepresentationRow(
            0, patient, account, kind, given, BEGINNING, None, None, "seen by the clinic", "x"
        )
        representations.add(self.db, row)

    def register(self, name: str, organization: str, scope: str = SCOPES) -> Client:
        made = client(
            Registration(
                name, "public", organization, "team@clinic.example", scope=scope, redirect_uris=(self.back,)
            )
        )
        bridge.store.clients.add(self.db, made)
        return made

    def verify(self, organization: str, watcher: str = "") -> None:
        known = recipients.Known(
            organization, "1 Lake Road", "team@clinic.example", "called back", "Dr. Example", self.now + 90 * DAY,
            watcher, "weekdays 9 to 16" if watcher else "",
        )  # fmt: skip
        recipients.put(self.db, known)

    def every(self, minutes: int, days: int) -> range:
        """Instants from the start of a day so many days ago until now."""
        start = self.midnight(days)
        return range(start, self.now, minutes * MINUTE)

    def midnight(self, days: int = 0) -> Instant:
        """The start of the local day so many days ago."""
        day = date.fromordinal(self.today.toordinal() - days)
        return self.zones.day(day).start

    def bring(self, patient: int, instants: Iterable[Instant], family: str = "dexcom-clarity") -> None:
        """Import glucose; what is older than twenty days has the canary's value."""
        at = np.array(sorted(instants), np.int64)
        values = np.where(at < self.midnight(20), CANARY, 80 + (at // (5 * MINUTE)) % 120).astype(np.int64)
        columns: dict[str, Any] = {
            "instant": at,
            "value": values,
            "row": np.arange(2, len(at) + 2, dtype=np.int32),
        }
        key = SeriesKey(Stream.GLUCOSE, family, f"{family}-1", Unit.MG_DL, 0)
        batch = Readings(key, columns, Device("Dexcom", "G6", "8GXYZ", kind="transmitter"), SourceClass.MAKER)
        content = f"{family} {len(at)}".encode()
        account = f'{{"read": {{"glucose": {len(at)}}}}}'.encode()
        new = NewArtifact(
            family, hashlib.sha256(content).hexdigest(), family, "0123abcd", "Noor-secret.csv", len(content), account,
            content,
        )  # fmt: skip
        bridge.store.blocks.absorb(self.db, patient, new, [batch])

    def public(self, patient: int) -> str:
        return self.db.ids.one("Patient", Name(patient, 0, 0, 0))

    # -------------------------------------------------------------------------------------- what a client does

    def ask(self, who: Client | None = None, scope: str = SCOPES, **more: str) -> Question:
        """A question of a client, at the authorize endpoint; where the browser is sent."""
        return Question(self, who or self.ehr, scope, more)

    def cookie(self, account: str = "robin", persona: accounts.Persona = "person") -> str:
        return sessions.start(self.db, account, persona, self.db.clock())[0]


class Question:
    """One authorization from the client's side."""

    def __init__(self, house: House, who: Client, scope: str, more: dict[str, str]) -> None:
        self.house, self.who, self.verifier = house, who, secrets.token_urlsafe(48)
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        )
        self.state = secrets.token_urlsafe(16)
        asked = {
            "response_type": "code",
            "client_id": who.id,
            "redirect_uri": house.back,
            "scope": scope,
            "state": self.state,
            "aud": f"{house.base}/fhir",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **more,
        }
        self.address = f"/auth/authorize?{urlencode(asked)}"

    def page(self) -> str:
        """The path of the consent page."""
        answer = self.house.browser.get(self.address)
        assert answer.status_code in (302, 303), answer.text
        return urlsplit(answer.headers["location"]).path

    def token(self, back: str) -> dict[str, Any]:
        """The token answer for the code in the address that the browser was sent back to."""
        answer = self.house.browser.post("/auth/token", self.form(back))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def form(self, back: str) -> dict[str, str]:
        """What the client sends to the token endpoint."""
        told = dict(parse_qsl(urlsplit(back).query))
        assert told["state"] == self.state
        return {
            "grant_type": "authorization_code",
            "code": told["code"],
            "redirect_uri": self.house.back,
            "client_id": self.who.id,
            "code_verifier": self.verifier,
        }


class Browser:
    """Pages and forms; redirects are looked at, not followed."""

    def __init__(self, house: House) -> None:
        self._house = house
        transport = httpx.ASGITransport(house.app, raise_app_exceptions=False)
        self.web = httpx.AsyncClient(transport=transport, base_url=house.base)

    def close(self) -> None:
        self._house.runner.run(self.web.aclose())

    def sign_in(self, account: str = "robin", persona: accounts.Persona = "person") -> None:
        self.web.cookies.set("bridge", self._house.cookie(account, persona))

    def get(self, path: str, token: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._house.runner.run(self.web.get(path.removeprefix(self._house.base), headers=headers))

    def post(self, path: str, form: dict[str, Any], **headers: str) -> httpx.Response:
        return self._house.runner.run(self.web.post(path, data=form, headers=headers))

    def forms(self, page: httpx.Response) -> list[Any]:
        document: Any = lxml.html.fromstring(page.text)
        return list(document.forms)

    def filled(self, page: httpx.Response, end: str, **changed: Any) -> tuple[str, dict[str, Any]]:
        """The form whose address ends with `end`, as a browser would send it, with `changed` fields."""
        (form,) = [each for each in self.forms(page) if each.action.endswith(end)]
        fields: dict[str, Any] = {}
        for name, value in form.form_values():
            fields.setdefault(name, []).append(value)
        return form.action, fields | {name: value for name, value in changed.items() if value is not None}

    def submit(self, page: httpx.Response, end: str, **changed: Any) -> httpx.Response:
        """Send that form."""
        return self.post(*self.filled(page, end, **changed))
