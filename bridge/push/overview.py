"""How orders stand: who ordered what of whom, since when, and why something does not go, for both sides.

Law (`smart-consent.md` 7.2: tell what was asked and what was given): an order without a grant and a grant without an
order each have their sentence. Nothing here is decided: the sentences are those of the plan, and what leaves the gate
decides alone. No value, no count of readings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import bridge.store.orders as orders
from bridge.consent import grants
from bridge.consent.asked import Kind
from bridge.mapping.destination import DestinationFile
from bridge.order import Content, Order, Status
from bridge.period import Instant
from bridge.push import document_types, plan
from bridge.push.ordered import NO_ORDER, UNRECKONED, in_force, is_reckonable
from bridge.push.plan import Errand
from bridge.push.reached import spec_of
from bridge.store import destinations, patients, receivers
from bridge.store.db import Database
from bridge.store.lanes import Lane
from bridge.store.orders import Kept

NO_DESTINATION: Final = plan.NO_DESTINATION
NOT_HERE: Final = "the destination's file says nothing of orders (orders:), so they are not looked at"
NO_GLUCOSE: Final = "no grant in force opens glucose to this recipient"
NO_READINGS: Final = "it asks for readings, and the destination's file wants none (raw: false)"
NO_SUMMARIES: Final = "it asks for summaries, and the destination's file wants none (summaries: false)"
NO_DOCUMENTS: Final = "it asks for a PDF, and nothing sends one there"
UNSENT: Final = {
    Content.GLUCOSE: NO_READINGS,
    Content.SUMMARY: NO_SUMMARIES,
    Content.DOCUMENT: NO_DOCUMENTS,
}
GONE: Final = "it is not shown there any more"
UNNAMED: Final = "it was sent under a pseudonym of the person: no chart is brought anything by it"
OVER: Final = "it is over: delivered, ended, or stopped by a later order"
ENDED: Final = {each: f"its status is {each.value}" for each in Status if each is not Status.ACTIVE}


@dataclass(frozen=True, slots=True)
class Standing:
    """One order, or a destination that lacks one (`kept` None). `holds`: why something does not go; none: it goes."""

    patient: int
    client: str
    destination: int | None
    kept: Kept | None
    holds: tuple[str, ...]


def standings(db: Database, now: Instant, patient: int | None = None) -> tuple[Standing, ...]:
    """Every order of one person or of all, and every grant that lacks one which its destination requires."""
    errands = plan.errands(db, now, patient, None)
    found = [each for kept in orders.listed(db, patient) for each in _of(db, now, kept, errands)]
    return (*found, *_lacking(db, now, errands))


def _of(db: Database, now: Instant, kept: Kept, errands: Sequence[Errand]) -> Iterator[Standing]:
    goals = [goal for goal in destinations.listed(db, kept.client) if kept.destination in (None, goal.number)]
    if not goals:
        yield Standing(kept.patient, kept.client, None, kept, (NO_DESTINATION,))
    for goal in goals:
        lane = Lane(kept.patient, goal.number)
        errand = next((each for each in errands if each.lane == lane), None)
        holds = tuple(dict.fromkeys(_holds(db, now, kept, lane, errand)))
        yield Standing(kept.patient, kept.client, goal.number, kept, holds)


def _takes(db: Database, destination: int, spec: DestinationFile) -> frozenset[Content]:
    """What can be sent there: documents that no file names where the receiver said that it creates them."""
    known = receivers.known(db, destination)
    is_named = spec.document is not None or spec.kind == "document"
    if is_named or document_types.created("" if known is None else known.documents):
        return spec.takes
    return spec.takes - {Content.DOCUMENT}


def _holds(db: Database, now: Instant, kept: Kept, lane: Lane, errand: Errand | None) -> Iterator[str]:
    one, spec = kept.written.order, spec_of(destinations.load(db, lane.destination))
    if not kept.is_standing:
        yield GONE
    if one is None:
        yield from (f"it cannot be read: {each}" for each in kept.written.wrong)
        return
    if one.status in ENDED:
        yield ENDED[one.status]
    unfit = tuple(_unfit(db, now, kept, one))
    yield from unfit
    if spec is None or spec.orders is None:
        yield NOT_HERE
    hold = plan.NO_GRANT if errand is None else errand.hold
    if hold:
        yield hold
    seen = orders.look(db, lane)
    if kept.destination is not None and seen is not None and seen.problem:
        yield seen.problem
    contents = _contents(one)
    if spec is not None:
        takes = _takes(db, lane.destination, spec)
        yield from (told for content, told in UNSENT.items() if content in contents - takes)
    if contents and errand is not None and errand.grants and not _opens_glucose(db, errand):
        yield NO_GLUCOSE
    link = None if errand is None or errand.link is None else errand.link.number
    holding = {
        each.number for each, _ in in_force(db, lane.patient, kept.client, lane.destination, link, now)
    }
    if not unfit and one.is_open and kept.is_standing and link is not None and kept.number not in holding:
        yield OVER


def _unfit(db: Database, now: Instant, kept: Kept, one: Order) -> Iterator[str]:
    """Why nothing is ever delivered by an order as it is."""
    if not is_reckonable(kept, one, patients.load(db, kept.patient).zones, now):
        yield UNRECKONED
    if kept.pairing:
        yield UNNAMED


def _lacking(db: Database, now: Instant, errands: Sequence[Errand]) -> Iterator[Standing]:
    for errand in errands:
        spec, lane, client = spec_of(errand.destination), errand.lane, errand.destination.client
        if spec is None or spec.orders is None or not spec.orders.required or not errand.grants:
            continue
        link = None if errand.link is None else errand.link.number
        if not any(True for _ in in_force(db, lane.patient, client, lane.destination, link, now)):
            seen = orders.look(db, lane)
            told = (NO_ORDER, seen.problem if seen is not None else "")
            yield Standing(lane.patient, client, lane.destination, None, tuple(filter(None, told)))


def _contents(one: Order) -> frozenset[Content]:
    return frozenset().union(*(each.contents for each in one.schedules))


def _opens_glucose(db: Database, errand: Errand) -> bool:
    return any(Kind.GLUCOSE in grants.load(db, each.id).grant.kinds for each in errand.grants)


def began(db: Database, kept: Kept) -> Instant:
    """Since when an order holds, as it says or as it was first seen."""
    one = kept.written.order
    return kept.first if one is None else one.since(kept.first, patients.load(db, kept.patient).zones)
