"""The builder of routes under /fhir: who may ask, which methods, and one way out for every mistake.

Law: a route under /fhir that is not one of the open two cannot be built without its guard: it is a
TypeError when the program starts, not an oversight found later (`architecture.md`, laws: absence means
no). The guard answers before path, method or body are looked at, so nobody without a token learns which
addresses exist. Every mistake, ours too, is an OperationOutcome.

Rejected: FastAPI dependencies (59 µs a request, and a forgotten one is silence).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, Protocol, TypeAlias

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bridge.consent.gate import Gate, LedgerUnavailable, Moved
from bridge.consent.memory import Memory
from bridge.fhir.outcome import (
    BROKEN,
    MOVED,
    NO_LEDGER,
    NOT_ACCEPTABLE,
    NOT_OFFERED,
    problem,
)
from bridge.fhir.render import JSON
from bridge.period import Instant
from bridge.smart.discovery import BRANDS_PATH
from bridge.smart.tokens import Bearer, Refusal, authenticate
from bridge.store.db import Database
from bridge.web.call import TWICE, Call, Refused
from bridge.web.cors import ORIGIN, preflight, readable
from bridge.web.desk import Desk
from bridge.web.negotiate import acceptable, is_named
from bridge.web.owner import owner_bearer
from bridge.web.response import Nothing

OPEN_PATHS: Final = frozenset(
    {"/fhir/metadata", "/fhir/.well-known/smart-configuration", "/fhir/.well-known/openid-configuration",
     BRANDS_PATH}
)  # fmt: skip
NOTHING_ELSE: Final[frozenset[str]] = frozenset()
_log: Final = logging.getLogger("bridge.web")


class Reply(Protocol):
    """Something that can be sent as the answer to a call and settles what was in it."""

    status: int

    async def send(self, call: Call, send: Send, gate: Gate) -> None:
        """Answer `call`, then settle."""


Handler: TypeAlias = Callable[[Call], Awaitable[Reply]]
"""Answers one method of one route; behind a guard `call.bearer` says who asks."""


class Guard:
    """Lets holders of a living access token through (RFC 6750 2.1)."""

    def __init__(self, db: Database, clock: Callable[[], Instant]) -> None:
        self._db = db
        self._clock = clock
        self._memory = Memory(db)

    def bearer(self, call: Call) -> Bearer:
        """Who is asking; Refused with 401 where nobody is."""
        if call.is_twice:
            raise Refused(TWICE)
        shown = call.headers.get(b"authorization")
        header = None if shown is None else shown.decode("latin-1")
        now = self._clock()
        found = owner_bearer(self._db, header, now) or authenticate(self._db, header, now, self._memory)
        if isinstance(found, Bearer):
            return found
        raise Refused(problem(401, found.sentence), _challenge(found))


def route(
    path: str,
    handlers: Mapping[str, Handler],
    *,
    desk: Desk,
    permit: Guard | None = None,
    makes: frozenset[str] = NOTHING_ELSE,
) -> Route:
    """A route that answers the methods of `handlers` (HEAD where there is GET, OPTIONS always). TypeError
    where a path that is not open has no guard, or an open one has. `makes`: media types that it answers with
    besides JSON and XML of FHIR."""
    if permit is None and path not in OPEN_PATHS:
        raise TypeError(f"{path} is not open: a route without its permit cannot be built")
    if permit is not None and (path in OPEN_PATHS or not isinstance(permit, Guard)):
        raise TypeError(f"{path} cannot be built with the permit {permit!r}")
    return Route(path, Endpoint(path, handlers, desk, permit, makes))


class Endpoint:
    """One route as an ASGI application."""

    def __init__(
        self,
        path: str,
        handlers: Mapping[str, Handler],
        desk: Desk,
        permit: Guard | None,
        makes: frozenset[str] = NOTHING_ELSE,
    ) -> None:
        self._path = path
        self._makes = makes
        self._handlers = dict(handlers)
        self._desk = desk
        self._permit = permit
        if "GET" in self._handlers:
            self._handlers["HEAD"] = self._handlers["GET"]
        self._allow = {"Allow": ", ".join([*self._handlers, "OPTIONS"])}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(scope, receive)
        if ORIGIN in call.headers:
            if await preflight(self._desk.db, call, send):
                return
            send = readable(self._desk.db, call, send)
        try:
            reply = await self._judged(call)
            self._desk.meters.count(self._path, call.method, reply.status)
            await reply.send(call, send, self._desk.gate)
        except OSError:
            _log.info("an asker left before its answer was sent")

    async def _judged(self, call: Call) -> Reply:
        """The answer, whatever happens: a mistake of ours is a 500 without a word about its cause."""
        try:
            return await self._answer(call)
        except Refused as refused:
            return self._desk.refusal(refused.problem, refused.headers, call.notation)
        except Moved:
            return self._desk.refusal(MOVED, {"Retry-After": "1"}, call.notation)
        except LedgerUnavailable:
            _log.exception("the ledger is unavailable, nothing leaves")
            return self._desk.refusal(NO_LEDGER, {"Retry-After": "30"}, call.notation)
        except ConnectionAbortedError:
            raise
        except Exception:
            _log.exception("%s %s failed", call.method, self._path)
            return self._desk.refusal(BROKEN, None, call.notation)

    async def _answer(self, call: Call) -> Reply:
        accept = call.header(b"accept")
        accepted = acceptable(accept, None) or (JSON if is_named(accept, self._makes) else None)
        call.notation = accepted or JSON
        if self._permit is not None:
            call.bearer = self._permit.bearer(call)
        handler = self._handlers.get(call.method)
        if handler is None:
            return Nothing(204, self._allow) if call.method == "OPTIONS" else self._not_offered(call)
        if b"_format" in call.query and (form := wanted(call.pairs())) is not None:
            accepted = acceptable(b"", form)
        if accepted is None:
            raise Refused(NOT_ACCEPTABLE)
        call.notation = accepted
        return await handler(call)

    def _not_offered(self, call: Call) -> Reply:
        return self._desk.refusal(NOT_OFFERED, self._allow, call.notation)


def wanted(pairs: Iterable[tuple[str, str]]) -> str | None:
    """The value of `_format`, None where it is not asked for."""
    return next((value for name, value in pairs if name == "_format"), None)


def _challenge(refusal: Refusal) -> dict[str, str]:
    """RFC 6750 3: what to bring; the error only where something was shown."""
    error = f', error="{refusal.error}"' if refusal.error else ""
    return {"WWW-Authenticate": f'Bearer realm="fhir"{error}'}
