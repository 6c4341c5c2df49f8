"""Columns of a sheet as instants and lengths, and back: what the procedures of Nightscout share.

Law (`nightscout.md` 4, 5): a stamp names its instant (ISO with Z or an offset, milliseconds, rarely seconds); one
without either is taken as UTC, as the server does. Whole columns; pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.cells import PADDING, Column, Ints, Mask, blank
from bridge.mapping.sheet import Sheet
from bridge.mapping.stamps import read_forms

STAMPS: Final = ("iso", "epoch-ms", "epoch-s")
UNTOLD: Final = -1
_WIDTH: Final = 20


def instants(column: Column) -> tuple[Ints, Mask]:
    """Instants in ms UTC int64[n], and which cells name one bool[n]."""
    told = read_forms(column, STAMPS)
    return told.instant, told.ok


def amounts(column: Column, unit: float) -> Ints:
    """Numbers times `unit`, rounded, int64[n]; UNTOLD where a cell is none or below 0."""
    numbers = column.numbers()
    exact = numbers.amount * (unit / 10.0**numbers.decimals)
    return np.where(numbers.ok & (numbers.amount >= 0), np.rint(exact).astype(np.int64), UNTOLD)


def written(values: Ints, said: Mask) -> Column:
    """Whole numbers as cells, blank where they are not said."""
    if not said.any():
        return blank(len(values))
    cells = values.astype(f"S{_WIDTH}")
    buffer = np.frombuffer(cells.tobytes() + PADDING, np.uint8)
    start = (np.arange(len(values)) * _WIDTH).astype(np.int32)
    length = np.where(said, np.char.str_len(cells), 0).astype(np.int32)
    return Column(buffer, start, start + length)


def filled_in(column: Column, rows: NDArray[np.intp], texts: Sequence[str]) -> Column:
    """The column with texts at some rows; no rows, no copy."""
    return column.replaced(rows.astype(np.int64), texts) if len(rows) else column


def small(sheet: Sheet, name: str) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """A field as categories: texts in small letters (two may be alike), and each row's place among them."""
    words = sheet.column(name).words()
    return tuple(text.casefold() for text in words.texts), words.codes


def begins(sheet: Sheet, name: str, *words: str) -> Mask:
    """Where a field begins with one of some words in small letters."""
    texts, codes = small(sheet, name)
    return np.array([text.startswith(words) for text in texts] or [False], np.bool_)[codes]


def taken_back(sheet: Sheet) -> Mask:
    """Where a record was deleted: `isValid: false`, the word by which mappings mark it as retracted."""
    texts, codes = small(sheet, "valid")
    return np.array([text == "false" for text in texts] or [False], np.bool_)[codes]


def uploaders(sheet: Sheet) -> NDArray[np.int32]:
    """A number for whoever uploaded each record: `Loop (via remote command)` is Loop."""
    texts, codes = small(sheet, "by")
    known: dict[str, int] = {}
    homes = [known.setdefault(text.partition(" (")[0].strip(), len(known)) for text in texts]
    return np.array(homes or [0], np.int32)[codes]


def is_short(sheet: Sheet, given: str, programmed: str) -> Mask:
    """Where less was given than was programmed, to a thousandth of a unit."""
    found, meant = amounts(sheet.column(given), 1000), amounts(sheet.column(programmed), 1000)
    return np.asarray((found != UNTOLD) & (meant > found))
