"""Coming of age: what others signed for a child is over when the child is grown, unless the grown person signs anew.

Law (issue: representation): no answer means no. A grant that a representative signs for a child ends at majority
at the latest; that bound stands in the grant, so it holds to the instant and without any task that runs. `round`
is for grants whose bound was another when they were signed (a birth date or an age corrected since): they are
revoked and everybody concerned is told. A grown person confirms by signing the next version themself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bridge.consent import grants
from bridge.consent.grant import Grant, State, state_at
from bridge.people.notices import What, tell
from bridge.people.representation import dates
from bridge.period import Instant
from bridge.store import representations
from bridge.store.db import Database
from bridge.store.grants import patients
from bridge.store.keys import Erased
from bridge.store.patients import load

OWN_ROLE: Final = "patient"
STANDING: Final = (State.ACTIVE, State.WAITING, State.PAUSED, State.SIGNED)
REASON: Final = "signed by a representative; the person is of age and has not signed it"


def bounded(db: Database, grant: Grant) -> Grant:
    """The grant as it may be signed: one that a representative signs for a child ends at majority. ValueError
    where nothing of it would be left."""
    if grant.authoriser.role == OWN_ROLE:
        return grant
    days = dates(db, load(db, grant.patient))
    if days is None or grant.signed >= days.majority or grant.ends <= days.majority:
        return grant
    if grant.begins >= days.majority:
        raise ValueError("this grant would begin when the person is of age: the person signs it then")
    return replace(grant, ends=days.majority)


def come_of_age(db: Database, now: Instant) -> tuple[str, ...]:
    """Revoke what is over and was not bounded so; the ids of these grants."""
    return tuple(each for patient in patients(db) for each in _over(db, patient, now))


def _over(db: Database, patient: int, now: Instant) -> list[str]:
    try:
        days = dates(db, load(db, patient))
    except (KeyError, Erased):
        return []
    if days is None or now < days.majority:
        return []
    ended = [
        standing.grant.id
        for standing in grants.listed(db, patient)
        if standing.grant.authoriser.role != OWN_ROLE
        and standing.grant.signed < days.majority
        and state_at(standing, now) in STANDING
    ]
    for grant in ended:
        grants.revoke(db, grant, reason=REASON)
    if ended:
        for account in sorted({row.account for row in representations.of_patient(db, patient)}):
            tell(db, account, patient, What.OF_AGE, str(len(ended)))
    return ended
