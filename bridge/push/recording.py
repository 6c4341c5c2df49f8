"""Deliveries to Tidepool: what is new page by page, a record each, and what is gone taken away by its id.

Law: as every delivery (`readings.py`): the gate is asked at each attempt, the link is looked at before each page, what
goes is durable as `tried` before the first byte. A record that goes twice stands there once, so a lost answer is simply
repeated. What has no record that says the same (`portal/records.py`) waits for a human and is said; it is never counted
as delivered.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Final

import bridge.store.links as links
import bridge.store.outbox as outbox
from bridge.consent.disclosure import Disclosure
from bridge.portal.records import is_sayable
from bridge.portal.render import PortalBytes
from bridge.push import round as rounds
from bridge.push.account import Settlement, untouched
from bridge.push.affected import gone
from bridge.push.answers import Reply
from bridge.push.asking import marks_of, news, pages
from bridge.push.bound import Rack
from bridge.push.courier import Outcome, Waybill
from bridge.push.plan import Passage
from bridge.push.readings import NO_ROOM, last
from bridge.push.reconcile import spelled
from bridge.push.retry import State, Step, decide
from bridge.push.round import NOTHING, Report
from bridge.push.shelf import Change, change, items_of
from bridge.push.tidepool import MOST, Account
from bridge.push.trip import subject_of
from bridge.store.links import Link
from bridge.store.outbox import Held, Item, Result

RECORD: Final = 600
"""Bytes of the largest record."""
NO_RECORD: Final = (
    "Tidepool has no record that says this: a mean, a rate of unknown kind, a reading without an amount or in another "
    "unit"
)
PLACE: Final = "Origin/"
"""How the outbox names where a record stands."""


@dataclass(frozen=True, slots=True)
class Load:
    """What goes in one request, and what it comes to when it is taken."""

    disclosure: Disclosure
    content: PortalBytes
    going: tuple[Item, ...]
    before: Change
    results: tuple[Result, ...]
    settlement: Settlement


async def deliver(rack: Rack, account: Callable[[Link], Account], hold: str) -> Report:
    """Everything that is due at Tidepool. `hold`: why nothing new goes; '' where it may."""
    report = await _taken_back(rack, account)
    if report.stops:
        return report
    return report + await pages(rack, hold, lambda grant, link: _page(rack, grant, link, account(link)))


async def _page(rack: Rack, passage: Passage, link: Link, account: Account) -> tuple[Report, bool]:
    """One request; whether another may follow at once."""
    trip = rack.trip
    room = _room(rack)
    if room < 1:
        return rounds.held(trip.client, NO_ROOM), False
    found = await news(rack, passage, room)
    if not found.count:
        return NOTHING, False
    more = found.more is not None
    bill = Waybill("readings", passage.id, link.number, subject_of(link), last(found))
    report, due = await _due(rack, passage, found, bill, account)
    if report.stops:
        trip.kept(found)
        return report, False
    if not due.fresh:
        trip.kept(found)
        trip.courier.skip(bill)
        return report, more
    if len(due.fresh) < found.count:
        trip.kept(found)
        only = frozenset(spelled(each.id) for each in due.fresh)
        found = await news(rack, passage, len(only), only)
        due = _change(rack, found)
    if not due.fresh:
        trip.kept(found)
        return report, False

    went, is_done = await _went(rack, bill, _load(rack, found, due), account.put)
    return report + went, is_done and more


def _room(rack: Rack) -> int:
    """How many records a request may hold now."""
    trip, spec = rack.trip, rack.trip.spec
    most = (
        MOST if spec is None or spec.limits.bytes is None else min(MOST, max(1, spec.limits.bytes // RECORD))
    )
    return trip.room(most)


def _change(rack: Rack, found: Disclosure) -> Change:
    items = items_of(found)
    return change(items, outbox.held(rack.trip.db, rack.trip.errand.lane, [each.id for each in items]), ())


async def _due(
    rack: Rack, passage: Passage, found: Disclosure, bill: Waybill, account: Account
) -> tuple[Report, Change]:
    """What of a page is new there and has a record; what has none waits for a human, and goes where it stood."""
    due = _change(rack, found)
    said = {bytes(raw) for group in found.groups for raw in group.ids[is_sayable(group)]}
    mute = [each for each in due.fresh if each.id not in said]
    if not mute:
        return NOTHING, due
    there = [each for each in mute if each.id in due.before]
    report = await _outdated(rack, passage, bill, there, account) if there else NOTHING
    if not report.stops:
        rack.trip.courier.give_up(mute, bill, NO_RECORD, State.PARTIAL)
        report += rounds.refused(rack.trip.client, len(mute))
    fresh = tuple(each for each in due.fresh if each.id in said)
    return report, Change(due.items, due.before, fresh, ())


async def _outdated(
    rack: Rack, passage: Passage, bill: Waybill, some: Sequence[Item], account: Account
) -> Report:
    """Older versions of what has no record any more are taken away: a wrong value would stay. What may not be told any
    more since it was looked at is another round's matter."""
    ids = frozenset(spelled(each.id) for each in some)
    found = await news(rack, passage, len(ids), ids)
    if found.count < len(ids):
        rack.trip.kept(found)
        return Report(stops=True)
    results = tuple(Result(each.id, "", "refused", problem=NO_RECORD) for each in some)
    counted, none = Settlement(Step.DONE, (), updated=len(some)), Change((), {}, (), ())
    load = Load(found, rack.binder.selectors(found), (), none, results, counted)
    report, _ = await _went(rack, bill.before_others(), load, account.take)
    return report


def _load(rack: Rack, found: Disclosure, due: Change) -> Load:
    content = rack.binder.records(found, rack.told.client)
    results = tuple(Result(each.id, each.version, "open", PLACE + spelled(each.id)) for each in due.fresh)
    counted = Settlement(Step.DONE, (), sent=len(due.new), updated=len(due.changed))
    return Load(found, content, due.fresh, due, results, counted)


async def _went(
    rack: Rack, bill: Waybill, load: Load, call: Callable[[PortalBytes], Coroutine[None, None, Reply]]
) -> tuple[Report, bool]:
    """One request goes, and everything that it came to is recorded; whether it arrived."""
    trip, entry = rack.trip, load.disclosure.entry
    delivery = outbox.begin(trip.db, trip.errand.lane, bill.what, bill.grant, bill.link, entry, load.going)
    with trip.courier.barrier.only(trip.standing(load.disclosure, bill)):
        reply = await call(load.content)
    decision = decide(reply.step, delivery.attempts, trip.clock(), trip.courier.chance(), reply.asked)
    is_done = decision.step is Step.DONE
    stayed = untouched(load.going, (), load.before.before) if reply.is_untouched else ()
    settlement = load.settlement if is_done else Settlement(reply.step, ())
    outbox.settle(
        trip.db, delivery, decision.state.value, due=decision.due, problem=reply.problem,
        results=load.results if is_done else stayed, taken=settlement.taken, after=bill.after if is_done else None,
    )  # fmt: skip
    outcome = Outcome(settlement, decision, reply.problem, delivery.delivery, len(load.going))
    trip.gate.settle(load.disclosure, *rounds.word(outcome, bill.what == "retraction"))
    return rounds.of(trip.client, outcome, trip.clock()), is_done


async def _taken_back(rack: Rack, account: Callable[[Link], Account]) -> Report:
    """Records of what is gone are taken away; also of what may have arrived, and after the grant ended."""
    trip, report = rack.trip, NOTHING
    for grant, number, some in gone(trip.db, trip.errand.lane):
        for start in range(0, len(some), MOST):
            if not report.stops:
                report += await _less(rack, account, grant, number, some[start : start + MOST])
    return report


async def _less(
    rack: Rack, account: Callable[[Link], Account], grant: str, number: int, some: Sequence[Held]
) -> Report:
    trip, link = rack.trip, links.load(rack.trip.db, number)
    marks = await marks_of(trip, grant, frozenset(spelled(each.id) for each in some))
    if not marks.count:
        return NOTHING
    told = {bytes(raw) for group in marks.groups for raw in group.ids}
    lost = [each for each in some if each.id in told]
    results = tuple(Result(each.id, each.version or each.tried, "retracted") for each in lost)
    counted = Settlement(Step.DONE, (), retracted=len(lost))
    content, none = rack.binder.selectors(marks), Change((), {}, (), ())
    bill = Waybill("retraction", grant, number, subject_of(link))
    report, _ = await _went(rack, bill, Load(marks, content, (), none, results, counted), account(link).take)
    return report
