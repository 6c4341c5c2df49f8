"""One constant row with slots of fixed width, and pages of such rows filled column by column.

Law: a template holds no reading; only `Cells` enter a slot, and only of the slot's width. Rows of
several templates share one page: each is as wide as the widest, blanks behind (whitespace between
tokens means nothing in JSON, RFC 8259 section 2, nor between elements of our XML). Lots that are much wider
(long notes) stand apart, so that they do not stretch every row. Rows begin with the notation's comma; the page
blanks the first.

Rejected: a string per resource (perf.md: 1.4 ms instead of 0.2 ms a page), a compiled extension.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.fhir.cells import Cells, pieces
from bridge.fhir.tree import Slot

MUCH: Final = 2
"""How many times as wide as the narrowest a row may be that shares its page."""

Where: TypeAlias = "slice | NDArray[np.int32] | NDArray[np.int64]"
"""The rows of a page that one lot fills."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the row a slot lies; `closes`: its cells hold the closing quote."""

    at: int
    width: int
    closes: bool = False


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


def of_pieces(found: Iterable[bytes | Slot], begun: bytes = b"") -> Template:
    """The template of a row in pieces: constants and slots, in order, behind what it begins with."""
    row, places = bytearray(begun), dict[str, list[Place]]()
    for piece in found:
        if isinstance(piece, Slot):
            places.setdefault(piece.name, []).append(Place(len(row), piece.width, piece.closes))
            row += b" " * piece.width
        else:
            row += piece
    return Template(bytes(row), {name: tuple(at) for name, at in places.items()})


@dataclass(frozen=True, slots=True)
class Lot:
    """The rows of a page that share one template, with their cells."""

    template: Template
    where: Where
    cells: Mapping[str, Cells]


class Rows:
    """`count` rows in lots that together name each row once. `size`: bytes of all of them."""

    __slots__ = ("_apart", "_near", "_width", "count", "size")

    def __init__(self, count: int, lots: Sequence[Lot]) -> None:
        least = min((len(lot.template.row) for lot in lots), default=0)
        self.count = count
        self._near = [lot for lot in lots if len(lot.template.row) <= MUCH * least]
        self._apart = [lot for lot in lots if len(lot.template.row) > MUCH * least]
        self._width = max((len(lot.template.row) for lot in self._near), default=0)
        self.size = count * self._width + sum(
            (len(lot.template.row) - self._width) * self._size(lot) for lot in self._apart
        )

    def write(self, out: NDArray[np.uint8]) -> None:
        """Fill `out` (uint8[size])."""
        if self._apart:
            self._interleave(out)
            return
        page = out.reshape(self.count, self._width)
        for lot in self._near:
            lot.template.fill(page, lot.where, lot.cells)

    def ends(self) -> NDArray[np.int64]:
        """Where each row ends: int64[count]."""
        widths = np.full(self.count, self._width, np.int64)
        for lot in self._apart:
            widths[lot.where] = len(lot.template.row)
        return np.cumsum(widths)

    def _size(self, lot: Lot) -> int:
        return self.count if isinstance(lot.where, slice) else len(lot.where)

    def _interleave(self, out: NDArray[np.uint8]) -> None:
        """The near rows as a page of their own, cut where the others stand."""
        near, ends = np.ones(self.count, np.bool_), self.ends()
        for lot in self._apart:
            near[lot.where] = False
            rows = np.empty((self._size(lot), len(lot.template.row)), np.uint8)
            lot.template.fill(rows, slice(None), lot.cells)
            for row, end in zip(rows, ends[lot.where].tolist(), strict=True):
                out[end - len(row) : end] = row
        page = np.empty((int(near.sum()), self._width), np.uint8)
        places = np.cumsum(near) - 1
        for lot in self._near:
            lot.template.fill(page, places[lot.where], lot.cells)
        for run in np.split(np.flatnonzero(near), np.flatnonzero(np.diff(np.flatnonzero(near)) > 1) + 1):
            if len(run):
                first, end = int(places[run[0]]), int(ends[run[-1]])
                part = page[first : first + len(run)].reshape(-1)
                out[end - len(part) : end] = part


def assemble(parts: Sequence[bytes | Rows]) -> memoryview:
    """All parts one behind the other in one buffer."""
    sizes = [len(part) if isinstance(part, bytes) else part.size for part in parts]
    out = np.empty(sum(sizes), np.uint8)
    at = 0
    for part, size in zip(parts, sizes, strict=True):
        if isinstance(part, bytes):
            out[at : at + size] = np.frombuffer(part, np.uint8)
        elif size:
            part.write(out[at : at + size])
        at += size
    return out.data
