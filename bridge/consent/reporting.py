"""The wish for summaries: of a period, by their ids, or as they become due without being asked for.

Law: a wish, never permission: which periods may be reported, and which figures may leave, is decided behind the gate
(`blocks.py`, `summaries.py`). A period says what is to be reported; dates choose among what may be.

Rejected: a search that computes (two asks for one period would then be two opinions of it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, final

import numpy as np
from numpy.typing import NDArray

from bridge.period import BEGINNING, END_OF_TIME, Instant, Period, PeriodSet

MARK: Final = b"summary:"
"""How the keyset of a page of summaries begins."""


class Span(Protocol):
    """A test of dates (`asked.DateTest`)."""

    def instants(self) -> PeriodSet:
        """The instants that pass."""

    def spans(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which spans pass."""


@final
@dataclass(frozen=True, slots=True)
class Standing:
    """A summary that who is told has, or refused: changes until `seen` are told; `is_frozen`: a block of a grant of
    summaries."""

    period: Period
    is_frozen: bool
    seen: Instant


@final
@dataclass(frozen=True, slots=True)
class Ordered:
    """Summaries that were ordered: of `periods` of whole local days; of blocks that a grant fixes those that begin at
    `first` at the earliest, end after `after` and at `last` at the latest. `again`: of what stands all is looked at."""

    periods: tuple[Period, ...] = ()
    first: Instant = END_OF_TIME
    after: Instant = END_OF_TIME
    last: Instant = BEGINNING
    again: bool = False

    def takes(self, block: Period) -> bool:
        """Whether a block that a grant fixes is meant."""
        return self.first <= block.start and self.after < block.end <= self.last


@final
@dataclass(frozen=True, slots=True)
class Paced:
    """As they become due: blocks of so many local `days`, one begun every so many (`every`), told on that `weekday`
    after they are over (0: Monday; None: at once), none that begins more than `back` days before its grant was signed
    (None: all of a grant that says since when, else the last one). `standing`: what there is already; at most so many
    blocks (`most`) at once. `ordered`: what somebody ordered instead of that."""

    days: int
    every: int
    weekday: int | None = None
    back: int | None = None
    standing: Sequence[Standing] = ()
    most: int = 1
    ordered: Ordered | None = None


@final
@dataclass(frozen=True, slots=True)
class Reporting:
    """Summaries of sensor glucose inside `period`, None: over every period that follows from the grants, or, with
    `paced`, that is due; with `fixed` those alone that grants of summaries fix. Of them those whose period meets all of
    `dates`, and that changed in all of `updated`; of their Observations those of `ids` and `parts`, None: all. Ids
    without a period say theirs themselves. With `documents`, a type of `REPORTS`, the report of each is meant, by its
    id as that type: the whole summary, and of the readings that were asked for those that are open over all of its
    period."""

    period: Period | None = None
    fixed: bool = False
    ids: frozenset[str] | None = None
    parts: frozenset[str] | None = None
    dates: Sequence[Span] = ()
    updated: Sequence[Span] = ()
    paced: Paced | None = None
    documents: str = ""

    def covers(self, period: Period) -> bool:
        """Whether a summary of that period is asked for."""
        starts, ends = np.array([period.start], np.int64), np.array([period.end], np.int64)
        return all(bool(test.spans(starts, ends)[0]) for test in self.dates)

    def takes(self, part: str, id: str, updated: Instant) -> bool:
        """Whether one Observation of such a summary is asked for."""
        is_named = self.ids is None or id in self.ids
        is_meant = self.parts is None or part in self.parts
        return is_named and is_meant and all(updated in test.instants() for test in self.updated)
