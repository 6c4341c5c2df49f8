"""A recognised file as a sheet: fields by name, marks, what stood above the header.

Law: between the readers of files and the rules nobody counts columns again: encoding, workbook or delimiter,
header, binding (`sources` puts them together). Rows that are blank in every cell are no rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.mapping.cells import Column, Index, Ints, Mask, blank
from bridge.mapping.header import Binding, Header, bind, unit_of
from bridge.mapping.language import TableSpec
from bridge.mapping.sheets import is_workbook, sheets
from bridge.mapping.table import DELIMITERS, Table, from_rows, parsed, split
from bridge.mapping.text import clean
from bridge.reading import Unit

HEAD: Final = 65_536


@dataclass(frozen=True, slots=True)
class Sheet:
    """Data rows by field. `line` int32[n]: line of the file or, where the sheet is a set of records (`part`),
    number in the set, with `before` records in the sets before it; `count` int64[n] cells each row has;
    `above`: the rows over the header; `marks`: bool[n] that procedures add; `open_end`, `cut`: as in Table;
    `faults`: rows that could not even be taken apart, and why; `unknown_in`: unknown fields of records, and in
    how many they are."""

    line: Index
    count: Ints
    columns: Mapping[str, Column]
    headings: Mapping[str, str]
    above: tuple[tuple[str, ...], ...]
    layout: str
    binding: Binding
    open_end: bool = False
    cut: bool = False
    marks: Mapping[str, Mask] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    part: str = ""
    before: int = 0
    faults: Mapping[int, str] = field(default_factory=dict)
    unknown_in: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.line)

    def place(self, row: int) -> str:
        """Where a row stands, for a sentence."""
        return f"record {self.line[row]} of {self.part}" if self.part else f"line {self.line[row]}"

    @property
    def field_word(self) -> str:
        """What a field is called in a sentence."""
        return "field" if self.part else "column"

    def told(self, *names: str) -> str:
        """Fields as a sentence names them; what stands in them is never told."""
        *others, last = (repr(self.headings.get(name, name)) for name in names)
        return f"{self.field_word} {' and '.join(filter(None, (', '.join(others), last)))}"

    def column(self, name: str) -> Column:
        """A field's cells; blank where the file does not have it."""
        found = self.columns.get(name)
        return blank(len(self)) if found is None else found

    def filled(self, name: str) -> Mask:
        """Where a field or mark says something."""
        return self.marks[name] if name in self.marks else self.column(name).filled

    def unit(self, name: str) -> Unit | None:
        """The unit of glucose in a field's heading."""
        return unit_of(self.headings.get(name, ""))

    def warned(self, *sentences: str) -> Sheet:
        """The sheet with more warnings."""
        return replace(self, warnings=self.warnings + sentences)

    def with_columns(self, changed: Mapping[str, Column]) -> Sheet:
        """The sheet with some cells mended."""
        return replace(self, columns={**self.columns, **changed})

    def with_mark(self, name: str, mark: Mask) -> Sheet:
        """The sheet with one more mark."""
        return replace(self, marks={**self.marks, name: mark})


@dataclass(frozen=True, slots=True)
class Look:
    """The first rows of one way to read a file."""

    delimiter: str | None  # None: a workbook
    sheet: int
    rows: Sequence[Sequence[str]]


def looks(data: bytes) -> Iterator[Look]:
    """The first rows of a file in every way that it can be split."""
    if is_workbook(data):
        for number, rows in enumerate(sheets(data)):
            yield Look(None, number, rows[:60])
        return
    head = clean(data[:HEAD]).data
    text = head.decode("utf-8", "ignore")
    lines = text[: text.rfind("\n") + 1] or text if len(data) > HEAD else text
    few = "".join(lines.splitlines(keepends=True)[:60])
    for delimiter in DELIMITERS:
        if delimiter in few:
            yield Look(delimiter, 0, parsed(few, delimiter)[0])


def read_look(data: bytes, look: Look) -> tuple[Table, tuple[str, ...]]:
    """All rows of a file, read as a look read its first ones; and what was repaired on the way."""
    if look.delimiter is None:
        rows = list(sheets(data))[look.sheet]
        return from_rows(rows, range(1, len(rows) + 1)), ()
    text = clean(data)
    return split(text.data, look.delimiter), text.warnings


def sheet_of(table: Table, warnings: tuple[str, ...], header: Header, spec: TableSpec) -> Sheet:
    """The rows of a table below its header (`header.row` is -1 where the header is not among them)."""
    binding = bind(header, spec)
    below = table.below(header.row)
    blank_rows = below.blank_rows()
    kept = below.where(~blank_rows) if blank_rows.any() else below
    wanted = {name: at for name, at in binding.columns.items() if not spec.fields[name].ignore}
    columns = {name: kept.column(at) for name, at in wanted.items()}
    headings = {name: header.cells[at] for name, at in binding.columns.items()}
    filled = tuple(
        (at, cell)
        for at, cell in binding.unknown
        if not cell.startswith("column ") or kept.column(at).filled.any()
    )
    binding = replace(binding, unknown=filled)
    above = tuple(tuple(cells) for cells in header.above)
    return Sheet(
        kept.line,
        kept.count,
        columns,
        headings,
        above,
        header.signature.layout,
        binding,
        table.open_end,
        table.cut,
        warnings=warnings,
    )
