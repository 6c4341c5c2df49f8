"""Owner's tokens: with one, a person's own app reads that person's record over FHIR, and does nothing else.

Law (issue: sign-in): read-only, one person, one device, an end of at most a year. A token is looked up at every
request, and so is whether its account may still see that person: a representation that has ended ends its tokens
with it. It is shown once, begins with a word that finders of lost secrets recognise, and rests as a hash.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from bridge.consent.permit import OwnerPermit
from bridge.people.representation import Power, may, people_of
from bridge.people.sessions import Session
from bridge.period import DAY, Instant
from bridge.store import owner_tokens as kept
from bridge.store.db import Database
from bridge.store.owner_tokens import OwnerToken

PREFIX: Final = "cgmowner_"
LONGEST_DAYS: Final = 365
DEVICE_LENGTH: Final = 60
_HEADER: Final = re.compile(rf"[Bb][Ee][Aa][Rr][Ee][Rr] +({PREFIX}[A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True)
class Owner:
    """A verified owner: the permit for the gate, and the token's id."""

    permit: OwnerPermit
    token: str


def issue(db: Database, account: str, patient: int, device: str, days: int, now: Instant) -> str | None:
    """A new token, to be shown once; None where the account may not see that person. ValueError: the days."""
    if not 1 <= days <= LONGEST_DAYS:
        raise ValueError(f"a token lives 1 to {LONGEST_DAYS} days")
    if not _sees_everything(db, account, patient, now):
        return None
    token, name = PREFIX + secrets.token_urlsafe(32), secrets.token_hex(8)
    one = OwnerToken(name, account, patient, device.strip()[:DEVICE_LENGTH], now, None, now + days * DAY)
    kept.add(db, _digest(token), one)
    return token


def owner(db: Database, header: str, now: Instant) -> Owner | None:
    """Who holds the owner's token of an Authorization header; None where it is none that holds."""
    match = _HEADER.fullmatch(header)
    found = None if match is None else kept.find(db, _digest(match[1]), now)
    if found is None or not _sees_everything(db, found.account, found.patient, now):
        return None
    kept.saw(db, found, now)
    return Owner(OwnerPermit(found.patient), found.id)


def permit(db: Database, session: Session, patient: int, now: Instant) -> OwnerPermit | None:
    """The permit of a person who is signed in, to see somebody for whom they may; None for staff, always."""
    if session.persona != "person" or not may(db, session.account, patient, Power.SEE, now):
        return None
    return OwnerPermit(patient)


listed = kept.listed
end = kept.end


def _sees_everything(db: Database, account: str, patient: int, now: Instant) -> bool:
    """Whether the account may see all of that person: a token reads notes too, which have a say of their own from
    an age on (`consent.md`, representation), so whoever may not see those has no token."""
    return any(
        each.patient == patient and Power.SEE in each.powers and each.sees_notes
        for each in people_of(db, account, now)
    )


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
