"""The keys that sign id_tokens, at rest: one that signs, and those whose signatures may still be looked at.

Law: the private half rests sealed under a key derived for this one use (RFC 5869) and is opened to sign. A key
that is retired signs nothing any more and is published until a date, so that what it signed can be verified;
then it is deleted. Two processes that make the first key at once make two, and the newest signs.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.keys import Box, place

_KIND: Final = "signing-key"


def add(db: Database, kid: str, private: bytes, retire: Instant) -> None:
    """Keep a new key; it signs from now on, and those before it are published until `retire`."""
    now, sealed = db.clock(), _box(db).seal(private, place(_KIND, kid))
    with db.write("bridge") as con:
        con.execute("DELETE FROM signing_keys WHERE retired <= ?", (now,))
        con.execute("UPDATE signing_keys SET retired = ? WHERE retired IS NULL", (retire,))
        con.execute("INSERT INTO signing_keys (kid, sealed, made) VALUES (?, ?, ?)", (kid, sealed, now))


def published(db: Database, now: Instant) -> tuple[str, ...]:
    """The kids whose public halves are shown; the first one signs. Empty before the first key is made."""
    rows = db.reader("bridge").execute(
        "SELECT kid FROM signing_keys WHERE retired IS NULL OR retired > ?"
        " ORDER BY retired IS NOT NULL, made DESC, kid",
        (now,),
    )
    return tuple(kid for (kid,) in rows)


def opened(db: Database, kid: str) -> bytes:
    """The private key of that kid; KeyError where it is gone."""
    row = db.reader("bridge").execute("SELECT sealed FROM signing_keys WHERE kid = ?", (kid,)).fetchone()
    if row is None:
        raise KeyError(kid)
    return _box(db).open(row[0], place(_KIND, kid))


def _box(db: Database) -> Box:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"signing keys").derive(db.keys.page_key)
    return Box(key, 1)
