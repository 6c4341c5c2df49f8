"""How far a grant was delivered on a lane, and each schedule of an order under it.

Law: a keyset of the gate's order of receipt, moved on in the transaction that settles a delivery (`outbox.py`). One for
each grant and schedule: an older period that is opened or ordered later would lie behind a common one.
"""

from __future__ import annotations

import sqlite3

from bridge.store.db import Database
from bridge.store.lanes import Lane


def cursor(db: Database, lane: Lane, grant: str, part: str = "") -> bytes | None:
    """The keyset after which a grant's delivery goes on, or of a schedule of an order; None at its beginning."""
    rows = db.reader("bridge").execute(
        "SELECT after FROM cursors WHERE patient = ? AND destination = ? AND grant_id = ? AND part = ?",
        (lane.patient, lane.destination, grant, part),
    )
    row = rows.fetchone()
    return bytes(row[0]) if row else None


def rewind(db: Database, lane: Lane) -> None:
    """Everything that may be told on a lane is looked at again."""
    with db.write("bridge") as con:
        con.execute(
            "DELETE FROM cursors WHERE patient = ? AND destination = ?", (lane.patient, lane.destination)
        )


def back(con: sqlite3.Connection, lane: Lane, grant: str, part: str, since: bytes | None) -> None:
    """Back to where a delivery began, in the transaction that lets it be retried; None: to the beginning."""
    con.execute(
        "UPDATE cursors SET after = coalesce(?, x'')"
        " WHERE patient = ? AND destination = ? AND grant_id = ? AND part = ?",
        (since, lane.patient, lane.destination, grant, part),
    )
    con.execute(
        "DELETE FROM cursors WHERE patient = ? AND destination = ? AND length(after) = 0",
        (lane.patient, lane.destination),
    )
