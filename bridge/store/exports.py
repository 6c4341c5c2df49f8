"""Bulk exports at rest: what was asked, when, and up to which patient it was looked who takes part.

Law: no output rests, and no list of patients: files are bounded by numbers alone (`exports`, migration 12). What was
asked is sealed under a key of the installation, for it may hold words about a person. An export is found by its own
client alone, and a step forward is taken once, however many ask at the same time. What ran out is swept when
something new is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.sealing import opened, sealed

BEFORE_ALL: Final = -1
"""Smaller than the number of any patient."""
_KIND: Final = "bulk export"
_COLUMNS: Final = "id, client, kicked, expires, asked, reached, edges, filled, is_ready"


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One export. `asked`: its texts; `reached`: the last patient looked at; `edges`: the last patient of each
    file, `filled` patients in the last of them."""

    id: str
    client: str
    kicked: Instant
    expires: Instant
    asked: tuple[str, ...]
    reached: int = BEFORE_ALL
    edges: tuple[int, ...] = ()
    filled: int = 0
    is_ready: bool = False


def keep(db: Database, row: ExportRow, most: int) -> Instant | None:
    """Keep a new export; where its client has `most` of them that live, the instant at which the first of these
    ends instead."""
    asked = sealed(db, _KIND, row.id, list(row.asked))
    with db.write("bridge") as con:
        con.execute("DELETE FROM exports WHERE expires <= ?", (row.kicked,))
        living, first = con.execute(
            "SELECT count(*), min(expires) FROM exports WHERE client = ?", (row.client,)
        ).fetchone()
        if living >= most:
            return int(first)
        con.execute(
            f"INSERT INTO exports ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (row.id, row.client, row.kicked, row.expires, asked, row.reached, _spelled(row.edges),
             row.filled, int(row.is_ready)),
        )  # fmt: skip
    return None


def find(db: Database, id: str, client: str, now: Instant) -> ExportRow | None:
    """The living export of that id and client."""
    row = (
        db.reader("bridge")
        .execute(
            f"SELECT {_COLUMNS} FROM exports WHERE id = ? AND client = ? AND expires > ?", (id, client, now)
        )
        .fetchone()
    )
    return None if row is None else _read(db, *row)


def advance(db: Database, before: ExportRow, after: ExportRow) -> None:
    """Keep how far it was looked, unless somebody else was quicker."""
    with db.write("bridge") as con:
        con.execute(
            "UPDATE exports SET reached = ?, edges = ?, filled = ?, is_ready = ?"
            " WHERE id = ? AND reached = ? AND is_ready = 0",
            (
                after.reached,
                _spelled(after.edges),
                after.filled,
                int(after.is_ready),
                before.id,
                before.reached,
            ),
        )


def drop(db: Database, id: str, client: str) -> None:
    """Forget an export of this client."""
    with db.write("bridge") as con:
        con.execute("DELETE FROM exports WHERE id = ? AND client = ?", (id, client))


def _read(
    db: Database,
    name: str,
    client: str,
    kicked: Instant,
    expires: Instant,
    asked: bytes,
    reached: int,
    edges: str,
    filled: int,
    is_ready: int,
) -> ExportRow:
    texts = tuple(opened(db, _KIND, name, asked))
    numbers = tuple(int(each) for each in edges.split(",") if each)
    return ExportRow(name, client, kicked, expires, texts, reached, numbers, filled, bool(is_ready))


def _spelled(edges: Sequence[int]) -> str:
    return ",".join(map(str, edges))
