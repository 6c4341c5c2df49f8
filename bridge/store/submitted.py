"""What others submitted, found again: by the identifiers that they gave, and by the record of a kept artifact.

Law (`data.md`, keys): an identifier rests as a blind index alone, and the index is of one submitter, person and type:
no answer tells one submitter what another sent. Names and counts are told here, never an amount; which reading a
record became is read from the blocks themselves (`stood.py` says why there is no second account of it).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from bridge.period import Instant
from bridge.reading import Device, Readings, SeriesKey, column, take
from bridge.store import series
from bridge.store.columns import RANKS, Table, ints, joined, names
from bridge.store.db import Database
from bridge.store.ids import Name
from bridge.store.keys import Box
from bridge.store.layers import Layer, read

Record: TypeAlias = "tuple[int, int]"
"""Artifact, and record in it (1 the first)."""
_AT_ONCE: Final = 500
_LAYERS: Final = (Layer.NOW, Layer.PAST, Layer.ECHO)


@dataclass(frozen=True, slots=True)
class Thing:
    """A device of submitted readings: the number that names it, and what its submitter said of it."""

    number: int
    device: Device


@dataclass(frozen=True, slots=True)
class Whom:
    """A patient as one submitter knows them. `pairing`: of the pseudonym under which they are told of, b'' in clear."""

    patient: int
    submitter: str
    pairing: bytes = b""


def blind(db: Database, whom: Whom, kind: str, identifier: tuple[str, str]) -> bytes:
    """How an identifier of one submitter's resource of a type, told of a person under one name, is found."""
    of = f"submitted {whom.patient} {whom.pairing.hex()}".rstrip()
    return db.keys.blind(of, "\0".join((whom.submitter, kind, *identifier)))


def blind_place(db: Database, whom: Whom, key: SeriesKey, instant: Instant) -> bytes:
    """How it is found that one submitter told of a reading of that series and instant before."""
    told = (key.stream.value, key.device, key.unit.value, str(key.scale), str(instant))
    of = f"submitted place {whom.patient} {whom.pairing.hex()}".rstrip()
    return db.keys.blind(of, "\0".join((whom.submitter, *told)))


def numbers(db: Database, patient: int) -> Mapping[SeriesKey, int]:
    """The number of every series that submissions made, or that one which waits will."""
    rows = series.listed(db.reader("bridge"), patient, db.keys.box(patient))
    return {row.key: row.number for row in rows if row.key.family == series.SUBMITTED}


def put(con: sqlite3.Connection, patient: int, artifact: int, rows: Iterable[tuple[bytes, int]]) -> None:
    """Keep which records of an artifact have which identifiers, in the transaction that keeps the artifact."""
    con.executemany(
        "INSERT OR IGNORE INTO submitted (blind, patient, artifact, row) VALUES (?, ?, ?, ?)",
        [(blinded, patient, artifact, row) for blinded, row in rows],
    )


def forget(con: sqlite3.Connection, patient: int, artifact: int) -> None:
    """What was removed has no identifier any more."""
    con.execute("DELETE FROM submitted WHERE patient = ? AND artifact = ?", (patient, artifact))


def take_back(con: sqlite3.Connection, patient: int, by: int, records: Iterable[Record]) -> None:
    """Artifact `by` says that these records were entered in error: no reading is made of them any more."""
    con.executemany(
        "INSERT OR IGNORE INTO submitted_wrong (patient, artifact, row, by_artifact) VALUES (?, ?, ?, ?)",
        [(patient, artifact, row, by) for artifact, row in records],
    )


def wrong(db: Database, patient: int, artifact: int) -> frozenset[int]:
    """The records of an artifact that were entered in error."""
    sql = "SELECT row FROM submitted_wrong WHERE patient = ? AND artifact = ?"
    return frozenset(row for (row,) in db.reader("bridge").execute(sql, (patient, artifact)).fetchall())


def right(db: Database, patient: int, artifact: int, batches: Sequence[Readings]) -> Sequence[Readings]:
    """What was read of an artifact, without what was entered in error."""
    rows = sorted(wrong(db, patient, artifact))
    return (
        [
            replace(batch, columns=take(batch.columns, ~np.isin(column(batch.columns, "row"), rows)))
            for batch in batches
        ]
        if rows
        else batches
    )


def find(db: Database, patient: int, blinds: Collection[bytes]) -> Mapping[bytes, Sequence[Record]]:
    """The records that have these identifiers."""
    found: dict[bytes, list[Record]] = {}
    wanted = list(set(blinds))
    with db.snapshot("bridge") as con:
        for at in range(0, len(wanted), _AT_ONCE):
            some = wanted[at : at + _AT_ONCE]
            places = ", ".join("?" * len(some))
            sql = f"SELECT blind, artifact, row FROM submitted WHERE patient = ? AND blind IN ({places})"
            for each, artifact, row in con.execute(sql, (patient, *some)).fetchall():
                found.setdefault(each, []).append((artifact, row))
    return found


def became(db: Database, patient: int, artifacts: Collection[int]) -> Mapping[Record, Name]:
    """The name of the reading that each record of these artifacts is of, where it is of one. Raises Erased."""
    box, con = db.keys.box(patient), db.reader("bridge")
    found: dict[Record, Name] = {}
    if not artifacts:
        return found
    for row in series.listed(con, patient, box):
        if row.key.family == series.SUBMITTED:
            now, past, echo = (_whole(con, box, patient, row.number, layer) for layer in _LAYERS)
            for table in (past, echo, now):
                for record, name in _records(table, artifacts):
                    found[record] = Name(patient, row.number, name // RANKS, name % RANKS)
    return found


def things(db: Database, patient: int, owner: str) -> Mapping[str, Thing]:
    """The devices of the series that one submitter's entries made, by their key. `owner`: what its keys begin with,
    left out of them."""
    rows = series.listed(db.reader("bridge"), patient, db.keys.box(patient))
    return {
        row.key.device.removeprefix(owner): Thing(row.thing, row.device)
        for row in rows
        if row.key.family == series.SUBMITTED and row.key.device.startswith(owner)
    }


def _records(table: Table, artifacts: Collection[int]) -> Iterable[tuple[Record, int]]:
    rows = zip(
        ints(table, "artifact").tolist(), ints(table, "row").tolist(), names(table).tolist(), strict=True
    )
    return (((artifact, row), name) for artifact, row, name in rows if artifact in artifacts)


def _whole(con: sqlite3.Connection, box: Box, patient: int, number: int, layer: Layer) -> Table:
    return joined([held.table for held in read(con, box, patient, number, layer).values()])
