"""Documents by destination: which were looked at there, up to when, how they were told, and what was in them.

Law (`safety.md`, corrections travel): as `reported.py` of summaries. A row is written before the first byte of its
document leaves, and says `seen` when the document is there or waits for a human. Which kinds of single readings stood
in it is remembered, because a document is wrong when one of those proves another person's, also after its grant ended.
Neither a figure nor a page rests here; what the receiver holds stands in `sent` (`outbox.py`).

Rejected: a column in `reported` (a document may have a pace of its own, and goes where no summary does).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.period import Instant, Period
from bridge.store.db import Database
from bridge.store.lanes import Lane


@dataclass(frozen=True, slots=True)
class Documented:
    """One document at one destination. `type`: as which resource; `is_frozen`: of a block of a grant of summaries;
    `told`: how it was told; `grant`: under which it was told last; `kinds`: of single readings in it."""

    type: str
    period: Period
    is_frozen: bool
    seen: Instant
    told: str
    grant: str
    kinds: frozenset[str] = frozenset()


def documented(db: Database, lane: Lane) -> tuple[Documented, ...]:
    """Every document of the lane, sorted by type and edges."""
    rows = db.reader("bridge").execute(
        "SELECT type, start, end, open, seen, told, grant_id, kinds FROM documented"
        " WHERE patient = ? AND destination = ? ORDER BY type, start, end, open",
        (lane.patient, lane.destination),
    )
    return tuple(
        Documented(type_, Period(start, end), not is_open, seen, told, grant, frozenset(kinds.split()))
        for type_, start, end, is_open, seen, told, grant, kinds in rows.fetchall()
    )


def begun(db: Database, lane: Lane, one: Documented) -> None:
    """It is about to leave: what may arrive, and what is in it, is remembered before the first byte. What was in it
    before may still be there."""
    known = (each for each in documented(db, lane) if _key(lane, each) == _key(lane, one))
    before = next(known, None)
    kept = one if before is None else replace(before, kinds=before.kinds | one.kinds)
    note(db, lane, replace(kept, seen=0) if before is None else kept)


def note(db: Database, lane: Lane, one: Documented) -> None:
    """It is there now, or waits for a human."""
    with db.write("bridge") as con:
        con.execute(
            "INSERT OR REPLACE INTO documented"
            " (patient, destination, type, open, start, end, seen, told, grant_id, kinds)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*_key(lane, one), one.seen, one.told, one.grant, " ".join(sorted(one.kinds))),
        )


def look_again(db: Database, lane: Lane) -> None:
    """A human wants all of them looked at again."""
    with db.write("bridge") as con:
        con.execute(
            "UPDATE documented SET seen = 0 WHERE patient = ? AND destination = ?",
            (lane.patient, lane.destination),
        )


def _key(lane: Lane, one: Documented) -> tuple[int, int, str, bool, Instant, Instant]:
    return lane.patient, lane.destination, one.type, not one.is_frozen, one.period.start, one.period.end
