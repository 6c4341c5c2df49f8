"""What is asked of the gate for a portal: what is new, page by page, a month, and what is to be taken back.

Law: each is asked anew at every attempt and nothing of it is kept (`consent.md`: a revocation acts on the very next
delivery attempt). A month is asked for whole, since its file is sent whole.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import bridge.store.cursors as cursors
import bridge.store.links as links
import bridge.store.outbox as outbox
from bridge.consent.asked import Asked, DateTest, Order, Selector
from bridge.consent.disclosure import Disclosure
from bridge.consent.permit import DeliveryPermit
from bridge.mapping.portal import COLUMNS
from bridge.push import round as rounds
from bridge.push.bound import Rack
from bridge.push.plan import Passage, ended
from bridge.push.reconcile import spelled
from bridge.push.round import NOTHING, Report
from bridge.push.shelf import Month, ids_of, stands_in
from bridge.push.trip import Trip
from bridge.reading import Stream
from bridge.store.links import Link

NEWS: Final = 10_000
"""New readings that are looked at together, to learn which months they are of."""
MOST: Final = 100_000
"""Readings of a month: one a minute and everything beside it fits twice."""


Page: TypeAlias = Callable[[Passage, Link], Awaitable[tuple[Report, bool]]]
"""Delivers one page of what is new; whether another may follow at once."""


async def pages(rack: Rack, hold: str, page: Page) -> Report:
    """What is new, grant by grant, page by page, each while its grant and link stand. `hold`: why nothing goes."""
    trip, report = rack.trip, NOTHING
    if hold:
        return rounds.held(trip.client, hold)
    standing = trip.errand.link
    assert standing is not None
    link = links.load(trip.db, standing.number)
    for passage in trip.errand.grants:
        goes_on = True
        while goes_on and not report.stops:
            why = ended(trip.db, passage.id, link.number, trip.clock())
            one, goes_on = (rounds.held(trip.client, why), False) if why else await page(passage, link)
            report += one
    return report


async def news(
    rack: Rack, passage: Passage, most: int = NEWS, only: frozenset[str] | None = None
) -> Disclosure:
    """A page of what came after the cursor, in order of receipt; `only`: of these ids, wherever they stand."""
    after = cursors.cursor(rack.trip.db, rack.trip.errand.lane, passage.id) if only is None else None
    words = "what is new for destination"
    asked = _asked(rack, passage, words, most, ids=only, order="lastUpdated", after=after)
    return await rack.trip.gate.disclose(_permit(rack.trip, passage.id), asked)


async def told(rack: Rack, passage: Passage, month: Month, only: frozenset[str] | None = None) -> Disclosure:
    """What may be told of what begins in a month; `only`: of these ids instead, whenever they begin."""
    dates = month.tests() if only is None else ()
    asked = _asked(rack, passage, f"{month.name} for destination", MOST, dates=dates, ids=only)
    return await rack.trip.gate.disclose(_permit(rack.trip, passage.id), asked)


async def whole(rack: Rack, passage: Passage, month: Month) -> Disclosure:
    """What may be told of a month's file now: of what begins in it, but not what stands in another one's file, and of
    what stands in it, though after a move it begins in another."""
    found = await told(rack, passage, month)
    if not rack.told.replaces:
        return found
    lane, ids = rack.trip.errand.lane, ids_of(found)
    there = {each.id for each in outbox.standing(rack.trip.db, lane, month.place)}
    held = outbox.held(rack.trip.db, lane, ids - there).values()
    elsewhere = {each.id for each in held if stands_in(each) not in ("", month.place)}
    if not elsewhere and there <= ids:
        return found
    rack.trip.kept(found)
    return await told(rack, passage, month, frozenset(map(spelled, (ids - elsewhere) | there)))


async def marks_of(trip: Trip, grant: str, ids: frozenset[str]) -> Disclosure:
    """Of these ids those that are gone, without values; also after the grant ended."""
    return await trip.gate.retract(_permit(trip, grant), trip.errand.lane.patient, ids)


def _asked(
    rack: Rack,
    passage: Passage,
    words: str,
    limit: int,
    *,
    dates: tuple[DateTest, ...] = (),
    ids: frozenset[str] | None = None,
    order: Order = "date",
    after: bytes | None = None,
) -> Asked:
    lane = rack.trip.errand.lane
    return Asked(
        patient=lane.patient,
        way=passage.way,
        channel="push",
        described=f"{words} {lane.destination}",
        selectors=_wanted(rack),
        dates=dates,
        ids=ids,
        order=order,
        after=after,
        limit=limit,
        device_resources=True,
    )


def _wanted(rack: Rack) -> frozenset[Selector]:
    """What the portal's file wants of what its form can say."""
    raw = None if rack.trip.spec is None else rack.trip.spec.raw
    streams: frozenset[Stream] = frozenset() if raw is None else frozenset(raw.streams)
    if not streams and rack.told.form == "csv":
        streams = COLUMNS
    whole = rack.trip.courier.renderer.vocabulary.everything()
    return frozenset(each for each in whole if each.stream in streams) if streams else whole


def _permit(trip: Trip, grant: str) -> DeliveryPermit:
    return DeliveryPermit(grant, trip.client)
