"""What a receiver's answer means for each entry that was sent: pure, as a table.

Law (`safety.md`, corrections travel): an entry is settled when it is known which version of ours the
receiver holds. Created is ours of now. "Was there already" (FHIR R4 3.1.0.8.1: 200) is ours of the one
attempt that had no answer; where there were several, or none, it is doubtful and goes out once more as
an update. A receiver's refusal of one entry does not hold up the others; it waits for a human.

Rejected: taking 200 and 201 for the same (a correction made between two attempts would be lost).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bridge.push.answers import UNTOUCHED, Entry
from bridge.push.retry import Step, step
from bridge.store.outbox import SEVERAL, Held, Item, Result

DEVICE: Final = "Device"
"""The one type of entry that is no reading."""
CREATED: Final = 201
GONE: Final = frozenset({404, 410})

NOT_TAKEN: Final = "the receiver did not take it"
DONE: Final = Step.DONE
AGAIN: Final = Step.AGAIN
"""Under names of their own: CPython 3.11 looks up a member of an enumeration ten times as slowly as a global."""
WORST: Final = (Step.RECONCILE, Step.UNKNOWN, Step.AGAIN)

REFUSALS: Final[Mapping[int, str]] = {
    404: "the receiver no longer has it",
    410: "the receiver no longer has it",
    400: "the receiver finds it wrong",
    422: "the receiver's rules refuse it",
}


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an answer came to. `step`: the whole; `results`: each entry that is now known; the counts are
    of readings that the receiver took; `refused`: of entries that it will not. `is_doubtful`: it holds one
    of several versions of something, so another round follows at once."""

    step: Step
    results: tuple[Result, ...]
    sent: int = 0
    updated: int = 0
    retracted: int = 0
    refused: int = 0
    is_doubtful: bool = False

    @property
    def taken(self) -> int:
        """Readings that the receiver took."""
        return self.sent + self.updated + self.retracted


def settled(
    items: Sequence[Item], entries: Sequence[Entry], before: Mapping[bytes, Held], retracts: bool
) -> Settlement:
    """The account of one answered Bundle. `before`: what was known of each id before it was sent."""
    steps, results, total, updates = list[Step](), list[Result](), 0, 0
    for item, entry in zip(items, entries, strict=True):
        then, known = _of(entry), before.get(item.id)
        if not steps or then is not steps[-1]:
            steps.append(then)
        found = _result(item, entry, then, known, retracts)
        if found is not None:
            results.append(found)
        if then is DONE and item.kind != DEVICE:
            total, updates = total + 1, updates + is_update(known)
    return Settlement(
        step=_whole(steps),
        results=tuple(results),
        sent=0 if retracts else total - updates,
        updated=0 if retracts else updates,
        retracted=total if retracts else 0,
        refused=sum(result.state == "refused" for result in results),
        is_doubtful=any(result.version == SEVERAL for result in results),
    )


def untouched(
    items: Sequence[Item], entries: Sequence[Entry], before: Mapping[bytes, Held]
) -> tuple[Result, ...]:
    """Entries that surely had no effect and were in no doubt before: they are in none now, and what was refused before
    is not refused this time. `entries`: none where
    that is so of the whole attempt."""
    stayed = items
    if entries:
        pairs = zip(items, entries, strict=True)
        stayed = [item for item, said in pairs if said.then is AGAIN or said.status in UNTOUCHED]
    return tuple(
        _as_before(item, before.get(item.id)) for item in stayed if not _in_doubt(before.get(item.id))
    )


def _as_before(item: Item, known: Held | None) -> Result:
    if known is None:
        return Result(item.id, "")
    return Result(item.id, known.version, unsettled(known), "", known.etag)


def unsettled(known: Held) -> Literal["open", "retracted"]:
    """The state of what no answer speaks of: a refusal was of the attempt before."""
    return "retracted" if known.state == "retracted" else "open"


def _in_doubt(known: Held | None) -> bool:
    return known is not None and bool(known.tried)


def is_update(known: Held | None) -> bool:
    """Whether an entry goes out as an update: the receiver's place of it is known."""
    return known is not None and known.reference != ""


def _result(item: Item, entry: Entry, then: Step, known: Held | None, retracts: bool) -> Result | None:
    if then is DONE:
        state: Literal["open", "retracted"] = "retracted" if retracts else "open"
        version = item.version if is_update(known) else _version(item, entry, known)
        return Result(item.id, version, state, entry.reference, entry.etag)
    if retracts and entry.status in GONE:
        return Result(item.id, item.version, "retracted")
    if then is not Step.STOP:
        return None
    problem = entry.problem or REFUSALS.get(entry.status, NOT_TAKEN) + f" (HTTP {entry.status})"
    held = "" if known is None else known.version
    return Result(item.id, held, "refused", "", "" if known is None else known.etag, problem)


def _version(item: Item, entry: Entry, known: Held | None) -> str:
    if entry.status == CREATED:
        return item.version
    if known is None:
        return SEVERAL
    is_deaf = known.version == SEVERAL and not entry.reference  # it says 200 again, and keeps it nowhere
    return item.version if known.tried == item.version or is_deaf else SEVERAL


def _whole(steps: Sequence[Step]) -> Step:
    """The worst step that any entry asks for; refusals hold nothing up."""
    asked = set(steps)
    return next((worst for worst in WORST if worst in asked), Step.DONE)


def _of(entry: Entry) -> Step:
    """A status that could not be read leaves the entry in doubt."""
    if entry.then is not None:
        return entry.then
    return Step.UNKNOWN if entry.status == 0 else step(entry.status)
