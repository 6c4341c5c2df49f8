"""What a receiver can do, and whether it is left alone for a while; both known to all processes.

Law (`smart-consent.md` 7.4): what a receiver can do is read from it or shown by it, never hard-coded by vendor. A
receiver that fails again and again is left alone by every lane (7.5); when its pause is over one lane, of all
processes, goes first: whoever moves the pause on in the database is that one.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

from bridge.period import Instant
from bridge.store.db import Database


@dataclass(frozen=True, slots=True)
class Kept:
    """The columns of `receivers` in the schema."""

    form: str
    updates: bool
    conditional: bool
    searches: bool
    devices: bool
    most: int | None
    at: Instant
    documents: str = ""


@dataclass(frozen=True, slots=True)
class Circuit:
    """The columns of `circuits` in the schema. `until` 0: nobody has to wait."""

    failures: int
    until: Instant
    problem: str


def known(db: Database, destination: int) -> Kept | None:
    """What is known of a destination's receiver; None: not asked yet."""
    row = (
        db.reader("bridge")
        .execute(
            "SELECT form, updates, conditional, searches, devices, most, at, documents FROM receivers"
            " WHERE destination = ?",
            (destination,),
        )
        .fetchone()
    )
    if row is None:
        return None
    form, updates, conditional, searches, devices, most, at, documents = row
    return Kept(form, bool(updates), bool(conditional), bool(searches), bool(devices), most, at, documents)


def keep(db: Database, destination: int, kept: Kept) -> None:
    """What the receiver said or showed, instead of what was known."""
    with db.write("bridge") as con:
        con.execute(
            "INSERT OR REPLACE INTO receivers"
            " (destination, form, updates, conditional, searches, devices, most, at, documents)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (destination, *astuple(kept)),
        )


def circuit(db: Database, destination: int) -> Circuit | None:
    """The pause of a destination; None: nothing failed since it last answered."""
    row = (
        db.reader("bridge")
        .execute("SELECT failures, until, problem FROM circuits WHERE destination = ?", (destination,))
        .fetchone()
    )
    return None if row is None else Circuit(*row)


def failed(db: Database, destination: int, problem: str) -> int:
    """One more failure in a row; how many there are now."""
    with db.write("bridge") as con:
        row = con.execute(
            "INSERT INTO circuits (destination, failures, until, problem) VALUES (?1, 1, 0, ?2)"
            " ON CONFLICT (destination) DO UPDATE SET failures = failures + 1, problem = ?2"
            " RETURNING failures",
            (destination, problem),
        ).fetchone()
    return int(row[0])


def pause(db: Database, destination: int, until: Instant) -> None:
    """Leave it alone until then."""
    with db.write("bridge") as con:
        con.execute("UPDATE circuits SET until = ? WHERE destination = ?", (until, destination))


def is_first(db: Database, destination: int, was: Instant, until: Instant) -> bool:
    """Whether this caller alone goes first after a pause; the others wait until `until`, or until it went well."""
    with db.write("bridge") as con:
        moved = con.execute(
            "UPDATE circuits SET until = ? WHERE destination = ? AND until = ?", (until, destination, was)
        )
        return moved.rowcount == 1


def answered(db: Database, destination: int) -> None:
    """It answers again."""
    with db.write("bridge") as con:
        con.execute("DELETE FROM circuits WHERE destination = ?", (destination,))
