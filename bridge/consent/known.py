"""Whom an asker means: the patient behind a logical id or an identifier, as far as it may know.

Law: a recipient that knows a person under a pairing finds it by ids of that pairing alone, and one that
knows it in clear by ids in clear alone; otherwise a right id of the wrong kind would join the two. An
identifier finds only a person whose identifiers the asker may see. A provider's own record is found by its own ids
alone, and by its custodian alone. What is not found is as absent as what
does not exist (`consent.md`, what the asker learns).
"""

from __future__ import annotations

from itertools import chain

from bridge.consent.asker import asker, newest
from bridge.consent.custodian import custodian
from bridge.consent.decide import known_as, last_known_as
from bridge.consent.grant import Identity, State, state_at
from bridge.consent.memory import Memory
from bridge.consent.permit import DeliveryPermit, OperatorPermit, OwnerPermit, Permit, RecipientPermit
from bridge.consent.summed import behind
from bridge.mapping.resources import OBSERVATION
from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.grants import pairings, patient_of
from bridge.store.ids import Name
from bridge.store.patients import by_identifier


def behind_id(db: Database, memory: Memory, permit: Permit, kind: str, text: str, now: Instant) -> int | None:
    """The patient that an id of that kind belongs to."""
    if isinstance(permit, OwnerPermit | OperatorPermit):
        name = db.ids.read(kind, text)
        return name.patient if name is not None and name.patient == permit.patient else None
    if isinstance(permit, DeliveryPermit):
        return _of_delivery(db, memory, permit, kind, text)
    keys, named = sorted({permit.organization, permit.client} - {""}), False
    for pairing in chain((b"",), (each for key in keys for each in pairings(db, key))):
        name = db.ids.read(kind, text, pairing)
        named = named or name is not None
        if name is not None and not pairing and custodian(db, permit, name.patient, now):
            return name.patient
        if name is not None and pairing == _known_as(memory, permit, name.patient, now):
            return name.patient if permit.concerns(name.patient) else None
    if not named:  # an id of nobody costs what one of a stranger costs
        custodian(db, permit, None, now)
        _known_as(memory, permit, None, now)
    return None


def behind_summary(
    db: Database, permit: Permit, text: str, kind: str = OBSERVATION
) -> tuple[Name, bool] | None:
    """What the id of a summary, or of its report, says that was minted for the asker alone, and whether of a block that
    is frozen."""
    if isinstance(permit, DeliveryPermit):
        return None
    secrets = [b""]
    if not isinstance(permit, OwnerPermit | OperatorPermit):
        keys = sorted({permit.organization, permit.client} - {""})
        secrets = [*(key.encode() for key in keys), *(each for key in keys for each in pairings(db, key))]
    found = (behind(db.ids, text, secret, kind) for secret in secrets)
    return next((each for each in found if each is not None and _is_of(permit, each[0].patient)), None)


def _is_of(permit: OwnerPermit | OperatorPermit | RecipientPermit, patient: int) -> bool:
    if isinstance(permit, RecipientPermit):
        return permit.concerns(patient)
    return permit.patient == patient


def in_context(db: Database, memory: Memory, permit: Permit, now: Instant) -> str | None:
    """The Patient id under which the asker knows the patient of its token; None for a system's token."""
    if isinstance(permit, OwnerPermit):
        return db.ids.one("Patient", Name(permit.patient, 0, 0, 0))
    if not isinstance(permit, RecipientPermit):
        return None
    pairing = None if permit.patient is None else _known_as(memory, permit, permit.patient, now)
    if permit.patient is None or pairing is None:
        return None
    return db.ids.one("Patient", Name(permit.patient, 0, 0, 0), pairing)


def _known_as(memory: Memory, permit: RecipientPermit, patient: int | None, now: Instant) -> bytes | None:
    """The pairing of now, or of the last grant that there was: what was held is taken back under it."""
    _, standings = memory.grants_for(permit, patient)
    client, organization, purpose = permit.client, permit.organization, permit.purpose
    for known in (known_as, last_known_as):
        found = known(standings, client=client, organization=organization, purpose=purpose, now=now)
        if found is not None:
            return found
    return None


def _of_delivery(db: Database, memory: Memory, permit: DeliveryPermit, kind: str, text: str) -> int | None:
    patient = patient_of(db, permit.grant)
    if patient is None:
        return None
    grant = newest(permit.grant, memory.standings(patient, memory.epoch(patient)))
    name = None if grant is None else db.ids.read(kind, text, grant.pairing)
    return patient if name is not None and name.patient == patient else None


def behind_identifier(
    db: Database, memory: Memory, permit: Permit, system: str, value: str, now: Instant
) -> int | None:
    """The patient with that identifier, where the asker may see identifiers."""
    patient = by_identifier(db, system, value)
    if isinstance(permit, OwnerPermit | OperatorPermit):
        return patient if patient == permit.patient else None
    _, standings = memory.grants_for(permit, patient)
    who = asker(permit, patient, standings, now, db)
    named = (
        each
        for each in standings
        if each.grant.identity is Identity.FULL
        and each.grant.recipient.includes(who.client, who.organization)
        and each.grant.purpose == who.purpose
        and state_at(each, now) is State.ACTIVE
    )
    return patient if who.is_open and any(True for _ in named) else None
