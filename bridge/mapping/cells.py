"""A column of a table as spans of bytes in one buffer: words, numbers and texts of all rows at once.

Law: pure numpy, no row loop where rows are regular; a cell is what stands between its delimiters without
surrounding blanks and quotes. Shapes: `start`, `end` int32[n] into `buffer` uint8; an empty span is a blank.
Rejected: a Python string per cell (ten times the cost for columns that are only compared).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Ints: TypeAlias = NDArray[np.int64]
Index: TypeAlias = NDArray[np.int32]
Mask: TypeAlias = NDArray[np.bool_]

WIDEST: Final = 64
"""Letters that a word, number or stamp can have; longer cells are free text."""
CHUNK: Final = 1 << 15
"""Rows whose letters stay in the processor's cache."""
MOST_DIGITS: Final = 15
MOST_DECIMALS: Final = 6
PADDING: Final = bytes(WIDEST)
"""Stands behind the last cell of every buffer, so that WIDEST letters can be read from any start."""


@dataclass(frozen=True, slots=True)
class Words:
    """A column as categories: `texts[code]` is each row's cell. '' has a code like any other."""

    texts: tuple[str, ...]
    codes: Index

    def mask(self, wanted: Sequence[bool]) -> Mask:
        """bool[n] of a truth per category."""
        return np.asarray(wanted, np.bool_)[self.codes] if len(self.texts) else np.zeros(0, np.bool_)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column as decimal numbers: value = amount / 10**decimals where `ok`, else both are 0."""

    amount: Ints
    decimals: NDArray[np.int8]
    ok: Mask

    def at(self, rows: NDArray[np.generic]) -> Numbers:
        """The same numbers at some rows."""
        return Numbers(self.amount[rows], self.decimals[rows], self.ok[rows])


@dataclass(frozen=True, slots=True)
class Column:
    """One column's cells as spans; `known`: its categories, where whoever made it had them."""

    buffer: Bytes
    start: Index
    end: Index
    known: Words | None = None

    def __len__(self) -> int:
        return len(self.start)

    @property
    def filled(self) -> Mask:
        """Which cells hold something."""
        return np.asarray(self.end > self.start)

    def text(self, row: int) -> str:
        """One cell."""
        return bytes(self.buffer[self.start[row] : self.end[row]]).decode()

    def texts(self) -> list[str]:
        """All cells: for few rows only."""
        view = self.buffer.data
        spans = zip(self.start.tolist(), self.end.tolist(), strict=True)
        return [str(view[start:end], "utf-8") for start, end in spans]

    def at(self, rows: NDArray[np.generic]) -> Column:
        """The same column at some rows (bool mask or index array)."""
        return Column(self.buffer, self.start[rows], self.end[rows])

    def letters(self) -> Bytes:
        """uint8[n, width]: cells left-aligned, zeros after them, cut at WIDEST."""
        length = self.end - self.start
        width = min(int(length.max(initial=0)), WIDEST)
        if not width:
            return np.zeros((len(self), 0), np.uint8)
        if self._is_even(width):
            step, first = int(self.start[1] - self.start[0]), int(self.start[0])
            return np.ndarray((len(self), width), np.uint8, self.buffer, first, (step, 1)).copy()
        windows = np.ndarray((len(self.buffer) - width + 1,), f"V{width}", self.buffer, 0, (1,))
        found = windows[self.start].view(np.uint8).reshape(-1, width)
        if int(length.min()) < width:
            kept = np.tri(width + 1, width, -1, np.uint8) * np.uint8(255)
            found &= kept[np.minimum(length, width)]
        return found

    def _is_even(self, width: int) -> bool:
        """Whether all cells have that many letters and lie equally far apart, as stamps and ids do."""
        if len(self) < 2 or (step := int(self.start[1] - self.start[0])) < width:
            return False
        even = self.start[0] + step * np.arange(len(self), dtype=np.int32)
        return bool((self.end == self.start + width).all() and (self.start == even).all())

    def words(self) -> Words:
        """The column as categories. Cells beyond WIDEST letters are compared whole."""
        if self.known is not None:
            return self.known
        filled = self.filled
        if not filled.all():
            said = np.flatnonzero(filled)
            some = self.at(said).words()
            codes = np.zeros(len(self), np.int32)
            codes[said] = some.codes + 1
            return Words(("", *some.texts), codes)
        width = int((self.end - self.start).max(initial=0))
        if width > WIDEST:
            return _words_of(self.texts())
        if not width:
            return Words((), np.zeros(0, np.int32))
        if len(self) <= CHUNK:
            return _in_runs(self.letters().view(f"S{width}").ravel())
        return _in_chunks(self)

    def numbers(self) -> Numbers:
        """The column as numbers: digits, one decimal point or comma, a sign. Others are not `ok`."""
        if len(self) <= CHUNK:
            return _numbers(self.letters().T, self.end - self.start)
        pieces = [self.piece(at).numbers() for at in range(0, len(self), CHUNK)]
        return Numbers(
            np.concatenate([piece.amount for piece in pieces]),
            np.concatenate([piece.decimals for piece in pieces]),
            np.concatenate([piece.ok for piece in pieces]),
        )

    def piece(self, at: int) -> Column:
        """CHUNK rows from one on."""
        return Column(self.buffer, self.start[at : at + CHUNK], self.end[at : at + CHUNK])

    def wholes(self) -> tuple[Ints, Mask]:
        """The column as whole numbers from 0 up: (amounts int64[n], which cells are one bool[n])."""
        found = self.numbers()
        amount, decimals = scaled(found, 0)
        return amount, found.ok & (decimals == 0) & (amount >= 0)

    def blanked(self, rows: Mask | Ints | Sequence[int]) -> Column:
        """The column with nothing in some rows (bool mask or places)."""
        end = self.end.copy()
        end[rows] = self.start[rows]
        return Column(self.buffer, self.start, end)

    def replaced(self, rows: Ints, texts: Sequence[str]) -> Column:
        """The column with other texts at some rows."""
        extra = [text.encode() for text in texts]
        ends = np.cumsum([len(text) for text in extra], dtype=np.int64) + len(self.buffer)
        start, end = self.start.copy(), self.end.copy()
        end[rows] = ends
        start[rows] = ends - np.array([len(text) for text in extra])
        joined = np.frombuffer(b"".join(extra) + PADDING, np.uint8)
        return Column(np.concatenate((self.buffer, joined)), start, end)


def blank(n: int) -> Column:
    """A column that the table does not have."""
    zeros = np.zeros(n, np.int32)
    return Column(np.frombuffer(PADDING, np.uint8), zeros, zeros)


def coded(texts: Sequence[str], codes: NDArray[np.integer[Any]]) -> Column:
    """A column of few distinct texts; each row's code indexes them."""
    lengths = np.array([len(text.encode()) for text in texts], np.int32)
    ends = np.cumsum(lengths, dtype=np.int32)
    buffer = np.frombuffer("".join(texts).encode() + PADDING, np.uint8)
    return Column(buffer, (ends - lengths)[codes], ends[codes])


def trimmed(buffer: Bytes, start: Index, end: Index) -> Column:
    """Spans without the blanks around them."""
    while (more := (start < end) & _blank(buffer, start)).any():
        start = start + more
    while (more := (start < end) & _blank(buffer, np.maximum(end - 1, 0))).any():
        end = end - more
    return Column(buffer, start, end)


def _blank(buffer: Bytes, at: Index) -> Mask:
    found = buffer[at]
    return np.asarray((found == 32) | (found == 9) | (found == 13) | (found == 10))


def _words_of(texts: Sequence[str]) -> Words:
    known: dict[str, int] = {}
    codes = [known.setdefault(text, len(known)) for text in texts]
    return Words(tuple(known), np.array(codes, np.int32))


def _in_chunks(column: Column) -> Words:
    """Categories of a long column, piece by piece."""
    known: dict[str, int] = {}
    codes = np.zeros(len(column), np.int32)
    for start in range(0, len(column), CHUNK):
        some = column.piece(start).words()
        codes[start : start + CHUNK] = np.array(
            [known.setdefault(text, len(known)) for text in some.texts], np.int32
        )[some.codes]
    return Words(tuple(known), codes)


def _in_runs(cells: NDArray[np.bytes_]) -> Words:
    """Categories in order of first appearance; cells that repeat the one before them are looked at once."""
    if cells.itemsize < 8:
        cells = cells.astype("S8")
    starts = np.flatnonzero(np.concatenate(([True], cells[1:] != cells[:-1])))
    if len(starts) * 4 > len(cells):
        return _peeled(cells)
    found = _peeled(cells[starts])
    return Words(found.texts, np.repeat(found.codes, np.diff(np.append(starts, len(cells)))))


def _peeled(cells: NDArray[np.bytes_]) -> Words:
    """Categories found one after the other: quick where they are few."""
    codes = np.zeros(len(cells), np.int32)
    left = np.arange(len(cells))
    texts: list[str] = []
    while len(left):
        if len(texts) >= 64:
            rest, inverse = np.unique(cells[left], return_inverse=True)
            codes[left] = inverse.astype(np.int32) + len(texts)
            texts += [bytes(word).decode() for word in rest]
            break
        word = cells[left[0]]
        same = (cells if len(left) == len(cells) else cells[left]) == word
        codes[left[same]] = len(texts)
        texts.append(bytes(word).decode())
        left = left[~same]
    return Words(tuple(texts), codes)


def _numbers(letters: Bytes, length: Index) -> Numbers:
    letters = np.ascontiguousarray(letters)
    n = letters.shape[1]
    amount, digits = np.zeros(n, np.int64), np.zeros(n, np.int8)
    decimals, points = np.zeros(n, np.int8), np.zeros(n, np.int8)
    ok = length <= len(letters)
    negative = (letters[0] == 45) if len(letters) else np.zeros(n, np.bool_)
    for place, letter in enumerate(letters):
        digit = letter - np.uint8(48)
        is_digit = digit < 10
        point = (letter == 46) | (letter == 44)
        sign = ((letter == 45) | (letter == 43)) if place == 0 else np.zeros(n, np.bool_)
        amount = np.where(is_digit, amount * 10 + digit, amount)
        digits += is_digit
        points += point
        decimals += is_digit & (points > 0)
        ok &= is_digit | point | sign | (letter == 0)
    ok &= (digits > 0) & (digits <= MOST_DIGITS) & (points <= 1) & (decimals <= MOST_DECIMALS)
    return Numbers(np.where(negative, -amount, amount) * ok, decimals * ok, ok)


POWERS: Final = 10 ** np.arange(MOST_DIGITS + 1, dtype=np.int64)


def scaled(numbers: Numbers, decimals: int) -> tuple[Ints, NDArray[np.int8]]:
    """Amounts with at least `decimals` decimals: (amount int64[n], decimals int8[n]). Zeros at the end
    beyond them are dropped (108.0 is 108 where a vendor writes none), finer amounts keep theirs."""
    amount, places = numbers.amount, numbers.decimals
    if (places == decimals).all():
        return amount, places
    while (more := (places > decimals) & (amount % 10 == 0)).any():
        amount = np.where(more, amount // 10, amount)
        places = places - more.astype(np.int8)
    lacking = np.maximum(decimals - places, 0)
    return amount * POWERS[lacking], np.maximum(places, np.int8(decimals))
