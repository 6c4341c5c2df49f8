"""Subscriptions at rest: what a client asked for, how far it was served, and where it may have itself notified.

Law: terms rest sealed under a key of the installation, for they hold words about a person; the headers under one of
their own, opened for one call and shown to nobody. A subscription is found by its own client alone. Every change
raises `turn`: whoever read an older one writes nothing, so two processes never serve one subscription twice.

Rejected: the patient's number in the row (whom a client means is decided by the gate at each look, not once).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.keys import Box, place
from bridge.store.sealing import derived, opened, sealed
from bridge.store.verifications import mark_changed

Status: TypeAlias = Literal["requested", "active", "error", "off"]
STATUSES: Final[tuple[Status, ...]] = ("requested", "active", "error", "off")
_KIND: Final = "subscription"
_HEADERS: Final = "headers of subscriptions"
_COLUMNS: Final = (
    "id, client, status, asked, ends, changed, start, since, mark, epoch, events, beat, failures, due, problem,"
    " turn"
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a client asked for. `whom`: the Patient id as it knows it; `filters`: as it wrote them; `scopes`: of its
    token; `heartbeat`, `timeout` in seconds ('' none); `most`: events in one notification."""

    whom: str
    filters: tuple[str, ...]
    endpoint: str
    reason: str
    content: str
    payload: str
    heartbeat: str
    timeout: str
    most: str
    scopes: str

    def texts(self) -> list[str]:
        """As they are sealed."""
        told = [str(getattr(self, name)) for name in Terms.__slots__ if name != "filters"]
        return [*told, *self.filters]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription. The columns are said in its migration."""

    id: str
    client: str
    status: Status
    terms: Terms
    ends: Instant
    changed: Instant
    start: Instant
    since: Instant
    mark: bytes = b""
    epoch: int = 0
    events: int = 0
    beat: Instant | None = None
    failures: int = 0
    due: Instant = 0
    problem: str = ""
    turn: int = 0


def add(db: Database, one: Subscription, headers: Sequence[str], most: int) -> bool:
    """Keep a new subscription; False where its client has as many as it may."""
    asked, kept = sealed(db, _KIND, one.id, one.terms.texts()), _sealed(db, one.id, headers)
    with db.write("bridge") as con:
        (living,) = con.execute(
            "SELECT count(*) FROM subscriptions WHERE client = ?", (one.client,)
        ).fetchone()
        if living >= most:
            return False
        con.execute(
            f"INSERT INTO subscriptions ({_COLUMNS}, headers) VALUES ({', '.join('?' * 17)})",
            (*_row(one, asked), kept),
        )
    return True


def found(db: Database, id: str, client: str | None = None) -> Subscription | None:
    """The subscription of that id, where it is this client's (None: whoever's)."""
    query = f"SELECT {_COLUMNS} FROM subscriptions WHERE id = ?1 AND (?2 IS NULL OR client = ?2)"
    row = db.reader("bridge").execute(query, (id, client)).fetchone()
    return None if row is None else _read(db, row)


def listed(db: Database, client: str | None = None) -> tuple[Subscription, ...]:
    """All of one client, or of all, by id."""
    where, values = ("TRUE", ()) if client is None else ("client = ?", (client,))
    query = f"SELECT {_COLUMNS} FROM subscriptions WHERE {where} ORDER BY id"
    return tuple(_read(db, row) for row in db.reader("bridge").execute(query, values).fetchall())


def living(db: Database) -> tuple[str, ...]:
    """The ids of those that are not off."""
    rows = db.reader("bridge").execute("SELECT id FROM subscriptions WHERE status <> 'off' ORDER BY id")
    return tuple(name for (name,) in rows.fetchall())


def put(
    db: Database, before: Subscription, after: Subscription, headers: Sequence[str] | None = None
) -> Subscription | None:
    """Keep a change; None where somebody else was quicker. `headers` None: as they were."""
    with db.write("bridge") as con:
        kept = changed(db, con, before, after)
        if kept is not None and headers is not None:
            con.execute(
                "UPDATE subscriptions SET headers = ? WHERE id = ?",
                (_sealed(db, before.id, headers), before.id),
            )
    return kept


def changed(
    db: Database, con: sqlite3.Connection, before: Subscription, after: Subscription
) -> Subscription | None:
    """The same inside a transaction."""
    kept = replace(after, turn=before.turn + 1)
    names = _COLUMNS.split(", ")
    told = ", ".join(f"{name} = ?" for name in names)
    row = _row(kept, sealed(db, _KIND, kept.id, kept.terms.texts()))
    done = con.execute(
        f"UPDATE subscriptions SET {told} WHERE id = ? AND turn = ?", (*row, before.id, before.turn)
    )
    return kept if done.rowcount else None


def drop(db: Database, id: str, client: str) -> None:
    """Forget a subscription of this client, with its events."""
    with db.write("bridge") as con:
        if con.execute("DELETE FROM subscriptions WHERE id = ? AND client = ?", (id, client)).rowcount:
            con.execute("DELETE FROM subscription_events WHERE subscription = ?", (id,))


def headers(db: Database, one: Subscription) -> tuple[str, ...] | None:
    """The channel's headers, for one call; None where the subscription was changed since it was read: they may be
    meant for another endpoint than its own."""
    query = "SELECT headers FROM subscriptions WHERE id = ? AND turn = ?"
    row = db.reader("bridge").execute(query, (one.id, one.turn)).fetchone()
    if row is None:
        return None
    plain = _box(db).open(row[0], place("subscription headers", one.id))
    return tuple(plain.decode("latin-1").split("\n")) if plain else ()


# ------------------------------------------------------------------------------------------------ origins


def allow(db: Database, client: str, origin: str, internal: bool = False) -> None:
    """Let a client have itself notified at an origin; it is held until it is verified again, as for any other change
    of where it is reached."""
    with db.write("bridge") as con:
        con.execute(
            "INSERT OR REPLACE INTO notification_origins (client, origin, internal) VALUES (?, ?, ?)",
            (client, origin, int(internal)),
        )
        mark_changed(con, client, db.clock())


def forbid(db: Database, client: str, origin: str) -> bool:
    """Take that back; False where it was not so."""
    with db.write("bridge") as con:
        done = con.execute(
            "DELETE FROM notification_origins WHERE client = ? AND origin = ?", (client, origin)
        )
    return done.rowcount == 1


def origins(db: Database, client: str | None = None) -> tuple[tuple[str, bool], ...]:
    """Where clients may be notified, one or all of them, and whether that lies in a private network on purpose."""
    rows = db.reader("bridge").execute(
        "SELECT origin, max(internal) FROM notification_origins WHERE ?1 IS NULL OR client = ?1"
        " GROUP BY origin ORDER BY origin",
        (client,),
    )
    return tuple((origin, bool(internal)) for origin, internal in rows.fetchall())


# -------------------------------------------------------------------------------------------------- parts


def _row(one: Subscription, asked: bytes) -> tuple[str | int | bytes | None, ...]:
    values = (getattr(one, name) for name in _COLUMNS.split(", ")[4:])
    return (one.id, one.client, one.status, asked, *values)


def _read(db: Database, row: tuple[Any, ...]) -> Subscription:
    name, client, status, asked, *rest = row
    texts = opened(db, _KIND, name, asked)
    told = len(Terms.__slots__) - 1
    named = dict(zip((name for name in Terms.__slots__ if name != "filters"), texts, strict=False))
    terms = Terms(filters=tuple(texts[told:]), **named)
    return Subscription(name, client, status, terms, *rest)


def _sealed(db: Database, id: str, headers: Sequence[str]) -> bytes:
    return _box(db).seal("\n".join(headers).encode("latin-1"), place("subscription headers", id))


def _box(db: Database) -> Box:
    return Box(derived(db, _HEADERS), 1)
