"""Invitations: how somebody comes to act for a patient, or a member of staff to sign in, for the first time.

Law: a code has 256 random bits, works once and ends; whoever brings it says the patient's birth date, and with
another date it is refused, counted, and nothing is told about the right one (issue: representation). An account
that is there already gains the representation; a new one is made by `bridge.people.signing_up`. Others who act
for the patient are told: an added representative is a widening. Rejected: codes by mail without a birth date.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Final

from bridge.people.notices import What, tell_others
from bridge.people.representation import GIVEN, Kind, Power
from bridge.people.throttle import Of, TryLater, attempt, succeeded
from bridge.period import DAY, Instant
from bridge.store import accounts, representations
from bridge.store import invitations as kept
from bridge.store.db import Database
from bridge.store.invitations import Invitation
from bridge.store.keys import Erased
from bridge.store.patients import load
from bridge.store.representations import RepresentationRow

LIFE: Final = 7 * DAY
STAFF_LIFE: Final = DAY
MOST_CODE: Final = 100


class Void(StrEnum):
    """Why an invitation does not let in."""

    UNKNOWN = "unknown"
    USED = "used"
    OVER = "over"
    BIRTH_DATE = "birth-date"


class NoBirthDate(Exception):
    """Nobody can be invited for a patient whose birth date is not known: ages cannot be computed."""


@dataclass(frozen=True, slots=True)
class Offer:
    """To act for a patient: in what capacity, on what evidence (how it was seen that this is so), by whom made;
    `powers` empty means those of the kind."""

    patient: int
    kind: Kind
    evidence: str
    by: str
    to: str = ""
    powers: frozenset[Power] = frozenset()
    ends: Instant | None = None


def invite(db: Database, offer: Offer, now: Instant, life: Instant = LIFE) -> str:
    """Make an invitation; its code, kept nowhere. NoBirthDate."""
    if load(db, offer.patient).birth_date is None:
        raise NoBirthDate("this person's birth date is not known: it is what an invitation is compared with")
    powers = tuple(sorted((offer.powers or GIVEN[offer.kind]) | {Power.REVOKE}))
    code = secrets.token_urlsafe(32)
    one = Invitation(
        "person", offer.patient, None, offer.kind, powers, now, now + life, offer.to, offer.evidence, offer.by,
        offer.ends,
    )  # fmt: skip
    kept.add(db, _digest(code), one)
    return code


def invite_staff(db: Database, account: str, now: Instant) -> str:
    """A code with which a member of staff registers their passkey."""
    code = secrets.token_urlsafe(32)
    one = Invitation("staff", None, account, "staff", (), now, now + STAFF_LIFE)
    kept.add(db, _digest(code), one)
    return code


def look(db: Database, code: str, now: Instant) -> Invitation | Void:
    """What a code offers, without using it."""
    found = kept.find(db, _digest(code))
    if found is None:
        return Void.UNKNOWN
    if found.used is not None:
        return Void.USED
    return found if now < found.expires else Void.OVER


def judged(db: Database, code: str, born: date | None, now: Instant) -> Invitation | Void | TryLater:
    """The same where the birth date is the patient's; a wrong one counts against the invitation."""
    found = look(db, code, now)
    if not isinstance(found, Invitation) or found.patient is None:
        return found if isinstance(found, Void) else Void.UNKNOWN
    subject = {Of.INVITATION: _digest(code).hex()}
    if (later := attempt(db, subject, now)) is not None:
        return later
    try:
        is_right = born is not None and load(db, found.patient).birth_date == born
    except (KeyError, Erased):
        return Void.UNKNOWN
    if not is_right:
        return Void.BIRTH_DATE
    succeeded(db, subject)
    return found


def redeem(db: Database, code: str, account: str, now: Instant) -> int | Void:
    """Use a judged invitation for an account: the patient it may act for from now on."""
    found = look(db, code, now)
    if isinstance(found, Void) or found.patient is None:
        return found if isinstance(found, Void) else Void.UNKNOWN
    if not kept.use(db, _digest(code), now):
        return Void.USED
    by = f"invited by {found.by}" if found.by else "invited"
    row = RepresentationRow(
        0, found.patient, account, found.kind, found.powers, now, found.ends, None, found.evidence, by
    )
    representations.add(db, row)
    who = accounts.load(db, account)
    name = who.name if who else ""
    tell_others(db, found.patient, account, What.REPRESENTATIVE_ADDED, name, found.kind, now=now)
    return found.patient


def accept(db: Database, code: str, born: date | None, account: str, now: Instant) -> int | Void | TryLater:
    """For an account that is there: judge and use; the patient."""
    found = judged(db, code, born, now)
    return redeem(db, code, account, now) if isinstance(found, Invitation) else found


def enrol(db: Database, code: str, now: Instant) -> str | Void:
    """Use a staff invitation: the account that may register a passkey."""
    found = look(db, code, now)
    if isinstance(found, Void) or found.account is None:
        return found if isinstance(found, Void) else Void.UNKNOWN
    return found.account if kept.use(db, _digest(code), now) else Void.USED


def _digest(code: str) -> bytes:
    return sha256(code[:MOST_CODE].encode()).digest()
