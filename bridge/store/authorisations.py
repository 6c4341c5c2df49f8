"""What a person approved for one client, and what was issued for it: codes, access tokens, refresh tokens.

Law: an authorisation is a family; ending it ends every token of it at once. A code or a refresh token is spent
by one UPDATE that says whether it was first (two redemptions at once: one wins); a second one by the same client
means that somebody holds a copy, and the whole family ends (RFC 6749 4.1.2, RFC 9700 4.14.2). What another client
shows is not spent: a stranger cannot burn it. Whether a grant is in force is asked elsewhere, at every use.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from bridge.period import Instant
from bridge.store.db import Database

REMEMBERED: Final = 86_400_000
"""How long (ms) after its end a spent code is still known as spent."""
_FAMILY: Final = (
    "a.authorisation, a.client, a.patient, a.account, a.grant_id, a.scope, a.is_self, a.nonce, a.made"
)
_LIVING: Final = "a.ended IS NULL"


@dataclass(frozen=True, slots=True)
class Authorisation:
    """One approval that stands. `scope`: what was approved; `is_self`: by the patient, not a representative."""

    id: str
    client: str
    patient: int
    account: str
    grant: str
    scope: str
    is_self: bool
    nonce: str
    made: Instant


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A code as it was given out, spent now."""

    authorisation: Authorisation
    redirect_uri: str
    challenge: str


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token that still can be spent."""

    authorisation: Authorisation
    scope: str
    expires: Instant


@dataclass(frozen=True, slots=True)
class NewTokens:
    """Tokens to keep, by their hashes. `refresh` None: no refresh token."""

    access: bytes
    expires: Instant
    scope: str
    refresh: bytes | None = None
    refresh_scope: str = ""
    refresh_expires: Instant = 0


def redeem(db: Database, code: bytes, client: str, now: Instant) -> Redeemed | None:
    """Spend a code of this client; None where it is unknown, was spent (then its family ends) or ran out."""
    with db.write("bridge") as con:
        row = con.execute(
            f"SELECT c.redirect_uri, c.challenge, c.expires, {_FAMILY} FROM codes c JOIN authorisations a"
            " ON a.authorisation = c.authorisation WHERE c.hash = ? AND a.client = ?",
            (code, client),
        ).fetchone()
        if row is None or not _spent(con, "codes", code, row[3], now):
            return None
        if row[2] <= now or not _stands(con, row[3]):
            return None
        return Redeemed(_authorisation(row[3:]), row[0], row[1])


def refreshing(db: Database, token: bytes, client: str, now: Instant) -> Refresh | None:
    """The refresh token of this client, not yet spent by this look; a spent one ends its family."""
    row = (
        db.reader("bridge")
        .execute(
            f"SELECT r.scope, r.expires, r.used, {_FAMILY} FROM refreshes r JOIN authorisations a"
            f" ON a.authorisation = r.authorisation WHERE r.hash = ? AND a.client = ? AND {_LIVING}",
            (token, client),
        )
        .fetchone()
    )
    if row is None:
        return None
    if row[2]:
        end(db, row[3], now)
        return None
    return Refresh(_authorisation(row[3:]), row[0], row[1]) if row[1] > now else None


def spend(db: Database, token: bytes, authorisation: str, now: Instant) -> bool:
    """Spend a refresh token; False where another request was first: then the family ends."""
    with db.write("bridge") as con:
        return _spent(con, "refreshes", token, authorisation, now)


def issue(db: Database, of: Authorisation, made: NewTokens) -> bool:
    """Keep new tokens of an authorisation; False where it ended meanwhile."""
    now = db.clock()
    with db.write("bridge") as con:
        if not _stands(con, of.id):
            return False
        con.execute("DELETE FROM tokens WHERE expires <= ?", (now,))
        con.execute("DELETE FROM refreshes WHERE expires <= ?", (now,))
        con.execute(
            "INSERT INTO tokens (hash, client, scope, issued, expires, authorisation, patient)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (made.access, of.client, made.scope, now, made.expires, of.id, of.patient),
        )
        if made.refresh is not None:
            con.execute(
                "INSERT INTO refreshes (hash, authorisation, patient, scope, expires, used)"
                " VALUES (?, ?, ?, ?, ?, 0)",
                (made.refresh, of.id, of.patient, made.refresh_scope, made.refresh_expires),
            )
        return True


def end(db: Database, authorisation: str, now: Instant) -> None:
    """End an authorisation with everything that was issued for it. Ending it twice changes nothing."""
    with db.write("bridge") as con:
        _end(con, authorisation, now)


def owner(db: Database, token: bytes) -> str | None:
    """The client that a refresh token was given to, spent or not."""
    row = (
        db.reader("bridge")
        .execute(
            "SELECT a.client FROM refreshes r JOIN authorisations a"
            " ON a.authorisation = r.authorisation WHERE r.hash = ?",
            (token,),
        )
        .fetchone()
    )
    return None if row is None else str(row[0])


def end_by_refresh(db: Database, token: bytes, client: str, now: Instant) -> bool:
    """End the authorisation of a refresh token of this client; False where it has none of that hash."""
    found = "SELECT a.authorisation FROM refreshes r JOIN authorisations a"
    found += " ON a.authorisation = r.authorisation WHERE r.hash = ? AND a.client = ?"
    row = db.reader("bridge").execute(found, (token, client)).fetchone()
    if row is None:
        return False
    end(db, row[0], now)
    return True


def find(db: Database, authorisation: str) -> Authorisation | None:
    """The authorisation of that id, while it stands."""
    row = (
        db.reader("bridge")
        .execute(
            f"SELECT {_FAMILY} FROM authorisations a WHERE a.authorisation = ? AND {_LIVING}",
            (authorisation,),
        )
        .fetchone()
    )
    return None if row is None else _authorisation(row)


def listed(db: Database, patient: int) -> tuple[Authorisation, ...]:
    """Every authorisation about a patient that stands, newest first: for the patient's pages."""
    rows = db.reader("bridge").execute(
        f"SELECT {_FAMILY} FROM authorisations a JOIN clients c ON c.id = a.client"
        f" WHERE a.patient = ? AND {_LIVING} AND c.removed IS NULL ORDER BY a.made DESC",
        (patient,),
    )
    return tuple(_authorisation(row) for row in rows)


def _spent(con: sqlite3.Connection, table: str, hashed: bytes, authorisation: str, now: Instant) -> bool:
    done = con.execute(f"UPDATE {table} SET used = 1 WHERE hash = ? AND used = 0", (hashed,))
    if done.rowcount != 1:
        _end(con, authorisation, now)
    return done.rowcount == 1


def _end(con: sqlite3.Connection, authorisation: str, now: Instant) -> None:
    con.execute(
        "UPDATE authorisations SET ended = ? WHERE authorisation = ? AND ended IS NULL", (now, authorisation)
    )
    con.execute("DELETE FROM tokens WHERE authorisation = ?", (authorisation,))


def _stands(con: sqlite3.Connection, authorisation: str) -> bool:
    sql = f"SELECT 1 FROM authorisations a WHERE a.authorisation = ? AND {_LIVING}"
    return con.execute(sql, (authorisation,)).fetchone() is not None


def _authorisation(row: sqlite3.Row | tuple[object, ...]) -> Authorisation:
    family, client, patient, account, grant, scope, is_self, nonce, made = tuple(row)
    return Authorisation(family, client, patient, account, grant, scope, bool(is_self), nonce, made)
