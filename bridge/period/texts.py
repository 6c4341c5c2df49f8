"""FHIR's date and dateTime texts as periods, and instants as text (R4 2.24.0.4, 3.1.1.4.4).

Law: pure. A text names all the instants of its own precision; without an offset it speaks of the
person's own zone, and the CapabilityStatement says so.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from bridge.period.sets import BEGINNING, END_OF_TIME, MINUTE, Instant, Period
from bridge.period.zones import ZoneHistory

EARLIEST_YEAR: Final = 1700
WIDEST_OFFSET: Final = 14 * 60
LATEST_YEAR: Final = 2240
"""The whole years between the beginning and the end of time (`sets.py`)."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DATETIME: Final = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?"
    r"(Z|[+-]\d{2}:\d{2})?)?)?)?"
)


def spelled(text: str, zones: ZoneHistory) -> Period:
    """The instants that a FHIR date or dateTime text names (R4 2.24.0.4 and 3.1.1.4.4): a year, month,
    day, minute, second or fraction; without an offset it is the person's own zone. ValueError says what
    was wrong."""
    match = _DATETIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no FHIR date or dateTime such as 2026-03-01 or 2026-03-01T08:00:00Z")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        start = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0)
        )
    except ValueError as wrong:
        raise ValueError(f"{text!r} is no date of the calendar: {wrong}") from wrong
    if not EARLIEST_YEAR <= start.year <= LATEST_YEAR:
        return _beyond(start.year)
    if hour is None:
        return zones.days(start.date(), _last_day(start.date(), month, day))
    wall = int((start.replace(tzinfo=UTC) - _EPOCH) / timedelta(milliseconds=1))
    if fraction is not None:
        wall += int(fraction[:3].ljust(3, "0"))
    length = MINUTE if second is None else 1000 if fraction is None else 10 ** max(0, 3 - len(fraction))
    begin = _unzoned(wall, zones) if offset is None else wall - _offset(offset) * MINUTE
    return Period(begin, begin + length)


def _beyond(year: int) -> Period:
    """Years that no reading can have: before everything, or after everything."""
    return Period(BEGINNING - 1, BEGINNING) if year < EARLIEST_YEAR else Period(END_OF_TIME, END_OF_TIME + 1)


def _last_day(first: date, month: str | None, day: str | None) -> date:
    if day is not None:
        return first
    if month is None:
        return date(first.year, 12, 31)
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _unzoned(wall: int, zones: ZoneHistory) -> Instant:
    return int(zones.resolve(np.array([wall], np.int64)).instants[0])


def _offset(text: str) -> int:
    if text == "Z":
        return 0
    if int(text[1:3]) * 60 + int(text[4:6]) > WIDEST_OFFSET or int(text[4:6]) > 59:
        raise ValueError(f"{text!r} is no offset from UTC: the widest is 14:00")
    sign = -1 if text[0] == "-" else 1
    return sign * (int(text[1:3]) * 60 + int(text[4:6]))


def iso(instant: Instant, offset: int = 0) -> str:
    """`YYYY-MM-DDThh:mm:ss[.fff]±hh:mm` of an instant at `offset` minutes east (Z for UTC)."""
    local = _EPOCH + timedelta(milliseconds=instant + offset * MINUTE)
    fraction = f".{instant % 1000:03d}" if instant % 1000 else ""
    sign = "-" if offset < 0 else "+"
    tail = f"{sign}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}" if offset else "Z"
    return f"{local:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + fraction + tail
