"""The person as the asker may know it.

Law: demographics are there only where the Patient itself was asked for and the identity allows them: all of
them under full, name and birth date under visit, none under a paired identity, whose id is of the recipient's
own pairing (`consent.md`, identity). Version and lastUpdated betray no change that is not shown: demographics
are entered once, and a new time zone is nothing of a Patient.
"""

from __future__ import annotations

from bridge.consent.asked import Asked
from bridge.consent.decide import Decision
from bridge.consent.disclosure import Subject
from bridge.consent.grant import Identity
from bridge.period import BEGINNING, Instant, union
from bridge.store.patients import Patient


def subject(public: str, person: Patient, decision: Decision, asked: Asked, now: Instant) -> Subject:
    """The person under the decision's identity; `public` is their id under its pairing."""
    identity = decision.identity
    is_named = asked.patient_resource and not identity.is_paired
    is_full = is_named and identity is Identity.FULL
    return Subject(
        id=public,
        identity=identity,
        name=person.name if is_named else None,
        birth_date=person.birth_date if is_named else None,
        identifiers=person.identifiers if is_full else (),
        zone=person.zones.zone_at(now),
        version=1,
        last_updated=last_updated(person, decision),
    )


def last_updated(person: Patient, decision: Decision) -> Instant:
    """When the person came to be told as they are."""
    return max(_since(decision), 0 if decision.identity.is_paired else person.changed)


def _since(decision: Decision) -> Instant:
    """Since when the person is visible without a break."""
    boxes = (*decision.boxes, *(box for box in decision.ended if box.is_alike))
    stretches = union(box.active for box in boxes).periods
    return stretches[-1].start if stretches else BEGINNING
