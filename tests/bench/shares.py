"""Where the time of a page goes inside the server: token, grants and decision; ledger; the rest.

Law: the real application answers, in this process; timers are put around the functions that do the work
and taken off again. Token, grants and decision are held against the whole page, and against the same page with a
Disclosure that was made before (rendered and sent, nothing asked of the gate); the ledger against the whole
page. Ratios of one run, no absolute times.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import httpx

import bridge.web.route as route_module
from bridge.app import opened
from bridge.consent.gate import Gate
from bridge.served import built
from bridge.settings import load
from bridge.store.ledger import Ledger
from tests.bench.figures import PAGE, Row
from tests.bench.home import Home, fetched_token

ROUNDS = 300


class Timer:
    """Thread time spent inside wrapped functions."""

    def __init__(self) -> None:
        self.spent = 0.0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, timed."""

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.spent += time.thread_time() - start

        return timed


def shares(home: Home) -> list[Row]:
    """The shares of a 1,000-entry page."""
    decision, ledger = Timer(), Timer()
    with ExitStack() as stack:
        stack.enter_context(patch.object(Gate, "_look", decision.around(Gate._look)))
        stack.enter_context(
            patch.object(route_module.Guard, "bearer", decision.around(route_module.Guard.bearer))
        )
        for name in ("_flush", "settle"):
            stack.enter_context(patch.object(Ledger, name, ledger.around(getattr(Ledger, name))))
        whole = asyncio.run(_asked(home, decision, ledger))
    with ExitStack() as stack:
        for owner, name in ((Gate, "disclose"), (route_module.Guard, "bearer")):
            stack.enter_context(patch.object(owner, name, _remembered(getattr(owner, name))))
        made_before = asyncio.run(_asked(home))
    first, alone, second = decision.spent / whole, decision.spent / made_before, ledger.spent / whole
    return [
        Row("token, grants and decision, of the page", f"{first:.0%}", "< 15 %", first < 0.15),
        Row("the same, of a page made before", f"{alone:.0%}", "< 15 %", alone < 0.15),
        Row("ledger, of the page", f"{second:.0%}", "< 35 %", second < 0.35),
    ]


def _remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which does its work once and then gives what it gave."""
    kept: list[Any] = []

    @functools.wraps(function)
    def once(*args: Any, **kwargs: Any) -> Any:
        if not kept:
            kept.append(function(*args, **kwargs))
        return kept[0]

    @functools.wraps(function)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        if not kept:
            kept.append(await function(*args, **kwargs))
        return kept[0]

    return awaited if inspect.iscoroutinefunction(function) else once


async def _asked(home: Home, *timers: Timer) -> float:
    found = opened(load(home=home.path))
    application = built(found, worker=False)
    async with application.router.lifespan_context(application):
        base = found.settings.base_url
        async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=base) as client:
            token = await fetched_token(client, base, home)
        scope = _scope(home.patient, token)
        for _ in range(20):
            await _answered(application, scope)
        for timer in timers:
            timer.spent = 0.0
        start = time.thread_time()
        for _ in range(ROUNDS):
            await _answered(application, scope)
        return time.thread_time() - start


def _scope(patient: str, token: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/fhir/Observation",
        "raw_path": b"/fhir/Observation",
        "query_string": f"patient={patient}&_count={PAGE}".encode(),
        "root_path": "",
        "headers": [(b"authorization", f"Bearer {token}".encode()), (b"accept-encoding", b"identity")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }


async def _answered(application: Any, scope: dict[str, Any]) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise RuntimeError(f"the page was answered {message['status']}")

    await application(dict(scope), receive, send)
