"""What an asker wants, said once for every way out: search, push, bulk, file.

Law: an `Asked` holds wishes, never permission. It names one patient; what of the wish is granted is
decided behind the gate, inside the query, never by a filter over an answer. Date prefixes follow FHIR
R4 3.1.1.4.4. Rejected: passing search strings to the gate (two parsers, two opinions).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, Literal, Protocol, TypeAlias, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.reporting import Reporting
from bridge.period import ALL, BEGINNING, END_OF_TIME, Period, PeriodSet
from bridge.reading import EventKind, SeriesKey, Stream, Unit

Prefix: TypeAlias = Literal["eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap"]
Order: TypeAlias = Literal["date", "-date", "lastUpdated", "-lastUpdated"]
Columns: TypeAlias = NDArray[np.int64]


class Grain(IntEnum):
    """How finely values may be told, finest first; the number is the grain inside an id (`data.md`)."""

    RAW = 0
    QUARTER_HOUR = 1
    HOUR = 2
    DAY = 3
    SUMMARY = 4


class Way(StrEnum):
    """How something leaves; each is chosen in the grant."""

    LOOK = "look"  # a query or a link
    FILE = "file"  # a push or a document that is filed
    FEED = "feed"  # a subscription or a standing order
    BULK = "bulk"


class Kind(StrEnum):
    """What a grant names. The last six are never implied by a wildcard."""

    GLUCOSE = "glucose"
    CAPILLARY = "capillary"  # fingersticks and ketones
    INSULIN = "insulin"
    CARBS = "carbs"
    ACTIVITY = "activity"
    DEVICE = "device"  # model and session
    EVENTS = "events"
    SETTINGS = "settings"
    MODE = "mode"  # loop, overrides with reason
    SERIALS = "serials"
    NOTES = "notes"
    CYCLE = "cycle"
    ALCOHOL = "alcohol"
    STRESS = "stress"
    ILLNESS = "illness"


SINGLY: Final = frozenset({Kind.SERIALS, Kind.NOTES, Kind.CYCLE, Kind.ALCOHOL, Kind.STRESS, Kind.ILLNESS})
"""Kinds that leave only where they are named one by one."""
WILDCARD: Final = frozenset(Kind) - SINGLY
"""What "everything" means in a grant."""

KIND_OF: Final[Mapping[Stream, Kind]] = {
    Stream.GLUCOSE: Kind.GLUCOSE,
    Stream.CAPILLARY: Kind.CAPILLARY,
    Stream.CALIBRATION: Kind.CAPILLARY,
    Stream.KETONE: Kind.CAPILLARY,
    Stream.BOLUS: Kind.INSULIN,
    Stream.BASAL: Kind.INSULIN,
    Stream.CARBS: Kind.CARBS,
    Stream.ACTIVITY: Kind.ACTIVITY,
    Stream.NOTE: Kind.NOTES,
    Stream.EVENT: Kind.EVENTS,
    Stream.MODE: Kind.MODE,
    Stream.SETTINGS: Kind.SETTINGS,
}

SENSITIVE: Final[Mapping[EventKind, Kind]] = {
    EventKind.ILLNESS: Kind.ILLNESS,
    EventKind.HIGH_SYMPTOMS: Kind.ILLNESS,
    EventKind.LOW_SYMPTOMS: Kind.ILLNESS,
    EventKind.STRESS: Kind.STRESS,
    EventKind.CYCLE: Kind.CYCLE,
    EventKind.ALCOHOL: Kind.ALCOHOL,
}
"""Rows of the event stream that need a kind of their own; unknown ones from 100 up are the owner's alone."""


@final
@dataclass(frozen=True, slots=True)
class DateTest:
    """One date parameter: a prefix and the instants that its text names. For `ap` the caller has
    already widened the period by a tenth of its distance from now."""

    prefix: Prefix
    period: Period

    def instants(self) -> PeriodSet:
        """The instants at which a point value passes."""
        return _POINTS[self.prefix](self.period)

    def spans(self, starts: Columns, ends: Columns) -> NDArray[np.bool_]:
        """Which spans `[start, end)` (int64[n] each, ms UTC) pass."""
        return _SPANS[self.prefix](self.period, starts, ends)


def _inside(period: Period) -> PeriodSet:
    return PeriodSet((period,))


def _before(instant: int) -> PeriodSet:
    return PeriodSet.between(BEGINNING, instant)


def _from(instant: int) -> PeriodSet:
    return PeriodSet.between(instant, END_OF_TIME)


_POINTS: Final[Mapping[str, Callable[[Period], PeriodSet]]] = {
    "eq": _inside,
    "ap": _inside,
    "ne": lambda p: ALL - _inside(p),
    "gt": lambda p: _from(p.end),
    "sa": lambda p: _from(p.end),
    "ge": lambda p: _from(p.start),
    "lt": lambda p: _before(p.start),
    "eb": lambda p: _before(p.start),
    "le": lambda p: _before(p.end),
}


def _within(p: Period, starts: Columns, ends: Columns) -> NDArray[np.bool_]:
    return (starts >= p.start) & (ends <= p.end)


_SPANS: Final[Mapping[str, Callable[[Period, Columns, Columns], NDArray[np.bool_]]]] = {
    "eq": _within,
    "ne": lambda p, starts, ends: ~_within(p, starts, ends),
    "gt": lambda p, starts, ends: ends > p.end,
    "lt": lambda p, starts, ends: starts < p.start,
    "ge": lambda p, starts, ends: (ends > p.end) | _within(p, starts, ends),
    "le": lambda p, starts, ends: (starts < p.start) | _within(p, starts, ends),
    "sa": lambda p, starts, ends: starts >= p.end,
    "eb": lambda p, starts, ends: ends <= p.start,
    "ap": lambda p, starts, ends: (starts < p.end) & (ends > p.start),
}


_Told = TypeVar("_Told")


@final
@dataclass(frozen=True, slots=True)
class Selector:
    """One kind of item: a stream, and where given its unit, its grain, codes of its column `kind`, what its flags
    say: (mask, the value under the mask), and whether the asker saw it change."""

    stream: Stream
    unit: Unit | None = None
    grain: Grain | None = None
    kinds: frozenset[int] | None = None
    marks: tuple[int, int] | None = None
    is_amended: bool | None = None

    def meets(self, other: Selector) -> Selector | None:
        """What both select; None where nothing."""
        try:
            unit, grain = _narrower(self.unit, other.unit), _narrower(self.grain, other.grain)
            kinds = self.kinds if other.kinds is None else other.kinds
            if self.kinds is not None and other.kinds is not None:
                kinds = self.kinds & other.kinds
            marks = _marked(self.marks, other.marks)
            is_amended = _narrower(self.is_amended, other.is_amended)
        except _Apart:
            return None
        is_there = self.stream is other.stream and kinds != frozenset()
        return Selector(self.stream, unit, grain, kinds, marks, is_amended) if is_there else None

    @property
    def is_by_row(self) -> bool:
        """Whether the rows themselves must be looked at."""
        return not (self.kinds is None and self.marks is None and self.is_amended is None)

    def passes(self, kinds: Columns, flags: Columns, versions: Columns) -> NDArray[np.bool_]:
        """Which rows of its stream are selected, by their columns `kind` and `flags` and by how often the asker saw
        them change (int64[n] each)."""
        found = np.ones(len(kinds), np.bool_)
        if self.kinds is not None:
            found &= np.isin(kinds, np.array(sorted(self.kinds), np.int64))
        if self.marks is not None:
            found &= flags & self.marks[0] == self.marks[1]
        if self.is_amended is not None:
            found &= (versions > 0) == self.is_amended
        return found


class _Apart(Exception):
    """Two selectors have nothing in common."""


def _narrower(one: _Told | None, other: _Told | None) -> _Told | None:
    if one is not None and other is not None and one != other:
        raise _Apart
    return other if one is None else one


def _marked(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    if one is None or other is None:
        return one or other
    both = one[0] & other[0]
    if one[1] & both != other[1] & both:
        raise _Apart
    return one[0] | other[0], one[1] | other[1]


def met(one: frozenset[Selector], other: frozenset[Selector]) -> frozenset[Selector]:
    """What both sets select."""
    if one == other:
        return one
    pairs = (mine.meets(theirs) for mine in one for theirs in other if mine.stream is theirs.stream)
    return frozenset(pair for pair in pairs if pair is not None)


class RowTest(Protocol):
    """A test of the amounts of items (`amounts.py`)."""

    def passes(self, key: SeriesKey, grain: Grain, values: Columns, flags: Columns) -> NDArray[np.bool_]:
        """Which items of one series and grain pass: amounts int64[n] in its scale, and Flags."""


@final
@dataclass(frozen=True, slots=True)
class Newest:
    """Of each of these groups of items, which have nothing in common, at most so many, newest first."""

    most: int
    groups: tuple[frozenset[Selector], ...]


@final
@dataclass(frozen=True, slots=True)
class Asked:
    """A wish about one patient.

    `patient` None: the request names no patient that exists; the gate answers as for one without a
    grant. `channel`: query, push, document, bulk, subscription, share-link, file, report. `described`: the request
    in words, kept sealed in the ledger. `selectors` None: every stream; the empty set: no readings (a
    Patient or Device alone). `dates`, `updated` and `amounts` all hold (and). `ids`: logical ids of readings, of
    the type that each leaves as; `devices`: of Devices; `metrics`: of DeviceMetrics; `device_kinds`: what a device is.
    `after`: a `Disclosure.more`. `history`: earlier versions too (with `ids`). `provenance`: evidence ids and
    origins. `retractions`: with `ids` or `updated` also, without values, what the asker holds of them and was taken
    away. `device_resources`, `metric_resources`, `patient_resource`: the Devices, the DeviceMetrics, the
    person's demographics themselves are wanted; without them none leaves. `newest`: no order, no page, but the
    newest of each group. `sampled`: single sensor readings as chunks of a day. `reporting`: summaries
    alone; `instead`: what is asked for where nothing of this may leave. `consent_resources`: the grants that concern
    the asker, of these `states`; `event_resources`: what the ledger says, for the owner; of both `ids` and `dates`
    select. `strictly`: `updated` is about the person and the sensors too, which come along otherwise. `along`: parts of
    summaries (and reports, `received.REPORT`) that others submitted, which come behind the last page.
    """

    patient: int | None
    way: Way
    channel: str
    described: str
    selectors: frozenset[Selector] | None = None
    dates: tuple[DateTest, ...] = ()
    updated: tuple[DateTest, ...] = ()
    amounts: tuple[RowTest, ...] = ()
    ids: frozenset[str] | None = None
    devices: frozenset[str] | None = None
    metrics: frozenset[str] | None = None
    device_kinds: frozenset[str] | None = None
    order: Order = "date"
    after: bytes | None = None
    limit: int | None = None
    total: bool = False
    history: bool = False
    provenance: bool = False
    retractions: bool = False
    device_resources: bool = False
    metric_resources: bool = False
    patient_resource: bool = False
    newest: Newest | None = None
    sampled: bool = False
    reporting: Reporting | None = None
    instead: Asked | None = None
    consent_resources: bool = False
    event_resources: bool = False
    states: frozenset[str] | None = None
    strictly: bool = False
    along: frozenset[str] = frozenset()
