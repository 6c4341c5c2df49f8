"""What a polling recipient holds and was taken away: told once more, as entered in error, without a value.

Law (`consent.md`, retraction is no disclosure): only for ids that left to this recipient under the pairing by
which it knows the person; also when the grant is narrower now, or ended. A removed reading was taken away;
one that was re-dated was, where what it says now does not leave to this recipient. What it never held stays
as absent as what never was. Asked for by id, or by lastUpdated: then it must match what else was asked.
Rejected: telling it in every answer (who does not ask what changed has nothing to mend).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Asked, Grain, Kind
from bridge.consent.batches import Batch
from bridge.consent.grant import Grant
from bridge.consent.named import named
from bridge.consent.part import Part
from bridge.consent.reader import Reader
from bridge.consent.rows import PART_GRAINS
from bridge.consent.strands import Mask, Strand, View, asked_points, kinds_of, wanted_grains
from bridge.consent.told import Holding, Tellings
from bridge.consent.versions import ordinals
from bridge.period import BEGINNING, EMPTY, END_OF_TIME, Instant, PeriodSet
from bridge.reading import Flag, take
from bridge.store.columns import RANKS, Table, firsts, ints, names
from bridge.store.ids import Ids, Name
from bridge.store.series import SeriesRow
from bridge.store.stood import standing

Ints: TypeAlias = NDArray[np.int64]
_RAW = frozenset({Grain.RAW})


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
        if not asked.retractions or not (asked.updated or asked.ids) or _is_of_else(asked):
            return ()
        slots = None if asked.ids is None else self._slots(asked)
        wanted = None if slots is None else {series: _names(some) for series, some in slots.items()}
        away = self.reader.away(BEGINNING if wanted is not None else self._since(asked), wanted)
        if not away:
            return ()
        series = {row.number: row for row in self.reader.series()}
        found = (
            self._batch(series[number], kind, codes, table)
            for number, table in away.items()
            for kind, codes in kinds_of(series[number].key.stream, self.view.is_owner)
        )
        chosen = (self._asked(batch, slots) for batch in found if batch is not None)
        return tuple(batch for batch in chosen if len(batch))

    def _slots(self, asked: Asked) -> dict[int, list[Name]]:
        """The readings asked for by id, by series; parts of intervals are told with their own ids."""
        found: dict[int, list[Name]] = {}
        for text in asked.ids or ():
            name = named(self.ids, text, self.view.decision.pairing, self.patient)
            if name is not None and name.grain in PART_GRAINS:
                found.setdefault(name.series, []).append(name)
        return found

    def _since(self, asked: Asked) -> Instant:
        """Before it nothing that is asked for changed."""
        hull = _all(asked).hull()
        return END_OF_TIME if hull is None else hull.start

    def _batch(self, row: SeriesRow, kind: Kind, codes: frozenset[int] | None, away: Table) -> Batch | None:
        """What of one series is taken away for this asker, of one kind: a sensitive event is held by whom its own
        kind was granted to."""
        if Grain.RAW not in wanted_grains(self.view, row.key.stream, row.key.unit):
            return None
        strand = Strand(row, kind, EMPTY, _RAW, _RAW, None, codes)
        away = take(away, np.argsort(names(away), kind="stable"))
        stood = standing(self.reader.earlier(row.number, names(away)), away)
        before, _ = ordinals(self.view, strand, stood)
        last = np.flatnonzero(stood["until"] == END_OF_TIME)
        held = self._held(strand, stood)
        if codes is not None:
            held &= np.isin(ints(stood, "kind"), np.array(sorted(codes), np.int64))
        known = ints(stood, "instant")[_latest(held, last)]
        gone = ints(away, "flags") & int(Flag.RETRACTED) != 0
        moved = (ints(away, "instant") != known) & ~self._is_open(strand, away)
        told = np.flatnonzero(_any(held, last) & (gone | moved))
        if not len(told):
            return None
        return self._made(strand, take(away, told), known[told], before[last[told]])

    def _made(self, strand: Strand, away: Table, instants: Ints, versions: Ints) -> Batch:
        order = np.argsort(instants, kind="stable")
        away, size = take(away, order), len(order)
        changed = ints(away, "changed")
        rows: Table = {
            "instant": instants[order],
            "value": np.zeros(size, np.int64),
            "flags": np.full(size, int(Flag.RETRACTED), np.uint16),
            "artifact": ints(away, "artifact"),
            "changed": changed,
        }
        updated = np.maximum(changed, self.fhir_changed(strand.series.key.family))
        slots = (names(away) % RANKS).astype(np.uint16)
        return Batch(strand, Grain.RAW, rows, firsts(away), slots, updated, versions[order])

    def _held(self, strand: Strand, stood: Table) -> Mask:
        view = self.view
        holding = Holding(stood, strand.kind, self.grants, view.decision.pairing, view.zones, view.source)
        return holding.held(self.tellings())

    def _is_open(self, strand: Strand, away: Table) -> Mask:
        """Which that moved leave to the asker by any way where they are now."""
        found, now = np.zeros(len(away["instant"]), np.bool_), self.view.now
        for of_source, opened in self.view.by_source(away, strand.kind, _RAW):
            for box in opened.shown:
                if now in box.acts:
                    mask = box.periods.mask(ints(away, "instant"))
                    found |= mask if of_source is None else mask & of_source
        return found

    def _asked(self, batch: Batch, slots: Mapping[int, Sequence[Name]] | None) -> Batch:
        """The items that the wish names."""
        asked = self.view.asked
        keep = _all(asked).mask(batch.updated)
        if asked.dates:
            keep &= asked_points(asked).mask(ints(batch.rows, "instant"))
        batch = batch.taken(keep)
        return batch if slots is None else _renamed(batch, slots[batch.strand.series.number])


def numbers(batches: Sequence[Batch]) -> Part | None:
    """The numbers of items that are told as taken away."""
    instants = [int(at) for batch in batches for at in batch.rows["instant"]]
    if not instants:
        return None
    kinds = frozenset(batch.strand.kind for batch in batches)
    return Part(
        count=len(instants), readings=len(instants), first=min(instants), last=max(instants), kinds=kinds
    )


def _is_of_else(asked: Asked) -> bool:
    """Whether the wish names what no reading that was taken away has, or wants none by itself."""
    by_row = any(each.is_by_row for each in asked.selectors or ())
    return bool(asked.sampled or asked.newest or asked.amounts or by_row) or not (
        asked.devices is None and asked.metrics is None and asked.device_kinds is None
    )


def _packed(name: Name) -> int:
    return name.instant * RANKS + name.rank % RANKS


def _names(some: Sequence[Name]) -> Ints:
    return np.unique(np.array([_packed(name) for name in some], np.int64))


def _all(asked: Asked) -> PeriodSet:
    """The instants that all tests of lastUpdated let through."""
    found = PeriodSet.between(BEGINNING, END_OF_TIME)
    for test in asked.updated:
        found &= test.instants()
    return found


def _any(which: Mask, last: NDArray[np.intp]) -> Mask:
    """For each name (its versions end at `last`) whether any of its versions is among them."""
    total = np.cumsum(which)[last]
    return np.asarray(np.diff(total, prepend=0) > 0)


def _latest(which: Mask, last: NDArray[np.intp]) -> NDArray[np.intp]:
    """For each name the place of the latest of its versions that is among them; any where there is none."""
    places = np.maximum.accumulate(np.where(which, np.arange(len(which)), 0))
    return np.asarray(places[last], np.intp)


def _renamed(batch: Batch, wanted: Sequence[Name]) -> Batch:
    """The items under the very ids that were asked for."""
    own = {name: place for place, name in enumerate((batch.first * RANKS + batch.slots).tolist())}
    pairs = [(own[_packed(name)], name.slot) for name in sorted(wanted) if _packed(name) in own]
    found = batch.taken(np.array([place for place, _ in pairs], np.intp))
    return replace(found, slots=np.array([slot for _, slot in pairs], np.uint16))


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
