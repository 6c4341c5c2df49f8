"""Sessions at rest: found by the hash of a cookie, ended by two limits, listed as devices.

Law: only SHA-256 of a cookie is kept. One look asks whether the account still stands and both limits hold, so
an end bites on the next request. When a session was last seen is written at most once a minute: a page must
not wait for a disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridge.period import MINUTE, Instant
from bridge.store.accounts import Persona
from bridge.store.db import Database
from bridge.store.sealing import opened, sealed


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A living session. `name`: whose; `device`: as the browser called itself."""

    id: str
    account: str
    persona: Persona
    signed_in: Instant
    seen: Instant
    expires: Instant
    name: str
    device: str


_SELECT: Final = (
    "SELECT s.id, s.account, s.persona, s.signed_in, s.seen, s.expires, a.sealed, s.sealed"
    " FROM sessions s JOIN accounts a ON a.account = s.account"
    " WHERE a.closed IS NULL AND a.persona = s.persona AND s.expires > ?"
)


def add(db: Database, digest: bytes, row: SessionRow) -> None:
    """Keep a new session by the hash of its cookie; what ran out is swept."""
    box = sealed(db, "session", row.id, [row.device])
    with db.write("bridge") as con:
        con.execute("DELETE FROM sessions WHERE expires <= ?", (row.signed_in,))
        con.execute(
            "INSERT INTO sessions (hash, id, account, persona, signed_in, seen, expires, sealed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (digest, row.id, row.account, row.persona, row.signed_in, row.seen, row.expires, box),
        )


def find(db: Database, digest: bytes, now: Instant) -> SessionRow | None:
    """The session of that cookie whose absolute limit holds; the idle limit is the caller's."""
    row = db.reader("bridge").execute(f"{_SELECT} AND s.hash = ?", (now, digest)).fetchone()
    return None if row is None else _row(db, row)


def saw(db: Database, row: SessionRow, now: Instant) -> None:
    """Remember that it was used; at most once a minute."""
    if now - row.seen >= MINUTE:
        with db.write("bridge") as con:
            con.execute("UPDATE sessions SET seen = max(seen, ?) WHERE id = ?", (now, row.id))


def listed(db: Database, account: str, now: Instant) -> tuple[SessionRow, ...]:
    """The account's sessions, newest first."""
    rows = db.reader("bridge").execute(f"{_SELECT} AND s.account = ? ORDER BY s.seen DESC", (now, account))
    return tuple(_row(db, row) for row in rows.fetchall())


def end(db: Database, session: str, account: str) -> None:
    """End one session of an account."""
    with db.write("bridge") as con:
        con.execute("DELETE FROM sessions WHERE id = ? AND account = ?", (session, account))


def end_all(db: Database, account: str, but: str = "") -> None:
    """End every session of an account, but the one named."""
    with db.write("bridge") as con:
        con.execute("DELETE FROM sessions WHERE account = ? AND id <> ?", (account, but))


def _row(db: Database, row: tuple[str, str, Persona, Instant, Instant, Instant, bytes, bytes]) -> SessionRow:
    session, account, persona, signed_in, seen, expires, named, box = row
    name = opened(db, "account", account, named)[0]
    device = opened(db, "session", session, box)[0]
    return SessionRow(session, account, persona, signed_in, seen, expires, name, device)
