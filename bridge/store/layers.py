"""The sealed rows of a series: one a layer and seven UTC days, opened and put.

Law: everything said about a reading is inside the seal; beside it stand row keys, versions, counts and
times (data.md, blocks). The seal holds for one place: patient, series, layer, block, version, codec. A
row is replaced only at the version it was read at.

    row = "CB" | codec version u8 | key version u8 | nonce 12 | ciphertext | tag 16
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise
from typing import Final

import numpy as np

from bridge.period import Instant
from bridge.reading import take
from bridge.store.codec import VERSION, Unreadable, decode, encode
from bridge.store.columns import Ints, Table, empty, find, firsts, in_order, ints, joined, names, size, slim
from bridge.store.keys import Box, Tampered, place
from bridge.store.merge import Change

BLOCK: Final = 604_800_000
"""Seven UTC days in ms."""
_MAGIC: Final = b"CB"
_HEAD: Final = len(_MAGIC) + 2


class Layer(IntEnum):
    """What a row holds. NOW lies by its instants, the others by the instants of first storage. SPENT: versions
    that a removal took back, and the removals themselves: that they stood, of which kind, when, and by which
    artifact; not what they said."""

    NOW = 0
    PAST = 1
    ECHO = 2
    AWAY = 3
    SPENT = 4


@dataclass(frozen=True, slots=True)
class Key:
    """Where a row rests."""

    patient: int
    series: int
    layer: Layer
    block: int


@dataclass(frozen=True, slots=True)
class Held:
    """A row as it was read. Version 0: there was none."""

    key: Key
    version: int
    table: Table


@dataclass(frozen=True, slots=True)
class Write:
    """A row as it is to be: `sealed` None deletes it. `version` is the one it replaces."""

    key: Key
    version: int
    count: int
    changed: int
    latest: int
    sealed: bytes | None


class Conflict(Exception):
    """Another writer was faster: read again and merge again."""


def block_of(instants: Ints) -> Ints:
    """The block numbers of instants."""
    return instants // BLOCK


def blocks_in(instants: Ints) -> set[int]:
    """The block numbers that instants lie in."""
    blocks = block_of(instants)
    return set(blocks[np.flatnonzero(np.diff(blocks, prepend=blocks[:1] - 1))].tolist())


def read(
    con: sqlite3.Connection,
    box: Box,
    patient: int,
    series: int,
    layer: Layer,
    blocks: Collection[int] | None = None,
    columns: Collection[str] | None = None,
) -> dict[int, Held]:
    """The rows of one layer, all or those of `blocks`, by block number in order; all or some of their columns."""
    low, high = (min(blocks), max(blocks)) if blocks else (-(2**31), 2**31)
    if blocks is not None and not blocks:
        return {}
    rows = con.execute(
        "SELECT block, version, changed, sealed FROM blocks WHERE patient = ? AND series = ? AND layer = ?"
        " AND block BETWEEN ? AND ? ORDER BY block",
        (patient, series, layer.value, low, high),
    ).fetchall()
    found: dict[int, Held] = {}
    for block, version, stamp, sealed in rows:
        if blocks is None or block in blocks:
            key = Key(patient, series, layer, block)
            found[block] = Held(key, version, opened(box, key, version, sealed, stamp, columns))
    return found


def opened(
    box: Box, key: Key, version: int, sealed: bytes, stamp: Instant, columns: Collection[str] | None = None
) -> Table:
    """The columns in a sealed row; `stamp`: the row's own `changed`, which is when its newest readings were written
    (`put`). Raises Tampered or Unreadable with where it is."""
    if sealed[:2] != _MAGIC or sealed[2] != VERSION:
        raise Unreadable(f"{_where(key)}: not a block of codec version {VERSION}")
    try:
        table = decode(box.open(sealed[_HEAD:], _place(key, version)), columns)
    except (Tampered, Unreadable) as broken:
        raise type(broken)(f"{_where(key)}: {broken}") from broken
    if "changed" not in table or not size(table):
        return table
    said = ints(table, "changed")
    newest = int(said.max())
    return {**table, "changed": np.where(said == newest, stamp, said)} if newest < stamp else table


def _where(key: Key) -> str:
    return f"patient {key.patient}, series {key.series}, {key.layer.name} block {key.block}"


def replaced(box: Box, held: Held, table: Table) -> Write:
    """The write that puts `table` (sorted) where `held` was read; deletes the row where it is empty."""
    if not size(table):
        return Write(held.key, held.version, 0, 0, 0, None)
    ends = ints(table, "end") if "end" in table else ints(table, "instant")
    latest = max(int(ends.max()), int(ints(table, "instant").max()))
    head = _MAGIC + bytes((VERSION, box.version))
    sealed = head + box.seal(encode(slim(table)), _place(held.key, held.version + 1))
    changed = int(ints(table, "changed").max())
    return Write(held.key, held.version, size(table), changed, latest, sealed)


def changed(box: Box, layer: Key, rows: dict[int, Held], change: Change) -> Iterator[Write]:
    """The writes that make one change to a layer. `rows` holds every row there is in the blocks concerned;
    `layer` names patient, series and layer."""
    homes, added = block_of(change.at), split(change.add, layer.layer)
    for block in sorted({*homes.tolist(), *added}):
        held = rows.get(block) or Held(replace(layer, block=block), 0, empty())
        out = np.sort(change.drop[homes == block])
        table = held.table
        if size(table) and len(out):
            table = take(table, find(out, names(table)) < 0)
        parts = [table, added[block]] if block in added else [table]
        yield replaced(box, held, ordered(joined(parts), layer.layer))


def ordered(table: Table, layer: Layer) -> Table:
    """A table in the order that its layer rests in."""
    return in_order(table) if layer == Layer.NOW else take(table, np.argsort(names(table), kind="stable"))


def split(table: Table, layer: Layer) -> dict[int, Table]:
    """A table by the blocks that its layer puts it in."""
    if not size(table):
        return {}
    table = ordered(table, layer)
    blocks = block_of(ints(table, "instant") if layer == Layer.NOW else firsts(table))
    edges = [0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(blocks)]
    return {int(blocks[start]): take(table, slice(start, end)) for start, end in pairwise(edges)}


def put(con: sqlite3.Connection, writes: Iterable[Write], planned: Instant = 0, now: Instant = 0) -> None:
    """Put finished rows inside a write transaction; raises Conflict where one is not at its version. What is said to
    have changed when it was `planned` did so `now`, or whoever asked in between would never be told of it."""
    for write in writes:
        stamp = max(now, planned) if write.changed == planned else write.changed
        key = (write.key.patient, write.key.series, write.key.layer.value, write.key.block)
        row = (write.version + 1, write.count, stamp, write.latest, write.sealed)
        if write.sealed is None and write.version == 0:
            continue
        if write.sealed is None:
            done = con.execute(f"DELETE FROM blocks WHERE {_KEY}", (*key, write.version))
        elif write.version == 0:
            done = con.execute(_INSERT, (*key, *row))
        else:
            done = con.execute(_UPDATE, (*row, *key, write.version))
        if done.rowcount != 1:
            raise Conflict(f"block {write.key.block} of series {write.key.series} was changed meanwhile")


_KEY: Final = "patient = ? AND series = ? AND layer = ? AND block = ? AND version = ?"
_INSERT: Final = (
    "INSERT OR IGNORE INTO blocks (patient, series, layer, block, version, count, changed, latest, sealed)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_UPDATE: Final = f"UPDATE blocks SET version = ?, count = ?, changed = ?, latest = ?, sealed = ? WHERE {_KEY}"


def _place(key: Key, version: int) -> bytes:
    return place("block", key.patient, key.series, key.layer.value, key.block, version, VERSION)
