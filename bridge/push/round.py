"""What a round of deliveries did, for whoever asked for it; and the words of the ledger for an outcome.

Law: sentences name the client and the mend, never the person. The ledger's outcome says what is known:
taken is acknowledged, a lost answer counts as sent (`store/ledger.py`), what never left is failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bridge.period import Instant, iso
from bridge.push.courier import Outcome
from bridge.push.retry import Decision, State, Step
from bridge.store.outbox import Delivery


@dataclass(frozen=True, slots=True)
class Report:
    """What a round did: readings created, updated, retracted; sentences for what is held or failed.
    `stops`: the lane goes no further this round."""

    sent: int = 0
    updated: int = 0
    retracted: int = 0
    held: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    stops: bool = False

    def __add__(self, other: Report) -> Report:
        return Report(
            self.sent + other.sent,
            self.updated + other.updated,
            self.retracted + other.retracted,
            self.held + other.held,
            self.failed + other.failed,
            self.stops or other.stops,
        )


NOTHING: Final = Report()

WORDS: Final[Mapping[Step, str]] = {
    Step.DONE: "acknowledged",
    Step.AGAIN: "failed",
    Step.UNKNOWN: "sent",
    Step.RECONCILE: "failed",
    Step.STOP: "failed",
}


def held(client: str, sentence: str) -> Report:
    """Nothing goes, for a reason that passes or that somebody can mend."""
    return Report(held=(f"{client}: {sentence}",), stops=True)


def waiting(client: str, delivery: Delivery | None, now: Instant) -> Report:
    """Why an unfinished delivery is not tried now; nothing where it may be."""
    if delivery is None:
        return NOTHING
    if delivery.state == State.FAILED:
        return _failed(client, delivery.problem, delivery.delivery)
    if delivery.due is not None and delivery.due > now:
        return _later(client, delivery.problem, delivery.due)
    return NOTHING


def of(client: str, outcome: Outcome, now: Instant) -> Report:
    """The account of one Bundle."""
    counted = Report(outcome.settlement.sent, outcome.settlement.updated, outcome.settlement.retracted)
    if outcome.settlement.refused:
        counted += refused(client, outcome.settlement.refused)
    return counted + stopped(client, outcome.decision, outcome.problem, outcome.delivery, now)


def stuck(client: str, count: int) -> Report:
    """Corrections that the receiver takes in no form."""
    sentence = f"{client}: {count} corrections cannot be delivered, because the receiver takes none"
    return Report(failed=(f"{sentence}: see cgm-bridge deliveries list",))


def refused(client: str, count: int) -> Report:
    """Entries that wait for a human."""
    return Report(failed=(f"{client}: {count} entries were refused: see cgm-bridge deliveries list",))


def stopped(client: str, decision: Decision, problem: str, delivery: int, now: Instant) -> Report:
    """What a decision says about going on; nothing where the lane goes on at once."""
    if decision.state is State.FAILED:
        return _failed(client, problem, delivery)
    if decision.due is not None and decision.due > now:
        return _later(client, problem, decision.due)
    return NOTHING


def word(outcome: Outcome, is_retraction: bool) -> tuple[str, int]:
    """The ledger's outcome, and how many readings left."""
    took = outcome.settlement.taken
    if took:
        return ("retracted" if is_retraction else "acknowledged"), took
    said = WORDS[outcome.settlement.step]
    return said, outcome.readings if said == "sent" else 0


def _failed(client: str, problem: str, delivery: int) -> Report:
    sentence = f"{client}: {problem}: then cgm-bridge deliveries retry {delivery}"
    return Report(failed=(sentence,), stops=True)


def _later(client: str, problem: str, due: Instant) -> Report:
    return held(client, f"next attempt at {iso(due)}: {problem}")
