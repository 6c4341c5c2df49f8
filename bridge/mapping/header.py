"""Finding a format's header in the first rows of a table, and binding its fields to columns.

Law (`mapping.md`, detect): by content, never by file name. A field with a place is bound by place, since the
vendors keep the order in every language; a known heading in another field's place means that somebody moved
columns, which is refused: the cells below may have moved or not. A field without a place (in this layout) is
bound by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.mapping.account import Unreadable
from bridge.mapping.language import FieldSpec, Signature, TableSpec
from bridge.reading import Unit

MOST_ROWS_ABOVE: Final = 40
FEW: Final = 20
"""Rows of a table without a header that are looked at."""
_UNITS: Final = {"mg/dl": Unit.MG_DL, "mmol/l": Unit.MMOL_L}
_UNIT_WORDS: Final = re.compile(r"\(?\b(mg/dl|mmol/l)(/min)?\b\)?")


FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    "iso": re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*"),
    "epoch-ms": re.compile(r"\d{12,14}(\.\d*)?"),
    "number": re.compile(r"-?\d+(\.\d+)?"),
    "any": re.compile(r".*", re.DOTALL),
}
"""What a cell may look like in a table without a header."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header that fits a signature: its row among the rows given (-1: the table has none), its cells, the
    rows above it."""

    row: int
    cells: tuple[str, ...]
    above: tuple[tuple[str, ...], ...]
    signature: Signature


@dataclass(frozen=True, slots=True)
class Binding:
    """Which column each field is in, and what became of the other columns (headings)."""

    columns: Mapping[str, int]
    ignored: tuple[str, ...]
    unknown: tuple[tuple[int, str], ...]
    foreign: tuple[str, ...]  # bound by place, headed in words that the mapping does not know


def find(rows: Sequence[Sequence[str]], signatures: Iterable[Signature]) -> Header | None:
    """The first row that fits one of the signatures."""
    signatures = tuple(signature for signature in signatures if signature.cells)
    for index, row in enumerate(rows[:MOST_ROWS_ABOVE]):
        cells = tuple(plain(cell) for cell in row)
        for signature in signatures:
            if _fits(cells, signature):
                return Header(index, cells, tuple(tuple(above) for above in rows[:index]), signature)
    return None


def headless(rows: Sequence[Sequence[str]], signatures: Iterable[Signature]) -> Signature | None:
    """The signature whose forms most of the first rows have; None where the table is none without a header."""
    few = [tuple(row) for row in rows[:FEW] if any(row)]
    for signature in signatures:
        if signature.forms and sum(_has_forms(row, signature) for row in few) * 2 > len(few):
            return signature
    return None


def _has_forms(row: Sequence[str], signature: Signature) -> bool:
    if not signature.least <= len(row) <= (signature.most or len(row)):
        return False
    return all(at < len(row) and FORMS[form].fullmatch(row[at]) for at, form in signature.forms.items())


def headed(signature: Signature, table: TableSpec) -> Header:
    """The header that a table without one would have: each field's first name in its place."""
    homes = {_home(spec, signature.layout): (*spec.names, field)[0] for field, spec in table.fields.items()}
    width = max((at for at in homes if at is not None), default=-1) + 1
    return Header(-1, tuple(homes.get(at, "") for at in range(width)), (), signature)


def _fits(cells: Sequence[str], signature: Signature) -> bool:
    width = len(cells)
    while width and not cells[width - 1]:
        width -= 1
    if width < signature.least or (signature.most is not None and width > signature.most):
        return False
    held = ((cells[at].casefold() if at < width else "", words) for at, words in signature.cells.items())
    return all(any(word.casefold() in cell for word in words) for cell, words in held)


def plain(cell: str) -> str:
    """A heading without the marks that re-saving leaves: `ï»¿"Index"`, no-break blanks, curly quotes."""
    text = cell.replace("\ufeff", "").replace("ï»¿", "").replace("\u00a0", " ").replace("\u2019", "'")
    return " ".join(text.strip().strip('"').split())


def name_of(heading: str) -> str:
    """A heading as it is compared: lower case, without its unit of glucose."""
    return " ".join(_UNIT_WORDS.sub(" ", plain(heading).casefold()).split())


def unit_of(heading: str) -> Unit | None:
    """The unit of glucose that a heading names."""
    found = _UNIT_WORDS.search(plain(heading).casefold())
    return _UNITS[found[1]] if found else None


def bind(header: Header, table: TableSpec) -> Binding:
    """Fields to columns. Unreadable where a known heading stands in another field's place."""
    layout, cells = header.signature.layout, header.cells
    homes = {field: _home(spec, layout) for field, spec in table.fields.items()}
    named = {name_of(name): field for field, spec in table.fields.items() for name in spec.names}
    columns = {field: at for field, at in homes.items() if at is not None and at < len(cells)}
    taken = {at: field for field, at in columns.items()}
    for at, cell in enumerate(cells):
        meant = named.get(name_of(cell))
        if meant is None or taken.get(at) == meant:
            continue
        if homes[meant] is not None or at in taken:
            raise Unreadable(_moved(at, cell, taken.get(at), table))
        if meant not in columns:
            columns[meant], taken[at] = at, meant
    unknown = tuple((at, cell or f"column {at + 1}") for at, cell in enumerate(cells) if at not in taken)
    ignored = tuple(cells[at] for at, field in sorted(taken.items()) if table.fields[field].ignore)
    foreign = tuple(cells[at] for at, field in sorted(taken.items()) if name_of(cells[at]) not in named)
    return Binding(columns, ignored, unknown, foreign)


def _home(spec: FieldSpec, layout: str) -> int | None:
    return spec.at if spec.at is None or isinstance(spec.at, int) else spec.at.get(layout)


def _moved(at: int, cell: str, field: str | None, table: TableSpec) -> str:
    wanted = table.fields[field].names[0] if field and table.fields[field].names else "another one"
    return (
        f"column {at + 1} is headed {cell!r} where {wanted!r} belongs: columns were moved, so no number can "
        "be trusted; use the file as it was downloaded"
    )
