"""Columns of doses, basal delivery and carbohydrates, as amounts with their times.

Law: an amount is what was delivered, never what was programmed; a rate counts for as long as it held; what was told
without an amount, or in percent, has none (NaN) and is never 0. What was retracted was not given. A long-acting dose
by pen is basal; a dose whose kind is told by nobody is neither basal nor bolus unless a pump or a controller gave it.
Pure over columns that may be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.metrics.doses import Claim
from bridge.period import HOUR
from bridge.reading import BasalKind, BolusKind, Flag, Stream, Unit, column

Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

PUMP: Final = "pump"


class Part(StrEnum):
    """What insulin was for."""

    BASAL = "basal"
    BOLUS = "bolus"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Given:
    """A series of doses, basal delivery, loop modes or carbohydrates: `columns` as in `bridge.reading.COLUMNS`
    (instant, value, flags, end, kind; missing ones have their default), in `unit` and `scale`. `source`: two of
    one name are one source; `device_kind`: pump, pen …, '' unknown."""

    source: str
    stream: Stream
    unit: Unit
    scale: int
    columns: Mapping[str, NDArray[np.generic]]
    device_kind: str = ""

    def __len__(self) -> int:
        return len(self.columns["instant"])

    def ints(self, name: str) -> Ints:
        """One column as int64[n]."""
        return np.asarray(column(self.columns, name), np.int64)

    def has(self, flag: Flag) -> Mask:
        """Which rows carry the mark."""
        return np.asarray(self.ints("flags") & int(flag) != 0)

    @property
    def ends(self) -> Ints:
        """The end of each row, its instant where it is a point in time."""
        return np.maximum(self.ints("end"), self.ints("instant"))


def claim(given: Given, which: Mask | None = None) -> Claim:
    """What the rows `which` (all) tell, in U or g; a serving has no amount in grams."""
    kept = ~given.has(Flag.RETRACTED)
    if which is not None:
        kept &= which
    amounts = given.ints("value") / 10.0**given.scale * _factor(given)
    amounts[given.has(Flag.NO_VALUE)] = np.nan
    return Claim(given.source, given.ints("instant")[kept], given.ends[kept], amounts[kept])


def _factor(given: Given) -> NDArray[np.float64]:
    """What turns a value into units of insulin or grams; NaN where nothing does."""
    if given.stream is Stream.BASAL and given.unit is Unit.UNITS_PER_HOUR:
        return np.asarray((given.ends - given.ints("instant")) / HOUR, np.float64)
    # A basal in U: micro-doses of a controller, each told by itself.
    whole = Unit.GRAMS if given.stream is Stream.CARBS else Unit.UNITS
    return np.full(len(given), 1.0 if given.unit is whole or given.stream is Stream.BOLUS else np.nan)


def is_part(given: Given, part: Part) -> Mask:
    """Which rows of doses or delivery are that part of the insulin."""
    if given.stream is Stream.BASAL:
        return np.full(len(given), part is Part.BASAL)
    if given.stream is not Stream.BOLUS:
        return np.zeros(len(given), np.bool_)
    kinds = given.ints("kind")
    untold = (kinds == BolusKind.UNKNOWN) & ~given.has(Flag.AUTOMATED) & (given.device_kind != PUMP)
    long = kinds == BolusKind.LONG
    found: dict[Part, Mask] = {Part.BASAL: long, Part.OTHER: untold, Part.BOLUS: ~long & ~untold}
    return found[part]


def is_automated(given: Given) -> Mask:
    """Which rows a controller decided: an automated rate or dose. A pump that stops at low glucose in open loop
    is no controller."""
    if given.stream is not Stream.BASAL:
        return given.has(Flag.AUTOMATED)
    kinds = given.ints("kind")
    marked = given.has(Flag.AUTOMATED) & (kinds != BasalKind.SUSPENDED)
    return np.asarray((kinds == BasalKind.AUTOMATED) | marked)
