"""Access tokens and spent assertions at rest.

Law: only SHA-256 of a token or a jti is kept, never the thing itself; a token is found by one indexed look
that also asks whether its client and the person's authorisation still stand, so an end bites on the next
request. An assertion is spent by inserting it: two workers that see the same one cannot both succeed (SMART App
Launch 2.2, client-confidential-asymmetric, jti). What ran out is swept when something new is written.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from bridge.period import Instant
from bridge.store.db import Database

_FIND: Final = (
    "SELECT t.client, c.organization, c.purpose, t.scope, t.expires, t.patient, t.authorisation, a.grant_id"
    " FROM tokens t JOIN clients c ON c.id = t.client"
    " LEFT JOIN authorisations a ON a.authorisation = t.authorisation AND a.ended IS NULL"
    " WHERE t.hash = ? AND t.expires > ? AND c.removed IS NULL"
    " AND (t.authorisation IS NULL) = (a.authorisation IS NULL)"
)


@dataclass(frozen=True, slots=True)
class Issued:
    """What a live token stands for. The last three: of a token that a person approved, else None."""

    client: str
    organization: str
    purpose: str
    scope: str
    expires: Instant
    patient: int | None = None
    authorisation: str | None = None
    grant: str | None = None


def issue(db: Database, digest: bytes, client: str, scope: str, expires: Instant) -> None:
    """Keep a new token by its hash."""
    now = db.clock()
    with db.write("bridge") as connection:
        connection.execute("DELETE FROM tokens WHERE expires <= ?", (now,))
        connection.execute(
            "INSERT INTO tokens (hash, client, scope, issued, expires) VALUES (?, ?, ?, ?, ?)",
            (digest, client, scope, now, expires),
        )


def find(db: Database, digest: bytes, now: Instant) -> Issued | None:
    """The live token of that hash; None where it is unknown, ran out, or its client is gone."""
    row = db.reader("bridge").execute(_FIND, (digest, now)).fetchone()
    return None if row is None else Issued(*row)


def drop(db: Database, digest: bytes, client: str) -> None:
    """Forget a token of this client."""
    with db.write("bridge") as connection:
        connection.execute("DELETE FROM tokens WHERE hash = ? AND client = ?", (digest, client))


def spend(db: Database, client: str, jti: bytes, expires: Instant) -> bool:
    """Record the hash of an assertion's jti; False where this client spent it before."""
    try:
        with db.write("bridge") as connection:
            connection.execute("DELETE FROM assertions WHERE expires <= ?", (db.clock(),))
            connection.execute(
                "INSERT INTO assertions (client, jti, expires) VALUES (?, ?, ?)", (client, jti, expires)
            )
    except sqlite3.IntegrityError:
        return False
    return True
