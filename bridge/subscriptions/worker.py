"""The notifier: for every subscription that is not off, its turn; over and over.

Law: one turn at a time for a subscription, over all processes (`store/lanes.py`); one that waits for its endpoint
holds up no other. Of a removed client nothing is served. A heartbeat goes before anything of a person is looked at.
Whom nothing may go to is looked at like whom something may. Where neither the person's data nor their grants changed,
an hour may pass without a look: time alone opens and ends grants.

Rejected: a queue of notifications (they would be made before the gate is asked, and outlive the answer).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeAlias

import bridge.store.grants as grants
import bridge.store.patients as patients
import bridge.store.subscriptions as kept
from bridge.consent.gate import Gate, LedgerUnavailable
from bridge.fhir.render import Renderer
from bridge.net.message import Caller
from bridge.period import HOUR, Instant
from bridge.smart.tokens import subscriber
from bridge.store.clients import Client
from bridge.store.db import Database
from bridge.store.keys import Erased
from bridge.store.lanes import claimed_name
from bridge.store.subscriptions import Subscription, Terms
from bridge.subscriptions.asking import Grammar
from bridge.subscriptions.news import feed
from bridge.subscriptions.turn import Turn
from bridge.subscriptions.where import is_held, registered

LOG: Final = logging.getLogger(__name__)
PAUSE: Final = 5.0
"""Seconds between two looks of a running notifier."""
AT_ONCE: Final = 64
"""Turns that run side by side: most of them wait for an endpoint."""


_Stamp: TypeAlias = tuple[int, int, bytes, tuple[Instant, Instant, Terms]]
"""Changes with the person's data and consent, and with the subscription."""


class Notifier:
    """Notifies. `chance` in [0, 1) spreads repetitions."""

    def __init__(
        self,
        db: Database,
        gate: Gate,
        renderer: Renderer,
        net: Caller,
        clock: Callable[[], Instant],
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._db, self._gate, self._clock = db, gate, clock
        self._grammar = Grammar(renderer.vocabulary, renderer.base, renderer.system)
        self._turn = Turn(db, gate, renderer, net, clock, chance)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._rested: dict[str, tuple[_Stamp, Instant]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Turns of everything that is due, until `stop` is set."""
        while not stop.is_set():
            try:
                self._begin()
            except Exception:
                LOG.exception("subscriptions could not be looked at; again in %s s", PAUSE)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE)
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def once(self) -> None:
        """One turn of everything that is due."""
        self._begin()
        if tasks := list(self._running.values()):
            await asyncio.wait(tasks)
        for task in tasks:
            task.result()
        with suppress(LedgerUnavailable):
            self._gate.flush(before=0)

    def _begin(self) -> None:
        self._running = {name: task for name, task in self._running.items() if not task.done()}
        living = kept.living(self._db)
        self._rested = {name: rest for name, rest in self._rested.items() if name in living}
        for name in living:
            if name not in self._running and len(self._running) < AT_ONCE:
                self._running[name] = asyncio.create_task(self._guarded(name))

    async def _guarded(self, name: str) -> None:
        with claimed_name(self._db, f"subscription-{name}") as mine:
            one = kept.found(self._db, name) if mine else None
            if one is None or one.status == "off":
                return
            try:
                await self._served(one)
            except LedgerUnavailable:
                LOG.warning("the ledger cannot be written: nobody is notified of anything until it can")
            except Erased:
                return

    async def _served(self, one: Subscription) -> None:
        now, turn = self._clock(), self._turn
        client = registered(self._db, one.client)
        if client is None:
            turn.removed(one)
            return
        still = turn.ended(one)
        still = still and turn.on_time(still)
        if still is None or still.status == "error" or still.due > now:
            return
        if still.status == "requested":
            still = await turn.handshake(still)
        if still is not None:
            still = await turn.heartbeat(still)
        if still is not None:
            await self._news(still, client)

    async def _news(self, one: Subscription, client: Client) -> None:
        if is_held(self._db, client):
            return
        bearer = subscriber(self._db, one.client, one.terms.scopes, one.id, self._clock())
        found = feed(self._gate, one, bearer, self._grammar)
        if found is None:
            return
        revision, now = patients.revisions(self._db).get(found.patient, 0), self._clock()
        seen = revision, grants.epoch(self._db, found.patient), found.mark
        rested = self._rested.get(one.id)
        if rested is not None and rested[0] == (*seen, _told(one)) and 0 <= now - rested[1] < HOUR:
            return
        done = await self._turn.news(found)
        if done is not None:
            self._rested[one.id] = (*seen, _told(done)), now


def _told(one: Subscription) -> tuple[Instant, Instant, Terms]:
    return one.start, one.since, one.terms
