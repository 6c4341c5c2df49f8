"""Deliveries that a person wants now instead of at the time that was ordered.

Law: a wish about time alone; what goes is what was ordered and granted, decided when it goes (`push/ordered.py`). It is
over when a round went to its end, or after a day, so that an old wish sends nothing long after. Times and row keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridge.period import DAY, Instant
from bridge.store.db import Database
from bridge.store.lanes import Lane

LASTS: Final = DAY


def ask(db: Database, lane: Lane, now: Instant) -> None:
    """A person wants what is due on a lane now."""
    with db.write("bridge") as con:
        con.execute(
            "INSERT OR REPLACE INTO send_now (patient, destination, at) VALUES (?, ?, ?)",
            (lane.patient, lane.destination, now),
        )


def asked(db: Database, now: Instant) -> Mapping[Lane, Instant]:
    """When it was asked for, of those that count."""
    rows = db.reader("bridge").execute(
        "SELECT patient, destination, at FROM send_now WHERE at > ?", (now - LASTS,)
    )
    return {Lane(patient, destination): at for patient, destination, at in rows.fetchall()}


def done(db: Database, lane: Lane, at: Instant) -> None:
    """What was asked for until then went."""
    with db.write("bridge") as con:
        con.execute(
            "DELETE FROM send_now WHERE patient = ? AND destination = ? AND at <= ?",
            (lane.patient, lane.destination, at),
        )
