"""Readings in the order of a transmitter's own counter, cut where one clock cannot have shown them.

Law: pure. Ticks are seconds since the transmitter started; wall minus tick is the clock's offset against it
and stays put while nobody touches the clock. It moves by whole quarters of an hour when the phone changes
its zone (summer time, travel) and by anything else when somebody sets a receiver by hand: there a chain ends.
Measured: 300 s a tick step, seconds of jitter, 12 of 27 jumps on nights of summer time, 15 on travels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.cells import Ints, Mask
from bridge.period import HOUR, MINUTE

QUARTER: Final = 15 * MINUTE
WIDEST: Final = 26 * HOUR
"""Two clocks of the world differ by at most this; more is another transmitter or a lost date."""
JITTER: Final = 90_000
DRIFT: Final = 0.05
"""ms a clock may wander in a second of silence."""
MOST: Final = 400_000


@dataclass(frozen=True, slots=True)
class Chain:
    """Places (into the arrays given) in order of tick; `moved` ms: how far the clock had been moved since
    the chain's first reading; `transmitter` as coded by the caller."""

    places: NDArray[np.intp]
    moved: Ints
    transmitter: int


def chains(wall: Ints, tick: Ints, transmitter: NDArray[np.int32], usable: Mask) -> Iterator[Chain]:
    """The chains of all usable readings. Arrays int64[n] ms, int64[n] s, int32[n], bool[n]."""
    places = np.flatnonzero(usable)
    if not len(places):
        return
    owner = _owners(wall, tick, transmitter, places)
    key = (owner << 40) | tick[places]
    if (np.diff(key) < 0).any():
        order = np.argsort(key, kind="stable")
        places, owner = places[order], owner[order]
    drift = np.diff(wall[places] - tick[places] * 1000)
    quarters = np.rint(drift / QUARTER).astype(np.int64)
    allowed = np.minimum(MOST, JITTER + DRIFT * np.diff(tick[places]))
    odd = np.abs(drift - quarters * QUARTER) > allowed
    starts = np.flatnonzero(odd | (np.diff(owner) != 0)) + 1
    moves = np.concatenate(([0], quarters * QUARTER))
    for piece in np.split(np.arange(len(places)), starts):
        moved = np.cumsum(moves[piece])
        yield Chain(places[piece], moved - moved[0], int(transmitter[places[piece[0]]]))


def _owners(wall: Ints, tick: Ints, transmitter: NDArray[np.int32], places: NDArray[np.intp]) -> Ints:
    """A number per transmitter as the readings show it: files without an id, or with one used twice, hold
    several, each with an offset of its own."""
    owner = transmitter[places].astype(np.int64)
    offset = wall[places] - tick[places] * 1000
    found = np.zeros(len(places), np.int64)
    total = 0
    for code in np.flatnonzero(np.bincount(owner)).tolist():
        mine = np.flatnonzero(owner == code)
        offsets = offset[mine]
        edges = np.zeros(0, np.int64)
        if int(offsets.max() - offsets.min()) > WIDEST:
            ordered = np.sort(offsets)
            edges = ordered[1:][np.diff(ordered) > WIDEST]
        found[mine] = total + np.searchsorted(edges, offsets, side="right")
        total += len(edges) + 1
    return found


def distrusted(wall: Ints, tick: Ints, transmitter: NDArray[np.int32], told: Mask) -> Mask:
    """Readings whose tick is no counter: one tick for many times, as in de-identified files. Copies of one
    reading, and one reading shown in two zones, are no reason."""
    found = np.zeros(len(wall), np.bool_)
    places = np.flatnonzero(told)
    key = (transmitter[places].astype(np.int64) << 40) | tick[places]
    order = np.argsort(key, kind="stable")
    repeated = np.flatnonzero(np.diff(key[order]) == 0)
    for piece in np.split(repeated, np.flatnonzero(np.diff(repeated) > 1) + 1) if len(repeated) else []:
        same = places[order[piece[0] : piece[-1] + 2]]
        apart = np.abs(wall[same] - wall[same[0]])
        rest = np.minimum(apart % QUARTER, QUARTER - apart % QUARTER)
        if (rest > 2 * MINUTE).any() or (apart > WIDEST).any():
            found[same] = True
    return found
