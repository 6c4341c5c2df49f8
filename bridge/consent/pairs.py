"""One to one: which readings of one series are paired with one of another, each with at most one.

Law: pure over pairs of places that may go together; both series are in order of time. The earliest free reading
takes the earliest free copy, first among those of nearly the same stamp, then among all of the window. That goes
in rounds, each of which looks no further than one window to either side, so that what is decided of a reading
depends on nothing beyond `reach`, wherever a page ends. Rejected: the greatest matching of the whole series
(its answer may hang on a dose of hours before, which another page does not read).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

ROUNDS: Final = 8
"""So many like events may follow each other within one window of the next; of more, some are told twice."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Places that may go together: intp[n] of one series, intp[n] of the other."""

    mine: NDArray[np.intp]
    theirs: NDArray[np.intp]

    @classmethod
    def none(cls) -> Self:
        """No pair."""
        return cls(np.zeros(0, np.intp), np.zeros(0, np.intp))

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """All pairs of several."""
        lots = tuple(parts)
        return cls(
            np.concatenate([each.mine for each in lots]), np.concatenate([each.theirs for each in lots])
        )

    def of(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Pairs:
        """Some of the pairs."""
        return Pairs(self.mine[keep], self.theirs[keep])


def paired(pairs: Pairs, apart: NDArray[np.int64], windows: Sequence[int]) -> NDArray[np.intp]:
    """The places of one series that have a reading of the other for themselves. `apart`: how far the two of each
    pair lie apart, ms; `windows`: how far they may, tried one after the other."""
    order = np.lexsort((pairs.theirs, pairs.mine))
    left, apart = pairs.of(order), apart[order]
    found = [Pairs.none()]
    for window in windows:
        for _ in range(ROUNDS):
            near = left.of(apart <= window)
            if not len(near.mine):
                break
            made = near.of(_firsts(near.mine) & _firsts(near.theirs))
            found.append(made)
            free = ~np.isin(left.mine, made.mine) & ~np.isin(left.theirs, made.theirs)
            left, apart = left.of(free), apart[free]
    return Pairs.joined(found).mine


def reach(windows: Sequence[int]) -> int:
    """How far from a reading anything lies that decides with whom it is paired: ms."""
    return 2 * ROUNDS * sum(windows)


def _firsts(places: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Where each place occurs for the first time."""
    found = np.zeros(len(places), np.bool_)
    found[np.unique(places, return_index=True)[1]] = True
    return found
