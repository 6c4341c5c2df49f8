"""The delivery worker: for every lane that is due, claim it, see whether its receiver can be called, go; then the next.

Law: one delivery at a time on a lane, over all processes (`store/lanes.py`). A receiver that is left alone is called by
one lane first (`breaker.py`). What can be taken back goes before what is new, summaries before readings. What goes is
decided by the gate at each attempt (`summaries.py`, `readings.py`, `retraction.py`).

Rejected: events that say "something is new" (a lost event is a lost reading; a cursor finds it again).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import bridge.store.charts as charts
import bridge.store.destinations as destinations
import bridge.store.haste as wishes
import bridge.store.links as links
import bridge.store.outbox as outbox
import bridge.store.patients as patients
from bridge.consent.gate import Gate, LedgerUnavailable
from bridge.fhir.consignment import Told
from bridge.fhir.render import Renderer
from bridge.hl7.render import Scribe
from bridge.mapping.destination import DestinationFile
from bridge.mapping.portal import Portal
from bridge.net.kept import kept
from bridge.net.message import Caller
from bridge.period import HOUR, Instant
from bridge.portal.render import Binder
from bridge.push import months, plan, recording
from bridge.push import round as rounds
from bridge.push.abilities import learnt
from bridge.push.answers import Reply
from bridge.push.barrier import Barrier
from bridge.push.bound import Rack
from bridge.push.breaker import Breaker
from bridge.push.courier import Courier
from bridge.push.courses import go
from bridge.push.credentials import Tokens, login
from bridge.push.documents import Documents
from bridge.push.laying import Login
from bridge.push.leafing import leafed
from bridge.push.paper_retraction import withdraw_documents
from bridge.push.plan import Errand, authority_fault
from bridge.push.reached import engine_of, reached, spec_of
from bridge.push.retraction import retract
from bridge.push.round import NOTHING, Report
from bridge.push.summaries import stated
from bridge.push.tidepool import Account
from bridge.push.trip import Haste, Trip
from bridge.store.db import Database
from bridge.store.destinations import Destination
from bridge.store.keys import Erased
from bridge.store.lanes import Lane, claimed
from bridge.store.links import Link

LOG: Final = logging.getLogger(__name__)
CLOCK: Final = (
    "this machine's clock says an earlier time than what was written down before: nothing leaves until it is put "
    "right, because what left could not be told from what did not"
)
NO_SCRIBE: Final = "this process writes no HL7 v2"
PAUSE: Final = 15.0
"""Seconds between two rounds of a running worker."""
AT_ONCE: Final = 4
"""Lanes that are delivered side by side."""


class Worker:
    """Delivers. `chance` in [0, 1) spreads repetitions; `documents`: makes those that go after summaries; `scribe`: who
    writes HL7 v2, None: nothing goes that way."""

    def __init__(
        self,
        db: Database,
        gate: Gate,
        renderer: Renderer,
        net: Caller,
        clock: Callable[[], Instant],
        *,
        chance: Callable[[], float] = random.random,
        documents: Documents | None = None,
        scribe: Scribe | None = None,
    ) -> None:
        self._db, self._gate, self._renderer, self._net = db, gate, renderer, net
        self._clock, self._chance, self._documents = clock, chance, documents
        self._scribe = scribe
        self._rested: dict[Lane, tuple[Errand, Instant]] = {}
        self._tokens: Tokens = {}
        self._fits: dict[int, int] = {}
        self._breakers: dict[int, Breaker] = {}
        self._doors: dict[int, asyncio.Lock] = {}
        self._welcome: set[int] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Rounds over everything that is due, until `stop` is set."""
        while not stop.is_set():
            try:
                await self.once()
            except Exception:
                LOG.exception("a round of deliveries broke off; the next one starts in %s s", PAUSE)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE)

    async def once(
        self, patient: int | None = None, client: str | None = None, *, at_once: bool = False
    ) -> Report:
        """One round over all lanes, or those of a patient, a client or both. `at_once`: whatever cadence was ordered.
        A fault of our own in one lane is raised after the others are done."""
        now = self._clock()
        if now < await asyncio.to_thread(charts.latest, self._db):
            return rounds.held(client or "every destination", CLOCK)
        errands = await asyncio.to_thread(plan.errands, self._db, now, patient, client)
        if client is not None and not destinations.listed(self._db, client):
            return rounds.held(client, plan.NO_DESTINATION)
        named, turns = patient is not None or client is not None, asyncio.Semaphore(AT_ONCE)
        due = [each for each in errands if named or not self._is_rested(each, now)]
        self._doors, self._welcome = {}, set()
        haste = Haste.NOW if at_once else Haste.NAMED if named else Haste.USUAL
        tasks = [asyncio.create_task(self._turn(turns, errand, haste)) for errand in due]
        if tasks:
            await asyncio.wait(tasks)
        if tasks:
            # Outcomes wait in memory for the next commit of this loop, which may end with the round.
            with suppress(LedgerUnavailable):
                self._gate.flush(before=0)
        return sum((task.result() for task in tasks), NOTHING)

    def _is_rested(self, errand: Errand, now: Instant) -> bool:
        """Whether the lane was delivered to its end and nothing has changed since: time alone opens and
        ends grants, so each is looked at once an hour all the same."""
        rested = self._rested.get(errand.lane)
        return rested is not None and rested[0] == errand and now - rested[1] < HOUR

    async def _turn(self, turns: asyncio.Semaphore, errand: Errand, haste: Haste) -> Report:
        now = self._clock()
        report = await self._guarded(turns, errand, Haste.NOW if errand.wanted else haste)
        if report.stops:
            self._rested.pop(errand.lane, None)
        else:
            self._rested[errand.lane] = errand, now
            if errand.wanted:
                wishes.done(self._db, errand.lane, errand.wanted)
        return report

    async def _guarded(self, turns: asyncio.Semaphore, errand: Errand, haste: Haste) -> Report:
        client = errand.destination.client
        async with turns:
            with claimed(self._db, errand.lane) as mine:
                if not mine:
                    return rounds.held(client, "another process is delivering it just now")
                try:
                    async with kept():
                        return await self._lane(errand, haste)
                except LedgerUnavailable:
                    return rounds.held(client, "the ledger cannot be written: nothing leaves until it can")
                except (Erased, KeyError):
                    if not patients.is_known(self._db, errand.lane.patient):
                        return NOTHING  # what was being delivered was erased meanwhile
                    raise

    async def _lane(self, errand: Errand, haste: Haste) -> Report:
        client, breaker = errand.destination.client, self._breaker(errand.destination)
        report = rounds.waiting(client, outbox.opened(self._db, errand.lane), self._clock())
        if report.stops:
            return report
        hold = _hold(self._db, errand)
        if hold and not charts.links_used(self._db, errand.lane):
            return rounds.held(client, hold)
        why = breaker.hold()
        if why:
            return rounds.held(client, why)
        trip = await self._trip(errand, breaker, haste)
        if isinstance(trip, Report):
            return trip
        if trip.spec is not None and trip.spec.portal is not None:
            return report + await self._to_portal(trip, trip.spec, trip.spec.portal, hold)
        report += await retract(trip)
        if not report.stops:
            report += await withdraw_documents(trip)
        if report.stops:
            return report
        if hold:
            return report + rounds.held(client, hold)
        return report + await go(trip, self._documents)

    async def _to_portal(self, trip: Trip, spec: DestinationFile, told: Portal, hold: str) -> Report:
        """Reports and months as files, or records at Tidepool. Where a secret lets us in, one lane goes first, so that
        a refused secret is shown once."""
        goal = trip.errand.destination
        if not told.has_login(spec.auth.kind):
            return await self._carried(trip, told, None, hold)
        door = self._doors.setdefault(goal.number, asyncio.Lock())
        has_waited = door.locked()
        async with door:
            why = self._breaker(goal).hold() if has_waited else ""
            known = login(self._db, goal, spec.auth)
            if why:
                return rounds.held(goal.client, why)
            if goal.number not in self._welcome:
                report = await self._carried(trip, told, known, hold)
                self._welcome |= set() if report.stops else {goal.number}
                return report
        return await self._carried(trip, told, known, hold)

    async def _carried(self, trip: Trip, told: Portal, known: Login | None, hold: str) -> Report:
        goal, rack = trip.errand.destination, Rack(trip, told, Binder(self._renderer), known)
        if told.by != "tidepool":
            report = await leafed(rack, self._documents, hold)
            return report if report.stops else report + await months.deliver(rack, hold)
        receiver, tokens = trip.courier.receiver, self._tokens

        def account(link: Link) -> Account:
            return Account(receiver, told, known, link.value, goal.number, tokens, self._clock)

        return await recording.deliver(rack, account, hold)

    async def _trip(self, errand: Errand, breaker: Breaker, haste: Haste) -> Trip | Report:
        goal, now = errand.destination, self._clock()
        spec = spec_of(goal)
        patient, barrier = errand.lane.patient, Barrier(breaker)
        receiver = reached(self._db, self._net, goal, patient, self._tokens, self._clock, barrier)
        engine = engine_of(self._db, self._net, goal, self._scribe, patient, barrier)
        if spec is not None and spec.kind == "hl7v2" and engine is None:
            return rounds.held(goal.client, NO_SCRIBE)
        can = await learnt(self._db, goal, spec, receiver, now)
        if isinstance(can, Reply):
            return rounds.held(goal.client, can.problem)
        told = Told() if spec is None else Told(goal.spec, spec.fhir, stated(spec))
        lane = errand.lane
        courier = Courier(
            self._db,
            self._renderer,
            receiver,
            self._clock,
            self._chance,
            lane,
            barrier,
            [can],
            told,
            spec is not None,
            engine,
        )
        return Trip(self._db, self._gate, errand, courier, self._clock, spec, self._fits, haste)

    def _breaker(self, goal: Destination) -> Breaker:
        """One for each destination, over all lanes of this process."""
        spec = spec_of(goal)
        pace = None if spec is None else spec.limits.calls_per_minute
        found = self._breakers.get(goal.number)
        if found is None or found.per_minute != pace:
            found = Breaker(self._db, goal.number, self._clock, self._chance, pace)
            self._breakers[goal.number] = found
        return found


def _hold(db: Database, errand: Errand) -> str:
    """Why nothing new goes on a lane, which calls nobody then unless something may be taken back; '' where it may."""
    if errand.hold or errand.link is None:
        return errand.hold
    return authority_fault(errand.destination, links.load(db, errand.link.number))
