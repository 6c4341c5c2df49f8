"""Failures at rest: how many, and when the last one was, of whatever is throttled.

Law: in the database, because workers are several and restarts must not forgive. An attempt is counted before it
is judged, in the transaction that looks whether it may be made, so guesses sent at once are counted one by one.
Names are HMACs: the table does not tell who tries to sign in, or from where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from bridge.period import Instant
from bridge.store.db import Database

Wait: TypeAlias = Callable[[int, Instant], Instant]
"""Failures so far and the last of them -> when the next attempt may be made."""


def take(db: Database, rules: Mapping[bytes, Wait], now: Instant) -> Instant | None:
    """Count an attempt against every key and give None, or say when the next may be made and count nothing."""
    with db.write("bridge") as con:
        found = dict.fromkeys(rules, (0, 0))
        for key in rules:
            row = con.execute("SELECT failures, last FROM throttle WHERE key = ?", (key,)).fetchone()
            found[key] = tuple(row) if row else (0, 0)
        free = max(rules[key](failures, last) for key, (failures, last) in found.items())
        if now < free:
            return free
        con.executemany(
            "INSERT INTO throttle (key, failures, last) VALUES (?1, 1, ?2)"
            " ON CONFLICT (key) DO UPDATE SET failures = failures + 1, last = ?2",
            [(key, now) for key in rules],
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
