"""Days of a person: the zones their clocks stood in, and wall-clock times as instants.

Law: pure. A day is a day of the person's own zone at that time (FHIR R4 2.24.0.4: a date without a time
is the whole day), 23 to 25 hours long or another length after travel, never 24 hours of UTC. A time that
a clock showed twice is marked, never guessed away (`safety.md`, time).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from bridge.period.sets import BEGINNING, DAY, END_OF_TIME, MINUTE, Instant, Period

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Walls:
    """Wall-clock times as instants. `ambiguous`: the clock showed it twice, the first pass is given and
    `later` is how many ms after it the second pass lies; `skipped`: no clock showed it."""

    instants: NDArray[np.int64]
    offsets: NDArray[np.int16]
    ambiguous: NDArray[np.bool_]
    skipped: NDArray[np.bool_]
    later: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class ZoneHistory:
    """Where a person's clocks stood: `(since, IANA zone)`, sorted; the first holds before its date too."""

    entries: tuple[tuple[Instant, str], ...]

    def __post_init__(self) -> None:
        if not self.entries:
            raise ValueError("a zone history names at least one time zone")
        for _, name in self.entries:
            zone(name)
        if list(self.entries) != sorted(self.entries, key=lambda entry: entry[0]):
            raise ValueError("a zone history is sorted by date")

    @classmethod
    def always(cls, name: str) -> ZoneHistory:
        """One zone for all time. Unknown names raise ValueError with the name."""
        return cls(((BEGINNING, name),))

    def zone_at(self, instant: Instant) -> str:
        """The IANA name in force at `instant`."""
        name = self.entries[0][1]
        for since, candidate in self.entries:
            if since <= instant:
                name = candidate
        return name

    def offsets(self, instants: NDArray[np.int64]) -> NDArray[np.int16]:
        """Minutes east of UTC at each instant (int64[n] ms UTC -> int16[n])."""
        if not len(instants):
            return np.zeros(0, np.int16)
        changes, minutes = self._steps(int(instants.min()), int(instants.max()))
        return minutes[np.searchsorted(changes, instants, side="right")]

    def offset(self, instant: Instant) -> int:
        """Minutes east of UTC at one instant."""
        return int(self.offsets(np.array([instant], np.int64))[0])

    def resolve(self, walls: NDArray[np.int64]) -> Walls:
        """Instants of wall-clock times (int64[n], ms as if the wall were UTC), see `Walls`."""
        if not len(walls):
            none = np.zeros(0, np.bool_)
            empty = np.zeros(0, np.int16)
            return Walls(walls, empty, none, none, np.zeros(0, np.int32))
        changes, minutes = self._steps(int(walls.min()) - 2 * DAY, int(walls.max()) + 2 * DAY)
        shifts = minutes.astype(np.int64) * MINUTE
        segment = np.searchsorted(changes + shifts[:-1], walls, side="right")
        starts = np.concatenate(([BEGINNING * 4], changes + shifts[1:]))
        skipped = walls < starts[segment]
        following = np.minimum(segment + 1, len(shifts) - 1)
        ambiguous = (following > segment) & (walls >= starts[following])
        used = np.where(skipped, np.maximum(segment - 1, 0), segment)
        later = np.where(ambiguous, shifts[segment] - shifts[following], 0)
        return Walls(walls - shifts[used], minutes[used], ambiguous, skipped, later.astype(np.int32))

    def day(self, day: date) -> Period:
        """The instants of one local day: 23, 24 or 25 hours long, or otherwise after travel."""
        return Period(self._midnight(day), self._midnight(day + timedelta(days=1)))

    def days(self, first: date, last: date) -> Period:
        """The instants from the start of `first` to the end of `last`, both local days, both whole."""
        if last < first:
            raise ValueError(f"the last day {last} lies before the first day {first}")
        return Period(self._midnight(first), self._midnight(last + timedelta(days=1)))

    def local_date(self, instant: Instant) -> date:
        """The date that the person's calendar showed at `instant`."""
        return (_EPOCH + timedelta(milliseconds=instant + self.offset(instant) * MINUTE)).date()

    def _midnight(self, day: date) -> Instant:
        wall = int((datetime(day.year, day.month, day.day, tzinfo=UTC) - _EPOCH) / timedelta(milliseconds=1))
        found = self.resolve(np.array([wall], np.int64))
        return int(found.instants[0])

    def _steps(self, low: Instant, high: Instant) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
        """The offset as a step function over [low, high]: changes int64[k], minutes int16[k + 1]."""
        changes: list[int] = []
        minutes: list[int] = []
        for index, (since, name) in enumerate(self.entries):
            until = self.entries[index + 1][0] if index + 1 < len(self.entries) else END_OF_TIME
            start, end = max(low, since) if index else low, min(high, until)
            if index and since > high:
                break
            if not index and until <= low:
                continue
            if index and until <= low:
                continue
            first, inner = _transitions(name, start // (366 * DAY), end // (366 * DAY) + 1)
            at_start = first
            for when, offset in inner:
                if when <= start:
                    at_start = offset
            if minutes:
                changes.append(start)
            minutes.append(at_start)
            for when, offset in inner:
                if start < when < until:
                    changes.append(when)
                    minutes.append(offset)
        return np.array(changes, np.int64), np.array(minutes, np.int16)


def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name; ValueError names an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise ValueError(f"{name!r} is no IANA time zone; one looks like Europe/Berlin") from unknown


@lru_cache(maxsize=512)
def _transitions(name: str, low: int, high: int) -> tuple[int, tuple[tuple[Instant, int], ...]]:
    """The offset at the start of year-bucket `low` and every change until bucket `high` ends."""
    info = zone(name)
    found: list[tuple[Instant, int]] = []
    before, at = low * 366 * DAY, _minutes(info, low * 366 * DAY)
    first = at
    for when in range(before + DAY, high * 366 * DAY + 1, DAY):
        offset = _minutes(info, when)
        if offset != at:
            found.append((_bisect(info, when - DAY, when, at), offset))
            at = offset
    return first, tuple(found)


def _bisect(info: ZoneInfo, low: Instant, high: Instant, before: int) -> Instant:
    while high - low > 1000:
        middle = (low + high) // 2000 * 1000
        if _minutes(info, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _minutes(info: ZoneInfo, instant: Instant) -> int:
    offset = (_EPOCH + timedelta(milliseconds=instant)).astimezone(info).utcoffset()
    return 0 if offset is None else round(offset / timedelta(minutes=1))
