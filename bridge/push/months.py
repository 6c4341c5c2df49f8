"""Deliveries to a portal: months as files, each sent again when what may be told of it has changed.

Law: as every delivery (`readings.py`): the gate is asked at each attempt, nothing that it gave is kept, what goes is
durable as `tried` before the first byte. New readings name the months that are looked at; a month goes as a whole, over
the one before it. What is gone is taken back by the month with less; where nothing may be told any more, by a month that
holds the marks of what was taken back and nothing else. A portal that keeps every file gets only what is new, and is told
of no correction: a human is.

Rejected: one file for everything (it would be sent whole every five minutes), a file a day (a portal lists them all).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import bridge.store.links as links
import bridge.store.outbox as outbox
import bridge.store.receipts as receipts
import bridge.store.shelves as shelves
from bridge.consent.asked import Asked, Selector
from bridge.consent.disclosure import Disclosure
from bridge.consent.permit import DeliveryPermit
from bridge.mapping.portal import COLUMNS, Portal
from bridge.period import DAY, ZoneHistory
from bridge.portal.render import Binder, PortalBytes, Shelved
from bridge.push import round as rounds
from bridge.push.account import Settlement, untouched
from bridge.push.affected import gone
from bridge.push.answers import Reply
from bridge.push.courier import IN_DOUBT, NOT_CORRECTABLE, Outcome, Waybill
from bridge.push.plan import Passage
from bridge.push.readings import NO_ROOM, last
from bridge.push.reconcile import spelled
from bridge.push.retraction import retract
from bridge.push.retry import State, Step, decide
from bridge.push.round import NOTHING, Report
from bridge.push.shelf import Change, Month, change, is_there, items_of, months, named, named_month
from bridge.push.trip import Trip, subject_of
from bridge.push.upload import Upload
from bridge.store.links import Link
from bridge.store.outbox import Held, Item, Result
from bridge.store.shelves import Shelf

NEWS: Final = 10_000
"""New readings that are looked at together, to learn which months they are of."""
MOST: Final = 100_000
"""Readings of a month: one a minute and everything beside it fits twice."""
TOO_LARGE: Final = (
    "the file of {month} is larger than limits.bytes of its file: raise it, or choose form: csv"
)


@dataclass(frozen=True, slots=True)
class Rack:
    """What is needed for a lane to a portal."""

    trip: Trip
    told: Portal
    binder: Binder

    @property
    def upload(self) -> Upload:
        """The way there."""
        return Upload(self.trip.courier.receiver, self.told, self.trip.clock)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One month on its way: what is in the file, what the outbox learns of it, and how it is accounted for."""

    month: Month
    disclosure: Disclosure
    change: Change
    going: tuple[Item, ...]
    content: str
    revision: int


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
    asked = _asked(rack, passage, "what is new for destination", limit=NEWS)
    after = outbox.cursor(trip.db, trip.errand.lane, passage.id)
    found = await trip.gate.disclose(_permit(trip, passage), replace(asked, order="lastUpdated", after=after))
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
    disclosure = await _told(rack, passage, month)
    found = _changed(rack, month, disclosure)
    kept = shelves.shelf(trip.db, trip.errand.lane, month.name)
    content = shelves.content_of(found.items, rack.told.form)
    if is_there(kept, content) or not (found.fresh or found.lost):
        trip.kept(disclosure)
        return NOTHING, True
    report, wanted = _sendable(rack, bill, found)
    ids, is_cut = _room(rack, found, wanted)
    if not ids:
        trip.kept(disclosure)
        return (report + rounds.held(trip.client, NO_ROOM), False) if is_cut else (report, True)
    if len(ids) < len(found.items):
        trip.kept(disclosure)
        disclosure = await _told(rack, passage, month, frozenset(map(spelled, ids)))
        content, found = "", _changed(rack, month, disclosure)
    going = tuple(each for each in found.fresh if each.id in ids)
    parcel = Parcel(month, disclosure, found, going, content, (kept.revision if kept else 0) + 1)
    sent, is_done = await _sent(rack, bill, parcel)
    report += sent
    return (
        report + rounds.held(trip.client, NO_ROOM) if is_cut and is_done else report
    ), is_done and not is_cut


def _sendable(rack: Rack, bill: Waybill, found: Change) -> tuple[Report, tuple[Item, ...]]:
    """What of a month can go: all of it where the portal replaces, what is new where it keeps every file. What cannot
    waits for a human."""
    if rack.told.replaces:
        return NOTHING, found.fresh
    trip, report = rack.trip, NOTHING
    if found.changed:
        trip.courier.give_up(found.changed, bill, NOT_CORRECTABLE, State.NOT_CORRECTABLE)
        report += rounds.stuck(trip.client, len(found.changed))
    doubtful = [] if rack.told.upload == "put" else [each for each in found.new if _is_tried(found, each)]
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


async def _sent(rack: Rack, bill: Waybill, parcel: Parcel) -> tuple[Report, bool]:
    """The month's file and its manifest go, and everything that it came to is recorded; whether it arrived."""
    trip, lane = rack.trip, rack.trip.errand.lane
    link = links.load(trip.db, bill.link)
    body = rack.binder.month(parcel.disclosure, rack.told.form)
    words = named(rack.told, link.value, parcel.month.name, parcel.revision)
    most = None if trip.spec is None else trip.spec.limits.bytes
    if most is not None and len(body) > most:
        trip.kept(parcel.disclosure)
        sentence = f"{trip.client}: {TOO_LARGE.format(month=parcel.month.name)}"
        return Report(failed=(sentence,)), False
    delivery = outbox.begin(
        trip.db, lane, bill.what, bill.grant, bill.link, parcel.disclosure.entry, parcel.going
    )
    shelves.keep(trip.db, lane, Shelf(parcel.month.name, parcel.revision - 1, "", bill.link))
    reply = await _uploaded(rack, parcel, body, words)
    decision = decide(reply.step, delivery.attempts, trip.clock(), trip.courier.chance(), reply.asked)
    is_done = decision.step is Step.DONE
    results = tuple(_results(parcel)) if is_done else _stayed(parcel, reply)
    settlement = _settlement(bill, parcel) if is_done else Settlement(reply.step, ())
    outbox.settle(
        trip.db, delivery, decision.state.value, due=decision.due, problem=reply.problem, results=results,
        taken=settlement.taken,
    )  # fmt: skip
    if is_done:
        shelves.keep(trip.db, lane, Shelf(parcel.month.name, parcel.revision, parcel.content, bill.link))
    left = parcel.disclosure.count if reply.step in (Step.DONE, Step.UNKNOWN) else 0
    if parcel.disclosure.entry is not None:
        trip.gate.settle(parcel.disclosure, rounds.WORDS[reply.step], left)
    outcome = Outcome(settlement, decision, reply.problem, delivery.delivery, delivery.items)
    return rounds.of(trip.client, outcome, trip.clock()), is_done


async def _uploaded(rack: Rack, parcel: Parcel, body: PortalBytes, words: dict[str, str]) -> Reply:
    """The file, then the manifest that says it is there."""
    upload, name = rack.upload, words["name"]
    reply = await upload.put(name, body, words)
    if reply.step is not Step.DONE or not rack.told.manifest:
        return reply
    month = parcel.month
    manifest = rack.binder.manifest([Shelved(name, month.start, month.until, parcel.revision, body)])
    reply = await upload.put(f"{name}.manifest.csv", manifest, words)
    # The file itself is there by now, whatever became of its manifest.
    return (
        reply if reply.step is Step.DONE else replace(reply, is_untouched=False, step=_not_untouched(reply))
    )


def _not_untouched(reply: Reply) -> Step:
    return Step.UNKNOWN if reply.step is Step.AGAIN else reply.step


def _results(parcel: Parcel) -> Iterator[Result]:
    place = parcel.month.place
    for each in parcel.going:
        yield Result(each.id, each.version, "open", place)
    for held in parcel.change.lost:
        yield Result(held.id, held.version or held.tried, "retracted", place)


def _stayed(parcel: Parcel, reply: Reply) -> tuple[Result, ...]:
    return untouched(parcel.going, (), parcel.change.before) if reply.is_untouched else ()


def _settlement(bill: Waybill, parcel: Parcel) -> Settlement:
    """What the portal took: readings that are new or said otherwise there, or that it has no more."""
    if bill.what == "retraction":
        return Settlement(Step.DONE, (), retracted=len(parcel.change.lost))
    new = {each.id for each in parcel.change.new}
    sent = sum(each.id in new for each in parcel.going)
    return Settlement(Step.DONE, (), sent=sent, updated=len(parcel.going) - sent)


# ------------------------------------------------------------------------------------------------ taken back


async def _taken_back(rack: Rack, hold: str) -> Report:
    """Months that hold what is gone go again with less."""
    trip, report = rack.trip, NOTHING
    for grant, link, some in gone(trip.db, trip.errand.lane):
        permit = DeliveryPermit(grant, trip.client)
        wanted = frozenset(spelled(each.id) for each in some)
        lost = await trip.gate.retract(permit, trip.errand.lane.patient, wanted)
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
    marks = await trip.gate.retract(
        DeliveryPermit(bill.grant, trip.client), lane.patient, frozenset(spelled(each.id) for each in those)
    )
    may_tell = bool(trip.errand.grants) and not hold
    disclosure = await _told(rack, trip.errand.grants[0], month) if may_tell else marks
    found = _changed(rack, month, disclosure)
    there = {each.id for each in found.items}
    lost = {each.id: each for each in (*found.lost, *those) if each.id not in there}
    kept = shelves.shelf(trip.db, lane, month.name)
    old = {each.id for each in found.fresh}
    parcel = Parcel(
        month, disclosure, replace(found, lost=tuple(lost.values())), (), "", kept.revision + 1 if kept else 1
    )
    if may_tell and old:
        # What is new as well waits for its own turn, under the cap of the day.
        trip.kept(disclosure)
        only = frozenset(spelled(each.id) for each in found.items if each.id not in old)
        parcel = replace(parcel, disclosure=await _told(rack, trip.errand.grants[0], month, only))
    report, is_done = await _sent(rack, bill, parcel)
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
    there = [held for _, _, held in outbox.holding(trip.db, lane) if held.reference == month.place]
    return change(items, outbox.held(trip.db, lane, [each.id for each in items]), there)


async def _told(rack: Rack, passage: Passage, month: Month, only: frozenset[str] | None = None) -> Disclosure:
    """What may be told of a month now."""
    asked = _asked(rack, passage, f"{month.name} for destination", limit=MOST)
    return await rack.trip.gate.disclose(
        _permit(rack.trip, passage), replace(asked, dates=month.tests(), ids=only)
    )


def _asked(rack: Rack, passage: Passage, words: str, limit: int) -> Asked:
    lane = rack.trip.errand.lane
    return Asked(
        patient=lane.patient, way=passage.way, channel="push", described=f"{words} {lane.destination}",
        selectors=_wanted(rack), limit=limit, device_resources=True,
    )  # fmt: skip


def _wanted(rack: Rack) -> frozenset[Selector]:
    """What the portal's file wants of what its form can say."""
    raw = None if rack.trip.spec is None else rack.trip.spec.raw
    streams = frozenset() if raw is None else frozenset(raw.streams)
    if not streams and rack.told.form == "csv":
        streams = COLUMNS
    whole = rack.trip.courier.renderer.vocabulary.everything()
    return frozenset(each for each in whole if each.stream in streams) if streams else whole


def _permit(trip: Trip, passage: Passage) -> DeliveryPermit:
    return DeliveryPermit(passage.id, trip.client)
