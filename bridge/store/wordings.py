"""The exact words that were shown, once by their hash.

Law: what a grant names by its hash can be read again, word for word, for as long as the ledger is kept (45 CFR
164.508(c)(1), 164.530(j): six years). Nothing here is ever changed or deleted.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.store.db import Database
from bridge.store.ledger import writing


@dataclass(frozen=True, slots=True)
class Shown:
    """One text as it was shown. `sha256`: hex, of `text` as UTF-8."""

    sha256: str
    id: str
    version: str
    locale: str
    text: str


def keep(db: Database, shown: Shown) -> None:
    """Keep a text; one that is there already is left alone. LedgerUnavailable."""
    with writing(db) as con:
        con.execute(
            "INSERT OR IGNORE INTO wordings (sha256, id, version, locale, text, kept) VALUES (?, ?, ?, ?, ?, ?)",
            (shown.sha256, shown.id, shown.version, shown.locale, shown.text, db.clock()),
        )


def find(db: Database, sha256: str) -> Shown | None:
    """The text of that hash; None where none was kept."""
    row = (
        db.reader("ledger")
        .execute("SELECT sha256, id, version, locale, text FROM wordings WHERE sha256 = ?", (sha256,))
        .fetchone()
    )
    return None if row is None else Shown(*row)
