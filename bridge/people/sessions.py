"""Sessions: who is at the other end of a cookie, since when, and for how long without a word.

Law: a cookie is 256 random bits that mean nothing outside the database, made anew at every sign-in, so nobody
can plant one beforehand (session fixation). Two limits, idle and absolute, shorter for staff at shared desks
(NIST SP 800-63B, reauthentication at AAL2: 30 minutes, 12 hours). The form secret is computed from the cookie
and kept nowhere. A session says who, never what they may: that is asked of records at every act.

Rejected: signed cookies without a row (they cannot be ended).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

from bridge.period import HOUR, MINUTE, Instant
from bridge.store import sessions as kept
from bridge.store.accounts import Persona, load
from bridge.store.db import Database
from bridge.store.sealing import derived
from bridge.store.sessions import SessionRow


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lives without a request, and at all (ms)."""

    idle: Instant
    absolute: Instant


LIMITS: Final[dict[Persona, Limits]] = {
    "person": Limits(30 * MINUTE, 12 * HOUR),
    "staff": Limits(15 * MINUTE, 10 * HOUR),
}
COOKIE_LENGTH: Final = 43
DEVICE_LENGTH: Final = 120


@dataclass(frozen=True, slots=True)
class Session:
    """A living session. `id` names it in the list of devices and is never the cookie; `csrf` is what its forms
    carry; `name` is the account's."""

    id: str
    account: str
    persona: Literal["person", "staff"]
    csrf: str
    signed_in: Instant
    name: str


def start(
    db: Database, account: str, persona: Persona, now: Instant, device: str = ""
) -> tuple[str, Session]:
    """Begin a session; its cookie and what it is. KeyError where there is no such account."""
    known = load(db, account)
    if known is None or known.persona != persona:
        raise KeyError(f"there is no {persona} account {account}")
    cookie, name = secrets.token_urlsafe(32), secrets.token_hex(8)
    row = SessionRow(
        id=name,
        account=account,
        persona=persona,
        signed_in=now,
        seen=now,
        expires=now + LIMITS[persona].absolute,
        name=known.name,
        device=device[:DEVICE_LENGTH],
    )
    kept.add(db, _digest(cookie), row)
    return cookie, _session(db, cookie, row)


def find(db: Database, cookie: str | None, now: Instant) -> Session | None:
    """The living session of a cookie; None where it is unknown, ran out, or its account is closed."""
    if cookie is None or len(cookie) != COOKIE_LENGTH:
        return None
    row = kept.find(db, _digest(cookie), now)
    if row is None:
        return None
    if now - row.seen >= LIMITS[row.persona].idle:
        kept.end(db, row.id, row.account)
        return None
    kept.saw(db, row, now)
    return _session(db, cookie, row)


def end(db: Database, session: Session) -> None:
    """Sign out here."""
    kept.end(db, session.id, session.account)


def end_one(db: Database, account: str, session: str) -> None:
    """Sign out one device of the account, by the id in the list of devices."""
    kept.end(db, session, account)


def end_everywhere(db: Database, account: str, but: str = "") -> None:
    """Sign out on every device, or on every other one than the session `but`."""
    kept.end_all(db, account, but)


def devices(db: Database, account: str, now: Instant) -> tuple[SessionRow, ...]:
    """The account's living sessions, the last used first."""
    idle = LIMITS
    return tuple(each for each in kept.listed(db, account, now) if now - each.seen < idle[each.persona].idle)


def form_secret(db: Database, cookie: str) -> str:
    """What a form of this browser carries: nobody without the cookie can say it."""
    digest = hmac.digest(derived(db, "form secrets"), cookie.encode("utf-8", "replace"), sha256)
    return digest.hex()[:48]


def _session(db: Database, cookie: str, row: SessionRow) -> Session:
    return Session(row.id, row.account, row.persona, form_secret(db, cookie), row.signed_in, row.name)


def _digest(cookie: str) -> bytes:
    return sha256(cookie.encode("utf-8", "replace")).digest()
