"""Readings that may no longer be what somebody holds: gone, re-dated, marked as wrong, or other in time.

Law (`consent.md`, retraction is no disclosure): names, kinds and times, never values; who may be told of it is
decided elsewhere. What only says another amount is no stray, it is read where it stands; but where an upload that had
spoken over it is gone, what somebody holds is that upload's. Read by the gate alone.

Rejected: reading every block that changed (a poll would open what it is not going to tell): a reading that was
amended where it stands has an earlier version in the same seven days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.period import BEGINNING, Instant
from bridge.reading import Flag, column, take
from bridge.store.columns import RANKS, Ints, Table, among, ints, joined, names, size
from bridge.store.db import Database
from bridge.store.keys import Box
from bridge.store.layers import Layer, blocks_in, read
from bridge.store.lifetimes import BACK, STANDS, is_back
from bridge.store.merge import is_gone

_TOLD: Final = ("instant", "origin", "rank", "version", "changed", "artifact", "end", "bound", "kind")
_READ: Final = (*_TOLD, "flags")


def strays(
    db: Database, patient: int, box: Box, since: Instant, wanted: Mapping[int, Ints] | None
) -> dict[int, Table]:
    """By series the readings that became strays at `since` or later, or those of the names `wanted`: as they
    stand, or RETRACTED where they went or are marked as wrong."""
    con = db.reader("bridge")
    cut = {number for (number,) in con.execute(_CUT, (patient,))}
    away, amended = (
        _blocks(con.execute(_AWAY, (patient, since))),
        _blocks(con.execute(_AMENDED, (patient, since))),
    )
    if wanted is not None:
        named = {number: blocks_in(some // RANKS) for number, some in wanted.items()}
        away, amended, since = _within(away, named), _within(amended, named), BEGINNING
    found: dict[int, Table] = {}
    for number in sorted({*away, *amended}):
        only = None if wanted is None else wanted[number]
        absent = _since(_read(db, box, patient, number, Layer.AWAY, away.get(number, set())), since, only)
        gone, moved = take(absent, is_gone(absent)), names(absent)[~is_gone(absent)]
        places = amended.get(number, set()) | blocks_in(np.sort(ints(absent, "instant")[~is_gone(absent)]))
        now = _since(_read(db, box, patient, number, Layer.NOW, places), since, only)
        stray = among(names(now), moved) | _is_other(now, number in cut)
        spent = _read(db, box, patient, number, Layer.SPENT, amended.get(number, set()))
        back = is_back(now, spent) & ~stray
        table = joined(
            [
                _bare(gone, 0),
                _bare(take(now, np.flatnonzero(stray)), 1),
                _bare(take(now, np.flatnonzero(back)), BACK),
            ]
        )
        if size(table):
            found[number] = take(table, np.argsort(names(table), kind="stable"))
    return found


def _is_other(now: Table, is_cut: bool) -> NDArray[np.bool_]:
    """Which were amended in a way that may take them out of sight where they stand."""
    wrong = (ints(now, "flags") & int(Flag.RETRACTED) != 0) | (ints(now, "bound") > 0)
    return np.asarray((ints(now, "version") > 0) & (wrong | is_cut))


def _bare(table: Table, stands: int) -> Table:
    flags = column(table, "flags").astype(np.uint16) & np.uint16(Flag.RETRACTED)
    return {
        **{name: column(table, name) for name in _TOLD},
        "flags": flags,
        STANDS: np.full(size(table), stands, np.uint8),
    }


def _since(table: Table, since: Instant, only: Ints | None) -> Table:
    keep = ints(table, "changed") >= since
    return take(table, keep if only is None else keep & among(names(table), only))


def _read(db: Database, box: Box, patient: int, number: int, layer: Layer, blocks: set[int]) -> Table:
    found = read(db.reader("bridge"), box, patient, number, layer, blocks, _READ)
    return joined([held.table for held in found.values()])


def _blocks(rows: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for number, block in rows:
        found.setdefault(number, set()).add(block)
    return found


def _within(blocks: dict[int, set[int]], named: Mapping[int, set[int]]) -> dict[int, set[int]]:
    both = {number: some & named.get(number, set()) for number, some in blocks.items()}
    return {number: some for number, some in both.items() if some}


_CUT: Final = "SELECT series FROM series WHERE patient = ? AND longest > 0"
_AWAY: Final = "SELECT series, block FROM blocks WHERE patient = ? AND layer = 3 AND changed >= ?"
_AMENDED: Final = (
    "SELECT DISTINCT n.series, n.block FROM blocks AS p CROSS JOIN blocks AS n"
    " ON n.patient = p.patient AND n.series = p.series AND n.layer = 0 AND n.block = p.block"
    " WHERE p.patient = ? AND p.layer IN (1, 4) AND n.changed >= ?"
)
