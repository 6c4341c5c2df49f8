"""Notices at rest: what an account is told when its holder next looks.

Law: `what` is a word of a closed list that pages know to say; who did it and to what rests sealed. A notice about
a patient goes with the patient. Reading marks it and takes nothing away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.sealing import opened, sealed


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. `texts`: who did it and to what, in an order that `what` gives."""

    number: int
    account: str
    patient: int | None
    at: Instant
    what: str
    texts: tuple[str, ...]
    is_new: bool


def add(
    db: Database, accounts: Iterable[str], patient: int | None, what: str, texts: list[str], at: Instant
) -> None:
    """Tell several accounts the same."""
    rows = [(each, patient, at, what, sealed(db, "notice", each, texts)) for each in accounts]
    with db.write("bridge") as con:
        con.executemany(
            "INSERT INTO notices (account, patient, at, what, sealed) VALUES (?, ?, ?, ?, ?)", rows
        )


def listed(db: Database, account: str, most: int = 50) -> tuple[Notice, ...]:
    """The newest notices of an account."""
    rows = db.reader("bridge").execute(
        "SELECT notice, account, patient, at, what, sealed, seen IS NULL FROM notices WHERE account = ?"
        " ORDER BY notice DESC LIMIT ?",
        (account, most),
    )
    return tuple(
        Notice(number, of, patient, at, what, tuple(opened(db, "notice", of, box)), bool(is_new))
        for number, of, patient, at, what, box, is_new in rows.fetchall()
    )


def saw(db: Database, account: str, upto: int, at: Instant) -> None:
    """Mark what an account has been shown."""
    with db.write("bridge") as con:
        con.execute(
            "UPDATE notices SET seen = ? WHERE account = ? AND notice <= ? AND seen IS NULL",
            (at, account, upto),
        )
