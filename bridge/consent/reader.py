"""The readings of one patient as an answer may read them: what the gate hands in.

Law: a protocol and nothing else. Only the gate holds the real one, because only the gate imports
`store.readings`; whatever is asked of it, what it gives is cut to what is open before anybody sees it.
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

    def away(self, since: Instant, wanted: Mapping[int, NDArray[np.int64]] | None) -> Mapping[int, Table]:
        """By series what moved, went, or became wrong or other in time since then, or of the names wanted."""

    def sources(self, artifacts: Sequence[int]) -> Mapping[int, str]:
        """The names of the sources that artifacts came from."""

    def secret(self) -> bytes:
        """32 bytes that nobody has but who can open the patient's readings; erased with them."""

    def origins(self, artifacts: Sequence[int]) -> Mapping[int, Origin]:
        """Where artifacts came from, as the asker may know it."""
