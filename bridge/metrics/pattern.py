"""Glucose by time of day: percentiles over the days of a period.

Law: bins of the local clock at each reading, in a repeated hour both passes; 5, 25, 50, 75 and 95 %, linear between
order statistics (R type 7), readings by the minutes that they stand for; each line smoothed around midnight with 1-4-1
(the rule of Tidepool's reports). Fifteen-minute bins where 14 days give every bin 42 readings, else hours. It is there
from 7 days with an hour of readings on, whose best seven are told to 70 %. In mg/dL. Pure.

Rejected: the name AGP and its layout (licensed), interpolation onto a grid before, mean curves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.metrics.average import numbered
from bridge.metrics.figure import Figure, Lack
from bridge.metrics.trace import Counted, Floats, Ints
from bridge.metrics.wear import ACTIVE, DAYS, minutes_by_date
from bridge.period import DAY, MINUTE

Table: TypeAlias = NDArray[np.float64]

PERCENTS: Final = (5, 25, 50, 75, 95)
FINE, COARSE = 15, 60
LEAST_IN_FINE: Final = 42
"""Readings in every fine bin: 14 days of three."""
LEAST_DAYS: Final = 7
_DAY_MINUTES: Final = DAY // MINUTE
_WIDEST: Final = 1e6
"""mg/dL that no value reaches."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """`rows[i]`: the percentiles of `percents` in mg/dL of the bin that begins `i * bin_minutes` after local
    midnight; None: no reading is in it."""

    bin_minutes: int
    percents: tuple[int, ...]
    rows: tuple[tuple[float, ...] | None, ...]


def pattern(readings: Counted, period_days: float) -> Figure[Pattern]:
    """The daily pattern of a period of so many local days, or why there is none."""
    if (lack := _lack(minutes_by_date(readings))) is not None:
        return Figure(None, lack)
    found = numbered(readings)
    fine = np.bincount(bins(found, FINE), minlength=_DAY_MINUTES // FINE)
    width = FINE if period_days >= DAYS and fine.min() >= LEAST_IN_FINE else COARSE
    return Figure(pattern_of(found, width))


def _lack(by_date: Floats) -> Lack | None:
    full = np.sort(by_date[by_date >= 60])[::-1][:LEAST_DAYS]
    if len(full) < LEAST_DAYS:
        return Lack.UNDER_7_DAYS if len(by_date) else Lack.NO_READINGS
    return None if 100 * full.mean() / _DAY_MINUTES >= ACTIVE else Lack.SPARSE_DAYS


def pattern_of(readings: Counted, width: int, is_smooth: bool = True) -> Pattern:
    """Percentiles in bins of `width` minutes of readings that all have a number."""
    table = percentiles(readings, width)
    rows = (smoothed(table) if is_smooth else table).tolist()
    return Pattern(width, PERCENTS, tuple(tuple(row) if row[0] == row[0] else None for row in rows))


def bins(readings: Counted, width: int) -> Ints:
    """The bin of each reading by its local clock."""
    return np.asarray(readings.walls % DAY // (width * MINUTE))


def percentiles(readings: Counted, width: int, percents: tuple[int, ...] = PERCENTS) -> Table:
    """float64[bins, len(percents)], NaN where a bin is empty."""
    places = bins(readings, width)
    order = np.argsort(places * _WIDEST + readings.mg_dl, kind="stable")
    edges = np.searchsorted(places[order], np.arange(_DAY_MINUTES // width + 1))
    values, steps = readings.mg_dl[order], readings.steps[order]
    shares = np.array(percents) / 100
    if len(steps) and steps.min() == steps.max():
        return _even(values, edges, shares)
    table = np.full((_DAY_MINUTES // width, len(percents)), np.nan)
    for place in np.flatnonzero(np.diff(edges)):
        inside = slice(edges[place], edges[place + 1])
        table[place] = np.interp(shares, _positions(steps[inside]), values[inside])
    return table


def _even(values: Floats, edges: Ints, shares: Floats) -> Table:
    """R type 7 in each bin of sorted values."""
    last = np.maximum(np.diff(edges) - 1, 0)[:, None]
    heights = last * shares
    floors = heights.astype(np.int64)
    starts = np.minimum(edges[:-1, None] + floors, len(values) - 1)
    ends = np.minimum(edges[:-1, None] + np.minimum(floors + 1, last), len(values) - 1)
    table = values[starts] + (values[ends] - values[starts]) * (heights - floors)
    return np.where(np.diff(edges)[:, None] > 0, table, np.nan)


def _positions(steps: Ints) -> Floats:
    """Where the order statistics stand from 0 to 1; evenly, where all stand for as long, which is R type 7."""
    middles = np.cumsum(steps) - steps / 2
    return np.asarray((middles - middles[0]) / max(1, middles[-1] - middles[0]))


def smoothed(table: Table) -> Table:
    """Each line around midnight with 1-4-1; 4-1 beside an empty bin, as it is between two."""
    sides = np.stack((np.roll(table, 1, axis=0), np.roll(table, -1, axis=0)))
    there = ~np.isnan(sides)
    total = 4 * table + np.where(there, sides, 0).sum(axis=0)
    count = there.sum(axis=0)
    return np.asarray(np.where(count, total / (4 + count), table))
