"""Cells as lengths of time and minutes of a day: how long something took, and from when a setting holds.

Law: whole columns; what cannot be read is told apart from what is not told. A length that the source does not
know is -1, never 0. Pure.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.cells import Column, Ints, Mask, Numbers
from bridge.mapping.dated import DAY_MINUTES, same_way
from bridge.mapping.judge import Judged
from bridge.mapping.ranges import said
from bridge.mapping.rule import LengthSpec

UNKNOWN: Final = -1
MS: Final = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}


def lengths(column: Column, spec: LengthSpec) -> tuple[Ints, Mask]:
    """Lengths in ms int64[n], UNKNOWN where none is told; and which cells could be read."""
    numbers = column.numbers()
    untold = ~column.filled | said(column, numbers, spec.none)
    found, ok = _clocked(column) if spec.unit == "h:mm:ss" else _counted(numbers, MS[spec.unit])
    return np.where(untold, UNKNOWN, found), untold | (ok & (found >= 0))


def _counted(numbers: Numbers, unit: int) -> tuple[Ints, Mask]:
    exact = numbers.amount * (unit / 10.0**numbers.decimals)
    return np.rint(exact).astype(np.int64), numbers.ok


def _clocked(column: Column) -> tuple[Ints, Mask]:
    """h:mm:ss or h:mm, each distinct cell once."""
    words = column.words()
    found = np.array([length(text) for text in words.texts], np.int64)
    return (found[words.codes], found[words.codes] >= 0) if len(found) else (found, np.zeros(0, np.bool_))


def length(text: str) -> int:
    """ms of h:mm:ss or h:mm, UNKNOWN where a text is none."""
    parts = text.split(":")
    if len(parts) not in (2, 3) or not all(part.isdigit() and len(part) < 5 for part in parts):
        return UNKNOWN
    hours, minutes, seconds = (int(part) for part in (*parts, "0")[:3])
    return ((hours * 60 + minutes) * 60 + seconds) * 1000


def minutes(column: Column, unit: str) -> NDArray[np.int16]:
    """Minutes of the local day int16[n], UNKNOWN where a cell names none."""
    found, ok = _clocked(column) if unit == "h:mm" else _counted(column.numbers(), MS[unit])
    minute = found // MS["min"]
    return np.where(ok & (minute >= 0) & (minute < DAY_MINUTES), minute, UNKNOWN).astype(np.int16)


def ends(judged: Judged, field: str, rows: NDArray[np.intp]) -> Ints:
    """Lengths in ms from the time of some rows to the stamp in a field, UNKNOWN where it cannot be told."""
    told = same_way(judged.sheet, judged.spec.time, judged.dated.mask, field)
    alike = told.ok & (told.known == judged.dated.known)
    length = np.where(told.known, told.instant, told.wall) - judged.dated.wall
    return np.where(alike & (length >= 0), length, UNKNOWN)[rows]
