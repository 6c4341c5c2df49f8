"""Representation: for whom an account may act, and what it may do, computed from records and now.

Law: a record has a kind, evidence, powers, a start and an end; nothing else gives a power and no power is
stored as it stands (the clock passes an edge and a stored answer lies). The person themself is a record of the
kind `self`. A representation that began before majority is over at majority, whatever it says: no answer means
no; a confirmation by the grown person is a new record. Without a known birth date nobody may do anything,
because ages cannot be computed (absence means no). Rejected: a role stored at the account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from bridge.consent.grant import Authoriser
from bridge.people.ages import ALL, NONE, OTHERS, OWN, Ages, Birthdays, Power, birthdays
from bridge.period import END_OF_TIME, Instant
from bridge.store import representations as kept
from bridge.store.accounts import load as account_of
from bridge.store.db import Database
from bridge.store.keys import Erased
from bridge.store.patients import Patient
from bridge.store.patients import load as patient_of
from bridge.store.representations import RepresentationRow

__all__ = ["Kind", "Power", "Represented", "authoriser", "latest_end", "may", "people_of"]


class Kind(StrEnum):
    """In what capacity somebody acts."""

    SELF = "self"
    PARENT = "parent"
    GUARDIAN = "guardian"  # by a court or an authority
    CARER = "carer"  # named by the parents or the person
    PROXY = "proxy"  # named by the adult person
    EXECUTOR = "executor"  # personal representative after death or lasting incapacity


GIVEN: Final[dict[Kind, frozenset[Power]]] = {
    Kind.SELF: ALL,
    Kind.PARENT: ALL,
    Kind.GUARDIAN: ALL,
    Kind.CARER: frozenset({Power.SEE, Power.REVOKE}),
    Kind.PROXY: frozenset({Power.SEE, Power.REVOKE}),
    Kind.EXECUTOR: frozenset({Power.SEE, Power.GRANT, Power.REVOKE, Power.ERASE}),
}
"""What a kind is given where the record is made without saying more; REVOKE is always among it."""


@dataclass(frozen=True, slots=True)
class Represented:
    """One person for whom an account may act now. `until`: when these powers end or change by themselves."""

    patient: int
    name: str
    birth_date: date
    is_self: bool
    kind: Kind
    powers: frozenset[Power]
    until: Instant | None
    sees_notes: bool


def people_of(db: Database, account: str, now: Instant) -> tuple[Represented, ...]:
    """Everybody for whom the account may do anything now: oneself first, then by name."""
    rows = kept.of_account(db, account)
    found = (_represented(db, patient, rows, now) for patient in dict.fromkeys(row.patient for row in rows))
    seen = [each for each in found if each is not None and each.powers]
    return tuple(sorted(seen, key=lambda each: (not each.is_self, each.name, each.patient)))


def may(db: Database, account: str, patient: int, power: Power, now: Instant) -> bool:
    """Whether the account may do this about the patient, now."""
    return any(each.patient == patient and power in each.powers for each in people_of(db, account, now))


def authoriser(db: Database, account: str, patient: int, now: Instant) -> Authoriser | None:
    """Who signs a grant, as the grant names them; None where the account may not grant."""
    by = account_of(db, account)
    found = next((each for each in people_of(db, account, now) if each.patient == patient), None)
    if by is None or found is None or Power.GRANT not in found.powers:
        return None
    if found.is_self:
        return Authoriser(by.name)
    rows = [row for row in kept.of_account(db, account) if row.patient == patient and row.kind == found.kind]
    return Authoriser(by.name, found.kind.value, rows[-1].evidence)


def latest_end(db: Database, account: str, patient: int) -> Instant:
    """When at the latest a grant must end that this account signs: at majority where another than the person
    signs while they are a child, because what others signed for a child ends there unless signed anew."""
    person, now = patient_of(db, patient), db.clock()
    days = dates(db, person)
    acts_alone = any(each.patient == patient and each.is_self for each in people_of(db, account, now))
    return END_OF_TIME if days is None or acts_alone or now >= days.majority else days.majority


def rows_at(db: Database, patient: int, now: Instant) -> tuple[RepresentationRow, ...]:
    """The records about a patient that open anything now."""
    try:
        days = dates(db, patient_of(db, patient))
    except (KeyError, Erased):
        return ()
    rows = kept.of_patient(db, patient)
    return () if days is None else tuple(row for row in rows if powers_at(row, days, now))


def dates(db: Database, person: Patient) -> Birthdays | None:
    """When that person reaches which age, by the ages of where they live; None where no birth date is known."""
    if person.birth_date is None:
        return None
    row = kept.ages(db, person.number)
    return birthdays(person.birth_date, Ages(row.sight, row.say, row.majority), person.zones)


def powers_at(row: RepresentationRow, days: Birthdays, now: Instant) -> frozenset[Power]:
    """What one record opens at `now`."""
    if not row.begins <= now < limit(row):
        return NONE
    given = frozenset(Power(each) for each in row.powers)
    stage = days.stage(now)
    if row.kind == Kind.SELF:
        return given & OWN[stage]
    return given & (ALL if row.begins >= days.majority else OTHERS[stage])


def changes_at(row: RepresentationRow, days: Birthdays, now: Instant) -> Instant | None:
    """The next instant at which what a record opens may be another; None where none is foreseen."""
    edges = (limit(row), days.sight, days.say, days.majority)
    later = [edge for edge in edges if now < edge < END_OF_TIME]
    return min(
        (edge for edge in later if powers_at(row, days, edge) != powers_at(row, days, now)), default=None
    )


def limit(row: RepresentationRow) -> Instant:
    """When a record ends: as it was given, or earlier by an act."""
    return min(END_OF_TIME if each is None else each for each in (row.ends, row.ended))


def _represented(
    db: Database, patient: int, rows: Iterable[RepresentationRow], now: Instant
) -> Represented | None:
    try:
        person = patient_of(db, patient)
    except (KeyError, Erased):
        return None
    days = dates(db, person)
    if person.birth_date is None or days is None:
        return None
    acting = [row for row in rows if row.patient == patient and powers_at(row, days, now)]
    if not acting:
        return None
    is_self = any(row.kind == Kind.SELF for row in acting)
    first = next((row for row in acting if row.kind == Kind.SELF), acting[-1])
    edges = [edge for row in acting if (edge := changes_at(row, days, now)) is not None]
    return Represented(
        patient=patient,
        name=person.name,
        birth_date=person.birth_date,
        is_self=is_self,
        kind=Kind(first.kind),
        powers=frozenset().union(*(powers_at(row, days, now) for row in acting)),
        until=min(edges, default=None),
        sees_notes=is_self or not days.say <= now < days.majority,
    )
