"""Which days the summaries of an order are about. A value, and pure.

Law (HL7 CGM IG 1.0.0, data submission orders; `consent.md`, means and summaries): whole days of the person. Of a
standing order the lookback, else the cadence, before each submission; one that was missed, or had nothing yet, is made
up for; of the time before the order was seen as it is, the newest alone, however old it is. A one-time order's own
period, a long one in months of 30 days (IG: big periods in parts, so that statistics stay meaningful), counted from its
own first day: those that are over, of many the newest, because systems write 9999-12-31 and 0001-01-01 where they mean
no end and no beginning. Which of these days may be told, and how they are cut, the gate decides (`consent/ordered.py`).

Rejected: the last days before each attempt (a late one would tell other days than it was ordered for).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from bridge.order import STEPS, Schedule, Span, slots
from bridge.period import BEGINNING, DAY, END_OF_TIME, Instant, Period, ZoneHistory

LONGEST: Final = timedelta(days=366)
"""Of one summary that goes every so often."""
PIECE: Final = timedelta(days=92)
"""Of a one-time period that is one summary."""
MONTH: Final = timedelta(days=30)
MISSED: Final = 12
"""So many submissions are made up for."""
MOST_PARTS: Final = 500
"""Of one period: forty years. Of more the newest are meant."""
_DAY: Final = timedelta(days=1)
_FARTHEST: Final = END_OF_TIME - 366 * DAY
"""So far calendars of zones are reckoned."""


def blocks(
    schedule: Schedule,
    since: Instant,
    seen: Instant,
    now: Instant,
    zones: ZoneHistory,
    at_once: bool = False,
) -> tuple[Period, ...]:
    """The periods of the summaries whose time has come at `now` under an order that began at `since` and was first seen
    as it is at `seen`. `at_once`: up to now as well."""
    if schedule.every is None:
        return tuple(_parts(schedule.whole(zones), now, zones))
    span = schedule.lookback or schedule.every
    ends = [*_slots(schedule.every, since, seen, now), *((now,) if at_once else ())]
    return tuple(dict.fromkeys(_before(end, span, zones) for end in ends))


def fixed(schedule: Schedule, since: Instant, zones: ZoneHistory) -> tuple[Instant, Instant, Instant]:
    """Which blocks that a grant fixes are meant at a submission that was due at `since`: those that begin at the first
    instant at the earliest and end after the second and at the third at the latest."""
    if schedule.every is None:
        whole = schedule.whole(zones)
        return whole.start, whole.start, whole.end
    spans = [each for each in (schedule.every, schedule.lookback) if each is not None]
    return BEGINNING, min(each.moved(since, -1) for each in spans), END_OF_TIME


def _slots(every: Span, since: Instant, seen: Instant, now: Instant) -> Iterator[Instant]:
    """The submissions whose time has come at `now`."""
    if now < since:
        return
    after = slots(every, since, now)
    for times in range(max(0, after - MISSED, slots(every, since, min(seen, now)) - 1), after):
        yield every.moved(since, times)


def _before(instant: Instant, span: Span, zones: ZoneHistory) -> Period:
    """The whole local days of a length before the day of an instant."""
    end = zones.local_date(instant)
    first = end - timedelta(days=span.days())
    if span.unit in STEPS:
        first = zones.local_date(span.moved(instant, -1))
    return zones.days(max(first, end - LONGEST), end - _DAY)


def _parts(whole: Period, now: Instant, zones: ZoneHistory) -> Iterator[Period]:
    """The whole local days inside a period, as one or in parts: those that are over, of many the newest."""
    if whole.start >= now:
        return
    day = zones.local_date(whole.start)
    first = day if zones.day(day).start >= whole.start else day + _DAY
    last = zones.local_date(min(whole.end, _FARTHEST)) - _DAY
    length = PIECE if last - first < PIECE else MONTH
    over = min(last, zones.local_date(now) - _DAY)
    first += max(0, (over - first) // length - MOST_PARTS + 1) * length
    while (end := min(last, first + length - _DAY)) <= over and first <= end:
        yield zones.days(first, end)
        first += length
