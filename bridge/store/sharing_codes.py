"""Sharing codes at rest: made by a clinic for a person, or by a person for a clinic; found once.

Law: a code rests as an HMAC (it is short enough to be guessed from a plain hash); what it is for rests sealed under a
key of the installation, because nobody is its patient before it is used. A use is one statement, so two cannot both
succeed. What ran out a month ago is swept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridge.period import DAY, Instant
from bridge.store.db import Database
from bridge.store.sealing import opened, sealed

KEPT: Final = 30 * DAY


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code. `client`: the recipient that made it, None where a person did; `patient`: whose it is, or who used it;
    `texts`: what it is for, in an order that its reader knows."""

    client: str | None
    patient: int | None
    account: str
    made: Instant
    expires: Instant
    texts: tuple[str, ...]
    used: Instant | None = None


_COLUMNS: Final = "client, patient, account, made, expires, used, sealed"


def add(db: Database, hashed: bytes, row: CodeRow) -> bool:
    """Keep a new code; False where there is one like it."""
    box = sealed(db, "sharing code", hashed.hex(), list(row.texts))
    with db.write("bridge") as con:
        con.execute("DELETE FROM sharing_codes WHERE expires < ?", (row.made - KEPT,))
        done = con.execute(
            f"INSERT OR IGNORE INTO sharing_codes (hash, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, NULL, ?)",
            (hashed, row.client, row.patient, row.account, row.made, row.expires, box),
        )
        return done.rowcount == 1


def find(db: Database, hashed: bytes) -> CodeRow | None:
    """The code of that hash, used or not, run out or not."""
    query = f"SELECT {_COLUMNS} FROM sharing_codes WHERE hash = ?"
    row = db.reader("bridge").execute(query, (hashed,)).fetchone()
    return None if row is None else _row(db, hashed, row)


def use(db: Database, hashed: bytes, patient: int, now: Instant) -> bool:
    """Use it for a patient; False where it was used or has run out."""
    with db.write("bridge") as con:
        done = con.execute(
            "UPDATE sharing_codes SET used = ?3, patient = ?2 WHERE hash = ?1 AND used IS NULL AND expires > ?3",
            (hashed, patient, now),
        )
        return done.rowcount == 1


def opened_of(db: Database, client: str, now: Instant) -> tuple[CodeRow, ...]:
    """The codes of a recipient that wait to be used, newest first."""
    rows = db.reader("bridge").execute(
        f"SELECT hash, {_COLUMNS} FROM sharing_codes WHERE client = ? AND used IS NULL AND expires > ?"
        " ORDER BY made DESC",
        (client, now),
    )
    return tuple(_row(db, hashed, row) for hashed, *row in rows.fetchall())


def _row(db: Database, hashed: bytes, row: tuple[object, ...] | list[object]) -> CodeRow:
    client, patient, account, made, expires, used, box = row
    assert isinstance(box, bytes)
    texts = tuple(opened(db, "sharing code", hashed.hex(), box))
    return CodeRow(
        None if client is None else str(client),
        patient if isinstance(patient, int) else None,
        str(account),
        int(str(made)),
        int(str(expires)),
        texts,
        used if isinstance(used, int) else None,
    )
