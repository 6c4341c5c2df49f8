"""Launch handles and pending authorisations at rest: asked for, not yet answered by a person.

Law: both are found by SHA-256 of a random id and never by anything that can be guessed; both run out. A pending
is answered once, and a handle is used up by the approval that it leads to: each is one UPDATE that says whether
it was first, so two answers at once cannot both succeed. An answer is a `Claim`, which `answers.py` keeps together
with its row of the ledger; a yes writes the authorisation and its code in the same transaction. What ran out is swept
when something new is written.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import partial
from typing import Final

from bridge.period import Instant
from bridge.store.answers import Claim
from bridge.store.authorisations import REMEMBERED
from bridge.store.db import Database
from bridge.store.requests import Answer, of_request

_COLUMNS: Final = (
    "client, redirect_uri, scope, state, nonce, challenge, launch, patient, aud, prompt, expires, request"
)


@dataclass(frozen=True, slots=True)
class PendingRow:
    """One question. `launch`: the hash of its handle; `patient`: whom the handle has in context; `request`: of ours,
    that a share answers."""

    client: str
    redirect_uri: str
    scope: str
    state: str
    nonce: str
    challenge: str
    launch: bytes | None
    patient: int | None
    aud: str
    prompt: str
    expires: Instant
    request: str | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person approved, and the code that is given for it (its hash)."""

    authorisation: str
    patient: int
    account: str
    grant: str
    scope: str
    is_self: bool
    code: bytes
    code_expires: Instant


def hand(db: Database, hashed: bytes, client: str, patient: int, expires: Instant) -> None:
    """Keep a new launch handle."""
    with db.write("bridge") as con:
        con.execute("DELETE FROM launches WHERE expires <= ?", (db.clock(),))
        con.execute("INSERT INTO launches VALUES (?, ?, ?, ?, 0)", (hashed, client, patient, expires))


def handed(db: Database, hashed: bytes, client: str, now: Instant) -> int | None:
    """The patient of a living handle that was made for this client; None where there is no such handle."""
    row = (
        db.reader("bridge")
        .execute(
            "SELECT patient FROM launches WHERE hash = ? AND client = ? AND expires > ? AND used = 0",
            (hashed, client, now),
        )
        .fetchone()
    )
    return None if row is None else int(row[0])


def keep(db: Database, hashed: bytes, row: PendingRow) -> None:
    """Keep a new question."""
    values = (row.client, row.redirect_uri, row.scope, row.state, row.nonce, row.challenge, row.launch)
    with db.write("bridge") as con:
        con.execute("DELETE FROM pendings WHERE expires <= ?", (db.clock(),))
        con.execute(
            f"INSERT INTO pendings (hash, {_COLUMNS}, answered) VALUES"
            " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (hashed, *values, row.patient, row.aud, row.prompt, row.expires, row.request),
        )


def waiting(db: Database, client: str, now: Instant) -> int:
    """How many questions of a client wait for an answer."""
    (found,) = (
        db.reader("bridge")
        .execute(
            "SELECT count(*) FROM pendings WHERE client = ? AND expires > ? AND answered = 0", (client, now)
        )
        .fetchone()
    )
    return int(found)


def find(db: Database, hashed: bytes, now: Instant) -> PendingRow | None:
    """The living, unanswered question of that hash."""
    row = (
        db.reader("bridge")
        .execute(
            f"SELECT {_COLUMNS} FROM pendings WHERE hash = ? AND expires > ? AND answered = 0", (hashed, now)
        )
        .fetchone()
    )
    return None if row is None else PendingRow(*row)


def declining(hashed: bytes, now: Instant) -> Claim:
    """An answer with no."""
    return Claim(partial(_answered, hashed=hashed, now=now), partial(_waits, hashed=hashed))


def sharing(hashed: bytes, request: str, what: Answer, grant: str, now: Instant) -> Claim:
    """An answer to a share, and with it to the request that it is about."""
    asked = of_request(request, what, grant, now)

    def made(con: sqlite3.Connection) -> bool:
        return _answered(con, hashed, now) and asked.make(con)

    def undone(con: sqlite3.Connection) -> None:
        _waits(con, hashed)
        asked.undo(con)

    return Claim(made, undone)


def approving(hashed: bytes, row: PendingRow, made: Approval, now: Instant) -> Claim:
    """An answer with yes: it uses up the handle, and there is an authorisation with its code."""
    return Claim(
        partial(_approved, hashed=hashed, row=row, made=made, now=now),
        partial(_unapproved, hashed=hashed, row=row, made=made),
    )


def _approved(con: sqlite3.Connection, hashed: bytes, row: PendingRow, made: Approval, now: Instant) -> bool:
    if not _answered(con, hashed, now) or (row.launch is not None and not _used(con, row.launch, now)):
        return False
    con.execute("DELETE FROM codes WHERE expires + ? <= ?", (REMEMBERED, now))
    con.execute(
        "INSERT INTO authorisations (authorisation, client, patient, account, grant_id, scope, is_self,"
        " nonce, made) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (made.authorisation, row.client, made.patient, made.account, made.grant, made.scope,
         int(made.is_self), row.nonce, now),
    )  # fmt: skip
    con.execute(
        "INSERT INTO codes (hash, authorisation, patient, redirect_uri, challenge, expires, used)"
        " VALUES (?, ?, ?, ?, ?, ?, 0)",
        (made.code, made.authorisation, made.patient, row.redirect_uri, row.challenge, made.code_expires),
    )
    return True


def _unapproved(con: sqlite3.Connection, hashed: bytes, row: PendingRow, made: Approval) -> None:
    con.execute("DELETE FROM codes WHERE hash = ?", (made.code,))
    con.execute("DELETE FROM authorisations WHERE authorisation = ?", (made.authorisation,))
    if row.launch is not None:
        con.execute("UPDATE launches SET used = 0 WHERE hash = ?", (row.launch,))
    _waits(con, hashed)


def _waits(con: sqlite3.Connection, hashed: bytes) -> None:
    con.execute("UPDATE pendings SET answered = 0 WHERE hash = ?", (hashed,))


def _answered(con: sqlite3.Connection, hashed: bytes, now: Instant) -> bool:
    done = con.execute(
        "UPDATE pendings SET answered = 1 WHERE hash = ? AND expires > ? AND answered = 0", (hashed, now)
    )
    return done.rowcount == 1


def _used(con: sqlite3.Connection, launch: bytes, now: Instant) -> bool:
    done = con.execute(
        "UPDATE launches SET used = 1 WHERE hash = ? AND expires > ? AND used = 0", (launch, now)
    )
    return done.rowcount == 1
