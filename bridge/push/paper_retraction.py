"""Documents that are taken back: what stands in them proved another person's, or is gone, and no grant opens it now.

Law (`safety.md`, corrections travel): as `retraction.py`; while a grant opens their days a document is corrected
(`papers.py`). Which are wrong the gate alone can say (`consent/summaries.py`): it is told which kinds of readings stood
in each, and since when. What may have arrived is looked for first. A receiver that takes no corrections keeps what it
has, and both sides are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TypeAlias

import bridge.store.links as links
import bridge.store.outbox as outbox
from bridge.consent.disclosure import Disclosure
from bridge.consent.permit import DeliveryPermit
from bridge.consent.reporting import Paced, Reporting, Standing
from bridge.mapping.papers import Document
from bridge.push import round as rounds
from bridge.push.answers import Reply
from bridge.push.copies import documents_held
from bridge.push.courier import NOT_CORRECTABLE, Waybill
from bridge.push.paper_ways import taken
from bridge.push.printing import paper_of, printed
from bridge.push.reconcile import spelled
from bridge.push.retry import State
from bridge.push.round import NOTHING, Report
from bridge.push.trip import Trip
from bridge.store.documented import Documented
from bridge.store.outbox import Held, Item

_There: TypeAlias = tuple[Documented, Held]


async def withdraw_documents(trip: Trip) -> Report:
    """Take back every document of a lane that is wrong and that no grant opens."""
    report, every = NOTHING, sorted(documents_held(trip.db, trip.errand.lane), key=_left_under)
    for _, some in groupby(every, key=_left_under):
        there = list(some)
        for one in await _wrong(trip, there):
            if not report.stops:
                report += await _one(trip, *one)
    return report


def _left_under(one: _There) -> tuple[str, str]:
    return one[0].type, one[0].grant


async def _wrong(trip: Trip, there: Sequence[_There]) -> list[_There]:
    """Those of them that the gate says are wrong."""
    seen = await _asked(trip, there)
    if not seen.count:
        return []
    trip.kept(seen)
    told = {(each.period, each.is_frozen) for each in seen.summaries}
    return [one for one in there if (one[0].period, one[0].is_frozen) in told]


async def _asked(trip: Trip, there: Sequence[_There]) -> Disclosure:
    first, _ = there[0]
    standing = tuple(Standing(each.period, each.is_frozen, each.seen, each.kinds) for each, _ in there)
    wish = Reporting(documents=first.type, paced=Paced(1, 1, standing=standing))
    ids = frozenset(spelled(held.id) for _, held in there)
    permit = DeliveryPermit(first.grant, trip.client)
    return await trip.gate.retract(permit, trip.errand.lane.patient, ids, wish)


async def _one(trip: Trip, each: Documented, held: Held) -> Report:
    wanted = (None if trip.spec is None else trip.spec.documented) or Document()
    way, subject = taken(trip, wanted, each.type), trip.subject(links.load(trip.db, held.link))
    bill = Waybill("retraction", each.grant, held.link, subject)
    item = Item(held.id, held.kind, held.version or held.tried)
    if not way.courier.can.updates:
        way.courier.give_up([item], bill, NOT_CORRECTABLE, State.NOT_CORRECTABLE)
        return rounds.stuck(trip.client, 1)
    if not held.reference:
        found = await way.courier.look([item], {held.id: held}, retracts=True)
        if isinstance(found, Reply):
            decision, delivery = way.courier.postpone(bill, found)
            return rounds.stopped(trip.client, decision, found.problem, delivery, trip.clock())
        outbox.note(trip.db, trip.errand.lane, found)
    seen = await _asked(trip, [(each, held)])
    if not seen.count:
        return NOTHING
    parcel = await printed(way, seen, subject, each.type, paper_of(wanted))
    if not parcel.letters:
        trip.kept(seen)
        return NOTHING
    report, _ = await way.sent(seen, parcel, bill, among=1)
    return report
