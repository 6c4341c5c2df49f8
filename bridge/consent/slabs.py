"""Several series read in step: slabs of time in which every series is complete.

Law: pure over iterators of sorted chunks. A slab tells a stretch `[low, high)` whose items may leave now, and
around it every row within `margin`; no more of a series is pulled than the slabs taken so far needed, so a
page of a year reads one block. Rejected: reading all series whole before the first row leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from bridge.period import BEGINNING, END_OF_TIME, Instant
from bridge.store.columns import Table, ints, joined


@dataclass(frozen=True, slots=True)
class Slab:
    """Items at `low <= instant < high` are complete in `tables` (one a series, sorted by instant)."""

    low: Instant
    high: Instant
    tables: tuple[Table, ...]


@dataclass(slots=True)
class _Source:
    chunks: Iterator[Table]
    complete: Instant
    kept: list[Table] = field(default_factory=list)


def slabs(
    chunks: Sequence[Iterator[Table]],
    extents: Sequence[tuple[Instant, Instant]],
    margin: int,
    align: Callable[[Instant], Instant],
    descending: bool,
) -> Iterator[Slab]:
    """Slabs from first to last, or from last to first. `extents`: `[low, high)` outside of which a series
    has nothing, so that one that begins later is not read before it is reached. `align` moves an edge back
    towards what was done until no bucket crosses it."""
    walk = _down if descending else _up
    sources = [
        _Source(each, high if descending else low) for each, (low, high) in zip(chunks, extents, strict=True)
    ]
    yield from walk(sources, margin, align)


def _up(sources: list[_Source], margin: int, align: Callable[[Instant], Instant]) -> Iterator[Slab]:
    done = BEGINNING
    while done < END_OF_TIME:
        slowest = min(sources, key=lambda source: source.complete)
        _pull(slowest, descending=False)
        frontier = min(source.complete for source in sources)
        if frontier == BEGINNING:
            continue
        edge = frontier if frontier == END_OF_TIME else align(frontier - margin)
        if edge > done:
            yield Slab(done, edge, tuple(_table(source, False) for source in sources))
            done = edge
            for source in sources:
                _drop(source, done - margin, END_OF_TIME)


def _down(sources: list[_Source], margin: int, align: Callable[[Instant], Instant]) -> Iterator[Slab]:
    done = END_OF_TIME
    while done > BEGINNING:
        slowest = max(sources, key=lambda source: source.complete)
        _pull(slowest, descending=True)
        frontier = max(source.complete for source in sources)
        if frontier == END_OF_TIME:
            continue
        edge = frontier if frontier == BEGINNING else align(frontier + margin)
        if edge < done:
            yield Slab(edge, done, tuple(_table(source, True) for source in sources))
            done = edge
            for source in sources:
                _drop(source, BEGINNING, done + margin)


def _pull(source: _Source, descending: bool) -> None:
    """Take the next chunk; `complete` tells up to where all rows are here."""
    chunk = next(source.chunks, None)
    if chunk is None:
        source.complete = BEGINNING if descending else END_OF_TIME
        return
    instants = ints(chunk, "instant")
    if not len(instants):
        return
    source.kept.append(chunk)
    source.complete = int(instants.min()) if descending else int(instants.max()) + 1


def _table(source: _Source, descending: bool) -> Table:
    """What is kept, as one sorted table."""
    return joined(source.kept[::-1] if descending else source.kept)


def _drop(source: _Source, low: Instant, high: Instant) -> None:
    """Forget rows outside `[low, high)`."""
    kept: list[Table] = []
    for table in source.kept:
        instants = ints(table, "instant")
        first, last = np.searchsorted(instants, (low, high)).tolist()
        if last > first:
            kept.append({name: values[first:last] for name, values in table.items()})
    source.kept = kept
