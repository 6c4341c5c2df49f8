"""What goes with a token: whom it is about, who signed in, and until when it can live.

Law: the patient in context is the one that was chosen on the consent page, by the id under which this recipient
knows them: a pseudonymous grant shows no other (`consent.md`, identity). `sub` is of this client alone, so two
clients cannot join what they know of an account (OpenID Connect Core 8.1, pairwise). `fhirUser` is told where the
patient signed in; a representative has no FHIR resource here, so the scope is not granted (SMART App Launch 2.2).
Nothing lives longer than the grants that carry it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import bridge.store.clients
from bridge.consent.decide import known_as
from bridge.consent.in_force import InForce, in_force
from bridge.consent.memory import Memory
from bridge.period import HOUR, Instant
from bridge.smart.narrowed import narrowed
from bridge.smart.scopes import PERSON, Scopes, parse
from bridge.store import grants as kept
from bridge.store.authorisations import Authorisation
from bridge.store.db import Database
from bridge.store.ids import Name

ACCESS: Final = HOUR
"""SMART App Launch 2.2: an access token should not live longer than an hour."""
ONLINE: Final = 12 * HOUR
"""How long `online_access` lasts after the approval: the bridge does not see whether the user is still there."""


@dataclass(frozen=True, slots=True)
class Context:
    """An authorisation that is carried by grants now. `patient`: the FHIR id; `user`: the same where the
    patient signed in, else ''; `sub`: who signed in, for this client."""

    authorisation: Authorisation
    carried: InForce
    patient: str
    user: str
    sub: str

    def scopes(self, asked: str) -> Scopes:
        """What the grants in force leave of scopes that were approved."""
        return narrowed(
            parse(asked).of(PERSON), self.carried.kinds, {w for g in self.carried.grants for w in g.ways}
        )

    def access_ends(self, now: Instant) -> Instant:
        """When an access token that is made now ends."""
        return min(now + ACCESS, self.refresh_ends(), self.carried.until)

    def refresh_ends(self) -> Instant:
        """When a refresh token ends: with the grants, or with the user's presence."""
        scopes = parse(self.authorisation.scope)
        lasting = "offline_access" in scopes or "online_access" not in scopes
        return self.carried.until if lasting else min(self.carried.until, self.authorisation.made + ONLINE)

    @property
    def is_refreshable(self) -> bool:
        """Whether a refresh token goes with it."""
        scopes = parse(self.authorisation.scope)
        return "offline_access" in scopes or "online_access" in scopes


def context(db: Database, of: Authorisation, now: Instant, memory: Memory | None = None) -> Context | None:
    """What goes with this authorisation now; None where its client is gone or no grant carries it."""
    try:
        client = bridge.store.clients.load(db, of.client)
    except KeyError:
        return None
    remembered = memory or Memory(db)
    epoch = kept.epoch_for(db, of.patient, client.organization, client.id)
    standings = remembered.standings(of.patient, epoch) if epoch else ()
    carried = in_force(standings, client.id, client.organization, client.purpose, of.grant, now)
    pairing = known_as(
        standings, client=client.id, organization=client.organization, purpose=client.purpose, now=now
    )
    if carried is None or pairing is None:
        return None
    patient = db.ids.one("Patient", Name(of.patient, 0, 0, 0), pairing)
    sub = db.keys.blind(f"sub|{client.id}", of.account).hex()
    return Context(of, carried, patient, patient if of.is_self else "", sub)
