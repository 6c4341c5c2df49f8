"""Accounts at rest: who may sign in, by what name and password, with which second factor.

Law: the sign-in name is found by a blind index and rests sealed; passwords rest as Argon2id, the TOTP secret
sealed. A TOTP step and a recovery code are taken by one statement, so two workers cannot both take them
(RFC 6238 5.2). A closed account keeps its row, because records name it, and loses every way in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from bridge.store.db import Database
from bridge.store.sealing import opened, sealed

Persona: TypeAlias = Literal["person", "staff"]

_LOGIN: Final = "sign-in name"


@dataclass(frozen=True, slots=True)
class Account:
    """One account that is not closed. `password`: encoded Argon2id, None where there is none."""

    id: str
    persona: Persona
    name: str
    login: str
    password: str | None
    has_totp: bool


class Taken(Exception):
    """Somebody signs in by that name already."""


def add(db: Database, account: str, persona: Persona, name: str, login: str) -> None:
    """Keep a new account; `login` '' signs in without a name. Taken."""
    blind = db.keys.blind(_LOGIN, login) if login else None
    box = sealed(db, "account", account, [name, login])
    try:
        with db.write("bridge") as con:
            con.execute(
                "INSERT INTO accounts (account, persona, login, made, sealed) VALUES (?, ?, ?, ?, ?)",
                (account, persona, blind, db.clock(), box),
            )
    except sqlite3.IntegrityError:
        raise Taken("somebody signs in by this name already: choose another one") from None


_SELECT: Final = (
    "SELECT account, persona, sealed, password, totp IS NOT NULL FROM accounts WHERE closed IS NULL"
)


def load(db: Database, account: str) -> Account | None:
    """The account of that id; None where it is unknown or closed."""
    row = db.reader("bridge").execute(f"{_SELECT} AND account = ?", (account,)).fetchone()
    return _account(db, row)


def by_login(db: Database, login: str) -> Account | None:
    """The account that signs in by that name."""
    blind = db.keys.blind(_LOGIN, login)
    return _account(db, db.reader("bridge").execute(f"{_SELECT} AND login = ?", (blind,)).fetchone())


def set_password(db: Database, account: str, encoded: str) -> None:
    """Keep the Argon2id encoding of a password."""
    with db.write("bridge") as con:
        con.execute("UPDATE accounts SET password = ? WHERE account = ?", (encoded, account))


def set_totp(db: Database, account: str, secret: str) -> None:
    """Keep the secret of an authenticator app; the one before it is gone."""
    box = sealed(db, "totp", account, [secret])
    with db.write("bridge") as con:
        con.execute("UPDATE accounts SET totp = ? WHERE account = ?", (box, account))


def totp(db: Database, account: str) -> str | None:
    """The secret, for one check; None where there is none."""
    row = db.reader("bridge").execute("SELECT totp FROM accounts WHERE account = ?", (account,)).fetchone()
    return None if row is None or row[0] is None else opened(db, "totp", account, row[0])[0]


def take_step(db: Database, account: str, step: int) -> bool:
    """Use a TOTP time step; False where it, or a later one, was used already."""
    with db.write("bridge") as con:
        done = con.execute(
            "UPDATE accounts SET totp_step = ?2 WHERE account = ?1 AND totp_step < ?2", (account, step)
        )
        return done.rowcount == 1


def set_recovery(db: Database, account: str, hashes: Iterable[bytes]) -> None:
    """Keep new recovery codes; the ones before are void."""
    with db.write("bridge") as con:
        con.execute("DELETE FROM recovery_codes WHERE account = ?", (account,))
        con.executemany(
            "INSERT INTO recovery_codes (hash, account) VALUES (?, ?)", [(each, account) for each in hashes]
        )


def take_recovery(db: Database, account: str, hashed: bytes) -> bool:
    """Use a recovery code; False where it is not one of the account's, or was used."""
    with db.write("bridge") as con:
        done = con.execute("DELETE FROM recovery_codes WHERE hash = ? AND account = ?", (hashed, account))
        return done.rowcount == 1


def recovery_left(db: Database, account: str) -> int:
    """How many recovery codes are not used yet."""
    row = db.reader("bridge").execute("SELECT count(*) FROM recovery_codes WHERE account = ?", (account,))
    return int(row.fetchone()[0])


def close(db: Database, account: str) -> None:
    """End an account: its sessions, tokens, passkeys and codes go in the same transaction."""
    with db.write("bridge") as con:
        con.execute(
            "UPDATE accounts SET closed = ?, login = NULL, password = NULL, totp = NULL WHERE account = ?",
            (db.clock(), account),
        )
        for table in ("sessions", "owner_tokens", "passkeys", "recovery_codes", "invitations", "staff"):
            con.execute(f"DELETE FROM {table} WHERE account = ?", (account,))


def _account(db: Database, row: tuple[str, Persona, bytes, str | None, int] | None) -> Account | None:
    if row is None:
        return None
    account, persona, box, password, has_totp = row
    name, login = opened(db, "account", account, box)
    return Account(account, persona, name, login, password, bool(has_totp))
