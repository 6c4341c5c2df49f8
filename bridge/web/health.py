"""Is the process alive, can it answer, and how much has it answered.

Law: open to whoever can reach the port, so it says nothing about people, clients, versions or why
something failed; the reason is in the log. Ready means that the three files can be read and that the
ledger can be written, because without the ledger nothing leaves (`architecture.md`, laws).
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import bridge.store.pulse
from bridge.store.db import Database
from bridge.web.meters import CONTENT_TYPE, Meters

NO_STORE: Final = {"Cache-Control": "no-store"}
_log: Final = logging.getLogger("bridge.web")


def routes(db: Database, meters: Meters) -> list[Route]:
    """/health/live, /health/ready and /metrics."""

    async def live(_: Request) -> Response:
        return PlainTextResponse("alive\n", headers=NO_STORE)

    async def ready(_: Request) -> Response:
        ailment = await asyncio.to_thread(bridge.store.pulse.ailment, db)
        if ailment is None:
            return PlainTextResponse("ready\n", headers=NO_STORE)
        _log.error("not ready: %s", ailment)
        return PlainTextResponse("not ready\n", 503, headers=NO_STORE)

    async def metrics(_: Request) -> Response:
        return PlainTextResponse(meters.text(), headers=NO_STORE, media_type=CONTENT_TYPE)

    return [Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)]
