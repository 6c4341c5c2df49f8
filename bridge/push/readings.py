"""What is new for a destination, page by page: asked of the gate, held against the chart, sent.

Law: consent is decided by the gate at each attempt, never by a stored answer (`consent.md`: a revocation acts on the
very next delivery attempt); a delivery runs under one grant and has what all grants of its recipient permit together
(`consent/asker.py`), so the order of deliveries does not show in a chart. The receiver's record is looked at before
each page (`safety.md`, whose chart is it). What is due is what the gate shows after the cursor, in order of receipt,
and the pieces that hang together with it (`parts.py`). A page that is more than one request may hold is asked for
again, smaller: nothing that the gate gave is cut and kept.
"""

from __future__ import annotations

import struct
from functools import partial
from typing import Final

import numpy as np

import bridge.store.cursors as cursors
import bridge.store.links as links
from bridge.consent.asked import Asked, Selector, met
from bridge.consent.gate import Disclosure
from bridge.consent.permit import DeliveryPermit
from bridge.fhir.consignment import Form
from bridge.order import Content
from bridge.push import chart, parts
from bridge.push import round as rounds
from bridge.push.answers import Reply
from bridge.push.chart import Broken, NotShown
from bridge.push.courier import TOO_LARGE, Waybill
from bridge.push.engine import NOT_SHOWN
from bridge.push.ordered import Course
from bridge.push.parcel import Parcel
from bridge.push.parts import Due
from bridge.push.plan import Passage, stopped
from bridge.push.retry import State, Step
from bridge.push.round import NOTHING, Report
from bridge.push.trip import Trip, subject_of
from bridge.reading import Stream
from bridge.store.links import Link, LinkState

NO_ROOM: Final = "what may be sent in a day was sent: more goes tomorrow"
NO_ID: Final = "the receiver does not show the patient, so nobody knows its id there"
RESOLVING: Final = frozenset({Form.TRANSACTION})
"""Forms in which a reference may be a search (R4 3.1.0.11.2)."""
WHOLE: Final = frozenset({Form.TRANSACTION, Form.MESSAGE})
"""Forms in which everything happens or nothing (R4 3.1.0.11.2); a submission's updates go beside it."""
GLUCOSE_ALONE: Final = frozenset({Form.SUBMISSION, Form.MESSAGE})
"""Forms in which nothing else goes unless the file names it."""
STREAMS: Final = {Stream.GLUCOSE: Content.GLUCOSE}
"""What an order for readings is about."""
NO_ENCOUNTER: Final = "the patient has no open encounter there: it goes at the next one"


async def deliver(trip: Trip, course: Course, link: Link) -> Report:
    """Every reading of a course that is due on a lane which may go, where its destination wants any."""
    report = NOTHING
    if not trip.takes_readings or (trip.spec is not None and trip.spec.raw is None):
        return report
    for passage in trip.errand.grants:
        goes_on = True
        while goes_on and not report.stops:
            page, goes_on = await _page(trip, passage, course, link)
            report += page
    return report


async def _page(trip: Trip, passage: Passage, course: Course, link: Link) -> tuple[Report, bool]:
    """One request, or one that turned out to be needed first; whether another may follow at once."""
    subject = await subject_there(trip, passage, link)
    if isinstance(subject, Report):
        return subject, False
    room = trip.room(trip.page)
    if room < 1:
        return rounds.held(trip.client, NO_ROOM), False
    disclosure = await trip.gate.disclose(permit_of(trip, passage), _asked(trip, passage, course, room))
    if not disclosure.count:
        return NOTHING, False
    more, parcel = disclosure.more is not None, trip.courier.pack(disclosure, subject)
    bill = _bill(passage, course, link, subject, disclosure, parcel)
    if course.only_held and not parcel.told.keys() <= parcel.there:
        trip.kept(disclosure)
        if not parcel.there:
            trip.courier.skip(bill)
            return NOTHING, more
        disclosure, parcel = await _again(trip, passage, course, subject, parcel.there, 1)
        if not disclosure.count:
            return NOTHING, False
    if parcel.stuck:
        trip.kept(disclosure)
        return rounds.stuck(trip.client, trip.courier.stuck(parcel, bill)), True
    if parcel.is_first:
        return await went(trip, disclosure, parcel, bill, more)
    due = await _due(trip, passage, course, parcel, subject)
    ids = due.ids
    if due.waits:
        bill, more, ids = bill.before_others(), True, frozenset(sorted(ids)[:room])
    if not parcel.is_whole or ids != parcel.needed:
        trip.kept(disclosure)
        if not ids:
            trip.courier.skip(bill)
            return NOTHING, more
        disclosure, parcel = await _again(trip, passage, course, subject, ids, room)
    if not disclosure.count:
        return NOTHING, False
    return await went(trip, disclosure, parcel, bill, more)


def _bill(
    passage: Passage, course: Course, link: Link, subject: str, disclosure: Disclosure, parcel: Parcel
) -> Waybill:
    after = last(disclosure)
    return Waybill("readings", passage.id, link.number, subject, after, parcel.has_refused, course.part)


async def _again(
    trip: Trip, passage: Passage, course: Course, subject: str, ids: frozenset[str], room: int
) -> tuple[Disclosure, Parcel]:
    """Of a page these alone."""
    only = _asked(trip, passage, course, max(room, len(ids)), ids)
    disclosure = await trip.gate.disclose(permit_of(trip, passage), only)
    return disclosure, trip.courier.pack(disclosure, subject)


async def _due(trip: Trip, passage: Passage, course: Course, parcel: Parcel, subject: str) -> Due:
    """What of a page goes now, pieces of the same readings considered."""
    ask = partial(_told, trip, passage, course, subject)
    is_whole = (
        trip.courier.can.form in WHOLE and trip.most > 1
    )  # a request that holds one holds none together
    return await parts.needed(trip.db, trip.errand.lane, passage.id, parcel, ask, is_whole)


async def _told(trip: Trip, passage: Passage, course: Course, subject: str, ids: frozenset[str]) -> Parcel:
    """What may be told of these ids now: looked at, not sent."""
    asked = _asked(trip, passage, course, len(ids), ids)
    disclosure = await trip.gate.disclose(permit_of(trip, passage), asked)
    trip.kept(disclosure)
    return trip.courier.pack(disclosure, subject)


async def went(
    trip: Trip, disclosure: Disclosure, parcel: Parcel, bill: Waybill, more: bool
) -> tuple[Report, bool]:
    """One parcel goes, or what is needed first; whether another may follow at once."""
    if not parcel.letters:
        trip.kept(disclosure)
        trip.courier.skip(bill)
        return NOTHING, more
    if trip.is_too_large(parcel):
        trip.kept(disclosure)
        return NOTHING, True
    if parcel.fit(trip.bounds) is not None:
        trip.kept(disclosure)
        trip.courier.give_up(parcel.items, bill, TOO_LARGE, State.PARTIAL)
        return rounds.refused(trip.client, len(parcel.items)), True
    ready = await trip.courier.ready(parcel, bill)
    if ready is not True:
        trip.kept(disclosure)
        return not_ready(trip, bill, ready)
    if parcel.is_first:
        report, _ = await trip.sent(disclosure, parcel, bill.before_others())
        return report, True
    report, is_done = await trip.sent(disclosure, parcel, bill, among=len(parcel.needed))
    return report, more or not is_done


def not_ready(trip: Trip, bill: Waybill, ready: bool | Reply) -> tuple[Report, bool]:
    """What comes of a parcel that may not go as it is: packed again, or put off with the receiver's reply."""
    if not isinstance(ready, Reply):
        return NOTHING, True
    decision, delivery = trip.courier.postpone(bill, ready)
    return rounds.stopped(trip.client, decision, ready.problem, delivery, trip.clock()), False


async def subject_there(trip: Trip, passage: Passage, link: Link) -> str | Report:
    """The receiver's reference of the person, after a look at the link, which may have been stopped since, and at the
    record. An engine and a portal show none: what a human confirmed counts."""
    standing = links.load(trip.db, link.number)
    if standing.state is not LinkState.CONFIRMED:
        return rounds.held(trip.client, stopped(standing.state, standing.reason))
    engine = trip.courier.engine
    if trip.courier.pages is not None:
        return trip.subject(link)
    if engine is not None:
        subject = trip.subject(link)
        return subject if engine.person(subject).is_known else rounds.held(trip.client, NOT_SHOWN)
    receiver, now = trip.courier.receiver, trip.clock()
    shown = await chart.recognised(trip.db, receiver, standing, now)
    if isinstance(shown, NotShown):
        return _unseen(trip, passage, standing, shown.reply)
    if isinstance(shown, Broken):
        links.break_(trip.db, link.number, shown.value)
        return rounds.held(trip.client, f"link-broken: {shown.value}")
    if trip.spec is not None and trip.spec.encounter == "open":
        is_in = await chart.is_in_encounter(receiver, shown.id, now)
        if is_in is not True:
            return rounds.held(trip.client, is_in.problem if isinstance(is_in, Reply) else NO_ENCOUNTER)
    return f"Patient/{shown.id}"


def _unseen(trip: Trip, passage: Passage, link: Link, reply: Reply) -> str | Report:
    if reply.step in (Step.AGAIN, Step.UNKNOWN):
        bill = Waybill("readings", passage.id, link.number, "")
        decision, delivery = trip.courier.postpone(bill, reply)
        return rounds.stopped(trip.client, decision, reply.problem, delivery, trip.clock())
    if link.shown.id:
        return rounds.held(trip.client, f"the receiver does not show the patient any more: {reply.problem}")
    if trip.spec is not None and (trip.spec.encounter == "open" or trip.courier.can.form not in RESOLVING):
        return rounds.held(trip.client, f"{NO_ID}: {reply.problem}")
    return subject_of(link)


def permit_of(trip: Trip, passage: Passage) -> DeliveryPermit:
    """The permit of a delivery under one grant."""
    return DeliveryPermit(passage.id, trip.client)


def _asked(
    trip: Trip, passage: Passage, course: Course, room: int, only: frozenset[str] | None = None
) -> Asked:
    lane = trip.errand.lane
    after = cursors.cursor(trip.db, lane, passage.id, course.part)
    return Asked(
        patient=lane.patient,
        way=passage.way,
        channel="push",
        described=f"what is new for destination {lane.destination}, at most {room}",
        selectors=_wanted(trip, course),
        dates=course.dates,
        ids=only,
        order="lastUpdated",
        after=after if only is None else None,
        limit=room,
        device_resources=trip.courier.can.devices,
    )


def _wanted(trip: Trip, course: Course) -> frozenset[Selector]:
    """What the destination wants of what can leave at all, as far as it was ordered."""
    raw = None if trip.spec is None else trip.spec.raw
    streams: frozenset[Stream] = frozenset() if raw is None else frozenset(raw.streams)
    if not streams and trip.courier.can.form in GLUCOSE_ALONE:
        streams = frozenset({Stream.GLUCOSE})
    whole = trip.courier.renderer.vocabulary.everything()
    found = frozenset(each for each in whole if not streams or each.stream in streams)
    if course.contents is not None:
        found = frozenset(each for each in found if STREAMS.get(each.stream) in course.contents)
    if not course.only_held:
        return found
    return met(found, frozenset(Selector(each.stream, is_amended=True) for each in found))


def last(disclosure: Disclosure) -> bytes:
    """The keyset of the last item of a page in order of receipt."""
    if disclosure.more is not None:
        return disclosure.more
    for group in disclosure.groups:
        found = np.flatnonzero(group.at == disclosure.count - 1)
        if len(found):
            place = int(found[0])
            return struct.pack(">q", int(group.last_updated[place])) + bytes(group.ids[place])
    raise ValueError("a disclosure with items has a last one")
