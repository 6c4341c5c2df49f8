"""How many minutes a reading stands for.

Law: where the device does not tell, the median step between readings that follow each other, in whole minutes:
of the day where that day has enough of them (a series can change its cadence), else of the whole series. None is
longer than 15 minutes: no sensor that is known tells less often, a longer step is a loss. Pure.

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
    minutes = np.full(len(instants), _median(steps), np.int64)
    days = instants[:-1] // DAY
    edges = np.flatnonzero(np.diff(days)) + 1
    for start, end in zip([0, *edges.tolist()], [*edges.tolist(), len(steps)], strict=True):
        if end - start >= ENOUGH:
            minutes[start:end] = _median(steps[start:end])
    minutes[-1] = minutes[-2]
    return minutes * MINUTE


def _median(steps: Ints) -> int:
    """The median of steps in whole minutes, half to even, from one to fifteen."""
    half = len(steps) // 2
    ordered = np.partition(steps, [max(0, half - 1), half])
    middle = ordered[half] if len(steps) % 2 else (ordered[half - 1] + ordered[half]) / 2
    return int(min(max(round(float(middle) / MINUTE), 1), LONGEST))
