"""What is read for one wish: a strand is one series seen for one kind, with what is open of it.

Law: pure but for the two look-ups that are handed in. A strand reaches only for instants that some grant
opens *and* the wish names, widened by what copies and means need around them and cut to what is open again:
nothing that may not leave is read (`consent.md`, the door). Which source a row came from is told by its
artifact. Rejected: reading the window and filtering afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from typing import Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import KIND_OF, SENSITIVE, Asked, Grain, Kind, Selector
from bridge.consent.clusters import LIKENESS, WIDEST
from bridge.consent.decide import Decision
from bridge.consent.opened import EVERY_GRAIN, Layer, Opened, opened
from bridge.metrics.buckets import is_offered
from bridge.period import (
    ALL,
    BEGINNING,
    DAY,
    END_OF_TIME,
    HOUR,
    MINUTE,
    Instant,
    Period,
    PeriodSet,
    ZoneHistory,
    union,
)  # fmt: skip
from bridge.reading import EventKind, SeriesKey, Stream, Unit, column
from bridge.store.columns import Table
from bridge.store.ids import Name
from bridge.store.series import SeriesRow

Mask: TypeAlias = NDArray[np.bool_]
Sight: TypeAlias = tuple[str, Kind, frozenset[Grain]]
"""A source, a kind, and the grains that it can be told at."""

LENGTH: Final[Mapping[Grain, int]] = {
    Grain.QUARTER_HOUR: 15 * MINUTE,
    Grain.HOUR: HOUR,
    Grain.DAY: DAY,
}
AROUND: Final[Mapping[Grain, int]] = {
    Grain.RAW: 0,
    Grain.QUARTER_HOUR: HOUR,
    Grain.HOUR: 2 * HOUR,
    Grain.DAY: 30 * HOUR,
    Grain.SUMMARY: 0,
}
"""How far around an instant its bucket may reach: a local day has up to 30 hours, rarely."""


@dataclass(slots=True)
class View:
    """One request as the decision sees it. `source_of` names the sources of artifacts; `memory` keeps what
    was opened for (source, kind) as long as the decision holds."""

    asked: Asked
    decision: Decision
    zones: ZoneHistory
    now: Instant
    is_owner: bool
    source_of: Callable[[Sequence[int]], Mapping[int, str]]
    memory: dict[Sight, Opened] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def opened(self, source: str, kind: Kind, grains: frozenset[Grain]) -> Opened:
        """What is open of one source and kind that can be told at `grains`."""
        found = self.memory.get((source, kind, grains))
        if found is None:
            found = self.memory[source, kind, grains] = opened(self.decision, source, kind, grains)
        return found

    def layers(self, kind: Kind, grain: Grain, grains: frozenset[Grain] = EVERY_GRAIN) -> Iterator[Layer]:
        """Every layer of that kind and grain, of whatever source."""
        for source in ("", *self.decision.named_sources()):
            yield from (each for each in self.opened(source, kind, grains).layers if each.grain is grain)

    def by_source(
        self, rows: Table, kind: Kind, grains: frozenset[Grain] = EVERY_GRAIN
    ) -> Iterator[tuple[Mask | None, Opened]]:
        """What is open for the rows of each source; None: for all rows."""
        if self.decision.is_source_blind():
            yield None, self.opened("", kind, grains)
            return
        artifacts = column(rows, "artifact")
        if not len(artifacts) or (artifacts[0] == artifacts).all():
            yield None, self.opened(self.source(int(artifacts[0])) if len(artifacts) else "", kind, grains)
            return
        for artifact in np.unique(artifacts).tolist():
            yield artifacts == artifact, self.opened(self.source(artifact), kind, grains)

    def source(self, artifact: int) -> str:
        """The name of the source that an artifact came from, '' unknown."""
        if artifact not in self.names:
            self.names.update(self.source_of([artifact]))
        return self.names.get(artifact, "")


@final
@dataclass(frozen=True, slots=True)
class Strand:
    """One series for one kind. `reach`: what to read. `grains`: those its source can be told at; `chosen`:
    those asked for, none where it is read for its copies alone. `wanted`: the names asked for, None for
    all. `codes`: codes of the `kind` column that belong to this strand, None for all. `tests`: what was asked
    for, any of them, where some of it is asked for row by row; none: every row."""

    series: SeriesRow
    kind: Kind
    reach: PeriodSet
    grains: frozenset[Grain]
    chosen: frozenset[Grain]
    wanted: tuple[Name, ...] | None
    codes: frozenset[int] | None
    tests: tuple[Selector, ...] = ()

    @property
    def stream(self) -> Stream:
        """The stream of the series."""
        return self.series.key.stream


_NO_GRAIN: Final = frozenset[Grain]()
Named: TypeAlias = Mapping[int, Sequence[tuple[Name, Instant]]]
"""Ids asked for, by series: the name and the instant where it is now."""


def strands(
    view: View, series: Sequence[SeriesRow], named: Named | None, devices: frozenset[int] | None
) -> tuple[Strand, ...]:
    """What to read. `devices`: numbers of the devices asked for."""
    found: list[Strand] = []
    places = None if named is None else tuple(at for names in named.values() for _, at in names)
    reaches = _Reaches(view, places)
    for stream in dict.fromkeys(each.key.stream for each in series):
        peers = [each for each in series if each.key.stream is stream]
        chosen = [
            wanted_grains(view, stream, each.key.unit)
            if (devices is None or each.thing in devices)
            and (named is None or each.number in named)
            and (view.asked.device_kinds is None or each.device.kind in view.asked.device_kinds)
            else _NO_GRAIN
            for each in peers
        ]
        joins = stream in LIKENESS and len(peers) > 1 and any(chosen)
        for each, grains in zip(peers, chosen, strict=True):
            if grains or joins:
                found += _strands(view, reaches, each, grains, named, joins)
    return tuple(found)


def _strands(
    view: View,
    reaches: _Reaches,
    series: SeriesRow,
    chosen: frozenset[Grain],
    named: Named | None,
    joins: bool,
) -> Iterator[Strand]:
    grains = offered(series.key.stream, series.key.family)
    tests = _tests(view.asked, series.key)
    for kind, codes in kinds_of(series.key.stream, view.is_owner):
        if reach := reaches.of(kind, grains, joins, series.longest):
            wanted = None if named is None else tuple(name for name, _ in named.get(series.number, ()))
            yield Strand(series, kind, reach, grains, chosen, wanted, codes, tests)


@final
@dataclass(slots=True)
class _Reaches:
    """What is to be read of each kind, worked out once for all series alike. `places`: where the readings
    that were asked for by id are."""

    view: View
    places: tuple[Instant, ...] | None
    known: dict[tuple[Kind, frozenset[Grain], bool, int], PeriodSet] = field(default_factory=dict)

    def of(self, kind: Kind, grains: frozenset[Grain], joins: bool, longest: int) -> PeriodSet:
        """The open instants that series with intervals of up to `longest` ms are read for."""
        key = (kind, grains, joins, 0 if self.places is None else longest)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._of(kind, grains, joins, longest)
        return found

    def _of(self, kind: Kind, grains: frozenset[Grain], joins: bool, longest: int) -> PeriodSet:
        boxes = [box for box in self.view.decision.boxes if kind in box.kinds and box.grain in grains]
        margin = max((around_of(self.view.asked, box.grain) for box in boxes), default=0)
        margin += WIDEST if joins else 0
        around = _around(self.view.asked, margin)
        if self.places is not None:
            after = max(1, margin, longest)
            around &= union(PeriodSet.between(at - margin, at + after) for at in self.places)
        return union(box.periods for box in boxes) & around


def nearby(view: View, named: Named) -> Period:
    """Where anything lies that the readings asked for by id depend on; intervals may reach into it."""
    margin = WIDEST + max((around_of(view.asked, box.grain) for box in view.decision.boxes), default=0)
    places = [at for names in named.values() for _, at in names]
    return Period(min(places) - margin, max(places) + margin + 1)


@lru_cache(maxsize=256)
def offered(stream: Stream, family: str) -> frozenset[Grain]:
    """The grains that a source can be told at."""
    return frozenset(
        grain for grain in EVERY_GRAIN if grain is Grain.RAW or is_offered(stream, family, LENGTH[grain])
    )


def wanted_grains(view: View, stream: Stream, unit: Unit) -> frozenset[Grain]:
    """The grains at which the wish names a stream in that unit."""
    wanted = _wanted(view, stream)
    return wanted.get(unit, _NO_GRAIN) | wanted.get(None, _NO_GRAIN)


def _wanted(view: View, stream: Stream) -> dict[Unit | None, frozenset[Grain]]:
    """The grains of a stream that the wish names, by unit; None: of every unit."""
    found: dict[Unit | None, frozenset[Grain]] = {}
    if view.asked.selectors is None:
        return {None: EVERY_GRAIN}
    for each in view.asked.selectors:
        if each.stream is stream:
            grains = EVERY_GRAIN if each.grain is None else EVERY_GRAIN & {each.grain}
            found[each.unit] = found.get(each.unit, _NO_GRAIN) | grains
    return found


def _tests(asked: Asked, key: SeriesKey) -> tuple[Selector, ...]:
    """The selectors of a series, where any of them looks at rows."""
    mine = [
        each for each in asked.selectors or () if each.stream is key.stream and each.unit in (None, key.unit)
    ]
    return tuple(mine) if any(each.is_by_row for each in mine) else ()


def around_of(asked: Asked, grain: Grain) -> int:
    """How far around an instant lies what one answer depends on."""
    return AROUND[Grain.DAY] if asked.sampled else AROUND[grain]


def _around(asked: Asked, margin: int) -> PeriodSet:
    """The asked instants and what lies near them; of chunks, each test's, for one may meet what no instant meets."""
    if asked.sampled:
        return reduce(lambda found, test: found & test.instants().widened(margin), asked.dates, ALL)
    return asked_points(asked).widened(margin) if margin else asked_points(asked)


def asked_points(asked: Asked) -> PeriodSet:
    """The instants that all date tests let through."""
    return reduce(lambda found, test: found & test.instants(), asked.dates, ALL)


def kinds_of(stream: Stream, is_owner: bool) -> Iterable[tuple[Kind, frozenset[int] | None]]:
    """The kinds of a stream, each with the codes of its rows."""
    if is_owner or stream is not Stream.EVENT:
        return ((KIND_OF[stream], None),)
    plain = frozenset(int(code) for code in EventKind if code not in SENSITIVE and code < _HEALTH)
    singly = {
        kind: frozenset(int(code) for code, own in SENSITIVE.items() if own is kind)
        for kind in set(SENSITIVE.values())
    }
    return ((Kind.EVENTS, plain), *sorted(singly.items()))


_HEALTH: Final = 100


def margin_of(found: Sequence[Strand]) -> int:
    """How far copies may lie apart, where some are possible."""
    joined = [strand.stream for strand in found if strand.stream in LIKENESS]
    return WIDEST if len(joined) > len(set(joined)) else 0


def onwards(view: View, last: Instant, margin: int) -> PeriodSet:
    """Where anything after the cursor may lie."""
    around = margin + max(around_of(view.asked, box.grain) for box in view.decision.boxes)
    if view.asked.order == "date":
        return PeriodSet.between(last - around, END_OF_TIME)
    if view.asked.order == "-date":
        return PeriodSet.between(BEGINNING, last + 1 + around)
    return PeriodSet.between(BEGINNING, END_OF_TIME)
