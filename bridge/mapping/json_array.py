"""Arrays of records taken apart in pieces, so that a large file is never a million objects at once.

Law: a piece is cut where `},{` stands; inside a text or a deeper array that is no seam, and then the piece is no
JSON and is made longer, so a wrong cut cannot pass unseen. A piece with a record that the structs do not fit
is taken apart record by record, and the names met there are known from then on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import msgspec

from bridge.mapping.json_lot import Lot
from bridge.mapping.json_record import MISSING, Cell, One, Shape, Way, elements, tolerant

PIECE: Final = 1 << 17
"""Bytes of records whose cells stay in the processor's cache while they are sorted into columns."""
_SEAM: Final = re.compile(rb"\}\s*,\s*\{")
_RAW: Final = msgspec.json.Decoder(msgspec.Raw)
NO_JSON: Final = "the line is no JSON: it is damaged or was cut off"


@dataclass(slots=True)
class Taken:
    """Records taken apart: for each wanted leaf its cells; how many records there are; records that are rejected
    (number from 0) and why; unknown names with the number of records that have them, and names that are known and
    not wanted."""

    cells: list[Lot] = field(default_factory=list)
    count: int = 0
    faults: dict[int, str] = field(default_factory=dict)
    unknown: Counter[Way] = field(default_factory=Counter)
    left: dict[Way, None] = field(default_factory=dict)

    def keep(self, leaf: int, cells: Sequence[Cell]) -> None:
        """Keep the cells of one leaf."""
        while len(self.cells) <= leaf:
            self.cells.append(Lot())
        self.cells[leaf].add(cells)


def take_array(view: memoryview, shape: Shape, taken: Taken) -> None:
    """All records of an array, `[` to `]`."""
    if len(view) <= 2 * PIECE:
        take_piece(bytes(view), shape, taken)
        return
    at, end = 1, len(view) - 1
    while at < end:
        for stop, following in _stops(view, at, end):
            try:
                take_piece(b"".join((b"[", view[at:stop], b"]")), shape, taken)
            except msgspec.DecodeError:
                if stop == end:
                    raise
                continue
            at = following
            break


def _stops(view: memoryview, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Where a piece may end, and where the next begins then; the last is the array's end."""
    after = at + PIECE
    while after < end and (seam := _SEAM.search(view, after, end)) is not None:
        yield seam.start() + 1, seam.end() - 1
        after = seam.start() + PIECE // 16
    yield end, end


def take_lines(text: bytes, shape: Shape, taken: Taken) -> None:
    """All records of a text with a record a line; a line that is no JSON is rejected alone."""
    at = 0
    while at < len(text):
        stop = text.find(b"\n", at + PIECE)
        stop = len(text) if stop < 0 else stop
        lines = [line for line in text[at:stop].split(b"\n") if line.strip()]
        at = stop + 1
        try:
            take_piece(b"".join((b"[", b",".join(lines), b"]")), shape, taken)
        except msgspec.DecodeError:
            _keep([_line(line, shape) for line in lines], shape, taken)


def _line(line: bytes, shape: Shape) -> One:
    try:
        return tolerant(_RAW.decode(line), shape.top, shape.width)
    except msgspec.DecodeError:
        return One([MISSING] * shape.width, NO_JSON)


def take_piece(array: bytes, shape: Shape, taken: Taken) -> None:
    """The records of a short array; nothing is taken where it is no JSON (msgspec.DecodeError)."""
    if shape.is_quick and shape.ways:
        with suppress(msgspec.ValidationError):
            _put(shape.quickly(array), shape, taken)
            return
    _keep([tolerant(raw, shape.top, shape.width) for raw in elements(array)], shape, taken)


def _put(columns: Sequence[tuple[Cell, ...]], shape: Shape, taken: Taken) -> None:
    if not columns[0]:
        return
    for way, column in zip(shape.ways, columns, strict=True):
        place = shape.places.get(way)
        if place is not None and place.leaf >= 0:
            taken.keep(place.leaf, column)
        elif place is not None:
            if way not in taken.left and column.count(MISSING) < len(column):
                taken.left[way] = None
        else:
            taken.unknown[way] += len(column) - column.count(MISSING)
    taken.left |= shape.rests
    taken.count += len(columns[0])


def _keep(ones: Sequence[One], shape: Shape, taken: Taken) -> None:
    if not ones:
        return
    for number, one in enumerate(ones, taken.count):
        if one.why:
            taken.faults[number] = one.why
        taken.unknown.update(one.unknown)
        taken.left.update(dict.fromkeys(one.left))
    taken.left |= shape.rests
    for leaf, column in enumerate(zip(*(one.cells for one in ones), strict=True)):
        taken.keep(leaf, column)
    taken.count += len(ones)
    shape.learn([way for one in ones for way in one.unknown])
