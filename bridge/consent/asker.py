"""Who asks, as the gate and the ledger need it: made from a permit, once a request.

Law: nothing of it is taken from the request. A delivery asks as the recipient of its own grant, which must count
when it is made; what it then has is what all grants of that recipient, purpose and way permit together, each item
once and at its finest grain, like any other answer (`consent.md`, the decision). The owner and an operator see
everything and are written down all the same (`consent.md`, operators); so does a custodian its own record
(`custodian.py`), by looking alone and without the ledger of it. Rejected: the gate asking `isinstance` in every
step; a delivery that sees its own grant alone (two would tell one chart two contents of one item).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from bridge.consent.asked import Way
from bridge.consent.custodian import custodian
from bridge.consent.decide import Decision
from bridge.consent.grant import Grant, Standing
from bridge.consent.permit import DeliveryPermit, OperatorPermit, OwnerPermit, Permit, RecipientPermit
from bridge.period import Instant
from bridge.store.clients import load
from bridge.store.db import Database
from bridge.store.entries import Party

OWNER: Final = "owner"
OPERATOR: Final = "operator"
_BY_GRANT: Final = "authorisation of the person (grant)"
_BY_RIGHT: Final = "access of the person to their own record"
_BY_CUSTODY: Final = "the organisation's own record of what it submitted"


@final
@dataclass(frozen=True, slots=True)
class Asker:
    """`only`: the draft of a preview; `under`: the grant of a delivery. `person`, `reason`: an operator's. `is_open`:
    the permit itself holds for this patient now."""

    client: str
    organization: str
    purpose: str
    token: str = ""
    only: str | None = None
    under: str | None = None
    person: str = ""
    reason: str = ""
    basis: str = _BY_GRANT
    sees_all: bool = False
    is_open: bool = True
    is_custodian: bool = False

    def may(self, way: Way) -> bool:
        """Whether the permit itself holds for that way."""
        return self.is_open and (way is Way.LOOK or not self.is_custodian)

    @property
    def sees_ledger(self) -> bool:
        """Whether what is written down about the patient is told."""
        return self.sees_all and not self.is_custodian

    @property
    def key(self) -> str:
        """What tells recipients apart."""
        return self.organization or self.client

    def party(self, decision: Decision) -> Party:
        """The recipient as its grants name it, or as the last that ended did."""
        ended = (box.grant for box in reversed(decision.ended) if box.grant is not None)
        for grant in (*decision.grants(), *ended):
            to = grant.recipient
            return Party(self.client, self.organization, to.name, to.address, to.contact)
        return Party(self.client, self.organization)


def asker(
    permit: Permit, patient: int | None, standings: Sequence[Standing], now: Instant, db: Database
) -> Asker:
    """The asker behind a permit, for this patient."""
    keeper = custodian(db, permit, patient, now)
    if keeper is not None:
        return Asker(
            keeper.client,
            keeper.organization,
            keeper.purpose,
            keeper.token,
            basis=_BY_CUSTODY,
            sees_all=True,
            is_custodian=True,
        )
    if isinstance(permit, RecipientPermit):
        is_open = now < permit.expires and permit.concerns(patient)
        return Asker(permit.client, permit.organization, permit.purpose, permit.token, is_open=is_open)
    if isinstance(permit, OwnerPermit):
        holds = permit.patient == patient
        return Asker(OWNER, "", "PATRQT", basis=_BY_RIGHT, sees_all=True, is_open=holds)
    if isinstance(permit, OperatorPermit):
        return Asker(
            OPERATOR,
            "",
            "PATADMIN",
            person=permit.name,
            reason=permit.reason,
            basis=permit.basis,
            sees_all=True,
            is_open=permit.patient == patient,
        )
    return _delivery(permit, standings, db)


def _delivery(permit: DeliveryPermit, standings: Sequence[Standing], db: Database) -> Asker:
    """The recipient of its own grant, which the client must be: one of those named, else of its organisation."""
    grant = newest(permit.grant, standings)
    named = frozenset[str]() if grant is None else grant.recipient.clients
    if grant is None or not (permit.client in named or (not named and _is_of(db, permit.client, grant))):
        return Asker(permit.client, "", "", under=permit.grant, is_open=False)
    return Asker(permit.client, grant.recipient.organization, grant.purpose, under=permit.grant)


def _is_of(db: Database, client: str, grant: Grant) -> bool:
    try:
        return grant.recipient.includes(client, load(db, client).organization)
    except KeyError:
        return False


def newest(grant: str, standings: Sequence[Standing]) -> Grant | None:
    """The newest version of a grant among the standings."""
    versions = [each.grant for each in standings if each.grant.id == grant]
    return max(versions, key=lambda each: each.version, default=None)
