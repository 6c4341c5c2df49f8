"""Readings out: the only way from what rests to values. Imported by the gate alone.

Law: nothing here decides who may see what; the caller names patient, series and the instants that were
permitted, and gets no reading outside them (architecture.md, laws). Quarantined and removed artifacts
have no readings here. The caller unwraps the patient's key once a request and passes the box.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.period import Instant, Period, PeriodSet
from bridge.reading import column, take
from bridge.store import series as rows
from bridge.store.artifacts import without_account
from bridge.store.columns import RANKS, Chunk, Ints, Table, find, ints, names
from bridge.store.db import Database
from bridge.store.keys import Box
from bridge.store.layers import BLOCK, Key, Layer, opened, read
from bridge.store.merge import NEVER, is_gone
from bridge.store.series import SeriesRow

STORED: Final = ("artifact", "changed", "version", "origin", "rank")
"""Columns that every selection reads beside `instant`."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a reading came from, for provenance."""

    source: str
    format: str
    revision: str
    received: Instant
    sha256: str
    file: str
    size: int
    state: str


def series(
    db: Database, patient: int, box: Box, within: Period | None = None, always: Collection[int] = ()
) -> tuple[SeriesRow, ...]:
    """Every series of the patient, by number; with `within` those that may have a reading in it or an
    interval that reaches into it, and those of `always`."""
    con = db.reader("bridge")
    if within is None:
        return rows.listed(con, patient, box)
    return rows.near(con, patient, box, within, always)


def select(
    db: Database,
    patient: int,
    box: Box,
    series: int,
    longest: int,
    periods: PeriodSet,
    descending: bool = False,
    columns: Collection[str] | None = None,
) -> Iterator[Chunk]:
    """The readings of one series with an instant in `periods` (intervals, none over `longest` ms: that
    overlap one), a chunk a block, blocks in order of time or the other way round. Columns and dtypes:
    `COLUMNS`; what the block has (of `columns`, `instant` and `STORED`): one that is missing has its default.
    All from one snapshot: the caller's, whose rows are fetched in their turn, else one of its own."""
    hull = periods.hull()
    if hull is None:
        return
    wanted = None if columns is None else frozenset((*columns, *STORED, "instant", "end"))
    low, high = int(hull.start - longest) // BLOCK, int(hull.end - 1) // BLOCK
    for block, version, latest, sealed, stamp in _rows(db, patient, series, low, high, descending):
        start, end = block * BLOCK, (block + 1) * BLOCK
        if _reaches(periods, start, max(latest, end)):
            key = Key(patient, series, Layer.NOW, block)
            yield Chunk(start, end, partial(_opened, box, key, version, sealed, stamp, wanted, periods))


_Row: TypeAlias = tuple[int, int, int, bytes, int]
_BLOCKS: Final = (
    "SELECT block, version, latest, sealed, changed FROM blocks"
    " WHERE patient = ? AND series = ? AND layer = 0 AND block BETWEEN ? AND ? ORDER BY block"
)
_UP: Final = f"{_BLOCKS} ASC"
_DOWN: Final = f"{_BLOCKS} DESC"


def _rows(db: Database, patient: int, series: int, low: int, high: int, descending: bool) -> Iterator[_Row]:
    """The sealed rows of blocks `low` to `high`: in a snapshot of the caller's one after the other."""
    con, sql = db.reader("bridge"), _DOWN if descending else _UP
    if not con.in_transaction:
        yield from con.execute(sql, (patient, series, low, high)).fetchall()
        return
    # Every series is read by this statement: one that is left open while the next begins is compiled again.
    while row := con.execute(f"{sql} LIMIT 1", (patient, series, low, high)).fetchone():
        yield row
        low, high = (low, row[0] - 1) if descending else (row[0] + 1, high)


def locate(db: Database, patient: int, series: int, first_instant: Instant, rank: int) -> Instant | None:
    """The instant where a reading named by its first instant is now; None where it was taken away. For a
    name that was never given it is `first_instant`, and a selection there finds nothing."""
    block = int(first_instant) // BLOCK
    con = db.reader("bridge")
    row = con.execute(
        "SELECT version, sealed, changed FROM blocks WHERE patient = ? AND series = ? AND layer = ? AND block = ?",
        (patient, series, Layer.AWAY.value, block),
    ).fetchone()
    if row is None:
        return first_instant
    away = opened(db.keys.box(patient), Key(patient, series, Layer.AWAY, block), *row)
    (place,) = find(names(away), np.array([first_instant * RANKS + rank], np.int64)).tolist()
    if place < 0:
        return first_instant
    return None if bool(is_gone(away)[place]) else int(ints(away, "instant")[place])


def history(
    db: Database, patient: int, box: Box, series: int, first_instant: Instant, rank: int
) -> tuple[dict[str, int | str], ...]:
    """What a reading said before, oldest version first: every content column it had, `version`, `changed`
    (when it came to say so), `artifact` and `row`."""
    block = int(first_instant) // BLOCK
    held = read(db.reader("bridge"), box, patient, series, Layer.PAST, {block}).get(block)
    if held is None:
        return ()
    here = (names(held.table) == first_instant * RANKS + rank) & (ints(held.table, "version") != NEVER)
    past = take(held.table, np.flatnonzero(here))
    past |= {name: column(past, name) for name in (*STORED, "value", "flags", "offset", "row")}
    past = take(past, np.argsort(ints(past, "version"), kind="stable"))
    versions = zip(*(values.tolist() for values in past.values()), strict=True)
    return tuple(dict(zip(past, version, strict=True)) for version in versions)


def sources(db: Database, patient: int, box: Box, artifacts: Sequence[int]) -> dict[int, Source]:
    """Where readings came from, by artifact number; only artifacts that bring readings, or did."""
    found = (without_account(db, patient, box, number) for number in artifacts)
    return {
        kept.number: Source(
            kept.source,
            kept.format,
            kept.revision,
            kept.received,
            kept.sha256,
            kept.file,
            kept.size,
            kept.state,
        )
        for kept in found
        if kept is not None and kept.state != "quarantined"
    }


def _reaches(periods: PeriodSet, start: Instant, end: Instant) -> bool:
    return any(period.start < end and start <= period.end for period in periods)


def _opened(
    box: Box,
    key: Key,
    version: int,
    sealed: bytes,
    stamp: Instant,
    columns: Collection[str] | None,
    periods: PeriodSet,
) -> Table:
    table = opened(box, key, version, sealed, stamp, columns)
    return take(table, _inside(table, periods))


def _inside(table: Table, periods: PeriodSet) -> NDArray[np.generic] | slice:
    instants = ints(table, "instant")
    if "end" in table:
        return np.flatnonzero(_overlapping(instants, ints(table, "end"), periods))
    if len(periods.periods) == 1:
        (period,) = periods.periods
        first, last = np.searchsorted(instants, (period.start, period.end)).tolist()
        return slice(first, last)
    edges = np.array([edge for period in periods for edge in (period.start, period.end)], np.int64)
    low, high = np.searchsorted(instants, edges).reshape(-1, 2).T
    parts = np.flatnonzero(high > low)
    if len(parts) == 1:
        return slice(int(low[parts[0]]), int(high[parts[0]]))
    return np.flatnonzero(periods.mask(instants))


def _overlapping(starts: Ints, ends: Ints, periods: PeriodSet) -> NDArray[np.bool_]:
    opens = np.array([period.start for period in periods], np.int64)
    closes = np.array([period.end for period in periods], np.int64)
    place = np.searchsorted(closes, starts, side="right")
    inside = np.minimum(place, len(closes) - 1)
    return np.asarray((place < len(closes)) & (opens[inside] < np.maximum(ends, starts + 1)))
