"""One submission, from its entries to what its submitter is told of each.

Law: the whole call is refused, in one sentence that tells nothing, where there is nobody here for whom this client may
submit; else every entry is answered in its place. An entry that is refused takes nothing else with it, but readings
of a device that was refused: they would be of no device. Nothing here is kept between two submissions.

Under custody of the provider (`consent/intake.py`) it is kept twice (`ingest/owned.py`), and all that is told is told
of the provider's own record: it holds what this submitter brought under this name, so it depends on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.adapters import Person, Unreadable
from bridge.consent.asked import Kind
from bridge.consent.collecting import NotCollected
from bridge.consent.permit import RecipientPermit
from bridge.fhir.outcome import Problem, problem
from bridge.fhir.render import Receipt
from bridge.ingest.offered import Keeping, Offered, Outcome
from bridge.ingest.owned import keep_both
from bridge.ingest.submission import keep
from bridge.mapping import Mappings
from bridge.order import Order
from bridge.period import MINUTE
from bridge.receive.bundle import Submission
from bridge.receive.entry import Fit, judged
from bridge.receive.order import order
from bridge.receive.profiles import What
from bridge.receive.record import instant
from bridge.receive.subject import Named, subject
from bridge.smart.scopes import Fence
from bridge.store import custody, patients
from bridge.store.custody import Rule
from bridge.store.keys import Erased
from bridge.web.call import Refused
from bridge.web.desk import Desk
from bridge.web.ordered import UNSHARED, Orderer, id_of, mine, shares, taken
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
from bridge.web.worn import Worn

Verdict = Fit | Problem
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
        keeps = signed.custody is not None
        worn = Worn(self.whose, self.found, patient, keeps, self._record(patient) if keeps else None)
        offers = self._offers(patient, signed.kinds, verdicts, worn)
        offered = [each for each in offers if isinstance(each, Offered) and each.fit.what not in _APART]
        copy = self._keeping(patient, offered, self._person(offers), self.whose.pairing(patient))
        try:
            made = keep(copy) if signed.custody is None else self._owned(copy, signed.custody)
        except Unreadable as fault:
            raise Refused(Problem(422, "value", fault.sentence)) from None
        outcomes = iter(made)
        worn.look(self._record(patient) if keeps else None)
        return [self._told(patient, each, outcomes, worn) for each in offers]

    def _record(self, patient: int) -> int | None:
        """The number of the submitter's own record of the person, under the name of now."""
        return custody.current(self.desk.db, patient, self.name, self.whose.pairing(patient))

    def _owned(self, copy: Keeping, rule: Rule) -> tuple[Outcome, ...]:
        """Keep it as the submitter's own, and the person's copy."""
        patient = copy.patient.number

        def own(record: int) -> Keeping:
            return self._keeping(record, copy.offered, about=patient, under=rule)

        def there() -> Keeping | None:
            record = self._record(patient)
            return None if record is None else own(record)

        def begun() -> Keeping:
            return own(custody.begun(self.desk.db, patient, self.name, copy.pairing))

        return keep_both(copy, there, begun)

    def _keeping(
        self,
        number: int,
        offered: Sequence[Offered],
        person: Person | None = None,
        pairing: bytes = b"",
        about: int | None = None,
        under: Rule | None = None,
    ) -> Keeping:
        """What is to be kept of the patient, or in the submitter's own record of them."""
        db, client = self.desk.db, self.permit.client
        try:
            of = patients.load(db, number)
        except KeyError:
            raise Erased(f"there is no patient {number}") from None
        return Keeping(db, self.mappings, of, self.name, client, offered, person, pairing, about, under)

    # ------------------------------------------------------------------------------------ whom and what

    def _patient(self, verdicts: Sequence[Verdict]) -> int:
        """The one person that the submission is for; Refused where nobody is, and where the token shows the person of
        the launch under another name than that of the intake grant: ids that are told would join the two."""
        found = self.permit.patient
        if found is not None:
            if Orderer(self.desk, self.permit).pairing(found) != self.whose.pairing(found):
                raise Refused(NOT_TAKEN)
            return found
        fits = [each for each in verdicts if isinstance(each, Fit)]
        for each in sorted(fits, key=lambda fit: _CHOOSING.get(fit.what, 1)):
            named = subject(self.found, each.entry, each.what, self.desk.renderer.base)
            found = None if named is None else self._whom(each.what, named)
            if found is not None:
                return found
        raise Refused(NOT_TAKEN)

    def _whom(self, what: What, named: Named) -> int | None:
        """The patient whom an entry names."""
        is_wrong = what is What.ORDER and self.whose.is_record(named)
        return None if is_wrong else self.whose.of(named)

    def _offers(
        self, patient: int, kinds: frozenset[Kind], verdicts: Sequence[Verdict], worn: Worn
    ) -> list[Offered | Problem]:
        """Every entry as it can be kept, or why it is refused; devices first, because readings name them."""
        found: dict[int, Offered | Problem] = {}
        for at in sorted(range(len(verdicts)), key=lambda at: self.found.entries[at].type != "Device"):
            made = found[at] = self._offer(patient, kinds, verdicts[at], worn)
            if isinstance(made, Offered) and made.fit.what is What.DEVICE:
                worn.brings(at, made.worn)
        return [found[at] for at in range(len(verdicts))]

    def _offer(self, patient: int, kinds: frozenset[Kind], verdict: Verdict, worn: Worn) -> Offered | Problem:
        """An entry that can be kept, or why it is refused."""
        if isinstance(verdict, Problem):
            return verdict
        place, what = verdict.entry.place, verdict.what
        named = subject(self.found, verdict.entry, what, self.desk.renderer.base)
        if named is not None and self._whom(what, named) != patient:
            return not_theirs(place)
        if KINDS[what] not in (None, *kinds):
            return not_of_a_kind(place)
        if what is What.READING and instant(verdict.entry.resource) > self.desk.clock() + CLOCK_AHEAD:
            return too_late(place)
        thing = worn.of(verdict)
        return thing if isinstance(thing, Problem) else Offered(verdict, thing)

    def _person(self, offers: Sequence[Offered | Problem]) -> Person | None:
        found = (
            each.fit.entry.resource
            for each in offers
            if isinstance(each, Offered) and each.fit.what is What.PATIENT
        )
        resource = next(found, None)
        return None if resource is None else person_of(resource)

    # ------------------------------------------------------------------------------------------ answers

    def _told(
        self, patient: int, offer: Offered | Problem, outcomes: Iterator[Outcome], worn: Worn
    ) -> Receipt:
        if isinstance(offer, Problem):
            return refused(offer)
        place, what = offer.fit.entry.place, offer.fit.what
        if what is What.ORDER:
            return self._ordered(patient, offer.fit)
        if what is What.PATIENT:
            return Receipt(200, _at("Patient", worn.id("Patient")), RECEIVED)
        outcome = next(outcomes)
        return receipt(place, what, outcome, self._location(offer, outcome, worn))

    def _ordered(self, patient: int, fit: Fit) -> Receipt:
        """An order goes the way of every order, under the name that the share has too; one that its condition finds is
        there already."""
        found = order(fit.entry.resource)
        if not isinstance(found, Order) or not shares(self.desk, self.permit, patient):
            return refused(UNSHARED)
        if Orderer(self.desk, self.permit).pairing(patient) != self.whose.pairing(patient):
            return refused(UNSHARED)
        same = [kept for kept, each in mine(self.whose, patient) if fit.condition in each.identifiers]
        if len(same) > 1:
            return refused(problem(412, f"{fit.entry.place}.request.ifNoneExist fits several resources."))
        kept = same[0] if same else taken(self.whose, patient, found)
        if isinstance(kept, Problem):
            return refused(kept)
        return Receipt(200 if same else 201, f"ServiceRequest/{id_of(self.whose, kept)}")

    def _location(self, offer: Offered, outcome: Outcome, worn: Worn) -> str:
        """Where what an entry became is served, or will be when somebody let it in; '' where it is not."""
        if outcome.name is not None:
            return f"Observation/{self.whose.id('Observation', outcome.name)}"
        return _at("Device", worn.told(offer.worn.key)) if offer.fit.what is What.DEVICE else ""


def _at(kind: str, id_: str) -> str:
    return f"{kind}/{id_}" if id_ else ""
