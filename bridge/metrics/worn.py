"""Which of two sensors counts where both were worn.

Law (`safety.md`, duplicates): two sensors worn together stay two series and figures use one of them, named; a
reading of one never fills a loss of the other, because the two differ and the seam would look like a change of
glucose. The one that tells more time counts for as long as it is worn; the other counts outside of that. A sensor
that is silent for a day is not worn. Ties go by name, so the order in which series come does not matter. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.period import DAY

Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

SILENT: Final = DAY
"""Ms without a reading after which a sensor is not worn any more."""


def chosen(traces: Sequence[tuple[str, Ints, Ints]]) -> list[Mask]:
    """Which readings of each trace count: (name, instants int64[n] ms UTC ascending, steps int64[n] ms)."""
    masks = [np.ones(len(instants), np.bool_) for _, instants, _ in traces]
    taken: list[tuple[Ints, Ints]] = []
    for place in sorted(range(len(traces)), key=lambda place: _rank(traces[place])):
        _, instants, steps = traces[place]
        for starts, ends in taken:
            masks[place] &= ~_inside(instants, starts, ends)
        if masks[place].any():
            taken.append(_worn(instants[masks[place]], steps[masks[place]]))
    return masks


def _rank(trace: tuple[str, Ints, Ints]) -> tuple[int, str, list[int]]:
    name, instants, steps = trace
    return -int(steps.sum()), name, instants[:1].tolist()


def _worn(instants: Ints, steps: Ints) -> tuple[Ints, Ints]:
    """From when to when a sensor was worn: starts and ends of its runs."""
    breaks = np.flatnonzero(np.diff(instants) > SILENT)
    starts = np.concatenate((instants[:1], instants[breaks + 1]))
    lasts = np.append(breaks, len(instants) - 1)
    return starts, np.asarray(instants[lasts] + steps[lasts], np.int64)


def _inside(instants: Ints, starts: Ints, ends: Ints) -> Mask:
    run = np.searchsorted(starts, instants, side="right") - 1
    return np.asarray((run >= 0) & (instants < ends[np.maximum(run, 0)]))
