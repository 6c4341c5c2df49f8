"""Deliveries to a portal: months as files, each sent again when what may be told of it has changed.

Law: as every delivery (`readings.py`): the gate is asked at each attempt, nothing that it gave is kept, what goes is
durable as `tried` before the first byte. New readings name the months that are looked at; a month goes as a whole,
over the one before it. What is gone is taken back by the month with less; where nothing may be told any more, by a
month that holds the marks of what was taken back and nothing else. A portal that keeps every file gets only what is
new, and is told of no correction: a human is.

Rejected: one file for everything (it would be sent whole every five minutes), a file a day (a portal lists them all).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import bridge.store.cursors as cursors
import bridge.store.links as links
import bridge.store.outbox as outbox
import bridge.store.receipts as receipts
import bridge.store.shelves as shelves
from bridge.consent.disclosure import Disclosure
from bridge.period import DAY, ZoneHistory
from bridge.push import round as rounds
from bridge.push.affected import gone
from bridge.push.asking import marks_of, news, told
from bridge.push.bound import Parcel, Rack, sent
from bridge.push.courier import IN_DOUBT, NOT_CORRECTABLE, Waybill
from bridge.push.plan import Passage, stopped
from bridge.push.readings import NO_ROOM, last
from bridge.push.reconcile import spelled
from bridge.push.retraction import retract
from bridge.push.retry import State
from bridge.push.round import NOTHING, Report
from bridge.push.shelf import Change, Month, change, is_due, items_of, months, named_month
from bridge.push.trip import subject_of
from bridge.store.links import Link, LinkState
from bridge.store.outbox import Held, Item
from bridge.store.shelves import Shelf


async def deliver(rack: Rack, hold: str) -> Report:
    """Everything that is due at a portal. `hold`: why nothing new goes; '' where it may."""
    trip, report = rack.trip, NOTHING
    report += await (_taken_back(rack, hold) if rack.told.replaces else retract(trip))
    if report.stops:
        return report
    if hold:
        return report + rounds.held(trip.client, hold)
    standing = trip.errand.link
    assert standing is not None
    link = links.load(trip.db, standing.number)
    for passage in trip.errand.grants:
        goes_on = True
        while goes_on and not report.stops:
            page, goes_on = await _news(rack, passage, link)
            report += page
    return report


async def _news(rack: Rack, passage: Passage, link: Link) -> tuple[Report, bool]:
    """The months of one page of what is new; whether there is another page."""
    trip = rack.trip
    why = _stopped(rack, link)
    if why:
        return rounds.held(trip.client, why), False
    found = await news(rack, passage)
    if not found.count:
        return NOTHING, False
    trip.kept(found)
    report, is_whole = NOTHING, True
    bill = Waybill("readings", passage.id, link.number, subject_of(link))
    for month in months(found):
        one, is_done = await _month(rack, passage, bill, month)
        report, is_whole = report + one, is_whole and is_done
        if report.stops:
            return report, False
    if is_whole:
        trip.courier.skip(replace(bill, after=last(found)))
    return report, is_whole and found.more is not None


async def _month(rack: Rack, passage: Passage, bill: Waybill, month: Month) -> tuple[Report, bool]:
    """One month with everything that may be told of it; whether it is done with."""
    trip = rack.trip
    why = _stopped(rack, links.load(trip.db, bill.link))
    if why:
        return rounds.held(trip.client, why), False
    disclosure = await told(rack, passage, month)
    found = _changed(rack, month, disclosure)
    kept = shelves.shelf(trip.db, trip.errand.lane, month.name)
    if not is_due(kept, _content(rack, found), found, rack.told.replaces):
        trip.kept(disclosure)
        return NOTHING, True
    report, wanted = _sendable(rack, bill, found)
    ids, is_cut = _room(rack, found, wanted)
    if not ids and found.items:
        trip.kept(disclosure)
        return (report + rounds.held(trip.client, NO_ROOM), False) if is_cut else (report, True)
    if len(ids) < len(found.items):
        trip.kept(disclosure)
        disclosure = await told(rack, passage, month, frozenset(map(spelled, ids)))
        found = _changed(rack, month, disclosure)
    going = tuple(each for each in found.fresh if each.id in ids)
    parcel = Parcel(month, disclosure, found, going, _content(rack, found), _revision(kept))
    went, is_done = await sent(rack, bill, parcel)
    report += went
    return (
        report + rounds.held(trip.client, NO_ROOM) if is_cut and is_done else report
    ), is_done and not is_cut


def _stopped(rack: Rack, link: Link) -> str:
    """Why nothing more goes over a link that was stopped while files went (`safety.md`, whose chart is it)."""
    now = links.load(rack.trip.db, link.number)
    return "" if now.state is LinkState.CONFIRMED else stopped(now.state, now.reason)


def _revision(kept: Shelf | None) -> int:
    return 1 if kept is None else kept.revision + 1


def _content(rack: Rack, found: Change) -> str:
    """The number of a month as it is told now."""
    return shelves.content_of(found.items, rack.told.said)


def _sendable(rack: Rack, bill: Waybill, found: Change) -> tuple[Report, tuple[Item, ...]]:
    """What of a month can go: all of it where the portal replaces, what is new where it keeps every file. What cannot
    waits for a human."""
    if rack.told.replaces:
        return NOTHING, found.fresh
    trip, report = rack.trip, NOTHING
    if found.changed:
        trip.courier.give_up(found.changed, bill, NOT_CORRECTABLE, State.NOT_CORRECTABLE)
        report += rounds.stuck(trip.client, len(found.changed))
    doubtful = [] if rack.told.is_repeatable else [each for each in found.new if _is_tried(found, each)]
    if doubtful:
        trip.courier.give_up(doubtful, bill, IN_DOUBT, State.PARTIAL)
        report += rounds.refused(trip.client, len(doubtful))
    return report, tuple(each for each in found.new if each not in doubtful)


def _is_tried(found: Change, item: Item) -> bool:
    held = found.before.get(item.id)
    return held is not None and bool(held.tried)


def _room(rack: Rack, found: Change, wanted: Sequence[Item]) -> tuple[frozenset[bytes], bool]:
    """The ids that go into the file, and whether some had to stay because a day takes no more."""
    trip = rack.trip
    daily = trip.errand.destination.daily
    spent = receipts.spent(trip.db, trip.errand.lane, trip.clock() - DAY)
    room = len(wanted) if daily is None else max(0, daily - spent)
    fresh = {each.id for each in found.fresh}
    old = [each.id for each in found.items if each.id not in fresh] if rack.told.replaces else []
    is_cut = room < len(wanted)
    if is_cut and not room:
        return frozenset(), True
    return frozenset([*old, *(each.id for each in wanted[:room])]), is_cut


# ------------------------------------------------------------------------------------------------ taken back


async def _taken_back(rack: Rack, hold: str) -> Report:
    """Months that hold what is gone go again with less."""
    trip, report = rack.trip, NOTHING
    for grant, link, some in gone(trip.db, trip.errand.lane):
        wanted = frozenset(spelled(each.id) for each in some)
        lost = await marks_of(trip, grant, wanted)
        if not lost.count:
            continue
        trip.kept(lost)
        bill = Waybill("retraction", grant, link, subject_of(links.load(trip.db, link)))
        for month, those in _by_month(lost, some):
            if not report.stops:
                report += await _less(rack, bill, month, those, hold)
    return report


async def _less(rack: Rack, bill: Waybill, month: Month, those: Sequence[Held], hold: str) -> Report:
    """One month without what is gone. Where nothing may be told now: with its marks alone."""
    trip, lane = rack.trip, rack.trip.errand.lane
    marks = await marks_of(trip, bill.grant, frozenset(spelled(each.id) for each in those))
    may_tell = bool(trip.errand.grants) and not hold
    disclosure = await told(rack, trip.errand.grants[0], month) if may_tell else marks
    found = _changed(rack, month, disclosure)
    there = {each.id for each in found.items}
    lost = {each.id: each for each in (*found.lost, *those) if each.id not in there}
    kept = shelves.shelf(trip.db, lane, month.name)
    old = {each.id for each in found.fresh}
    found = replace(found, lost=tuple(lost.values()))
    if may_tell and old:
        # What is new as well waits for its own turn, under the cap of the day.
        trip.kept(disclosure)
        only = frozenset(spelled(each.id) for each in found.items if each.id not in old)
        disclosure = await told(rack, trip.errand.grants[0], month, only)
        found = replace(found, items=items_of(disclosure))
    parcel = Parcel(month, disclosure, found, (), _content(rack, found), _revision(kept))
    report, is_done = await sent(rack, bill, parcel)
    if is_done and not may_tell:
        # The month goes again, whole, once it may be told again.
        cursors.rewind(trip.db, lane)
    if disclosure is not marks and marks.count:
        trip.gate.settle(marks, "retracted" if is_done else "failed", marks.count if is_done else 0)
    return report


def _by_month(lost: Disclosure, some: Sequence[Held]) -> Iterator[tuple[Month, list[Held]]]:
    """What is gone, by the months that it stands in; what never surely arrived, by the month that it began in."""
    zone = "UTC" if lost.subject is None else lost.subject.zone
    zones = ZoneHistory.always(zone)
    began = {
        bytes(raw): f"Month/{zones.local_date(instant):%Y-%m}"
        for group in lost.groups
        for raw, instant in zip(group.ids, group.columns["instant"].tolist(), strict=True)
    }
    places: dict[str, list[Held]] = {}
    for each in some:
        if each.id in began:
            places.setdefault(each.reference or began[each.id], []).append(each)
    for place in sorted(places):
        yield named_month(zones, place), places[place]


# ---------------------------------------------------------------------------------------------------- asking


def _changed(rack: Rack, month: Month, disclosure: Disclosure) -> Change:
    trip, lane = rack.trip, rack.trip.errand.lane
    items = items_of(disclosure)
    there = outbox.standing(trip.db, lane, month.place) if rack.told.replaces else ()
    place = month.place if rack.told.replaces else ""
    return change(items, outbox.held(trip.db, lane, [each.id for each in items]), there, place)
