"""Whether who asks is the custodian of a record: a client of the organisation that keeps it as its own.

Law (`consent.md`, custody): it opens the record that this organisation submitted itself, and of the person whom that is
about nothing else: there is no name, no identifier, no other source and no grant in it. It is looked up anew at every
request, and holds for a system's token of a client that was registered for care: a token that a person approved is
about what the person has, and another purpose than care (research) needs the person's grant. What is read so is
written down like all that leaves, where the person sees it; of the ledger itself the custodian reads nothing. It is
for looking: nothing is pushed, subscribed to or exported in bulk without a grant, and there are none to a record.
"""

from __future__ import annotations

from typing import Final

from bridge.consent.intake import submitter
from bridge.consent.permit import CustodianPermit, Permit, RecipientPermit
from bridge.period import Instant
from bridge.store.custody import whose
from bridge.store.db import Database

CARE: Final = frozenset({"TREAT"})
"""Purposes of use for which a provider's record is its own (v3-PurposeOfUse)."""


def custodian(db: Database, permit: Permit, patient: int | None, now: Instant) -> CustodianPermit | None:
    """The permit of the custodian, where who asks is the one of that record; None for everybody else, also where
    the number is a person's. One look in any case, and the same one."""
    if not isinstance(permit, RecipientPermit) or permit.patient is not None:
        return None
    number = 0 if patient is None else patient
    found = whose(db, number)
    if found is None or now >= permit.expires or permit.purpose not in CARE:
        return None
    if found[1] != submitter(permit.client, permit.organization):
        return None
    return CustodianPermit(number, permit.client, permit.organization, permit.purpose, permit.token)
