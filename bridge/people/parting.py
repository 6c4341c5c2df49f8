"""The end of what ties a person and a recipient: every grant to it, its record, its requests, in one step.

Law: the grants end in one transaction of the ledger, each with its own row, so none of them is ended while another
stands because a disk was full in between. What came first counts: where the person's grants change meanwhile, they are
looked at again. Every step goes through the table of `consent/grant.py`, as if each were revoked alone.

Rejected: one revocation after another (a page could then say neither that nothing was ended nor that all was).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

import bridge.store.arrivals as arrivals
import bridge.store.clients as clients
import bridge.store.ehrs as ehrs
import bridge.store.grants as kept
from bridge.consent import grants
from bridge.consent.grant import Event, Standing, State, Step, after, settled, state_at
from bridge.consent.grant_bytes import event_row
from bridge.period import Instant
from bridge.store.arrivals import EhrRecord
from bridge.store.db import Database
from bridge.store.grants import Overtaken
from bridge.store.ties import cut

LIVING: Final = frozenset({State.ACTIVE, State.WAITING, State.PAUSED})
_LOOKS: Final = 5
"""How often the grants are looked at again, before whoever ends is told that they change."""


def part(
    db: Database, patient: int, client: str, by: str, reason: str, now: Instant
) -> tuple[EhrRecord, ...]:
    """End it all; the EHR records whose tokens are to be given back. LedgerUnavailable, Overtaken: nothing was done.
    Unfinished: the grants are ended, the rest is not."""
    held = records(db, patient, client)
    names = [each.ehr for each in held]
    for look in range(_LOOKS):
        try:
            cut(db, patient, client, names, now, partial(_revoked, db, patient, client, by, reason))
        except Overtaken:
            if look == _LOOKS - 1:
                raise
        else:
            break
    return held


def living(db: Database, patient: int, client: str, now: Instant) -> tuple[Standing, ...]:
    """The grants to that client alone, or to it among others of its organisation, that are not over."""
    try:
        organization = clients.recall(db, client).organization
    except KeyError:
        return ()
    standings = grants.listed(db, patient, with_names=False)
    found = (each for each in standings if state_at(each, now) in LIVING)
    return tuple(_to(found, client, organization))


def records(db: Database, patient: int, client: str) -> tuple[EhrRecord, ...]:
    """The records at that recipient's EHRs that are the person's."""
    return tuple(each for each in arrivals.of_patient(db, patient) if _client_of(db, each) == client)


def _revoked(db: Database, patient: int, client: str, by: str, reason: str) -> bool:
    """Revoke every living grant in one transaction; False where there is none. Overtaken."""
    epoch, event = kept.epoch(db, patient), Event(Step.REVOKE, db.clock(), None, by, reason)
    found = living(db, patient, client, event.at)
    for each in found:
        after(settled(each.events), event.step)
    if found:
        kept.append(db, patient, epoch, [], [event_row(db, each.grant, event) for each in found])
    return bool(found)


def _to(found: Iterable[Standing], client: str, organization: str) -> Iterable[Standing]:
    return (each for each in found if each.grant.recipient.includes(client, organization))


def _client_of(db: Database, record: EhrRecord) -> str:
    ehr = ehrs.find(db, record.ehr)
    return ehr.client if ehr else ""
