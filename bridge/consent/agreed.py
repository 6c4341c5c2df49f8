"""The grants themselves, as far as somebody may read them: what a FHIR Consent is made of.

Law (`consent.md`, what the asker learns; `smart-consent.md`, L43): a recipient reads the grants that concern it
(itself, its purpose, the identity under which it knows the person), of each the newest version that did, and
nothing of any other grant or recipient. It is never told which sources were named or withheld, who else acts, why a
step was taken, or a pause's end; a paused grant looks like one that ended. A grant that never acted is not shown,
nor is a draft. The owner reads all. Who signed and which text was read are told under full and visit identity alone.

Rejected: the grant's own id (two pairings of one recipient could be joined by it); keeping Consents (a second truth).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import Final, final

from bridge.consent import grants
from bridge.consent.asked import Asked, Grain, Kind, Way
from bridge.consent.asker import Asker
from bridge.consent.decide import known_as, last_known_as
from bridge.consent.grant import (
    Authoriser,
    Grant,
    Identity,
    Standing,
    State,
    Step,
    Wording,
    active_times,
    state_at,
)
from bridge.period import BEGINNING, END_OF_TIME, Instant, Period, PeriodSet
from bridge.store.db import Database
from bridge.store.ids import Name
from bridge.store.patients import Patient

STATUS: Final[Mapping[State, str]] = {
    State.DRAFT: "draft",
    State.WAITING: "draft",  # R4: "awaiting use but is not yet intended to be acted upon"
    State.ACTIVE: "active",
    State.PAUSED: "inactive",
    State.EXPIRED: "inactive",
    State.REVOKED: "inactive",
    State.SUPERSEDED: "inactive",
}
"""R4 consent-state-codes of what a grant is now; SIGNED is never shown."""


@final
@dataclass(frozen=True, slots=True)
class DisclosedConsent:
    """One grant as its reader may know it. `version`: grant version, changes so far; `last_updated`: the last of
    them. `by`: who signed, None where that is not told; a representative's name is '' under visit identity. `client`:
    '' where the organisation as a whole is meant. `periods`: of the readings; of a rolling window today's.
    `has_every_source`: no source is left out, now or later. `wording` None: not told."""

    id: str
    version: str
    last_updated: Instant
    status: str
    signed: Instant
    by: Authoriser | None
    organization: str
    client: str
    name: str
    purpose: str
    begins: Instant
    ends: Instant
    periods: PeriodSet
    kinds: frozenset[Kind]
    grain: Grain
    ways: frozenset[Way]
    has_every_source: bool
    wording: Wording | None


def name_of(patient: int, grant: str) -> Name:
    """What the id of a grant's Consent stands for: 72 bits of the grant's own, under the key of the reader."""
    bits = int.from_bytes(sha256(grant.encode()).digest()[:9], "big")
    return Name(patient, bits >> 56, (bits >> 12 & 2**44 - 1) + BEGINNING, bits & 0xFFF)


def agreed(
    db: Database, person: Patient, who: Asker, asked: Asked, now: Instant
) -> tuple[DisclosedConsent, ...]:
    """The grants of the wish that its asker may read, oldest first."""
    standings = grants.listed(db, person.number)
    concerned = standings if who.sees_all else _concerning(standings, who, now)
    newest = {each.grant.id: each for each in concerned}
    found = (_told(db, person, who, each, now) for each in newest.values())
    return tuple(each for each in found if _is_asked(each, asked))


def _is_asked(one: DisclosedConsent, asked: Asked) -> bool:
    return (asked.ids is None or one.id in asked.ids) and (asked.states is None or one.status in asked.states)


def _concerning(standings: Sequence[Standing], who: Asker, now: Instant) -> Iterable[Standing]:
    client, organization, purpose = who.client, who.organization, who.purpose
    pairing = known_as(standings, client=client, organization=organization, purpose=purpose, now=now)
    if pairing is None:
        pairing = last_known_as(standings, client=client, organization=organization, purpose=purpose, now=now)
    return (
        each
        for each in standings
        if each.grant.recipient.includes(who.client, who.organization)
        and each.grant.purpose == who.purpose
        and each.grant.pairing == pairing
        and who.only in (None, each.grant.id)
        and any(event.step is Step.SIGN for event in each.events)
    )


def _told(db: Database, person: Patient, who: Asker, standing: Standing, now: Instant) -> DisclosedConsent:
    grant, to = standing.grant, standing.grant.recipient
    changes = _changes(standing, now)
    shown_at, days = _window(standing, person, now)
    turned = [person.zones.day(person.zones.local_date(shown_at)).start] if days else []
    pairing = b"" if who.sees_all else grant.pairing
    named = sorted(to.clients) if who.sees_all else [who.client]
    return DisclosedConsent(
        id=db.ids.one("Consent", name_of(person.number, grant.id), pairing),
        version=f"{grant.version}.{len(changes) + days}",
        last_updated=max([*changes, *turned, grant.signed]),
        status=STATUS[state_at(standing, now)],
        signed=grant.signed,
        by=_signer(grant, who),
        organization=to.organization,
        client=named[0] if to.clients and named else "",
        name=to.name,
        purpose=grant.purpose,
        begins=grant.begins,
        ends=grant.ends,
        periods=grant.periods_at(shown_at, person.zones),
        kinds=grant.kinds,
        grain=grant.grain,
        ways=grant.ways,
        has_every_source=grant.later_sources and not grant.withheld,
        wording=grant.wording if who.sees_all or not grant.identity.is_paired else None,
    )


def _signer(grant: Grant, who: Asker) -> Authoriser | None:
    """Who signed: the name of a third person goes with a full identity alone."""
    if who.sees_all or grant.identity is Identity.FULL:
        return grant.authoriser
    return None if grant.identity.is_paired else Authoriser("", grant.authoriser.role)


def _changes(standing: Standing, now: Instant) -> frozenset[Instant]:
    """When what is told of the grant became another: its steps, and where it began or ended to act."""
    edges = chain.from_iterable((each.start, each.end) for each in active_times(standing))
    return frozenset({event.at for event in standing.events} | {edge for edge in edges if edge <= now})


def _window(standing: Standing, person: Patient, now: Instant) -> tuple[Instant, int]:
    """When the periods of a grant are looked at: now, or when it last acted; and of a rolling window, how many
    midnights it has moved over so far."""
    past = (active_times(standing) & PeriodSet.between(BEGINNING, now + 1)).hull()
    at = max(now, standing.grant.begins) if past is None else past.end - 1
    if past is None or not standing.grant.rolling_days:
        return at, 0
    return at, (person.zones.local_date(at) - person.zones.local_date(past.start)).days


def edges(period: Period) -> tuple[Instant | None, Instant | None]:
    """First and last millisecond of a period as FHIR says it (R4 2.24.0.20: the end is inclusive); None: open."""
    start = None if period.start <= BEGINNING else period.start
    return start, None if period.end >= END_OF_TIME else period.end - 1
