"""Intervals cut at the edges of what is permitted: which pieces, in which order, from when to when.

Law (`consent.md`, the decision): never passed whole; one end that is uncertain across an edge keeps the piece
back. A piece is told from other pieces by its place among those that are open, so whoever says what is open and
whoever says what was told cuts here. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from bridge.period import END_OF_TIME, Period, PeriodSet

Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]


@final
@dataclass(frozen=True, slots=True)
class Cut:
    """What of each interval lies in one period: from `low` to `high`, the how-manieth piece it is (`part`), and
    whether there is one (`keep`)."""

    low: Ints
    high: Ints
    part: Ints
    keep: Mask


def cuts(starts: Ints, ends: Ints, bounds: Ints, periods: PeriodSet) -> Iterator[Cut]:
    """The pieces of intervals `[start, end)` whose ends may be off by `bounds` ms, period by period."""
    parts = np.zeros(len(starts), np.int64)
    for period in periods:
        low, high = np.maximum(starts, period.start), np.minimum(ends, period.end)
        keep = (low < high) & ((bounds == 0) | _is_clear(starts, ends, bounds, period))
        yield Cut(low, high, parts, keep)
        parts = parts + keep


def counted(starts: Ints, ends: Ints, bounds: Ints, periods: PeriodSet) -> Ints:
    """How many pieces there are of each."""
    found = np.zeros(len(starts), np.int64)
    for cut in cuts(starts, ends, bounds, periods):
        found += cut.keep
    return found


def _is_clear(starts: Ints, ends: Ints, bounds: Ints, period: Period) -> Mask:
    """Whether no end of an interval is uncertain across an edge of the period."""
    found = np.ones(len(starts), np.bool_)
    for edge in (edge for edge in (period.start, period.end) if edge < END_OF_TIME):
        for place in (starts, ends):
            found &= ~((place - bounds < edge) & (edge <= place + bounds))
    return found
