"""Several series read in step: slabs of time in which every series is complete.

Law: pure over iterators of chunks in order of time. A slab tells a stretch `[low, high)` whose items may leave
now, and around it every row within `margin`. A chunk says where its rows lie before it is read, and is read
when the slabs taken so far reach it: a page of a year reads one block, and a series that begins later none.
Rejected: reading all series whole before the first row leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from bridge.period import BEGINNING, END_OF_TIME, Instant
from bridge.store.columns import Chunk, Table, ints, joined, size


@dataclass(frozen=True, slots=True)
class Slab:
    """Items at `low <= instant < high` are complete in `tables` (one a series, sorted by instant)."""

    low: Instant
    high: Instant
    tables: tuple[Table, ...]


@dataclass(slots=True)
class _Source:
    """A series read so far; `ahead` is the chunk that comes next."""

    chunks: Iterator[Chunk]
    ahead: Chunk | None
    kept: list[Table] = field(default_factory=list)

    @property
    def risen(self) -> Instant:
        """Before it every row is here, read from the first on."""
        return END_OF_TIME if self.ahead is None else self.ahead.low

    @property
    def fallen(self) -> Instant:
        """From it on every row is here, read from the last back."""
        return BEGINNING if self.ahead is None else self.ahead.high


def slabs(
    chunks: Sequence[Iterator[Chunk]],
    margin: int,
    align: Callable[[Instant], Instant],
    descending: bool,
    least: int = 0,
) -> Iterator[Slab]:
    """Slabs from first to last, or from last to first. `align` moves an edge back towards what was done
    until no bucket crosses it. A slab waits for `least` rows where there are as many."""
    walk = _down if descending else _up
    yield from walk([_Source(each, next(each, None)) for each in chunks], margin, align, least)


def _up(
    sources: list[_Source], margin: int, align: Callable[[Instant], Instant], least: int
) -> Iterator[Slab]:
    done, waiting = BEGINNING, 0
    while done < END_OF_TIME:
        waiting += _pull(min(sources, key=lambda source: source.risen))
        frontier = min(source.risen for source in sources)
        if frontier == BEGINNING or (waiting < least and frontier < END_OF_TIME):
            continue
        edge = frontier if frontier == END_OF_TIME else align(frontier - margin)
        if edge > done:
            yield Slab(done, edge, tuple(joined(source.kept) for source in sources))
            done, waiting = edge, 0
            for source in sources:
                _drop(source, done - margin, END_OF_TIME)


def _down(
    sources: list[_Source], margin: int, align: Callable[[Instant], Instant], least: int
) -> Iterator[Slab]:
    done, waiting = END_OF_TIME, 0
    while done > BEGINNING:
        waiting += _pull(max(sources, key=lambda source: source.fallen))
        frontier = max(source.fallen for source in sources)
        if frontier == END_OF_TIME or (waiting < least and frontier > BEGINNING):
            continue
        edge = frontier if frontier == BEGINNING else align(frontier + margin)
        if edge < done:
            yield Slab(edge, done, tuple(joined(source.kept[::-1]) for source in sources))
            done, waiting = edge, 0
            for source in sources:
                _drop(source, BEGINNING, done + margin)


def _pull(source: _Source) -> int:
    """Read the chunk ahead; how many rows it has."""
    if source.ahead is None:
        return 0
    table, source.ahead = source.ahead.read(), next(source.chunks, None)
    if rows := size(table):
        source.kept.append(table)
    return rows


def _drop(source: _Source, low: Instant, high: Instant) -> None:
    """Forget rows outside `[low, high)`."""
    kept: list[Table] = []
    for table in source.kept:
        first, last = np.searchsorted(ints(table, "instant"), (low, high)).tolist()
        if last > first:
            kept.append({name: values[first:last] for name, values in table.items()})
    source.kept = kept
