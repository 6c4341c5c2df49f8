"""Calls from browsers of other origins: who may read the answer (Fetch standard, CORS protocol).

Law: an origin is let in because a client registered an address there (`smart/origins.py`), and an answer that
depends on it says `Vary: Origin`. A preflight carries no token, so it is answered before the guard, the same for
every address: whether one exists stays untold. Cookies are never asked for: there is no Allow-Credentials.
"""

from __future__ import annotations

from typing import Final

from starlette.types import Message, Send

from bridge.smart.origins import is_registered
from bridge.store.db import Database
from bridge.web.call import Call

ORIGIN: Final = b"origin"
ASKED: Final = b"access-control-request-method"
VARY: Final = (b"vary", b"Origin")
_PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"GET, HEAD, POST, DELETE"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, Accept, Prefer, If-None-Match"),
    (b"access-control-max-age", b"600"),
)
_EXPOSED: Final = (
    b"access-control-expose-headers",
    b"ETag, Last-Modified, WWW-Authenticate, Retry-After, Content-Location, Expires, X-Progress",
)


def is_preflight(call: Call) -> bool:
    """Whether a browser asks beforehand."""
    return call.method == "OPTIONS" and bool(call.header(ORIGIN)) and bool(call.header(ASKED))


async def preflight(db: Database, call: Call, send: Send) -> bool:
    """Answer a preflight of a registered origin; False where it is none."""
    if not is_preflight(call) or not is_registered(db, call.header(ORIGIN).decode("latin-1")):
        return False
    headers = [(b"access-control-allow-origin", call.header(ORIGIN)), *_PREFLIGHT, VARY]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
    return True


def readable(db: Database, call: Call, send: Send) -> Send:
    """The same way out, with what lets a registered origin read the answer. An answer to a token is for the
    origins of its client alone."""
    shown = call.header(ORIGIN).decode("latin-1")
    if not shown:
        return send

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            if not any(name == b"access-control-allow-origin" for name, _ in headers):
                headers.append(VARY)
                if is_registered(db, shown, call.asker()):
                    headers += [(b"access-control-allow-origin", call.header(ORIGIN)), _EXPOSED]
            message = {**message, "headers": headers}
        await send(message)

    return sending
