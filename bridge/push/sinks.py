"""How the requests of one attempt are made, and their answers put together: one reply over all entries, in order.

Law: FHIR R4 3.1.0.11 (a Bundle to the base, or to the CGM IG's operation), 3.1.0.8.1 (If-None-Exist), 3.1.0.7.1
(If-Match). A sink decides nothing; it sends bytes that the renderer made and says what came of them. Single calls stop
at the first that the receiver as a whole does not take, and what did not leave is said to have stayed.

Rejected: going on after a lost answer (each further call would wait for its own time-out).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from bridge.fhir.consignment import DEVICE, Ask
from bridge.fhir.render import FhirBytes
from bridge.hl7.render import Hl7Bytes
from bridge.net.message import Answer, NetFault
from bridge.period import Instant
from bridge.push.answers import TAKEN, UNSENT, Entry, Reply, entries_in, entry_of, lost, refused
from bridge.push.receiver import Receiver
from bridge.push.retry import Step, step

Content: TypeAlias = FhirBytes | Hl7Bytes
Letter: TypeAlias = "tuple[Ask, Content]"
"""A request and its body."""

APART: Final = frozenset({DEVICE, "DocumentReference", "DiagnosticReport"})
"""Types of which a receiver that refuses them takes the others all the same."""
NOT_OURS: Final = frozenset({401, 403, 404, 405})
"""Answers to a create that are about us or the whole type."""
ENDS: Final = frozenset({Step.UNKNOWN, Step.AGAIN})
OPEN: Final = frozenset({Step.UNKNOWN, Step.RECONCILE})


async def sent(receiver: Receiver, letters: Sequence[Letter], now: Instant) -> Reply:
    """Send all letters in order. `entries` of the reply: one for each entry of each letter, none where a lone Bundle
    was not answered entry by entry."""
    told: list[Entry] = []
    for at, (ask, content) in enumerate(letters):
        one = await (_bundle if ask.is_bundle else _single)(receiver, ask, content, now)
        told += one.entries or (_unanswered(one),) * len(ask.entries)
        if one.step is not Step.DONE or any(_ends(entry) for entry in one.entries):
            if len(letters) == 1:
                return one
            rest = sum(len(other.entries) for other, _ in letters[at + 1 :])
            return replace(one, entries=(*told, *(UNSENT,) * rest))
    return Reply(Step.DONE, entries=tuple(told))


def _unanswered(reply: Reply) -> Entry:
    """An entry of a request that failed as a whole."""
    return Entry(0, "", "", reply.step if reply.step in OPEN else Step.AGAIN)


async def _bundle(receiver: Receiver, ask: Ask, content: Content, now: Instant) -> Reply:
    answer = await receiver.call("POST", ask.path, bytes(content))
    if isinstance(answer, Reply):
        return answer
    if isinstance(answer, NetFault):
        return lost(answer)
    if step(answer.status) is not Step.DONE:
        return refused(answer, now, receiver.errors)
    found = tuple(entries_in(answer.body, [each.kind for each in ask.entries], receiver.url, receiver.errors))
    if len(found) != len(ask.entries):
        return Reply(Step.UNKNOWN, "the receiver's answer does not speak of each entry that was sent")
    return Reply(Step.DONE, entries=found)


async def _single(receiver: Receiver, ask: Ask, content: Content, now: Instant) -> Reply:
    told = (("if-none-exist", ask.once), ("if-match", ask.match))
    conditions = [(name, value) for name, value in told if value]
    answer = await receiver.call(
        "PUT" if ask.method == "PUT" else "POST", ask.path, bytes(content), conditions
    )
    if isinstance(answer, Reply):
        return answer
    if isinstance(answer, NetFault):
        return lost(answer)
    kind = ask.entries[0].kind
    entry = entry_of(answer, kind, receiver.url, receiver.errors)
    if _is_about_us(answer, ask, kind, entry):
        return refused(answer, now, receiver.errors)
    waits = refused(answer, now, receiver.errors) if _ends(entry) else Reply(Step.DONE)
    return Reply(Step.DONE, entry.problem or waits.problem, waits.asked, (entry,), status=answer.status)


def _is_about_us(answer: Answer, ask: Ask, kind: str, entry: Entry) -> bool:
    """Whether an answer to one create stops all the others as well. One that refuses Devices is none: readings name
    their device by identifier then; nor one that refuses a document: it waits for a human, readings go on."""
    if answer.status not in NOT_OURS or entry.then is not None:
        return False
    return answer.status == 401 or (ask.method == "POST" and kind not in APART)


def _ends(entry: Entry) -> bool:
    if entry.then is not None:
        return entry.then in ENDS
    if entry.status in TAKEN:
        return False
    return step(entry.status) in ENDS if entry.status else True
