"""Summaries that are due for a destination, before its readings: each block once, corrected where it is another now.

Law (`safety.md`, default content; corrections travel): what a destination's file wants of them, as the gate finds them
due (`consent/paces.py`), under one grant with what all of the recipient's permit together. What is there, or was
refused and waits for a human, stands in `store/reported.py`; an attempt that was cut off is looked at again and doubles
nothing, because an Observation of a summary has one id (`store/outbox.py`). The panel goes when what it names is there
or comes along. They are no readings: the most of a day (`raw.daily`) does not count them. A registration without a file
asked for none and gets none. Means give no summary, so a grant of means sends none.

Rejected: a queue of blocks (it would have to be cleaned at every change of a grant).
"""

from __future__ import annotations

import bridge.store.links as links
import bridge.store.reported as reported
from bridge.consent.asked import Asked, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.reporting import Paced, Reporting, Standing
from bridge.consent.summed import PARTS
from bridge.fhir.stated import USUAL, Stated
from bridge.mapping.destination import DestinationFile
from bridge.mapping.summed import UNITS, WEEKDAYS, Summaries
from bridge.period import BEGINNING
from bridge.push import round as rounds
from bridge.push.courier import Waybill
from bridge.push.parcel import Parcel
from bridge.push.plan import Passage
from bridge.push.readings import permit_of, subject_there, went
from bridge.push.round import NOTHING, Report
from bridge.push.trip import Trip
from bridge.store.links import Link
from bridge.store.reported import Reported


async def report_summaries(trip: Trip) -> Report:
    """Every summary that is due on a lane which may go, where its destination wants any."""
    wanted, standing = None if trip.spec is None else trip.spec.summed, trip.errand.link
    passage = passage_of(trip)
    if wanted is None or standing is None or passage is None or not trip.takes_readings:
        return NOTHING
    report, goes_on, link = NOTHING, True, links.load(trip.db, standing.number)
    while goes_on and not report.stops:
        some, goes_on = await _some(trip, passage, link, wanted)
        report += some
    return report


def stated(spec: DestinationFile) -> Stated:
    """How a destination is told figures."""
    wanted = spec.summed
    if wanted is None:
        return USUAL
    codes = {str(metric): some for metric, some in wanted.codes.items()}
    return Stated(wanted.rounding, UNITS[wanted.units], codes, wanted.corrected == "replace")


def passage_of(trip: Trip) -> Passage | None:
    """The grant that they leave by: a feed brings what is filed as well, so that all is in one decision."""
    every = sorted(trip.errand.grants, key=lambda each: each.way is not Way.FEED)
    return next(iter(every), None)


async def _some(trip: Trip, passage: Passage, link: Link, wanted: Summaries) -> tuple[Report, bool]:
    """The blocks of one request; whether others may follow at once."""
    subject = await subject_there(trip, passage, link)
    if isinstance(subject, Report):
        return subject, False
    first = await trip.gate.disclose(permit_of(trip, passage), _asked(trip, passage, wanted))
    if not first.count:
        return NOTHING, False
    parcel = trip.courier.pack(first, subject)
    bill = Waybill("summaries", passage.id, link.number, subject, None, parcel.has_refused)
    if parcel.stuck:
        trip.kept(first)
        return rounds.stuck(trip.client, trip.courier.stuck(parcel, bill)), True
    ids = _going(trip, parcel, first)
    if not ids:
        trip.kept(first)
        _note(trip, passage, first)
        return NOTHING, True
    if ids == parcel.needed and parcel.is_whole:
        return await _gone(trip, passage, first, parcel, bill, is_all=True)
    trip.kept(first)
    again = await trip.gate.disclose(permit_of(trip, passage), _asked(trip, passage, wanted, ids))
    if not again.count:
        return NOTHING, False
    is_all = parcel.needed <= ids and not parcel.is_first
    return await _gone(trip, passage, again, trip.courier.pack(again, subject), bill, is_all=is_all)


async def _gone(
    trip: Trip, passage: Passage, disclosure: Disclosure, parcel: Parcel, bill: Waybill, is_all: bool
) -> tuple[Report, bool]:
    reported.begun(trip.db, trip.errand.lane, _rows(trip, passage, disclosure))
    report, _ = await went(trip, disclosure, parcel, bill, True)
    if not report.stops and is_all and not parcel.is_first and _is_there(trip, parcel):
        _note(trip, passage, disclosure)
    return report, True


def _is_there(trip: Trip, parcel: Parcel) -> bool:
    """Whether everything of the parcel is there in its version, or was refused."""
    known = trip.courier.held(parcel)
    return all(
        item.id in known and (known[item.id].version == item.version or known[item.id].state == "refused")
        for item in parcel.items
    )


def _going(trip: Trip, parcel: Parcel, disclosure: Disclosure) -> frozenset[str]:
    """What of it goes in one request, in the order of the parcel: a panel stands behind what it names. To an engine a
    summary goes whole or not, also with figures that are there: what an order group lacks may be taken for gone."""
    if trip.courier.engine is not None:
        every = (parcel.told.keys() & {id_ for _, id_ in one.ids} for one in disclosure.summaries)
        return frozenset[str]().union(*[ids for ids in every if ids & parcel.needed][: trip.page])
    needed = [id_ for id_ in parcel.told if id_ in parcel.needed]
    return frozenset(needed[: trip.page])


def _note(trip: Trip, passage: Passage, disclosure: Disclosure) -> None:
    reported.note(trip.db, trip.errand.lane, _rows(trip, passage, disclosure))


def _rows(trip: Trip, passage: Passage, disclosure: Disclosure) -> list[Reported]:
    name = _name(trip)
    return [
        Reported(one.period, one.is_frozen, one.last_updated, name, passage.id)
        for one in disclosure.summaries
    ]


def _name(trip: Trip) -> str:
    """How the destination is told figures now: what was told otherwise is told anew."""
    spec = trip.spec
    parts = () if spec is None or spec.summed is None else spec.summed.metrics
    return "|".join((trip.courier.renderer.summed, trip.courier.told.stated.name, *sorted(parts)))


def _asked(trip: Trip, passage: Passage, wanted: Summaries, only: frozenset[str] | None = None) -> Asked:
    lane, name = trip.errand.lane, _name(trip)
    standing = tuple(
        Standing(each.period, each.is_frozen, each.seen if each.told == name else BEGINNING)
        for each in reported.reported(trip.db, lane)
    )
    pace = Paced(
        days=wanted.days,
        every=wanted.every or wanted.days,
        weekday=None if wanted.weekday is None else WEEKDAYS.index(wanted.weekday),
        back=wanted.lookback,
        standing=standing,
        most=max(1, trip.page // (len(PARTS) + 1)),
    )
    return Asked(
        patient=lane.patient,
        way=passage.way,
        channel="push",
        described=f"the summaries that are due for destination {lane.destination}",
        selectors=frozenset(),
        reporting=Reporting(ids=only, parts=frozenset(wanted.metrics), paced=pace),
    )
