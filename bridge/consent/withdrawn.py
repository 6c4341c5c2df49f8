"""What a polling recipient holds and was taken away: told once more, as entered in error, without a value.

Law (`consent.md`, retraction is no disclosure): only for ids that left to this recipient under the pairing by
which it knows the person; also when the grant is narrower now, or ended. A removed reading was taken away; one that
was re-dated, or that a later upload which is gone had spoken over, was, where what it says now does not leave to this
recipient. What it never held stays as absent as what never was. Asked for by id, or by lastUpdated: then it must match
what else was asked.
Rejected: telling it in every answer (who does not ask what changed has nothing to mend).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Asked, Grain, Kind
from bridge.consent.batches import Batch
from bridge.consent.grant import Grant
from bridge.consent.named import named
from bridge.consent.part import Part
from bridge.consent.pieces import counted
from bridge.consent.reader import Reader
from bridge.consent.strands import Mask, Strand, View, asked_points, kinds_of, wanted_grains
from bridge.consent.told import Holding, Left, Tellings
from bridge.consent.versions import ordinals, standing_now
from bridge.period import BEGINNING, EMPTY, END_OF_TIME, Instant, PeriodSet, union
from bridge.reading import INTERVALS, Flag, take
from bridge.store.columns import RANKS, Table, firsts, ints, names
from bridge.store.ids import Ids, Name
from bridge.store.lifetimes import BACK, STANDS, standing
from bridge.store.series import SeriesRow
from bridge.store.slots import slots

Ints: TypeAlias = NDArray[np.int64]
_RAW = frozenset({Grain.RAW})
_WRONG = int(Flag.RETRACTED)


@final
@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Finds it for one wish. `tellings` is asked for where something may have to be told."""

    view: View
    reader: Reader
    ids: Ids
    patient: int
    fhir_changed: Callable[[str], Instant]
    tellings: Callable[[], Tellings]
    grants: Mapping[tuple[str, int], Grant]

    def batches(self) -> tuple[Batch, ...]:
        """The items to be told, by series in order of time."""
        asked = self.view.asked
        named = None if asked.ids is None else self._named(asked)
        wanted = None if named is None else {series: _names(some) for series, some in named.items()}
        away = self.reader.away(BEGINNING if wanted is not None else self._since(asked), wanted)
        if not away:
            return ()
        series = {row.number: row for row in self.reader.series()}
        found = (
            self._batch(series[number], kind, codes, table)
            for number, table in away.items()
            for kind, codes in kinds_of(series[number].key.stream, self.view.is_owner)
        )
        chosen = (self._asked(batch, named) for batch in found if batch is not None)
        return tuple(batch for batch in chosen if len(batch))

    def held(self, strand: Strand, rows: Table) -> Mask:
        """Which readings that are marked as wrong where they stand had left to the asker before."""
        now = standing_now(rows)
        named, first = np.unique(names(now), return_index=True)
        stood = standing(self.reader.earlier(strand.series.number, named), take(now, first))
        left = self._left(strand, stood)
        parts = rows["part"].astype(np.int64) if "part" in rows else np.zeros(len(rows["instant"]), np.int64)
        return np.isin(_pairs(names(now), parts), _pairs(names(stood)[left.place], left.part))

    def _named(self, asked: Asked) -> dict[int, list[Name]]:
        """The readings and parts of readings asked for by id, by series."""
        found: dict[int, list[Name]] = {}
        for text in asked.ids or ():
            name = named(self.ids, text, self.view.decision.pairing, self.patient)
            if name is not None and name.is_reading:
                found.setdefault(name.series, []).append(name)
        return found

    def _since(self, asked: Asked) -> Instant:
        """Before it nothing that is asked for changed."""
        hull = updates(asked).hull()
        return END_OF_TIME if hull is None else hull.start

    def _batch(self, row: SeriesRow, kind: Kind, codes: frozenset[int] | None, away: Table) -> Batch | None:
        """What of one series is taken away for this asker, of one kind: a sensitive event is held by whom its own
        kind was granted to."""
        if Grain.RAW not in wanted_grains(self.view, row.key.stream, row.key.unit):
            return None
        strand = Strand(row, kind, EMPTY, _RAW, _RAW, None, codes)
        stood = standing(self.reader.earlier(row.number, names(away)), away)
        last = np.flatnonzero(stood["until"] == END_OF_TIME)
        left = self._left(strand, stood)
        left = left.taken(self._is_meant(strand, ints(stood, "kind")[left.place]))
        left = _latest(left, np.searchsorted(last, left.place))
        now = np.searchsorted(last, left.place)
        told = left.taken(self._is_taken(strand, stood, take(away, now), left))
        if not len(told.place):
            return None
        now = np.searchsorted(last, told.place)
        numbers = ordinals(self.view, strand, stood).taken[last[now]]
        return self._made(strand, take(away, now), told, ints(stood, "kind")[told.place], numbers)

    def _left(self, strand: Strand, stood: Table) -> Left:
        view, is_cut = self.view, strand.stream in INTERVALS
        pairing, kind = view.decision.pairing, strand.kind
        holding = Holding(stood, kind, is_cut, self.grants, pairing, view.zones, view.source)
        left = holding.left(self.tellings())
        if strand.codes is None:
            return left
        own = np.array(sorted(strand.codes), np.int64)
        return left.taken(np.isin(ints(stood, "kind")[left.place], own))

    def _is_meant(self, strand: Strand, kinds: Ints) -> Mask:
        """Which versions of these kinds the wish would have selected, as what they are told as now: wrong."""
        asked, key = self.view.asked, strand.series.key
        wrong = np.full(len(kinds), _WRONG, np.int64)
        found = np.full(len(kinds), asked.selectors is None, np.bool_)
        for each in asked.selectors or ():
            if (
                each.stream is key.stream
                and each.unit in (None, key.unit)
                and each.grain in (None, Grain.RAW)
            ):
                found |= each.passes(kinds, wrong, np.ones(len(kinds), np.int64))
        return found

    def _is_taken(self, strand: Strand, stood: Table, now: Table, left: Left) -> Mask:
        """Which of what left is gone or marked as wrong, or is elsewhere in time, or was what an upload that is gone
        said, and nowhere that the asker sees.
        What is marked as wrong where it is open now is told there (`gather.py`)."""
        wrong, stands = ints(now, "flags") & _WRONG != 0, ints(now, STANDS) != 0
        moved = np.zeros(len(left.place), np.bool_)
        for name in ("instant", "end", "bound"):
            moved |= ints(now, name) != ints(stood, name)[left.place]
        moved |= ints(stood, "artifact")[left.place] > ints(now, "artifact")
        open_, ever = (self._parts(strand, now, by_any) for by_any in (False, True))
        return np.asarray((wrong & ~(stands & (left.part < open_))) | (~wrong & moved & (left.part >= ever)))

    def _parts(self, strand: Strand, now: Table, by_any: bool) -> Ints:
        """In how many parts each leaves to the asker where it is now, 0 not at all: as asked, or by any way."""
        starts, bounds = ints(now, "instant"), ints(now, "bound")
        ends = np.maximum(ints(now, "end"), starts + 1)
        found = np.zeros(len(starts), np.int64)
        for of_source, opened in self.view.by_source(now, strand.kind, _RAW):
            raw, acting = opened.raw(), [box.periods for box in opened.shown if self.view.now in box.acts]
            for periods in ([] if raw is None else [raw.periods]) + (
                [*acting, union(acting)] if by_any else []
            ):
                parts = (
                    counted(starts, ends, bounds, periods)
                    if strand.stream in INTERVALS
                    else periods.covers_mask(starts - bounds, starts + bounds).astype(np.int64)
                )
                found = np.maximum(found, parts if of_source is None else parts * of_source)
        return found

    def _made(self, strand: Strand, now: Table, told: Left, kinds: Ints, versions: Ints) -> Batch:
        order = np.argsort(told.low, kind="stable")
        now, told, size = take(now, order), told.taken(order), len(order)
        rows: Table = {
            "instant": told.low,
            "value": np.zeros(size, np.int64),
            "flags": np.full(size, _WRONG, np.uint16),
            "kind": kinds[order].astype(np.uint16),
            "artifact": ints(now, "artifact"),
            "changed": ints(now, "changed"),
        }
        if strand.stream in INTERVALS:
            rows["end"] = np.where(told.high > told.low + 1, told.high, 0)
        updated = np.maximum(ints(now, "changed"), self.fhir_changed(strand.series.key.family))
        named = slots(told.part, names(now) % RANKS)
        return Batch(strand, Grain.RAW, rows, firsts(now), named, updated, versions[order])

    def _asked(self, batch: Batch, named: Mapping[int, Sequence[Name]] | None) -> Batch:
        """The items that the wish names."""
        asked, starts = self.view.asked, ints(batch.rows, "instant")
        keep = updates(asked).mask(batch.updated)
        if "end" not in batch.rows:
            keep &= asked_points(asked).mask(starts)
        else:
            for test in asked.dates:
                keep &= test.spans(starts, np.maximum(ints(batch.rows, "end"), starts + 1))
        if named is not None:
            some = [(name.instant, name.slot) for name in named[batch.strand.series.number]]
            told = zip(batch.first.tolist(), batch.slots.tolist(), strict=True)
            keep &= np.array([each in some for each in told], np.bool_)
        return batch.taken(keep)


def went(reader: Reader, strand: Strand, since: Instant) -> tuple[Ints, Ints]:
    """Where readings of a strand were that went, moved or turned out wrong at `since` or later, and when."""
    series = strand.series.number
    away = reader.away(since, None).get(series)
    if away is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return departed(reader, series, away)


def departed(reader: Reader, series: int, away: Table) -> tuple[Ints, Ints]:
    """Where the readings of a series were that are `away` (`Reader.away`), and since when."""
    away = take(away, np.flatnonzero(ints(away, STANDS) != BACK))
    if not len(names(away)):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    stood = reader.earlier(series, names(away))
    return ints(stood, "instant"), ints(away, "changed")[np.searchsorted(names(away), names(stood))]


def numbers(batches: Sequence[Batch]) -> Part | None:
    """The numbers of items that are told as taken away."""
    instants = [int(at) for batch in batches for at in batch.rows["instant"]]
    if not instants:
        return None
    kinds = frozenset(batch.strand.kind for batch in batches)
    return Part(
        count=len(instants), readings=len(instants), first=min(instants), last=max(instants), kinds=kinds
    )


def is_asked(asked: Asked) -> bool:
    """Whether the wish is for what was taken away too, and names nothing that such an item does not have."""
    is_of_else = bool(asked.sampled or asked.newest or asked.amounts) or not (
        asked.devices is None and asked.metrics is None and asked.device_kinds is None
    )
    return asked.retractions and bool(asked.updated or asked.ids) and not is_of_else


def _names(some: Sequence[Name]) -> Ints:
    return np.unique(np.array([name.instant * RANKS + name.rank for name in some], np.int64))


def updates(asked: Asked) -> PeriodSet:
    """The instants that all tests of lastUpdated let through."""
    found = PeriodSet.between(BEGINNING, END_OF_TIME)
    for test in asked.updated:
        found &= test.instants()
    return found


def _latest(left: Left, named: Ints) -> Left:
    """Each part of each name once: of the latest version in which it left, as it was told last."""
    order = np.lexsort((np.arange(len(named)), left.place, left.part, named))
    alike = (np.diff(named[order]) == 0) & (np.diff(left.part[order]) == 0)
    return left.taken(order[np.append(~alike, np.ones(min(1, len(order)), np.bool_))])


def _pairs(named: Ints, parts: Ints) -> NDArray[np.void]:
    return np.stack((named, parts), axis=1).copy().view([("name", np.int64), ("part", np.int64)])[:, 0]


@final
@dataclass(slots=True)
class Waiting:
    """The items beside a walk over slabs: each is told with the slab that reaches its instant."""

    batches: tuple[Batch, ...]
    descending: bool

    def beside(self, low: Instant, high: Instant) -> list[Batch]:
        """Those that must not come after the slab `[low, high)`."""
        if not self.batches:
            return []
        due = [self._due(batch, low, high) for batch in self.batches]
        now = [batch.taken(which) for batch, which in zip(self.batches, due, strict=True)]
        self.batches = tuple(batch.taken(~which) for batch, which in zip(self.batches, due, strict=True))
        return now

    def rest(self) -> list[Batch]:
        """Those that no slab reached."""
        found, self.batches = list(self.batches), ()
        return found

    def _due(self, batch: Batch, low: Instant, high: Instant) -> Mask:
        instants = ints(batch.rows, "instant")
        return np.asarray(instants >= low if self.descending else instants < high)
