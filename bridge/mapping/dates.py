"""Stamps as wall-clock times, by masks such as `DD-MM-YYYY hh:mm AM`, whole columns at once.

Law: one mask for all rows of a file (`libre.md` A1.5): day and month are never told apart row by row. Any of
- / . parts a date, a blank or T parts date and time, one digit may stand for two; a month's name (MON) comes
here as M01 to M12, so that no day is taken for it. A stamp that no mask fits or that names no day of the
calendar is not `ok`. Wall times are ms as if the wall stood in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.cells import WIDEST, Bytes, Column, Index, Ints, Mask

MOST_SHAPES: Final = 300
_PARTS: Final = {
    "YYYY": r"(?P<Y>0{4})",
    "YY": r"(?P<y>00)",
    "MON": r"M(?P<M>00)",
    "MM": r"(?P<M>0{1,2})",
    "DD": r"(?P<D>0{1,2})",
    "hh": r"(?P<h>0{1,2})",
    "mm": r"(?P<m>00)",
    "ss": r"(?P<s>00)",
    "AM": r"(?P<p>[AaPp]\.? ?[Mm]\.?)",
}
_TOKEN: Final = re.compile("YYYY|YY|MON|MM|DD|hh|mm|ss|AM")


@dataclass(frozen=True, slots=True)
class Stamps:
    """Wall times by one mask: `wall` int64[n], good where `ok` bool[n]."""

    wall: Ints
    ok: Mask


def read_stamps(column: Column, masks: Sequence[str]) -> Mapping[str, Stamps]:
    """The column by every mask that fits at least one of its cells."""
    n = len(column)
    letters, length = np.ascontiguousarray(column.letters().T), column.end - column.start
    walls = {mask: Stamps(np.zeros(n, np.int64), np.zeros(n, np.bool_)) for mask in masks}
    for shape, rows in by_shape(letters, length):
        for mask in masks:
            places = _places(shape, mask)
            if places is not None:
                few = letters if len(rows) == n else letters[:, rows]
                walls[mask].wall[rows], walls[mask].ok[rows] = wall_times(few, places)
    return {mask: found for mask, found in walls.items() if found.ok.any()}


def by_shape(letters: Bytes, length: Index) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Rows grouped by what their cells look like with every digit written 0."""
    n = letters.shape[1]
    left = np.flatnonzero((length > 0) & (length <= WIDEST))
    if not len(left):
        return
    looks = np.where((letters - np.uint8(48)) < 10, np.uint8(48), letters)
    first = looks[:, left[0]]
    if len(left) == n and (looks == first[:, None]).all():
        yield _text(first), left
        return
    cells = np.ascontiguousarray(looks.T).view(f"S{len(letters)}").ravel()
    for _ in range(MOST_SHAPES):
        if not len(left):
            return
        same = cells[left] == cells[left[0]]
        yield _text(looks[:, left[0]]), left[same]
        left = left[~same]


def _text(letters: Bytes) -> str:
    return bytes(letters).rstrip(b"\x00").decode("latin-1")


@lru_cache(maxsize=4096)
def _places(shape: str, mask: str) -> tuple[tuple[str, int, int], ...] | None:
    """Where each part of the mask stands in a cell of that shape: (part, start, end)."""
    found = _pattern(mask).fullmatch(shape)
    if found is None:
        return None
    return tuple((part, *found.span(part)) for part in found.groupdict())


@lru_cache(maxsize=64)
def _pattern(mask: str) -> re.Pattern[str]:
    pattern, at = "", 0
    for token in _TOKEN.finditer(mask):
        pattern += _between(mask[at : token.start()]) + _PARTS[token[0]]
        at = token.end()
    return re.compile(pattern + (r"(?:\.0+)?" if mask.endswith("ss") else ""))


def _between(text: str) -> str:
    if not text:
        return ""
    if set(text) <= set("-/."):
        return r"[-/.]"
    return ":" if text == ":" else r"(?:\ +|T)"


def wall_times(letters: Bytes, places: tuple[tuple[str, int, int], ...]) -> tuple[Ints, Mask]:
    """Wall times of cells of one shape (uint8[width, n]), and which name a real minute."""
    part = {name: digits(letters[start:end]) for name, start, end in places if name != "p"}
    year = part["Y"] if "Y" in part else part["y"] + 2000
    month, day, hour, minute = part["M"], part["D"], part["h"], part["m"]
    second = part.get("s", np.zeros_like(minute))
    ok = (month >= 1) & (month <= 12) & (day >= 1) & (minute < 60) & (second < 60)
    for name, start, _ in places:
        if name == "p":
            ok &= (hour >= 1) & (hour <= 12)
            hour = hour % 12 + np.where((letters[start] | 32) == ord("p"), 12, 0)
    ok &= (hour < 24) & (day <= _month_length(year, np.clip(month, 1, 12)))
    days = _days(year, month, day)
    return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000, ok


def digits(letters: Bytes) -> Ints:
    """Whole numbers of cells that are digits alone (uint8[width, n])."""
    found = np.zeros(letters.shape[1], np.int64)
    for letter in letters:
        found = found * 10 + (letter - np.uint8(48))
    return found


_LENGTHS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def _month_length(year: Ints, month: Ints) -> Ints:
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    return np.asarray(_LENGTHS[month] + ((month == 2) & leap), np.int64)


def _days(year: Ints, month: Ints, day: Ints) -> Ints:
    """Days since 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, days_from_civil)."""
    early = month <= 2
    years = year - early
    era = years // 400
    of_era = years - era * 400
    of_year = (153 * (month + np.where(early, 9, -3)) + 2) // 5 + day - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    return np.asarray(days, np.int64)
