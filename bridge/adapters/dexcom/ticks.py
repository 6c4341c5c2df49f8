"""Clarity's wall-clock times as instants: ticks order the readings, the patient's zone anchors them.

Law (`safety.md`, time; `dexcom.md` A3.4): offset = anchor + how far the clock was moved since (`chains`,
`anchors`). Rows without a tick (insulin, calibrations) stand on the same clock, so the offsets that the
chains learned resolve them too; what no chain reaches is left to the patient's zone.
Rejected: the zone alone (travel has no rule), and row order (Clarity interleaves both passes of an hour).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.adapters.dexcom.anchors import Anchored, anchored
from bridge.adapters.dexcom.chains import chains, distrusted
from bridge.mapping.cells import Ints
from bridge.mapping.clock import by_zone
from bridge.mapping.stages import Clocked, Rows
from bridge.period import HOUR, MINUTE, ZoneHistory, iso
from bridge.reading import NO_COUNTER, NO_OFFSET, Flag, Witness

REACH: Final = 6 * HOUR
"""So far from a reading with a tick its offset still speaks for rows without one."""
EASTMOST: Final = 14 * 60
MOST_TOLD: Final = 6


@dataclass(frozen=True, slots=True)
class Stretch:
    """Readings of one chain between two clock changes: instants [first, last] at `offset` ms east."""

    first: int
    last: int
    offset: int
    transmitter: int


def tick_order(rows: Rows, zones: ZoneHistory) -> Clocked:
    """Instants of all rows of a Clarity file."""
    tick, told = rows.sheet.column("ticks").at(rows.row).wholes()
    told &= (tick > 0) & (tick < 2**40)
    wrong = distrusted(rows.wall, tick, rows.group, told)
    counted = told & ~wrong
    worn = sorted(
        chains(rows.wall, tick, rows.group, counted), key=lambda chain: int(rows.wall[chain.places[0]])
    )
    found = anchored(worn, rows.wall, zones)
    rest = np.flatnonzero(~counted)
    clocked = _joined(
        rows, rest, by_zone(_some(rows, rest), zones), np.where(_named(rows) & counted, tick, NO_COUNTER)
    )
    _apply(clocked, found, rows.wall)
    stretches = _stretches(found, rows.wall)
    _learned(clocked, rest, rows.wall, stretches)
    warnings = _told_wrong(int(wrong.sum())) + _told_moves(stretches, zones) + _told_close(found)
    return replace(clocked, warnings=warnings)


def _named(rows: Rows) -> NDArray[np.bool_]:
    """Rows whose transmitter has an id: without one, two transmitters' ticks would be taken for one's."""
    return rows.sheet.column("transmitter").at(rows.row).filled


def _some(rows: Rows, places: NDArray[np.intp]) -> Rows:
    return Rows(rows.sheet, rows.row[places], rows.wall[places], rows.group[places])


def _joined(rows: Rows, places: NDArray[np.intp], some: Clocked, counter: Ints) -> Clocked:
    """Columns for all rows, filled at `places` and zero elsewhere."""
    n = len(rows.wall)
    out = Clocked(
        np.zeros(n, np.int64),
        np.full(n, NO_OFFSET, np.int16),
        np.zeros(n, np.uint16),
        np.zeros(n, np.int32),
        np.zeros(n, np.uint8),
        counter,
    )
    for name in ("instant", "offset", "flags", "bound", "witness"):
        getattr(out, name)[places] = getattr(some, name)
    return out


def _stretches(found: Sequence[Anchored], wall: Ints) -> list[Stretch]:
    parts = []
    for one in found:
        edges = np.flatnonzero(np.diff(one.chain.moved)) + 1
        for piece in np.split(np.arange(len(one.chain.places)), edges):
            offset = one.anchor + int(one.chain.moved[piece[0]])
            instants = wall[one.chain.places[piece]] - offset
            parts.append(Stretch(int(instants.min()), int(instants.max()), offset, one.chain.transmitter))
    return sorted(parts, key=lambda part: part.first)


def _apply(out: Clocked, found: Sequence[Anchored], wall: Ints) -> None:
    """Put the instants of every chain."""
    for one in found:
        places = one.chain.places
        offset = one.anchor + one.chain.moved
        out.instant[places] = wall[places] - offset
        out.offset[places] = _minutes(offset)
        out.flags[places] = 0 if one.clear else Flag.UNCERTAIN
        out.bound[places] = 0 if one.clear else one.spread
        out.witness[places] = Witness.COUNTER if one.clear else Witness.UNDECIDED


def _minutes(offset: Ints) -> NDArray[np.int16]:
    minutes = offset // MINUTE
    return np.where(np.abs(minutes) <= EASTMOST, minutes, NO_OFFSET).astype(np.int16)


def _learned(out: Clocked, places: NDArray[np.intp], wall: Ints, stretches: Sequence[Stretch]) -> None:
    """Rows without a tick, by the offsets of the stretches around them."""
    walls = wall[places]
    times = np.zeros(len(places), np.int8)
    first = np.zeros(len(places), np.int64)
    spread = np.zeros(len(places), np.int64)
    for index, part in enumerate(stretches):
        low = stretches[index - 1].last if index and stretches[index - 1].last > part.first - REACH else None
        high = stretches[index + 1].first if index + 1 < len(stretches) else None
        start = part.first - REACH if low is None else max(low, part.first - REACH)
        end = part.last + REACH if high is None else min(max(high, part.last), part.last + REACH)
        instant = walls - part.offset
        inside = (instant >= start) & (instant <= end)
        other = inside & (times > 0) & (instant != first)
        spread[other] = np.maximum(spread[other], np.abs(instant - first)[other])
        first = np.where(inside & (times == 0), instant, first)
        times[inside & (times == 0)] = 1
        times[other] = 2
    sure, both = times == 1, times == 2
    out.instant[places[times > 0]] = first[times > 0]
    out.offset[places[times > 0]] = _minutes((walls - first)[times > 0])
    out.flags[places] = np.where(sure, 0, np.where(both, Flag.UNCERTAIN, out.flags[places]))
    out.bound[places] = np.where(sure, 0, np.where(both, spread, out.bound[places]))
    out.witness[places[sure]] = Witness.COUNTER
    out.witness[places[both]] = Witness.UNDECIDED


def _told_wrong(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    return (f"{count} readings have a transmitter time that is no counter; their clock time identifies them",)


def _told_moves(stretches: Sequence[Stretch], zones: ZoneHistory) -> tuple[str, ...]:
    """A warning where the clock moved in a way that the patient's zone does not explain."""
    told = []
    for before, after in pairwise(stretches):
        moved = after.offset - before.offset
        known = (zones.offset(after.first) - zones.offset(before.last)) * MINUTE
        if moved != known and before.transmitter == after.transmitter:
            told.append(f"{iso(after.first)[:16]}Z by {moved // MINUTE:+d} min")
    if not told:
        return ()
    more = f" and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    listed = ", ".join(told[:MOST_TOLD])
    return (f"the clock was moved where the patient's zone was not (travel?): {listed}{more}",)


def _told_close(found: Sequence[Anchored]) -> tuple[str, ...]:
    count = sum(len(one.chain.places) for one in found if not one.clear)
    if not count:
        return ()
    mend = "give the zones of travel with `patient zone add` and reimport"
    return (f"{count} readings may be off by the clock's moves: {mend}",)
