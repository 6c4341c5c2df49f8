"""Requests at rest: a recipient asks a person to share, and what came of it.

Law: what a receiver showed of the person, and who asks, rest under the patient's key. An answer is one statement that
says whether it was first; a request that ran out, or was answered, is answered no more. A new one of the same
recipient to the same person takes the place of one that waits.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, TypeAlias

from bridge.period import Instant
from bridge.store.answers import Claim
from bridge.store.db import Database
from bridge.store.keys import Erased, place

Origin: TypeAlias = Literal["clinic-code", "person-code", "launch", "clinician"]
Answer: TypeAlias = Literal["approved", "declined", "withdrawn"]


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request. `texts`: who asks and the record, in an order that its reader knows; empty once erased."""

    id: str
    patient: int
    client: str
    origin: Origin
    made: Instant
    expires: Instant
    texts: tuple[str, ...]
    answer: Answer | None = None
    answered: Instant | None = None
    grant: str = ""


_COLUMNS: Final = "request, patient, client, origin, made, expires, sealed, answer, answered, grant_id"


def add(db: Database, row: RequestRow) -> None:
    """Keep a new request."""
    told = json.dumps(row.texts, ensure_ascii=False).encode()
    box = db.keys.box(row.patient).seal(told, place("request", row.patient, row.id))
    with db.write("bridge") as con:
        con.execute(
            "UPDATE requests SET answer = 'withdrawn', answered = ? WHERE patient = ? AND client = ?"
            " AND answer IS NULL",
            (row.made, row.patient, row.client),
        )
        con.execute(
            f"INSERT INTO requests ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL)",
            (row.id, row.patient, row.client, row.origin, row.made, row.expires, box),
        )


def find(db: Database, request: str) -> RequestRow | None:
    """The request of that id, whatever came of it."""
    return next(iter(_rows(db, "request = ?", [request])), None)


def of_patient(db: Database, patient: int) -> tuple[RequestRow, ...]:
    """Every request to a person, newest first."""
    return _rows(db, "patient = ? ORDER BY made DESC", [patient])


def of_client(db: Database, client: str) -> tuple[RequestRow, ...]:
    """Every request of a recipient, newest first."""
    return _rows(db, "client = ? ORDER BY made DESC", [client])


def of_request(request: str, what: Answer, grant: str, now: Instant) -> Claim:
    """One answer to a request."""
    return Claim(
        partial(_answer, request=request, what=what, grant=grant, now=now), partial(_waits, request=request)
    )


def end(db: Database, request: str, what: Answer, now: Instant) -> bool:
    """Let a request be over by no answer of a person; False where it was answered before or ran out."""
    with db.write("bridge") as con:
        return _answer(con, request, what, "", now)


def _answer(con: sqlite3.Connection, request: str, what: Answer, grant: str, now: Instant) -> bool:
    done = con.execute(
        "UPDATE requests SET answer = ?, answered = ?, grant_id = ?"
        " WHERE request = ? AND answer IS NULL AND expires > ?",
        (what, now, grant or None, request, now),
    )
    return done.rowcount == 1


def _waits(con: sqlite3.Connection, request: str) -> None:
    con.execute(
        "UPDATE requests SET answer = NULL, answered = NULL, grant_id = NULL WHERE request = ?", (request,)
    )


def _rows(db: Database, where: str, values: Iterable[int | str]) -> tuple[RequestRow, ...]:
    rows = db.reader("bridge").execute(f"SELECT {_COLUMNS} FROM requests WHERE {where}", tuple(values))
    return tuple(_row(db, *row) for row in rows.fetchall())


def _row(
    db: Database,
    request: str,
    patient: int,
    client: str,
    origin: Origin,
    made: Instant,
    expires: Instant,
    box: bytes,
    said: Answer | None,
    answered: Instant | None,
    grant: str | None,
) -> RequestRow:
    told = _told(db, patient, request, box)
    return RequestRow(request, patient, client, origin, made, expires, told, said, answered, grant or "")


def _told(db: Database, patient: int, request: str, box: bytes) -> tuple[str, ...]:
    try:
        plain = db.keys.box(patient).open(box, place("request", patient, request))
    except Erased:
        return ()
    return tuple(str(each) for each in json.loads(plain))
