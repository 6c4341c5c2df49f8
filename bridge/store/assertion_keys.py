"""The keys by which we prove ourselves to EHRs, at rest: the private halves sealed under a key of the installation."""

from __future__ import annotations

from bridge.store.db import Database
from bridge.store.sealing import opened, sealed


def add(db: Database, kid: str, alg: str, private: str) -> None:
    """Keep a private key (JSON text of a JWK)."""
    box = sealed(db, "assertion key", kid, [private])
    with db.write("bridge") as con:
        con.execute(
            "INSERT INTO assertion_keys (kid, alg, sealed, made) VALUES (?, ?, ?, ?)",
            (kid, alg, box, db.clock()),
        )


def listed(db: Database) -> tuple[tuple[str, str], ...]:
    """(kid, algorithm) of every key, newest first."""
    rows = db.reader("bridge").execute("SELECT kid, alg FROM assertion_keys ORDER BY made DESC, kid")
    return tuple((kid, alg) for kid, alg in rows.fetchall())


def private(db: Database, kid: str) -> str:
    """The private key of that id, as JSON text; KeyError."""
    row = db.reader("bridge").execute("SELECT sealed FROM assertion_keys WHERE kid = ?", (kid,)).fetchone()
    if row is None:
        raise KeyError(kid)
    return opened(db, "assertion key", kid, row[0])[0]
