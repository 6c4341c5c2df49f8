"""What the gate lets be read of one patient, as a protocol: the look-ups that an answer is made with.

Law: an answer reaches readings through one of these alone, and the gate alone makes one (`architecture.md`,
laws). It is for one request: the patient's key lives in it. Rejected: handing the store on (whoever holds it
could read past the decision).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bridge.consent.disclosure import Origin
from bridge.period import Instant, Period, PeriodSet
from bridge.store.columns import Chunk, Table
from bridge.store.ids import Name
from bridge.store.series import SeriesRow


class Reader(Protocol):
    """The readings of one patient, as the gate lets them be read."""

    def series(self, within: Period | None = None, always: Collection[int] = ()) -> tuple[SeriesRow, ...]:
        """Every series; with `within` those that may reach into it, and those of `always`."""

    def chunks(
        self, series: SeriesRow, reach: PeriodSet, descending: bool, columns: Sequence[str] | None
    ) -> Iterator[Chunk]:
        """Rows in `reach`, chunk by chunk in order of time."""

    def locate(self, name: Name) -> Instant | None:
        """Where a named reading is now."""

    def past(self, name: Name) -> Sequence[Mapping[str, int | str]]:
        """Its earlier versions, oldest first."""

    def earlier(self, series: int, names: NDArray[np.int64]) -> Table:
        """The versions that readings had before, by their names."""

    def origins(self, artifacts: Sequence[int]) -> Mapping[int, Origin]:
        """Where artifacts came from, as the asker may know it."""
