"""Whose data a submission is, and what its submitter is told of each entry.

Law (`consent.md`, custody; what the asker learns): a submission is for one person: the token's, else the one whom it
names first. Nobody is made or matched by name. An unknown person, one without an intake grant for this submitter and
one whose grant ended are one refusal. An intake grant is for one name of the person: where that is a
pseudonym, no other id and no identifier leads to them. The id of the submitter's own record (`custody.py`) is another
name of them where it was made under the name of now, and while what comes goes into it; for a client of another purpose
than care, nothing does. Ids are told as this client may know them; what is told is of its own entries alone, and alike
whether they are in the record or wait in quarantine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import bridge.consent.grants as grants
from bridge.adapters import Person
from bridge.consent.asked import Kind
from bridge.consent.collecting import Signed, newest
from bridge.consent.custodian import CARE
from bridge.consent.intake import source, standing, submitter, told_as
from bridge.consent.permit import RecipientPermit
from bridge.fhir.outcome import Problem, problem
from bridge.fhir.render import Receipt
from bridge.ingest.offered import Fate, Outcome
from bridge.receive.node import Node, nodes, text, texts
from bridge.receive.profiles import What
from bridge.receive.subject import Named
from bridge.store import custody
from bridge.store.grants import pairings
from bridge.store.ids import Name
from bridge.store.patients import by_identifier, is_known
from bridge.web.desk import Desk

KINDS: Final[Mapping[What, Kind | None]] = {
    What.READING: Kind.GLUCOSE,
    What.OTHER: Kind.GLUCOSE,
    What.SUMMARY: Kind.GLUCOSE,
    What.REPORT: Kind.NOTES,  # a PDF may say anything
    What.WRONG: None,  # only what was let in can be taken back
    What.ORDER: None,  # taken where the person shares with whoever orders, see web/ordered.py
    What.DEVICE: None,  # comes with every reading, see ingest/kinds.py
    What.PATIENT: None,
}
"""The kind that an intake grant must name for an entry to be taken."""
NOT_TAKEN: Final = problem(404, "Nothing is taken here from this client for the person that this is about.")
WAITS: Final = (
    "What contradicts the person's record waits until somebody who runs this bridge has looked at it; "
    "that is not told here."
)
RECEIVED: Final = f"Received. {WAITS}"
"""Said of everything that is taken in, whatever became of it."""
KEPT: Final = f"Kept as it was received; no reading is made of it. {WAITS}"
TAKEN: Final = (
    "Taken back: nothing says it any more. Others who were told of it are told that it was wrong; a program of the "
    "organisation that sent it finds it absent."
)
_STATUS: Final[Mapping[Fate, int]] = {Fate.CREATED: 201, Fate.HELD: 200, Fate.KEPT: 202, Fate.TAKEN: 200}


def not_theirs(place: str) -> Problem:
    """An entry about somebody else, or about nobody who is known."""
    return Problem(
        422, "business-rule", f"{place}: not about the person that this submission is for.", (place,)
    )


def not_of_a_kind(place: str) -> Problem:
    """An entry of a kind that the intake grant does not name."""
    return Problem(422, "business-rule", f"{place}: of a kind that is not taken for this person.", (place,))


def too_late(place: str) -> Problem:
    """A reading that nobody can have taken yet: it would claim its device for a time to come."""
    where = f"{place}.resource.effectiveDateTime"
    return Problem(422, "business-rule", f"{where}: later than the clock here.", (where,))


@dataclass(slots=True)
class Whose:
    """Finds the persons that one submission names, each once."""

    desk: Desk
    permit: RecipientPermit
    _found: dict[Named, int | None] = field(default_factory=dict)
    _pairings: dict[int, bytes] = field(default_factory=dict)
    _signed: dict[int, Signed | None] = field(default_factory=dict)

    @property
    def submitter(self) -> str:
        """Who submits, as intake grants name it."""
        return submitter(self.permit.client, self.permit.organization)

    def kinds(self, patient: int) -> frozenset[Kind]:
        """The kinds that are taken from this submitter for the patient; none where nothing is."""
        signed = self.signed(patient)
        return frozenset() if signed is None else signed.kinds

    def signed(self, patient: int) -> Signed | None:
        """What lets this client submit about the patient; None where nothing does."""
        if patient not in self._signed:
            found = standing(self.desk.db, patient, self.submitter)
            is_open = found is None or found.custody is None or self.permit.purpose in CARE
            self._signed[patient] = found if is_open else None
        return self._signed[patient]

    def of(self, named: Named) -> int | None:
        """The patient, None where there is none whom this client may name so."""
        if named not in self._found:
            self._found[named] = self._sought(named)
        return self._found[named]

    def pairing(self, patient: int) -> bytes:
        """Under which pairing the client tells of the patient; b'' where by name (`intake.told_as`)."""
        if patient not in self._pairings:
            given = newest(self.desk.db, patient, source(self.submitter))
            standings = grants.listed(self.desk.db, patient, with_names=False)
            at = self.desk.clock() if given is None else given.at
            self._pairings[patient] = told_as(standings, self.submitter, at)
        return self._pairings[patient]

    def keeps(self, patient: int, organization: str, record: int) -> bool:
        """Whether what this client submits about the patient goes into that record now."""
        signed = self.signed(patient) if organization == self.submitter else None
        if signed is None or signed.custody is None:
            return False
        return custody.is_of(self.desk.db, record, patient, organization, self.pairing(patient))

    def is_record(self, named: Named) -> bool:
        """Whether somebody is named by the id of a record: no order is for one."""
        name = self.desk.db.ids.read("Patient", named.id) if named.id else None
        return name is not None and custody.whose(self.desk.db, name.patient) is not None

    def has_one_name(self, patient: int) -> bool:
        """Whether this submitter tells of the patient by name, and never had a pseudonym of theirs."""
        standings = grants.listed(self.desk.db, patient, with_names=False)
        paired = any(each.grant.pairing and each.grant.recipient.key == self.submitter for each in standings)
        return not paired and not self.pairing(patient)

    def id(self, kind: str, name: Name) -> str:
        """The id of a thing as the client may know it."""
        return self.desk.db.ids.one(kind, name, self.pairing(name.patient))

    def _sought(self, named: Named) -> int | None:
        if named.id:
            return self._of_id(named.id)
        there = {by_identifier(self.desk.db, *each) for each in named.identifiers} - {None}
        one = there.pop() if len(there) == 1 else None
        return one if one is not None and not self.pairing(one) else None

    def _of_id(self, id_: str) -> int | None:
        """The patient of an id that is of the kind under which this submitter tells of them."""
        for pairing in (b"", *pairings(self.desk.db, self.submitter)):
            name = self.desk.db.ids.read("Patient", id_, pairing)
            own = None if name is None or pairing else custody.whose(self.desk.db, name.patient)
            if name is not None and own is not None:
                is_whole = name == Name(name.patient, 0, 0, 0)
                return own[0] if is_whole and self.keeps(*own, name.patient) else None
            if name is not None and is_known(self.desk.db, name.patient):
                is_so = self.pairing(name.patient) == pairing and name == Name(name.patient, 0, 0, 0)
                return name.patient if is_so else None
        return None


def person_of(resource: Node) -> Person:
    """Whom a Patient resource names: compared with the patient, and dropped."""
    name = next(iter(nodes(resource, "name")), {})
    written = text(name, "text") or " ".join((*texts(name, "given"), text(name, "family"))).strip()
    born = text(resource, "birthDate")
    return Person(written, date.fromisoformat(born) if len(born) == 10 else None)


def receipt(place: str, what: What, outcome: Outcome, location: str) -> Receipt:
    """What an entry's submitter is told. `location`: of the resource that is served ('' none), without a version: how
    many there are depends on what its reader was told before (`data.md`, versions and times)."""
    if outcome.fate is Fate.SEVERAL and what is What.WRONG:
        where = f"{place}.resource.identifier"
        return refused(problem(412, f"{where} fits several moments: effectiveDateTime says which.", place))
    if outcome.fate is Fate.SEVERAL:
        return refused(problem(412, f"{place}.request.ifNoneExist fits several resources.", place))
    if outcome.fate is Fate.REFUSED:
        return refused(Problem(422, "value", f"{place}.resource: {outcome.why}.", (place,)))
    if what is What.DEVICE and location:
        return Receipt(201 if outcome.fate is Fate.KEPT else 200, location, RECEIVED)
    said = {Fate.KEPT: KEPT, Fate.TAKEN: TAKEN}.get(outcome.fate, RECEIVED)
    return Receipt(_STATUS[outcome.fate], location, said)


def refused(why: Problem) -> Receipt:
    """An entry that is not taken."""
    return Receipt(why.status, problem=why)
