"""Sensor readings as chunks of a day: what a recipient may have of a series on a local day, on its sensor's grid.

Law: pure, over raw readings that are open already; nothing is read, opened or left out here, and every reading is in
exactly one chunk. A chunk never reaches over a hole in what is permitted nor over local midnight (`consent.md`: cut and
recomputed, never passed whole). Its samples lie on a grid from its first reading on, each within a tenth of
the step and never more than a minute from its true instant; a reading that does not (a scan, another phase after
a pause, the second at one place) begins a chunk of its own, because an offset that lies is worse than a short chunk.
So does whatever follows a pause of more than an hour. An irregular series is many short chunks, and loses nothing.

The first chunk of a day is named by the day, so that what arrives late changes it and does not rename it; others by
their first reading. While the day is not over a chunk is open; its last change is then its closing at the latest.

Rejected: one grid for a day (sensors drift); splitting at calibrations (their times are another kind's).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Grain
from bridge.consent.batches import Batch
from bridge.consent.strands import View
from bridge.metrics.buckets import edges, step_of
from bridge.period import DAY, END_OF_TIME, HOUR, MINUTE, Instant
from bridge.reading import Flag
from bridge.store.columns import Table, ints

Ints: TypeAlias = NDArray[np.int64]

SLOT: Final = 4 << 9 | 256
"""The slot in the id of a day's first chunk; of another one more than the rank of its first reading."""
UNKNOWN: Final = -1
"""A limit that nobody told, or that no sample is beyond."""
_APART: Final = HOUR
_LONGEST: Final = 15
_GONE: Final = int(Flag.RETRACTED)
_BEYOND: Final = int(Flag.LOW | Flag.HIGH)
_SAID: Final = int(Flag.LOW | Flag.HIGH | Flag.INCLUSIVE | Flag.NO_VALUE)
_ALONE: Final = int(Flag.SCAN)


def is_chunk(slot: int) -> bool:
    """Whether an id with this slot names a chunk."""
    return slot >> 8 == SLOT >> 8


@dataclass(frozen=True, slots=True)
class _Piece:
    """Places of its readings in the batch, and on the grid; `is_last`: no grid of its day follows."""

    at: Ints
    on: Ints
    period: int
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class _Day:
    """What of one local day is permitted without a hole: its readings' places, where the day begins, and where the
    day or the permission ends."""

    places: Ints
    start: Instant
    until: Instant
    is_first: bool


def chunked(view: View, batch: Batch) -> Batch:
    """The raw items of one series, in order of time and of whole days, as chunks."""
    if not len(batch):
        return _batch(batch, [], np.zeros(0, np.int64), [])
    rows: list[dict[str, object]] = []
    firsts, named = list[int](), list[int]()
    for day in _days(view, batch):
        pieces = sorted(_pieces(batch, day), key=lambda piece: int(piece.at[0]))
        for number, piece in enumerate(pieces):
            rows.append(_row(view, batch, day, piece))
            is_days = day.is_first and not number
            firsts.append(day.start if is_days else int(batch.first[piece.at[0]]))
            named.append(SLOT if is_days else SLOT + 1 + int(batch.slots[piece.at[0]]) % 255)
    return _batch(batch, rows, np.array(firsts, np.int64), named)


# ------------------------------------------------------------------------------------------------ days


def _days(view: View, batch: Batch) -> Iterator[_Day]:
    at, flags = ints(batch.rows, "instant"), ints(batch.rows, "flags")
    starts, ends, exists = edges(at, DAY, view.zones)
    starts, ends = np.where(exists, starts, at), np.where(exists, ends, at + 1)
    until = np.minimum(ends, _permitted(view, batch))
    unsure = flags & int(Flag.UNCERTAIN)
    cuts = (starts[1:] != starts[:-1]) | (at[1:] >= until[:-1]) | (unsure[1:] != unsure[:-1])
    before: Instant | None = None
    for places in np.split(np.arange(len(at)), np.flatnonzero(cuts) + 1):
        start = int(starts[places[0]])
        yield _Day(places, start, int(until[places].max()), start != before)
        before = start


def _permitted(view: View, batch: Batch) -> Ints:
    """Where the permitted time ends in which each reading lies."""
    at = ints(batch.rows, "instant")
    found = np.full(len(at), END_OF_TIME, np.int64)
    for of_source, opened in view.by_source(batch.rows, batch.strand.kind, batch.strand.grains):
        raw = opened.raw()
        if raw is None:
            continue
        begins = np.array([period.start for period in raw.periods], np.int64)
        ends = np.array([period.end for period in raw.periods], np.int64)
        mine = ends[np.maximum(np.searchsorted(begins, at, side="right") - 1, 0)]
        found = mine if of_source is None else np.where(of_source, mine, found)
    return found


# ---------------------------------------------------------------------------------------------- pieces


def _pieces(batch: Batch, day: _Day) -> Iterator[_Piece]:
    at, flags = ints(batch.rows, "instant")[day.places], ints(batch.rows, "flags")[day.places]
    is_alone = flags & _ALONE != 0
    rest, period = np.flatnonzero(~is_alone), _period(batch, at[~is_alone])
    pieces: list[_Piece] = []
    while len(rest):
        found, on = _on_grid(at[rest], period)
        found = found[_alike(batch, day.places[rest[found]])]
        pieces.append(_Piece(day.places[rest[found]], on[found], period))
        rest = np.delete(rest, found)
    latest = max((int(piece.at[-1]) for piece in pieces), default=-1)
    yield from (replace(piece, is_last=int(piece.at[-1]) == latest) for piece in pieces)
    for place in day.places[is_alone]:
        yield _Piece(np.array([place]), np.zeros(1, np.int64), period)


def _period(batch: Batch, at: Ints) -> int:
    """The step of the sensor, in whole minutes: the usual one of the day, of a few readings that of the source."""
    if len(at) < 3:
        return step_of(batch.strand.series.key.family)
    usual = round(float(np.median(np.diff(at))) / MINUTE)
    return min(max(usual, 1), _LONGEST) * MINUTE


def _on_grid(at: Ints, period: int) -> tuple[Ints, Ints]:
    """Which readings (sorted instants) lie on the grid of the first, one at each place and no pause over an hour;
    and the place of every one."""
    on = (at - at[0] + period // 2) // period
    near = np.flatnonzero(np.abs(at - at[0] - on * period) <= min(period // 10, MINUTE))
    steps = np.diff(on[near])
    near = near[np.concatenate(([True], steps > 0))]
    pauses = np.flatnonzero(np.diff(on[near]) * period > _APART)
    return near[: pauses[0] + 1] if len(pauses) else near, on


def _alike(batch: Batch, places: Ints) -> NDArray[np.bool_]:
    """Which of them are beyond the same limit as the first that is: one chunk tells one limit on each side."""
    values, flags = ints(batch.rows, "value")[places], ints(batch.rows, "flags")[places]
    found = np.ones(len(places), np.bool_)
    limits = values * (_SAID + 1) + (flags & _SAID)
    for mark in (int(Flag.LOW), int(Flag.HIGH)):
        beyond = np.flatnonzero(flags & mark)
        found[beyond] = limits[beyond] == limits[beyond[:1]]
    found[0] = True
    return found


# ---------------------------------------------------------------------------------------------- columns


def _row(view: View, batch: Batch, day: _Day, piece: _Piece) -> dict[str, object]:
    at, value, flags, artifact = (
        ints(batch.rows, name)[piece.at] for name in ("instant", "value", "flags", "artifact")
    )
    is_gone, count = flags & _GONE != 0, int(piece.on[-1]) + 1
    is_open = view.now < day.until
    told = np.where(is_gone, int(Flag.NO_VALUE), flags & _SAID)
    values, marks = np.zeros(count, np.int64), np.full(count, int(Flag.NO_VALUE), np.int64)
    values[piece.on], marks[piece.on] = value, told
    end = min(int(at[0]) + (count * piece.period if count > 1 else 1), day.until)
    updated = int(batch.updated[piece.at].max())
    return {
        "instant": int(at[0]),
        "end": day.until if is_open and piece.is_last and day.until < END_OF_TIME else end,
        "last": int(at[-1]),
        "flags": _flags(told, is_gone) | int(flags[0]) & Flag.UNCERTAIN,
        "offset": int(batch.rows["offset"][piece.at[0]]) if "offset" in batch.rows else None,
        "artifact": int(artifact.max()) if not view.is_owner or (artifact == artifact[0]).all() else 0,
        "count": len(piece.at),
        "period": piece.period,
        "lower": _limit(value, told, int(Flag.LOW)),
        "upper": _limit(value, told, int(Flag.HIGH)),
        "open": int(is_open),
        "amended": int(bool((batch.versions[piece.at] > 0).any() or (is_gone.any() and not is_gone.all()))),
        "samples": (_fixed(values), _fixed(marks)),
        "updated": updated if is_open else max(updated, day.until),
    }


def _flags(told: Ints, is_gone: NDArray[np.bool_]) -> int:
    if is_gone.all():
        return _GONE
    has_nothing = bool(((told & int(Flag.NO_VALUE) != 0) & (told & _BEYOND == 0)).all())
    inclusive = (told & int(Flag.INCLUSIVE) != 0) & (told & _BEYOND != 0)
    return (int(Flag.NO_VALUE) if has_nothing else 0) | (int(Flag.INCLUSIVE) if inclusive.any() else 0)


def _limit(values: Ints, told: Ints, mark: int) -> int:
    beyond = np.flatnonzero((told & mark != 0) & (told & int(Flag.NO_VALUE) == 0))
    return int(values[beyond[0]]) if len(beyond) else UNKNOWN


def _fixed(values: Ints) -> Ints:
    values.flags.writeable = False
    return values


def _objects(items: Sequence[Any]) -> NDArray[np.generic]:
    """One object a row, whatever numpy could make of them together."""
    found = np.empty(len(items), object)
    for place, item in enumerate(items):
        found[place] = item
    return found


def _batch(batch: Batch, rows: list[dict[str, object]], firsts: Ints, named: list[int]) -> Batch:
    columns: Table = {
        name: np.array([row[name] for row in rows], dtype)
        for name, dtype in _DTYPES.items()
        if all(row[name] is not None for row in rows)
    }
    columns["samples"] = _objects([row["samples"] for row in rows])
    updated = np.array([row["updated"] for row in rows], np.int64)
    slots = np.array(named, np.uint16)
    # a chunk counts its changes by when it changed; `content.py` tells apart what permission made of it
    return Batch(batch.strand, Grain.RAW, columns, firsts, slots, updated, np.maximum(updated - 1, 1))


_DTYPES: Final = {
    "instant": np.int64, "end": np.int64, "last": np.int64, "flags": np.uint16, "offset": np.int16,
    "artifact": np.int32, "count": np.int64, "period": np.int64, "lower": np.int64, "upper": np.int64,
    "open": np.uint8, "amended": np.uint8,
}  # fmt: skip
COLUMNS: Final = ("period", "lower", "upper", "open", "amended", "samples")
"""What a chunk tells beside the columns of a reading."""


def readings_in(batch: Batch) -> int:
    """How many readings are in its items."""
    return int(ints(batch.rows, "count").sum()) if batch.is_sampled else len(batch)


def lasts_of(batch: Batch) -> Ints:
    """The instant of the last reading in each item."""
    return ints(batch.rows, "last" if batch.is_sampled else "instant")
