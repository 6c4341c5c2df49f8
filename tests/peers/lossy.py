"""A wire between the bridge and a peer that loses answers: the peer did what was asked, and nobody is told.

Law: it hands every request on as it is, to loopback alone, and the answer back as it is. The next `losses` writes are
handed on too, but the connection breaks before their answer is whole. It knows no FHIR.

Rejected: breaking it inside the peer (HAPI cannot be told to), and a proxy of bytes (it cannot tell a write from a
search on the same connection).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx
import uvicorn
from starlette.types import Receive, Scope, Send

WRITES: Final = ("POST", "PUT")
SECONDS: Final = 60.0
OWN: Final = frozenset({b"host", b"content-length", b"connection", b"accept-encoding"})
BACK: Final = frozenset({"content-type", "location", "etag", "last-modified"})


@dataclass
class Wire:
    """A running wire to the FHIR base `to`. `losses`: so many answers of coming writes are lost; `lost`: how many
    were."""

    to: str
    url: str = ""
    losses: int = 0
    lost: int = 0
    writes: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, there and back."""
        if scope["type"] != "http":
            return
        answer = await self._there(scope, await _body(receive))
        is_write = scope["method"] in WRITES
        if is_write and self.losses:
            self.losses, self.lost = self.losses - 1, self.lost + 1
            await _torn(send)
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items() if name in BACK]
        await send(
            {
                "type": "http.response.start",
                "status": answer.status_code,
                "headers": [*headers, (b"content-length", str(len(answer.content)).encode())],
            }
        )
        await send({"type": "http.response.body", "body": answer.content})

    async def _there(self, scope: Scope, body: bytes) -> httpx.Response:
        where = f"{self.to}{scope['path'].removeprefix('/fhir')}"
        query = scope["query_string"].decode()
        headers = [(name, value) for name, value in scope["headers"] if name not in OWN]
        if scope["method"] in WRITES:
            self.writes.append(scope["path"].removeprefix("/fhir").strip("/"))
        async with httpx.AsyncClient(timeout=SECONDS) as client:
            return await client.request(
                scope["method"], f"{where}?{query}" if query else where, content=body, headers=headers
            )


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def _torn(send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"99999")]})
    raise ConnectionAbortedError("this answer is lost")


@contextmanager
def wire(to: str) -> Iterator[Wire]:
    """A wire to a FHIR base, on loopback, until the block ends."""
    made = Wire(to)
    listening = socket.create_server(("127.0.0.1", 0))
    made.url = f"http://127.0.0.1:{listening.getsockname()[1]}/fhir"
    server = uvicorn.Server(uvicorn.Config(made, log_level="critical", lifespan="off", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)
        listening.close()
