"""A client's own orders about one person: whose they may be, which there are, and as the client may know them.

Law (`consent.md`, what the asker learns): an order is taken and told only while a grant to this client acts; what else
there is, is nobody's. One that it sent by another name of the person (in clear, or a pseudonym) is not there: it would
say that the two are one. Orders in a submission and alone go the same way, and only the value is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import bridge.store.orders as orders
from bridge.consent import grants
from bridge.consent.decide import known_as
from bridge.consent.grant import State, state_at
from bridge.consent.permit import RecipientPermit
from bridge.fhir.orders import KIND, Ordered
from bridge.fhir.outcome import Problem, problem
from bridge.order import Order
from bridge.store.ids import Name
from bridge.store.orders import Kept
from bridge.web.desk import Desk
from bridge.web.submitting import Whose

MOST: Final = 100
"""Orders of one client about one person."""
TOO_MANY: Final = Problem(
    422, "too-costly", f"There are {MOST} orders of this client for this person: update one of them."
)
KNOWN: Final = problem(409, "There is an order with this identifier: update it.", "ServiceRequest.identifier")
ANOTHERS: Final = problem(409, "Another order has this identifier.", "ServiceRequest.identifier")
UNSHARED: Final = Problem(
    422, "business-rule", "An order is taken only where this person shares with this client."
)


@dataclass(slots=True)
class Orderer(Whose):
    """Finds whom a client orders for: under the name by which the grants that act show the person, and no other. What
    an intake grant once said of the name does not count: it may be over, and the share a pseudonym. A provider's own
    record is no name of theirs: it would tell whose it is."""

    def keeps(self, patient: int, organization: str, record: int) -> bool:
        """No."""
        return False

    def pairing(self, patient: int) -> bytes:
        """Under which pairing the client may know the patient now; b'' where by name, or where it may not at all."""
        if patient not in self._pairings:
            permit, standings = self.permit, grants.listed(self.desk.db, patient, with_names=False)
            found = known_as(
                standings,
                client=permit.client,
                organization=permit.organization,
                purpose=permit.purpose,
                now=self.desk.clock(),
            )
            self._pairings[patient] = found or b""
        return self._pairings[patient]


def shares(desk: Desk, permit: RecipientPermit, patient: int) -> bool:
    """Whether a grant to this client acts now."""
    now = desk.clock()
    return permit.concerns(patient) and any(
        state_at(each, now) is State.ACTIVE
        and each.grant.recipient.includes(permit.client, permit.organization)
        and each.grant.purpose == permit.purpose
        for each in grants.listed(desk.db, patient, with_names=False)
    )


def mine(whose: Whose, patient: int) -> list[tuple[Kept, Order]]:
    """What this client itself sent about the person, by the name by which it knows them now."""
    pairing = whose.pairing(patient)
    return [
        (kept, kept.written.order)
        for kept in orders.of(whose.desk.db, patient, whose.permit.client)
        if kept.destination is None and kept.pairing == pairing and kept.written.order is not None
    ]


def taken(whose: Whose, patient: int, one: Order) -> Kept | Problem:
    """The order kept, or why it is not; of two that say one identifier at once one is, in whatever processes they came.
    Raises Erased."""
    desk, client = whose.desk, whose.permit.client
    while True:
        seen = orders.state(desk.db, patient, client)
        there = mine(whose, patient)
        if _is_said(one, there):
            return KNOWN
        if len(there) >= MOST:
            return TOO_MANY
        with suppress(orders.Meanwhile):
            pairing = whose.pairing(patient)
            return orders.receive(desk.db, patient, client, one, desk.clock(), pairing, after=seen)


def renewed(whose: Whose, kept: Kept, one: Order) -> Kept | Problem:
    """What its client says of an order now, or why that is not taken: an update takes no other order's identifier."""
    db = whose.desk.db
    while True:
        seen = orders.state(db, kept.patient, kept.client)
        others = [pair for pair in mine(whose, kept.patient) if pair[0].number != kept.number]
        if _is_said(one, others):
            return ANOTHERS
        with suppress(orders.Meanwhile):
            return orders.change(db, kept, one, whose.desk.clock(), after=seen)


def _is_said(one: Order, there: Sequence[tuple[Kept, Order]]) -> bool:
    """Whether one of these says an identifier of the order."""
    return any({*each.identifiers} & {*one.identifiers} for _, each in there)


def id_of(whose: Whose, kept: Kept) -> str:
    """The id by which the client knows an order."""
    return whose.id(KIND, Name(kept.patient, 0, kept.number, 0))


def told(whose: Whose, kept: Kept) -> Ordered:
    """An order as its client may read it. ValueError where it could not be read when it was found."""
    if kept.written.order is None:
        raise ValueError(f"order {kept.number} is none that can be told")
    patient = whose.id("Patient", Name(kept.patient, 0, 0, 0))
    return Ordered(id_of(whose, kept), patient, kept.changed, kept.written.order)
