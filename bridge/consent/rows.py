"""Which rows of a chunk are open, at which grain, and since when.

Law: pure. A reading is open where its whole range of time is: one whose instant is uncertain by more than its
distance to an edge is held back. Intervals that cross an edge are cut and recomputed, never passed whole
(`consent.md`, the decision). Rows of a grain of means carry the edges of their bucket; a bucket is open only
when it is over and lies wholly inside. Rejected: an object per reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Grain
from bridge.consent.opened import Layer, Opened
from bridge.consent.pieces import cuts
from bridge.consent.strands import LENGTH, Mask, Strand, View
from bridge.metrics.buckets import edges
from bridge.period import BEGINNING, END_OF_TIME, MINUTE
from bridge.reading import INTERVALS, NONE_PROGRAMMED, Flag, Unit
from bridge.store.columns import Chunk, Table, empty, ints, joined

CLOSED: Final = 255
_INTERRUPTED: Final = int(Flag.INTERRUPTED)


def admitted(view: View, strand: Strand, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """The open rows of each chunk; pieces of intervals may begin anywhere, so theirs is one."""
    if strand.stream in INTERVALS:
        yield Chunk(BEGINNING, END_OF_TIME, lambda: admit(view, strand, (chunk.read() for chunk in chunks)))
        return
    for chunk in chunks:
        yield Chunk(chunk.low, chunk.high, partial(_points, view, strand, chunk))


def admit(view: View, strand: Strand, tables: Iterable[Table]) -> Table:
    """The open rows of tables in order, with columns `grain`, `since`, `first` (instant in the id) and,
    where means are among them, `bucket` and `bucket_end`."""
    if strand.stream in INTERVALS:
        return _pieces(view, strand, tables)
    return joined([_admit(view, strand, _of_kind(strand, table)) for table in tables])


def _points(view: View, strand: Strand, chunk: Chunk) -> Table:
    return _admit(view, strand, _of_kind(strand, chunk.read()))


def take(rows: Table, which: NDArray[np.generic] | slice) -> Table:
    """The same table at the places `which`."""
    return {name: values[which] for name, values in rows.items()}


def _of_kind(strand: Strand, rows: Table) -> Table:
    if strand.codes is None:
        return rows
    return take(rows, np.isin(ints(rows, "kind"), np.array(sorted(strand.codes), np.int64)))


def _admit(view: View, strand: Strand, rows: Table) -> Table:
    instants = ints(rows, "instant")
    if not len(instants):
        return empty()
    rows = rows | {"first": instants + ints(rows, "origin") if "origin" in rows else instants}
    found = list(view.by_source(rows, strand.kind, strand.grains))
    if len(found) == 1 and (plain := _all_raw(found[0][1], strand, rows)) is not None:
        since = np.empty(len(instants), np.int64)
        since[:] = plain.since.at(instants)
        return rows | {"grain": np.zeros(len(instants), np.uint8), "since": since}
    grains = np.full(len(instants), CLOSED, np.uint8)
    added = {name: np.zeros(len(instants), np.int64) for name in ("since", "bucket", "bucket_end")}
    for of_source, opened in found:
        for layer in opened.layers:
            if layer.grain in strand.grains:
                _open(view, layer, rows, of_source, grains, added)
    return take(rows | {"grain": grains, **added}, grains != CLOSED)


def _all_raw(opened: Opened, strand: Strand, rows: Table) -> Layer | None:
    """The raw layer where it plainly holds all rows."""
    raw = opened.raw()
    if raw is None or Grain.RAW not in strand.grains or ("bound" in rows and rows["bound"].any()):
        return None
    first, last = int(ints(rows, "instant")[0]), int(ints(rows, "instant")[-1])
    return raw if any(p.start <= first and last < p.end for p in raw.periods) else None


def _open(
    view: View,
    layer: Layer,
    rows: Table,
    of_source: Mask | None,
    grains: NDArray[np.uint8],
    added: dict[str, NDArray[np.int64]],
) -> None:
    instants, bounds = ints(rows, "instant"), ints(rows, "bound")
    first, last = instants - bounds, instants + bounds
    if layer.grain is Grain.RAW:
        found, since = layer.periods.covers_mask(first, last), layer.since.at(instants)
    else:
        starts, ends, exists = edges(instants, LENGTH[layer.grain], view.zones)
        found = exists & layer.open_spans(starts, ends) & (ends <= view.now)
        found &= (first >= starts) & (last < ends)
        since = layer.since.over(starts, ends)
        _put(added, found if of_source is None else found & of_source, bucket=starts, bucket_end=ends)
    if of_source is not None:
        found &= of_source
    grains[found] = layer.grain
    _put(added, found, since=np.broadcast_to(since, len(instants)))


def _put(added: dict[str, NDArray[np.int64]], where: Mask, **columns: NDArray[np.int64]) -> None:
    for name, values in columns.items():
        added[name][where] = values[where]


# ------------------------------------------------------------------------------------------- intervals


def _pieces(view: View, strand: Strand, tables: Iterable[Table]) -> Table:
    """Every open piece of every interval, sorted by its start."""
    found: list[Table] = []
    for table in tables:
        rows = _of_kind(strand, table)
        if not len(rows["instant"]) or Grain.RAW not in strand.grains:
            continue
        for of_source, opened in view.by_source(rows, strand.kind, strand.grains):
            raw = opened.raw()
            if raw is not None:
                found += _cut(strand, raw, rows if of_source is None else take(rows, of_source))
    pieces = joined(found)
    return take(pieces, np.argsort(pieces["instant"], kind="stable"))


def _cut(strand: Strand, layer: Layer, rows: Table) -> Iterator[Table]:
    starts = ints(rows, "instant")
    ends = np.maximum(ints(rows, "end"), starts + 1)
    since = np.full(len(starts), BEGINNING, np.int64)
    for each in cuts(starts, ends, ints(rows, "bound"), layer.periods):
        low, high = each.low, each.high
        opened = layer.since.over(low, np.maximum(high, low + 1))
        # a piece that opens before others makes them later pieces: they are told anew
        since = np.where(each.keep, np.maximum(since, opened), since)
        cut = (low > starts).astype(np.uint8) | (high < ends).astype(np.uint8) << np.uint8(1)
        piece: Table = rows | {
            "instant": low,
            "end": np.where(ints(rows, "end") > starts, high, ints(rows, "end")),
            "cut": cut,
            "value": _recomputed(strand, ints(rows, "value"), high - low, ends - starts, cut),
            "grain": np.zeros(len(starts), np.uint8),
            "since": since,
            "first": starts + ints(rows, "origin"),
            "part": each.part,
        }
        # what was programmed for the whole, and how it ended, would tell of what was cut off
        if "programmed" in rows:
            piece["programmed"] = np.where(cut > 0, NONE_PROGRAMMED, ints(rows, "programmed"))
        if "flags" in rows:
            piece["flags"] = np.where(cut & 2, ints(rows, "flags") & ~_INTERRUPTED, ints(rows, "flags"))
        yield take(piece, each.keep)


_SHARED: Final[Mapping[Unit, bool]] = {Unit.UNITS: True, Unit.GRAMS: True, Unit.SERVINGS: True}
"""Units of an amount that is spread over its interval."""


def _recomputed(
    strand: Strand,
    values: NDArray[np.int64],
    piece: NDArray[np.int64],
    whole: NDArray[np.int64],
    cut: NDArray[np.uint8],
) -> NDArray[np.int64]:
    """The value of a cut interval: minutes are those of the piece, amounts its share, rates stay."""
    key = strand.series.key
    if key.unit is Unit.MINUTES:
        return np.where(cut > 0, (piece * 10**key.scale + MINUTE // 2) // MINUTE, values)
    if key.unit in _SHARED:
        return np.where(cut > 0, (2 * values * piece + whole) // (2 * whole), values)
    return values
