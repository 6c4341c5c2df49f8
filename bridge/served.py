"""The web application over an opened bridge: which routes it has, and what runs beside them.

Law: nothing here decides: it puts together what `app.py` opened and what `bridge/web` answers. A process that
does not serve imports nothing of this. What is wrong with home or mappings is said before anything listens.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final

from fastapi import FastAPI
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

import bridge.settings
import bridge.web.account
import bridge.web.clinic_codes
import bridge.web.codes
import bridge.web.consenting
import bridge.web.disclosures
import bridge.web.docs
import bridge.web.fhir
import bridge.web.health
import bridge.web.home
import bridge.web.launching
import bridge.web.ordering
import bridge.web.receiving
import bridge.web.recipients
import bridge.web.report
import bridge.web.session
import bridge.web.shares
import bridge.web.signin
import bridge.web.smart
import bridge.web.sources
import bridge.web.staff
import bridge.web.static
import bridge.web.troubles
import bridge.web.whose
from bridge import __version__
from bridge.app import Bridge, clock, opened
from bridge.net.keys import KeyFetcher
from bridge.net.listener import Listening, listening
from bridge.people.erasure import carry_out
from bridge.people.majority import come_of_age
from bridge.people.oidc import Provider
from bridge.people.throttle import forget
from bridge.period import HOUR
from bridge.push import announced
from bridge.settings import Settings, staff_secret
from bridge.smart.discovery import token_url
from bridge.smart.ehr_launch import EhrApp
from bridge.smart.jwks import KeySource
from bridge.smart.token_endpoint import TokenEndpoint
from bridge.store.anchors import anchor
from bridge.web.meters import Meters

GC_THRESHOLD: Final = 100_000
"""Collections are rare: a page makes few cycles, and a full collection costs more than the page."""


class Served(FastAPI):
    """FastAPI for the rest, and the FHIR routes before its layers: they answer every mistake themselves, and
    what the layers cost is half of a read."""

    fhir: Router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the lifespan."""
        if scope["type"] == "http" and (scope["path"] + "/").startswith("/fhir/"):
            await self.fhir(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, object]:
        """The OpenAPI document: FastAPI's routes and those that stand before it."""
        return bridge.web.docs.described(super().openapi())


def built(found: Bridge, *, worker: bool = True) -> Served:
    """The web application over an opened bridge; it is closed when the application stops."""
    application = Served(
        title="CGM bridge",
        version=__version__,
        lifespan=_lifespan(found, worker),
        docs_url=None,  # FastAPI's pages load scripts from other people's servers; ours is web/docs.py
        redoc_url=None,
    )
    meters = Meters()
    base = found.settings.base_url
    keys = KeySource(KeyFetcher(found.outbound), clock)
    fhir = bridge.web.fhir.routes(found.gate, found.renderer, found.db, clock, meters)
    ordered = bridge.web.ordering.routes(found.gate, found.renderer, found.db, clock, meters)
    received = bridge.web.receiving.routes(
        found.gate, found.renderer, found.db, clock, meters, found.mappings
    )
    smart = bridge.web.smart.routes(TokenEndpoint(found.db, keys, token_url(base)), base, meters)
    application.fhir = Router([*smart, *received, *ordered, *fhir])
    health = bridge.web.health.routes(found.db, meters)
    bridge.web.session.install(application, found.db, clock, base)
    application.router.routes[:0] = [
        *smart,
        *received,
        *ordered,
        *fhir,
        *health,
        *bridge.web.docs.routes(),
        *_pages(found),
    ]
    bridge.web.troubles.install(application)
    return application


def _pages(found: Bridge) -> list[Route]:
    """The pages that people see."""
    app = EhrApp(found.db, found.outbound, found.settings.base_url)
    return [
        *bridge.web.static.routes(),
        *bridge.web.signin.routes(),
        *bridge.web.account.routes(),
        *bridge.web.staff.routes(found.outbound, _provider(found.settings)),
        *bridge.web.home.routes(),
        *bridge.web.whose.routes(),
        *bridge.web.consenting.routes(found.gate),
        *bridge.web.shares.routes(found.gate),
        *bridge.web.disclosures.routes(),
        *bridge.web.sources.routes(),
        *bridge.web.report.routes(found.gate),
        *bridge.web.launching.routes(app),
        *bridge.web.codes.routes(app),
        *bridge.web.clinic_codes.routes(app),
        *bridge.web.recipients.routes(),
    ]


def _provider(settings: Settings) -> Provider | None:
    """The identity provider of the staff, where the settings name one."""
    if not settings.staff_issuer:
        return None
    return Provider(settings.staff_issuer, settings.staff_client, staff_secret(settings))


def serving() -> FastAPI:
    """What a server process starts: settings from the environment, BRIDGE_WORKER=0 for no deliveries."""
    settings = bridge.settings.load()
    return built(opened(settings), worker=settings.worker)


def rarely_collected() -> None:
    """Garbage collection as a server has it once it has started: what stays is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 50, 50)


def _lifespan(found: Bridge, worker: bool) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        rarely_collected()
        stop = asyncio.Event()
        tasks = [asyncio.create_task(_anchored(found, stop))]
        if worker:
            tasks.append(asyncio.create_task(found.worker.run(stop)))
            tasks.append(asyncio.create_task(found.notifier.run(stop)))
        try:
            async with _announced(found):
                yield
        finally:
            stop.set()
            await asyncio.gather(*tasks, return_exceptions=True)
            anchor(found.db)
            found.close()

    return lifespan


@asynccontextmanager
async def _announced(found: Bridge) -> AsyncIterator[None]:
    """Hospitals announce changes of records, where the settings say so."""
    line = found.settings.adt
    if line is None:
        yield
        return
    pem = [None if each is None else str(each) for each in (line.certificate, line.authority)]
    where = Listening(line.host, line.port, *pem)

    async def heard(sender: str, body: bytes) -> bytes:
        return await asyncio.to_thread(announced.heard, found.db, sender, body)

    async with listening(where, lambda sender: announced.allowed(found.db, sender), heard):
        yield


def _hourly(found: Bridge) -> None:
    """What time alone decides: erasures that are due, what ends at majority, failures long past."""
    carry_out(found.db, found.now())
    come_of_age(found.db, found.now())
    forget(found.db, found.now())


async def _anchored(found: Bridge, stop: asyncio.Event) -> None:
    """An anchor every hour, until `stop`."""
    while not stop.is_set():
        found.gate.flush(before=found.now() // HOUR * HOUR)
        await asyncio.to_thread(_hourly, found)
        await asyncio.to_thread(anchor, found.db)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), HOUR / 1000)
