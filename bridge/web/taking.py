"""One submission, from its entries to what its submitter is told of each.

Law: the whole call is refused, in one sentence that tells nothing, where there is nobody here for whom this client may
submit; else every entry is answered in its place. An entry that is refused takes nothing else with it, but readings
of a device that was refused: they would be of no device. Nothing here is kept between two submissions.

Under custody of the provider (`consent/intake.py`) the person's copy is kept first, then the provider's own record, and
all that is told is told of the latter: it holds what this submitter brought, so it depends on nothing else. Cut short
in between, the next attempt finds the one and makes the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bridge.adapters import Person, Unreadable
from bridge.consent.asked import Kind
from bridge.consent.collecting import NotCollected
from bridge.consent.permit import RecipientPermit
from bridge.fhir.outcome import Problem, problem
from bridge.fhir.render import Receipt
from bridge.ingest.submission import Keeping, Offered, Outcome, keep
from bridge.mapping import Mappings
from bridge.order import Order
from bridge.period import MINUTE
from bridge.receive.bundle import Entry, Submission
from bridge.receive.entry import Fit, judged
from bridge.receive.node import node, nodes, pair, text
from bridge.receive.order import order
from bridge.receive.profiles import What
from bridge.receive.record import NO_THING, Thing, instant, keyed, owner, thing
from bridge.receive.subject import local, subject, target
from bridge.smart.scopes import Fence
from bridge.store import custody, patients, submitted
from bridge.store.ids import Name
from bridge.store.keys import Erased
from bridge.web.call import Refused
from bridge.web.desk import Desk
from bridge.web.ordered import UNSHARED, id_of, mine, shares, taken
from bridge.web.submitting import (
    KINDS,
    NOT_TAKEN,
    RECEIVED,
    Whose,
    not_of_a_kind,
    not_theirs,
    person_of,
    receipt,
    refused,
    too_late,
)

Verdict = Fit | Problem
MOST_DEVICES: Final = 1000
"""Devices that one submitter can tell of a person: each is a series, and a person has room for so many."""
_APART: Final = frozenset({What.PATIENT, What.ORDER})
"""What is not kept with the readings."""
CLOCK_AHEAD: Final = 10 * MINUTE
"""How much later than ours a submitter's clock may be."""
_CHOOSING: Final[Mapping[What, int]] = {What.PATIENT: 0, What.DEVICE: 2}
"""Which entries say first whom a submission is for."""


@dataclass(slots=True)
class Taking:
    """One submission being taken. `reach`: by type the fences inside which the client may create."""

    desk: Desk
    mappings: Mappings
    permit: RecipientPermit
    reach: Mapping[str, Sequence[Fence]]
    found: Submission
    whose: Whose
    _things: Mapping[str, submitted.Thing] = field(default_factory=dict)
    _devices: dict[int, Thing] = field(default_factory=dict)
    _keys: set[str] = field(default_factory=set)
    _own: int | None = None
    """The number of the submitter's own record of the person, where it keeps one."""

    def receipts(self) -> list[Receipt]:
        """What became of each entry, in order; Refused where there is nobody for whom this client may submit. Where no
        entry is fit at all, nobody is looked for."""
        verdicts = [judged(each, self.reach) for each in self.found.entries]
        if not any(isinstance(each, Fit) for each in verdicts):
            return [refused(each) for each in verdicts if isinstance(each, Problem)]
        patient = self._patient(verdicts)
        try:
            return self._kept(patient, verdicts)
        except (NotCollected, Erased):  # withdrawn, or erased, since it was looked at
            raise Refused(NOT_TAKEN) from None

    @property
    def name(self) -> str:
        """Who submits."""
        return self.whose.submitter

    def _kept(self, patient: int, verdicts: Sequence[Verdict]) -> list[Receipt]:
        signed = self.whose.signed(patient)
        if signed is None or not signed.kinds:
            raise Refused(NOT_TAKEN)
        if signed.custody is not None:
            self._own = custody.kept(self.desk.db, patient, self.name, signed.custody)
        kinds = signed.kinds
        self._things = self._known_things(patient)
        self._keys = set(self._things)
        offers = self._offers(patient, kinds, verdicts)
        offered = [each for each in offers if isinstance(each, Offered) and each.fit.what not in _APART]
        try:
            made = keep(self._keeping(patient, offered, self._person(offers)))
            if self._own is not None:
                made = keep(self._keeping(patient, offered, None, self._own))
        except Unreadable as fault:
            raise Refused(Problem(422, "value", fault.sentence)) from None
        outcomes, self._things = iter(made), self._known_things(patient)
        return [self._told(patient, each, outcomes) for each in offers]

    def _keeping(
        self, patient: int, offered: Sequence[Offered], person: Person | None, own: int | None = None
    ) -> Keeping:
        """What is to be kept of the patient, or in the submitter's own record of them."""
        return Keeping(
            self.desk.db,
            self.mappings,
            patients.load(self.desk.db, patient if own is None else own),
            self.name,
            self.permit.client,
            offered,
            person,
            self.whose.pairing(patient) if own is None else b"",
            None if own is None else patient,
        )

    def _id(self, kind: str, patient: int, number: int = 0) -> str:
        """The id of the person, or of a device of theirs, as it is told: of the submitter's own record where it keeps
        one."""
        if self._own is None:
            return self.whose.id(kind, Name(patient, number, 0, 0))
        return self.desk.db.ids.one(kind, Name(self._own, number, 0, 0))

    # ------------------------------------------------------------------------------------ whom and what

    def _patient(self, verdicts: Sequence[Verdict]) -> int:
        """The one person that the submission is for; Refused where nobody is."""
        if self.permit.patient is not None:
            return self.permit.patient
        fits = [each for each in verdicts if isinstance(each, Fit)]
        for each in sorted(fits, key=lambda fit: _CHOOSING.get(fit.what, 1)):
            named = subject(self.found, each.entry, each.what, self.desk.renderer.base)
            found = None if named is None else self.whose.of(named)
            if found is not None:
                return found
        raise Refused(NOT_TAKEN)

    def _offers(
        self, patient: int, kinds: frozenset[Kind], verdicts: Sequence[Verdict]
    ) -> list[Offered | Problem]:
        """Every entry as it can be kept, or why it is refused; devices first, because readings name them."""
        found: dict[int, Offered | Problem] = {}
        for at in sorted(range(len(verdicts)), key=lambda at: self.found.entries[at].type != "Device"):
            made = found[at] = self._offer(patient, kinds, verdicts[at])
            if isinstance(made, Offered) and made.fit.what is What.DEVICE:
                self._devices[at] = made.worn
        return [found[at] for at in range(len(verdicts))]

    def _offer(self, patient: int, kinds: frozenset[Kind], verdict: Verdict) -> Offered | Problem:
        """An entry that can be kept, or why it is refused."""
        if isinstance(verdict, Problem):
            return verdict
        place, what = verdict.entry.place, verdict.what
        named = subject(self.found, verdict.entry, what, self.desk.renderer.base)
        if named is not None and self.whose.of(named) != patient:
            return not_theirs(place)
        if KINDS[what] not in (None, *kinds):
            return not_of_a_kind(place)
        if what is What.READING and instant(verdict.entry.resource) > self.desk.clock() + CLOCK_AHEAD:
            return too_late(place)
        worn = self._worn(patient, verdict)
        if isinstance(worn, Problem):
            return worn
        self._keys.add(worn.key)
        if len(self._keys) > MOST_DEVICES:
            return Problem(422, "too-costly", f"{place}: more devices than one person wears.", (place,))
        return Offered(verdict, worn)

    def _person(self, offers: Sequence[Offered | Problem]) -> Person | None:
        found = (
            each.fit.entry.resource
            for each in offers
            if isinstance(each, Offered) and each.fit.what is What.PATIENT
        )
        resource = next(found, None)
        return None if resource is None else person_of(resource)

    # -------------------------------------------------------------------------------------- the device

    def _worn(self, patient: int, fit: Fit) -> Thing | Problem:
        """The device of a reading, or the one that an entry is."""
        if fit.what is What.DEVICE:
            return thing(fit.entry.resource)
        reference = node(fit.entry.resource, "device")
        written, logical = text(reference, "reference"), pair(node(reference, "identifier"))
        if written:
            found = self._named(patient, fit.entry, written)
            where = f"{fit.entry.place}.resource.device"
            return found or Problem(
                422, "business-rule", f"{where}: no device that was taken here.", (where,)
            )
        return self._identified(logical) if logical else NO_THING

    def _named(self, patient: int, entry: Entry, written: str) -> Thing | None:
        if written.startswith("#"):
            inside = nodes(entry.resource, "contained")
            found = (each for each in inside if text(each, "id") == written[1:])
            return next((thing(each) for each in found if text(each, "resourceType") == "Device"), None)
        there = target(self.found, entry, written)
        if there is not None:
            return self._devices.get(there.at)
        id_ = local(written, "Device", self.desk.renderer.base)
        for key, each in self._things.items():
            if id_ and self._id("Device", patient, each.number) == id_:
                return _known(key, each)
        return None if self._own is None else self._named_before(patient, id_)

    def _named_before(self, patient: int, id_: str) -> Thing | None:
        """A device as it was told of while the submitter kept no record of its own."""
        for key, each in submitted.things(self.desk.db, patient, f"{owner(self.name)}/").items():
            if id_ and self.whose.id("Device", Name(patient, each.number, 0, 0)) == id_:
                return _known(key, each)
        return None

    def _identified(self, identifier: tuple[str, str]) -> Thing:
        """A device that is named by an identifier alone: as this Bundle describes it, else as it is known."""
        for at, worn in self._devices.items():
            if identifier in map(pair, nodes(self.found.entries[at].resource, "identifier")):
                return worn
        key = keyed(identifier)
        known = self._things.get(key)
        return Thing(key) if known is None else _known(key, known)

    def _known_things(self, patient: int) -> Mapping[str, submitted.Thing]:
        """By their key the devices that this submitter's organisation brought, and nobody else's."""
        record = patient if self._own is None else self._own
        return submitted.things(self.desk.db, record, f"{owner(self.name)}/")

    # ------------------------------------------------------------------------------------------ answers

    def _told(self, patient: int, offer: Offered | Problem, outcomes: Iterator[Outcome]) -> Receipt:
        if isinstance(offer, Problem):
            return refused(offer)
        place, what = offer.fit.entry.place, offer.fit.what
        if what is What.ORDER:
            return self._ordered(patient, offer.fit)
        if what is What.PATIENT:
            return Receipt(200, f"Patient/{self._id('Patient', patient)}", RECEIVED)
        outcome = next(outcomes)
        return receipt(place, what, outcome, self._location(patient, offer, outcome))

    def _ordered(self, patient: int, fit: Fit) -> Receipt:
        """An order goes the way of every order; one that its condition finds is there already."""
        found = order(fit.entry.resource)
        if not isinstance(found, Order) or not shares(self.desk, self.permit, patient):
            return refused(UNSHARED)
        same = [kept for kept, each in mine(self.whose, patient) if fit.condition in each.identifiers]
        if len(same) > 1:
            return refused(problem(412, f"{fit.entry.place}.request.ifNoneExist fits several resources."))
        kept = same[0] if same else taken(self.whose, patient, found)
        if isinstance(kept, Problem):
            return refused(kept)
        return Receipt(200 if same else 201, f"ServiceRequest/{id_of(self.whose, kept)}")

    def _location(self, patient: int, offer: Offered, outcome: Outcome) -> str:
        """Where what an entry became is served, or will be when somebody let it in; '' where it is not."""
        if outcome.name is not None:
            return f"Observation/{self.whose.id('Observation', outcome.name)}"
        if offer.fit.what is What.DEVICE:
            known = self._things.get(offer.worn.key)
            if known is not None:
                return f"Device/{self._id('Device', patient, known.number)}"
        return ""


def _known(key: str, known: submitted.Thing) -> Thing:
    return Thing(key, known.device.manufacturer, known.device.model, known.device.serial)
