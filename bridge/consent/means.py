"""Means for one recipient: made of open readings, and frozen as that recipient holds them.

Law: a mean that left stays as it is until at least three readings of its bucket arrived, changed or went
since; then it is told anew with a new version (`consent.md`, a mean cannot be undone). A bucket of which too
little is left is told entered-in-error to whoever holds it. A bucket that overlaps a held one with other
edges (the zone was corrected) is not told. What becomes of a held one that is no longer open says `recalled.py`.
Rejected: freezing only what the page shows after the fact (two pages could tell two numbers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Grain
from bridge.consent.batches import Batch, slots
from bridge.consent.opened import MEANS
from bridge.consent.rows import take
from bridge.consent.strands import Mask, Strand, View
from bridge.metrics.buckets import LEAST, Means, means, step_of
from bridge.period import Instant
from bridge.reading import Flag
from bridge.store.columns import Table, ints
from bridge.store.published import BLOCK, FIELDS, Shelf, Week, nothing

Rows: TypeAlias = NDArray[np.int64]
START, END, VALUE, COUNT, EXPECTED, OFF_SCALE, CHANGED, VERSION, TOLD = range(len(FIELDS))
_UNHELD: Final = -1
_NO_AMOUNT: Final = int(Flag.NO_VALUE | Flag.RETRACTED)


@final
@dataclass(frozen=True, slots=True)
class Held:
    """The weeks of one shelf that a recipient holds, by block, and where they are loaded from."""

    shelf: Shelf
    weeks: dict[int, Week]

    def rows(self) -> Rows:
        """All of them, sorted by start."""
        return np.concatenate([nothing(), *(self.weeks[block].rows for block in sorted(self.weeks))])

    def with_rows(self, fresh: Rows) -> list[Week]:
        """The weeks that `fresh` changes, as they are to be written."""
        written = []
        for block in np.unique(fresh[:, START] // BLOCK).tolist():
            week = self.weeks.get(block, Week(self.shelf, block, 0, nothing()))
            new = fresh[fresh[:, START] // BLOCK == block]
            kept = week.rows[~np.isin(week.rows[:, START], new[:, START])]
            rows = np.concatenate([kept, new])
            written.append(Week(self.shelf, block, week.version, rows[np.argsort(rows[:, START])]))
        return written


Went: TypeAlias = Callable[[Strand, Instant], tuple[Rows, Rows]]
"""Where readings of a strand were that went or moved after an instant, and when they did: int64[n] each."""
Load: TypeAlias = Callable[[Strand, Grain, int, int], Held]
"""The held weeks of a strand and grain from block to block."""
Recall: TypeAlias = Callable[[Rows], Rows]
"""Of held means those that are taken back though no new one can be made, as they are told (`recalled.taken`)."""


def averaged(view: View, strand: Strand, grain: Grain, rows: Table) -> Mask:
    """Which readings a mean of this grain is made of, or was, for the asker: those with an amount, of a source that a
    grant of means covers or covered. Every question about what a mean consists of is answered here."""
    boxes = [box for box in (*view.decision.boxes, *view.decision.ended) if box.grain is grain]
    artifacts = ints(rows, "artifact")
    covered = [
        each
        for each in np.unique(artifacts).tolist()
        if any(box.covers(view.source(each), strand.kind) for box in boxes)
    ]
    has_amount = ints(rows, "flags") & _NO_AMOUNT == 0
    return np.asarray(has_amount & np.isin(artifacts, np.array(covered, np.int64)))


def mean_batch(
    view: View,
    strand: Strand,
    grain: Grain,
    rows: Table,
    apart: Table,
    held: Rows,
    fhir: Instant,
    went: Went,
    recall: Recall,
) -> Batch:
    """The buckets of open rows (sorted by instant) as this recipient is to see them, `held` considered. `apart`:
    the rows that leave at another grain."""
    rows, apart = (take(each, averaged(view, strand, grain, each)) for each in (rows, apart))
    starts, ends, since = (_marked(rows, name) for name in ("bucket", "bucket_end", "since"))
    values, flags, changed = ints(rows, "value"), ints(rows, "flags").astype(np.uint16), ints(rows, "changed")
    made = means(starts, ends, values, flags, changed, step_of(strand.series.key.family))
    since = _per_bucket(made.start, starts, since, 0)
    artifact = _per_bucket(made.start, starts, ints(rows, "artifact"), 0)
    told = _dated(view, strand, _told(made, held, starts, changed, view.now), held, went)
    keep = ~_straddles(made, held)
    told, since, artifact = told[keep], since[keep], artifact[keep]
    other = held[~np.isin(held[:, START], made.start)]
    other = other[opened_spans(view, strand, grain, other)]
    is_apart = _inside(other, ints(apart, "instant")) > 0
    left = _dated(view, strand, _left(other[~is_apart], ints(rows, "instant"), view.now), held, went)
    gone = np.concatenate([left, recall(other[is_apart])]) if is_apart.any() else left
    told = np.concatenate([told, gone])
    since = np.concatenate([since, np.zeros(len(gone), np.int64)])
    artifact = np.concatenate([artifact, np.zeros(len(gone), np.int64)])
    batch = as_batch(strand, grain, told, np.maximum(since, fhir), artifact)
    return batch.taken(np.argsort(batch.first, kind="stable"))


def _marked(rows: Table, name: str) -> Rows:
    """A column that `rows.py` adds; it is missing only where there are no rows of means."""
    return rows[name].astype(np.int64) if name in rows else np.zeros(0, np.int64)


def fresh_rows(batch: Batch, held: Rows) -> Rows:
    """The rows of a batch of means that are told for the first time or anew: they are to be frozen."""
    columns = (
        *(batch.rows[name] for name in ("instant", *FIELDS[1:VERSION])),
        batch.versions,
        batch.rows["told"],
    )
    rows = np.stack([column.astype(np.int64) for column in columns], axis=1)
    place = _where(held, rows[:, START])
    if not len(held):
        return rows
    is_new = (place == _UNHELD) | (held[np.maximum(place, 0), VERSION] != rows[:, VERSION])
    return np.asarray(rows[is_new], np.int64)


def frozen(batches: Iterable[Batch], load: Load) -> tuple[Week, ...]:
    """The means among the items that are told for the first time or anew, as they are to be kept."""
    alike: dict[tuple[int, Grain], list[Batch]] = {}
    for batch in batches:
        if batch.grain in MEANS and len(batch):
            alike.setdefault((batch.strand.series.number, batch.grain), []).append(batch)
    found: list[Week] = []
    for (_, grain), some in alike.items():
        blocks = np.concatenate([batch.first for batch in some]) // BLOCK
        held = load(some[0].strand, grain, int(blocks.min()), int(blocks.max()))
        before = held.rows()
        found += held.with_rows(np.concatenate([fresh_rows(batch, before) for batch in some]))
    return tuple(found)


def _told(made: Means, held: Rows, starts: Rows, changed: Rows, now: Instant) -> Rows:
    """What is told of each bucket: the held row, or the new one where enough moved since."""
    place = _where(held, made.start)
    known = place != _UNHELD
    before = held[np.maximum(place, 0)] if len(held) else np.zeros((len(made.start), len(FIELDS)), np.int64)
    new = np.stack(
        [
            made.start, made.end, made.value, made.count, made.expected, made.off_scale,
            np.maximum(made.changed, made.end), np.where(known, before[:, VERSION] + 1, 0),
            np.full(len(made.start), now),
        ],
        axis=1,
    )  # fmt: skip
    bucket = np.searchsorted(made.start, starts)
    inside = _where_sorted(made.start, starts) != _UNHELD
    later = changed[inside] > before[bucket[inside], CHANGED]
    arrived = np.bincount(bucket[inside][later], minlength=len(made.start))
    went = before[:, COUNT] - (made.count - arrived)
    stays = known & (np.maximum(arrived, went) < LEAST) & (before[:, COUNT] > 0)
    return np.where(stays[:, None], before, new)


def _dated(view: View, strand: Strand, told: Rows, held: Rows, went: Went) -> Rows:
    """Buckets that are told anew have changed when the last of their readings came, was corrected, went or moved; or
    now, where none did after they were told (a copy in another series stands before them, or does no more)."""
    place = _where(held, told[:, START])
    news = (
        np.flatnonzero((place != _UNHELD) & (held[np.maximum(place, 0), VERSION] != told[:, VERSION]))
        if len(held)
        else place[:0]
    )
    if not len(news):
        return told
    found, before = told.copy(), held[place[news], CHANGED]
    instants, at = went(strand, int(before.min()) + 1)
    order = np.argsort(instants, kind="stable")
    edges = np.searchsorted(instants[order], found[news][:, [START, END]])
    latest = [int(at[order[low:high]].max(initial=0)) for low, high in edges.tolist()]
    changed = np.maximum(found[news, CHANGED], np.array(latest, np.int64))
    found[news, CHANGED] = np.where(changed > before, changed, view.now)
    return found


def _straddles(made: Means, held: Rows) -> Mask:
    """Buckets that overlap a held one without being it."""
    if not len(held):
        return np.zeros(len(made.start), np.bool_)
    low = np.searchsorted(held[:, END], made.start, side="right")
    high = np.searchsorted(held[:, START], made.end, side="left")
    alone = (high - low == 1) & (held[np.minimum(low, len(held) - 1), START] == made.start)
    return np.asarray((high > low) & ~alone)


def opened_spans(view: View, strand: Strand, grain: Grain, held: Rows) -> Mask:
    """Which held buckets are open now."""
    found = np.zeros(len(held), np.bool_)
    for layer in view.layers(strand.kind, grain, strand.grains):
        found |= layer.open_spans(held[:, START], held[:, END])
    return found


def _left(held: Rows, instants: Rows, now: Instant) -> Rows:
    """Held buckets that are open and not made now: as they are where the zone was corrected since, and entered in
    error where fewer than three readings are left."""
    found: Rows = held.copy()
    gone = _inside(found, instants) < LEAST
    is_news = gone & (found[:, COUNT] > 0)
    found[is_news, VERSION] += 1
    found[is_news, TOLD] = now
    for column in (VALUE, COUNT, OFF_SCALE):
        found[gone, column] = 0
    return found


def _inside(buckets: Rows, instants: Rows) -> Rows:
    """How many of the instants (sorted) lie in each."""
    edges = np.searchsorted(instants, buckets[:, [START, END]])
    return np.asarray(edges[:, 1] - edges[:, 0], np.int64)


def as_batch(strand: Strand, grain: Grain, told: Rows, since: Rows | Instant, artifact: Rows) -> Batch:
    """Buckets as items; `since`: before it none was visible as it is."""
    flags = np.where(told[:, COUNT] == 0, int(Flag.RETRACTED), 0).astype(np.uint16)
    columns: Table = {"instant": told[:, START], "flags": flags, "artifact": artifact}
    columns |= {name: told[:, place] for place, name in enumerate(FIELDS) if place > START}
    updated = np.maximum(told[:, CHANGED], since)
    named = slots(grain, np.zeros(len(told), np.int64))
    return Batch(strand, grain, columns, told[:, START], named, updated, told[:, VERSION])


def _per_bucket(buckets: Rows, starts: Rows, values: Rows, least: int) -> Rows:
    """The greatest of `values` in each bucket."""
    found = np.full(len(buckets), least, np.int64)
    place = _where_sorted(buckets, starts)
    inside = place != _UNHELD
    np.maximum.at(found, place[inside], values[inside])
    return found


def _where(held: Rows, starts: Rows) -> NDArray[np.int64]:
    return _where_sorted(held[:, START], starts)


def _where_sorted(keys: Rows, wanted: Rows) -> NDArray[np.int64]:
    if not len(keys):
        return np.full(len(wanted), _UNHELD, np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, place, _UNHELD)
