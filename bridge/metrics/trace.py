"""Glucose as it comes in, and as it is counted: columns of readings that each stand for some minutes.

Law: a value is never converted before it is classed; it is classed as it is displayed in the unit that it was
recorded in, rounded half to even and exactly, over integers. What a mark says is kept beside it. Pure.

Rejected: mg/dL for all (10.0 mmol/L would be 180.16, so high), floats at the limits (69.5 is 70 or 69 by chance).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.period import DAY, MINUTE
from bridge.reading import Flag, Unit

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

DISPLAYED: Final = {Unit.MG_DL: 0, Unit.MMOL_L: 1}
"""Decimals that a glucose is shown with, and classed by."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One series of sensor glucose, as columns of n rows in any order: `instants` int64 ms UTC, `values` int64
    (amount * 10**scale in `unit`), `flags` uint16, `offsets` int16 (minutes east of UTC at the reading, NO_OFFSET:
    the zone history speaks), `received` int64 (ms UTC; the later row wins a tie). `step`: ms a reading stands
    for where the device tells it; None: found from the readings. ValueError where the unit is no glucose."""

    name: str
    unit: Unit
    scale: int
    instants: Ints
    values: Ints
    flags: NDArray[np.uint16]
    offsets: NDArray[np.int16]
    received: Ints
    step: int | None = None

    def __post_init__(self) -> None:
        if self.unit not in DISPLAYED:
            raise ValueError(f"glucose is told in mg/dL or mmol/L, not in {self.unit}")
        columns = (self.values, self.flags, self.offsets, self.received)
        if any(len(each) != len(self.instants) for each in columns):
            raise ValueError("the columns of a trace are equally long")


@dataclass(frozen=True, slots=True)
class Counted:
    """The readings that count, in order of time, no two at once: `instants` int64 ms UTC, `steps` int64 (ms that
    each stands for), `mg_dl` float64 (NaN: beyond an unknown limit), `shown` int64 (the value as displayed: whole
    mg/dL, or tenths of a mmol/L where `is_molar`), `flags` uint16, `offsets` int16 minutes east, always told."""

    instants: Ints
    steps: Ints
    mg_dl: Floats
    shown: Ints
    is_molar: Mask
    flags: NDArray[np.uint16]
    offsets: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.instants)

    def taken(self, which: Mask | Ints) -> Counted:
        """The same columns at these places."""
        return Counted(
            self.instants[which], self.steps[which], self.mg_dl[which], self.shown[which],
            self.is_molar[which], self.flags[which], self.offsets[which],
        )  # fmt: skip

    def marked(self, marks: Flag) -> int:
        """How many have any of these marks."""
        return int((self.flags & int(marks) != 0).sum())

    @property
    def walls(self) -> Ints:
        """The local clock at each reading, int64 ms as if it were UTC."""
        return np.asarray(self.instants + self.offsets.astype(np.int64) * MINUTE)

    @property
    def dates(self) -> Ints:
        """The local date of each reading, in days since 1970-01-01."""
        return np.asarray(self.walls // DAY)


def displayed(values: Ints, scale: int, unit: Unit) -> Ints:
    """Values as they are displayed: whole mg/dL or tenths of a mmol/L, half to even, exact."""
    surplus = scale - DISPLAYED[unit]
    if surplus <= 0:
        return np.asarray(values * 10**-surplus)
    whole, rest = np.divmod(values, 10**surplus)
    twice = 2 * rest - 10**surplus
    return np.asarray(whole + ((twice > 0) | ((twice == 0) & (whole % 2 == 1))))
