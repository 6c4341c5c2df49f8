"""Staff: who they are, by which roles, and the log of what they do to the installation.

Law (issue: sign-in of staff): there is no staff but by `cgm-bridge staff add`, or by a privacy officer afterwards;
roles are ours and never taken from what an identity provider says about groups. Nobody changes their own roles.
A member works for one organisation and sees what was asked for its programs alone; to whom none was said, and there
are several, sees nothing of them.
Every act on clients, mappings, keys, roles and retries is written down before it is done.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from bridge.people.invitations import invite_staff
from bridge.people.roles import Deed, Role, deeds
from bridge.period import Instant
from bridge.store import accounts, clients, passkeys
from bridge.store import deeds as log
from bridge.store import staff as kept
from bridge.store.clients import Client
from bridge.store.db import Database


@dataclass(frozen=True, slots=True)
class Member:
    """One member of staff. `way`: identity provider, passkey, or not enrolled yet;
    `organization`: whom they work for, '' where none was said."""

    account: str
    name: str
    roles: frozenset[Role]
    way: str
    organization: str = ""


class Refused(Exception):
    """What a rule forbids; the sentence says which."""


def add(
    db: Database,
    name: str,
    roles: Iterable[Role],
    subject: tuple[str, str] | None,
    now: Instant,
    organization: str = "",
) -> tuple[str, str | None]:
    """A new member: their account, and a code to enrol a passkey where they have no `subject` (issuer, sub) at
    the provider. Refused; accounts.Taken."""
    given = tuple(sorted(set(roles)))
    if not given or not 1 <= len(name.strip()) <= 100 or not name.isprintable():
        raise Refused("a member of staff has a name of one line and at least one role")
    _known_organization(db, organization)
    account = secrets.token_hex(12)
    accounts.add(db, account, "staff", name.strip(), "")
    try:
        kept.add(db, account, given, subject, organization)
    except accounts.Taken:
        accounts.close(db, account)
        raise
    return account, None if subject else invite_staff(db, account, now)


def move(db: Database, account: str, organization: str) -> None:
    """Say whom a member works for. KeyError; Refused."""
    _known_organization(db, organization)
    kept.move(db, account, organization)


def organizations(db: Database) -> tuple[str, ...]:
    """Whose programs are registered; a program of none stands for itself."""
    return tuple(sorted({owner(each) for each in clients.listed(db)}))


def programs(db: Database, account: str) -> tuple[Client, ...]:
    """The programs that a member of staff works with: those of their organisation; all, where there is but one."""
    every, own = clients.listed(db), kept.organization(db, account)
    if not own:
        return tuple(every) if len({owner(each) for each in every}) < 2 else ()
    return tuple(each for each in every if owner(each) == own)


def members(db: Database) -> tuple[Member, ...]:
    """Everybody, by name."""
    found = [_member(db, row) for row in kept.listed(db)]
    return tuple(sorted(found, key=lambda each: (each.name, each.account)))


def roles_of(db: Database, account: str) -> frozenset[Role]:
    """The roles of an account, now."""
    return frozenset(Role(each) for each in kept.roles(db, account))


def may(db: Database, account: str, deed: Deed) -> bool:
    """Whether a member of staff may do this, now."""
    return deed in deeds(roles_of(db, account))


def remove(db: Database, account: str, by: str = "") -> None:
    """End a member's account and sessions. KeyError; Refused where it is one's own."""
    if account == by:
        raise Refused("nobody removes themself: another member with that right does")
    kept.remove(db, account)


def record(db: Database, account: str, act: str, what: str, reason: str = "") -> int:
    """Write down what a member is about to do. LedgerUnavailable: then it must not be done."""
    known = accounts.load(db, account)
    how = ", ".join(sorted(roles_of(db, account)))
    return log.append(db, act, what, known.name if known else account, how, reason)


def owner(client: Client) -> str:
    """Whose program it is: an organisation's, or its own."""
    return client.organization or client.name


def _known_organization(db: Database, organization: str) -> None:
    if organization and organization not in organizations(db):
        known = ", ".join(organizations(db)) or "none"
        raise Refused(f"no program of {organization!r} is registered; registered are those of: {known}")


def _member(db: Database, row: kept.StaffRow) -> Member:
    known = accounts.load(db, row.account)
    way = "identity provider" if row.has_subject else "passkey"
    if not row.has_subject and not passkeys.listed(db, row.account):
        way = "not enrolled yet"
    roles = frozenset(Role(each) for each in row.roles)
    return Member(row.account, known.name if known else "", roles, way, row.organization)
