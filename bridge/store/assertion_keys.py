"""The keys by which we prove ourselves to EHRs, at rest: the private halves sealed under a key of the installation.

Law: a private half is opened to sign and for nothing else (`bridge.smart.ehr_keys` knows when each is shown and when
it signs). A key that nobody needs any more is deleted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.sealing import opened, sealed


@dataclass(frozen=True, slots=True)
class Kept:
    """A key's public name, its algorithm (RFC 7518) and when it was made."""

    kid: str
    alg: str
    made: Instant


def add(db: Database, kid: str, alg: str, private: str) -> None:
    """Keep a private key (JSON text of a JWK)."""
    box = sealed(db, "assertion key", kid, [private])
    with db.write("bridge") as con:
        con.execute(
            "INSERT INTO assertion_keys (kid, alg, sealed, made) VALUES (?, ?, ?, ?)",
            (kid, alg, box, db.clock()),
        )


def listed(db: Database) -> tuple[Kept, ...]:
    """Every key, newest first."""
    rows = db.reader("bridge").execute("SELECT kid, alg, made FROM assertion_keys ORDER BY made DESC, kid")
    return tuple(Kept(*row) for row in rows.fetchall())


def drop(db: Database, kids: Collection[str]) -> None:
    """Forget keys."""
    with db.write("bridge") as con:
        con.executemany("DELETE FROM assertion_keys WHERE kid = ?", [(kid,) for kid in kids])


def private(db: Database, kid: str) -> str:
    """The private key of that id, as JSON text; KeyError."""
    row = db.reader("bridge").execute("SELECT sealed FROM assertion_keys WHERE kid = ?", (kid,)).fetchone()
    if row is None:
        raise KeyError(kid)
    return opened(db, "assertion key", kid, row[0])[0]
