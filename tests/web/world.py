"""A whole bridge in one process: store, gate, renderer and routes, invented people, and their clinic.

Ada shares fourteen days with the clinic; before them she wore another sensor. Bob shares nothing. What
lies outside Ada's window carries values and serials that occur nowhere else, so that a leak shows itself.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
from numpy.typing import NDArray
from starlette.applications import Starlette

import bridge.store.blocks
import bridge.store.clients
import bridge.store.patients
import bridge.web.fhir
import bridge.web.health
import bridge.web.ordering
import bridge.web.receiving
import bridge.web.smart
from bridge.bulk.job import Limits
from bridge.consent import grants
from bridge.consent.asked import WILDCARD, Way
from bridge.consent.gate import Gate
from bridge.consent.grant import Authoriser, Grant, Recipient
from bridge.fhir.render import Renderer
from bridge.mapping.resources import TYPE_OF
from bridge.net.keys import JwksAnswer
from bridge.net.message import NetFault
from bridge.period import DAY, MINUTE, Period, PeriodSet
from bridge.reading import Device, Readings, SeriesKey, SourceClass, Stream, Unit
from bridge.smart.discovery import token_url
from bridge.smart.jwks import KeySource
from bridge.smart.registration import Registration, client
from bridge.smart.token_endpoint import TokenEndpoint
from bridge.store.artifacts import NewArtifact
from bridge.store.clients import Client
from bridge.store.db import Database
from bridge.store.ids import Name
from bridge.store.series import listed
from bridge.web.meters import Meters
from tests.shipped import mappings
from tests.smart.clock import Clock
from tests.smart.signing import claims, ec_pair, form, jwks, signed

PROJECT: Final = Path(__file__).resolve().parents[2]
BASE_URL: Final = "http://bridge.test"
FHIR: Final = f"{BASE_URL}/fhir"

MASTER: Final = b"k" * 32
NOW: Final = 1_790_000_000_000  # 2026-09-21T14:13:20Z
MIDNIGHT: Final = 1_789_941_600_000  # 2026-09-21T00:00+02:00, Ada's midnight
DAYS: Final = 14
WINDOW: Final = Period(MIDNIGHT - 13 * DAY, MIDNIGHT + DAY)
"""The fourteen local days ending today."""
OLDEST: Final = WINDOW.start - 16 * DAY
STEP: Final = 5 * MINUTE
CANARY: Final = 333
"""The glucose value of every reading outside the window, and of none inside."""
OLD_SERIAL: Final = "CANARY-OLD-SENSOR"
SERIAL: Final = "8GSHOWN"


@dataclasses.dataclass(frozen=True)
class Reading:
    """The oracle's view of one reading."""

    stream: Stream
    series: int
    instant: int
    value: int


def rows_of(at: NDArray[np.int64]) -> NDArray[np.int32]:
    """Row numbers as in a file with one line of headings."""
    return np.arange(2, len(at) + 2, dtype=np.int32)


def glucose(instants: Iterable[int], serial: str) -> Readings:
    at = np.array(sorted(instants), np.int64)
    inside = (at >= WINDOW.start) & (at < WINDOW.end)
    values = np.where(inside, 80 + (at // STEP) % 200, CANARY)
    columns: dict[str, NDArray[np.generic]] = {"instant": at, "value": values, "row": rows_of(at)}
    key = SeriesKey(Stream.GLUCOSE, "dexcom-clarity", serial, Unit.MG_DL, 0)
    return Readings(key, columns, Device("Dexcom", "G6", serial, kind="transmitter"), SourceClass.MAKER)


def capillary(instants: Iterable[int]) -> Readings:
    at = np.array(sorted(instants), np.int64)
    columns: dict[str, NDArray[np.generic]] = {
        "instant": at,
        "value": 50 + (at // DAY) % 40,
        "row": rows_of(at),
    }
    key = SeriesKey(Stream.CAPILLARY, "libreview", "meter", Unit.MMOL_L, 1)
    return Readings(
        key, columns, Device("Abbott", "FreeStyle Libre 2", "METER-1", kind="meter"), SourceClass.MAKER
    )


def every(start: int, end: int, step: int = STEP) -> range:
    return range(start, end, step)


AT_ONCE: Final = Limits(settled=0, pause=0)
"""Exports that nobody waits for: the clock of a world stands still."""


class NoNet:
    """No key server in this world."""

    async def jwks(self, url: str) -> JwksAnswer | NetFault:
        raise AssertionError(f"nobody registered {url}")


class World:
    """One installation with its people and clients, asked over ASGI."""

    def __init__(self, home: Path, limits: Limits = AT_ONCE) -> None:
        self.clock = Clock(NOW)
        self.limits = limits
        self.db = Database.open(home, MASTER, self.clock)
        self.mappings = mappings()
        self.gate = Gate(self.db, self.clock, lambda _: 0)
        self.renderer = Renderer(self.mappings, FHIR, self.db.installation)
        self.meters = Meters()
        self.app = application(self)
        self.uploads = 0
        self.facts: list[tuple[int, Reading]] = []
        self.clinic = self.register("Clinic EHR", "Clinic")
        self.stranger = self.register("Other EHR", "Elsewhere")
        self.ada = self.person("Ada Lovelace", "ada-1")
        self.bob = self.person("Bob Builder", "bob-1")
        old = every(OLDEST, WINDOW.start - DAY)
        self.upload(self.ada, glucose(old, OLD_SERIAL))
        self.upload(self.ada, glucose(every(WINDOW.start - DAY, NOW), SERIAL))
        self.upload(self.ada, capillary(every(OLDEST, NOW, DAY // 4)))
        self.upload(self.bob, glucose(every(WINDOW.start, NOW), "BOBS-SENSOR"))
        self.runner = asyncio.Runner()
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.web = httpx.AsyncClient(transport=transport, base_url=BASE_URL)

    def close(self) -> None:
        self.runner.run(self.web.aclose())
        self.runner.close()
        self.db.close()

    # ------------------------------------------------------------------------------- people, data

    def person(self, name: str, identifier: str) -> int:
        pair = ("urn:example:mrn", identifier)
        return bridge.store.patients.add(self.db, name, date(1980, 1, 2), "Europe/Berlin", (pair,))

    def upload(self, patient: int, *batches: Readings) -> int:
        self.uploads += 1
        content = f"upload {self.uploads}".encode()
        new = NewArtifact(
            batches[0].key.family, hashlib.sha256(content).hexdigest(), batches[0].key.family, "0123abcd",
            "SECRET-FILE.csv", len(content), b"{}", content,
        )  # fmt: skip
        artifact = bridge.store.blocks.absorb(self.db, patient, new, batches).artifact
        rows = listed(self.db.reader("bridge"), patient, self.db.keys.box(patient))
        for batch in batches:
            number = next(row.number for row in rows if row.key == batch.key)
            pairs = zip(batch.columns["instant"].tolist(), batch.columns["value"].tolist(), strict=True)
            self.facts += [(patient, Reading(batch.key.stream, number, at, value)) for at, value in pairs]
        return artifact

    def patient_id(self, number: int) -> str:
        return self.db.ids.one("Patient", Name(number, 0, 0, 0))

    def observation_id(self, reading: Reading, patient: int | None = None) -> str:
        name = Name(patient or self.ada, reading.series, reading.instant, 0)
        return self.db.ids.one(TYPE_OF[reading.stream], name)

    def readings(self, stream: Stream, patient: int | None = None) -> list[Reading]:
        """The oracle: every reading that was uploaded, oldest first."""
        of = self.ada if patient is None else patient
        found = [each for who, each in self.facts if who == of and each.stream is stream]
        return sorted(found, key=lambda each: each.instant)

    def shown(self, stream: Stream = Stream.GLUCOSE, window: Period = WINDOW) -> list[Reading]:
        """What a grant of `window` shows of Ada."""
        return [each for each in self.readings(stream) if each.instant in window]

    def hidden(self, stream: Stream = Stream.GLUCOSE, window: Period = WINDOW) -> list[Reading]:
        """What it does not."""
        return [each for each in self.readings(stream) if each.instant not in window]

    # -------------------------------------------------------------------------------- clients, grants

    def register(self, name: str, organization: str, scope: str = "system/*.rs") -> Client:
        made = client(Registration(name, "backend", organization, jwks=jwks(ec_pair().jwk()), scope=scope))
        bridge.store.clients.add(self.db, made)
        return made

    def grant(self, patient: int | None = None, to: str = "Clinic", **changed: Any) -> str:
        """A signed grant of Ada's window to the clinic, or what `changed` makes of it; its id."""
        base = Grant(
            id=grants.new_id(),
            version=1,
            patient=self.ada if patient is None else patient,
            authoriser=Authoriser("Ada Lovelace"),
            recipient=Recipient(to, frozenset()),
            purpose="TREAT",
            ways=frozenset(Way),
            periods=PeriodSet((WINDOW,)),
            kinds=WILDCARD,
            signed=self.clock(),
            begins=self.clock(),
            ends=self.clock() + 30 * DAY,
            sources=frozenset({"dexcom-clarity", "libreview"}),
        )
        return grants.sign(self.db, dataclasses.replace(base, **changed)).grant.id

    def token(self, who: Client | None = None, scope: str = "system/*.rs") -> str:
        """A fresh access token, through the token endpoint."""
        asker = who or self.clinic
        assertion = signed(ec_pair(), claims(asker.id, token_url(BASE_URL), self.clock()))
        answer = self.ask("POST", "/auth/token", data=form(assertion, scope), token=None)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    # ------------------------------------------------------------------------------------- asking

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = "",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """One request; `token` "" means a fresh one of the clinic, None means none."""
        shown = self.token() if token == "" else token
        sent = ({"Authorization": f"Bearer {shown}"} if shown else {}) | (headers or {})
        return self.runner.run(self.web.request(method, path.removeprefix(BASE_URL), headers=sent, **more))

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("GET", path if path.startswith(("/", "http")) else f"/fhir/{path}", **more)

    def pages(self, path: str, **more: Any) -> list[dict[str, Any]]:
        """Every page of a search, by its next links."""
        found = [self.get(path, **more).json()]
        while following := linked(found[-1], "next"):
            found.append(self.get(following, **more).json())
            assert len(found) < 1000
        return found

    def search(self, path: str, **more: Any) -> list[dict[str, Any]]:
        """Every match of a search, over all its pages."""
        return [each for page in self.pages(path, **more) for each in resources(page)]


def application(world: World) -> Starlette:
    """The routes as the composition root mounts them."""
    endpoint = TokenEndpoint(world.db, KeySource(NoNet(), world.clock), token_url(BASE_URL))
    return Starlette(
        routes=[
            *bridge.web.smart.routes(endpoint, BASE_URL, world.meters),
            *bridge.web.receiving.routes(
                world.gate, world.renderer, world.db, world.clock, world.meters, world.mappings
            ),
            *bridge.web.ordering.routes(world.gate, world.renderer, world.db, world.clock, world.meters),
            *bridge.web.fhir.routes(
                world.gate, world.renderer, world.db, world.clock, world.meters, world.limits
            ),
            *bridge.web.health.routes(world.db, world.meters),
        ]
    )


def linked(bundle: dict[str, Any], relation: str) -> str | None:
    found = [each["url"] for each in bundle.get("link", []) if each["relation"] == relation]
    return str(found[0]) if found else None


def resources(bundle: dict[str, Any], mode: str = "match") -> list[dict[str, Any]]:
    entries = bundle.get("entry", [])
    return [each["resource"] for each in entries if each.get("search", {}).get("mode", mode) == mode]


def instants(observations: Sequence[dict[str, Any]]) -> list[str]:
    return [each["effectiveDateTime"] for each in observations]


def outcome(answer: httpx.Response) -> dict[str, Any]:
    """The OperationOutcome of an answer that is an error."""
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"
    found = answer.json()
    assert found["resourceType"] == "OperationOutcome", found
    assert all(issue["severity"] in ("error", "fatal") and issue["diagnostics"] for issue in found["issue"])
    return dict(found)


_VALUE: Final = re.compile(rf'"value"\s*:\s*{CANARY}\b|<value value="{CANARY}"')
_TIMES: Final = re.compile(
    r'"effective(?:DateTime|Instant)"\s*:\s*"([^"]+)|<effective(?:DateTime|Instant) value="([^"]+)'
    r'|"effectivePeriod"\s*:\s*\{\s*"start"\s*:\s*"([^"]+)|<effectivePeriod><start value="([^"]+)'
)
_SAMPLES: Final = re.compile(r'(?:"data"\s*:\s*|<data value=)"([^"]*)"')
_SECRETS: Final = (OLD_SERIAL, "CANARY-", "SECRET-FILE", "BOBS-SENSOR", "Bob Builder")


def leaks(world: World, answer: httpx.Response) -> list[str]:
    """Everything in an answer that the plain grant hides."""
    text = answer.text + "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    found = [secret for secret in _SECRETS if secret in text] + _VALUE.findall(text)
    found += [each for data in _SAMPLES.findall(text) for each in data.split() if each == str(CANARY)]
    for told in ("".join(each) for each in _TIMES.findall(text)):
        if int(datetime.fromisoformat(told).timestamp() * 1000) not in WINDOW:
            found.append(told)
    hidden = {world.observation_id(each) for each in world.hidden()[::97]}
    return found + [name for name in hidden if name in text]
