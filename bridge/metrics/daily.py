"""The local dates of a period, and averages of what is given on them.

Law: an average is over the dates of which anything is told and nothing is contested, never over the calendar's
(Tidepool's reports). A period that begins within a day touches one date too many, so its two ends are one where both
are told. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.metrics.doses import Totals
from bridge.metrics.figure import Figure, Lack
from bridge.metrics.wear import local_days
from bridge.period import DAY, MINUTE, Period, ZoneHistory

Edges: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Days:
    """The local dates of a period: their `edges`, and whether it touches one date too many (`is_offset`)."""

    edges: Edges
    is_offset: bool

    def __len__(self) -> int:
        return len(self.edges) - 1 - self.is_offset

    def count(self, which: Mask) -> int:
        """How many of these dates; the two ends of a period that begins within a day are one."""
        return int(which.sum()) - bool(self.is_offset and which[0] and which[-1])


def days_of(period: Period, zones: ZoneHistory) -> Days:
    """The local dates that a period touches."""
    walls = [at + zones.offset(at) * MINUTE for at in (period.start, period.end)]
    midnights = np.arange(walls[0] // DAY + 1, -(-walls[1] // DAY), dtype=np.int64) * DAY
    inner = zones.resolve(midnights).instants
    edges = np.concatenate(([period.start], inner, [period.end])).astype(np.int64)
    return Days(edges, len(edges) - 1 > ceil(local_days(period, zones)))


def per_day(found: Totals, clear: Mask, days: Days) -> Figure[float]:
    """The average over clear days; a part that is told on no day has none, one told on some is 0 on the others."""
    if not found.told.any():
        return Figure(None, Lack.NOTHING_TOLD)
    used = clear & found.determined
    count = days.count(used)
    return Figure(float(found.amounts[used].sum()) / count) if count else Figure(None, Lack.UNDETERMINED)
