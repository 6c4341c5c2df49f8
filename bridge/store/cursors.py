"""How far each grant was delivered on a lane, by the order of receipt.

Law (`data.md`, outbox): a cursor is a keyset, no number of rows; it moves in the transaction that records what came of
a delivery (`outbox.py`), so that none stands past what is not accounted for. A schedule of an order goes on from a
place of its own (`part`).
"""

from __future__ import annotations

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
