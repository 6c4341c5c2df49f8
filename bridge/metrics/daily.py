"""The whole local dates of a period, and averages of what is given on them.

Law: a figure a day is of whole dates alone, midnight to midnight of the person's clocks: six hours of insulin are no
day of it, and no two parts of dates make one (a dose at breakfast would stand for a supper's). An average is over the
dates of which anything is told and nothing is contested, never over the calendar's (Tidepool's reports). Pure.

Rejected: the two ends of a period as one date (Tidepool's reports; of 30 hours it makes two), amounts over hours (a
morning's meals would be taken for a day's).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.metrics.doses import Totals
from bridge.metrics.figure import Figure, Lack
from bridge.period import DAY, MINUTE, Period, ZoneHistory

Edges: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Days:
    """The local dates that lie wholly in a period: their `edges`, int64[k + 1] ms UTC; none where there are none."""

    edges: Edges

    def __len__(self) -> int:
        return max(0, len(self.edges) - 1)


def days_of(period: Period, zones: ZoneHistory) -> Days:
    """The whole local dates of a period; a date that no clock showed is none."""
    first, last = ((at + zones.offset(at) * MINUTE) // DAY for at in (period.start, period.end))
    midnights = zones.resolve(np.arange(first, last + 1, dtype=np.int64) * DAY).instants
    inside = (midnights >= period.start) & (midnights <= period.end)
    return Days(np.unique(midnights[inside]).astype(np.int64))


def per_day(found: Totals, clear: Mask, days: Days) -> Figure[float]:
    """The average over clear days; a part that is told on no day has none, one told on some is 0 on the others."""
    if not len(days):
        return Figure(None, Lack.NO_WHOLE_DAY)
    if not found.told.any():
        return Figure(None, Lack.NOTHING_TOLD)
    used = clear & found.determined
    count = int(used.sum())
    return Figure(float(found.amounts[used].sum()) / count) if count else Figure(None, Lack.UNDETERMINED)
