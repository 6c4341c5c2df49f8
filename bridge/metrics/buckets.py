"""Means of sensor glucose in buckets of the person's clock.

Law: pure. A bucket is a quarter of an hour, an hour or a day of the zone's wall clock, so the same bucket
always has the same edges; one in which the clock was set by part of a bucket does not exist. A bucket holds
at least three readings, out-of-range ones count with their limit and their number is told (`safety.md`,
LOW and HIGH). A grain is offered only where it is at least three times coarser than the source's step
(`consent.md`, means and summaries). Rejected: buckets from the first reading (they move with a grant).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.period import DAY, MINUTE, Instant, ZoneHistory
from bridge.reading import Flag, Stream

Instants: TypeAlias = NDArray[np.int64]

LEAST: Final = 3
"""Readings without which a bucket does not exist."""
COARSER: Final = 3
"""How many steps of the source a bucket is at least long."""
STEPS: Final[Mapping[str, int]] = {"dexcom-clarity": 5 * MINUTE, "libreview": 15 * MINUTE}
"""The step of a family's sensor glucose, ms. Unknown families count as the coarsest."""
UNKNOWN_STEP: Final = 15 * MINUTE


@dataclass(frozen=True, slots=True)
class Means:
    """Equally long columns, one row a bucket, sorted by start. `value` is in the scale of the readings,
    rounded half up; `expected`: how many readings the source's step would give."""

    start: Instants
    end: Instants
    value: Instants
    count: Instants
    expected: Instants
    off_scale: Instants
    changed: Instants


def step_of(family: str) -> int:
    """How far apart the readings of that family lie, ms."""
    return STEPS.get(family, UNKNOWN_STEP)


def is_offered(stream: Stream, family: str, length: int) -> bool:
    """Whether means over `length` ms say less than the readings of that source."""
    return stream is Stream.GLUCOSE and length >= COARSER * step_of(family)


def edges(
    instants: Instants, length: int, zones: ZoneHistory
) -> tuple[Instants, Instants, NDArray[np.bool_]]:
    """Start and end of the bucket of each instant (int64[n] ms UTC), and whether that bucket exists."""
    return _days(instants, zones) if length == DAY else _parts(instants, length, zones)


def _days(instants: Instants, zones: ZoneHistory) -> tuple[Instants, Instants, NDArray[np.bool_]]:
    walls = instants + zones.offsets(instants).astype(np.int64) * MINUTE
    days, place = np.unique(walls // DAY, return_inverse=True)
    starts = zones.resolve(days * DAY).instants
    ends = zones.resolve((days + 1) * DAY).instants
    exists = (starts[place] <= instants) & (instants < ends[place])
    return starts[place], ends[place], exists


def _parts(
    instants: Instants, length: int, zones: ZoneHistory
) -> tuple[Instants, Instants, NDArray[np.bool_]]:
    offsets = zones.offsets(instants)
    shift = offsets.astype(np.int64) * MINUTE
    starts = (instants + shift) // length * length - shift
    ends = starts + length
    exists = (zones.offsets(starts) == offsets) & (zones.offsets(ends - 1) == offsets)
    return starts, ends, exists


def floor(instant: Instant, zones: ZoneHistory) -> Instant:
    """The start of the local day of `instant`: no bucket crosses it."""
    return int(_days(np.array([instant], np.int64), zones)[0][0])


def ceiling(instant: Instant, zones: ZoneHistory) -> Instant:
    """`instant` where it starts a local day, else the start of the next."""
    start = floor(instant, zones)
    return instant if start == instant else int(_days(np.array([instant], np.int64), zones)[1][0])


def means(
    starts: Instants,
    ends: Instants,
    values: Instants,
    flags: NDArray[np.uint16],
    changed: Instants,
    step: int,
) -> Means:
    """Buckets of readings that are sorted by their bucket's start (int64[n] each). Readings without a
    value must be gone. Buckets of fewer than three are not there."""
    if not len(starts):
        return Means(*(np.zeros(0, np.int64) for _ in range(7)))
    first = np.flatnonzero(np.concatenate(([True], starts[1:] != starts[:-1])))
    count = np.diff(np.append(first, len(starts)))
    total = np.add.reduceat(values, first)
    off = np.add.reduceat((flags & (Flag.LOW | Flag.HIGH) != 0).astype(np.int64), first)
    newest = np.maximum.reduceat(changed, first)
    enough = count >= LEAST
    length = ends[first] - starts[first]
    found = (
        starts[first], ends[first], (2 * total + count) // (2 * count), count, length // step, off, newest
    )  # fmt: skip
    return Means(*(column[enough] for column in found))
