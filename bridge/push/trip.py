"""One lane in one round: its errand, its courier and the gate that it asks; and one parcel that goes.

Law: whatever was disclosed is settled in the ledger, sent or not; what is told of it names nobody. How much one
request may hold is what the destination's file says and the receiver showed; a page is asked for in that size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from functools import partial
from typing import Final
from urllib.parse import quote

import bridge.store.receipts as receipts
from bridge.consent.gate import Disclosure, Gate
from bridge.fhir.consignment import DEVICE, Form
from bridge.mapping.destination import DestinationFile
from bridge.period import DAY, Instant
from bridge.push import engine
from bridge.push import round as rounds
from bridge.push.barrier import Stands, always, standing
from bridge.push.courier import Courier, Waybill
from bridge.push.isolation import Isolation, Next, as_said
from bridge.push.parcel import Bounds, Parcel
from bridge.push.plan import Errand
from bridge.push.retry import Decision, State, Step
from bridge.push.round import Report
from bridge.store.db import Database
from bridge.store.entries import KEPT
from bridge.store.links import Link

PAGE: Final = 800
"""Readings of one request, where the receiver sets no limit."""
BYTES: Final = 1_000_000
"""Bytes of such a request: nginx, which stands before many a receiver, takes 1 MiB unless it is told otherwise
(client_max_body_size). A single entry may be larger."""
SINGLY: Final = frozenset({Form.SINGLE})
MOST_CALLS: Final = 50
"""Single creates of one page: what was disclosed is on its way within a minute or so."""
SPARE: Final = 3
"""Calls of a page beside its creates: the chart, the search, a token."""


class Haste(Enum):
    """Who wants a delivery."""

    USUAL = auto()  # a running worker
    NAMED = auto()  # somebody, of this very lane
    NOW = auto()  # somebody who does not wait for when it was ordered


@dataclass(frozen=True, slots=True)
class Trip:
    """What is needed for a lane. `spec`: the destination's file; `fits`: readings that fit into one request there, by
    destination, as far as it was found out; `haste`: who asks for it."""

    db: Database
    gate: Gate
    errand: Errand
    courier: Courier
    clock: Callable[[], Instant]
    spec: DestinationFile | None
    fits: dict[int, int]
    haste: Haste = Haste.USUAL
    isolation: Isolation = field(default_factory=Isolation)

    @property
    def client(self) -> str:
        """Whose destination it is."""
        return self.errand.destination.client

    def subject(self, link: Link) -> str:
        """How the receiver's record of the person is named, as the link says."""
        return engine.subject_of(link.number) if self.courier.is_by_link else subject_of(link)

    @property
    def takes_readings(self) -> bool:
        """Whether there is any way to bring readings and summaries there."""
        return self.courier.can.form is not Form.DOCUMENT

    @property
    def bounds(self) -> Bounds:
        """What one request may hold."""
        if self.spec is None:
            return self.courier.bounds(None, None)
        return self.courier.bounds(self.spec.limits.entries, self.spec.limits.bytes)

    @property
    def most(self) -> int:
        """How many readings a request may hold there, whatever it is asked for just now."""
        most = self.bounds.entries or PAGE
        pace = PAGE if self.spec is None else self.spec.limits.calls_per_minute or PAGE
        if self.courier.can.form in SINGLY:
            most = min(most, MOST_CALLS, max(1, pace - SPARE))
        return max(1, min(most, PAGE, self.fits.get(self.errand.lane.destination, PAGE)))

    @property
    def page(self) -> int:
        """How many readings are asked for at once."""
        return min(self.most, self.isolation.most or PAGE)

    def fit(self, parcel: Parcel) -> int | None:
        """How many readings a page may have, where this one is more than a request holds here; None where it fits."""
        bounds = self.bounds
        return parcel.fit(replace(bounds, bytes=bounds.bytes or BYTES))

    def is_too_large(self, parcel: Parcel) -> bool:
        """Whether a parcel is more than a request may hold and the next page may be smaller; then it is."""
        fit, page = self.fit(parcel), self.page
        if fit is None or page == 1:
            return False
        self.fits[self.errand.lane.destination] = max(1, min(fit, page - 1))
        return True

    def room(self, most: int) -> int:
        """How many of so many may go now: no more than a day takes; below 1: none."""
        daily = self.errand.destination.daily
        if daily is None:
            return most
        return min(most, daily - receipts.spent(self.db, self.errand.lane, self.clock() - DAY))

    async def sent(
        self, disclosure: Disclosure, parcel: Parcel, bill: Waybill, *, among: int | None = None
    ) -> tuple[Report, bool]:
        """One parcel goes; what came of it, and whether it is done with. `among`: what the receiver refuses all of it
        for is looked for among so many, in smaller parcels."""
        stands = self.standing(disclosure, bill)
        apart = as_said if among is None else partial(self._apart, among)
        outcome = await self.courier.send(parcel, bill, disclosure.entry, stands, apart)
        said, left = rounds.word(outcome, bill.what == "retraction")
        self.gate.settle(disclosure, said, left)
        if outcome.follows is Next.SMALLER:
            return rounds.NOTHING, False
        if outcome.follows is Next.ALONE:
            items = [item for item in parcel.items if item.kind != DEVICE]
            self.courier.give_up(items, bill, outcome.problem, State.PARTIAL)
            return rounds.refused(self.client, len(items)), False
        report = rounds.of(self.client, outcome, self.clock())
        return report, outcome.decision.step is Step.DONE

    def _apart(self, count: int, decision: Decision, is_content: bool, taken: int) -> Next:
        if decision.step is Step.STOP and is_content:
            return self.isolation.refused(count, self.page)
        if decision.step is Step.DONE:
            self.isolation.taken(taken)
        return Next.AS_SAID

    def standing(self, disclosure: Disclosure, bill: Waybill) -> Stands:
        """Whether what was disclosed may still go; what is taken back goes in any case."""
        is_back = bill.what == "retraction"
        return always if is_back else standing(partial(self.gate.stands, disclosure), self.db, bill.link)

    def kept(self, disclosure: Disclosure) -> None:
        """Nothing of it left."""
        self.gate.settle(disclosure, KEPT, 0)


def subject_of(link: Link) -> str:
    """The receiver's reference of the person as confirmed: its id, or its identifier as a condition."""
    if link.shown.id:
        return f"Patient/{link.shown.id}"
    return f"Patient?identifier={quote(link.system, safe='')}|{quote(link.value, safe='')}"
