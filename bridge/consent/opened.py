"""A decision seen from one source and one kind: which instants at which grain, and since when.

Law: pure. The finest grain wins per instant, so the sets of the grains are disjoint; the grain of means
keeps only instants that no finer grain shows (`consent.md`, the decision). A mean is not given either where
the recipient could subtract what it once had finer inside the same bucket. "Since when" is the start of the
unbroken stretch of asking time that ends now, at this grain (`data.md`, versions and times).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Grain, Kind
from bridge.consent.decide import Box, Decision
from bridge.period import BEGINNING, EMPTY, END_OF_TIME, Instant, PeriodSet, union

MEANS: Final = (Grain.QUARTER_HOUR, Grain.HOUR, Grain.DAY)
EVERY_GRAIN: Final = frozenset({Grain.RAW, *MEANS})


@final
@dataclass(frozen=True, slots=True)
class Since:
    """Since when without a break, as steps over data instants: `starts` int64[k] (edges), `values`
    int64[k + 1] (before the first edge, from the first edge on, ...)."""

    starts: NDArray[np.int64]
    values: NDArray[np.int64]

    def at(self, instants: NDArray[np.int64]) -> NDArray[np.int64] | np.int64:
        """Since when each instant is visible: int64[n], or one number for all."""
        if not len(self.starts):
            return np.int64(self.values[0])
        return self.values[np.searchsorted(self.starts, instants, side="right")]

    def over(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64] | np.int64:
        """Since when the whole of each span `[start, end)` is visible."""
        found = np.maximum(self.at(starts), self.at(ends - 1))
        for place in range(len(self.starts)):
            inside = (starts < self.starts[place]) & (self.starts[place] < ends)
            found = np.where(inside, np.maximum(found, self.values[place + 1]), found)
        return found

    def latest(self) -> Instant:
        """The last change of any of it."""
        return int(self.values.max())


@final
@dataclass(frozen=True, slots=True)
class Layer:
    """One grain: `periods` open now, `since`, and for means what they must not touch: `parted`, seen raw
    before (a bucket wholly inside is harmless), and `spent`, seen as finer means before."""

    grain: Grain
    periods: PeriodSet
    since: Since
    parted: PeriodSet = EMPTY
    spent: PeriodSet = EMPTY

    def open_spans(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which buckets `[start, end)` may be given: bool[n]."""
        found = self.periods.covers_mask(starts, ends - 1)
        if self.parted:
            inside, outside = self.parted.covers_mask, (~self.parted).covers_mask
            found &= inside(starts, ends - 1) | outside(starts, ends - 1)
        if self.spent:
            found &= (~self.spent).covers_mask(starts, ends - 1)
        return found


@final
@dataclass(frozen=True, slots=True)
class Opened:
    """The layers of one source and kind, finest first; none where nothing is open. `shown`: every box under
    which single readings of it are or were shown to the recipient, for whatever purpose and way."""

    layers: tuple[Layer, ...]
    shown: tuple[Box, ...] = ()

    def raw(self) -> Layer | None:
        """The layer of readings themselves."""
        return self.layers[0] if self.layers and self.layers[0].grain is Grain.RAW else None


CLOSED: Final = Opened(())


def opened(decision: Decision, source: str, kind: Kind, grains: frozenset[Grain]) -> Opened:
    """What the decision opens of one source and kind that can be told at `grains`: a grain that is not
    offered shows nothing and so hides nothing."""
    boxes = [box for box in decision.boxes if box.grain in grains and box.covers(source, kind)]
    ended = [box for box in decision.ended if box.grain in grains and box.covers(source, kind)]
    shown = tuple(box for box in (*boxes, *ended) if box.grain is Grain.RAW)
    if not boxes:
        return Opened((), shown) if shown else CLOSED
    layers: list[Layer] = []
    finer = EMPTY
    for grain in (Grain.RAW, *MEANS):
        own = union(box.periods for box in boxes if box.grain is grain)
        if free := own - finer:
            layers.append(_layer(grain, free, boxes, ended))
        finer |= own
    return Opened(tuple(layers), shown)


def _layer(grain: Grain, free: PeriodSet, boxes: Sequence[Box], ended: Sequence[Box]) -> Layer:
    alike = [*boxes, *(box for box in ended if box.is_alike)]
    since = _since(grain, free, alike)
    if grain is Grain.RAW:
        return Layer(grain, free, since)
    past = [*boxes, *ended]
    parted = union(box.ever for box in past if box.grain is Grain.RAW)
    spent = union(box.ever for box in past if Grain.RAW < box.grain < grain)
    return Layer(grain, free, since, parted, spent)


def _since(grain: Grain, free: PeriodSet, boxes: Sequence[Box]) -> Since:
    own = [box for box in boxes if box.grain is grain]
    finer = [box for box in boxes if box.grain < grain]
    periods = [period for box in (*own, *finer) for period in box.periods]
    edges = sorted({edge for period in periods for edge in (period.start, period.end)})
    places = [BEGINNING, *(edge for edge in edges if BEGINNING < edge < END_OF_TIME)]
    values = [_unbroken(place, own, finer) if place in free else BEGINNING for place in places]
    kept = [0, *(i for i in range(1, len(values)) if values[i] != values[i - 1])]
    visible = {value for value, place in zip(values, places, strict=True) if place in free}
    if len(visible) == 1:
        return Since(np.zeros(0, np.int64), np.array([*visible], np.int64))
    starts = np.array([places[i] for i in kept[1:]], np.int64)
    return Since(starts, np.array([values[i] for i in kept], np.int64))


def _unbroken(place: Instant, own: Iterable[Box], finer: Iterable[Box]) -> Instant:
    """The start of the last stretch of asking time at which `place` was shown at the grain of `own`."""
    shown = union(box.active for box in own if place in box.periods)
    hidden = union(box.active for box in finer if place in box.periods)
    stretches = (shown - hidden).periods
    return stretches[-1].start if stretches else BEGINNING
