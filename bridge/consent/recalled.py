"""Means that a recipient holds and that can no longer be made for it: which of them it is told to be wrong.

Law (`consent.md`, retraction is no disclosure): that a grant ended, or that single readings of a part of a bucket are
shown now, makes no mean wrong; it is frozen, and "entered in error" over it would be false in a chart. Nothing is owed
for that. Something is where what it was made of proved to be another person's, went or was re-dated, by the measure
by which an open one is told anew: three readings, or so many that fewer are left. As no new number may leave, it is
entered in error, without a value, until it can be made again; corrected amounts are told in open buckets alone.
What went is found by names and times: what stood where it was when the mean was told; nothing that is not open is
read for it. A copy that stood behind another source's counts like any: rather once too often than silence.
Rejected: retracting when a bucket is cut (a right number called an error), recounting what is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from bridge.consent.asked import Asked, Grain, Kind
from bridge.consent.batches import Batch
from bridge.consent.means import (
    CHANGED,
    COUNT,
    END,
    OFF_SCALE,
    START,
    TOLD,
    VALUE,
    VERSION,
    Load,
    Rows,
    as_batch,
    averaged,
    opened_spans,
)
from bridge.consent.named import named
from bridge.consent.opened import MEANS
from bridge.consent.reader import Reader
from bridge.consent.strands import Mask, Strand, View, offered, wanted_grains
from bridge.metrics.buckets import LEAST
from bridge.period import BEGINNING, EMPTY, END_OF_TIME, Instant, PeriodSet
from bridge.reading import Flag, Stream, take
from bridge.store.columns import ints, names
from bridge.store.ids import Ids, Name
from bridge.store.lifetimes import standing
from bridge.store.published import BLOCK
from bridge.store.series import SeriesRow

_EVER: Final = (BEGINNING // BLOCK, END_OF_TIME // BLOCK)
_WRONG: Final = int(Flag.RETRACTED)


def recalled(
    view: View,
    reader: Reader,
    ids: Ids,
    patient: int,
    load: Load,
    fhir_changed: Callable[[str], Instant],
    updates: PeriodSet,
) -> Iterator[Batch]:
    """Of the means that are no longer open those that are to be told, as far as the wish names them. `updates`:
    instants of lastUpdated that it lets through."""
    every = (*view.decision.boxes, *view.decision.ended)
    grains = {box.grain for box in every if box.grain in MEANS and Kind.GLUCOSE in box.kinds}
    wanted = _wanted(view.asked, ids, view.decision.pairing, patient)
    if not grains or wanted == frozenset():
        return
    for row in (each for each in reader.series() if each.key.stream is Stream.GLUCOSE):
        own = offered(row.key.stream, row.key.family)
        for grain in sorted(grains & own & wanted_grains(view, row.key.stream, row.key.unit)):
            strand = Strand(row, Kind.GLUCOSE, EMPTY, own, frozenset({grain}), None, None)
            held = load(strand, grain, *_EVER).rows()
            told = taken(view, reader, strand, grain, held[_closed(view, strand, grain, held)])
            batch = as_batch(strand, grain, told, fhir_changed(row.key.family), np.zeros(len(told), np.int64))
            found = batch.taken(_asked(view.asked, batch, row, wanted, updates))
            if len(found):
                yield found


def taken(view: View, reader: Reader, strand: Strand, grain: Grain, held: Rows) -> Rows:
    """Of held means (sorted by start) those whose readings went, as they are told: without an amount. What was told
    so before is told the same."""
    if not len(held):
        return held
    count, latest = _went(view, reader, strand, grain, held)
    before = held[:, COUNT]
    is_news = (before > 0) & (count > 0) & ((count >= LEAST) | (before - count < LEAST))
    found = held.copy()
    found[is_news, VERSION] += 1
    found[is_news, CHANGED] = latest[is_news]
    found[is_news, TOLD] = view.now
    found[:, [VALUE, COUNT, OFF_SCALE]] = 0
    told: Rows = found[is_news | (before == 0)]
    return told


def _went(view: View, reader: Reader, strand: Strand, grain: Grain, held: Rows) -> tuple[Rows, Rows]:
    """How many readings of each mean are no longer where they were when it was told, and when the last of them went."""
    count, latest = np.zeros((2, len(held)), np.int64)
    away = reader.away(int(held[:, TOLD].min()), None).get(strand.series.number)
    if away is None:
        return count, latest
    stood = standing(reader.earlier(strand.series.number, names(away)), away)
    last = np.flatnonzero(stood["until"] == END_OF_TIME)
    now = take(away, np.searchsorted(last, np.arange(len(stood["until"]))))
    instants, bounds = ints(stood, "instant"), ints(stood, "bound")
    place = np.searchsorted(held[:, START], instants, side="right") - 1
    at = np.maximum(place, 0)
    start, end, then = held[at, START], held[at, END], held[at, TOLD]
    inside = (place >= 0) & (start <= instants - bounds) & (instants + bounds < end)
    inside &= (ints(stood, "changed") <= then) & (then < ints(stood, "until"))
    moved = (ints(now, "instant") < start) | (end <= ints(now, "instant"))
    moved |= ints(stood, "artifact") > ints(now, "artifact")
    inside &= (moved | (ints(now, "flags") & _WRONG != 0)) & averaged(view, strand, grain, stood)
    count += np.bincount(at[inside], minlength=len(held))
    np.maximum.at(latest, at[inside], ints(now, "changed")[inside])
    return count, latest


def _closed(view: View, strand: Strand, grain: Grain, held: Rows) -> Mask:
    """Which were open to the asker as it is known now, and are no longer."""
    found = np.zeros(len(held), np.bool_)
    for box in (*view.decision.boxes, *view.decision.ended):
        if box.grain is grain and strand.kind in box.kinds:
            found |= box.ever.covers_mask(held[:, START], held[:, END] - 1)
    return found & ~opened_spans(view, strand, grain, held)


def _wanted(asked: Asked, ids: Ids, pairing: bytes, patient: int) -> frozenset[Name] | None:
    """The means asked for by id; None: whatever there is."""
    if asked.ids is None:
        return None
    found = (named(ids, text, pairing, patient) for text in asked.ids)
    return frozenset(name for name in found if name is not None and is_mean(name))


def is_mean(name: Name) -> bool:
    """Whether it names a mean."""
    return name.grain in MEANS and name.slot == name.grain << 9


def _asked(
    asked: Asked, batch: Batch, row: SeriesRow, wanted: frozenset[Name] | None, updates: PeriodSet
) -> Mask:
    keep = updates.mask(batch.updated)
    for test in asked.dates:
        keep &= test.spans(ints(batch.rows, "instant"), ints(batch.rows, "end"))
    if wanted is not None:
        mine = [name.instant for name in wanted if (name.series, name.grain) == (row.number, batch.grain)]
        keep &= np.isin(batch.first, np.array(mine, np.int64))
    return keep
