"""What one import, re-read or removal will write, worked out on a snapshot and sealed beforehand.

Law: reads one state of the store and writes nothing. Every row it names carries the version it was read
at; blocks puts the plan or makes a new one (data.md, blocks).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from bridge.period import BEGINNING, END_OF_TIME, Instant
from bridge.reading import Readings, SeriesKey, Stream
from bridge.store import artifacts, series
from bridge.store.artifacts import Artifact
from bridge.store.claims import Layers, Recast, recast, withdrawn
from bridge.store.columns import RANKS, Ints, Table, empty, firsts, in_order, ints, joined, size, slim
from bridge.store.custody import Rule
from bridge.store.db import Database
from bridge.store.ids import Name
from bridge.store.keys import Box
from bridge.store.layers import Held, Key, Layer, Write, blocks_in, changed, read, replaced, split
from bridge.store.merge import merge
from bridge.store.received import New
from bridge.store.series import SeriesRow
from bridge.store.submitted import Record


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the readings of one stream: read = stored + duplicate + amended."""

    read: int
    stored: int
    duplicate: int
    amended: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.read + other.read,
            self.stored + other.stored,
            self.duplicate + other.duplicate,
            self.amended + other.amended,
        )


NOTHING: Final = Counts(0, 0, 0, 0)


@dataclass(slots=True)
class Plan:
    """Everything that one transaction will put. `touched`: readings gone or changed per stream;
    `identified`: blind identifiers of the artifact's records; `received`: those that are no readings; `under`: by which
    rule it comes into a provider's own record; `wrong`: records of other artifacts that it takes back; `is_known`: it
    was here, and takes back what came since; `at`: when it was made."""

    artifact: Artifact
    series: list[SeriesRow] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    serials: list[tuple[bytes, int, int]] = field(default_factory=list)
    identified: list[tuple[bytes, int]] = field(default_factory=list)
    received: list[New] = field(default_factory=list)
    under: Rule | None = None
    wrong: list[Record] = field(default_factory=list)
    is_known: bool = False
    streams: dict[Stream, Counts] = field(default_factory=dict)
    touched: dict[Stream, int] = field(default_factory=dict)
    gone: list[Name] = field(default_factory=list)
    restored: int = 0
    at: Instant = 0


@dataclass(frozen=True, slots=True)
class _Arrival:
    """All rows that an artifact brings to one series."""

    row: SeriesRow
    table: Table


def absorbing(
    db: Database, con: sqlite3.Connection, box: Box, artifact: Artifact, batches: Sequence[Readings]
) -> Plan:
    """Add the batches to what is there."""
    plan = _begun(db, artifact, batches)
    known = series.listed(con, artifact.patient, box)
    for arrival in _arrivals(plan, known, batches):
        _absorb(con, box, plan, arrival, plan.at)
    return plan


def recasting(
    db: Database, con: sqlite3.Connection, box: Box, artifact: Artifact, batches: Sequence[Readings]
) -> Plan:
    """Put the batches in the place of what the artifact brought before."""
    plan = _begun(db, artifact, batches)
    known = series.listed(con, artifact.patient, box)
    arrivals = {arrival.row.number: arrival for arrival in _arrivals(plan, known, batches)}
    rows = {row.number: row for row in known} | {number: a.row for number, a in arrivals.items()}
    for number, row in rows.items():
        _recast(con, box, plan, arrivals.get(number) or _Arrival(row, empty()), plan.at)
    return plan


def named(patient: int, number: int, packed: Ints) -> list[Name]:
    """Names of one series from their packed form."""
    return [Name(patient, number, name // RANKS, name % RANKS) for name in packed.tolist()]


# ---------------------------------------------------------------------------------------------- arrivals


def _begun(db: Database, artifact: Artifact, batches: Sequence[Readings]) -> Plan:
    filled = [batch for batch in batches if len(batch)]
    spans = [(int(b.columns["instant"][0]), int(b.columns["instant"][-1])) for b in filled]
    first = min((start for start, _ in spans), default=None)
    last = max((end for _, end in spans), default=None)
    if first is not None and last is not None and not BEGINNING <= first <= last < END_OF_TIME:
        raise ValueError("a reading before 1691 or after 2248 cannot be named")
    plan = Plan(replace(artifact, first=first, last=last), at=db.clock())
    for batch, (start, end) in zip(filled, spans, strict=True):
        blind = artifacts.device_blind(db, batch.device)
        if blind is not None:
            plan.serials.append((blind, start, end))
    return plan


def _arrivals(plan: Plan, known: Iterable[SeriesRow], batches: Sequence[Readings]) -> Iterator[_Arrival]:
    rows = {row.key: row for row in known}
    told = sorted(rows.values(), key=lambda row: row.number)
    grouped: dict[SeriesKey, list[Readings]] = {}
    for batch in batches:
        if len(batch):
            grouped.setdefault(batch.key, []).append(batch)
    number = max((row.number for row in rows.values()), default=series.FIRST - 1)
    for key, parts in grouped.items():
        table = in_order(joined([dict(part.columns) for part in parts]))
        table["artifact"] = np.full(size(table), plan.artifact.number, np.int32)
        before = rows.get(key)
        if before is None:
            number += 1
        row = SeriesRow(
            before.number if before else number,
            key,
            parts[-1].device,
            parts[-1].source_class,
            max(before.longest if before else 0, _longest(table)),
            before.first if before else 0,
        )
        if before is None:
            row = replace(row, first=next((e.thing for e in told if series.is_one_device(e, row)), 0))
            told.append(row)
        if row != before:
            plan.series.append(row)
        yield _Arrival(row, table)


def _longest(table: Table) -> int:
    if "end" not in table:
        return 0
    return max(0, int((ints(table, "end") - ints(table, "instant")).max()))


# --------------------------------------------------------------------------------------------- absorbing


def _absorb(con: sqlite3.Connection, box: Box, plan: Plan, arrival: _Arrival, at: Instant) -> None:
    row, table, patient = arrival.row, arrival.table, plan.artifact.patient
    here = None if row.key.by_counter else blocks_in(ints(table, "instant"))
    held = read(con, box, patient, row.number, Layer.NOW, here)
    away = read(con, box, patient, row.number, Layer.AWAY, here)
    outcome = merge(_whole(held), _whole(away), table, row.key.by_counter, at)
    plan.writes += changed(box, Key(patient, row.number, Layer.NOW, 0), held, outcome.now)
    for layer, change in (
        (Layer.PAST, outcome.past),
        (Layer.ECHO, outcome.echo),
        (Layer.AWAY, outcome.away),
    ):
        concerned = blocks_in(change.at) | blocks_in(firsts(change.add))
        rows = read(con, box, patient, row.number, layer, concerned)
        plan.writes += changed(box, Key(patient, row.number, layer, 0), rows, change)
    counts = Counts(size(table), outcome.stored, outcome.duplicate, outcome.amended)
    _count(plan, row.key.stream, counts)


def _whole(rows: dict[int, Held]) -> Table:
    return joined([held.table for held in rows.values()])


def _count(plan: Plan, stream: Stream, counts: Counts) -> None:
    plan.streams[stream] = plan.streams.get(stream, NOTHING) + counts


# --------------------------------------------------------------------------------------------- recasting


def _recast(con: sqlite3.Connection, box: Box, plan: Plan, arrival: _Arrival, at: Instant) -> None:
    row, patient, artifact = arrival.row, plan.artifact.patient, plan.artifact.number
    rows = {layer: read(con, box, patient, row.number, layer) for layer in Layer}
    held = Layers(*(_whole(rows[layer]) for layer in Layer))
    parts = (held.now, held.past, held.echo)
    if not size(arrival.table) and not any((ints(part, "artifact") == artifact).any() for part in parts):
        return
    outcome = (
        recast(held, artifact, arrival.table, row.key.by_counter, at)
        if size(arrival.table)
        else withdrawn(held, artifact, at)
    )
    _account(plan, row, outcome)
    then = outcome.layers
    after = (then.now, then.past, then.echo, then.away, then.spent)
    for layer, table in zip(Layer, after, strict=True):
        plan.writes += _differing(box, Key(patient, row.number, layer, 0), rows[layer], table)


def _account(plan: Plan, row: SeriesRow, outcome: Recast) -> None:
    plan.gone += named(plan.artifact.patient, row.number, outcome.gone)
    plan.restored += outcome.changed
    taken = len(outcome.gone) + outcome.changed
    plan.touched[row.key.stream] = plan.touched.get(row.key.stream, 0) + taken
    if outcome.read:
        stored = outcome.read - outcome.duplicate - outcome.amended
        _count(plan, row.key.stream, Counts(outcome.read, stored, outcome.duplicate, outcome.amended))


def _differing(box: Box, layer: Key, rows: dict[int, Held], table: Table) -> Iterator[Write]:
    """The writes that make a layer hold exactly `table`, leaving out blocks that are so already."""
    after = split(table, layer.layer)
    for block in sorted({*rows, *after}):
        held = rows.get(block) or Held(replace(layer, block=block), 0, empty())
        wanted = after.get(block, empty())
        if not _equal(held.table, wanted):
            yield replaced(box, held, wanted)


def _equal(left: Table, right: Table) -> bool:
    left, right = slim(left), slim(right)
    return left.keys() == right.keys() and all(np.array_equal(left[n], right[n]) for n in left)
