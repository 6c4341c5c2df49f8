"""Delimited text as rows of cells: a fast path for regular files, and a tolerant one that means the same.

Law: `regular` refuses what it cannot split by bytes alone (a quote inside a field, a lone carriage return)
and never guesses; `tolerant` is the csv module of RFC 4180 with the repairs that the fact sheets name. Where
both read a file they give the same cells (a property test). Rows may be ragged; blank lines are no rows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from bridge.mapping.account import Unreadable
from bridge.mapping.cells import PADDING, Bytes, Column, Index, Ints, Mask, blank, trimmed
from bridge.mapping.scan import Facts, scan

DELIMITERS: Final = (",", ";", "\t")
MOST_LINES_OF_A_ROW: Final = 200
MOST_LINES_CUT: Final = 4
MOST_BLANKS: Final = 64
LONGEST_HEAD: Final = 4096
"""Bytes of the lines above a table that are looked at for quotes."""
SEPARATOR: Final = "\x1f"
"""Parts cells in the tolerant path's buffer; `text.clean` leaves no control characters."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells. Cell k of row i lies between `marks[first[i] + k]` and the next mark, without `quote`
    bytes at either end and `tail` bytes before the end of a row; k < count[i]. `line`: the file's line (1 =
    first) where the row starts. `tight`: no blanks stand beside a delimiter. `open_end`: the file does not
    end with a line end; `cut`: its last row ends inside a quoted cell."""

    buffer: Bytes
    marks: Index
    first: Ints
    count: Ints
    line: Index
    quote: int = 0
    tail: int = 0
    tight: bool = False
    open_end: bool = False
    cut: bool = False

    def __len__(self) -> int:
        return len(self.first)

    def column(self, place: int) -> Column:
        """Every row's cell at `place`; blank where the row is shorter."""
        there = self.count > place
        if not there.any():
            return blank(len(self))
        last = self.count == place + 1
        every = bool(there.all())
        at = self.first + place if every else np.where(there, self.first + place, 0)
        start = self.marks[at] + (1 + self.quote)
        stop = self.marks[at + 1] - self.quote
        if self.tail:
            stop -= last * self.tail
        if not every:
            stop = np.where(there, stop, start)
        return Column(self.buffer, start, stop) if self.tight else trimmed(self.buffer, start, stop)

    def where(self, rows: Mask) -> Table:
        """The same table with fewer rows."""
        first, count, line = self.first[rows], self.count[rows], self.line[rows]
        return replace(self, first=first, count=count, line=line)

    def below(self, row: int) -> Table:
        """The rows after that one."""
        first, count, line = self.first[row + 1 :], self.count[row + 1 :], self.line[row + 1 :]
        return replace(self, first=first, count=count, line=line)

    def blank_rows(self) -> Mask:
        """Rows whose cells are all blank, but for a few blanks: as spreadsheets leave them below a table."""
        length = self.marks[self.first + self.count] - self.marks[self.first]
        least = self.count * (1 + 2 * self.quote) + self.tail
        found = np.asarray(length == least) if self.tight else np.asarray(length <= least + MOST_BLANKS)
        if self.tight or not found.any():
            return found
        few = self.where(found)
        said = np.zeros(len(few), np.bool_)
        for place in range(int(few.count.max())):
            said |= few.column(place).filled
        found[found] = ~said
        return found

    def cells(self, row: int) -> list[str]:
        """The texts of one row."""
        one = replace(self, first=self.first[row : row + 1], count=self.count[row : row + 1])
        return [one.column(place).text(0) for place in range(int(self.count[row]))]


def split(data: bytes, delimiter: str) -> Table:
    """The rows of clean UTF-8 bytes."""
    return regular(_plain_head(data, delimiter), delimiter) or tolerant(data, delimiter)


def _plain_head(data: bytes, delimiter: str) -> bytes:
    """The same text, where quotes in its first lines alone hold nothing that needs them, without those: names
    and dates above a table (CareLink)."""
    last = data.rfind(b'"')
    if last < 0 or last >= LONGEST_HEAD:
        return data
    end = data.find(b"\n", last) + 1
    if not end:
        return data
    plain = [_without_quotes(line, delimiter) for line in data[:end].decode().split("\n")]
    joined = "\n".join(line for line in plain if line is not None)
    return data if None in plain else joined.encode() + data[end:]


def _without_quotes(line: str, delimiter: str) -> str | None:
    """A line with its quoted cells bare; None where a cell needs its quotes, or is none of its own."""
    if '"' not in line:
        return line
    text = line.removesuffix("\r")
    pieces = text.split(delimiter)
    bare = [piece[1:-1] if len(piece) > 1 and piece[0] == piece[-1] == '"' else piece for piece in pieces]
    needed = any('"' in piece for piece in bare) or not any(bare)
    return None if needed else delimiter.join(bare) + line[len(text) :]


def regular(data: bytes, delimiter: str) -> Table | None:
    """Split by bytes: files without any quote, or with every field quoted and no quote inside, with one kind
    of line end. None where the file is of another kind."""
    open_end = not data.endswith(b"\n")
    missing = b"\r\n" if b"\r" in data and not data.endswith(b"\r") else b"\n"
    whole = np.frombuffer(data + (missing if open_end else b"") + PADDING, np.uint8)
    body = whole[: -len(PADDING)]
    facts = scan(body, ord(delimiter))
    tail = int(facts.returns > 0)
    if facts.returns and not facts.returns == facts.paired == len(facts.ends):
        return None
    if facts.quotes and not _all_quoted(body, facts, tail):
        return None
    last = np.searchsorted(facts.marks, facts.ends) - 1
    first = np.concatenate(([0], last[:-1] + 1))
    line = np.arange(1, len(first) + 1, dtype=np.int32)
    quote = int(facts.quotes > 0)
    tight = _is_tight(body, facts.blanks, (34,) if quote else (10, 13, ord(delimiter)))
    table = Table(whole, facts.marks, first, last - first + 1, line, quote, tail, tight, open_end)
    empty = (table.count == 1) & (facts.marks[last + 1] - facts.marks[first] - 1 <= tail)
    return table.where(~empty) if empty.any() else table


def _all_quoted(body: Bytes, facts: Facts, tail: int) -> bool:
    """Whether each field begins and ends with a quote of its own and there is no other quote."""
    if facts.quotes != 2 * (len(facts.marks) - 1) or facts.bare or facts.thin or body[0] != 34:
        return False
    if tail and (np.isin(body[facts.ends - 3], (10, body[facts.marks[1]]))).any():
        return False
    closed, opened = body[facts.ends - 1 - tail] == 34, body[facts.ends[:-1] + 1] == 34
    return bool(closed.all() and opened.all() and facts.marks[1] >= 2)


def _is_tight(body: Bytes, blanks: Ints, edges: tuple[int, ...]) -> bool:
    """Whether no blank stands beside an edge of a cell."""
    if not len(blanks):
        return True
    sides = body[np.maximum(blanks - 1, 0)], body[np.minimum(blanks + 1, len(body) - 1)]
    touching = any((side == edge).any() for side in sides for edge in edges)
    return not touching and int(blanks[0]) > 0


def tolerant(data: bytes, delimiter: str) -> Table:
    """Split by the csv module: quotes, doubled quotes, line ends inside quotes, whole lines in quotes."""
    text = data.decode()
    rows, lines = parsed(text, delimiter)
    odd = text.count('"') % 2 == 1
    cut = odd and bool(lines) and text.split("\n", lines[-1] - 1)[-1].count('"') % 2 == 1
    return from_rows(rows, lines, not text.endswith("\n"), cut)


def parsed(text: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """Rows of cells and the line where each starts."""
    physical = list(io.StringIO(text, newline=""))
    rows: list[list[str]] = []
    lines: list[int] = []
    reader = csv.reader(physical, delimiter=delimiter)
    line = 1
    try:
        for row in reader:
            if row:
                rows.append(row)
                lines.append(line)
            if reader.line_num > line:
                _refuse_open(physical, line, reader.line_num)
            line = reader.line_num + 1
        return _unwrapped(rows, delimiter), lines
    except csv.Error as fault:
        raise Unreadable(f"line {line} is no row of a table ({fault}): the file is damaged") from fault


def _refuse_open(physical: Sequence[str], line: int, last: int) -> None:
    """A row of several lines has its quotes in pairs, but where the file is cut off in it."""
    odd = sum(text.count('"') for text in physical[line - 1 : last]) % 2 == 1
    most = MOST_LINES_CUT if last == len(physical) else 1
    if last - line >= MOST_LINES_OF_A_ROW or (odd and last - line >= most):
        raise Unreadable(f"a quote that opens in line {line} is not closed: the file is damaged")


def _unwrapped(rows: list[list[str]], delimiter: str) -> list[list[str]]:
    """Rows of a file that wraps each whole line in quotes (seen in a Czech LibreView file)."""
    if not rows or any(len(row) != 1 for row in rows) or delimiter not in rows[-1][0]:
        return rows
    return [next(csv.reader([row[0]], delimiter=delimiter), [""]) for row in rows]


def from_rows(
    rows: Sequence[Iterable[str]], lines: Sequence[int], open_end: bool = False, cut: bool = False
) -> Table:
    """A table of rows that are texts already."""
    counts = np.array([len(list(row)) for row in rows], np.int64)
    joined = SEPARATOR.join(SEPARATOR.join(row) for row in rows if row)
    buffer = np.frombuffer((joined + SEPARATOR).encode() + PADDING, np.uint8)
    marks = np.concatenate(([-1], np.flatnonzero(buffer == ord(SEPARATOR)))).astype(np.int32)
    first = np.cumsum(counts) - counts
    blanks = np.flatnonzero((buffer == 32) | ((buffer >= 9) & (buffer <= 13)))
    tight = _is_tight(buffer, blanks, (ord(SEPARATOR),))
    line = np.array(lines, np.int32)
    return Table(buffer, marks, first, counts, line, tight=tight, open_end=open_end, cut=cut)
