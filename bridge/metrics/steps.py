"""How many minutes a reading stands for.

Law: where the device does not tell, the usual step between readings that follow each other, in whole minutes: the mean
of those near the median, because apps write times that are late by turns. Of the whole series, and of a day by itself
where most of its steps are others (a series can change its cadence). None is longer than 15 minutes: no sensor that is
known tells less often, a longer step is a loss. Pure.

Rejected: the time to the next reading (a gap would count as glucose), one median for all (90 days of which half
are told each minute and half each five would be 60 % active).
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.period import DAY, MINUTE

Ints: TypeAlias = NDArray[np.int64]

LONGEST: Final = 15
"""Minutes."""
ENOUGH: Final = 24
"""Steps in a day from which its own median is taken."""


def nominal(instants: Ints) -> Ints:
    """Ms that each reading stands for (int64[n]); `instants` int64[n] ms UTC, ascending, no two alike."""
    if len(instants) < 2:
        return np.full(len(instants), LONGEST * MINUTE, np.int64)
    steps = np.diff(instants)
    usual = _usual(steps)
    minutes = np.full(len(instants), usual, np.int64)
    days = instants[:-1] // DAY
    starts = np.concatenate(([0], np.flatnonzero(np.diff(days)) + 1))
    counts = np.diff(np.append(starts, len(steps)))
    alike = np.add.reduceat(_near(steps, usual * MINUTE).astype(np.int64), starts)
    for day in np.flatnonzero((counts >= ENOUGH) & (2 * alike <= counts)):
        there = slice(starts[day], starts[day] + counts[day])
        minutes[there] = _usual(steps[there])
    minutes[-1] = minutes[-2]
    return minutes * MINUTE


def _near(steps: Ints, middle: int) -> NDArray[np.bool_]:
    return np.asarray((2 * steps > middle) & (2 * steps < 3 * middle))


def _usual(steps: Ints) -> int:
    """The usual step in whole minutes, from one to fifteen."""
    middle = int(np.partition(steps, len(steps) // 2)[len(steps) // 2])
    return min(max(round(float(steps[_near(steps, middle)].mean()) / MINUTE), 1), LONGEST)
