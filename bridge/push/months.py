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
from functools import partial
from typing import Final

import bridge.store.cursors as cursors
import bridge.store.links as links
import bridge.store.outbox as outbox
import bridge.store.patients as patients
import bridge.store.shelves as shelves
from bridge.consent.disclosure import Disclosure
from bridge.period import ZoneHistory
from bridge.push import round as rounds
from bridge.push.affected import gone
from bridge.push.asking import marks_of, news, pages, told, whole
from bridge.push.bound import Rack, Volume, sent
from bridge.push.courier import IN_DOUBT, NOT_CORRECTABLE, Waybill
from bridge.push.plan import NO_GRANT, Passage, ended
from bridge.push.readings import NO_ROOM, last
from bridge.push.reconcile import spelled
from bridge.push.retraction import retract
from bridge.push.retry import State
from bridge.push.round import NOTHING, Report
from bridge.push.shelf import (
    PLACE,
    Change,
    Month,
    change,
    ids_of,
    is_due,
    items_of,
    month_of,
    months,
    named_month,
    stands_in,
)
from bridge.push.trip import subject_of
from bridge.store.links import Link
from bridge.store.outbox import Held, Item
from bridge.store.shelves import Shelf

TOO_MANY: Final = "{month} has more readings than a file takes: choose fewer kinds in raw.streams of its file"


async def deliver(rack: Rack, hold: str) -> Report:
    """Everything that is due at a portal. `hold`: why nothing new goes; '' where it may."""
    trip, report = rack.trip, NOTHING
    report += await (_taken_back(rack, hold) if rack.told.replaces else retract(trip))
    takes_none = trip.spec is not None and trip.spec.raw is None and not hold
    return report if report.stops or takes_none else report + await pages(rack, hold, partial(_news, rack))


async def _news(rack: Rack, passage: Passage, link: Link) -> tuple[Report, bool]:
    """The months of one page of what is new; whether there is another page."""
    trip = rack.trip
    found = await news(rack, passage)
    if not found.count:
        return NOTHING, False
    trip.kept(found)
    report, is_whole = NOTHING, True
    bill = Waybill("readings", passage.id, link.number, subject_of(link))
    zones = patients.load(trip.db, trip.errand.lane.patient).zones
    for month in months(found, zones, _places(rack, found)):
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
    why = ended(trip.db, passage.id, bill.link, trip.clock())
    if why:
        return rounds.held(trip.client, why), False
    disclosure = await whole(rack, passage, month)
    why = _untold(month, disclosure)
    if why:
        trip.kept(disclosure)
        return rounds.held(trip.client, why), False
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
        why = _untold(month, disclosure)
        if why:
            trip.kept(disclosure)
            return report + rounds.held(trip.client, why), False
        found = _changed(rack, month, disclosure)
    going = tuple(each for each in found.fresh if each.id in ids)
    under = passage.id, bill.link
    volume = Volume(month, disclosure, found, going, _content(rack, found), _revision(kept), under)
    went, is_done = await sent(rack, bill, volume)
    report += went
    return (
        report + rounds.held(trip.client, NO_ROOM) if is_cut and is_done else report
    ), is_done and not is_cut


def _untold(month: Month, disclosure: Disclosure) -> str:
    """Why what was told of a month is no file of it. A month of which there was news a moment ago and now nothing was
    paused, revoked or narrowed in between: a file with nothing would take the place of what stands."""
    if disclosure.more is not None:
        return TOO_MANY.format(month=month.name)
    return "" if disclosure.count else NO_GRANT


def _places(rack: Rack, found: Disclosure) -> dict[bytes, str]:
    """The months in which readings stand; a portal that keeps every file is sent none of them again."""
    if not rack.told.replaces:
        return {}
    held = outbox.held(rack.trip.db, rack.trip.errand.lane, ids_of(found))
    return {each.id: stands_in(each) for each in held.values() if stands_in(each)}


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
    room = max(0, trip.room(len(wanted)))
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
        zones = patients.load(trip.db, trip.errand.lane.patient).zones
        for month, those in _by_month(zones, lost, some):
            if not report.stops:
                report += await _less(rack, bill, month, those, hold)
    return report


async def _less(rack: Rack, bill: Waybill, month: Month, those: Sequence[Held], hold: str) -> Report:
    """One month without what is gone. Where nothing may be told now: with its marks alone."""
    trip, lane = rack.trip, rack.trip.errand.lane
    marks = await marks_of(trip, bill.grant, frozenset(spelled(each.id) for each in those))
    disclosure, under = await _left(rack, month, marks, hold)
    found = _changed(rack, month, disclosure)
    there = {each.id for each in found.items}
    lost = {each.id: each for each in (*found.lost, *those) if each.id not in there}
    kept = shelves.shelf(trip.db, lane, month.name)
    old = {each.id for each in found.fresh}
    found = replace(found, lost=tuple(lost.values()))
    if under is not None and old:
        # What is new as well waits for its own turn, under the cap of the day.
        trip.kept(disclosure)
        only = frozenset(spelled(each.id) for each in found.items if each.id not in old)
        disclosure = await told(rack, trip.errand.grants[0], month, only)
        found = replace(found, items=items_of(disclosure))
    volume = Volume(month, disclosure, found, (), _content(rack, found), _revision(kept), under)
    report, is_done = await sent(rack, bill, volume)
    if is_done and under is None:
        # The month goes again, whole, once it may be told again.
        cursors.rewind(trip.db, lane)
    if disclosure is not marks and marks.count:
        trip.gate.settle(marks, "retracted" if is_done else "failed", marks.count if is_done else 0)
    return report


async def _left(
    rack: Rack, month: Month, marks: Disclosure, hold: str
) -> tuple[Disclosure, tuple[str, int] | None]:
    """What may be told of a month now beside what is gone, and by which grant and link; else its marks, and None."""
    trip = rack.trip
    standing = trip.errand.link
    if hold or standing is None or not trip.errand.grants:
        return marks, None
    first = trip.errand.grants[0]
    disclosure = await whole(rack, first, month)
    under = first.id, standing.number
    if disclosure.more is None and not ended(trip.db, *under, trip.clock()):
        return disclosure, under
    trip.kept(disclosure)
    return marks, None


def _by_month(
    zones: ZoneHistory, lost: Disclosure, some: Sequence[Held]
) -> Iterator[tuple[Month, list[Held]]]:
    """What is gone, by the months that it stands in; what never surely arrived, by the month that it began in."""
    began = {
        bytes(raw): instant
        for group in lost.groups
        for raw, instant in zip(group.ids, group.columns["instant"].tolist(), strict=True)
    }
    places: dict[str, list[Held]] = {}
    for each in some:
        if each.id in began:
            there = each.reference.startswith(PLACE)
            place = each.reference if there else month_of(zones, began[each.id]).place
            places.setdefault(place, []).append(each)
    for place in sorted(places):
        yield named_month(zones, place), places[place]


# ---------------------------------------------------------------------------------------------------- asking


def _changed(rack: Rack, month: Month, disclosure: Disclosure) -> Change:
    trip, lane = rack.trip, rack.trip.errand.lane
    items = items_of(disclosure)
    there = outbox.standing(trip.db, lane, month.place) if rack.told.replaces else ()
    return change(items, outbox.held(trip.db, lane, [each.id for each in items]), there)
