"""Summaries that are due for a destination, before its readings: each block once, corrected where it is another now.

Law (`safety.md`, default content; corrections travel): what a destination's file wants of them, as the gate finds them
due (`consent/paces.py`), under one grant with what all of the recipient's permit together. What is there, or was
refused and waits for a human, stands in `store/reported.py`; an attempt that was cut off is looked at again and doubles
nothing, because an Observation of a summary has one id (`store/outbox.py`). The panel goes when what it names is there
or comes along. They are no readings: the most of a day (`raw.daily`) does not count them. A registration without a file
asked for none and gets none, unless its file looks at orders. Means give no summary, so a grant of means sends none.
Under an order its own days and figures go (`order_days.py`); corrections of what is there go whatever is ordered.

Rejected: a queue of blocks (it would have to be cleaned at every change of a grant).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import bridge.store.reported as reported
from bridge.consent.asked import Asked, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.reporting import Paced, Reporting, Standing
from bridge.consent.summed import PARTS, DisclosedSummary
from bridge.fhir.stated import USUAL, Stated
from bridge.mapping.destination import DestinationFile
from bridge.mapping.summed import METRICS, UNITS, WEEKDAYS, Summaries
from bridge.period import BEGINNING, Period
from bridge.push import round as rounds
from bridge.push.courier import Waybill
from bridge.push.ordered import Course
from bridge.push.parcel import Parcel
from bridge.push.plan import Passage
from bridge.push.readings import permit_of, subject_there, went
from bridge.push.round import NOTHING, Report
from bridge.push.trip import Trip
from bridge.store.links import Link
from bridge.store.reported import Reported


@dataclass(frozen=True, slots=True)
class _Round:
    """Summaries of one course. `wanted`: how the file has them; `parts`: the figures that are meant; `skipped`: blocks
    that stand nowhere yet, where only what stands is meant."""

    trip: Trip
    passage: Passage
    link: Link
    course: Course
    wanted: Summaries
    parts: frozenset[str]
    skipped: set[tuple[Period, bool]] = field(default_factory=set)

    @property
    def way(self) -> str:
        """How the destination is told figures now: what was told otherwise is told anew."""
        courier = self.trip.courier
        return f"{courier.renderer.summed}|{courier.told.stated.name}|"

    def knows(self, one: Reported) -> bool:
        """Whether a summary was told as it would be now."""
        is_so = one.told.startswith(self.way)
        return is_so and (self.course.only_held or self.parts <= _parts(one))


async def report_summaries(trip: Trip, course: Course, link: Link) -> Report:
    """Every summary of a course that is due on a lane which may go, where its destination wants any."""
    passage, wanted = _passage(trip), _wanted(trip, course)
    if wanted is None or passage is None:
        return NOTHING
    parts = frozenset[str](wanted.metrics)
    one = _Round(
        trip, passage, link, course, wanted, parts if course.figures is None else parts & course.figures
    )
    report, goes_on = NOTHING, bool(one.parts)
    while goes_on and not report.stops:
        some, goes_on = await _some(one)
        report += some
    return report


def _wanted(trip: Trip, course: Course) -> Summaries | None:
    """How summaries go there, the file's own or those that were ordered; None: none do."""
    if trip.spec is None:
        return None
    return trip.spec.summed if course.summed is None else trip.spec.ordered_sums


def stated(spec: DestinationFile) -> Stated:
    """How a destination is told figures."""
    wanted = spec.summed
    if wanted is None:
        return USUAL
    codes = {str(metric): some for metric, some in wanted.codes.items()}
    return Stated(wanted.rounding, UNITS[wanted.units], codes, wanted.corrected == "replace")


def _passage(trip: Trip) -> Passage | None:
    """The grant that they leave by: a feed brings what is filed as well, so that all is in one decision."""
    every = sorted(trip.errand.grants, key=lambda each: each.way is not Way.FEED)
    return next(iter(every), None)


async def _some(one: _Round) -> tuple[Report, bool]:
    """The blocks of one request; whether others may follow at once."""
    trip, passage, link = one.trip, one.passage, one.link
    subject = await subject_there(trip, passage, link)
    if isinstance(subject, Report):
        return subject, False
    first = await trip.gate.disclose(permit_of(trip, passage), _asked(one))
    if not first.count:
        return NOTHING, False
    parcel = trip.courier.pack(first, subject)
    bill = Waybill("summaries", passage.id, link.number, subject, None, parcel.has_refused)
    if parcel.stuck:
        trip.kept(first)
        return rounds.stuck(trip.client, trip.courier.stuck(parcel, bill)), True
    ids, is_skipped = _going(one, parcel, first), _skip(one, parcel, first)
    if not ids:
        trip.kept(first)
        if not is_skipped:
            _note(one, first)
        return NOTHING, True
    if ids == parcel.needed and parcel.is_whole:
        return await _gone(one, first, parcel, bill, is_all=True)
    trip.kept(first)
    again = await trip.gate.disclose(permit_of(trip, passage), _asked(one, ids))
    if not again.count:
        return NOTHING, False
    is_all = parcel.needed <= ids and not parcel.is_first
    return await _gone(one, again, trip.courier.pack(again, subject), bill, is_all=is_all)


async def _gone(
    one: _Round, disclosure: Disclosure, parcel: Parcel, bill: Waybill, is_all: bool
) -> tuple[Report, bool]:
    trip = one.trip
    reported.begun(trip.db, trip.errand.lane, _rows(one, disclosure))
    report, _ = await went(trip, disclosure, parcel, bill, True)
    if not report.stops and is_all and not parcel.is_first and _is_there(trip, parcel):
        _note(one, disclosure)
    return report, True


def _is_there(trip: Trip, parcel: Parcel) -> bool:
    """Whether everything of the parcel is there in its version, or was refused."""
    known = trip.courier.held(parcel)
    return all(
        item.id in known and (known[item.id].version == item.version or known[item.id].state == "refused")
        for item in parcel.items
    )


def _going(one: _Round, parcel: Parcel, disclosure: Disclosure) -> frozenset[str]:
    """What of it goes in one request, in the order of the parcel: a panel stands behind what it names. To an engine a
    summary goes whole or not, also with figures that are there: what an order group lacks may be taken for gone."""
    trip, meant = one.trip, parcel.needed & parcel.there if one.course.only_held else parcel.needed
    if trip.courier.engine is not None:
        every = (parcel.told.keys() & {id_ for _, id_ in each.ids} for each in disclosure.summaries)
        return frozenset[str]().union(*[ids for ids in every if ids & meant][: trip.page])
    needed = [id_ for id_ in parcel.told if id_ in meant]
    return frozenset(needed[: trip.page])


def _skip(one: _Round, parcel: Parcel, disclosure: Disclosure) -> bool:
    """Where only what stands is meant: what lacks something else is not looked at again; whether anything does."""
    lacking = parcel.needed - parcel.there if one.course.only_held else frozenset[str]()
    found = {
        (each.period, each.is_frozen)
        for each in disclosure.summaries
        if lacking & {id_ for _, id_ in each.ids}
        and not parcel.needed & parcel.there & {id_ for _, id_ in each.ids}
    }
    one.skipped.update(found)
    return bool(found)


def _note(one: _Round, disclosure: Disclosure) -> None:
    reported.note(one.trip.db, one.trip.errand.lane, _rows(one, disclosure))


def _rows(one: _Round, disclosure: Disclosure) -> list[Reported]:
    lane = one.trip.errand.lane
    known = {(each.period, each.is_frozen): each for each in reported.reported(one.trip.db, lane)}
    return [_row(one, each, known.get((each.period, each.is_frozen))) for each in disclosure.summaries]


def _row(one: _Round, told: DisclosedSummary, before: Reported | None) -> Reported:
    """That a summary was told. Figures that only another order asked for are as old as they were."""
    parts, seen, known = one.parts, told.last_updated, frozenset[str]() if before is None else _parts(before)
    if before is not None and before.told.startswith(one.way):
        parts, seen = parts | known, seen if known <= parts else min(seen, before.seen)
    if one.course.only_held:
        parts = known
    name = one.way + "|".join(sorted(parts))
    return Reported(told.period, told.is_frozen, seen, name, one.passage.id)


def _parts(one: Reported) -> frozenset[str]:
    """Which figures of a summary were told."""
    return frozenset(one.told.split("|")) & frozenset(METRICS)


def _asked(one: _Round, only: frozenset[str] | None = None) -> Asked:
    lane, wanted = one.trip.errand.lane, one.wanted
    standing = tuple(
        Standing(each.period, each.is_frozen, each.seen if one.knows(each) else BEGINNING)
        for each in reported.reported(one.trip.db, lane)
        if (each.period, each.is_frozen) not in one.skipped
    )
    pace = Paced(
        days=wanted.days,
        every=wanted.every or wanted.days,
        weekday=None if wanted.weekday is None else WEEKDAYS.index(wanted.weekday),
        back=wanted.lookback,
        standing=standing,
        most=max(1, one.trip.page // (len(PARTS) + 1)),
        ordered=one.course.summed,
    )
    return Asked(
        patient=lane.patient,
        way=one.passage.way,
        channel="push",
        described=f"the summaries that are due for destination {lane.destination}",
        selectors=frozenset(),
        reporting=Reporting(ids=only, parts=one.parts, paced=pace),
    )
