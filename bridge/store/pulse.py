"""Can the store answer? Asked by whoever decides where requests are sent.

Law: reads no row of anybody. The ledger must take a write lock, because without the ledger nothing leaves.
"""

from __future__ import annotations

import sqlite3

from bridge.store.db import Database


def ailment(db: Database) -> str | None:
    """What keeps the store from answering, in one sentence; None where nothing does."""
    try:
        for file in ("keys", "bridge", "ledger"):
            db.reader(file).execute("SELECT count(*) FROM sqlite_schema").fetchone()
        with db.write("ledger") as connection:
            connection.execute("SELECT 1").fetchone()
    except (sqlite3.Error, OSError) as fault:
        return f"the files in {db.home.name} cannot be used ({fault}): see to the disk and its permissions"
    return None
