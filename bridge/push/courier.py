"""One Bundle to one receiver: packed, written down, sent, and its answer taken apart.

Law: what goes is a Disclosure that the gate has just made, rendered for this attempt and kept nowhere
(`smart-consent.md` L32: a payload built before a revocation must not leave after it). What the receiver
holds as full is not sent again (`fhir/fullness.py`); what it refused waits for a human. The entries are durable
as `tried` before the first byte leaves.

Rejected: an entry a request (500 times the calls, and no transaction to hold them together).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

import bridge.store.outbox as outbox
from bridge.consent.disclosure import Disclosure
from bridge.fhir.fullness import says_more
from bridge.fhir.render import FhirBytes, Known, Renderer, Sent
from bridge.period import Instant
from bridge.push import reconcile
from bridge.push.account import Settlement, is_update, settled
from bridge.push.retry import Decision, State, Step, decide
from bridge.push.sinks import Reply, TransactionSink
from bridge.store.db import Database
from bridge.store.lanes import Lane
from bridge.store.outbox import Held, Item, Result, What

NOTHING: Final = Settlement(Step.DONE, ())
AT_ONCE: Final = 5
"""So many attempts may follow at once on what was found out; later ones wait like any other."""


@dataclass(frozen=True, slots=True)
class Waybill:
    """What a Bundle is and where it goes: the grant it leaves by, the link, the receiver's reference of
    the person, and the cursor once it is settled. `has_refused`: the page had readings that the receiver
    does not take."""

    what: What
    grant: str
    link: int
    subject: str
    after: bytes | None = None
    has_refused: bool = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """A rendered Bundle. `needed`: ids of its readings that the receiver lacks in this version; only a
    parcel that needs all of them is sent."""

    content: FhirBytes = field(repr=False)
    items: tuple[Item, ...]
    before: Mapping[bytes, Held]
    needed: frozenset[str]
    is_whole: bool

    @property
    def has_refused(self) -> bool:
        """Whether there is something in it that the receiver did not take before."""
        return any(held.state == "refused" for held in self.before.values())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a parcel of so many readings."""

    settlement: Settlement
    decision: Decision
    problem: str
    delivery: int
    readings: int


@dataclass(frozen=True, slots=True)
class Courier:
    """Carries parcels over one lane."""

    db: Database
    renderer: Renderer
    sink: TransactionSink
    clock: Callable[[], Instant]
    chance: Callable[[], float]
    lane: Lane

    def pack(self, disclosure: Disclosure, subject: str) -> Parcel:
        """Render a disclosure against what the receiver holds of it."""
        raw = [bytes(row) for group in disclosure.groups for row in group.ids]
        raw += [packed(device.id) for device in disclosure.devices]
        before = outbox.held(self.db, self.lane, raw)
        known = {
            reconcile.spelled(each.id): Known(each.reference, each.etag)
            for each in before.values()
            if each.reference
        }
        content, entries = self.renderer.transaction(disclosure, subject, known, self.clock())
        items = tuple(Item(packed(each.id), each.kind, each.version) for each in entries)
        readings = [(each, item) for each, item in zip(entries, items, strict=True) if each.kind != "Device"]
        needed = frozenset(each.id for each, item in readings if _is_needed(each, before.get(item.id)))
        return Parcel(content, items, before, needed, len(needed) == len(readings))

    async def send(self, parcel: Parcel, bill: Waybill, entry: int | None) -> Outcome:
        """One attempt, and everything that it came to, recorded."""
        delivery = outbox.begin(self.db, self.lane, bill.what, bill.grant, bill.link, entry, parcel.items)
        now, retracts = self.clock(), bill.what == "retraction"
        reply = await self.sink.post(bytes(parcel.content), len(parcel.items), now)
        settlement = replace(NOTHING, step=reply.step)
        if reply.step is Step.DONE:
            settlement = settled(parcel.items, reply.entries, parcel.before, retracts)
        step, found = await self._looked_into(parcel, settlement, retracts)
        refused = settlement.refused + sum(result.state == "refused" for result in found)
        settlement = replace(settlement, refused=refused)
        is_clear = bool(found) or (step is Step.DONE and settlement.is_doubtful)
        step = Step.AGAIN if is_clear else step
        decision = decide(step, delivery.attempts, self.clock(), self.chance(), reply.asked)
        if is_clear and delivery.attempts < AT_ONCE:
            decision = replace(decision, due=self.clock())
        if decision.state is State.ACKED and (refused or bill.has_refused):
            decision = replace(decision, state=State.PARTIAL)
        outbox.settle(
            self.db,
            delivery,
            decision.state.value,
            due=decision.due,
            problem=reply.problem,
            results=(*settlement.results, *found),
            taken=settlement.taken,
            after=bill.after if decision.step is Step.DONE else None,
        )
        return Outcome(settlement, decision, reply.problem, delivery.delivery, delivery.items)

    def skip(self, bill: Waybill) -> None:
        """The receiver holds all of it already: only the cursor goes on."""
        delivery = outbox.begin(self.db, self.lane, bill.what, bill.grant, bill.link, None, ())
        state = State.PARTIAL if bill.has_refused else State.ACKED
        outbox.settle(self.db, delivery, state.value, after=bill.after)

    def postpone(self, bill: Waybill, reply: Reply) -> tuple[Decision, int]:
        """Record that the receiver could not even be asked; when to try again, and the delivery."""
        delivery = outbox.begin(self.db, self.lane, bill.what, bill.grant, bill.link, None, ())
        decision = decide(reply.step, delivery.attempts, self.clock(), self.chance(), reply.asked)
        outbox.settle(self.db, delivery, decision.state.value, due=decision.due, problem=reply.problem)
        return decision, delivery.delivery

    async def _looked_into(
        self, parcel: Parcel, settlement: Settlement, retracts: bool
    ) -> tuple[Step, tuple[Result, ...]]:
        """A contradiction is looked into, and so is a refusal of a Bundle that had updates in it: one
        update of something that is gone fails a whole transaction."""
        updates = any(is_update(parcel.before.get(item.id)) for item in parcel.items)
        if settlement.step is not Step.RECONCILE and not (settlement.step is Step.STOP and updates):
            return settlement.step, ()
        known = {result.id for result in settlement.results}
        open_ = [item for item in parcel.items if item.id not in known]
        found = await self.look(open_, parcel.before, retracts)
        if isinstance(found, Reply):
            return found.step if settlement.step is Step.RECONCILE else Step.STOP, ()
        return settlement.step, found

    async def look(
        self, items: Sequence[Item], before: Mapping[bytes, Held], retracts: bool
    ) -> tuple[Result, ...] | Reply:
        """What the receiver holds of these items."""
        system = f"urn:uuid:{self.db.installation}"
        return await reconcile.look(self.sink, system, items, before, retracts, self.clock())


def packed(id_: str) -> bytes:
    """The 16 bytes of an id."""
    return bytes.fromhex(id_.replace("-", ""))


def _is_needed(sent: Sent, known: Held | None) -> bool:
    if known is None or known.state == "retracted":
        return True
    if known.state == "refused":
        return False
    return says_more(sent.version, known.version) or known.tried not in ("", sent.version)


def last_of(disclosure: Disclosure) -> bytes:
    """The keyset of the last item of a page in order of receipt."""
    if disclosure.more is not None:
        return disclosure.more
    for group in disclosure.groups:
        found = np.flatnonzero(group.at == disclosure.count - 1)
        if len(found):
            place = int(found[0])
            return struct.pack(">q", int(group.last_updated[place])) + bytes(group.ids[place])
    raise ValueError("a disclosure with items has a last one")
