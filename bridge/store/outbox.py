"""Deliveries, how far each grant was delivered, and what each receiver holds.

Law: a delivery and its entries are durable before the first byte leaves, and what came of them is
recorded in one transaction with the cursor: a crash between leaves `sending` with entries `tried`, and
the next attempt sends the same identifiers again, which a conditional create (FHIR R4 3.1.0.8.1) makes
harmless. One delivery a lane (person and destination) is open at a time. No reading rests here, only ids
and versions (`safety.md`, corrections travel).

Rejected: the rendered Bundle in the outbox; it would outlive a revocation.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, Literal, NamedTuple, TypeAlias

import bridge.store.cursors as cursors
import bridge.store.documented as documented
import bridge.store.orders as orders
import bridge.store.receipts as receipts
import bridge.store.reported as reported
import bridge.store.sendings as sendings
from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.lanes import Lane

SEVERAL: Final = sendings.SEVERAL
"""A version that is one of several: the entry is sent once more, as an update."""

What: TypeAlias = Literal["readings", "summaries", "document", "retraction"]
GAVE_WAY: Final = "something else had to go first: what is left of this goes by itself with the next"
CLOSED: Final = frozenset({"partial", "correction-not-deliverable"})
"""States of a delivery that is over and has entries which wait for a human."""


class Item(NamedTuple):
    """One entry to be sent: our id (16 bytes), its resource type, our version."""

    id: bytes
    kind: str
    version: str


@dataclass(frozen=True, slots=True)
class Held:
    """What a receiver holds or may hold of one item; the columns of `sent` in the schema."""

    destination: int
    id: bytes
    kind: str
    version: str
    tried: str
    state: str
    reference: str
    etag: str
    link: int
    delivery: int
    problem: str
    changed: Instant = 0
    kept: bool = False


class Result(NamedTuple):
    """What came of one entry. `version`: ours that the receiver now holds ('' none); `settled`: nothing
    of it is in doubt any more."""

    id: bytes
    version: str
    state: Literal["open", "refused", "retracted"] = "open"
    reference: str = ""
    etag: str = ""
    problem: str = ""
    settled: bool = True


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery; the columns of `deliveries` in the schema. `part`: of an order's schedule, '' of none."""

    delivery: int
    patient: int
    destination: int
    what: What
    grant_id: str
    state: str
    attempts: int
    due: Instant | None
    items: int
    taken: int
    since: bytes | None
    entry: int | None
    problem: str
    began: Instant
    changed: Instant
    part: str = ""

    @property
    def lane(self) -> Lane:
        """Whose delivery, and where to."""
        return Lane(self.patient, self.destination)

    @property
    def is_idle(self) -> bool:
        """Whether it was compared with what the receiver has, once, and nothing was to be sent."""
        return self.state == "acked" and self.attempts == 1 and self.entry is None and not self.taken


_DELIVERY: Final = ", ".join(field.name for field in fields(Delivery))
AT_ONCE: Final = 500
"""Ids in one question."""
_HELD: Final = ", ".join(field.name for field in fields(Held))


def opened(db: Database, lane: Lane) -> Delivery | None:
    """The lane's unfinished delivery: queued, sending, unknown, or failed and waiting for a human."""
    where = "patient = ? AND destination = ? AND state IN ('queued', 'sending', 'unknown', 'failed')"
    found = _deliveries(db, where, lane.patient, lane.destination)
    return found[0] if found else None


def begin(
    db: Database,
    lane: Lane,
    what: What,
    grant: str,
    link: int,
    entry: int | None,
    items: Sequence[Item],
    part: str = "",
    reference: str = "",
) -> Delivery:
    """Before the first byte: the lane's open delivery, or a new one, is `sending` these items; what stands nowhere yet
    will under `reference`."""
    now, known = db.clock(), opened(db, lane)
    gives_way = known is not None and known.what != what
    since, readings = cursors.cursor(db, lane, grant, part), sum(each.kind != "Device" for each in items)
    with db.write("bridge") as con:
        if known is None or (gives_way and _has_given_way(con, known, now)):
            number = con.execute(
                "INSERT INTO deliveries (patient, destination, what, grant_id, state, attempts, due, items,"
                " taken, since, entry, problem, began, changed, part)"
                " VALUES (?, ?, ?, ?, 'sending', 1, ?, ?, 0, ?, ?, '', ?, ?, ?)",
                (lane.patient, lane.destination, what, grant, now, readings, since, entry, now, now, part),
            ).lastrowid
            assert number is not None
        else:
            number = known.delivery
            con.execute(
                "UPDATE deliveries SET what = ?, grant_id = ?, state = 'sending', attempts = attempts + 1,"
                " due = ?, items = ?, since = ?, entry = ?, changed = ?, part = ? WHERE delivery = ?",
                (what, grant, now, readings, since, entry, now, part, number),
            )
        sendings.tried(con, lane, link, number, items, reference, now)
        if items:
            carried = (lane.patient, lane.destination, link, grant)
            con.execute("INSERT OR IGNORE INTO carried VALUES (?, ?, ?, ?)", carried)
    return load(db, number)


def _has_given_way(con: sqlite3.Connection, known: Delivery, now: Instant) -> bool:
    """What is open has entries and something else goes first: it is over as far as it came, and what is left of it goes
    with another. What it was stays said: that tells what its entries were refused for, and under which grant they
    left."""
    return bool(
        con.execute(
            "UPDATE deliveries SET state = 'partial', due = NULL, changed = ?,"
            " problem = CASE WHEN problem = '' THEN ? ELSE problem END WHERE delivery = ?"
            " AND EXISTS (SELECT 1 FROM sent WHERE patient = ? AND destination = ? AND delivery = ?)",
            (now, GAVE_WAY, known.delivery, known.patient, known.destination, known.delivery),
        ).rowcount
    )


def settle(
    db: Database,
    delivery: Delivery,
    state: str,
    *,
    due: Instant | None = None,
    problem: str = "",
    results: Sequence[Result] = (),
    taken: int = 0,
    after: bytes | None = None,
) -> None:
    """After the answer, in one transaction: the delivery's state, what each entry came to, receipt and cursor."""
    now, lane, refused = db.clock(), delivery.lane, sum(each.state == "refused" for each in results)
    with db.write("bridge") as con:
        con.execute(
            "UPDATE deliveries SET state = ?, due = ?, problem = ?, taken = taken + ?, changed = ?"
            " WHERE delivery = ?",
            (state, due, problem, taken, now, delivery.delivery),
        )
        sendings.noted(con, lane, results, now, delivery.what == "retraction")
        receipts.keep(con, delivery, state, taken, refused, problem, now)
        if after is not None:
            con.execute(
                "INSERT INTO cursors (patient, destination, grant_id, part, after) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (patient, destination, grant_id, part) DO UPDATE SET after = excluded.after",
                (lane.patient, lane.destination, delivery.grant_id, delivery.part, after),
            )


def note(db: Database, lane: Lane, results: Sequence[Result]) -> None:
    """What was found out about entries without sending anything."""
    with db.write("bridge") as con:
        sendings.noted(con, lane, results, db.clock())


def holding(db: Database, lane: Lane, with_retracted: bool = False) -> tuple[tuple[str, Held], ...]:
    """What the destination holds or may hold and was not retracted (or was), each with the grant that it last
    left by."""
    columns = ", ".join(f"s.{field.name}" for field in fields(Held))
    rows = db.reader("bridge").execute(
        f"SELECT d.grant_id, {columns} FROM sent s JOIN deliveries d ON d.delivery = s.delivery"
        " WHERE s.patient = ? AND s.destination = ? AND (s.state <> 'retracted' OR ?)"
        " AND (s.version <> '' OR s.tried <> '')",
        (lane.patient, lane.destination, with_retracted),
    )
    return tuple((grant, Held(*row)) for grant, *row in rows)


def held(db: Database, lane: Lane, ids: Iterable[bytes]) -> Mapping[bytes, Held]:
    """What the destination holds, or may hold, of these ids."""
    con, wanted, found = db.reader("bridge"), list(ids), dict[bytes, Held]()
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        marks = ",".join("?" * len(some))
        query = f"SELECT {_HELD} FROM sent WHERE patient = ? AND destination = ? AND id IN ({marks})"
        rows = con.execute(query, (lane.patient, lane.destination, *some))
        found |= {each.id: each for each in (Held(*row) for row in rows)}
    return found


def standing(db: Database, lane: Lane, reference: str) -> tuple[Held, ...]:
    """What stands, or may stand, under one reference there."""
    rows = db.reader("bridge").execute(
        f"SELECT {_HELD} FROM sent WHERE patient = ? AND destination = ? AND reference = ?"
        " AND state <> 'retracted' AND (version <> '' OR tried <> '')",
        (lane.patient, lane.destination, reference),
    )
    return tuple(Held(*row) for row in rows)


def owners(db: Database, destination: int, references: Iterable[str]) -> dict[str, set[bytes]]:
    """Whose places these are there, of whichever person: the ids of what stands at each."""
    con, wanted, found = db.reader("bridge"), sorted(references), dict[str, set[bytes]]()
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        rows = con.execute(
            "SELECT reference, id FROM sent WHERE destination = ? AND state <> 'retracted'"
            f" AND reference IN ({','.join('?' * len(some))})",
            (destination, *some),
        )
        for reference, id_ in rows:
            found.setdefault(reference, set()).add(id_)
    return found


def load(db: Database, number: int) -> Delivery:
    """The delivery; KeyError where there is none."""
    for found in _deliveries(db, "delivery = ?", number):
        return found
    raise KeyError(f"there is no delivery {number}")


def listed(db: Database, patient: int | None = None) -> tuple[Delivery, ...]:
    """Deliveries of one patient or of all, oldest first."""
    return _deliveries(db, "TRUE") if patient is None else _deliveries(db, "patient = ?", patient)


def retry(db: Database, number: int) -> None:
    """A human wants it tried again: at once, its attempts forgotten, its refused entries with it. KeyError
    where there is none; ValueError where nothing of it is left to do."""
    known, now = load(db, number), db.clock()
    if known.state == "acked":
        raise ValueError(f"delivery {number} was taken whole: there is nothing to repeat")
    lane = known.lane
    reported.look_again(db, lane)
    documented.look_again(db, lane)
    with db.write("bridge") as con:
        if known.state not in CLOSED:
            con.execute(
                "UPDATE deliveries SET state = 'queued', attempts = 0, due = ?, problem = ''"
                " WHERE delivery = ?",
                (now, number),
            )
        con.execute(
            "UPDATE sent SET state = 'open', problem = '', kept = 0 WHERE patient = ? AND destination = ?"
            " AND delivery = ? AND state = 'refused'",
            (lane.patient, lane.destination, number),
        )
        cursors.back(con, lane, known.grant_id, known.part, known.since)
        orders.forget(con, lane, known.part)


def _deliveries(db: Database, where: str, *values: int | None) -> tuple[Delivery, ...]:
    rows = db.reader("bridge").execute(f"SELECT {_DELIVERY} FROM deliveries WHERE {where} ORDER BY 1", values)
    return tuple(Delivery(*row) for row in rows.fetchall())
