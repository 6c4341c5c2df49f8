"""The door: the only way from what rests to what leaves.

Law: a request comes with a permit and a wish, never with a grant; the gate loads the grants itself, decides,
reads only what is open, has the ledger keep the intent, and only then makes the Disclosure (`consent.md`,
the door). No ledger: LedgerUnavailable, no bytes. The intent is kept only if the patient's epoch is still
the one that was decided on, else all is decided again. Refused equals absent. Nothing turns this off.

Rejected: taking the grants as an argument (a caller could pass "everything"); a quicker path for the owner.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, final

from bridge.consent.answering import answered
from bridge.consent.asked import Asked, Way
from bridge.consent.asker import Asker, asker
from bridge.consent.behind import then
from bridge.consent.decide import Cut
from bridge.consent.disclosure import KEPT, NOTICE, Disclosure, claim
from bridge.consent.entry import Leaving
from bridge.consent.explain import explained
from bridge.consent.grant import Standing
from bridge.consent.hand import Hand
from bridge.consent.known import behind_id, behind_identifier, behind_summary, in_context
from bridge.consent.look import Look, Opens
from bridge.consent.marks import mark
from bridge.consent.members import Found, Span, members
from bridge.consent.memory import CLOSED, OPEN, Memory
from bridge.consent.part import Part
from bridge.consent.passing import Passing
from bridge.consent.permit import OwnerPermit, Permit
from bridge.consent.preview import foreseen, told
from bridge.consent.ready import ready, ready_now
from bridge.consent.reporting import Reporting
from bridge.consent.retraction import pairing_of
from bridge.consent.summaries import Reports
from bridge.mapping.resources import OBSERVATION
from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.entries import Outcome
from bridge.store.ids import Name
from bridge.store.keys import Box, Erased
from bridge.store.ledger import Ledger, LedgerUnavailable
from bridge.store.patients import Patient, load
from bridge.store.summaries import Holder

__all__ = ["Disclosure", "Gate", "LedgerUnavailable", "Moved"]

_SEAL: Final = claim()
_TRIES: Final = 8
_RESTLESS: Final = "the grants of this patient kept changing: ask again"


class Moved(Exception):
    """The patient's grants changed while a stream ran: cut it without closing the document."""


@final
class Gate:
    """The one door of a process. `fhir_changed` tells when the FHIR half of a format was activated."""

    def __init__(
        self, db: Database, clock: Callable[[], Instant], fhir_changed: Callable[[str], Instant]
    ) -> None:
        self._db, self._clock, self._fhir_changed = db, clock, fhir_changed
        self._ledger, self._memory = Ledger(db), Memory(db)

    async def disclose(self, permit: Permit, asked: Asked) -> Disclosure:
        """What of the wish may leave to the permit's holder, written down. LedgerUnavailable."""
        for _ in range(_TRIES):
            look, leaving = await ready(self._memory, partial(self._left, permit, asked))
            if look.opens is None or leaving is None:
                return self._empty(look)
            entry = await self._ledger.intend(*look.entry(look.opens, leaving))
            if entry is not None:
                return self._sealed(look, leaving, entry)
        raise LedgerUnavailable(_RESTLESS)

    def disclose_now(self, permit: Permit, asked: Asked) -> Disclosure:
        """The same for callers without an event loop."""
        return self._at_once(partial(self._left, permit, asked))

    def preview(self, permit: OwnerPermit, grant: str, asked: Asked) -> Disclosure:
        """For the owner: what the recipient of the draft `grant` would get of the wish if it were signed now. The
        ledger has it as the owner's; nothing is disclosed to the recipient. LedgerUnavailable."""
        return self._at_once(partial(self._foreseen, permit, grant, asked))

    async def stream(self, permit: Permit, asked: Asked, chunk: int = 1000) -> AsyncIterator[Disclosure]:
        """Everything that was asked for, in pages under one intent. Raises Moved before a page where a grant
        changed or ended meanwhile; the outcome then tells how many left."""
        look, leaving = await ready(self._memory, partial(self._left_whole, permit, asked))
        if look.opens is None or leaving is None or leaving.gives_way:
            page = self._empty(look) if asked.instead is None else await self.disclose(permit, asked)
            yield page
            while wish := then(asked, page.more):
                yield (page := await self.disclose(permit, wish))
            return
        if (entry := await self._ledger.intend(*look.entry(look.opens, leaving))) is None:
            raise LedgerUnavailable(_RESTLESS)
        sent, told, lost, outcome = 0, 0, 0, "cut"
        whole = self._sealed(look, leaving, entry)
        try:
            for part in look.opens.stream(chunk, leaving.part):
                if not self.stands(whole) or sent + part.count > leaving.part.count:
                    raise Moved("what may leave changed while it was leaving: ask again")
                sent, told = sent + part.count, told + part.readings
                lost += part.lost.count if part.lost else 0
                yield self._sealed(look, replace(leaving, part=part), entry)
            outcome = "sent"
        finally:
            self._settle(whole, outcome, told, lost)

    async def retract(
        self, permit: Permit, patient: int, ids: frozenset[str], documents: Reporting | None = None
    ) -> Disclosure:
        """Entered-in-error, without values, for those of `ids` that are gone and had left to this
        recipient; also after its grant ended. Its own entry in the ledger. `documents`: they are of reports."""
        told = f"retraction of {len(ids)} {'readings' if documents is None else 'documents'}"
        wish = None if documents is None else replace(documents, ids=ids)
        asked = Asked(patient, Way.FEED, "retraction", told, ids=ids, retractions=True, reporting=wish)
        look = await ready(self._memory, partial(self._look, permit, asked, whatever_pairing=True))
        if look.opens is None or (leaving := look.leaving_lost(look.opens)).is_nothing:
            return self._empty(look)
        entry = await self._ledger.intend(*look.entry(look.opens, leaving))
        if entry is None:
            raise LedgerUnavailable(_RESTLESS)
        return self._sealed(look, leaving, entry)

    def settle(self, disclosure: Disclosure, outcome: str, sent: int) -> None:
        """What came of a disclosure: sent, acknowledged, failed, blocked, cut, kept. Unsettled counts as sent."""
        lost = disclosure.retraction[1] if disclosure.retraction and sent else 0
        self._settle(disclosure, outcome, sent, lost)

    def stands(self, disclosure: Disclosure) -> bool:
        """Whether what was decided for it still holds."""
        epoch, until = disclosure.decided
        return self._memory.epoch(disclosure.patient or 0) == epoch and self._clock() < until

    def flush(self, before: Instant | None = None) -> None:
        """Write what waits in memory: outcomes, and empties of hours before `before` (None: all)."""
        self._ledger.flush()
        self._ledger.flush_empties(before)

    def patient(self, permit: Permit, text: str, kind: str = "Patient") -> int | None:
        """The patient behind a logical id of a FHIR type, where the asker may know it by that id."""
        return behind_id(self._db, self._memory, permit, kind, text, self._clock())

    def summary(self, permit: Permit, text: str, kind: str = OBSERVATION) -> tuple[Name, bool] | None:
        """What the id of a summary of the asker's own stands for, or of its report as that type, and whether of a
        block that is frozen."""
        return behind_summary(self._db, permit, text, kind)

    def context(self, permit: Permit) -> str | None:
        """The Patient id of the patient in a token's context; None for a system's token."""
        return in_context(self._db, self._memory, permit, self._clock())

    def identified(self, permit: Permit, system: str, value: str) -> int | None:
        """The patient with an identifier, where the asker may see identifiers."""
        return behind_identifier(self._db, self._memory, permit, system, value, self._clock())

    def members(self, permit: Permit, way: Way, span: Span) -> Found:
        """Who of these patients shares with the asker by that way now; asked for each of them anew."""
        return members(self._db, self._memory, permit, way, span, self._clock())

    def mark(self, permit: Permit, patient: int | None, way: Way) -> bytes:
        """The consent epoch of this asker and way: it changes when the grants that count do; b'' where none does."""
        return mark(self._memory, permit, patient, way, self._clock())

    def explain(
        self, permit: OwnerPermit, client: str, organization: str, purpose: str, way: Way
    ) -> tuple[Cut, ...]:
        """For the owner: a sentence for everything that does not leave to that recipient that way."""
        patient, who = permit.patient, Asker(client, organization, purpose)
        reader = Hand(self._db, patient, self._db.keys.box(patient), sees_all=True)
        return explained(self._db, self._memory, reader, patient, who, way, self._clock())

    # --------------------------------------------------------------------------------------------- parts

    def _left(self, permit: Permit, asked: Asked) -> tuple[Look, Leaving | None]:
        """The wish and the page of it that may leave, read from one state of the store; None: nothing."""
        with self._db.snapshot("bridge"):
            look = self._look(permit, asked)
            leaving = None if look.opens is None else look.leaving(look.opens)
        leaving = None if leaving is None or leaving.is_nothing else leaving
        if asked.instead is not None and (leaving is None or leaving.gives_way):
            other = self._left(permit, asked.instead)
            return other if leaving is None or other[1] is not None else (look, leaving)
        return look, leaving

    def _at_once(self, left: Callable[[], tuple[Look, Leaving | None]]) -> Disclosure:
        for _ in range(_TRIES):
            look, leaving = ready_now(self._memory, left)
            if look.opens is None or leaving is None:
                return self._empty(look)
            entry = self._ledger.intend_now(*look.entry(look.opens, leaving))
            if entry is not None:
                return self._sealed(look, leaving, entry)
        raise LedgerUnavailable(_RESTLESS)

    def _foreseen(self, permit: OwnerPermit, draft: str, asked: Asked) -> tuple[Look, Leaving | None]:
        """As `_left`, for the recipient of a draft; told as the owner's."""
        patient, now = permit.patient, self._clock()
        owner = replace(asker(permit, patient, (), now, self._db), sees_all=False)
        with self._db.snapshot("bridge"):
            closed = Look(asked, owner, self._memory.epoch(patient), now, CLOSED)
            plan = foreseen(self._db, self._memory, closed, patient, draft)
            if plan is None or not plan.look.decided.decision.boxes:
                return closed, None
            opens = self._opens(plan.look, plan.recipient, plan.person, plan.box, plan.standings)
            leaving = told(plan.look.leaving(opens, counts_behind=True))
        return replace(plan.look, opens=opens), None if leaving.is_nothing else leaving

    def _left_whole(self, permit: Permit, asked: Asked) -> tuple[Look, Leaving | None]:
        """The wish and all of it that may leave, as numbers; None: nothing."""
        look = self._look(permit, asked)
        leaving = None if look.opens is None else look.leaving_whole(look.opens)
        return look, None if leaving is None or leaving.is_nothing else leaving

    def _settle(self, disclosure: Disclosure, outcome: str, sent: int, lost: int) -> None:
        """The outcome of each of its entries; `lost`: of what was taken back beside what was disclosed."""
        if disclosure.entry is None or disclosure.patient is None:
            return
        at, patient, beside = self._clock(), disclosure.patient, disclosure.retraction
        self._ledger.settle(Outcome(patient, at, disclosure.entry, outcome, sent - (lost if beside else 0)))
        if beside is not None:
            self._ledger.settle(Outcome(patient, at, beside[0], outcome, lost))

    def _look(self, permit: Permit, asked: Asked, whatever_pairing: bool = False) -> Look:
        """The wish decided now. `whatever_pairing`: under that of the ids asked for, for retractions."""
        now, patient = self._clock(), asked.patient
        epoch, standings = self._memory.grants_for(permit, patient)
        who = asker(permit, patient, standings, now, self._db)
        closed = Look(asked, who, epoch, now, CLOSED)
        if patient is None or not who.may(asked.way) or not (who.sees_all or standings):
            return closed
        try:
            box = self._db.keys.box(patient)
            person = load(self._db, patient, box)
        except (KeyError, Erased):
            return closed
        decided = OPEN
        if not who.sees_all:
            known = pairing_of(self._db, who, asked) if whatever_pairing else None
            decided = self._memory.decided(patient, epoch, who, asked.way, now, person.zones, known)
        if not (decided.decision.boxes or asked.retractions or asked.consent_resources):
            return closed
        look = Look(asked, who, epoch, now, decided)
        opens = self._opens(look, who, person, box, standings)
        tells = bool(decided.decision.boxes or opens.answer.lost or opens.answer.beside.consents)
        tells = tells or bool(opens.reports.lost().count)
        return replace(look, opens=opens) if tells else closed

    def _opens(
        self, look: Look, who: Asker, person: Patient, box: Box, standings: Sequence[Standing]
    ) -> Opens:
        """The person behind a decision, nothing of them read yet but what is taken back."""
        reader = Hand(self._db, person.number, box, who.sees_all)
        answer = answered(
            look.asked, who, look.now, look.decided, person, box, standings,
            reader=reader, db=self._db, memory=self._memory, fhir_changed=self._fhir_changed,
        )  # fmt: skip
        holder = None if who.sees_all else Holder(person.number, who.key, look.decided.decision.pairing)
        passing = Passing(answer, self._db, box, holder)
        return Opens(person, box, answer, Reports(answer, self._db, box, holder, standings, passing))

    def _empty(self, look: Look) -> Disclosure:
        """Nothing leaves: counted, and the same for whatever reason."""
        self._ledger.count_empty(look.who.client, look.asked.patient, look.now)
        leaving = Leaving(look.asked, look.who, look.decided.decision, Part(), 0, has_person=False)
        return self._sealed(look, leaving, None)

    def _sealed(self, look: Look, leaving: Leaving, entry: int | None) -> Disclosure:
        part, opens, decision, asked = leaving.part, look.opens, look.decided.decision, look.asked
        asked = replace(asked, patient_resource=asked.patient_resource and leaving.has_person)
        return Disclosure(
            _SEAL,
            owner=look.who.sees_all,
            subject=opens
            and self._memory.subject(opens.person, decision, asked, look.now, opens.answer.reader.secret),
            groups=part.groups,
            devices=part.devices,
            metrics=part.metrics,
            consents=part.consents,
            events=part.events,
            summaries=part.summaries,
            received=part.received,
            decided=(look.epoch, look.decided.until),
            count=part.count,
            total=leaving.total,
            more=part.more,
            last_updated=part.last_updated,
            notice=KEPT if look.who.is_custodian else NOTICE,
            entry=entry,
            patient=asked.patient,
            retraction=(entry - 1, leaving.lost) if entry and leaving.lost and leaving.items else None,
        )
