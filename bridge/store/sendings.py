"""The rows of what was sent, written many at once: as tried before the first byte, as noted after the answer.

Law: within the transaction of a delivery (`outbox.py`), which alone calls this. A row for each entry, decided by what
stands in it, and what was refused is open once it goes anew; what came of one entry is one change of one row. A
statement has fewer variables than 999, the fewest that SQLite takes by default in any version (limits, section 9).

Rejected: a statement for each row (SQLite makes the list of states anew in each, twice the time of the rows).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import Final, TypeAlias, TypeVar

from bridge.period import Instant
from bridge.store.lanes import Lane

SEVERAL: Final = "?"
"""A version that is one of several: the entry is sent once more, as an update."""
AT_ONCE: Final = 250
"""Rows of a statement."""

Tried: TypeAlias = tuple[bytes, str, str]
"""Our id, its resource type, our version (`outbox.Item`)."""
Noted: TypeAlias = tuple[bytes, str, str, str, str, str, bool]
"""What came of an entry (`outbox.Result`)."""

_TRIED: Final = (
    "INSERT INTO sent (patient, destination, id, kind, version, tried, state, reference, etag, link,"
    " delivery, problem, changed)"
    " SELECT ?1, ?2, column1, column2, '', column3, 'open', ?3, '', ?4, ?5, '', ?6 FROM (VALUES {rows}) WHERE TRUE"
    " ON CONFLICT (patient, destination, id) DO UPDATE SET delivery = excluded.delivery,"
    " link = excluded.link, changed = excluded.changed, reference = CASE WHEN excluded.reference <> ''"
    " AND (state = 'retracted' OR reference = '' OR (version = '' AND tried = ''))"
    " THEN excluded.reference ELSE reference END, kept = 0, problem = '',"
    " version = CASE WHEN excluded.reference <> '' AND state = 'retracted' THEN '' ELSE version END,"
    " state = CASE WHEN state = 'refused' OR (excluded.reference <> '' AND state = 'retracted') THEN 'open'"
    " ELSE state END, tried = CASE"
    f" WHEN tried = '' OR tried = excluded.tried THEN excluded.tried ELSE '{SEVERAL}' END"
)
_NOTED: Final = (
    "UPDATE sent SET version = ?3, tried = CASE WHEN ?4 THEN '' ELSE tried END, state = ?5,"
    " reference = CASE WHEN said.column2 = '' THEN reference ELSE said.column2 END, etag = said.column3,"
    " problem = ?6, changed = ?7, kept = ?8 FROM (VALUES {rows}) AS said"
    " WHERE patient = ?1 AND destination = ?2 AND id = said.column1"
)
_Row = TypeVar("_Row")


def tried(
    con: sqlite3.Connection, lane: Lane, link: int, number: int, items: Sequence[Tried], at: str, now: Instant
) -> None:
    """These items are about to go with a delivery; what stands nowhere yet will at `at`."""
    known = (lane.patient, lane.destination, at, link, number, now)
    for some in _parts(items):
        con.execute(_many(_TRIED, len(known), len(some)), (*known, *(each for row in some for each in row)))


def noted(
    con: sqlite3.Connection, lane: Lane, results: Sequence[Noted], now: Instant, is_back: bool = False
) -> None:
    """What these entries came to, in their order. `is_back`: they were to be taken back."""
    for (version, state, problem, settled), alike in _alike(results):
        known = (
            lane.patient,
            lane.destination,
            version,
            settled,
            state,
            problem,
            now,
            is_back and state == "refused",
        )
        for some in _parts(alike):
            told = (each for row in some for each in (row[0], row[3], row[4]))
            con.execute(_many(_NOTED, len(known), len(some)), (*known, *told))


def _alike(results: Sequence[Noted]) -> Iterator[tuple[tuple[str, str, str, bool], Sequence[Noted]]]:
    """Results in a row that differ in their entry, its place and its ETag alone. An entry that is told of twice is
    noted twice, one after the other."""
    is_once = len({each[0] for each in results}) == len(results)
    for shared, some in groupby(results, lambda each: (each[1], each[2], each[5], each[6])):
        for alike in [list(some)] if is_once else ([each] for each in some):
            yield shared, alike


def _parts(rows: Sequence[_Row]) -> Iterable[Sequence[_Row]]:
    return (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE))


@cache
def _many(statement: str, known: int, count: int) -> str:
    """A statement about so many rows of three values, which come behind those that are the same for all."""
    rows = (f"(?{at}, ?{at + 1}, ?{at + 2})" for at in range(known + 1, known + 3 * count, 3))
    return statement.format(rows=", ".join(rows))
