"""Orders at rest: the value of each, who ordered it, and how far it was delivered.

Law (`smart-consent.md` 7.2): an order is a wish and opens nothing, so nothing here is asked by the gate. The value is
sealed under the patient's key; the resource that it came in is not kept. One that its record system does not show any
more is no order, and stays known. A client finds its own alone, by the name of the person that it sent them by: what
was ordered would join a pseudonym to the named person. A look is of one link: what was found in another record of
the receiver is nobody's order.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec

from bridge.order import Order
from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.keys import place
from bridge.store.lanes import Lane

_ENCODER: Final = msgspec.json.Encoder()
_COLUMNS: Final = "number, patient, client, destination, standing, first, changed, wakes, sealed, pairing"


class Written(msgspec.Struct, frozen=True):
    """What is sealed: the order, or a sentence for each thing that is wrong with it; `reference`: its name there."""

    order: Order | None
    reference: str = ""
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """One order. `destination` None: the client sent it here; `is_standing`: it is still shown there; `wakes`: when
    something of it is due next, as last reckoned; `pairing`: under which the client told of the person, b'' by name."""

    number: int
    patient: int
    client: str
    destination: int | None
    is_standing: bool
    first: Instant
    changed: Instant
    wakes: Instant | None
    written: Written
    pairing: bytes = b""


@dataclass(frozen=True, slots=True)
class Look:
    """When orders of a lane were last looked for, over which link, and why none were found ('' they were)."""

    link: int
    at: Instant
    problem: str


class Meanwhile(Exception):
    """Another order came, or one was changed, after those that were looked at."""


State: TypeAlias = "tuple[int, Instant]"
"""The number of the last order that a client has of a person, and when one was last changed; (0, 0): it has none."""


def state(db: Database, patient: int, client: str) -> State:
    """How the orders of a client of a person stand; each one that comes or is changed gives another."""
    return _state(db.reader("bridge"), patient, client)


def receive(
    db: Database,
    patient: int,
    client: str,
    order: Order,
    now: Instant,
    pairing: bytes = b"",
    after: State | None = None,
) -> Kept:
    """Keep an order that a client sent. `pairing`: under which it told of the person, b'' by name; `after`: how those
    stood among which it was found to be no other's repetition. Meanwhile where they stand otherwise by now."""
    name, written = secrets.token_bytes(16), Written(order)
    with db.write("bridge") as con:
        if after is not None and _state(con, patient, client) != after:
            raise Meanwhile
        number = con.execute(
            "INSERT INTO orders"
            " (patient, client, destination, name, standing, first, changed, wakes, sealed, pairing)"
            " VALUES (?, ?, NULL, ?, 1, ?, ?, ?, x'', ?)",
            (patient, client, name, now, now, _wakes(written), pairing),
        ).lastrowid
        assert number is not None
        _seal(db, con, patient, number, written)
    return load(db, number)


def change(db: Database, kept: Kept, order: Order, now: Instant, after: State | None = None) -> Kept:
    """What its client says of an order now. `after`, Meanwhile: as in `receive`."""
    with db.write("bridge") as con:
        if after is not None and _state(con, kept.patient, kept.client) != after:
            raise Meanwhile
        _renew(db, con, kept, Written(order), now)
    return load(db, kept.number)


def found(db: Database, lane: Lane, client: str, look: Look, seen: Sequence[Written]) -> None:
    """Everything that a record system shows now for a lane: new ones, changed ones; the others stand no more."""
    names = {db.keys.blind(f"order {lane.destination}", each.reference): each for each in seen}
    with db.write("bridge") as con:
        before = {bytes(name): kept for name, kept in _named(db, con, lane)}
        for name, written in names.items():
            if name in before:
                _renew(db, con, before[name], written, look.at)
                continue
            number = con.execute(
                "INSERT INTO orders"
                " (patient, client, destination, name, standing, first, changed, wakes, sealed)"
                " VALUES (?, ?, ?, ?, 1, ?, ?, ?, x'')",
                (lane.patient, client, lane.destination, name, look.at, look.at, _wakes(written)),
            ).lastrowid
            assert number is not None
            _seal(db, con, lane.patient, number, written)
        for name, kept in before.items():
            if name not in names and kept.is_standing:
                con.execute(
                    "UPDATE orders SET standing = 0, wakes = NULL, changed = ? WHERE number = ?",
                    (look.at, kept.number),
                )
        _looked(con, lane, look)


def looked(db: Database, lane: Lane, look: Look) -> None:
    """They were looked for in vain: what was found before stays as it is."""
    with db.write("bridge") as con:
        _looked(con, lane, look)


def look(db: Database, lane: Lane) -> Look | None:
    """The last look; None: there was none."""
    row = (
        db.reader("bridge")
        .execute(
            "SELECT link, at, problem FROM order_looks WHERE patient = ? AND destination = ?",
            (lane.patient, lane.destination),
        )
        .fetchone()
    )
    return None if row is None else Look(*row)


def load(db: Database, number: int) -> Kept:
    """The order; KeyError where there is none."""
    for kept in _rows(db, "number = ?", number):
        return kept
    raise KeyError(f"there is no order {number}")


def of(db: Database, patient: int, client: str) -> tuple[Kept, ...]:
    """What a client ordered of a person, sent here or found at its destinations."""
    return _rows(db, "patient = ? AND client = ?", patient, client)


def listed(db: Database, patient: int | None = None) -> tuple[Kept, ...]:
    """Every order, of one person or of all."""
    return _rows(db, "TRUE") if patient is None else _rows(db, "patient = ?", patient)


def stamps(db: Database) -> Mapping[tuple[int, str], tuple[Instant, Instant | None]]:
    """By person and client: when an order last changed, and when something is due next."""
    rows = db.reader("bridge").execute(
        "SELECT patient, client, max(changed), min(wakes) FROM orders GROUP BY patient, client"
    )
    return {(patient, client): (changed, wakes) for patient, client, changed, wakes in rows}


def lasts(db: Database, lane: Lane) -> Mapping[tuple[int, str], Instant]:
    """When each schedule was last delivered there, by order and schedule."""
    rows = db.reader("bridge").execute(
        "SELECT number, part, last FROM order_parts WHERE patient = ? AND destination = ?",
        (lane.patient, lane.destination),
    )
    return {(number, part): last for number, part, last in rows}


def delivered(db: Database, lane: Lane, number: int, part: str, at: Instant) -> None:
    """A schedule was delivered to its end."""
    with db.write("bridge") as con:
        con.execute(
            "INSERT OR REPLACE INTO order_parts (patient, destination, number, part, last)"
            " VALUES (?, ?, ?, ?, ?)",
            (lane.patient, lane.destination, number, part, at),
        )


def forget(con: sqlite3.Connection, lane: Lane, part: str) -> None:
    """A schedule (order and key, with a dot) is due again, in the transaction that lets its delivery be retried."""
    con.execute(
        "DELETE FROM order_parts WHERE patient = ? AND destination = ? AND number || '.' || part = ?",
        (lane.patient, lane.destination, part),
    )


def wake(db: Database, wakes: Mapping[int, Instant | None]) -> None:
    """When something of these orders is due next."""
    with db.write("bridge") as con:
        con.executemany(
            "UPDATE orders SET wakes = ?1 WHERE number = ?2 AND wakes IS NOT ?1",
            [(instant, number) for number, instant in wakes.items()],
        )


def _state(con: sqlite3.Connection, patient: int, client: str) -> State:
    sql = "SELECT coalesce(max(number), 0), coalesce(max(changed), 0) FROM orders WHERE patient = ? AND client = ?"
    number, changed = con.execute(sql, (patient, client)).fetchone()
    return number, changed


def _renew(db: Database, con: sqlite3.Connection, kept: Kept, written: Written, now: Instant) -> None:
    if kept.written == written and kept.is_standing:
        return
    _, last = _state(con, kept.patient, kept.client)
    con.execute(
        "UPDATE orders SET standing = 1, changed = ?, wakes = ? WHERE number = ?",
        (max(now, last + 1), _wakes(written), kept.number),
    )
    _seal(db, con, kept.patient, kept.number, written)


def _wakes(written: Written) -> Instant | None:
    """Whoever delivers reckons; until then an open order is due."""
    return 0 if written.order is not None and written.order.is_open else None


def _seal(db: Database, con: sqlite3.Connection, patient: int, number: int, written: Written) -> None:
    sealed = db.keys.box(patient).seal(_ENCODER.encode(written), place("order", patient, number))
    con.execute("UPDATE orders SET sealed = ? WHERE number = ?", (sealed, number))


def _looked(con: sqlite3.Connection, lane: Lane, look: Look) -> None:
    con.execute(
        "INSERT OR REPLACE INTO order_looks (patient, destination, link, at, problem) VALUES (?, ?, ?, ?, ?)",
        (lane.patient, lane.destination, look.link, look.at, look.problem),
    )


def _named(db: Database, con: sqlite3.Connection, lane: Lane) -> Iterable[tuple[bytes, Kept]]:
    rows = con.execute(
        f"SELECT name, {_COLUMNS} FROM orders WHERE patient = ? AND destination = ?",
        (lane.patient, lane.destination),
    ).fetchall()
    return [(name, _kept(db, *row)) for name, *row in rows]


def _rows(db: Database, where: str, *values: int | str | None) -> tuple[Kept, ...]:
    rows = db.reader("bridge").execute(f"SELECT {_COLUMNS} FROM orders WHERE {where} ORDER BY number", values)
    return tuple(_kept(db, *row) for row in rows.fetchall())


def _kept(
    db: Database,
    number: int,
    patient: int,
    client: str,
    destination: int | None,
    standing: int,
    first: Instant,
    changed: Instant,
    wakes: Instant | None,
    sealed: bytes,
    pairing: bytes,
) -> Kept:
    plain = db.keys.box(patient).open(sealed, place("order", patient, number))
    written = msgspec.json.decode(plain, type=Written)
    return Kept(number, patient, client, destination, bool(standing), first, changed, wakes, written, pairing)
