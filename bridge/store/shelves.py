"""Which months a portal holds of a person, in which revision.

Law (`safety.md`, corrections travel): a month that was sent is remembered by a number made of the ids and versions in
it and of how they were told there, so that the same is not sent twice and a change is. It knows no value and no name of
a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from bridge.store.db import Database
from bridge.store.lanes import Lane
from bridge.store.outbox import Item

TIDIED: Final = "-"


@dataclass(frozen=True, slots=True)
class Shelf:
    """One month; the columns of `shelves` in the schema. `content`: '' while its file goes, TIDIED where it did not
    arrive and no half of it is there."""

    month: str
    revision: int
    content: str
    link: int


def shelf(db: Database, lane: Lane, month: str) -> Shelf | None:
    """The month at the portal; None: it was never sent."""
    row = (
        db.reader("bridge")
        .execute(
            "SELECT month, revision, content, link FROM shelves"
            " WHERE patient = ? AND destination = ? AND month = ?",
            (lane.patient, lane.destination, month),
        )
        .fetchone()
    )
    return None if row is None else Shelf(*row)


def doubtful(db: Database, lane: Lane) -> tuple[Shelf, ...]:
    """The months of which a file went and nobody knows that it arrived."""
    rows = db.reader("bridge").execute(
        "SELECT month, revision, content, link FROM shelves"
        " WHERE patient = ? AND destination = ? AND content = '' ORDER BY month",
        (lane.patient, lane.destination),
    )
    return tuple(Shelf(*row) for row in rows)


def keep(db: Database, lane: Lane, now: Shelf) -> None:
    """The portal has it like this."""
    with db.write("bridge") as con:
        con.execute(
            "INSERT OR REPLACE INTO shelves (patient, destination, month, revision, content, link)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (lane.patient, lane.destination, now.month, now.revision, now.content, now.link),
        )


def content_of(items: Sequence[Item], said: str) -> str:
    """The number of a content: of each id and version, and of how they are told there."""
    told = sorted(each.id + each.version.encode() for each in items)
    return sha256(b"\0".join([said.encode(), *told])).hexdigest()[:32]
