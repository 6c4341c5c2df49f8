"""Access tokens and spent assertions at rest.

Law: only SHA-256 of a token or a jti is kept, never the thing itself; a token is found by one indexed look
that also asks whether its client still stands, so a removal bites on the next request. An assertion is spent
by inserting it: two workers that see the same one cannot both succeed (SMART App Launch 2.2,
client-confidential-asymmetric, jti). What ran out is swept when something new is written.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from bridge.period import Instant
from bridge.store.db import Database

_FIND: Final = (
    "SELECT t.client, c.organization, c.purpose, t.scope, t.expires"
    " FROM tokens t JOIN clients c ON c.id = t.client"
    " WHERE t.hash = ? AND t.expires > ? AND c.removed IS NULL"
)


@dataclass(frozen=True, slots=True)
class Issued:
    """What a live token stands for."""

    client: str
    organization: str
    purpose: str
    scope: str
    expires: Instant


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
