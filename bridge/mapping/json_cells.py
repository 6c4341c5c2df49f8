"""Values of a JSON document as columns of cells: texts without quotes and escapes, null as blank.

Law: a number stays the digits that were written; true and false are words; whole columns at once. A text is
unescaped where it has a backslash; half of a surrogate pair (which is no character) becomes U+FFFD, control
characters are left out, as in tables.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from bridge.mapping.cells import PADDING, Column, Mask, Words, trimmed
from bridge.mapping.json_lot import SEPARATOR, Lot

_QUOTE, _BACKSLASH, _NULL, _OBJECT, _ARRAY, _MINUS, _EXPONENT = (ord(each) for each in '"\\n{[-e')
MOST_WRITTEN_OUT: Final = 40
WIDE, MANY, FEW, MOST_TRIED = 32, 10_000, 64, 512
_CONTROLS: Final = dict.fromkeys([*range(9), *range(11, 32), 127])
_HALVES: Final = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


@dataclass(frozen=True, slots=True)
class Values:
    """One place in many records: its cells, and where an object or array stands instead of a value."""

    column: Column
    is_nested: Mask


def values(lot: Lot) -> Values:
    """The cells of a lot; its text is the column's own from here on."""
    if not lot.runs:
        return _values(lot.text)
    few = _values(bytearray(b"".join(cell for cell, _ in lot.runs)))
    if len(lot.runs) == 1:
        return _everywhere(few, lot.runs[0][1])
    rows = np.repeat(np.arange(len(lot.runs), dtype=np.int32), [count for _, count in lot.runs])
    codes: dict[str, int] = {}
    each = [codes.setdefault(text, len(codes)) for text in few.column.texts()]
    known = Words(tuple(codes), np.array(each, np.int32)[rows])
    return Values(replace(few.column.at(rows), known=known), few.is_nested[rows])


def _everywhere(one: Values, count: int) -> Values:
    """One cell in so many records, without memory for each."""
    column = one.column
    known = Words((column.text(0),), np.broadcast_to(np.int32(0), count))
    start, end = np.broadcast_to(column.start[0], count), np.broadcast_to(column.end[0], count)
    return Values(Column(column.buffer, start, end, known), np.full(count, one.is_nested[0]))


def _values(cells: bytearray) -> Values:
    """Cells with `SEPARATOR` behind each."""
    # A letter is looked for at the speed of memory where the text is bytes, and without a mask of its size.
    is_escaped, is_blank, may_be_power = b"\\" in cells, b" " in cells, b"e" in cells or b"E" in cells
    cells += PADDING
    buffer = np.frombuffer(cells, np.uint8)
    end = np.flatnonzero(buffer[: -len(PADDING)] == SEPARATOR[0]).astype(np.int32)
    start = np.zeros_like(end)
    start[1:] = end[:-1] + 1
    first = buffer[start]
    quoted = (first == _QUOTE).astype(np.int32)
    nested = np.asarray((first == _OBJECT) | (first == _ARRAY))
    start, end = start + quoted, end - quoted
    end = np.where((first == _NULL) | nested, start, end)
    column, is_text = Column(buffer, start, end), quoted > 0
    escaped = _holding(column, buffer == _BACKSLASH, is_text) if is_escaped else []
    numeric = np.asarray(~is_text & ((first - np.uint8(48) < 10) | (first == _MINUS)))
    may_be_power = may_be_power and bool(numeric.any())
    powers = _holding(column, (buffer | 32) == _EXPONENT, numeric) if may_be_power else []
    if escaped or powers:
        said = [unescaped(column.text(row)) for row in escaped]
        column = column.replaced(
            np.array(escaped + powers), [*said, *(_plain(column.text(row)) for row in powers)]
        )
    if is_blank or column.buffer is not buffer:
        column = trimmed(column.buffer, column.start, column.end)
    return Values(_without_copies(column), nested)


def column_of(raws: Sequence[Raw], *, is_list: bool = False) -> Column:
    """Some values, each by itself, as a column. `is_list`: arrays are their values as a text."""
    lot = Lot()
    lot.add(raws)
    return (listed if is_list else values)(lot).column


def listed(lot: Lot) -> Values:
    """As `values`, for places where an array of plain values is one text: the values, parted by blanks."""
    plain = bytes(lot.text) or lot.written()
    found = values(lot)
    rows = np.flatnonzero(found.is_nested)
    if not len(rows):
        return found
    parts = plain.split(SEPARATOR)
    joined = [_joined(parts[row]) for row in rows.tolist()]
    is_nested = found.is_nested.copy()
    is_nested[rows] = [each is None for each in joined]
    return Values(found.column.replaced(rows, [each or "" for each in joined]), is_nested)


def _joined(array: bytes) -> str | None:
    """The values of an array as one text; None where it is none, or holds arrays or objects."""
    found = json.loads(array)
    if not isinstance(found, list) or any(isinstance(each, list | dict) for each in found):
        return None
    return " ".join(str(each) for each in found if each not in (None, ""))


def _without_copies(column: Column) -> Column:
    """A wide column of few words (the id of a device, in every record) with each word once."""
    if len(column.buffer) < WIDE * max(len(column), MANY):
        return column
    sample = column.at(np.arange(0, len(column), len(column) // MOST_TRIED + 1)).words()
    words = sample if len(sample.texts) > FEW else column.words()
    if len(words.texts) > FEW:
        return column
    few = texts(words.texts)
    return Column(few.buffer, few.start[words.codes], few.end[words.codes], words)


def _holding(column: Column, letters: Mask, among: Mask) -> list[int]:
    """The filled cells that hold one of some letters, of those that are looked at; the cells lie in their order."""
    at = np.flatnonzero(letters)
    rows = np.unique(np.searchsorted(column.start, at, side="right") - 1)
    rows = rows[rows >= 0]
    return list(rows[among[rows] & column.filled[rows]].tolist())


def _plain(number: str) -> str:
    exact = Decimal(number)
    return f"{exact:f}" if abs(exact.adjusted()) < MOST_WRITTEN_OUT else number


def unescaped(text: str) -> str:
    """What stands between the quotes of a JSON text. A text with an escape that does not exist stays as it is."""
    try:
        found = json.loads(f'"{text}"', strict=False)
    except ValueError:
        return text
    return str(found).translate(_CONTROLS).translate(_HALVES)


def first_filled(columns: Sequence[Column]) -> Column:
    """For each row the first of some columns that is filled there."""
    found = columns[0]
    for other in columns[1:]:
        better = ~found.filled
        shift = np.int32(len(found.buffer))
        found = Column(
            np.concatenate((found.buffer, other.buffer)),
            np.where(better, other.start + shift, found.start),
            np.where(better, other.end + shift, found.end),
        )
    return found


def texts(cells: Sequence[str]) -> Column:
    """Plain texts as a column."""
    written = [cell.encode() for cell in cells]
    ends = np.cumsum([len(cell) for cell in written], dtype=np.int32)
    starts = np.concatenate((np.zeros(min(len(ends), 1), np.int32), ends[:-1]))
    return Column(np.frombuffer(b"".join((*written, PADDING)), np.uint8), starts.astype(np.int32), ends)


def spread(column: Column, counts: Sequence[int]) -> Column:
    """Each cell so many times."""
    places: NDArray[np.intp] = np.repeat(np.arange(len(column)), counts)
    return column.at(places)
