"""One to one: which readings of one series are paired with one of another, each with at most one.

Law: pure over pairs of places that may go together; both series are in order of time. The earliest free reading
takes the earliest free copy, so of three routes the two that tell less are copies of the same events. That goes in
rounds, each of which looks no further than two windows away, so that what is decided of a reading depends on
nothing beyond `REACH`, wherever a page ends. Rejected: the greatest matching of the whole series (its answer may
hang on a dose of hours before, which another page does not read); the nearest copy first (of three routes, two
could each hide another dose of the third).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

ROUNDS: Final = 8
"""So many like events may follow each other within one window of the next; of more, some are told twice."""
REACH: Final = 2 * ROUNDS
"""How many windows away from a reading anything lies that decides with whom it is paired."""


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


def paired(pairs: Pairs) -> NDArray[np.intp]:
    """The places of `mine` that have one of `theirs` for themselves."""
    left, found = pairs.of(np.lexsort((pairs.theirs, pairs.mine))), [Pairs.none()]
    for _ in range(ROUNDS):
        made = left.of(_firsts(left.mine) & _firsts(left.theirs))
        found.append(made)
        left = left.of(~np.isin(left.mine, made.mine) & ~np.isin(left.theirs, made.theirs))
    return Pairs.joined(found).mine


def _firsts(places: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Where each place occurs for the first time."""
    found = np.zeros(len(places), np.bool_)
    found[np.unique(places, return_index=True)[1]] = True
    return found
