"""The delivery worker: for every lane that is due, ask the gate, render, deliver, settle; then the next.

Law: consent is decided by the gate at each attempt, never by a stored answer (`consent.md`: a revocation
acts on the very next delivery attempt). The receiver's record is looked at before each Bundle
(`safety.md`, whose chart is it). What is due is what the gate shows after the cursor, in order of
receipt, 500 entries a Bundle. Retraction is no disclosure: it goes even after the grant ended, as a row
of the ledger of its own.

Rejected: events that say "something is new" (a lost event is a lost reading; a cursor finds it again).
"""

from __future__ import annotations

import asyncio
import logging
import random
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import quote

import numpy as np

import bridge.store.destinations as destinations
import bridge.store.links as links
import bridge.store.outbox as outbox
import bridge.store.receipts as receipts
from bridge.consent.asked import Asked
from bridge.consent.gate import Disclosure, Gate, LedgerUnavailable
from bridge.consent.permit import DeliveryPermit
from bridge.fhir.render import Renderer
from bridge.net.client import Outbound
from bridge.period import DAY, HOUR, Instant
from bridge.push import chart, plan
from bridge.push import round as rounds
from bridge.push.affected import gone
from bridge.push.chart import Broken, NotShown
from bridge.push.courier import Courier, Parcel, Waybill
from bridge.push.plan import Errand, Passage
from bridge.push.reconcile import spelled
from bridge.push.retry import Step
from bridge.push.round import NOTHING, Report
from bridge.push.sinks import Reply, TransactionSink
from bridge.store.db import Database
from bridge.store.keys import Erased
from bridge.store.lanes import Lane, claimed
from bridge.store.links import Link
from bridge.store.outbox import Held, Item

LOG: Final = logging.getLogger(__name__)
PAGE: Final = 500
PAUSE: Final = 15.0
"""Seconds between two rounds of a running worker."""
AT_ONCE: Final = 4
"""Lanes that are delivered side by side."""


class Worker:
    """Delivers. `chance` in [0, 1) spreads repetitions."""

    def __init__(
        self,
        db: Database,
        gate: Gate,
        renderer: Renderer,
        net: Outbound,
        clock: Callable[[], Instant],
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._db, self._gate, self._renderer, self._net = db, gate, renderer, net
        self._clock, self._chance = clock, chance
        self._rested: dict[Lane, tuple[Errand, Instant]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Rounds over everything that is due, until `stop` is set."""
        while not stop.is_set():
            try:
                await self.once()
            except Exception:
                LOG.exception("a round of deliveries broke off; the next one starts in %s s", PAUSE)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE)

    async def once(self, patient: int | None = None, client: str | None = None) -> Report:
        """One round over all lanes, or those of a patient, a client or both. A fault of our own in one lane
        is raised after the others are done."""
        now = self._clock()
        errands = await asyncio.to_thread(plan.errands, self._db, now, patient, client)
        if client is not None and not destinations.listed(self._db, client):
            return rounds.held(client, plan.NO_DESTINATION)
        named, turns = patient is not None or client is not None, asyncio.Semaphore(AT_ONCE)
        due = [each for each in errands if named or not self._is_rested(each, now)]
        tasks = [asyncio.create_task(self._turn(turns, errand)) for errand in due]
        if tasks:
            await asyncio.wait(tasks)
            # Outcomes wait in memory for the next commit of this loop, which may end with the round.
            with suppress(LedgerUnavailable):
                self._gate.flush(before=0)
        return sum((task.result() for task in tasks), NOTHING)

    def _is_rested(self, errand: Errand, now: Instant) -> bool:
        """Whether the lane was delivered to its end and nothing has changed since: time alone opens and
        ends grants, so each is looked at once an hour all the same."""
        rested = self._rested.get(errand.lane)
        return rested is not None and rested[0] == errand and now - rested[1] < HOUR

    async def _turn(self, turns: asyncio.Semaphore, errand: Errand) -> Report:
        now = self._clock()
        report = await self._guarded(turns, errand)
        if report.stops:
            self._rested.pop(errand.lane, None)
        else:
            self._rested[errand.lane] = errand, now
        return report

    async def _guarded(self, turns: asyncio.Semaphore, errand: Errand) -> Report:
        client = errand.destination.client
        async with turns:
            with claimed(self._db, errand.lane) as mine:
                if not mine:
                    return rounds.held(client, "another process is delivering it just now")
                try:
                    return await self._lane(errand, self._courier(errand))
                except LedgerUnavailable:
                    return rounds.held(client, "the ledger cannot be written: nothing leaves until it can")
                except Erased:
                    return NOTHING

    def _courier(self, errand: Errand) -> Courier:
        secret = destinations.secret(self._db, errand.destination.number)
        sink = TransactionSink(self._net, errand.destination.url, secret, errand.lane.patient)
        return Courier(self._db, self._renderer, sink, self._clock, self._chance, errand.lane)

    async def _lane(self, errand: Errand, courier: Courier) -> Report:
        client = errand.destination.client
        report = rounds.waiting(client, outbox.opened(self._db, errand.lane), self._clock())
        if not report.stops:
            report += await self._retract(errand, courier)
        if report.stops:
            return report
        if errand.hold:
            return report + rounds.held(client, errand.hold)
        for passage in errand.grants:
            goes_on = True
            while goes_on and not report.stops:
                page, goes_on = await self._page(errand, passage, courier)
                report += page
        return report

    # -------------------------------------------------------------------------------------- readings

    async def _page(self, errand: Errand, passage: Passage, courier: Courier) -> tuple[Report, bool]:
        """One Bundle; whether another may follow at once."""
        client, link = errand.destination.client, errand.link
        assert link is not None
        subject = await self._subject(errand, passage, link, courier)
        if isinstance(subject, Report):
            return subject, False
        room = self._room(errand)
        if room < 1:
            return rounds.held(client, "what may be sent in a day was sent: more goes tomorrow"), False
        permit = DeliveryPermit(passage.id, client)
        disclosure = await self._gate.disclose(permit, self._asked(errand, passage, room))
        if not disclosure.count:
            return NOTHING, False
        more, parcel = disclosure.more is not None, courier.pack(disclosure, subject)
        bill = Waybill("readings", passage.id, link.number, subject, _last(disclosure), parcel.has_refused)
        if not parcel.is_whole:
            self._gate.settle(disclosure, "acknowledged", 0)
            if not parcel.needed:
                courier.skip(bill)
                return NOTHING, more
            only = self._asked(errand, passage, room, parcel.needed)
            disclosure = await self._gate.disclose(permit, only)
            parcel = courier.pack(disclosure, subject)
        if not disclosure.count:
            return NOTHING, False
        report, is_done = await self._sent(errand, courier, disclosure, parcel, bill)
        return report, more or not is_done

    async def _sent(
        self, errand: Errand, courier: Courier, disclosure: Disclosure, parcel: Parcel, bill: Waybill
    ) -> tuple[Report, bool]:
        outcome = await courier.send(parcel, bill, disclosure.entry)
        said, left = rounds.word(outcome, bill.what == "retraction")
        self._gate.settle(disclosure, said, left)
        report = rounds.of(errand.destination.client, outcome, self._clock())
        return report, outcome.decision.step is Step.DONE

    async def _subject(self, errand: Errand, passage: Passage, link: Link, courier: Courier) -> str | Report:
        """The receiver's reference of the person, after a look at its record."""
        client = errand.destination.client
        shown = await chart.look(courier.sink, link.system, link.value, self._clock())
        if isinstance(shown, NotShown):
            return self._unseen(errand, passage, link, courier, shown.reply)
        broken = shown if isinstance(shown, Broken) else chart.difference(link, shown)
        if broken is not None:
            links.break_(self._db, link.number, broken.value)
            return rounds.held(client, f"link-broken: {broken.value}")
        return subject_of(link) if isinstance(shown, Broken) else f"Patient/{shown.id}"

    def _unseen(
        self, errand: Errand, passage: Passage, link: Link, courier: Courier, reply: Reply
    ) -> str | Report:
        client = errand.destination.client
        if reply.step in (Step.AGAIN, Step.UNKNOWN):
            bill = Waybill("readings", passage.id, link.number, "")
            decision, delivery = courier.postpone(bill, reply)
            return rounds.stopped(client, decision, reply.problem, delivery, self._clock())
        if link.shown.id:
            return rounds.held(client, f"the receiver does not show the patient any more: {reply.problem}")
        return subject_of(link)

    def _room(self, errand: Errand) -> int:
        daily = errand.destination.daily
        if daily is None:
            return PAGE
        return min(PAGE, daily - receipts.spent(self._db, errand.lane, self._clock() - DAY))

    def _asked(
        self, errand: Errand, passage: Passage, room: int, only: frozenset[str] | None = None
    ) -> Asked:
        after = outbox.cursor(self._db, errand.lane, passage.id)
        return Asked(
            patient=errand.lane.patient,
            way=passage.way,
            channel="push",
            described=f"what is new for destination {errand.destination.number}, at most {room}",
            selectors=self._renderer.vocabulary.everything(),
            ids=only,
            order="lastUpdated",
            after=after if only is None else None,
            limit=room,
            device_resources=True,
        )

    # ------------------------------------------------------------------------------------ retractions

    async def _retract(self, errand: Errand, courier: Courier) -> Report:
        report = NOTHING
        for grant, link, some in gone(self._db, errand.lane):
            for start in range(0, len(some), PAGE):
                if not report.stops:
                    bill = Waybill("retraction", grant, link, subject_of(links.load(self._db, link)))
                    report += await self._retraction(errand, courier, bill, some[start : start + PAGE])
        return report

    async def _retraction(
        self, errand: Errand, courier: Courier, bill: Waybill, some: Sequence[Held]
    ) -> Report:
        client, lane = errand.destination.client, errand.lane
        unplaced = {held.id: held for held in some if not held.reference}
        if unplaced:
            items = [Item(held.id, held.kind, held.version) for held in unplaced.values()]
            found = await courier.look(items, unplaced, retracts=True)
            if isinstance(found, Reply):
                decision, delivery = courier.postpone(bill, found)
                return rounds.stopped(client, decision, found.problem, delivery, self._clock())
            outbox.note(self._db, lane, found)
        report, is_done, states = NOTHING, False, {"open", "refused"}
        while not (report.stops or is_done):
            known = outbox.held(self._db, lane, [held.id for held in some]).values()
            ids = frozenset(spelled(each.id) for each in known if each.reference and each.state in states)
            disclosure = await self._gate.retract(DeliveryPermit(bill.grant, client), lane.patient, ids)
            if not disclosure.count:
                break
            parcel = courier.pack(disclosure, bill.subject)
            page, is_done = await self._sent(errand, courier, disclosure, parcel, bill)
            report, states = report + page, {"open"}
        return report


def subject_of(link: Link) -> str:
    """The receiver's reference of the person as confirmed: its id, or its identifier as a condition."""
    if link.shown.id:
        return f"Patient/{link.shown.id}"
    return f"Patient?identifier={quote(link.system, safe='')}|{quote(link.value, safe='')}"


def _last(disclosure: Disclosure) -> bytes:
    """The keyset of the last item of a page in order of receipt."""
    if disclosure.more is not None:
        return disclosure.more
    for group in disclosure.groups:
        found = np.flatnonzero(group.at == disclosure.count - 1)
        if len(found):
            place = int(found[0])
            return struct.pack(">q", int(group.last_updated[place])) + bytes(group.ids[place])
    raise ValueError("a disclosure with items has a last one")
