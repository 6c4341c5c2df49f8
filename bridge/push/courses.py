"""What goes on a lane, as far as it was ordered: summaries, then documents, then readings.

Law (`safety.md`, default content; `smart-consent.md` 7.2): the order of things is the same for everything that goes at
once. A schedule is taken for delivered when all that was ordered by it and can be sent there has gone to its end; one
that stopped on the way is due again. A link that was stopped since is not asked about (`finding.py`).

A new kind of thing to send is a line of `STAGES`, with what an order calls it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeAlias

import bridge.store.links as links
from bridge.order import Content
from bridge.push import ordered
from bridge.push import round as rounds
from bridge.push.documents import Documents, deliver_documents
from bridge.push.ordered import WHOLE, Course, Courses, Desk
from bridge.push.plan import stopped
from bridge.push.readings import deliver
from bridge.push.round import NOTHING, Report
from bridge.push.summaries import report_summaries
from bridge.push.trip import Haste, Trip
from bridge.store import patients
from bridge.store.links import Link, LinkState

Stage: TypeAlias = Callable[[Trip, Course, Link, Documents | None], Awaitable[Report]]


async def _summaries(trip: Trip, course: Course, link: Link, maker: Documents | None) -> Report:
    return await report_summaries(trip, course, link)


async def _documents(trip: Trip, course: Course, link: Link, maker: Documents | None) -> Report:
    return await deliver_documents(trip, maker, course)


async def _readings(trip: Trip, course: Course, link: Link, maker: Documents | None) -> Report:
    return await deliver(trip, course, link)


STAGES: Final[tuple[tuple[Content, Stage], ...]] = (
    (Content.SUMMARY, _summaries),
    (Content.DOCUMENT, _documents),
    (Content.GLUCOSE, _readings),
)


async def go(trip: Trip, maker: Documents | None) -> Report:
    """Everything that is due on a lane which may go. `maker`: of documents."""
    standing = trip.errand.link
    assert standing is not None
    link = links.load(trip.db, standing.number)
    if link.state is not LinkState.CONFIRMED:
        return rounds.held(trip.client, stopped(link.state, link.reason))
    desk = _desk(trip, link, maker)
    found = Courses((WHOLE,)) if desk is None else await _ordered(trip, desk)
    report, began, waiting = NOTHING, trip.clock(), list(found.due)
    for content, stage in STAGES:
        for course in found.due:
            if course.wants(content) and not report.stops:
                report += await stage(trip, course, link, maker)
        if report.stops:
            break
        for course in tuple(_done(waiting, content)):
            waiting.remove(course)
            if desk is not None:
                ordered.delivered(desk, course, began)
    return report + rounds.held(trip.client, found.hold) if found.hold and not report.stops else report


async def _ordered(trip: Trip, desk: Desk) -> Courses:
    is_named, at_once = trip.haste is not Haste.USUAL, trip.haste is Haste.NOW
    return await ordered.courses(desk, trip.clock(), is_named, at_once)


def _desk(trip: Trip, link: Link, maker: Documents | None) -> Desk | None:
    """What is needed to see what was ordered; None where the destination's file says nothing of orders."""
    if trip.spec is None or trip.spec.orders is None:
        return None
    said, lane, courier = trip.spec.orders, trip.errand.lane, trip.courier
    codes = ordered.codes_of(said, courier.renderer.codes)
    zones = patients.load(trip.db, lane.patient).zones
    takes = trip.spec.takes if maker is not None else trip.spec.takes - {Content.DOCUMENT}
    return Desk(trip.db, courier.receiver, lane, trip.client, link, said, codes, takes, zones)


def _done(waiting: list[Course], content: Content) -> Iterator[Course]:
    """The courses that have nothing left behind a stage."""
    kinds = [each for each, _ in STAGES]
    left = set(kinds[kinds.index(content) + 1 :])
    for course in waiting:
        if course.contents is not None and not course.contents & left:
            yield course
