"""Wall-clock times as instants where no counter helps: the patient's zone history, then the order of rows.

Law (`safety.md`, time): the best witness decides and is kept with its bound: an instant or offset that the
source told goes before the zone. A time that the clock showed twice is settled only where the rows of one
series step back once (step forth, where the newest stands first); else it stays undecided: the first pass is
given, flagged UNCERTAIN, the second lies `bound` ms later. A time that no clock showed is flagged likewise.
Rejected: picking a pass by the shape of the glucose curve.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.cells import Ints, Mask
from bridge.mapping.stages import Clocked, Rows
from bridge.period import HOUR, MINUTE, ZoneHistory
from bridge.reading import NO_OFFSET, Flag, Witness

STEP_BACK: Final = 20 * MINUTE
"""Rows of one series that go back by more than this have begun the second pass."""
SAME_FOLD: Final = 3 * HOUR


def by_zone(rows: Rows, zones: ZoneHistory) -> Clocked:
    """Instants as they are told, else by the zone history, see the law."""
    if rows.known is None or not rows.known.any():
        return _by_zone(rows, zones)
    rest = np.flatnonzero(~rows.known)
    told = _told(rows)
    if len(rest):
        told = replace(told, instant=told.instant.copy(), offset=told.offset.copy(), bound=told.bound.copy())
        some = _by_zone(Rows(rows.sheet, rows.row[rest], rows.wall[rest], rows.group[rest]), zones)
        for name in ("instant", "offset", "flags", "bound", "witness"):
            getattr(told, name)[rest] = getattr(some, name)
    return told


def _told(rows: Rows) -> Clocked:
    """All rows as if their walls were instants, with the offsets that the source tells. Where its two clocks
    disagree by minutes either may be right."""
    n = len(rows.wall)
    offset = np.full(n, NO_OFFSET, np.int16) if rows.offset is None else rows.offset
    flags, witness = np.zeros(n, np.uint16), np.full(n, Witness.UTC, np.uint8)
    if rows.bound is None:
        return Clocked(rows.wall, offset, flags, np.zeros(n, np.int32), witness)
    apart = rows.bound >= MINUTE
    flags[apart], witness[apart] = Flag.UNCERTAIN, Witness.UNDECIDED
    return Clocked(rows.wall, offset, flags, rows.bound, witness)


def _by_zone(rows: Rows, zones: ZoneHistory) -> Clocked:
    found = zones.resolve(rows.wall)
    bound = np.where(found.skipped, HOUR, found.later).astype(np.int32)
    witness = np.full(len(rows.wall), Witness.ZONE, np.uint8)
    instant = found.instants.copy()
    for fold in folds(rows, found.ambiguous):
        later = second_pass(rows.wall[fold], newest_first=is_newest_first(rows, int(rows.group[fold[0]])))
        if later is None:
            witness[fold] = Witness.UNDECIDED
            continue
        witness[fold] = Witness.ROW_ORDER
        instant[fold] += np.where(later, bound[fold], 0)
        bound[fold] = 0
    witness[found.skipped] = Witness.UNDECIDED
    return settled(instant, bound, witness)


def settled(instant: Ints, bound: NDArray[np.int32], witness: NDArray[np.uint8]) -> Clocked:
    """Clocked columns of a zone's instants: undecided ones are flagged and keep their bound."""
    undecided = witness == Witness.UNDECIDED
    return Clocked(
        instant,
        np.full(len(instant), NO_OFFSET, np.int16),
        np.where(undecided, Flag.UNCERTAIN, 0).astype(np.uint16),
        np.where(undecided, bound, 0).astype(np.int32),
        witness,
    )


def folds(rows: Rows, ambiguous: Mask) -> list[NDArray[np.intp]]:
    """The ambiguous rows, by series and repeated hour, in the order of the file."""
    among = np.flatnonzero(ambiguous)
    if not len(among):
        return []
    among = among[np.lexsort((rows.row[among], rows.group[among]))]
    far = np.abs(np.diff(rows.wall[among])) > SAME_FOLD
    other = np.diff(rows.group[among]) != 0
    return np.split(among, np.flatnonzero(far | other) + 1)


def is_newest_first(rows: Rows, group: int) -> bool:
    """Whether the rows of one series go back in time, as some exports are written."""
    mine = np.flatnonzero(rows.group == group)
    steps = np.diff(rows.wall[mine[np.argsort(rows.row[mine], kind="stable")]])
    return int((steps < 0).sum()) > int((steps > 0).sum())


def second_pass(wall: Ints, *, newest_first: bool = False) -> Mask | None:
    """Which rows of one fold belong to the second pass; None where their order does not tell."""
    if newest_first:
        found = second_pass(wall[::-1])
        return None if found is None else np.asarray(found[::-1])
    back = np.flatnonzero(np.diff(wall) < -STEP_BACK)
    if len(back) != 1 or (np.diff(wall) < 0).sum() != 1:
        return None
    return np.asarray(np.arange(len(wall)) > back[0])
