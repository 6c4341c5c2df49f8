"""One attempt at one receiver: packed, written down, sent, and its answer taken apart.

Law: what goes is a Disclosure that the gate has just made, rendered for this attempt and kept nowhere
(`smart-consent.md` L32: a payload built before a revocation must not leave after it). The entries are durable
as `tried` before the first byte leaves. A receiver that cannot create once is asked first what it has; where it
cannot be asked, what is in doubt waits for a human, because sending it again could double it. What a receiver
showed by refusing is remembered and not tried on it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import bridge.store.outbox as outbox
from bridge.consent.disclosure import Disclosure
from bridge.fhir.consignment import Told
from bridge.fhir.filing import Filing
from bridge.fhir.render import Renderer
from bridge.period import Instant
from bridge.push import abilities, engine, lessons, reconcile
from bridge.push.abilities import Abilities
from bridge.push.account import Settlement, is_update, settled, untouched
from bridge.push.answers import Reply
from bridge.push.barrier import Barrier, Stands
from bridge.push.engine import Engine
from bridge.push.isolation import Apart, Next, as_said
from bridge.push.joined import believed
from bridge.push.leaves import Pages
from bridge.push.parcel import Bounds, Parcel, ids_of, known_of, parcel
from bridge.push.receiver import Receiver
from bridge.push.retry import Decision, State, Step, decide
from bridge.push.sinks import sent
from bridge.store.db import Database
from bridge.store.lanes import Lane
from bridge.store.outbox import Delivery, Held, Item, Result, What

NOTHING: Final = Settlement(Step.DONE, ())
AT_ONCE: Final = 5
"""So many attempts may follow at once on what was found out; later ones wait like any other."""
NOT_CORRECTABLE: Final = "the receiver takes no corrections: somebody there must correct what it holds"
IN_DOUBT: Final = "no answer came, and the receiver cannot be asked whether it has it: somebody must look"
TOO_LARGE: Final = "this entry alone is larger than what the receiver takes in one request"
UNTAKEN: Final = "the receiver finds it a duplicate of something that is not ours"


@dataclass(frozen=True, slots=True)
class Waybill:
    """What a parcel is and where it goes: the grant it leaves by, the link, the receiver's reference of the person, and
    the cursor once it is settled. `has_refused`: the page had readings that it does not take; `part`: of an order."""

    what: What
    grant: str
    link: int
    subject: str
    after: bytes | None = None
    has_refused: bool = False
    part: str = ""

    def before_others(self) -> Waybill:
        """The same for what goes before the rest of its page: the cursor stays where it is."""
        return replace(self, after=None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a parcel of so many readings. `follows`: what the search for a refused content asks for."""

    settlement: Settlement
    decision: Decision
    problem: str
    delivery: int
    readings: int
    follows: Next = Next.AS_SAID


@dataclass(frozen=True, slots=True)
class Courier:
    """Carries parcels over one lane. `barrier`: each call passes it; `shown`: what the receiver is known to do, newest
    last; `has_file`: what it shows by refusing is remembered; `engine`: it is spoken to by HL7 v2; `pages`: it is a
    portal, which gets reports as files."""

    db: Database
    renderer: Renderer
    receiver: Receiver
    clock: Callable[[], Instant]
    chance: Callable[[], float]
    lane: Lane
    barrier: Barrier
    shown: list[Abilities]
    told: Told = field(default_factory=Told)
    has_file: bool = False
    engine: Engine | None = None
    pages: Pages | None = None

    @property
    def can(self) -> Abilities:
        """What the receiver can do, as far as it is known now."""
        return self.shown[-1]

    def pack(self, disclosure: Disclosure, subject: str) -> Parcel:
        """Render a disclosure against what the receiver holds of it."""
        before = outbox.held(self.db, self.lane, ids_of(disclosure))
        if self.engine is not None:
            return parcel(self.engine.written(disclosure, subject, before, self.clock()), before)
        wanted = Filing(subject, known_of(before), self.clock(), stated=self.told.stated)
        return parcel(self.renderer.consignment(disclosure, wanted, self.can.manner, self.told), before)

    def held(self, found: Parcel) -> Mapping[bytes, Held]:
        """What the receiver holds of a parcel's items now."""
        return outbox.held(self.db, self.lane, [item.id for item in found.items])

    async def ready(self, found: Parcel, bill: Waybill) -> bool | Reply:
        """Whether the parcel may go as it is; False: something was found out about it, pack it again. A Reply where
        the receiver could not be asked."""
        new = [item for item in found.items if not is_update(found.before.get(item.id))]
        if self.can.conditional or not new:
            return True
        if not self.can.searches:
            unsure = [item for item in new if item.id in found.before and found.before[item.id].tried]
            self.give_up(unsure, bill, IN_DOUBT, State.PARTIAL)
            return not unsure
        results = await reconcile.doubts(self.receiver, self._system, new, found.before, self.clock())
        if isinstance(results, Reply):
            return results
        outbox.note(self.db, self.lane, results)
        self._note_new(results, found, bill)
        return not any(result.version or result.state == "refused" for result in results)

    async def send(
        self, found: Parcel, bill: Waybill, entry: int | None, stands: Stands, apart: Apart = as_said
    ) -> Outcome:
        """One attempt, and all that it came to, recorded. `stands`: asked before each call; `apart`: what follows."""
        place = "" if self.pages is None else self.pages.place(found.leaves)
        delivery, retracts = self._begun(bill, entry, found.items, place), bill.what == "retraction"
        with self.barrier.only(stands):
            reply = await self._reply(found, self.clock())
        settlement = replace(NOTHING, step=reply.step)
        if reply.entries:
            settlement = settled(found.items, reply.entries, found.before, retracts)
        whole = reply.step if reply.step is not Step.DONE else settlement.step
        is_taught, settlement = self._taught(found, settlement, reply)
        step, looked = await self._looked_into(found, settlement, whole, retracts, reply)
        refused = settlement.refused + sum(result.state == "refused" for result in looked)
        settlement = replace(settlement, refused=refused)
        is_clear = bool(looked) or (step is Step.DONE and settlement.is_doubtful) or is_taught
        what = Step.AGAIN if is_clear else step
        decision = decide(what, delivery.attempts, self.clock(), self.chance(), reply.asked)
        if is_clear and delivery.attempts < AT_ONCE:
            decision = replace(decision, due=self.clock())
        follows = apart(decision, reply.is_content, settlement.taken)
        if follows is not Next.AS_SAID:
            decision = Decision(State.QUEUED, self.clock(), Step.AGAIN)
        if decision.state is State.ACKED and (refused or bill.has_refused):
            decision = replace(decision, state=State.PARTIAL)
        is_known = bool(reply.entries) or reply.is_untouched
        stayed = untouched(found.items, reply.entries, found.before) if is_known else ()
        told = {result.id for result in (*settlement.results, *looked)}
        outbox.settle(
            self.db,
            delivery,
            decision.state.value,
            due=decision.due,
            problem=reply.problem,
            results=(*(each for each in stayed if each.id not in told), *settlement.results, *looked),
            taken=settlement.taken,
            after=bill.after if decision.step is Step.DONE else None,
        )
        return Outcome(settlement, decision, reply.problem, delivery.delivery, delivery.items, follows)

    async def _reply(self, found: Parcel, now: Instant) -> Reply:
        if self.pages is not None:
            return await self.pages.sent(found.leaves)
        if self.engine is None:
            return believed(self.db, self.lane, found.items, await sent(self.receiver, found.requests, now))
        return await self.engine.sent(found.messages)

    def skip(self, bill: Waybill) -> None:
        """The receiver holds all of it already: only the cursor goes on."""
        delivery = self._begun(bill, None, ())
        state = State.PARTIAL if bill.has_refused else State.ACKED
        outbox.settle(self.db, delivery, state.value, after=bill.after)

    def postpone(self, bill: Waybill, reply: Reply) -> tuple[Decision, int]:
        """Record that the receiver could not even be asked; when to try again, and the delivery."""
        delivery = self._begun(bill, None, ())
        decision = decide(reply.step, delivery.attempts, self.clock(), self.chance(), reply.asked)
        outbox.settle(self.db, delivery, decision.state.value, due=decision.due, problem=reply.problem)
        return decision, delivery.delivery

    def give_up(self, items: Sequence[Item], bill: Waybill, problem: str, state: State) -> None:
        """What waits for a human, without being sent; the lane goes on."""
        if not items:
            return
        before = outbox.held(self.db, self.lane, [item.id for item in items])
        delivery = self._begun(bill, None, items)
        known = [(item, before.get(item.id)) for item in items]
        results = [
            Result(item.id, held.version if held else "", "refused", "", held.etag if held else "", problem)
            for item, held in known
        ]
        outbox.settle(self.db, delivery, state.value, problem=problem, results=results)

    def stuck(self, found: Parcel, bill: Waybill) -> int:
        """The corrections that the receiver takes in no form wait for a human; how many they are."""
        self.give_up(found.stuck, bill, NOT_CORRECTABLE, State.NOT_CORRECTABLE)
        return len(found.stuck)

    async def look(
        self, items: Sequence[Item], before: Mapping[bytes, Held], retracts: bool
    ) -> tuple[Result, ...] | Reply:
        """What the receiver holds of these items."""
        if self.engine is not None:
            return engine.placed(items, before)
        system = self._system if self.can.searches else ""
        return await reconcile.look(self.receiver, system, items, before, retracts, self.clock())

    def _begun(self, bill: Waybill, entry: int | None, items: Sequence[Item], place: str = "") -> Delivery:
        told = self.lane, bill.what, bill.grant, bill.link, entry, items, bill.part, place
        return outbox.begin(self.db, *told)

    @property
    def is_by_link(self) -> bool:
        """Whether it is an engine or a portal: what goes there names the person by the link, and nothing is asked."""
        return self.engine is not None or self.pages is not None

    @property
    def _system(self) -> str:
        """Of our identifiers."""
        return f"urn:uuid:{self.db.installation}"

    def bounds(self, entries: int | None, size: int | None) -> Bounds:
        """What one request may hold: as the file says, and as the receiver showed."""
        told = [most for most in (entries, self.can.most) if most is not None]
        return Bounds(min(told, default=None), size)

    def _note_new(self, results: Sequence[Result], found: Parcel, bill: Waybill) -> None:
        """What the receiver has of items that we did not know to have sent: they get rows of their own."""
        unknown = {item.id: item for item in found.items if item.id not in found.before}
        some = [result for result in results if result.id in unknown]
        if some:
            items = [unknown[result.id] for result in some]
            delivery = self._begun(bill, None, items)
            outbox.settle(self.db, delivery, State.QUEUED.value, due=self.clock(), results=some)

    def _taught(self, found: Parcel, settlement: Settlement, reply: Reply) -> tuple[bool, Settlement]:
        """Whether the receiver showed something of itself by refusing, so that the same goes otherwise at once."""
        if not self.has_file:
            return False, settlement
        shown, kept = lessons.learnt(self.can, found, settlement, reply)
        if shown == self.can:
            return False, settlement
        self.shown.append(shown)
        abilities.remember(self.db, self.lane.destination, shown, self.clock())
        return True, kept

    async def _looked_into(
        self, found: Parcel, settlement: Settlement, whole: Step, retracts: bool, reply: Reply
    ) -> tuple[Step, tuple[Result, ...]]:
        """A contradiction is looked into, and so is a refusal of a Bundle that had updates in it: one
        update of something that is gone fails a whole transaction."""
        updates = not self.is_by_link and any(is_update(found.before.get(item.id)) for item in found.items)
        if whole is not Step.RECONCILE and not (whole is Step.STOP and updates):
            return whole, ()
        known = {result.id for result in settlement.results}
        open_ = [item for item in found.items if item.id not in known]
        looked = await self.look(open_, found.before, retracts)
        if isinstance(looked, Reply):
            return looked.step if whole is Step.RECONCILE else Step.STOP, ()
        return whole, (*looked, *await self._untaken(found, reply))

    async def _untaken(self, found: Parcel, reply: Reply) -> list[Result]:
        """Entries that the receiver says it has already (its file: look): ours, or refused as somebody else's."""
        pairs = zip(found.items, reply.entries, strict=True) if reply.entries else ()
        said = {one.id: (one, told) for one, told in pairs if told.problem and told.then is Step.RECONCILE}
        if not said or not self.can.searches:
            return [_refused(item, entry.problem) for item, entry in said.values()]
        items = [item for item, _ in said.values()]
        tried = outbox.held(self.db, self.lane, list(said))
        there = await reconcile.doubts(self.receiver, self._system, items, tried, self.clock())
        if isinstance(there, Reply):
            return []
        named = {id_: _refused(item, f"{UNTAKEN}: {entry.problem}") for id_, (item, entry) in said.items()}
        return [each if each.version else named[each.id] for each in there]


def _refused(item: Item, problem: str) -> Result:
    return Result(item.id, "", "refused", problem=problem)
