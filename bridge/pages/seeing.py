"""What a preview and the lists show: counts, rows of an example day, a chart, what is held back; shares, what left.

Law: plain values. Of a preview they hold what a `Disclosure` holds and nothing else; what is held back is for the
owner's eyes and stands apart from it (`consent.md`, what the asker learns).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import final

from bridge.pages.asking import Party, Span, Statement
from bridge.pages.chart import Chart


@final
@dataclass(frozen=True, slots=True)
class Count:
    """How many items of one kind leave, over how many days, from when to when."""

    kind: str
    items: int
    days: int
    first: datetime
    last: datetime


@final
@dataclass(frozen=True, slots=True)
class Day:
    """How many items of each kind leave of one day, in the order of `Preview.counts`."""

    day: date
    items: tuple[int, ...]


@final
@dataclass(frozen=True, slots=True)
class Item:
    """One row of the example day. `mark`: low, high, or ''; `until`: a mean's or an interval's end."""

    at: datetime
    until: datetime | None
    stream: str
    value: Decimal | None
    unit: str
    mark: str
    text: str


@final
@dataclass(frozen=True, slots=True)
class Person:
    """The person as the recipient will know them."""

    identity: str
    id: str
    name: str | None
    birth_date: date | None
    identifiers: tuple[tuple[str, str], ...]


@final
@dataclass(frozen=True, slots=True)
class Held:
    """What is here and stays: kinds and sources not chosen; `before`, `after`: whether something lies outside the
    days; `is_coarser`: single readings stay."""

    kinds: tuple[str, ...]
    sources: tuple[str, ...]
    before: bool
    after: bool
    is_coarser: bool
    later: bool


@final
@dataclass(frozen=True, slots=True)
class Summed:
    """The figures of one period: word and number each, None where that figure does not leave. `is_enough`: 14 days and
    70 % of them."""

    first: date
    last: date
    figures: tuple[tuple[str, Decimal | None, str], ...]
    is_enough: bool


@final
@dataclass(frozen=True, slots=True)
class Brought:
    """What others submitted about these days: figures, or a report as PDF."""

    first: date
    last: date
    is_report: bool


@final
@dataclass(frozen=True, slots=True)
class Preview:
    """What the recipient will see. `more`: items of the example day that are not listed."""

    party: Party
    statement: Statement
    counts: tuple[Count, ...]
    days: tuple[Day, ...]
    example: date | None
    items: tuple[Item, ...]
    more: int
    chart: Chart | None
    person: Person
    devices: tuple[str, ...]
    held: Held
    summaries: tuple[Summed, ...] = ()
    brought: tuple[Brought, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Share:
    """One grant in a list or on its own page. `state`: active, waiting, paused, expired, revoked, superseded."""

    id: str
    version: int
    state: str
    statement: Statement
    spans: tuple[Span, ...]
    signed: datetime
    signer: str
    role: str
    ended: datetime | None = None
    until: datetime | None = None
    is_verified: bool = False


@final
@dataclass(frozen=True, slots=True)
class Length:
    """So many of a unit of time of UCUM."""

    number: float
    unit: str


@final
@dataclass(frozen=True, slots=True)
class Timed:
    """What was ordered to be sent, and when: every so often and how far back, or once from a day to another."""

    contents: tuple[str, ...]
    every: Length | None = None
    back: Length | None = None
    first: str = ""
    last: str = ""


@final
@dataclass(frozen=True, slots=True)
class Wish:
    """What a clinic ordered under a share. `by`: who ordered it, '' not said; `next`: when something is due, None:
    nothing is; `number` and `holds`, why something does not go, are for its staff."""

    by: str
    since: datetime
    schedules: tuple[Timed, ...]
    goes: bool
    next: datetime | None = None
    number: int = 0
    holds: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Told:
    """One row of what left. `who`: the name of the recipient; `channel`: how; `outcome`: what came of it; `is_own`: of
    the recipient's own record of what it sent."""

    entry: int
    at: datetime
    who: str
    client: str
    channel: str
    kinds: tuple[str, ...]
    grains: tuple[str, ...]
    items: int
    first: datetime | None
    last: datetime | None
    outcome: str
    asked: str
    grants: tuple[str, ...]
    is_own: bool = False


@final
@dataclass(frozen=True, slots=True)
class Answered:
    """One answer to an app or a clinic that asked. `by`: the name of who gave it; `grant` '' where none was signed."""

    at: datetime
    who: str
    is_yes: bool
    by: str
    grant: str


@final
@dataclass(frozen=True, slots=True)
class Total:
    """All that left to one recipient for one purpose: how often, first and last (45 CFR 164.528(b)(3))."""

    who: str
    purpose: str
    times: int
    items: int
    first: datetime
    last: datetime
    contact: str


@final
@dataclass(frozen=True, slots=True)
class File:
    """One upload: what it brought, and from when to when."""

    name: str
    source: str
    received: datetime
    state: str
    streams: tuple[tuple[str, int], ...]
    first: datetime | None
    last: datetime | None


@final
@dataclass(frozen=True, slots=True)
class Collected:
    """One consent to collect: from which source, since when, whether it was withdrawn, the last day of one that ends
    by itself, and by which law for how many years the source keeps what it sends as its own record too."""

    source: str
    since: datetime
    withdrawn: datetime | None
    keep_days: int | None
    ends: datetime | None = None
    custody: tuple[str, int] | None = None


@final
@dataclass(frozen=True, slots=True)
class Notice:
    """One notice: `what` is a word of a closed list, `texts` who did it and to what."""

    what: str
    texts: tuple[str, ...]
    at: datetime
    is_new: bool
