"""An order: what a clinic asked to be sent about one person, how often and how far back. A value, and pure.

Law (HL7 CGM IG 1.0.0, data submission orders): an order is the clinic's wish and opens nothing: what goes is order
intersected with grant (`smart-consent.md` 7.2). A standing order has one or more schedules, each with its contents, its
cadence and how far back it looks; a one-time order has a period, and ends when that was delivered. Dates without a time
are whole days where the person's clocks stand. Minutes, hours, days and weeks are lengths of time, months and years
steps of the calendar in UTC (UCUM's mean month of 30.4375 days would move the day of the month). Whoever sends decides
by `due` and `window`, readings and summaries alike.

Rejected: the last submission plus the cadence (each late one would make all later ones later).
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from hashlib import sha256
from typing import Final, final

from bridge.period import DAY, END_OF_TIME, HOUR, MINUTE, Instant, Period, ZoneHistory, spelled

LENGTHS: Final[Mapping[str, int]] = {"s": 1000, "min": MINUTE, "h": HOUR, "d": DAY, "wk": 7 * DAY}
"""Units that are a length of time (http://hl7.org/fhir/ValueSet/units-of-time), in ms."""
STEPS: Final[Mapping[str, int]] = {"mo": 1, "a": 12}
"""Units that are steps of the calendar, in months."""
SHORTEST: Final = 5 * MINUTE
"""Between two submissions: as often as a sensor measures."""
FARTHEST: Final = 40 * 366 * DAY
PROFILES: Final = "http://hl7.org/fhir/uv/cgm/StructureDefinition/"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Content(StrEnum):
    """What can be ordered."""

    GLUCOSE = "glucose"  # sensor readings one by one
    SUMMARY = "summary"
    DOCUMENT = "document"  # the summary as PDF


CONTENTS: Final[Mapping[str, Content | None]] = {
    "cgm-sensor-reading-mass-per-volume": Content.GLUCOSE,
    "cgm-sensor-reading-moles-per-volume": Content.GLUCOSE,
    "cgm-device": None,  # comes with every reading
    "cgm-summary": Content.SUMMARY,
    "cgm-summary-mean-glucose-mass-per-volume": Content.SUMMARY,
    "cgm-summary-mean-glucose-moles-per-volume": Content.SUMMARY,
    "cgm-summary-times-in-ranges": Content.SUMMARY,
    "cgm-summary-gmi": Content.SUMMARY,
    "cgm-summary-coefficient-of-variation": Content.SUMMARY,
    "cgm-summary-days-of-wear": Content.SUMMARY,
    "cgm-summary-sensor-active-percentage": Content.SUMMARY,
    "cgm-summary-pdf": Content.DOCUMENT,
}
"""Profile of the IG (behind `PROFILES`) -> what it is here."""


FIGURES: Final[Mapping[str, str]] = {
    "cgm-summary": "panel",
    "cgm-summary-mean-glucose-mass-per-volume": "mean",
    "cgm-summary-mean-glucose-moles-per-volume": "mean",
    "cgm-summary-times-in-ranges": "ranges",
    "cgm-summary-gmi": "gmi",
    "cgm-summary-coefficient-of-variation": "cv",
    "cgm-summary-days-of-wear": "wear",
    "cgm-summary-sensor-active-percentage": "active",
}
"""Profile -> the figure of a summary; the panel has all of them."""


class Status(StrEnum):
    """R4 request-status. Only `active` lets anything go."""

    DRAFT = "draft"
    ACTIVE = "active"
    ON_HOLD = "on-hold"
    REVOKED = "revoked"
    COMPLETED = "completed"
    ENTERED_IN_ERROR = "entered-in-error"
    UNKNOWN = "unknown"


@final
@dataclass(frozen=True, slots=True)
class Span:
    """So many of a unit of time. `value`: a positive decimal as it was written; months and years are whole. ValueError
    says what is wrong."""

    value: str
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in LENGTHS and self.unit not in STEPS:
            raise ValueError(f"is in none of the units {', '.join((*LENGTHS, *STEPS))}")
        number = self._number()
        if number is None or number <= 0 or (self.unit in STEPS and number != int(number)):
            raise ValueError("is no positive number, or no whole one of months or years")
        if self.least > FARTHEST:
            raise ValueError("is longer than forty years")

    @property
    def least(self) -> int:
        """Its length in ms; of months the shortest that it can have."""
        number = self._number() or Decimal(0)
        return int(number * (LENGTHS.get(self.unit) or STEPS[self.unit] * 28 * DAY))

    def days(self) -> int:
        """Its length in days, rounded up; a month counts 30 and a year 365."""
        number = self._number() or Decimal(0)
        long = {"mo": 30 * DAY, "a": 365 * DAY}.get(self.unit) or LENGTHS[self.unit]
        return -(-int(number * long) // DAY)

    def moved(self, instant: Instant, times: int) -> Instant:
        """So many times further, or back where `times` is negative."""
        if self.unit in LENGTHS:
            return instant + times * self.least
        return _months(instant, times * STEPS[self.unit] * int(self.value))

    def _number(self) -> Decimal | None:
        try:
            found = Decimal(self.value)
        except InvalidOperation:
            return None
        return found if found.is_finite() else None


@final
@dataclass(frozen=True, slots=True)
class Schedule:
    """What is to be sent, and when. `profiles`: names of the IG's; `every` None: once, the `period` (first and last
    instant or day, as written)."""

    profiles: tuple[str, ...]
    every: Span | None = None
    lookback: Span | None = None
    period: tuple[str, str] | None = None

    @property
    def contents(self) -> frozenset[Content]:
        """What it is about."""
        return frozenset(each for name in self.profiles if (each := CONTENTS[name]) is not None)

    @property
    def figures(self) -> frozenset[str]:
        """The figures of a summary that it asks for; the panel with all."""
        named = frozenset(FIGURES[name] for name in self.profiles if name in FIGURES)
        return frozenset(FIGURES.values()) if "panel" in named else named

    @property
    def key(self) -> str:
        """What tells it from another one: a changed schedule begins anew."""
        told = (*sorted(self.profiles), _told(self.every), _told(self.lookback), *(self.period or ()))
        return sha256("\0".join(told).encode()).hexdigest()[:16]

    def due(self, since: Instant, last: Instant | None, zones: ZoneHistory) -> Instant | None:
        """When the next submission is due after the one at `last` (None: there was none), of an order that began at
        `since`; None: there is none to come. A one-time order is sent at once, and where its period was not over yet
        a second time when it is."""
        if last is None:
            return since
        if self.every is None:
            end = self.whole(zones).end
            return end if last < end else None
        return self._slot(self.every, since, last)

    def window(self, since: Instant, now: Instant, zones: ZoneHistory) -> Period:
        """Which readings are meant at `now`. Without a lookback: what is newer than one cadence before the order began,
        so that what arrives late is not lost between two submissions."""
        if self.every is None:
            return self.whole(zones)
        if self.lookback is not None:
            return Period(self.lookback.moved(now, -1), END_OF_TIME)
        return Period(self.every.moved(since, -1), END_OF_TIME)

    def whole(self, zones: ZoneHistory) -> Period:
        """The period of a one-time order."""
        first, last = self.period or ("", "")
        return Period(spelled(first, zones).start, spelled(last, zones).end)

    def _slot(self, every: Span, since: Instant, last: Instant) -> Instant:
        return every.moved(since, slots(every, since, last))


@final
@dataclass(frozen=True, slots=True)
class Order:
    """One order. `code`: (system, code); `authored` and `valid` (from, until): as written, '' not said; `requester`:
    who ordered, as displayed; `stops`: by its code it ends what the same clinic ordered before; `identifiers`: (system,
    value), as it has them."""

    code: tuple[str, str]
    status: Status
    schedules: tuple[Schedule, ...] = ()
    authored: str = ""
    requester: str = ""
    valid: tuple[str, str] = ("", "")
    stops: bool = False
    identifiers: tuple[tuple[str, str], ...] = ()

    def since(self, first: Instant, zones: ZoneHistory) -> Instant:
        """When it began: as it says, else when it was written, else when it was `first` seen."""
        written = self.valid[0] or self.authored
        return spelled(written, zones).start if written else first

    def until(self, zones: ZoneHistory) -> Instant:
        """When it ends by itself."""
        return spelled(self.valid[1], zones).end if self.valid[1] else END_OF_TIME

    @property
    def is_open(self) -> bool:
        """Whether by its status anything may go under it."""
        return self.status is Status.ACTIVE and not self.stops


def of_profiles(contents: tuple[Content, ...]) -> tuple[str, ...]:
    """A profile for each content: what an order that names none is taken to name."""
    return tuple(next(name for name, each in CONTENTS.items() if each is wanted) for wanted in contents)


def _told(span: Span | None) -> str:
    return "" if span is None else f"{span.value} {span.unit}"


def slots(every: Span, since: Instant, instant: Instant) -> int:
    """After how many steps from `since` it is later than that instant."""
    times = max(0, (instant - since) // max(1, _mean(every)) - 1)
    while every.moved(since, times) <= instant:
        times += 1
    return times


def _mean(every: Span) -> int:
    """About so long, never less than it can be: a first guess of how often it fits."""
    return every.least if every.unit in LENGTHS else every.least * 31 // 28


def _months(instant: Instant, months: int) -> Instant:
    """So many months later in UTC; a day that the month has not is its last one."""
    at = _EPOCH + timedelta(milliseconds=instant)
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return (at.replace(year=year, month=month + 1, day=day) - _EPOCH) // timedelta(milliseconds=1)
