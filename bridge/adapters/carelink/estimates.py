"""Estimates of the bolus wizard: what for a dose was meant, and whether it was taken.

Law (`carelink.md` A4): an estimate has no number of its own. `BWZ Status` says whether it was taken; until 2018 no
column does, and there one that a dose follows within a minute was, and one that another estimate follows within
ten minutes before any dose was not. The carbohydrates of an estimate that was not taken are no meal.
Rejected: all carbohydrates that were typed (a person who corrects an entry would eat twice).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from bridge.adapters.carelink.pages import Page, Spot, in_order
from bridge.period import MINUTE

REPLACED: Final = 10 * MINUTE
NOT_TAKEN: Final = "not delivered"


@dataclass(slots=True)
class Estimate:
    """One row of the wizard. `start`: of the dose that followed it."""

    spot: Spot
    status: str
    food: float
    correction: float
    start: int | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the pump says that no dose came of it."""
        return self.status.casefold() == NOT_TAKEN

    @property
    def purpose(self) -> str:
        """What it is for: meal, correction, or '' where it says neither."""
        return "meal" if self.food > 0 else "correction" if self.correction > 0 else ""


def estimates_of(pages: Sequence[Page]) -> Iterator[Estimate]:
    """The estimates of one device, the oldest first."""
    names = ("bwz_status", "food", "correction")
    cells = {id(page): [page.texts(name) for name in names] for page in pages}
    for spot in in_order(pages, "estimate"):
        status, food, correction = (texts.get(spot.row, "") for texts in cells[id(spot.page)])
        yield Estimate(spot, status, amount(food), amount(correction))


def settle(asked: Sequence[Estimate]) -> None:
    """Say of each estimate what is known of it."""
    for estimate, following in zip_longest(asked, asked[1:]):
        spot, replaced = estimate.spot, False
        if not estimate.status and estimate.start is None and following is not None:
            replaced = following.spot.time - spot.time <= REPLACED
        if estimate.is_refused or replaced:
            spot.page.put("outcome", spot.row, "not taken")


def amount(text: str) -> float:
    """A cell as a number to compare; 0 where it is none."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return 0.0
