"""One interface engine during one delivery: messages go, acknowledgements come back as replies about each entry.

Law: HL7 v2.5.1 2.9.2 (original mode), 2.9.3 (enhanced mode), tables 0008 and 0357. AA, or CA where that is all that is
waited for, is taken; AE and AR, CE and CR are the receiver's no, in the words of the destination's file or of the
table: for good, or for later. No answer, half an answer, one that answers another message or cannot be read leaves the
outcome unknown: the same message goes again under the same MSH-10, and each result has its own filler number, so a
repetition replaces and never doubles. The engine cannot be asked what it holds; nobody assumes.

Rejected: taking a late answer of an earlier message for this one's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from bridge.consent.disclosure import Disclosure
from bridge.fhir.consignment import Ask
from bridge.hl7.ack import Ack, acknowledgement
from bridge.hl7.render import Before, Hl7Bytes, Letters, Person, Scribe, Writing
from bridge.mapping.hl7v2 import Hl7v2
from bridge.net.endpoint import Purpose
from bridge.net.message import Answer, Caller, Fault, Framed, Identity, NetFault
from bridge.period import Instant
from bridge.push.answers import THEN, UNSENT, Entry, Errors, Reply, lost
from bridge.push.receiver import Unwatched, Watch
from bridge.push.reconcile import spelled
from bridge.push.retry import Step
from bridge.store.outbox import Held, Item, Result

Letter: TypeAlias = "tuple[Ask, Hl7Bytes]"
CREATED: Final = 201
NOT_SHOWN: Final = (
    "the link lacks the name and birth date of the receiver's record: cgm-bridge link add --name 'Family, Given' "
    "--birth-date YYYY-MM-DD"
)
TAKEN: Final = frozenset({"AA", "CA"})
MOST: Final = 100
"""Readings in one message."""

CODES: Final[Mapping[str, tuple[Step, str]]] = {
    "100": (Step.STOP, "the receiver finds segments in a wrong order"),
    "101": (
        Step.STOP,
        "the receiver misses a field: its interface team says which, the destination's file has it",
    ),
    "102": (Step.STOP, "the receiver finds a field of a wrong type"),
    "103": (
        Step.STOP,
        "the receiver does not know a code: map it under codes or orders in the destination's file",
    ),
    "200": (Step.STOP, "the receiver takes no such messages: its interface team allows ORU^R01"),
    "201": (Step.STOP, "the receiver takes no such event: its interface team allows it"),
    "202": (
        Step.STOP,
        "the receiver takes no such processing id: set hl7v2.processing in the destination's file",
    ),
    "203": (Step.STOP, "the receiver takes no HL7 2.5.1: its interface team allows it"),
    "204": (Step.STOP, "the receiver does not know the patient's number: compare the link with its record"),
    "205": (Step.STOP, "the receiver has the number already for something else"),
    "206": (Step.AGAIN, "the receiver's record is in use"),
    "207": (Step.AGAIN, "the receiver had an internal error"),
}
"""Table 0357 in words."""
OF_ONE: Final = frozenset({"101", "102", "103", "205"})
"""Those that speak of one content, whichever code they come with."""
OF_ALL: Final = frozenset({"100", "200", "201", "202", "203", "204"})
"""Those that every message would get."""
USUAL: Final[Mapping[str, tuple[Step, str]]] = {
    "AE": (Step.STOP, "the receiver's application finds an error in the message"),
    "AR": (Step.AGAIN, "the receiver's application rejects the message for now"),
    "CE": (Step.AGAIN, "the receiver cannot store the message just now"),
    "CR": (Step.STOP, "the receiver does not take messages of this kind: its interface team allows it"),
}
"""Where no code is known. AR without one says that the content is not the matter (2.9.2.2)."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An interface engine. `person`: whom a subject of a waybill is there; `updates`: it takes corrections."""

    net: Caller
    scribe: Scribe
    url: str
    told: Hl7v2
    person: Callable[[str], Person]
    patient: int | None
    updates: bool = True
    identity: Identity | None = None
    errors: Errors = field(default_factory=dict)
    watch: Watch = field(default_factory=Unwatched)

    def written(
        self, disclosure: Disclosure, subject: str, before: Mapping[bytes, Held], now: Instant
    ) -> Letters:
        """What is told of a disclosure, against what the engine was sent before."""
        return self.scribe.results(disclosure, self.writing(subject, before, now))

    def writing(self, subject: str, before: Mapping[bytes, Held], now: Instant) -> Writing:
        """To whom, and what is known of it there."""
        known = frozenset(spelled(each.id) for each in before.values() if each.reference)
        tried = {spelled(each.id): each.tried for each in before.values() if each.tried}
        return Writing(self.told, self.person(subject), Before(known, tried), now, self.updates)

    async def sent(self, letters: Sequence[Letter]) -> Reply:
        """Send all messages in order; as `sinks.sent`."""
        told: list[Entry] = []
        for at, (ask, content) in enumerate(letters):
            one = await self._one(ask, content)
            told += one.entries or (_unanswered(one),) * len(ask.entries)
            if one.step is not Step.DONE:
                rest = sum(len(other.entries) for other, _ in letters[at + 1 :])
                return replace(one, entries=(*told, *(UNSENT,) * rest) if len(letters) > 1 else ())
        return Reply(Step.DONE, entries=tuple(told))

    async def _one(self, ask: Ask, content: Hl7Bytes) -> Reply:
        if content.problem:
            held = Entry(0, "", "", Step.STOP, content.problem)
            return Reply(Step.DONE, entries=(held,) * len(ask.entries))
        barred = self.watch.bars()
        if barred is not None:
            return lost(NetFault(barred, "the receiver"))
        answers = await self.net.exchange(self._framed(content))
        if isinstance(answers, NetFault):
            self.watch.saw(answers, is_write=True)
            return lost(answers)
        return self._read(ask, content, answers)

    def _framed(self, content: Hl7Bytes) -> Framed:
        told = self.told
        return Framed(
            Purpose.DELIVERY,
            self.url,
            bytes(content),
            _wants_more if told.ack == "enhanced-application" else _is_enough,
            seconds=told.seconds,
            patient=self.patient,
            identity=self.identity,
            may_be_plain=told.plain is not None,
        )

    def _read(self, ask: Ask, content: Hl7Bytes, answers: Sequence[bytes]) -> Reply:
        acks = [acknowledgement(each) for each in answers]
        last = acks[-1]
        if last is None or any(each is None or each.control != content.control for each in acks):
            fault = NetFault(Fault.NOT_UNDERSTOOD if None in acks else Fault.OTHER_ANSWER, "the receiver")
            self.watch.saw(fault, is_write=True)
            return lost(fault)
        if last.code in TAKEN:
            self.watch.saw(Answer(200, {}, b""), is_write=True)
            return Reply(Step.DONE, entries=tuple(taken(each.id) for each in ask.entries))
        return self._refused(last)

    def _refused(self, ack: Ack) -> Reply:
        """Nothing took effect, the receiver says."""
        step, problem = self._meant(ack)
        is_later = step is Step.AGAIN
        self.watch.saw(
            NetFault(Fault.BUSY, "the receiver") if is_later else Answer(200, {}, b""), is_write=True
        )
        is_content = step is Step.STOP and ack.code == "AE" and not OF_ALL & set(ack.errors)
        return Reply(
            step, problem, is_untouched=True, is_content=is_content or bool(OF_ONE & set(ack.errors))
        )

    def _meant(self, ack: Ack) -> tuple[Step, str]:
        for code in ack.errors:
            if code in self.errors:
                return THEN[self.errors[code].then], f"{self.errors[code].say} ({ack.code}, {code})"
        for code in ack.errors:
            if code in CODES:
                step, problem = CODES[code]
                return step, f"{problem} ({ack.code}, {code})"
        step, problem = USUAL[ack.code]
        return step, f"{problem} ({', '.join((ack.code, *ack.errors[:1]))})"


def _unanswered(reply: Reply) -> Entry:
    """An entry of a message that was not taken as a whole."""
    return Entry(0, "", "", Step.AGAIN if reply.is_untouched else reply.step)


def taken(id_: str) -> Entry:
    """The engine has it. Its own number is not told; ours, by which it is corrected, stands for it."""
    return Entry(CREATED, place(id_), "")


def place(id_: str) -> str:
    """Where an id of ours stands at an engine."""
    return f"OBR-3/{id_}"


def placed(items: Sequence[Item], before: Mapping[bytes, Held]) -> tuple[Result, ...]:
    """What may have arrived can be taken back by our number, whether it did or not."""
    return tuple(
        Result(item.id, before[item.id].version, "open", place(spelled(item.id)), settled=False)
        for item in items
        if item.id in before
    )


def subject_of(link: int) -> str:
    """How a waybill names the person at an engine: by the link that a human confirmed."""
    return f"Link/{link}"


def _is_enough(_: bytes) -> bool:
    return False


def _wants_more(answer: bytes) -> bool:
    """Whether the message was stored and what the application says is still to come (2.9.3)."""
    ack = acknowledgement(answer)
    return ack is not None and ack.code == "CA"
