"""Owner's tokens at rest: one a device, found by its hash while its account stands.

Law: only SHA-256 of a token is kept, and a closed account has none. For whom a token opens what is asked of
records at every request, not here; which device it is for rests sealed, and when it was last used is written at
most once an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridge.period import HOUR, Instant
from bridge.store.db import Database
from bridge.store.sealing import opened, sealed


@dataclass(frozen=True, slots=True)
class OwnerToken:
    """One token. `device`: as its owner called it."""

    id: str
    account: str
    patient: int
    device: str
    made: Instant
    used: Instant | None
    expires: Instant


_SELECT: Final = (
    "SELECT t.id, t.account, t.patient, t.sealed, t.made, t.used, t.expires FROM owner_tokens t"
    " JOIN accounts a ON a.account = t.account WHERE a.closed IS NULL AND t.expires > ?"
)


def add(db: Database, digest: bytes, one: OwnerToken) -> None:
    """Keep a token by its hash; what ran out is swept."""
    box = sealed(db, "owner's token", one.id, [one.device])
    with db.write("bridge") as con:
        con.execute("DELETE FROM owner_tokens WHERE expires <= ?", (one.made,))
        con.execute(
            "INSERT INTO owner_tokens (hash, id, account, patient, made, expires, sealed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (digest, one.id, one.account, one.patient, one.made, one.expires, box),
        )


def find(db: Database, digest: bytes, now: Instant) -> OwnerToken | None:
    """The living token of that hash."""
    row = db.reader("bridge").execute(f"{_SELECT} AND t.hash = ?", (now, digest)).fetchone()
    return None if row is None else _token(db, row)


def listed(db: Database, account: str, now: Instant) -> tuple[OwnerToken, ...]:
    """The living tokens of an account, newest first."""
    rows = db.reader("bridge").execute(f"{_SELECT} AND t.account = ? ORDER BY t.made DESC", (now, account))
    return tuple(_token(db, row) for row in rows.fetchall())


def saw(db: Database, one: OwnerToken, now: Instant) -> None:
    """Remember that it was used; at most once an hour."""
    if one.used is None or now - one.used >= HOUR:
        with db.write("bridge") as con:
            con.execute("UPDATE owner_tokens SET used = ? WHERE id = ?", (now, one.id))


def end(db: Database, account: str, token: str) -> bool:
    """End a token; False where the account has no such one."""
    with db.write("bridge") as con:
        done = con.execute("DELETE FROM owner_tokens WHERE id = ? AND account = ?", (token, account))
        return done.rowcount == 1


def _token(db: Database, row: tuple[str, str, int, bytes, Instant, Instant | None, Instant]) -> OwnerToken:
    name, account, patient, box, made, used, expires = row
    return OwnerToken(name, account, patient, opened(db, "owner's token", name, box)[0], made, used, expires)
