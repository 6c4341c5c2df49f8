"""How much of the time glucose was in which range.

Law (time-in-range consensus, Battelino 2019): 54 <= low < 70 <= in range <= 180 < high <= 250 < very high, and in
mmol/L 3.0, 3.9, 10.0, 13.9, each reading in the unit that it was recorded in. LOW and HIGH count in the outer
classes (`safety.md`). Shares are of time: a reading weighs the minutes it stands for. Standard figures use the
standard limits alone; those of pregnancy are another table and never go under the standard codes. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.metrics.figure import Figure, Lack
from bridge.metrics.trace import Counted, Mask
from bridge.reading import Flag, Unit

Classes: TypeAlias = NDArray[np.int8]

VERY_LOW, LOW, IN_RANGE, HIGH, VERY_HIGH = range(5)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where classes meet, as displayed: whole mg/dL, and tenths of a mmol/L. Below `very_low` and below `low` lie
    those classes; above `high` and above `very_high` theirs, None: there is no such class."""

    very_low: int
    low: int
    high: int
    very_high: int | None

    def edges(self) -> list[int]:
        """The first displayed value of each class but the lowest."""
        beyond = [] if self.very_high is None else [self.very_high + 1]
        return [self.very_low, self.low, self.high + 1, *beyond]


STANDARD: Final = {Unit.MG_DL: Limits(54, 70, 180, 250), Unit.MMOL_L: Limits(30, 39, 100, 139)}
PREGNANCY: Final = {Unit.MG_DL: Limits(54, 63, 140, None), Unit.MMOL_L: Limits(30, 35, 78, None)}
"""63-140 mg/dL, 3.5-7.8 mmol/L; all above is high."""
TIGHT: Final = {Unit.MG_DL: (70, 140), Unit.MMOL_L: (39, 78)}
"""Time in tight range: 70-140 mg/dL, 3.9-7.8 mmol/L, both ends in it."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """Percent of the time in each of the five classes; they add to 100."""

    very_low: float
    low: float
    in_range: float
    high: float
    very_high: float

    @property
    def below(self) -> float:
        """Below the target, level 2 included, as the goals mean it."""
        return self.very_low + self.low

    @property
    def above(self) -> float:
        """Above the target, level 2 included."""
        return self.high + self.very_high


def classes(readings: Counted, limits: dict[Unit, Limits] = STANDARD) -> Classes:
    """The class of each reading, int8[n]: VERY_LOW to VERY_HIGH."""
    found = np.searchsorted(limits[Unit.MG_DL].edges(), readings.shown, side="right")
    if readings.is_molar.any():
        molar = np.searchsorted(limits[Unit.MMOL_L].edges(), readings.shown, side="right")
        found = np.where(readings.is_molar, molar, found)
    found[readings.flags & int(Flag.LOW) != 0] = VERY_LOW
    found[readings.flags & int(Flag.HIGH) != 0] = len(limits[Unit.MG_DL].edges())
    return found.astype(np.int8)


def ranges(readings: Counted, found: Classes) -> Figure[Ranges]:
    """Percent of the time in each class, `found` from `classes`."""
    if not len(readings):
        return Figure(None, Lack.NO_READINGS)
    times = np.bincount(found, weights=readings.steps, minlength=5)
    return Figure(Ranges(*(100 * times / readings.steps.sum()).tolist()))


def tight(readings: Counted) -> Figure[float]:
    """Percent of the time in the tight range."""
    if not len(readings):
        return Figure(None, Lack.NO_READINGS)
    return Figure(float(100 * readings.steps[_within(readings)].sum() / readings.steps.sum()))


def _within(readings: Counted) -> Mask:
    low, high = (
        np.where(readings.is_molar, *ends) for ends in zip(TIGHT[Unit.MMOL_L], TIGHT[Unit.MG_DL], strict=True)
    )
    is_off = readings.flags & int(Flag.LOW | Flag.HIGH) != 0
    return np.asarray((low <= readings.shown) & (readings.shown <= high) & ~is_off)
