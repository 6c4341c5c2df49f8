"""An endpoint that listens on loopback, keeps what it was sent and answers as it is told; and a world to notify it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import httpx

import bridge.store.recipients as recipients
import bridge.store.subscriptions as kept
from bridge.fhir.subscriptions import CONTENT, FILTER, HEARTBEAT, TOPIC
from bridge.net.client import Outbound
from bridge.net.endpoint import Endpoint, Purpose, endpoint
from bridge.net.message import Call
from bridge.period import MINUTE, Instant
from bridge.store.clients import Client
from bridge.store.db import Database
from bridge.subscriptions.where import spelled
from bridge.subscriptions.worker import Notifier
from tests.web.world import NOW, SERIAL, World, glucose

SCOPE: Final = "system/Subscription.cruds system/*.rs"
KINDS: Final = ("handshake", "heartbeat", "event-notification")
FHIR: Final = {"Content-Type": "application/fhir+json"}


class Twin:
    """The endpoint. `answers`: (status, headers) in turn, the last one for good; `sleeps`: seconds before it."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[tuple[int, dict[str, str]]] = [(200, {})]
        self.sleeps = 0.0
        twin = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # whoever sent it was killed
                twin.bodies.append(body)
                if body.startswith(b"{"):
                    twin.got.append(json.loads(body))
                twin.headers.append({name.lower(): value for name, value in self.headers.items()})
                time.sleep(twin.sleeps)
                status, headers = twin.answers.pop(0) if len(twin.answers) > 1 else twin.answers[0]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def types(self) -> list[str]:
        """What each notification was."""
        return [said(each, "type")["valueCode"] for each in self.got]

    def kinds(self) -> Iterator[str]:
        """What each was, in JSON or in XML, by its letters alone."""
        for body in self.bodies:
            yield from (each for each in KINDS if f'"{each}"'.encode() in body)

    def numbers(self) -> list[int]:
        """The numbers of all events, in the order in which they came."""
        return [number for each in self.got for number in events(each)]

    def names(self) -> list[str]:
        """The readings that were named, in that order."""
        return [name for each in self.got for name in focuses(each)]


@contextmanager
def listening() -> Iterator[Twin]:
    """An endpoint that listens."""
    twin = Twin()
    thread = threading.Thread(target=twin.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield twin
    finally:
        twin.server.shutdown()
        twin.server.server_close()


def status(bundle: dict[str, Any]) -> dict[str, Any]:
    """The status of a notification."""
    assert bundle["type"] == "history"
    assert all("request" in each and "response" in each for each in bundle["entry"])
    return dict(bundle["entry"][0]["resource"])


def said(bundle: dict[str, Any], name: str) -> dict[str, Any]:
    """The one parameter of that name."""
    (found,) = [each for each in status(bundle)["parameter"] if each["name"] == name]
    return dict(found)


def count(bundle: dict[str, Any]) -> int:
    """How many events there were."""
    return int(said(bundle, "events-since-subscription-start")["valueString"])


def _parts(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    found = [each["part"] for each in status(bundle)["parameter"] if each["name"] == "notification-event"]
    return [{part["name"]: part for part in each} for each in found]


def events(bundle: dict[str, Any]) -> list[int]:
    """The numbers of its events."""
    return [int(each["event-number"]["valueString"]) for each in _parts(bundle)]


def focuses(bundle: dict[str, Any]) -> list[str]:
    """The readings that its events name, which are those of its entries."""
    found = [each["focus"]["valueReference"]["reference"] for each in _parts(bundle) if "focus" in each]
    named = [each["request"]["url"] for each in bundle["entry"][1:]]
    assert sorted(set(found)) == sorted(named)
    return found


def outbound(db: Database, clock: Callable[[], Instant], calls: list[Call] | None = None) -> Outbound:
    """The way out to endpoints that are registered."""

    def allowed(_: Purpose) -> list[Endpoint]:
        told = kept.origins(db)
        found = (endpoint(Purpose.NOTIFICATION, url, internal) for url, internal in told)
        return [each for each in found if each is not None]

    register = ([] if calls is None else calls).append
    return Outbound(allowed, register, clock, allow_loopback=True)


class Feeds:
    """A world whose clinic may subscribe, its notifier, and verbs for what happens."""

    def __init__(self, home: Path, twin: Twin) -> None:
        self.world, self.twin = World(home), twin
        self.calls: list[Call] = []
        self.clinic = self.register("Feeding EHR", "Clinic")
        self.notifier = self.another()
        self.at = NOW

    def another(self) -> Notifier:
        """A notifier as another process has it."""
        world = self.world
        net = outbound(world.db, world.clock, self.calls)
        return Notifier(world.db, world.gate, world.renderer, net, world.clock, chance=lambda: 0.5)

    def register(self, name: str, organization: str) -> Client:
        """A client that may be notified at the twin, and whose recipient is monitored and verified."""
        from bridge.net.endpoint import origin
        from bridge.store.verifications import verify

        made = self.world.register(name, organization, SCOPE)
        where = origin(self.twin.url)
        assert where is not None
        kept.allow(self.world.db, made.id, spelled(where))
        known = recipients.Known(organization, watcher="Dr. Example", hours="weekdays 9 to 16")
        for each in (self.world.clinic, made):
            if each.organization == organization:
                verify(self.world.db, each, known)
        return made

    def allow(self, origin: str) -> None:
        """Register an origin for the clinic, and have it verified as it is then."""
        from bridge.store.verifications import verify

        kept.allow(self.world.db, self.clinic.id, origin)
        verify(self.world.db, self.clinic, recipients.find(self.world.db, "Clinic"))

    def ask(self, method: str, path: str, who: Client | None = None, **more: Any) -> httpx.Response:
        """One request of a client with a fresh token."""
        token = self.world.token(who or self.clinic, SCOPE)
        return self.world.ask(method, f"/fhir/{path}", token=token, **more)

    def wanted(self, **changed: Any) -> dict[str, Any]:
        """A Subscription about Ada; `changed`: whom, content, heartbeat, headers, and members."""
        whom = changed.pop("whom", self.world.patient_id(self.world.ada))
        beat, content = changed.pop("heartbeat", None), changed.pop("content", "id-only")
        channel: dict[str, Any] = {
            "type": "rest-hook",
            "endpoint": changed.pop("endpoint", self.twin.url),
            "payload": "application/fhir+json",
            "_payload": {"extension": [{"url": CONTENT, "valueCode": content}]},
        }
        if beat:
            channel["extension"] = [{"url": HEARTBEAT, "valueUnsignedInt": beat}]
        if "headers" in changed:
            channel["header"] = changed.pop("headers")
        channel |= changed.pop("channel", {})
        return {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "to know when to look",
            "criteria": TOPIC,
            "_criteria": {
                "extension": [{"url": FILTER, "valueString": f"Observation?patient=Patient/{whom}"}]
            },
            "channel": channel,
            **changed,
        }

    def post(self, who: Client | None = None, **changed: Any) -> httpx.Response:
        """Create one."""
        return self.ask("POST", "Subscription", who, json=self.wanted(**changed), headers=FHIR)

    def subscribe(self, **changed: Any) -> str:
        """Create one and shake hands; its id."""
        answer = self.post(**changed)
        assert answer.status_code == 201, answer.text
        self.turn()
        return str(answer.json()["id"])

    def turn(self, minutes: float = 1, notifier: Notifier | None = None) -> None:
        """Time goes by; then a turn of everything."""
        self.world.clock.pass_seconds(minutes * 60)
        self.world.runner.run((notifier or self.notifier).once())

    def bring(self, how_many: int = 1, patient: int | None = None) -> list[str]:
        """New readings of Ada's (or whose) sensor, inside her window; their references."""
        start = self.at
        self.at += how_many * 5 * MINUTE
        self.world.clock.pass_seconds(1)
        whose = self.world.ada if patient is None else patient
        self.world.upload(whose, glucose(range(start, self.at, 5 * MINUTE), SERIAL))
        told = self.world.facts[-how_many:]
        return [f"Observation/{self.world.observation_id(each, whose)}" for _, each in told]

    def hide(self) -> None:
        """A reading that is outside of every window."""
        self.world.clock.pass_seconds(1)
        start = NOW - 400 * 24 * 60 * MINUTE + self.world.uploads * MINUTE * 5
        self.world.upload(self.world.ada, glucose(range(start, start + MINUTE, MINUTE), SERIAL))

    def read(self, id_: str, who: Client | None = None) -> dict[str, Any]:
        """The Subscription."""
        return dict(self.ask("GET", f"Subscription/{id_}", who).json())

    def put(self, id_: str, status: str, **changed: Any) -> httpx.Response:
        """Change it."""
        body = self.wanted(**changed) | {"id": id_, "status": status}
        return self.ask("PUT", f"Subscription/{id_}", json=body, headers=FHIR)
