"""A hospital in a thread: the demonstration's receiver over real HTTP, with faults that a script orders.

A fault stands for one POST of a transaction; after the script is spent, everything works. What was
committed, refused or torn can be read from `posts`, what the chart holds from `chart`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.demo.chart import Chart
from bridge.demo.receiver import app, patient

IDENTIFIER = ("https://hospital.example/mrn", "0042")
NAME, BIRTH = "Robin Example", "1990-04-01"


@dataclass(frozen=True)
class Say:
    """Answer with this status and nothing is done."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"{}"


@dataclass(frozen=True)
class Torn:
    """Break the connection: after the transaction was committed, or before."""

    committed: bool = True


@dataclass(frozen=True)
class Slow:
    """Commit, then answer only after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Cut:
    """Commit all, but answer only the first `entries` of the transaction-response."""

    entries: int


@dataclass(frozen=True)
class Refuse:
    """Answer each entry whose place is in `places` with `status`, and do the others."""

    places: frozenset[int]
    status: str


@dataclass(frozen=True)
class Swollen:
    """Commit, then answer with so many bytes."""

    size: int


Fault = Say | Torn | Slow | Cut | Refuse | Swollen


@dataclass
class Twin:
    """The running hospital. `script`: a fault for each coming POST; `gets`: for each coming GET;
    `on_post`: happens in the hospital's thread before a POST is dealt with."""

    url: str = ""
    chart: Chart = field(default_factory=Chart)
    script: list[Fault] = field(default_factory=list)
    gets: list[Say] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    on_post: Callable[[], None] = lambda: None

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1].split("/")[0])

    def observations(self) -> list[dict[str, Any]]:
        return list(self.chart.shelves.get("Observation", {}).values())

    def identifiers(self) -> list[str]:
        return sorted(each["identifier"][0]["value"] for each in self.observations())

    def show(self, **changes: Any) -> None:
        """Change what the receiver says of the patient."""
        self.chart.shelves["Patient"]["p1"].update(changes)


class _Faulty:
    """Does as the script says around the receiver's own application."""

    def __init__(self, inner: ASGIApp, twin: Twin) -> None:
        self.inner, self.twin = inner, twin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        headers = dict(scope["headers"])
        self.twin.tokens.append(headers.get(b"authorization", b"").decode())
        if scope["method"] != "POST":
            await self._get(scope, receive, send)
            return
        body = await _body(receive)
        self.twin.posts.append(json.loads(body))
        self.twin.on_post()
        fault = self.twin.script.pop(0) if self.twin.script else None
        await self._post(scope, body, send, fault)

    async def _get(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.twin.gets:
            await _say(send, self.twin.gets.pop(0))
        else:
            await self.inner(scope, receive, send)

    async def _post(self, scope: Scope, body: bytes, send: Send, fault: Fault | None) -> None:
        if isinstance(fault, Say):
            await _say(send, fault)
            return
        if isinstance(fault, Refuse):
            body = _without(body, fault.places)
        said: list[Message] = []
        if not (isinstance(fault, Torn) and not fault.committed):
            await self.inner(scope, _replay(body), _into(said))
        if isinstance(fault, Torn):
            promised = [(b"content-length", b"99999")]
            await send({"type": "http.response.start", "status": 200, "headers": promised})
            raise ConnectionAbortedError("as the script says")
        if isinstance(fault, Slow):
            await asyncio.sleep(fault.seconds)
        if isinstance(fault, Cut | Refuse):
            said = _edited(said, fault)
        if isinstance(fault, Swollen):
            await _say(send, Say(200, body=b" " * fault.size))
            return
        for message in said:
            await send(message)


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _into(said: list[Message]) -> Send:
    async def send(message: Message) -> None:
        said.append(message)

    return send


async def _say(send: Send, what: Say) -> None:
    headers = [(b"content-type", b"application/fhir+json"), (b"content-length", str(len(what.body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in what.headers]
    await send({"type": "http.response.start", "status": what.status, "headers": headers})
    await send({"type": "http.response.body", "body": what.body})


def _without(body: bytes, places: frozenset[int]) -> bytes:
    bundle = json.loads(body)
    bundle["entry"] = [each for place, each in enumerate(bundle["entry"]) if place not in places]
    return json.dumps(bundle).encode()


def _edited(said: list[Message], fault: Cut | Refuse) -> list[Message]:
    bundle = json.loads(said[1]["body"])
    if isinstance(fault, Cut):
        bundle["entry"] = bundle["entry"][: fault.entries]
    else:
        for place in sorted(fault.places):
            bundle["entry"].insert(place, {"response": {"status": fault.status}})
    body = json.dumps(bundle).encode()
    start = {**said[0], "headers": [(b"content-length", str(len(body)).encode())]}
    return [start, {**said[1], "body": body}]


@contextmanager
def hospital() -> Iterator[Twin]:
    """A hospital with one patient, listening on loopback until the block ends."""
    twin = Twin()
    twin.chart.put_patient(patient(NAME, BIRTH, IDENTIFIER))
    listening = socket.create_server(("127.0.0.1", 0))
    twin.url = f"http://127.0.0.1:{listening.getsockname()[1]}/fhir"
    faulty = _Faulty(app(twin.chart), twin)
    config = uvicorn.Config(faulty, log_level="critical", lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield twin
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(10)
        listening.close()
