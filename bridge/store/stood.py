"""Which versions of readings stood when, and which artifact brought them: names, kinds and times, never amounts.

Law (data.md, versions and times; `safety.md`, corrections travel): each recipient's own count of versions, what
it holds of something that was taken away, and who is affected by an upload are all told by this. A version that
a removal took back is known here still, without what it said. Who may be told of it is decided elsewhere.

Rejected: a list of names kept beside each upload (a second account of what the blocks say themselves).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bridge.reading import column, take
from bridge.store import series as rows
from bridge.store.columns import RANKS, Ints, Table, among, ints, joined, names
from bridge.store.db import Database
from bridge.store.keys import Box
from bridge.store.layers import Layer, blocks_in, read
from bridge.store.lifetimes import standing
from bridge.store.merge import NEVER
from bridge.store.series import SeriesRow

_STOOD: Final = (
    "instant",
    "origin",
    "rank",
    "version",
    "changed",
    "artifact",
    "flags",
    "end",
    "bound",
    "kind",
)


def earlier(db: Database, patient: int, box: Box, series: int, wanted: Ints) -> Table:
    """The versions that readings of these names had before the one that stands: that they stood, since when
    (`changed`) and by which artifact; RETRACTED: it was taken away then. In order of name and version."""
    con, blocks, found = db.reader("bridge"), blocks_in(wanted // RANKS), list[Table]()
    for layer in (Layer.PAST, Layer.SPENT):
        for held in read(con, box, patient, series, layer, blocks).values():
            here = among(names(held.table), wanted) & (ints(held.table, "version") != NEVER)
            some = take(held.table, np.flatnonzero(here))
            found.append({name: column(some, name) for name in _STOOD})
    table = joined(found)
    return take(table, np.lexsort((ints(table, "version"), names(table))))


def brought(db: Database, patient: int, artifact: int) -> tuple[tuple[SeriesRow, Table], ...]:
    """By series the versions (as `standing` has them) that stand or stood as an artifact brought them. What
    another upload says too, or has corrected since, counts for that one. Raises Erased."""
    box, con = db.keys.box(patient), db.reader("bridge")
    found: list[tuple[SeriesRow, Table]] = []
    for row in rows.listed(con, patient, box):
        now = joined([held.table for held in read(con, box, patient, row.number, Layer.NOW).values()])
        spent = joined([held.table for held in read(con, box, patient, row.number, Layer.SPENT).values()])
        theirs = [take(each, np.flatnonzero(ints(each, "artifact") == artifact)) for each in (now, spent)]
        wanted = np.unique(np.concatenate([names(each) for each in theirs]))
        if len(wanted):
            bare = {name: column(now, name) for name in _STOOD}
            here = take(bare, np.flatnonzero(among(names(bare), wanted)))
            stood = standing(earlier(db, patient, box, row.number, wanted), here)
            found.append((row, take(stood, np.flatnonzero(ints(stood, "artifact") == artifact))))
    return tuple(found)
