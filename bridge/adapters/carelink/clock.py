"""Times by a pump's clock as instants: its own walk ties the stretches together, the patient's zone anchors them.

Law (`safety.md`, time; `carelink.md` A5): the file names no zone. Inside a chain all offsets hang together by the
recorded changes, so every row of the chain votes for the one offset at its beginning with which the clock stood as
the patient's zone does; the most frequent one is taken. Where another is nearly as frequent (a clock that stood
still over a summer-time change in the middle of the file) all rows of the chain are uncertain by the difference.
The pump's own offset is kept: before somebody sets it, a pump is an hour off the zone, and its instants are not.
A phone follows its zone by itself: there the zone speaks, and the order of rows in the repeated hour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.adapters.carelink.sections import is_phone
from bridge.mapping.cells import Ints
from bridge.mapping.clock import by_zone
from bridge.mapping.stages import Clocked, Rows
from bridge.period import HOUR, MINUTE, ZoneHistory, iso
from bridge.reading import NO_OFFSET, Flag, Witness

MARGIN: Final = 0.25
EASTMOST: Final = 14 * 60
FARTHEST: Final = 26 * HOUR
"""Clocks of the world differ by at most this; more sets a clock that was wrong."""
Chain = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Anchor:
    """The offset of a chain (ms east, before any move), how far the next best lies where both are nearly as
    frequent, and whether the chain's clock was ever moved or left its zone."""

    offset: int
    spread: int
    travels: bool


def wall_clock(parts: Sequence[Rows], zones: ZoneHistory) -> Sequence[Clocked]:
    """The instants of all sections."""
    anchors = _anchors(parts, zones)
    found = [_by_phone(rows, zones) if _phone(rows) else _by_pump(rows, anchors) for rows in parts]
    told = _away(parts, found, zones) + _unclear(anchors)
    return [replace(each, warnings=told if number == 0 else ()) for number, each in enumerate(found)]


def _phone(rows: Rows) -> bool:
    return len(rows.sheet) > 0 and is_phone(rows.sheet.column("model").text(0))


def _by_phone(rows: Rows, zones: ZoneHistory) -> Clocked:
    """Rows stand newest first, the zone's reader wants them in order of time."""
    backwards = Rows(rows.sheet, len(rows.sheet) - rows.row, rows.wall, rows.group)
    return by_zone(backwards, zones)


def _device(rows: Rows) -> str:
    sheet = rows.sheet
    return (sheet.column("serial").text(0) or sheet.column("model").text(0)).casefold() if len(sheet) else ""


def _numbers(rows: Rows, name: str) -> Ints:
    return rows.sheet.column(name).at(rows.row).numbers().amount


def _anchors(parts: Sequence[Rows], zones: ZoneHistory) -> Mapping[Chain, Anchor]:
    ballots: dict[Chain, list[tuple[Ints, Ints]]] = {}
    for rows in parts:
        if not len(rows.row) or _phone(rows):
            continue
        chain, moved = _numbers(rows, "chain"), _numbers(rows, "moved")
        for number in np.unique(chain).tolist():
            mine = chain == number
            ballots.setdefault((_device(rows), number), []).append((rows.wall[mine], moved[mine]))
    found = {key: tuple(zip(*each, strict=True)) for key, each in ballots.items()}
    return {key: _anchor(np.concatenate(w), np.concatenate(m), zones) for key, (w, m) in found.items()}


def _anchor(wall: Ints, moved: Ints, zones: ZoneHistory) -> Anchor:
    wrong = np.abs(moved) > FARTHEST
    if wrong.all():
        # all that is left of a clock is the time before it was set: as it would have shown
        return _anchor(wall - moved, np.zeros_like(moved), zones)
    wall, moved = wall[~wrong], moved[~wrong]
    votes = zones.resolve(wall).offsets.astype(np.int64) * MINUTE - moved
    offsets, counts = np.unique(votes, return_counts=True)
    if len(offsets) == 1:
        return Anchor(int(offsets[0]), 0, bool(wrong.any() or (moved != moved[0]).any()))
    first, second = np.argsort(-counts, kind="stable")[:2].tolist()
    if (counts[first] - counts[second]) / len(votes) >= MARGIN:
        return Anchor(int(offsets[first]), 0, True)
    earliest = votes[int(np.argmin(wall))]
    best, other = (second, first) if offsets[second] == earliest else (first, second)
    return Anchor(int(offsets[best]), abs(int(offsets[best] - offsets[other])), True)


def _by_pump(rows: Rows, anchors: Mapping[Chain, Anchor]) -> Clocked:
    n, device, chain = len(rows.row), _device(rows), _numbers(rows, "chain")
    offset, spread, travels = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.bool_)
    for number in np.unique(chain).tolist():
        mine, anchor = chain == number, anchors[device, number]
        offset[mine], spread[mine], travels[mine] = anchor.offset, anchor.spread, anchor.travels
    offset += _numbers(rows, "moved")
    spread = np.maximum(spread, _numbers(rows, "open"))
    undecided, ordered = spread > 0, rows.sheet.marks["ordered"][rows.row]
    settled = np.where(ordered, Witness.ROW_ORDER, np.where(travels, Witness.CLOCK_CHANGE, Witness.ZONE))
    return Clocked(
        rows.wall - offset - _numbers(rows, "lag"),
        _minutes(offset),
        np.where(undecided, Flag.UNCERTAIN, 0).astype(np.uint16),
        spread.astype(np.int32),
        np.where(undecided, Witness.UNDECIDED, settled).astype(np.uint8),
    )


def _minutes(offset: Ints) -> NDArray[np.int16]:
    minutes = offset // MINUTE
    return np.where(np.abs(minutes) <= EASTMOST, minutes, NO_OFFSET).astype(np.int16)


def _away(parts: Sequence[Rows], found: Sequence[Clocked], zones: ZoneHistory) -> tuple[str, ...]:
    """A warning where a pump's clock stood otherwise than the patient's zone."""
    first, count = "", 0
    for rows, clocked in zip(parts, found, strict=True):
        if not len(rows.row) or _phone(rows):
            continue
        off = (clocked.offset != zones.offsets(clocked.instant)) & (clocked.offset != NO_OFFSET)
        count += int(off.sum())
        if off.any() and not first:
            first = iso(int(clocked.instant[off].min()))[:16]
    if not count:
        return ()
    told = (
        f"{count} readings were made while the pump's clock stood otherwise than the patient's zone (from "
        f"{first}Z on): their instants are by the pump's own clock changes"
    )
    return (told,)


def _unclear(anchors: Mapping[Chain, Anchor]) -> tuple[str, ...]:
    if not any(anchor.spread for anchor in anchors.values()):
        return ()
    told = (
        "the pump's clock stood still over a change of the zone, and nothing tells before or after which it was "
        "right: its readings are kept as uncertain by the difference; give the zones of travel with `patient "
        "zone add` and reimport"
    )
    return (told,)
