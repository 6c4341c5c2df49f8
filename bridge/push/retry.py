"""What came of an attempt, and when to try again: pure, as tables.

Law: `smart-consent.md` 7.5. A delivery is queued, sending, then acked, partial, unknown, failed, or is a correction
that this receiver takes in no form.
Statuses that a repetition cannot mend end it until a human retries; 409 and 412 are looked into, never
taken for "already there"; 429 and 503 wait as long as Retry-After says (RFC 9110 10.2.3, both forms).
A lost answer and a gateway's error are an unknown outcome: the same entries are sent again, and their
conditional create (FHIR R4 3.1.0.8.1) makes the repetition harmless. Consent is not judged here: the
gate decides anew at every attempt.

Rejected: the randomness and the clock as globals; both are arguments, so a test is a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

from bridge.period import Instant

SECOND: Final = 1000
FIRST_PAUSE: Final = 5 * SECOND
LONGEST_PAUSE: Final = 3600 * SECOND
LONGEST_ASKED: Final = 24 * 3600 * SECOND
"""What Retry-After may ask for; a receiver that says "in ten years" is tried again the next day."""
ATTEMPTS: Final = 24
"""After so many attempts (about 15 hours of full pauses) a human decides."""


class State(StrEnum):
    """Where a delivery stands. `sending` after a crash is read as `unknown`."""

    QUEUED = "queued"
    SENDING = "sending"
    ACKED = "acked"
    PARTIAL = "partial"
    UNKNOWN = "unknown"
    FAILED = "failed"
    NOT_CORRECTABLE = "correction-not-deliverable"  # the receiver holds something older, and takes no newer


class Step(StrEnum):
    """What an attempt's outcome asks for."""

    DONE = "done"
    AGAIN = "again"  # nothing took effect: later
    UNKNOWN = "unknown"  # it may have taken effect: later, the same entries
    RECONCILE = "reconcile"  # look what the receiver holds, then later
    STOP = "stop"  # a repetition cannot mend it


STATUSES: Final[Mapping[int, Step]] = {
    200: Step.DONE,
    201: Step.DONE,
    202: Step.UNKNOWN,  # it may yet come to nothing (RFC 9110 15.3.3)
    203: Step.UNKNOWN,
    204: Step.UNKNOWN,
    408: Step.AGAIN,
    409: Step.RECONCILE,
    412: Step.RECONCILE,
    425: Step.AGAIN,
    429: Step.AGAIN,
    500: Step.UNKNOWN,
    502: Step.UNKNOWN,
    503: Step.AGAIN,
    504: Step.UNKNOWN,
}
"""Whatever is not named here stops: 400, 401, 403, 404, 405, 413, 422, redirects, 501 …"""
_STOP: Final = Step.STOP

STATES: Final[Mapping[Step, State]] = {
    Step.DONE: State.ACKED,
    Step.AGAIN: State.QUEUED,
    Step.UNKNOWN: State.UNKNOWN,
    Step.RECONCILE: State.QUEUED,
    Step.STOP: State.FAILED,
}

MENDS: Final[Mapping[int, str]] = {
    202: "the receiver does not say whether it keeps what it took",
    203: "the receiver does not say whether it keeps what it took",
    204: "the receiver does not say whether it keeps what it took",
    400: "the receiver finds the Bundle wrong",
    401: "the receiver does not know the bridge: check the destination's secret",
    403: "the receiver does not let the bridge write: ask it for the permission",
    404: "there is no FHIR server at the destination's address: check it",
    405: "the destination's address takes no transaction: check it",
    413: "the receiver finds the Bundle too large",
    422: "the receiver's rules refuse the Bundle",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a delivery: its state, when it is due again (None: never), and why."""

    state: State
    due: Instant | None
    step: Step


def step(status: int) -> Step:
    """What an HTTP status asks for."""
    return STATUSES.get(status, _STOP)


def sentence(status: int) -> str:
    """Why the receiver's status stopped or delayed a delivery."""
    mend = MENDS.get(status)
    if mend is None:
        waits = step(status) is Step.AGAIN
        mend = "the receiver asks to wait" if waits else "the receiver did not take the Bundle"
    return f"{mend} (HTTP {status})"


def decide(what: Step, attempts: int, now: Instant, chance: float, asked: int | None = None) -> Decision:
    """What follows the `attempts`-th attempt (1 first). `chance` in [0, 1) spreads repetitions; `asked`
    is what Retry-After said in ms, a floor and never a shortcut."""
    if what is Step.DONE or what is Step.STOP:
        return Decision(STATES[what], None, what)
    if attempts >= ATTEMPTS:
        return Decision(State.FAILED, None, Step.STOP)
    return Decision(STATES[what], now + max(pause(attempts, chance), asked or 0), what)


def pause(attempts: int, chance: float) -> int:
    """Milliseconds after the `attempts`-th failed attempt: doubling, capped, the upper half random."""
    full = min(LONGEST_PAUSE, FIRST_PAUSE << min(attempts - 1, 20))
    return full // 2 + int(chance * (full - full // 2))


def retry_after(header: str, now: Instant) -> int | None:
    """Milliseconds that Retry-After asks to wait, at most a day; None where it says nothing readable."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]) * SECOND, LONGEST_ASKED)
    moment = _moment(text)
    if moment is None:
        return None
    return min(max(0, int(moment.timestamp() * SECOND) - now), LONGEST_ASKED)


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
