"""Access tokens: made of chance, kept as a hash, turned back into a permit.

Law: a token is 256 random bits that mean nothing outside the database; it comes in the Authorization header
or not at all (RFC 6750 2.2 and 2.3 are refused). A RecipientPermit is made here alone: who asks (`authenticate`) or is
notified (`subscriber`), for which organisation and purpose, comes from the registry, never from a request.
One indexed look a request, and for a token that a person approved the state of the grants that carry it: what
ended, a token, its family, its client or the last grant, is ended at the next request.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import bridge.store.clients
import bridge.store.tokens
from bridge.consent.in_force import in_force
from bridge.consent.memory import Memory
from bridge.consent.permit import OwnerPermit, RecipientPermit
from bridge.period import Instant
from bridge.smart.scopes import PERSON, SYSTEM, Scopes, granted, parse
from bridge.store.db import Database

LIFE_SECONDS: Final = 300
"""SMART App Launch 2.2, backend-services: should not be longer than 300."""
_HEADER: Final = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Bearer:
    """A verified asker: the permit for the gate, and the outer fence. An owner's is made by `web.owner`."""

    permit: RecipientPermit | OwnerPermit
    scopes: Scopes

    @property
    def holder(self) -> str:
        """To whom a page link belongs: the client, or the person themself."""
        if isinstance(self.permit, OwnerPermit):
            return f"owner of {self.permit.patient}"
        return self.permit.client


@dataclass(frozen=True, slots=True)
class Live:
    """A living token: who holds it, when it ends at the latest, and what a person approved it by."""

    bearer: Bearer
    expires: Instant
    authorisation: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request stays outside (RFC 6750 3.1). `error` is None where nothing was shown."""

    error: str | None
    sentence: str


NOTHING_SHOWN: Final = Refusal(None, "This address needs an access token in the Authorization header.")
NOT_VALID: Final = Refusal("invalid_token", "The access token is unknown or has run out: ask for a new one.")


def fresh() -> str:
    """A new token: 256 bits as 43 characters."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """What is kept of a token, a code, or any other secret of ours."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def issuer_of(fhir_base: str) -> str:
    """Who issues tokens for the FHIR server at that base (RFC 8414 2, issuer): the address before /fhir."""
    return fhir_base.removesuffix("/fhir")


def authenticate(
    db: Database, header: str | None, now: Instant, memory: Memory | None = None
) -> Bearer | Refusal:
    """Who holds the token of an Authorization header; None: there was no such header. `memory`: what the asking
    process remembers of grants by their epoch, so that a page does not read them again."""
    if header is None:
        return NOTHING_SHOWN
    match = _HEADER.fullmatch(header)
    if match is None:
        return NOT_VALID
    live = living(db, digest(match[1]), now, memory or Memory(db))
    return NOT_VALID if live is None else live.bearer


def subscriber(db: Database, client: str, scopes: str, name: str, now: Instant) -> Bearer | None:
    """Who a notification goes to, as if it asked now with the token it subscribed with: the client as it is registered,
    its scopes as far as it still has them. None: it is registered no more. `name`: of the subscription."""
    try:
        found = bridge.store.clients.load(db, client)
    except KeyError:
        return None
    expires = now + LIFE_SECONDS * 1000
    permit = RecipientPermit(found.id, found.organization, found.purpose, name[:16], expires)
    return Bearer(permit, granted(scopes, found.scopes).of(SYSTEM))


def living(db: Database, hashed: bytes, now: Instant, memory: Memory) -> Live | None:
    """The token of that hash with what it stands on; None where it is unknown, ran out, was revoked, or no grant
    carries it any more."""
    found = bridge.store.tokens.find(db, hashed, now)
    if found is None:
        return None
    permit = RecipientPermit(
        found.client, found.organization, found.purpose, hashed[:8].hex(), found.expires, found.patient
    )
    if found.patient is None:
        return Live(Bearer(permit, parse(found.scope).of(SYSTEM)), found.expires)
    _, standings = memory.grants_for(permit, found.patient)
    carried = in_force(standings, found.client, found.organization, found.purpose, found.grant or "", now)
    if carried is None:
        return None
    expires = min(found.expires, carried.until)
    return Live(Bearer(permit, parse(found.scope).of(PERSON)), expires, found.authorisation)
