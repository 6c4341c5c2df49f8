"""How long the sensor was worn, how much of the period it told of, and whether that is enough.

Law: the period is what was asked, cut at the moment of reporting; expected is its length in UTC, so a day of 23 hours
expects 276 readings of five minutes, and first reading to last is a remark, no denominator. Days of wear are distinct
local dates with a reading. Enough is 14 local days and 70.0 % of them, unrounded (ATTD 2017; `safety.md`,
sufficiency). Gaps are times without a reading between two, in UTC. Pure: the moment of reporting is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from bridge.metrics.figure import Figure, Lack
from bridge.metrics.trace import Counted, Floats
from bridge.period import DAY, MINUTE, Instant, Period, ZoneHistory

DAYS: Final = 14
"""Days that a period has at least."""
ACTIVE: Final = 70.0
"""Percent of the expected readings that it has at least; exactly so many are enough."""
GAP: Final = 30 * MINUTE
"""A loss from which on it is told as a gap, ms."""


@dataclass(frozen=True, slots=True)
class Wear:
    """`days` of wear, of `period_days` local days (a fraction where the period ends within one); `full_days` have
    70 % of their readings. `active` percent of the period, `active_while_worn` from the first to the last reading.
    `gaps` of at least 30 min between readings; `minutes` that the readings stand for."""

    readings: int
    minutes: float
    days: int
    full_days: int
    period_days: float
    active: float
    active_while_worn: Figure[float]
    first: Instant | None
    last: Instant | None
    gaps: tuple[Period, ...]

    @property
    def lacks(self) -> tuple[Lack, ...]:
        """Why it is not enough for a GMI and a panel; empty where it is."""
        short, sparse = self.period_days < DAYS, self.active < ACTIVE
        return (Lack.UNDER_14_DAYS,) * short + (Lack.UNDER_70_PERCENT,) * sparse

    @property
    def longest_gap(self) -> Period | None:
        """The longest gap between two readings."""
        return max(self.gaps, key=lambda gap: gap.end - gap.start, default=None)


def effective(period: Period, reported: Instant) -> Period:
    """The period as far as it has passed; one that has not begun stays as it is."""
    return Period(period.start, min(period.end, reported)) if reported > period.start else period


def wear(readings: Counted, period: Period, zones: ZoneHistory) -> Wear:
    """The wear in an effective period that all these readings lie in."""
    told = int(readings.steps.sum())
    by_date = minutes_by_date(readings)
    return Wear(
        readings=len(readings),
        minutes=told / MINUTE,
        days=int((by_date > 0).sum()),
        full_days=_full_days(readings, by_date, zones),
        period_days=local_days(period, zones),
        active=min(100.0, 100 * told / (period.end - period.start)),
        active_while_worn=_while_worn(readings),
        first=int(readings.instants[0]) if len(readings) else None,
        last=int(readings.instants[-1]) if len(readings) else None,
        gaps=gaps(readings),
    )


def local_days(period: Period, zones: ZoneHistory) -> float:
    """How many days the person's calendar went on: 14 from midnight to midnight, whatever the clocks did."""
    walls = (period.end - period.start) + (zones.offset(period.end) - zones.offset(period.start)) * MINUTE
    return walls / DAY


def minutes_by_date(readings: Counted) -> Floats:
    """Minutes of readings on each local date from the first to the last, float64[k]."""
    if not len(readings):
        return np.zeros(0)
    dates = readings.dates
    return np.bincount(dates - dates.min(), weights=readings.steps) / MINUTE


def _full_days(readings: Counted, by_date: Floats, zones: ZoneHistory) -> int:
    if not len(by_date):
        return 0
    midnights = (readings.dates.min() + np.arange(len(by_date) + 1)) * DAY
    lengths = np.diff(zones.resolve(midnights).instants) / MINUTE
    return int((100 * by_date >= ACTIVE * lengths).sum())


def _while_worn(readings: Counted) -> Figure[float]:
    if not len(readings):
        return Figure(None, Lack.NO_READINGS)
    step = int(readings.steps[-1])
    expected = (round(int(readings.instants[-1] - readings.instants[0]) / step) + 1) * step
    return Figure(min(100.0, 100 * int(readings.steps.sum()) / expected))


def gaps(readings: Counted, least: int = GAP) -> tuple[Period, ...]:
    """Times of at least `least` ms between two readings that no reading stands for."""
    ends, starts = readings.instants[:-1] + readings.steps[:-1], readings.instants[1:]
    found = np.flatnonzero(starts - ends >= least)
    return tuple(Period(int(ends[each]), int(starts[each])) for each in found)
