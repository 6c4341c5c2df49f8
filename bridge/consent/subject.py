"""The person as the asker may know it.

Law: demographics are there only where the Patient itself was asked for and the identity allows them: all of
them under full, name and birth date under visit, none under a paired identity, whose id is of the recipient's
own pairing (`consent.md`, identity). The version names what is told, so what another identity opens is never
"unchanged"; it and lastUpdated betray no change that is not shown, and a new time zone is nothing of a Patient.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.consent.asked import Asked
from bridge.consent.content import mac
from bridge.consent.decide import Decision
from bridge.consent.disclosure import Subject
from bridge.consent.grant import Identity
from bridge.period import BEGINNING, Instant, union
from bridge.store.patients import Patient


def subject(
    public: str, person: Patient, decision: Decision, asked: Asked, now: Instant, secret: Callable[[], bytes]
) -> Subject:
    """The person under the decision's identity; `public` is their id under its pairing. `secret`: the person's, for
    the number that names what is told."""
    identity = decision.identity
    is_named = asked.patient_resource and not identity.is_paired
    is_full = is_named and identity is Identity.FULL
    name, born = (person.name, person.birth_date) if is_named else (None, None)
    identifiers = person.identifiers if is_full else ()
    told = repr((public, identity, name, born, identifiers)).encode()
    return Subject(
        id=public,
        identity=identity,
        name=name,
        birth_date=born,
        identifiers=identifiers,
        zone=person.zones.zone_at(now),
        version=mac(secret(), told, 6).hex() if asked.patient_resource else "",
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
