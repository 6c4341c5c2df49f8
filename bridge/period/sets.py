"""Periods of instants and sets of them: the algebra that a grant is made of.

Law: pure. An instant is an `int` of milliseconds since 1970-01-01T00:00Z (UTC, may be negative); a
period is `[start, end)`; a set is kept sorted, disjoint and merged, so two sets are equal exactly when
they cover the same instants.

Rejected: datetime objects (a thousand times the cost of columns) and closed ends (they double an
instant at every seam).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Instant: TypeAlias = int
"""Milliseconds since 1970-01-01T00:00:00Z."""

MINUTE: Final = 60_000
HOUR: Final = 3_600_000
DAY: Final = 86_400_000
BEGINNING: Final[Instant] = -(2**43)
"""1691-04-12: no instant that an id can name (44 bits, `data.md`) lies before it."""
END_OF_TIME: Final[Instant] = 2**43
"""2248-09-26: the open end of "from now on"."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The instants `start <= t < end`. An end at or before its start is refused with ValueError."""

    start: Instant
    end: Instant

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"a period must end after it starts: [{self.start}, {self.end})")

    def __contains__(self, instant: Instant) -> bool:
        return self.start <= instant < self.end


@dataclass(frozen=True, slots=True)
class PeriodSet:
    """A set of instants as sorted, disjoint, non-touching periods. The empty set permits nothing."""

    periods: tuple[Period, ...] = ()

    def __post_init__(self) -> None:
        pairs = zip(self.periods, self.periods[1:], strict=False)
        if any(left.end >= right.start for left, right in pairs):
            raise ValueError("periods must be sorted and apart: build a set with PeriodSet.of")

    @classmethod
    def of(cls, *periods: Period) -> PeriodSet:
        """The union of any periods, in any order, touching or overlapping."""
        merged: list[Period] = []
        for period in sorted(periods):
            if merged and period.start <= merged[-1].end:
                merged[-1] = Period(merged[-1].start, max(merged[-1].end, period.end))
            else:
                merged.append(period)
        return cls(tuple(merged))

    @classmethod
    def between(cls, start: Instant, end: Instant) -> PeriodSet:
        """`[start, end)`, or the empty set where nothing lies between them."""
        return cls((Period(start, end),)) if start < end else EMPTY

    def __or__(self, other: PeriodSet) -> PeriodSet:
        return PeriodSet.of(*self.periods, *other.periods)

    def __and__(self, other: PeriodSet) -> PeriodSet:
        return PeriodSet(tuple(_overlaps(self.periods, other.periods)))

    def __sub__(self, other: PeriodSet) -> PeriodSet:
        return self & ~other

    def __invert__(self) -> PeriodSet:
        edges = [BEGINNING, *(edge for p in self.periods for edge in (p.start, p.end)), END_OF_TIME]
        gaps = zip(edges[::2], edges[1::2], strict=True)
        return PeriodSet(tuple(Period(start, end) for start, end in gaps if start < end))

    def __bool__(self) -> bool:
        return bool(self.periods)

    def __iter__(self) -> Iterator[Period]:
        return iter(self.periods)

    def __contains__(self, instant: Instant) -> bool:
        return any(instant in period for period in self.periods)

    def covers(self, period: Period) -> bool:
        """Whether every instant of `period` is in the set."""
        return any(p.start <= period.start and period.end <= p.end for p in self.periods)

    def mask(self, instants: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of `instants` (int64[n], ms UTC) are in the set: bool[n]."""
        edges = np.fromiter((e for p in self.periods for e in (p.start, p.end)), np.int64)
        return np.asarray(np.searchsorted(edges, instants, side="right") % 2 == 1)

    def covers_mask(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which closed spans `[start, end]` (int64[n] each, ms UTC) lie wholly inside one period."""
        edges = np.fromiter((e for p in self.periods for e in (p.start, p.end)), np.int64)
        first = np.searchsorted(edges, starts, side="right")
        last = np.searchsorted(edges, ends, side="right")
        return np.asarray((first % 2 == 1) & (first == last))

    def widened(self, margin: int) -> PeriodSet:
        """Every period longer by `margin` ms on both sides (shorter where negative)."""
        grown = ((p.start - margin, p.end + margin) for p in self.periods)
        return PeriodSet.of(*(Period(start, end) for start, end in grown if start < end))

    def hull(self) -> Period | None:
        """The smallest single period around the set; None where it is empty."""
        return Period(self.periods[0].start, self.periods[-1].end) if self.periods else None


def _overlaps(left: tuple[Period, ...], right: tuple[Period, ...]) -> Iterator[Period]:
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i].start, right[j].start), min(left[i].end, right[j].end)
        if start < end:
            yield Period(start, end)
        if left[i].end <= right[j].end:
            i += 1
        else:
            j += 1


EMPTY: Final = PeriodSet()
ALL: Final = PeriodSet((Period(BEGINNING, END_OF_TIME),))


def union(sets: Iterable[PeriodSet]) -> PeriodSet:
    """The union of many sets."""
    return PeriodSet.of(*(period for each in sets for period in each))
