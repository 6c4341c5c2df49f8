"""Summaries by destination: which were looked at there, up to when, and how they were told.

Law (`safety.md`, corrections travel): each goes once; what changed after `seen` is looked at again, and so is what was
told in another way than now. A row is written before anything of it leaves, and says `seen` when all
of the summary is there or waits for a human. No figure
rests here; what the receiver holds of each Observation stands in `sent` (`outbox.py`).

Rejected: one instant for all of a lane (a block that becomes due later than a correction of another was never told).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bridge.period import Instant, Period
from bridge.store.db import Database
from bridge.store.lanes import Lane


@dataclass(frozen=True, slots=True)
class Reported:
    """One summary at one destination. `is_frozen`: a block of a grant of summaries; `told`: how figures were told;
    `grant`: under which it was told last."""

    period: Period
    is_frozen: bool
    seen: Instant
    told: str
    grant: str


def reported(db: Database, lane: Lane) -> tuple[Reported, ...]:
    """Every summary of the lane, sorted by its edges."""
    rows = db.reader("bridge").execute(
        "SELECT start, end, open, seen, told, grant_id FROM reported WHERE patient = ? AND destination = ?"
        " ORDER BY start, end, open",
        (lane.patient, lane.destination),
    )
    return tuple(
        Reported(Period(start, end), not is_open, seen, told, grant)
        for start, end, is_open, seen, told, grant in rows.fetchall()
    )


def begun(db: Database, lane: Lane, some: Iterable[Reported]) -> None:
    """These are about to leave: what may arrive is remembered before the first byte."""
    with db.write("bridge") as con:
        con.executemany(
            "INSERT OR IGNORE INTO reported (patient, destination, open, start, end, seen, told, grant_id)"
            " VALUES (?, ?, ?, ?, ?, 0, ?, ?)",
            [
                (*_lane(lane), not each.is_frozen, each.period.start, each.period.end, each.told, each.grant)
                for each in some
            ],
        )


def note(db: Database, lane: Lane, some: Iterable[Reported]) -> None:
    """These are there now, or wait for a human."""
    with db.write("bridge") as con:
        con.executemany(
            "INSERT INTO reported (patient, destination, open, start, end, seen, told, grant_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (patient, destination, open, start, end) DO UPDATE"
            " SET seen = excluded.seen, told = excluded.told, grant_id = excluded.grant_id",
            [
                (*_lane(lane), not each.is_frozen, each.period.start, each.period.end, each.seen, each.told,
                 each.grant)
                for each in some
            ],
        )  # fmt: skip


def look_again(db: Database, lane: Lane) -> None:
    """A human wants all of them looked at again."""
    with db.write("bridge") as con:
        con.execute("UPDATE reported SET seen = 0 WHERE patient = ? AND destination = ?", _lane(lane))


def _lane(lane: Lane) -> tuple[int, int]:
    return lane.patient, lane.destination
