"""From slabs of rows to items that may leave: copies set aside, means made, the wish applied.

Law: pure over what is handed in. Order matters: first what is open (`rows.py`), then which copies stay
behind, then means, and only then what was asked, so that a narrow question and a wide one agree.
lastUpdated of an asker is the latest of receipt or amendment, visibility without a break, and activation of
the FHIR half (`data.md`, versions and times); nothing else computes it. A retracted reading is told, without
its value, only to who held it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Grain, Kind
from bridge.consent.batches import Batch
from bridge.consent.chunks import chunked
from bridge.consent.clusters import LIKENESS, Track, shadowed
from bridge.consent.means import Held, Load, mean_batch
from bridge.consent.opened import MEANS, Opened
from bridge.consent.reader import Reader
from bridge.consent.recalled import taken
from bridge.consent.rows import take
from bridge.consent.slabs import Slab
from bridge.consent.strands import Mask, Strand, View, asked_points
from bridge.consent.versions import counted
from bridge.consent.withdrawn import went
from bridge.period import Instant, PeriodSet
from bridge.reading import INTERVALS, NONE_PROGRAMMED, Flag, Stream
from bridge.store.columns import Table, ints
from bridge.store.published import BLOCK, Shelf
from bridge.store.slots import slots

_NO_TRACK: Final = int(Flag.NO_VALUE | Flag.RETRACTED)
_RETRACTED: Final = int(Flag.RETRACTED)
_NONE: Final = np.zeros(0, np.bool_)


@final
@dataclass(frozen=True, slots=True)
class Gathering:
    """What gathering needs beside the slabs. `fhir_changed`: activation of a format's FHIR half; `load`:
    the means that the asker holds; `was_told`: which rows that are marked as wrong had left to the asker before;
    `reader`: what versions readings had before, and which went."""

    view: View
    strands: tuple[Strand, ...]
    fhir_changed: Callable[[str], Instant]
    load: Load
    was_told: Callable[[Strand, Table], Mask]
    reader: Reader

    def items(self, slab: Slab) -> Iterator[Batch]:
        """Every item of the slab that may leave and was asked for."""
        tables = _without_copies(self.strands, slab.tables) if self._joins() else slab.tables
        for strand, rows in zip(self.strands, tables, strict=True):
            if not strand.chosen or not (len(rows["instant"]) or _has_means(self.view, strand)):
                continue
            made = self._sampled if self.view.asked.sampled else self._batches
            for batch in made(strand, rows, slab):
                found = self._asked(batch, slab)
                if len(found):
                    yield found

    def _joins(self) -> bool:
        """An owner who names a reading sees it, whichever copy stands before it."""
        return not (self.view.is_owner and self.view.asked.ids is not None)

    def _batches(self, strand: Strand, rows: Table, slab: Slab) -> Iterator[Batch]:
        fhir = self.fhir_changed(strand.series.key.family)
        if not _has_means(self.view, strand):
            if Grain.RAW in strand.chosen:
                yield self._raw(strand, rows, fhir)
            return
        grains = rows["grain"] if "grain" in rows else np.zeros(0, np.uint8)
        if Grain.RAW in strand.chosen and (grains == Grain.RAW).any():
            yield self._raw(strand, take(rows, grains == Grain.RAW), fhir)
        for grain in MEANS:
            if grain in strand.grains & strand.chosen and any(
                self.view.layers(strand.kind, grain, strand.grains)
            ):
                held = self.load(strand, grain, slab.low // BLOCK, slab.high // BLOCK)
                mine, loss = grains == grain, partial(went, self.reader)
                recall = partial(taken, self.view, self.reader, strand, grain)
                own, apart = take(rows, mine), take(rows, ~mine)
                yield mean_batch(self.view, strand, grain, own, apart, held.rows(), fhir, loss, recall)

    def _sampled(self, strand: Strand, rows: Table, slab: Slab) -> Iterator[Batch]:
        """Single readings as chunks: of the days that are whole in the slab."""
        inside = _between(ints(rows, "instant"), slab.low, slab.high)
        if "grain" in rows:
            inside &= ints(rows, "grain") == Grain.RAW
        if strand.stream is Stream.GLUCOSE and inside.any():
            fhir = self.fhir_changed(strand.series.key.family)
            yield chunked(self.view, self._raw(strand, take(rows, inside), fhir))

    def _raw(self, strand: Strand, rows: Table, fhir: Instant) -> Batch:
        updated = np.maximum(np.maximum(ints(rows, "changed"), rows["since"]), fhir)
        parts = rows["part"].astype(np.int64) if "part" in rows else np.zeros(len(updated), np.int64)
        named = slots(parts, ints(rows, "rank"))
        versions = counted(self.view, strand, rows, self.reader.earlier)
        batch = Batch(strand, Grain.RAW, rows, ints(rows, "first"), named, updated, versions)
        gone = ints(rows, "flags") & _RETRACTED != 0 if "flags" in rows else _NONE
        if not gone.any():
            return batch
        told, places = ~gone, np.flatnonzero(gone)
        told[places] = True if self.view.is_owner else self.was_told(strand, take(rows, places))
        return _without_values(batch, gone).taken(told)

    def _asked(self, batch: Batch, slab: Slab) -> Batch:
        """The items of the stretch of the slab that the wish names."""
        asked, instants = self.view.asked, ints(batch.rows, "instant")
        keep = _between(instants, slab.low, slab.high)
        is_point = batch.grain is Grain.RAW and batch.strand.stream not in INTERVALS and not batch.is_sampled
        if asked.dates and is_point:
            keep &= _inside(asked_points(asked), instants)
        elif asked.dates:
            ends = np.maximum(ints(batch.rows, "end"), instants + 1)
            for test in asked.dates:
                keep &= test.spans(instants, ends)
        for test in asked.updated:
            keep &= _inside(test.instants(), batch.updated)
        if batch.strand.wanted is not None:
            keep &= _named(batch)
        tests = [each for each in batch.strand.tests if each.grain in (None, batch.grain)]
        if tests and all(each.is_by_row for each in tests):
            kinds, flags = ints(batch.rows, "kind"), ints(batch.rows, "flags")
            keep &= np.logical_or.reduce([each.passes(kinds, flags, batch.versions) for each in tests])
        for amount in asked.amounts:
            values, flags = ints(batch.rows, "value"), ints(batch.rows, "flags")
            keep &= amount.passes(batch.strand.series.key, batch.grain, values, flags)
        if asked.devices is not None:
            keep &= device_mask(self.view, batch)
        return batch if keep.all() else batch.taken(keep)


def device_mask(view: View, batch: Batch, kind: Kind = Kind.DEVICE) -> Mask:
    """Which items may name their device (or, with `Kind.SERIALS`, its serial)."""
    starts = ints(batch.rows, "instant")
    lasts = np.maximum(ints(batch.rows, "end") - 1, starts) if "end" in batch.rows else starts
    found = np.zeros(len(batch), np.bool_)
    for of_source, opened in view.by_source(batch.rows, kind):
        if of_source is None and len(batch) and _hold(opened, int(starts.min()), int(lasts.max())):
            return ~found
        mask = np.zeros(len(batch), np.bool_)
        for layer in opened.layers:
            mask |= layer.periods.covers_mask(starts, lasts)
        found |= mask if of_source is None else mask & of_source
    return found


def _hold(opened: Opened, first: Instant, last: Instant) -> bool:
    """Whether one layer is open from the first instant to the last without a break."""
    return any(p.start <= first and last < p.end for layer in opened.layers for p in layer.periods)


def _without_copies(strands: Sequence[Strand], tables: Sequence[Table]) -> list[Table]:
    """The tables without the rows that a copy in another series stands before."""
    found = list(tables)
    filled = [i for i, table in enumerate(tables) if len(table["instant"])]
    for stream in {strands[i].stream for i in filled} & LIKENESS.keys():
        places = [i for i in filled if strands[i].stream is stream]
        if len(places) < 2:
            continue
        plain = [np.flatnonzero(_is_comparable(tables[i])) for i in places]
        tracks = [_track(strands[i], take(tables[i], rows)) for i, rows in zip(places, plain, strict=True)]
        for i, rows, hidden in zip(places, plain, shadowed(tracks), strict=True):
            keep = np.ones(len(tables[i]["instant"]), np.bool_)
            keep[rows[hidden]] = False
            found[i] = take(tables[i], keep)
    return found


def _is_comparable(rows: Table) -> Mask:
    """What can be a copy or have one: an amount at a point in time. What takes time is cut at the edges of grants, so
    two sources' would be alike or not by what was asked."""
    told = ints(rows, "flags") & _NO_TRACK == 0
    return np.asarray(told & (ints(rows, "end") <= ints(rows, "instant")))


def _track(strand: Strand, rows: Table) -> Track:
    kinds, grains = ints(rows, "kind").astype(np.uint16), rows["grain"].astype(np.uint8)
    return Track(strand.series, ints(rows, "instant"), ints(rows, "value"), kinds, grains)


def _without_values(batch: Batch, gone: Mask) -> Batch:
    """A retracted reading has a status and no value."""
    blank: dict[str, int | str] = {
        "value": 0, "trend": 0, "rate": 0, "text": "", "programmed": NONE_PROGRAMMED
    }  # fmt: skip
    rows = {
        name: np.where(gone, np.array(blank[name], values.dtype), values) if name in blank else values
        for name, values in batch.rows.items()
    }
    return Batch(batch.strand, batch.grain, rows, batch.first, batch.slots, batch.updated, batch.versions)


def _has_means(view: View, strand: Strand) -> bool:
    return any(box.grain in MEANS and strand.kind in box.kinds for box in view.decision.boxes)


def _named(batch: Batch) -> Mask:
    """The items whose names were asked for."""
    found = np.zeros(len(batch), np.bool_)
    for name in batch.strand.wanted or ():
        found |= (batch.first == name.instant) & (batch.slots == name.slot)
    return found


def _between(instants: NDArray[np.int64], low: Instant, high: Instant) -> Mask:
    return np.asarray((low <= instants) & (instants < high))


def _inside(periods: PeriodSet, instants: NDArray[np.int64]) -> Mask:
    return periods.mask(instants)


def nothing_held(strand: Strand, grain: Grain, first: int, last: int) -> Held:
    """For an asker that holds no means."""
    return Held(Shelf(0, "", strand.series.number, int(grain)), {})
