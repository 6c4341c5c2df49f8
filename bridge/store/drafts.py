"""Grants that are drawn and not signed yet, apart from those that are.

Law: nothing that decides reads this module, so a draft opens nothing by construction; one that nobody signs is swept
after a day (`consent.md`, the grant: draft). What the bytes mean is `bridge.consent.grants`' business.

Rejected: a row without events among the grants (every reader of grants would have to leave it out, and its recipient's
question would take another path).
"""

from __future__ import annotations

from functools import partial
from typing import Final

from bridge.period import DAY
from bridge.store.afterwards import followed
from bridge.store.db import Database
from bridge.store.grants import GrantRow

KEPT: Final = DAY
"""How long a draft waits for its signature, ms."""
_COLUMNS: Final = "id, 1, patient, recipient, pairing, body, sealed"


def keep(db: Database, row: GrantRow, replaces: str) -> None:
    """Keep a draft; `replaces`: the grant that it supersedes, '' for a new one."""
    now = db.clock()
    with db.write("bridge") as con:
        con.execute("DELETE FROM drafts WHERE made <= ?", (now - KEPT,))
        con.execute(
            "INSERT INTO drafts (id, patient, recipient, pairing, body, sealed, replaces, made)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (row.id, row.patient, row.recipient, row.pairing, row.body, row.sealed, replaces, now),
        )


def find(db: Database, draft: str) -> tuple[GrantRow, str] | None:
    """A draft and the grant that it supersedes; None where there is none, or it waited too long."""
    row = (
        db.reader("bridge")
        .execute(
            f"SELECT {_COLUMNS}, replaces FROM drafts WHERE id = ? AND made > ?", (draft, db.clock() - KEPT)
        )
        .fetchone()
    )
    return None if row is None else (GrantRow(*row[:7]), row[7])


def drop(db: Database, draft: str) -> None:
    """Forget a draft that was signed; one that cannot be forgotten now is swept after a day."""
    followed("forgetting its draft", partial(_dropped, db, draft))


def _dropped(db: Database, draft: str) -> None:
    with db.write("bridge") as con:
        con.execute("DELETE FROM drafts WHERE id = ?", (draft,))
