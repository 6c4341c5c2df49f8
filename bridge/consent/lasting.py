"""How long a grant lasts: its default end, and what twelve months and a last day mean, for every way of signing one.

Law (`consent.md`, in force): every grant ends; a visit's two days after its date, a feed's after ninety days, at most
twelve months after it begins. Months are the calendar's in the person's zone, so the last day has the same date as the
first, and on it the grant ends at the hour at which it began. A page and a command line say the same day.

Rejected: 366 days (a day more than twelve months in three years of four).
"""

from __future__ import annotations

from datetime import date, timedelta

from bridge.consent.grant import FEED_DAYS, LONGEST, VISIT_DAYS
from bridge.period import DAY, HOUR, MINUTE, Instant, ZoneHistory, spelled


def longest_end(begins: Instant, zones: ZoneHistory) -> Instant:
    """When twelve months are over: the same time of the same day of the next year (`consent.md`, in force). Who begins
    on 29 February has until 1 March."""
    day = zones.local_date(begins)
    try:
        then = day.replace(year=day.year + 1)
    except ValueError:
        then = date(day.year + 1, 3, 1)
    wall = (begins + zones.offset(begins) * MINUTE) % DAY
    clock = f"{wall // HOUR:02}:{wall % HOUR // MINUTE:02}:{wall % MINUTE // 1000:02}.{wall % 1000:03}"
    return min(spelled(f"{then}T{clock}", zones).start, begins + LONGEST)


def end_of(day: date, longest: Instant, zones: ZoneHistory) -> Instant | None:
    """The end of a grant that is said as its last day: the end of that day, or `longest` where it falls into it. None
    where the day lies beyond."""
    whole = zones.day(day)
    return min(whole.end, longest) if whole.start < longest else None


def default_end(begins: Instant, zones: ZoneHistory, visit: date | None = None) -> Instant:
    """When a grant ends that says nothing: two days after a visit's date, else after ninety days."""
    if visit is None:
        return begins + FEED_DAYS * DAY
    return zones.day(visit + timedelta(days=VISIT_DAYS)).end
