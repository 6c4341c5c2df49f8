"""Passkeys at rest: public keys that authenticators made, by the id they gave.

Law: a public key is no secret, the label that its owner gave it is theirs and rests sealed. The counter moves
forward in one statement with the use.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.sealing import opened, sealed


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey of an account. `count`: 0 where the authenticator keeps no counter."""

    credential: bytes
    account: str
    public_key: bytes
    count: int
    label: str
    made: Instant
    used: Instant | None


_COLUMNS = "credential, account, public_key, count, sealed, made, used"


def add(db: Database, passkey: Passkey) -> bool:
    """Keep a passkey; False where that credential is known already."""
    box = sealed(db, "passkey", passkey.credential.hex(), [passkey.label])
    row = (passkey.credential, passkey.account, passkey.public_key, passkey.count, box, passkey.made, None)
    try:
        with db.write("bridge") as con:
            con.execute(f"INSERT INTO passkeys ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    except sqlite3.IntegrityError:
        return False
    return True


def find(db: Database, credential: bytes) -> Passkey | None:
    """The passkey of that id."""
    rows = db.reader("bridge").execute(f"SELECT {_COLUMNS} FROM passkeys WHERE credential = ?", (credential,))
    row = rows.fetchone()
    return None if row is None else _passkey(db, row)


def listed(db: Database, account: str) -> tuple[Passkey, ...]:
    """The passkeys of an account, oldest first."""
    query = f"SELECT {_COLUMNS} FROM passkeys WHERE account = ? ORDER BY made, credential"
    return tuple(_passkey(db, row) for row in db.reader("bridge").execute(query, (account,)).fetchall())


def used(db: Database, credential: bytes, count: int, at: Instant) -> None:
    """Remember the counter and the time of a use."""
    with db.write("bridge") as con:
        con.execute("UPDATE passkeys SET count = ?, used = ? WHERE credential = ?", (count, at, credential))


def remove(db: Database, account: str, credential: bytes) -> bool:
    """Take a passkey away; False where the account has no such one."""
    with db.write("bridge") as con:
        done = con.execute("DELETE FROM passkeys WHERE credential = ? AND account = ?", (credential, account))
        return done.rowcount == 1


def _passkey(db: Database, row: tuple[bytes, str, bytes, int, bytes, Instant, Instant | None]) -> Passkey:
    credential, account, key, count, box, made, last = row
    label = opened(db, "passkey", credential.hex(), box)[0]
    return Passkey(credential, account, key, count, label, made, last)
