"""Is everything at rest whole? Every sealed row opened, every count and order checked.

Law: says what is broken and where, in a sentence each, and no value; changes nothing. It opens each row
with the key of its place (data.md, blocks), so a row that was cut, changed, moved or taken from an older
copy is found. A lost original is a fault; a lost key is one sentence for its patient.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from bridge.store import artifacts, originals, patients, series
from bridge.store.codec import Unreadable
from bridge.store.columns import Table, firsts, ints, size
from bridge.store.db import Database
from bridge.store.keys import Box, Erased, Tampered
from bridge.store.layers import Key, Layer, block_of, opened

_BROKEN = (Tampered, Unreadable, Erased, KeyError, ValueError)


def verify(db: Database, patient: int | None = None) -> tuple[str, ...]:
    """A sentence for everything that does not open or does not fit, of one patient or of all; none where
    the store is whole."""
    numbers = patients.numbers(db) if patient is None else (patient,)
    return tuple(sentence for number in numbers for sentence in _patient(db, number))


def _patient(db: Database, number: int) -> Iterator[str]:
    con = db.reader("bridge")
    try:
        box = db.keys.box(number)
        patients.load(db, number)
        known = {row.number for row in series.listed(con, number, box)}
        yield from _artifacts(db, number)
    except _BROKEN as broken:
        yield f"patient {number}: {broken}"
        return
    yield from _blocks(con, box, number, known)


def _artifacts(db: Database, patient: int) -> Iterator[str]:
    for kept in artifacts.listed(db, patient):
        if kept.state != "removed" and not originals.has(db, originals.name(db, patient, kept.sha256)):
            yield f"patient {patient}, artifact {kept.number}: the kept original is missing"


def _blocks(con: sqlite3.Connection, box: Box, patient: int, known: set[int]) -> Iterator[str]:
    rows = con.execute(
        "SELECT series, layer, block, version, count, changed, latest, sealed FROM blocks WHERE patient = ?"
        " ORDER BY series, layer, block",
        (patient,),
    )
    for number, layer, block, version, count, changed, latest, sealed in rows:
        key = Key(patient, number, Layer(layer), block)
        where = f"patient {patient}, series {number}, {key.layer.name} block {block}"
        if number not in known:
            yield f"{where}: there is no such series"
        try:
            table = opened(box, key, version, sealed, changed)
        except _BROKEN as broken:
            yield str(broken)
            continue
        yield from (f"{where}: {fault}" for fault in _faults(key, table, count, changed, latest))


def _faults(key: Key, table: Table, count: int, changed: int, latest: int) -> Iterator[str]:
    if size(table) != count:
        yield f"holds {size(table)} rows, not {count}"
    home = ints(table, "instant") if key.layer == Layer.NOW else firsts(table)
    if bool((block_of(home) != key.block).any()):
        yield "holds rows of another block"
    if bool((home[1:] < home[:-1]).any()):
        yield "is not in order of time"
    if size(table) and int(ints(table, "changed").max()) != changed:
        yield "was changed at another time than it says"  # later is when it was written (`layers.put`)
    if size(table) and int(ints(table, "instant").max()) > latest:
        yield "reaches later than it says"
