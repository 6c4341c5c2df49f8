"""A grant: what one person lets one recipient have, immutable and versioned, and its states.

Law: a grant is never edited; a narrowed one supersedes it (`consent.md`, the grant). What happened to it
is a list of events; its state is computed from them and from now, never stored. Two clocks are never
confused: *in force* (`begins`, `ends`, events) is about now, `periods` about when a reading was taken.

            sign            pause              resume
    draft --------> signed --------> paused ----------> signed
      |               | \\             | \\
      | revoke        |  \\ supersede  |  \\ supersede
      v               v   \\           v   `--> superseded
    revoked        revoked `--> superseded

`signed` shows as waiting before `begins`, active from there, expired from `ends` on; a pause until a date
ends by itself. Rejected: a stored state column (it lies as soon as the clock passes an edge).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, final

from bridge.consent.asked import Grain, Kind, Way
from bridge.period import DAY, EMPTY, END_OF_TIME, Instant, Period, PeriodSet, ZoneHistory

LONGEST: Final = 366 * DAY
"""No grant is in force for more than twelve months, of which the longest are these days (`lasting.py`)."""
FEED_DAYS: Final = 90
VISIT_DAYS: Final = 2


class Identity(StrEnum):
    """How much of the person goes with the readings."""

    FULL = "full"
    VISIT = "visit"  # name and birth date
    PSEUDONYMOUS = "pseudonymous"  # ids of the recipient's own pairing, no demographics
    DEIDENTIFIED = "de-identified"  # research, a grant class of its own

    @property
    def is_paired(self) -> bool:
        """Whether ids are minted for this recipient alone."""
        return self in (Identity.PSEUDONYMOUS, Identity.DEIDENTIFIED)


class Block(StrEnum):
    """What one summary covers under a grant of summaries."""

    WHOLE = "whole"
    WEEK = "week"
    FORTNIGHT = "fortnight"


@final
@dataclass(frozen=True, slots=True)
class Recipient:
    """An organisation and its registered clients; no clients named means all of the organisation's.
    `verified`: how, by whom, until when; '' is shown as "not verified"."""

    organization: str
    clients: frozenset[str]
    name: str = ""
    address: str = ""
    contact: str = ""
    verified: str = ""

    def __post_init__(self) -> None:
        if not self.organization and len(self.clients) != 1:
            raise ValueError("a grant names an organisation, or exactly one client without one")

    def includes(self, client: str, organization: str) -> bool:
        """Whether `client` of `organization` is this recipient."""
        return organization == self.organization and (not self.clients or client in self.clients)

    @property
    def key(self) -> str:
        """What tells recipients apart: the organisation, or a lone client."""
        return self.organization or next(iter(self.clients))


@final
@dataclass(frozen=True, slots=True)
class Authoriser:
    """Who signed: the patient, or a named representative with role and evidence."""

    name: str
    role: str = "patient"
    evidence: str = ""


@final
@dataclass(frozen=True, slots=True)
class Wording:
    """The exact words that were shown: id, version, locale, SHA-256 (hex) of the text."""

    id: str = ""
    version: str = ""
    locale: str = ""
    sha256: str = ""


@final
@dataclass(frozen=True, slots=True)
class Grant:
    """One signed version. `periods` is fixed at signing; with `rolling_days` it is instead the last N local
    days ending today, whenever asked. `said`: the rule in words. `sources` were named at signing,
    `withheld` were there and not named; `later_sources`: those that come later too. `pairing`: minted by
    the store for a paired identity, else empty."""

    id: str
    version: int
    patient: int
    authoriser: Authoriser
    recipient: Recipient
    purpose: str
    ways: frozenset[Way]
    periods: PeriodSet
    kinds: frozenset[Kind]
    signed: Instant
    begins: Instant
    ends: Instant
    sources: frozenset[str] = frozenset()
    later_sources: bool = False
    withheld: frozenset[str] = frozenset()
    rolling_days: int = 0
    said: str = ""
    grain: Grain = Grain.RAW
    block: Block = Block.WHOLE
    identity: Identity = Identity.FULL
    pairing: bytes = b""
    erase_by: Instant | None = None
    wording: Wording = Wording()

    def __post_init__(self) -> None:
        if not self.begins < self.ends <= self.begins + LONGEST:
            raise ValueError("a grant ends after it begins and within twelve months")
        if not self.ways or not self.kinds:
            raise ValueError("a grant names at least one way and one kind")
        if self.rolling_days and self.periods:
            raise ValueError("a grant has fixed periods or a rolling window, not both")
        if self.identity.is_paired != bool(self.pairing):
            raise ValueError("a pairing belongs to a pseudonymous or de-identified grant, and only there")

    def covers_source(self, source: str) -> bool:
        """Whether readings of that source are included."""
        return source in self.sources or (self.later_sources and source not in self.withheld)

    def periods_at(self, now: Instant, zones: ZoneHistory) -> PeriodSet:
        """The instants of readings that are included when asked at `now`."""
        if not self.rolling_days:
            return self.periods
        return PeriodSet((last_days(self.rolling_days, now, zones),))


def last_days(days: int, now: Instant, zones: ZoneHistory) -> Period:
    """The last `days` local calendar days, ending with today."""
    if days < 1:
        raise ValueError("a window has at least one day")
    today = zones.local_date(now)
    return zones.days(today - timedelta(days=days - 1), today)


def before(appointment: Instant, days: int, zones: ZoneHistory) -> Period:
    """The `days` local days before the appointment's day, and that day until the appointment."""
    if days < 1:
        raise ValueError("a window has at least one day")
    first = zones.local_date(appointment) - timedelta(days=days)
    return Period(zones.day(first).start, appointment)


def from_now_on(now: Instant) -> Period:
    """Everything measured from `now` on."""
    return Period(now, END_OF_TIME)


# --------------------------------------------------------------------------------------------- states


class State(StrEnum):
    """What a grant is. The first five follow from events alone, the rest from now as well."""

    DRAFT = "draft"
    SIGNED = "signed"
    PAUSED = "paused"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    WAITING = "waiting"
    ACTIVE = "active"
    EXPIRED = "expired"


class Step(StrEnum):
    """What can happen to a grant."""

    SIGN = "sign"
    PAUSE = "pause"
    RESUME = "resume"
    REVOKE = "revoke"
    SUPERSEDE = "supersede"


DONE: Final[Mapping[Step, str]] = {
    Step.SIGN: "signed",
    Step.PAUSE: "paused",
    Step.RESUME: "resumed",
    Step.REVOKE: "revoked",
    Step.SUPERSEDE: "replaced",
}
"""What a sentence says was done."""
TRANSITIONS: Final[Mapping[tuple[State, Step], State]] = {
    (State.DRAFT, Step.SIGN): State.SIGNED,
    (State.DRAFT, Step.REVOKE): State.REVOKED,
    (State.SIGNED, Step.PAUSE): State.PAUSED,
    (State.SIGNED, Step.REVOKE): State.REVOKED,
    (State.SIGNED, Step.SUPERSEDE): State.SUPERSEDED,
    (State.PAUSED, Step.PAUSE): State.PAUSED,
    (State.PAUSED, Step.RESUME): State.SIGNED,
    (State.PAUSED, Step.REVOKE): State.REVOKED,
    (State.PAUSED, Step.SUPERSEDE): State.SUPERSEDED,
}


class NotPossible(Exception):
    """A step that the table does not have; the sentence says from where."""


@final
@dataclass(frozen=True, slots=True)
class Event:
    """One step of one grant. `until`: when a pause ends by itself, None by hand."""

    step: Step
    at: Instant
    until: Instant | None = None
    by: str = ""
    reason: str = ""


@final
@dataclass(frozen=True, slots=True)
class Standing:
    """A grant and everything that happened to it, oldest first."""

    grant: Grant
    events: tuple[Event, ...]


def after(state: State, step: Step) -> State:
    """The state that a step leads to; NotPossible says why there is none."""
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise NotPossible(f"a grant that is {state} cannot be {DONE[step]}") from None


def settled(events: Sequence[Event]) -> State:
    """The state by events alone."""
    state = State.DRAFT
    for event in events:
        state = after(state, event.step)
    return state


def state_at(standing: Standing, now: Instant) -> State:
    """The state as shown at `now`. A step that a clock dates later than `now` counts all the same: a clock
    that goes back must not undo a revocation."""
    state = settled(standing.events)
    if state is State.PAUSED and _lapsed(standing.events[-1], now):
        state = State.SIGNED
    if state in (State.SIGNED, State.PAUSED) and now >= standing.grant.ends:
        return State.EXPIRED
    if state is not State.SIGNED:
        return state
    return State.WAITING if now < standing.grant.begins else State.ACTIVE


def active_times(standing: Standing) -> PeriodSet:
    """The instants of *now* at which the grant acts, known and foreseen."""
    opened = EMPTY
    for event, following in zip(standing.events, (*standing.events[1:], None), strict=True):
        end = END_OF_TIME if following is None else following.at
        if event.step in (Step.SIGN, Step.RESUME):
            opened |= PeriodSet.between(event.at, end)
        if event.step is Step.PAUSE and event.until is not None:
            opened |= PeriodSet.between(max(event.until, event.at), end)
    return opened & PeriodSet.between(standing.grant.begins, standing.grant.ends)


def _lapsed(event: Event, now: Instant) -> bool:
    return event.until is not None and event.until <= now
