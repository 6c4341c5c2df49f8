"""One constant row with slots of fixed width, and pages of such rows filled column by column.

Law: a template holds no reading; only `Cells` enter a slot, and only of the slot's width. Rows of
several templates share one page: each is as wide as the widest, blanks behind (whitespace between
tokens means nothing in JSON, RFC 8259 section 2, nor between elements of our XML). Every row begins
with a comma; the page blanks the first.

Rejected: a string per resource (perf.md: 1.4 ms instead of 0.2 ms a page), a compiled extension.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.fhir.cells import Cells, pieces

Where: TypeAlias = "slice | NDArray[np.int32] | NDArray[np.int64]"
"""The rows of a page that one lot fills."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the row a slot lies."""

    at: int
    width: int


@dataclass(frozen=True, slots=True)
class Template:
    """A constant row, and the places of each slot by name."""

    row: bytes
    places: Mapping[str, tuple[Place, ...]]

    def fill(self, page: NDArray[np.uint8], where: Where, cells: Mapping[str, Cells]) -> None:
        """Write the rows `where` of `page` (uint8[n, >= len(row)]). KeyError where a slot has no cells,
        ValueError where they are of another width or number."""
        row = np.full(page.shape[1], ord(" "), np.uint8)
        row[: len(self.row)] = np.frombuffer(self.row, np.uint8)
        varying: list[tuple[Place, Cells]] = []
        for name, places in self.places.items():
            given = cells[name]
            for place in places:
                if given.shape[1] != place.width:
                    raise ValueError(f"slot {name} is {place.width} wide, its cells {given.shape[1]}")
                if len(given) == 1:
                    row[place.at : place.at + place.width] = given[0]
                else:
                    varying.append((place, given))
        pieces(page)[where] = pieces(row.reshape(1, -1))
        for place, given in varying:
            pieces(page[:, place.at : place.at + place.width])[where] = pieces(given)


@dataclass(frozen=True, slots=True)
class Lot:
    """The rows of a page that share one template, with their cells."""

    template: Template
    where: Where
    cells: Mapping[str, Cells]


@dataclass(frozen=True, slots=True)
class Rows:
    """`count` rows in lots that together name each row once."""

    count: int
    lots: tuple[Lot, ...]

    @property
    def width(self) -> int:
        """Bytes of one row: the widest template's."""
        return max((len(lot.template.row) for lot in self.lots), default=0)

    def write(self, out: NDArray[np.uint8]) -> None:
        """Fill `out` (uint8[count * width])."""
        page = out.reshape(self.count, self.width)
        for lot in self.lots:
            lot.template.fill(page, lot.where, lot.cells)


def assemble(parts: Sequence[bytes | Rows]) -> memoryview:
    """All parts one behind the other in one buffer."""
    sizes = [len(part) if isinstance(part, bytes) else part.count * part.width for part in parts]
    out = np.empty(sum(sizes), np.uint8)
    at = 0
    for part, size in zip(parts, sizes, strict=True):
        if isinstance(part, bytes):
            out[at : at + size] = np.frombuffer(part, np.uint8)
        elif size:
            part.write(out[at : at + size])
        at += size
    return out.data
