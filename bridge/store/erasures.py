"""Erasures at rest: who asked to erase whom, and when it is due unless somebody calls it off.

Law: one open request a patient, kept in one statement. Carrying it out destroys the patient's key and with it
every row about them, this one too.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from bridge.period import Instant
from bridge.store.db import Database


@dataclass(frozen=True, slots=True)
class Erasure:
    """An open request."""

    patient: int
    account: str
    asked: Instant
    due: Instant


def add(db: Database, one: Erasure) -> bool:
    """Keep a request; False where one is open already."""
    try:
        with db.write("bridge") as con:
            con.execute(
                "INSERT INTO erasures (patient, account, asked, due) VALUES (?, ?, ?, ?)",
                (one.patient, one.account, one.asked, one.due),
            )
    except sqlite3.IntegrityError:
        return False
    return True


def call_off(db: Database, patient: int, at: Instant) -> bool:
    """End the open request; False where there is none."""
    with db.write("bridge") as con:
        done = con.execute(
            "UPDATE erasures SET called_off = ? WHERE patient = ? AND called_off IS NULL", (at, patient)
        )
        return done.rowcount == 1


def opened(db: Database, patient: int | None = None) -> tuple[Erasure, ...]:
    """The open requests, of one patient or of all."""
    rows = db.reader("bridge").execute(
        "SELECT patient, account, asked, due FROM erasures"
        " WHERE called_off IS NULL AND (?1 IS NULL OR patient = ?1) ORDER BY due",
        (patient,),
    )
    return tuple(Erasure(*row) for row in rows.fetchall())
