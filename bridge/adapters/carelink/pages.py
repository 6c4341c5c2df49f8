"""Sections of an export while they are mended: rows in order of time, and what is put, wiped and marked in them.

Law: a procedure takes sheets and gives as many back; between them a page collects its changes. Times are ms by
the device's own clock; `moved` says how far that clock had been set forward since the oldest row, so that
`time` runs on where the clock jumped (`walk`). Rows stand newest first in every block (`carelink.md` A2), so
of rows of one second the lower one is the older.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final

import numpy as np

from bridge.mapping.cells import Column, Ints, Mask, blank, coded
from bridge.mapping.dated import beside
from bridge.mapping.dates import read_stamps
from bridge.mapping.sheet import Sheet

AGGREGATED: Final = "aggregated"
LEGACY: Final = "legacy"
STAMPS: Final = ("YYYY/MM/DD hh:mm:ss", "MM/DD/YY hh:mm:ss")
CONSTANT: Final = frozenset({"date", "time", "serial", "model", "part", "cgm"})
"""Fields that say nothing of their own in a row."""


@dataclass(slots=True)
class Page:
    """One section. `wall`, `moved` int64[n] ms; `dated` bool[n]: rows whose stamp is a time."""

    kind: str
    sheet: Sheet
    wall: Ints
    dated: Mask
    moved: Ints
    changed: dict[str, dict[int, str]] = field(default_factory=dict)
    wiped: dict[str, list[int]] = field(default_factory=dict)
    marked: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: str, sheet: Sheet) -> Page:
        """A section as it stands."""
        wall, dated = walls(beside(sheet.column("date"), sheet.column("time")), kind)
        moved = sheet.column("moved").numbers().amount
        return cls(kind, sheet, wall, dated, moved)

    @property
    def downwards(self) -> int:
        """1 where a lower row is the younger one, as in the exports until 2015; else -1."""
        return 1 if self.kind == LEGACY else -1

    @property
    def time(self) -> Ints:
        """Each row's time by a clock that was never set."""
        return self.wall - self.moved

    @property
    def device(self) -> str:
        """What tells this device apart: its serial, or its model where there is none."""
        if not len(self.sheet):
            return ""
        return (self.sheet.column("serial").text(0) or self.sheet.column("model").text(0)).casefold()

    def texts(self, name: str) -> dict[int, str]:
        """The filled cells of a field by row."""
        column = self.sheet.column(name)
        rows = np.flatnonzero(column.filled)
        return dict(zip(rows.tolist(), column.at(rows).texts(), strict=True))

    def stamp(self, row: int) -> str:
        """A row's time as it is written."""
        return f"{self.sheet.column('date').text(row)} {self.sheet.column('time').text(row)}"

    def put(self, name: str, row: int, text: str) -> None:
        """Write a cell."""
        self.changed.setdefault(name, {})[row] = text

    def wipe(self, row: int, *names: str) -> None:
        """Empty some cells of a row: what they said is told elsewhere."""
        for name in names:
            self.wiped.setdefault(name, []).append(row)

    def mark(self, name: str, row: int) -> None:
        """Mark a row."""
        self.marked.setdefault(name, []).append(row)

    def done(self) -> Sheet:
        """The sheet with all that was changed."""
        sheet = self.sheet
        for name, gone in self.wiped.items():
            if name in sheet.columns:
                sheet = sheet.with_columns({name: sheet.columns[name].blanked(gone)})
        for name, cells in self.changed.items():
            rows = np.array(list(cells), np.int64)
            base = sheet.columns.get(name, blank(len(sheet)))
            sheet = sheet.with_columns({name: base.replaced(rows, list(cells.values()))})
        for name, told in self.marked.items():
            mark = sheet.marks[name].copy() if name in sheet.marks else np.zeros(len(sheet), np.bool_)
            mark[told] = True
            sheet = sheet.with_mark(name, mark)
        return sheet


@dataclass(frozen=True, slots=True)
class Spot:
    """A row of a page at its time."""

    time: int
    page: Page
    row: int

    @property
    def wall(self) -> int:
        """The time that the device showed."""
        return int(self.page.wall[self.row])


def pages_of(parts: Sequence[tuple[str, Sheet]]) -> list[Page]:
    """The sections as pages."""
    return [Page.of(kind, sheet) for kind, sheet in parts]


def by_device(pages: Iterable[Page]) -> Iterator[list[Page]]:
    """The pages of each device, aggregated days apart."""
    held = [page for page in pages if len(page.sheet) and page.kind != AGGREGATED]
    for device in dict.fromkeys(page.device for page in held):
        yield [page for page in held if page.device == device]


def in_order(pages: Iterable[Page], *names: str) -> list[Spot]:
    """Rows where any of some fields is filled, the oldest first."""
    found: list[tuple[int, int, int, Page]] = []
    for number, page in enumerate(pages):
        said = np.zeros(len(page.sheet), np.bool_)
        for name in names:
            said |= page.sheet.filled(name)
        rows = np.flatnonzero(said & page.dated)
        times = page.time[rows].tolist()
        order = (rows * page.downwards).tolist()
        found += [(time, number, each, page) for time, each in zip(times, order, strict=True)]
    return [Spot(time, page, abs(each)) for time, _, each, page in sorted(found, key=lambda one: one[:3])]


def moments(spots: Iterable[Spot]) -> Iterator[list[Spot]]:
    """Rows of one second together."""
    for _, same in groupby(spots, key=lambda spot: spot.time):
        yield list(same)


def walls(column: Column, kind: str) -> tuple[Ints, Mask]:
    """Stamps as ms by the device's clock, and which are a time."""
    mask = STAMPS[1] if kind == LEGACY else STAMPS[0]
    found = read_stamps(column, [mask]).get(mask)
    if found is None:
        return np.zeros(len(column), np.int64), np.zeros(len(column), np.bool_)
    return found.wall, found.ok


def recoded(column: Column, spell: Callable[[str], str]) -> Column:
    """A column with each distinct text spelled otherwise."""
    words = column.words()
    return coded([spell(text) for text in words.texts], words.codes) if words.texts else column


def spelled(numbers: Ints) -> Column:
    """Whole numbers, few of them distinct, as texts; 0 is blank."""
    values, codes = np.unique(numbers, return_inverse=True)
    return coded([str(value) if value else "" for value in values.tolist()], codes)


def sheets_of(pages: Sequence[Page]) -> Sequence[Sheet]:
    """The mended sheets, in their order."""
    return [page.done() for page in pages]


def with_fields(sheet: Sheet, fields: Mapping[str, Column]) -> Sheet:
    """The sheet with more fields, headed by their own names."""
    return replace(sheet.with_columns(fields), headings={**dict.fromkeys(fields, ""), **sheet.headings})
