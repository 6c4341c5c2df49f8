"""Items that may leave, in columns: what a strand gives at one grain, before paging.

Law: pure values. A batch has an order key of its own and the columns that a page is made of; nothing in it is
hidden from the asker, so counts and order may be taken from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Grain
from bridge.consent.rows import take
from bridge.consent.strands import Strand
from bridge.store.columns import Table


@final
@dataclass(frozen=True, slots=True)
class Batch:
    """Items of one strand at one grain. `rows`: columns; `first` int64[n] and `slots` uint16[n] are their
    names; `updated` int64[n] is lastUpdated for this asker; `versions` int64[n] amendments so far."""

    strand: Strand
    grain: Grain
    rows: Table
    first: NDArray[np.int64]
    slots: NDArray[np.uint16]
    updated: NDArray[np.int64]
    versions: NDArray[np.int64]

    @property
    def is_sampled(self) -> bool:
        """Whether its items are chunks of readings (`chunks.py`)."""
        return "samples" in self.rows

    def __len__(self) -> int:
        return len(self.first)

    @property
    def is_lost(self) -> bool:
        """Whether it tells what was taken away: it was read for nothing else."""
        return not self.strand.reach

    def taken(self, which: NDArray[np.generic] | slice) -> Batch:
        """The same batch at the places `which`."""
        return Batch(
            self.strand,
            self.grain,
            take(self.rows, which),
            self.first[which],
            self.slots[which],
            self.updated[which],
            self.versions[which],
        )


def slots(grain: int, ranks: NDArray[np.integer]) -> NDArray[np.uint16]:
    """The slot in an id: grain << 9 | rank."""
    return np.asarray(np.uint16(grain << 9) | ranks.astype(np.uint16), np.uint16)


def count(batches: Sequence[Batch]) -> int:
    """How many items."""
    return sum(map(len, batches))
