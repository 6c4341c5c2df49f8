"""What is taken back: readings that are gone here and that the receiver holds, or may hold.

Law (`safety.md`, corrections travel): a retraction is no disclosure: it goes even after the grant ended, as a row
of the ledger of its own. What may have arrived is looked for first. A receiver that takes no corrections keeps
what it has, and both sides are told; which means and summaries are wrong the gate alone can say (`consent/recalled.py`,
`consent/keeping.py`). One that a receiver refuses holds up no other: it is found as what cannot be sent is
(`isolation.py`), and waits for a human with the receiver's reason.
"""

from __future__ import annotations

from collections.abc import Sequence

import bridge.store.links as links
import bridge.store.outbox as outbox
from bridge.consent import grants
from bridge.consent.permit import DeliveryPermit
from bridge.consent.recalled import is_mean
from bridge.consent.summed import behind, secret
from bridge.period import Instant
from bridge.push import chart
from bridge.push import round as rounds
from bridge.push.affected import gone
from bridge.push.answers import Reply
from bridge.push.courier import NOT_CORRECTABLE, Waybill
from bridge.push.parcel import packed
from bridge.push.readings import RESOLVING
from bridge.push.reconcile import spelled
from bridge.push.retry import State
from bridge.push.round import NOTHING, Report
from bridge.push.trip import Trip
from bridge.store.blocks import resurfaced
from bridge.store.ids import Name
from bridge.store.links import Shown
from bridge.store.outbox import Held, Item


async def retract(trip: Trip) -> Report:
    """Take back everything on a lane that is gone."""
    report = NOTHING
    for grant, link, some in gone(trip.db, trip.errand.lane):
        left = list(some)
        while left and not report.stops:
            page = trip.page
            bill = Waybill("retraction", grant, link, await _subject(trip, link))
            report += await _some(trip, bill, left[:page])
            left = left[page:]
    return report


async def _subject(trip: Trip, number: int) -> str:
    """The record that it went to. Where its id was kept nowhere and a search is no reference, it is looked for."""
    link, courier = links.load(trip.db, number), trip.courier
    if not (link.shown.id or courier.is_by_link or courier.can.form in RESOLVING):
        found = await chart.look(courier.receiver, link.system, link.value, trip.clock())
        if isinstance(found, Shown) and chart.difference(link, found) is None:
            return f"Patient/{found.id}"
    return trip.subject(link)


async def _some(trip: Trip, bill: Waybill, some: Sequence[Held]) -> Report:
    lane = trip.errand.lane
    if not trip.courier.can.updates:
        wrong = await _wrong(trip, bill, some)
        if not wrong:
            return NOTHING
        items = [Item(held.id, held.kind, held.version or held.tried) for held in wrong]
        trip.courier.give_up(items, bill, NOT_CORRECTABLE, State.NOT_CORRECTABLE)
        return rounds.stuck(trip.client, len(items))
    doubtful = await _wrong(trip, bill, [held for held in some if not held.reference])
    unplaced = {held.id: held for held in doubtful}
    some = [held for held in some if held.reference or held.id in unplaced]
    if unplaced:
        items = [Item(held.id, held.kind, held.version) for held in unplaced.values()]
        found = await trip.courier.look(items, unplaced, retracts=True)
        if isinstance(found, Reply):
            decision, delivery = trip.courier.postpone(bill, found)
            return rounds.stopped(trip.client, decision, found.problem, delivery, trip.clock())
        outbox.note(trip.db, lane, found)
    return await _sent(trip, bill, [held.id for held in some])


async def _wrong(trip: Trip, bill: Waybill, some: Sequence[Held]) -> list[Held]:
    """Those of them that are to be taken back: readings that are gone, and of others what the gate says."""
    grant, ids = grants.load(trip.db, bill.grant).grant, trip.db.ids
    named = {held.id: ids.read(held.kind, spelled(held.id), grant.pairing) for held in some}
    means = {id_ for id_, name in named.items() if name is not None and is_mean(name)}
    key = secret(grant.recipient.key, grant.pairing)
    back = {_reading(name) for name, _ in resurfaced(trip.db, trip.errand.lane.patient)}
    means |= {id_ for id_, name in named.items() if name is not None and _reading(name) in back}
    means |= {held.id for held in some if behind(ids, spelled(held.id), key) is not None}
    if not means:
        return list(some)
    asked = frozenset(spelled(id_) for id_ in means)
    permit = DeliveryPermit(bill.grant, trip.client)
    disclosure = await trip.gate.retract(permit, trip.errand.lane.patient, asked)
    if disclosure.count:
        trip.kept(disclosure)
    told = {bytes(row) for group in disclosure.groups for row in group.ids}
    told |= {packed(id_) for one in disclosure.summaries for _, id_ in one.ids}
    return [held for held in some if held.id not in means - told]


async def _sent(trip: Trip, bill: Waybill, ids: Sequence[bytes]) -> Report:
    lane = trip.errand.lane
    known = outbox.held(trip.db, lane, ids).values()
    wanted = frozenset(spelled(each.id) for each in known if each.reference and _is_open(each))
    disclosure = await trip.gate.retract(DeliveryPermit(bill.grant, trip.client), lane.patient, wanted)
    if not disclosure.count:
        return NOTHING
    parcel = trip.courier.pack(disclosure, bill.subject)
    if trip.fit(parcel) is not None and len(ids) > 1:
        trip.kept(disclosure)
        half = len(ids) // 2
        first = await _sent(trip, bill, ids[:half])
        return first if first.stops else first + await _sent(trip, bill, ids[half:])
    report, is_done = await trip.sent(disclosure, parcel, bill, among=disclosure.count)
    left = [] if is_done else list(ids)
    while left and not report.stops:
        page = trip.page
        report += await _sent(trip, bill, left[:page])
        left = left[page:]
    return report


def _is_open(held: Held) -> bool:
    """Whether it stands there yet, and was not refused to be taken back; that a correction was refused is no reason."""
    return held.state != "retracted" and not held.kept


def _reading(name: Name) -> tuple[int, Instant, int]:
    """Which reading it is of, whole or in part."""
    return name.series, name.instant, name.rank
