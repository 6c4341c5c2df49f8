"""What others submitted and is no reading, at rest: found again by who may be told of it, and by who was.

Law (`consent.md`, custody; `data.md`, keys): sealed under the person's key, kept in the transaction of its artifact;
when it came and went alone is in clear. What waits in quarantine is told to nobody, what was removed leaves what names
it and nothing that it said. That a recipient was told is written with the intent of the ledger, without what was told.
The form of both sealed texts is the caller's.

Rejected: reading the kept originals for each question (a search would unpack every submission that there is).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final, TypeAlias

from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.keys import Box, place
from bridge.store.summaries import Holder

Record: TypeAlias = "tuple[int, int]"
"""Artifact, and record in it (1 the first)."""
MOST: Final = 20_000
"""Records of one person that can be passed on: a search looks at each. What comes beyond is kept and stays where it is;
no answer says so, or one submitter could count what another one brought."""
_EDGES: Final = "received edges"
_CONTENT: Final = "received content"


@dataclass(frozen=True, slots=True)
class New:
    """A record to keep: its place in its artifact, what decides whether it may leave, and what it says."""

    row: int
    edges: bytes
    content: bytes


@dataclass(frozen=True, slots=True)
class Resting:
    """One that is part of the record, or was: `since` when, and when it was removed (None: it is there)."""

    artifact: int
    row: int
    since: Instant
    gone: Instant | None
    edges: bytes


def put(con: sqlite3.Connection, box: Box, patient: int, artifact: int, news: Iterable[New]) -> None:
    """Keep the records of an artifact, in the transaction that keeps it; nobody is told of them yet."""
    (here,) = con.execute("SELECT count(*) FROM received WHERE patient = ?", (patient,)).fetchone()
    con.executemany(
        "INSERT OR IGNORE INTO received (patient, artifact, row, edges, content) VALUES (?, ?, ?, ?, ?)",
        [
            (
                patient,
                artifact,
                each.row,
                box.seal(each.edges, place(_EDGES, patient, artifact, each.row)),
                box.seal(each.content, place(_CONTENT, patient, artifact, each.row)),
            )
            for each in islice(news, max(0, MOST - here))
        ],
    )


def let_in(con: sqlite3.Connection, patient: int, artifact: int, at: Instant) -> None:
    """The records of an artifact are part of the person's record from now on, unless they are already."""
    sql = "UPDATE received SET since = ? WHERE patient = ? AND artifact = ? AND since IS NULL"
    con.execute(sql, (at, patient, artifact))


def forget(con: sqlite3.Connection, patient: int, artifact: int, at: Instant) -> None:
    """What was removed says nothing any more; what nobody was ever told of is gone."""
    con.execute(
        "DELETE FROM received WHERE patient = ? AND artifact = ? AND since IS NULL", (patient, artifact)
    )
    sql = "UPDATE received SET gone = ?, content = NULL WHERE patient = ? AND artifact = ? AND gone IS NULL"
    con.execute(sql, (at, patient, artifact))


def take_back(con: sqlite3.Connection, patient: int, records: Iterable[Record], at: Instant) -> None:
    """What was entered in error says nothing any more; what nobody was ever told of is gone."""
    which = [(patient, *record) for record in records]
    where = "WHERE patient = ? AND artifact = ? AND row = ?"
    con.executemany(f"DELETE FROM received {where} AND since IS NULL", which)
    sql = f"UPDATE received SET gone = ?, content = NULL {where} AND gone IS NULL"
    con.executemany(sql, [(at, *each) for each in which])


def listed(db: Database, patient: int, box: Box) -> tuple[Resting, ...]:
    """Every one that is or was part of the person's record, in order of receipt."""
    rows = db.reader("bridge").execute(
        "SELECT artifact, row, since, gone, edges FROM received WHERE patient = ? AND since IS NOT NULL"
        " ORDER BY artifact, row",
        (patient,),
    )
    return tuple(
        Resting(artifact, row, since, gone, box.open(edges, place(_EDGES, patient, artifact, row)))
        for artifact, row, since, gone, edges in rows.fetchall()
    )


def content(db: Database, patient: int, box: Box, record: Record) -> bytes | None:
    """What one says; None where it is gone."""
    row = (
        db.reader("bridge")
        .execute(
            "SELECT content FROM received WHERE patient = ? AND artifact = ? AND row = ?", (patient, *record)
        )
        .fetchone()
    )
    return None if row is None or row[0] is None else box.open(row[0], place(_CONTENT, patient, *record))


# -------------------------------------------------------------------------------------- who was told


def told(db: Database, holder: Holder) -> frozenset[Record]:
    """The records that a recipient was ever told of."""
    rows = db.reader("ledger").execute(
        "SELECT artifact, row FROM received_told WHERE patient = ? AND recipient = ? AND pairing = ?",
        (holder.patient, holder.recipient, holder.pairing),
    )
    return frozenset((artifact, row) for artifact, row in rows.fetchall())


def telling(holder: Holder, records: Sequence[Record]) -> Callable[[sqlite3.Connection], bool]:
    """What writes down that a recipient is told of them, inside the transaction of the intent."""
    return partial(_tell, holder, tuple(records))


def _tell(holder: Holder, records: Sequence[Record], con: sqlite3.Connection) -> bool:
    con.executemany(
        "INSERT OR IGNORE INTO received_told (patient, recipient, pairing, artifact, row) VALUES (?, ?, ?, ?, ?)",
        [(holder.patient, holder.recipient, holder.pairing, *record) for record in records],
    )
    return True
