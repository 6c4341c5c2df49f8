"""Which readings stand as an upload brought them: names, never values.

Law (`safety.md`, corrections travel): when an upload is in question it must be known who holds what of
it; this gives the names by which that is found. A reading that another upload has corrected since counts
for that one. What a removed upload brought is named by `blocks.retracted`, together with all that went.

Rejected: a list of names kept beside each upload (a second account of what the blocks say themselves).
"""

from __future__ import annotations

from bridge.store import series
from bridge.store.columns import ints, names
from bridge.store.db import Database
from bridge.store.ids import Name
from bridge.store.layers import Layer, read
from bridge.store.plans import named


def brought(db: Database, patient: int, artifact: int) -> tuple[Name, ...]:
    """The names of readings that stand as this artifact brought them. Raises Erased."""
    box, con = db.keys.box(patient), db.reader("bridge")
    found: list[Name] = []
    for row in series.listed(con, patient, box):
        for held in read(con, box, patient, row.number, Layer.NOW).values():
            theirs = ints(held.table, "artifact") == artifact
            found += named(patient, row.number, names(held.table)[theirs])
    return tuple(found)
