"""Connections that stay open between the calls for one person.

Law: whoever makes many calls says so (`kept`); nothing stays open after that. A connection serves the same host,
address and proof alone, so none is lent to another host that shares its address, and each call is judged and resolved
as if it were the first. Answers over one connection come in the order of the questions (RFC 9112 9.3.2), so a server
that answers twice has its second answer taken for the next question's: whoever calls for a person keeps connections
for that person alone, and another person's calls have others. It is not used again after a pause, because a server
that is just closing it would leave the next call's outcome unknown (RFC 9112 9.3.1, 9.6).

Rejected: one client for the life of a process (an address that is not allowed any more would keep its connection).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from typing import Final, TypeAlias

import httpx

from bridge.net.endpoint import Origin

PAUSE: Final = 2.0
"""Seconds after which an idle connection is not used again; servers keep theirs five or more."""
AT_ONCE: Final = 8
"""Connections to one place."""

Place: TypeAlias = tuple[Origin, str]
"""Where, and at which of its addresses."""


class _Kept:
    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack, self._loop = stack, asyncio.get_running_loop()
        self._clients: dict[tuple[Place, int], tuple[httpx.AsyncClient, ssl.SSLContext]] = {}
        self.is_over = False

    @property
    def is_here(self) -> bool:
        """Whether it may be used now: a thread of its own has a loop of its own."""
        return not self.is_over and self._loop is asyncio.get_running_loop()

    async def client(self, place: Place, trust: ssl.SSLContext) -> httpx.AsyncClient:
        found = self._clients.get((place, id(trust)))
        if found is None:
            found = await self._stack.enter_async_context(_client(trust)), trust
            self._clients[place, id(trust)] = found
        return found[0]


_ROUND: Final[ContextVar[_Kept | None]] = ContextVar("round", default=None)


@asynccontextmanager
async def kept() -> AsyncIterator[None]:
    """Calls made inside, also by its tasks, may go over a connection of an earlier one."""
    async with AsyncExitStack() as stack:
        found = _Kept(stack)
        before = _ROUND.set(found)
        try:
            yield
        finally:
            found.is_over = True
            _ROUND.reset(before)


@asynccontextmanager
async def connected(place: Place, trust: ssl.SSLContext) -> AsyncIterator[httpx.AsyncClient]:
    """Who speaks to a place: over a connection of this round, or over one for this call."""
    found = _ROUND.get()
    if found is not None and found.is_here:
        yield await found.client(place, trust)
        return
    async with _client(trust) as one:
        yield one


def _client(trust: ssl.SSLContext) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE, keepalive_expiry=PAUSE)
    return httpx.AsyncClient(verify=trust, trust_env=False, limits=limits)
