"""Staff at rest: the roles of an account, and who it is at the hospital's identity provider.

Law: issuer and subject are found by a blind index. Removing closes the account, which ends its sessions; its rows
in the admin log stay.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from bridge.store.accounts import Taken, close
from bridge.store.db import Database

_SUBJECT = "identity provider"


@dataclass(frozen=True, slots=True)
class StaffRow:
    """One member of staff. `has_subject`: signs in at the provider; `organization`: '' where none was said."""

    account: str
    roles: tuple[str, ...]
    has_subject: bool
    organization: str = ""


def add(
    db: Database,
    account: str,
    roles: tuple[str, ...],
    subject: tuple[str, str] | None,
    organization: str = "",
) -> None:
    """Give an account roles; `subject` is (issuer, sub). Taken where the subject has an account."""
    blind = None if subject is None else db.keys.blind(_SUBJECT, "|".join(subject))
    try:
        with db.write("bridge") as con:
            con.execute(
                "INSERT INTO staff (account, roles, subject, organization) VALUES (?, ?, ?, ?)",
                (account, " ".join(roles), blind, organization),
            )
    except sqlite3.IntegrityError:
        raise Taken("this person of the identity provider has an account already") from None


def roles(db: Database, account: str) -> tuple[str, ...]:
    """The roles of an account, none where it is nobody's of the staff."""
    row = db.reader("bridge").execute("SELECT roles FROM staff WHERE account = ?", (account,)).fetchone()
    return () if row is None else tuple(row[0].split())


def organization(db: Database, account: str) -> str:
    """The organisation that an account of the staff works for, '' where none was said."""
    row = (
        db.reader("bridge").execute("SELECT organization FROM staff WHERE account = ?", (account,)).fetchone()
    )
    return "" if row is None else str(row[0])


def move(db: Database, account: str, organization: str) -> None:
    """Say whom a member works for. KeyError where there is no such member."""
    with db.write("bridge") as con:
        done = con.execute("UPDATE staff SET organization = ? WHERE account = ?", (organization, account))
    if done.rowcount != 1:
        raise KeyError(f"there is no member of staff {account}")


def by_subject(db: Database, issuer: str, subject: str) -> str | None:
    """The account of that person of the provider."""
    blind = db.keys.blind(_SUBJECT, f"{issuer}|{subject}")
    row = db.reader("bridge").execute("SELECT account FROM staff WHERE subject = ?", (blind,)).fetchone()
    return None if row is None else str(row[0])


def listed(db: Database) -> tuple[StaffRow, ...]:
    """All of the staff."""
    rows = db.reader("bridge").execute(
        "SELECT s.account, s.roles, s.subject IS NOT NULL, s.organization FROM staff s"
        " JOIN accounts a ON a.account = s.account WHERE a.closed IS NULL ORDER BY s.account"
    )
    return tuple(
        StaffRow(account, tuple(given.split()), bool(has), organization)
        for account, given, has, organization in rows.fetchall()
    )


def remove(db: Database, account: str) -> None:
    """End it all for a member of staff. KeyError where there is none."""
    if not roles(db, account):
        raise KeyError(f"there is no member of staff {account}")
    close(db, account)
