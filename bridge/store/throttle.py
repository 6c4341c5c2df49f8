"""Failures at rest: how many, and when the last one was, of whatever is throttled.

Law: in the database, because workers are several and restarts must not forgive. An attempt is counted before it
is judged, in the transaction that looks whether it may be made, so guesses sent at once are counted one by one.
Names are HMACs: the table does not tell who tries to sign in, or from where.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from bridge.period import Instant
from bridge.store.db import Database


class Limit(Protocol):
    """How failures count."""

    @property
    def forget(self) -> Instant:
        """How long (ms) after the last failure none counts any longer."""

    def free_at(self, failures: int, last: Instant) -> Instant:
        """When the next attempt may be made."""


def take(db: Database, limits: Mapping[bytes, Limit], now: Instant) -> Instant | None:
    """Count an attempt against every key and give None, or say when the next may be made and count nothing."""
    with db.write("bridge") as con:
        found = {}
        for key, limit in limits.items():
            row = con.execute("SELECT failures, last FROM throttle WHERE key = ?", (key,)).fetchone()
            failures, last = row or (0, 0)
            found[key] = (0 if now - last >= limit.forget else failures, last)
        free = max(limits[key].free_at(failures, last) for key, (failures, last) in found.items())
        if now < free:
            return free
        con.executemany(
            "INSERT INTO throttle (key, failures, last) VALUES (?1, ?2, ?3)"
            " ON CONFLICT (key) DO UPDATE SET failures = ?2, last = ?3",
            [(key, failures + 1, now) for key, (failures, _) in found.items()],
        )
    return None


def forgive(db: Database, cleared: Sequence[bytes], lessened: Sequence[bytes]) -> None:
    """After a success: forget what stands against some keys, and this attempt alone of others."""
    with db.write("bridge") as con:
        con.executemany("DELETE FROM throttle WHERE key = ?", [(key,) for key in cleared])
        con.executemany(
            "UPDATE throttle SET failures = max(failures - 1, 0) WHERE key = ?", [(key,) for key in lessened]
        )


def sweep(db: Database, before: Instant) -> None:
    """Forget failures older than `before`, and what was spent and has run out since."""
    with db.write("bridge") as con:
        con.execute("DELETE FROM throttle WHERE last < ?", (before,))
        con.execute("DELETE FROM spent WHERE expires < ?", (before,))


def spend(db: Database, hashed: bytes, expires: Instant) -> bool:
    """Use something that works once; False where it was used before."""
    with db.write("bridge") as con:
        done = con.execute("INSERT OR IGNORE INTO spent (hash, expires) VALUES (?, ?)", (hashed, expires))
        return done.rowcount == 1
