"""The receipt of each attempt to deliver: when, under which row of the ledger, and what came of it.

Law (`smart-consent.md` 7.5): attempts are accounted for one by one, so that ledger and outbox can be held against each
other. A receipt is written in the transaction that settles its attempt, is never changed, and knows counts alone.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, fields
from typing import Final, Protocol

from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.lanes import Lane


class Attempted(Protocol):
    """What a receipt takes from a delivery."""

    @property
    def patient(self) -> int: ...
    @property
    def delivery(self) -> int: ...
    @property
    def attempts(self) -> int: ...
    @property
    def entry(self) -> int | None: ...
    @property
    def items(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Receipt:
    """One attempt; the columns of `receipts` in the schema. `outcome`: the state of the delivery after it."""

    delivery: int
    attempt: int
    entry: int | None
    outcome: str
    items: int
    taken: int
    refused: int
    problem: str
    at: Instant


_COLUMNS: Final = ", ".join(field.name for field in fields(Receipt))


def keep(
    con: sqlite3.Connection,
    of: Attempted,
    outcome: str,
    taken: int,
    refused: int,
    problem: str,
    now: Instant,
) -> None:
    """The receipt of the delivery's last attempt, within the transaction that settles it."""
    con.execute(
        f"INSERT INTO receipts (patient, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (of.patient, of.delivery, of.attempts, of.entry, outcome, of.items, taken, refused, problem, now),
    )


def listed(db: Database, patient: int | None = None) -> tuple[Receipt, ...]:
    """Receipts of one patient or of all, oldest first."""
    where, of = ("TRUE", ()) if patient is None else ("patient = ?", (patient,))
    rows = db.reader("bridge").execute(f"SELECT {_COLUMNS} FROM receipts WHERE {where} ORDER BY receipt", of)
    return tuple(Receipt(*row) for row in rows.fetchall())


def spent(db: Database, lane: Lane, since: Instant) -> int:
    """Readings that the receiver took since then."""
    row = (
        db.reader("bridge")
        .execute(
            "SELECT coalesce(sum(taken), 0) FROM deliveries"
            " WHERE patient = ? AND destination = ? AND changed >= ? AND what = 'readings'",
            (lane.patient, lane.destination, since),
        )
        .fetchone()
    )
    return int(row[0])
