"""Signing in and signing up: the ways in for a person, and what each of them costs a stranger.

Law: whoever is wrong learns that something is wrong, not what; an unknown name takes the same work as a known one
and is throttled alike (`bridge.people.throttle`). A password never suffices: a code of the app or a recovery code
goes with it, in the same form, so that a right password alone tells nothing. The use of a recovery code is told.
Ways in are not identity: for whom an account may act is a record (`bridge.people.representation`).
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeGuard

from bridge.people import factors, invitations, passkeys, passwords
from bridge.people.invitations import Void
from bridge.people.notices import What, tell
from bridge.people.throttle import Of, TryLater, attempt, succeeded
from bridge.period import Instant
from bridge.store import accounts
from bridge.store import passkeys as kept_passkeys
from bridge.store.accounts import Persona, Taken
from bridge.store.db import Database
from bridge.store.passkeys import Passkey

LOGIN_LENGTH: Final = range(3, 255)
NAME_LENGTH: Final = range(1, 101)


class Wrong(StrEnum):
    """What cannot be accepted, field by field."""

    ENTRY = "entry"  # name, password or code: not told which
    LOGIN = "login"
    TAKEN = "taken"
    NAME = "name"
    CODE = "code"
    PASSKEY = "passkey"


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody types to sign in, and from which address."""

    login: str
    password: str
    code: str
    address: str


@dataclass(frozen=True, slots=True)
class Joining:
    """What somebody gives to sign up with a password: `secret` is the app's, `code` one that it made."""

    login: str
    name: str
    password: str
    secret: str
    code: str


def is_account(result: object) -> TypeGuard[str]:
    """Whether somebody is in: the result is an account's id and no word of a closed list."""
    return type(result) is str


def spelled(login: str) -> str:
    """A sign-in name as it is compared: NFKC, without case."""
    return unicodedata.normalize("NFKC", login).casefold().strip()


def enter(db: Database, entry: Entry, now: Instant) -> str | Wrong | TryLater:
    """The account that a name, a password and a code open."""
    login = spelled(entry.login)
    subjects = {Of.ACCOUNT: login, Of.ADDRESS: entry.address}
    if (later := attempt(db, subjects, now)) is not None:
        return later
    known = accounts.by_login(db, login)
    is_right = passwords.is_right(entry.password, known.password if known else None)
    if known is None or known.persona != "person" or not is_right:
        return Wrong.ENTRY
    if not factors.take(db, known.id, entry.code, now):
        return Wrong.ENTRY
    succeeded(db, subjects)
    if known.password and passwords.is_outdated(known.password):
        accounts.set_password(db, known.id, passwords.encoded(entry.password))
    if factors.is_recovery(entry.code):
        tell(db, known.id, None, What.RECOVERY_USED)
    return known.id


def enter_by_passkey(
    db: Database,
    where: passkeys.Site,
    answer: str,
    asked: bytes,
    persona: Persona,
    address: str,
    now: Instant,
) -> str | Wrong | TryLater:
    """The account whose passkey answered; of that persona and no other."""
    subjects = {Of.ADDRESS: address}
    if (later := attempt(db, subjects, now)) is not None:
        return later
    account = passkeys.signer(db, where, answer, asked, now)
    known = None if account is None else accounts.load(db, account)
    if known is None or known.persona != persona:
        return Wrong.PASSKEY
    succeeded(db, subjects)
    return known.id


def recover(db: Database, entry: Entry, now: Instant) -> str | Wrong | TryLater:
    """The account that a name and a recovery code open where it has no password (its passkey is lost)."""
    login = spelled(entry.login)
    subjects = {Of.ACCOUNT: login, Of.ADDRESS: entry.address}
    if (later := attempt(db, subjects, now)) is not None:
        return later
    known = accounts.by_login(db, login)
    passwords.is_right("the same work for everybody", None)
    if known is None or known.persona != "person" or known.password is not None:
        return Wrong.ENTRY
    if not factors.is_recovery(entry.code) or not factors.take(db, known.id, entry.code, now):
        return Wrong.ENTRY
    succeeded(db, subjects)
    tell(db, known.id, None, What.RECOVERY_USED)
    return known.id


# ------------------------------------------------------------------------------------------ signing up


def fault(joining: Joining, now: Instant) -> Wrong | passwords.Weak | None:
    """What is wrong with what somebody gives to sign up with a password."""
    if (wrong := named_fault(joining.login, joining.name)) is not None:
        return wrong
    weak = passwords.weakness(joining.password, joining.login, joining.name)
    if weak is not None:
        return weak
    return None if factors.step_of(joining.secret, joining.code, now) is not None else Wrong.CODE


def named_fault(login: str, name: str) -> Wrong | None:
    """What is wrong with a sign-in name or a name."""
    plain = spelled(login)
    if len(plain) not in LOGIN_LENGTH or not plain.isprintable() or " " in plain:
        return Wrong.LOGIN
    if len(name.strip()) not in NAME_LENGTH or not name.isprintable():
        return Wrong.NAME
    return None


def join(db: Database, code: str, joining: Joining, now: Instant) -> str | Wrong | passwords.Weak | Void:
    """A new account by a judged invitation, with password and app; its id."""
    if (wrong := fault(joining, now)) is not None:
        return wrong
    made = _account(db, code, new_account(), joining.login, joining.name, now)
    if isinstance(made, Wrong | Void):
        return made
    accounts.set_password(db, made, passwords.encoded(joining.password))
    accounts.set_totp(db, made, joining.secret)
    factors.take(db, made, joining.code, now)
    return made


def join_by_passkey(
    db: Database, code: str, passkey: Passkey, login: str, name: str, now: Instant
) -> str | Wrong | Void:
    """A new account by a judged invitation, with a passkey that was just made for it; its id."""
    if (wrong := named_fault(login, name)) is not None:
        return wrong
    made = _account(db, code, passkey.account, login, name, now)
    if not isinstance(made, Wrong | Void) and not kept_passkeys.add(db, passkey):
        accounts.close(db, made)
        return Wrong.PASSKEY
    return made


def new_account() -> str:
    """The id of an account to be made."""
    return secrets.token_hex(12)


def _account(
    db: Database, code: str, account: str, login: str, name: str, now: Instant
) -> str | Wrong | Void:
    try:
        accounts.add(db, account, "person", name.strip(), spelled(login))
    except Taken:
        return Wrong.TAKEN
    redeemed = invitations.redeem(db, code, account, now)
    if isinstance(redeemed, Void):
        accounts.close(db, account)
        return redeemed
    return account
