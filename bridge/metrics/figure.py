"""One figure, or why there is none.

Law: a figure that cannot be computed, or may not be told, is None with a reason out of a closed list, never 0
and never NaN (`safety.md`, sufficiency). Nothing is rounded here: how many digits are shown is for the edge that
shows them. Rejected: a bare None (a chart that lacks a GMI must say why), a warning text beside a number (it gets
lost on the way to the chart).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Lack(StrEnum):
    """Why there is no figure."""

    NO_READINGS = "no readings in the period"
    NO_NUMBERS = "every reading is beyond what the sensor measures, without a limit"
    TOO_FEW_READINGS = "too few readings"
    NO_PAIRS = "no two readings lie that far apart"
    NO_EPISODES = "no such episode"
    UNDER_14_DAYS = "the period is shorter than 14 days"
    UNDER_70_PERCENT = "the sensor was active for less than 70 % of the period"
    UNDER_7_DAYS = "fewer than 7 days with an hour of readings"
    SPARSE_DAYS = "the best 7 days have less than 70 % of their readings"
    NO_WHOLE_DAY = "no whole day lies in the period"
    NOTHING_TOLD = "nothing was told of it"
    UNDETERMINED = "two sources claim the same hours, or an amount was not told"
    NO_AMOUNT = "the amount is nothing"
    KIND_UNTOLD = "a dose is not told as basal or bolus"
    PART_UNTOLD = "no basal or no bolus is told"


@dataclass(frozen=True, slots=True)
class Figure(Generic[T]):
    """A value, or None and why. Exactly one of both is there."""

    value: T | None
    why: Lack | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.why is None):
            raise ValueError("a figure has a value or the reason why it has none")
