"""One turn of one subscription: handshake, heartbeat, or what is new; and what becomes of it afterwards.

    requested --handshake--> active --failures--> error --client asks anew--> requested
        any --410, end, client, client removed--> off            error --a week--> off

Law: heartbeats keep a grid of their own from the handshake on: what is hidden, and whether anything is, moves nothing.
An event has its number when its notification is about to leave, in one transaction with the count; what surely did not
leave gives the number back, so numbers are contiguous in a consent epoch. The status that a notification says is the
one that is kept. A turn that was overtaken by its client's change keeps nothing, and its headers are not sent on. The
clock may go back: nothing is looked at from an instant that is still to come.

Rejected: a state that mends itself (IG, errors: the client asks anew; until then nothing leaves).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

import bridge.store.occurrences as occurrences
import bridge.store.subscriptions as kept
from bridge.consent.disclosure import Disclosure
from bridge.consent.gate import Gate
from bridge.fhir.notices import Event, Notice, Notification, Type
from bridge.fhir.render import JSON, XML, Renderer
from bridge.net.message import Caller
from bridge.period import DAY, Instant
from bridge.push.retry import SECOND
from bridge.store.db import Database
from bridge.store.entries import KEPT
from bridge.store.occurrences import Occurrence
from bridge.store.subscriptions import Subscription
from bridge.subscriptions.changes import beat
from bridge.subscriptions.channel import ATTEMPTS, Next, Verdict, call, wait
from bridge.subscriptions.news import OVERLAP, Feed, Item, fresh, listed
from bridge.subscriptions.where import may_call

MOST: Final = 100
"""Events in one notification, where the client says nothing."""
WIDE: Final = 1000
"""Readings that are looked at at once, where those before were told already."""
AT_ONCE: Final = 50
"""Notifications in one turn."""
IN_ERROR: Final = 7 * DAY
NOT_ALLOWED: Final = "the operator does not let this endpoint be notified any more"
OVER: Final = "its end is reached"
GIVEN_UP: Final = "it was in error for a week"
REMOVED: Final = "its client is registered no more"
OVERTAKEN: Final = "it was changed meanwhile"
TAKEN: Final = "acknowledged"


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn needs."""

    db: Database
    gate: Gate
    renderer: Renderer
    net: Caller
    clock: Callable[[], Instant]
    chance: Callable[[], float]

    def ended(self, one: Subscription) -> Subscription | None:
        """The subscription, unless its time is over: then it is off."""
        now = self.clock()
        if now >= one.ends:
            self._off(one, OVER)
            return None
        if one.status == "error" and now - one.changed >= IN_ERROR:
            self._off(one, GIVEN_UP)
            return None
        return one

    def removed(self, one: Subscription) -> None:
        """Off, and its headers forgotten: there is no client any more that they could serve."""
        self._off(one, REMOVED, ())

    def on_time(self, one: Subscription) -> Subscription | None:
        """The subscription by the clock of now: where that went back, what comes until it is where it was is looked at
        and told as well (what was told before is known), and heartbeats go on."""
        now = self.clock()
        back, first = now - OVERLAP, beat(one.terms, now)
        after = replace(
            one,
            since=one.since if one.since <= now else back,
            start=one.start if one.start <= now else back,
            beat=one.beat if one.beat is None or first is None else min(one.beat, first),
        )
        return one if after == one else kept.put(self.db, one, after)

    async def handshake(self, one: Subscription) -> Subscription | None:
        """Ask the endpoint whether it wants to be notified."""
        verdict = await self._sent(one, "handshake", one.events)
        if verdict.next is not Next.DONE:
            self._failed(one, one, verdict)
            return None
        now = self.clock()
        after = replace(_well(one), status="active", changed=now, beat=beat(one.terms, now))
        return kept.put(self.db, one, after)

    async def heartbeat(self, one: Subscription) -> Subscription | None:
        """A heartbeat that is due; the next is the first of the grid that is still to come."""
        if one.beat is None or one.beat > self.clock():
            return one
        verdict = await self._sent(one, "heartbeat", one.events)
        period = int(one.terms.heartbeat) * SECOND
        following = one.beat + ((self.clock() - one.beat) // period + 1) * period
        if verdict.next is not Next.DONE:
            self._failed(one, replace(one, beat=following), verdict)
            return None
        return kept.put(self.db, one, replace(_well(one), beat=following))

    async def news(self, feed: Feed) -> Subscription | None:
        """Everything that is new; None where the turn ends before its end."""
        one: Subscription | None = feed.one
        if feed.one.mark != feed.mark:
            occurrences.forget_open(self.db, feed.one)
        elif open_ := occurrences.pending(self.db, feed.one):
            one = await self._again(feed, open_)
        after, size = None, int(feed.one.terms.most or MOST)
        latest, now = feed.one.since, self.clock()
        for _ in range(AT_ONCE):
            if one is None:
                return None
            page = await feed.page(after, size, self.clock())
            found = listed(page)
            if not found:
                break
            one, size = await self._page(replace(feed, one=one), page, found)
            latest, after = max(latest, found[-1].at), page.more
            if after is None:
                break
        else:
            return one
        return one and self._looked(one, min(latest, now))

    async def _page(self, feed: Feed, page: Disclosure, found: list[Item]) -> tuple[Subscription | None, int]:
        """One page of what is new: what of it is not known goes; and how much to look at next."""
        one, most = feed.one, int(feed.one.terms.most or MOST)
        new = list(fresh(found, occurrences.told(self.db, one, [each.id for each in found])))
        readable = await feed.readable(frozenset(each.text for each in new))
        new = [each for each in new if each.text in readable]
        if len(new) == len(found) <= most:
            return await self._went(feed, page, new), most
        self.gate.settle(page, KEPT, 0)
        for start in range(0, len(new), most):
            some = {each.text: each for each in new[start : start + most]}
            told = await feed.of(frozenset(some))
            allowed = [each for each in listed(told) if each.text in some]
            if allowed:
                went = await self._went(replace(feed, one=one), told, allowed)
                if went is None:
                    return None, most
                one = went
        return one, most if new else WIDE

    async def _went(self, feed: Feed, told: Disclosure, new: list[Item]) -> Subscription | None:
        """Number these and send them."""
        one = feed.one
        begun = one
        if one.mark != feed.mark:
            begun = replace(one, mark=feed.mark, epoch=one.epoch + 1, events=0)
        events = [
            Occurrence(begun.events + place, feed.patient, each.id, each.version, each.at)
            for place, each in enumerate(new, 1)
        ]
        numbered = replace(begun, events=begun.events + len(events))
        held = occurrences.intend(self.db, one, numbered, events)
        if held is None:
            self.gate.settle(told, "failed", 0)
            return None
        return await self._events(held, one, events, told)

    async def _again(self, feed: Feed, events: tuple[Occurrence, ...]) -> Subscription | None:
        """Events that may have left and were not acknowledged: the same numbers, and what may be told of them now."""
        ids = frozenset(Item(each.item, each.version, each.at).text for each in events)
        told = await feed.of(await feed.readable(ids))
        if not told.count:
            return occurrences.settle(
                self.db, feed.one, feed.one, [each.number for each in events], is_taken=True
            )
        return await self._events(feed.one, None, list(events), told)

    async def _events(
        self, one: Subscription, before: Subscription | None, events: list[Occurrence], told: Disclosure
    ) -> Subscription | None:
        """One notification of events. `before`: the subscription without them, where they were never sent yet."""
        said = tuple(
            Event(each.number, each.at, Item(each.item, each.version, each.at).text) for each in events
        )
        verdict = await self._sent(one, "event-notification", one.events, said, told)
        numbers = [each.number for each in events]
        if verdict.next is Next.DONE:
            self.gate.settle(told, TAKEN, told.count)
            return occurrences.settle(self.db, one, _well(one), numbers, is_taken=True)
        self.gate.settle(
            told, "sent" if verdict.has_left else "failed", told.count if verdict.has_left else 0
        )
        if before is None or verdict.has_left:
            self._failed(one, one, verdict)
            return None
        back = replace(one, mark=before.mark, epoch=before.epoch, events=before.events)
        failed = self._after(one, back, verdict)
        occurrences.settle(self.db, one, failed, numbers, is_taken=False)
        return None

    async def _sent(
        self,
        one: Subscription,
        type: Type,
        count: int,
        events: tuple[Event, ...] = (),
        told: Disclosure | None = None,
    ) -> Verdict:
        if not may_call(self.db, one.client, one.terms.endpoint):
            return Verdict(Next.STOP, has_left=False, problem=NOT_ALLOWED)
        now, terms = self.clock(), one.terms
        notice = Notice(one, type, uuid4(), count, events, terms.content)
        notation = XML if terms.payload == XML.media_type else JSON
        body = self.renderer.paper(Notification(notice, told, now), notation)
        headers = kept.headers(self.db, one)
        if headers is None:
            return Verdict(Next.AGAIN, has_left=False, problem=OVERTAKEN)
        return await call(self.net, terms.endpoint, body.media_type, bytes(body), headers, terms.timeout, now)

    def _looked(self, one: Subscription, latest: Instant) -> Subscription | None:
        """Everything up to there was looked at."""
        return one if latest == one.since else kept.put(self.db, one, replace(one, since=latest))

    def _failed(self, one: Subscription, after: Subscription, verdict: Verdict) -> None:
        kept.put(self.db, one, self._after(one, after, verdict))

    def _after(self, one: Subscription, after: Subscription, verdict: Verdict) -> Subscription:
        """The subscription after a call that failed."""
        now, failures = self.clock(), one.failures + 1
        if verdict.next is Next.GONE:
            return replace(after, status="off", changed=now, failures=failures, problem=verdict.problem)
        if verdict.next is Next.STOP or failures >= ATTEMPTS:
            return replace(after, status="error", changed=now, failures=failures, problem=verdict.problem)
        due = now + wait(failures, self.chance(), verdict.later)
        return replace(after, failures=failures, due=due)

    def _off(self, one: Subscription, problem: str, headers: tuple[str, ...] | None = None) -> None:
        kept.put(self.db, one, replace(one, status="off", changed=self.clock(), problem=problem), headers)


def _well(one: Subscription) -> Subscription:
    """After a call that was taken."""
    return one if not (one.failures or one.problem) else replace(one, failures=0, due=0, problem="")
