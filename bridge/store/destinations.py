"""Where pushes go: a client's endpoint, how it is spoken to, and the register of outbound calls.

Law: a destination is registered by a human: another address or way is another destination, with its own
account of what it holds; of one described by a file the rest may be registered anew (`revise`), as the file
says it then. Its secret rests sealed under a key derived for this one use (RFC 5869) and is opened for one
call. `monitored` states who looks at what arrives, and when (`safety.md`, intended purpose): without it no
standing feed.

Rejected: the secret under a patient's key (it is nobody's), or in a file beside the database.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.keys import Box, place
from bridge.store.verifications import mark_changed

Sink: TypeAlias = Literal["auto", "submit-cgm-bundle", "transaction", "batch", "single", "hl7v2", "portal"]


@dataclass(frozen=True, slots=True)
class Destination:
    """One registered destination. `daily`: most items a person in 24 hours, None no limit; `name`, `spec`: of its
    file, and what that said when it was registered ('' none)."""

    number: int
    client: str
    kind: Sink
    url: str
    internal: bool
    monitored: str
    daily: int | None
    has_secret: bool
    name: str = ""
    spec: str = field(default="", repr=False)


_COLUMNS: Final = "destination, client, kind, url, internal, monitored, daily, secret IS NOT NULL, name, spec"


def add(
    db: Database,
    client: str,
    kind: Sink,
    url: str,
    *,
    internal: bool = False,
    monitored: str = "",
    daily: int | None = None,
    secret: str | None = None,
    name: str = "",
    spec: str = "",
) -> Destination:
    """Register a destination of `client`; the one of that kind before it is retired. Another address than one
    before it holds deliveries until the recipient is verified again."""
    now, base = db.clock(), url.rstrip("/")
    with db.write("bridge") as con:
        elsewhere = con.execute("SELECT 1 FROM destinations WHERE client = ? AND url <> ?", (client, base))
        if elsewhere.fetchone():
            mark_changed(con, client, now)
        con.execute(
            "UPDATE destinations SET removed = ?, secret = NULL"
            " WHERE client = ? AND kind = ? AND removed IS NULL",
            (now, client, kind),
        )
        number = con.execute(
            "INSERT INTO destinations (client, kind, url, internal, monitored, daily, added, name, spec)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (client, kind, base, internal, monitored, daily, now, name, spec),
        ).lastrowid
        assert number is not None
        _keep(db, con, number, secret)
    return load(db, number)


def revise(
    db: Database,
    number: int,
    name: str,
    monitored: str,
    daily: int | None,
    spec: str,
    *,
    secret: str | None = None,
    is_said_otherwise: bool = False,
) -> Destination:
    """What the file of a destination in use says now, beside address and way. What the receiver can do is asked
    anew; where readings are said otherwise, each is looked at again and corrected there where it differs."""
    with db.write("bridge") as con:
        con.execute(
            "UPDATE destinations SET name = ?, monitored = ?, daily = ?, spec = ? WHERE destination = ?",
            (name, monitored, daily, spec, number),
        )
        con.execute("DELETE FROM receivers WHERE destination = ?", (number,))
        if is_said_otherwise:
            con.execute("DELETE FROM cursors WHERE destination = ?", (number,))
        _keep(db, con, number, secret)
    return load(db, number)


def _keep(db: Database, con: sqlite3.Connection, number: int, secret: str | None) -> None:
    if secret is not None:
        sealed = _box(db).seal(secret.encode(), place("destination", number))
        con.execute("UPDATE destinations SET secret = ? WHERE destination = ?", (sealed, number))


def load(db: Database, number: int) -> Destination:
    """The destination, retired or not; KeyError where there is none."""
    row = (
        db.reader("bridge")
        .execute(f"SELECT {_COLUMNS} FROM destinations WHERE destination = ?", (number,))
        .fetchone()
    )
    if row is None:
        raise KeyError(f"there is no destination {number}")
    return _destination(row)


def listed(db: Database, client: str | None = None) -> tuple[Destination, ...]:
    """The destinations in use, of one client or of all."""
    rows = db.reader("bridge").execute(
        f"SELECT {_COLUMNS} FROM destinations"
        " WHERE removed IS NULL AND (?1 IS NULL OR client = ?1) ORDER BY destination",
        (client,),
    )
    return tuple(_destination(row) for row in rows)


def remove(db: Database, number: int) -> None:
    """Retire a destination and forget its secret; what it holds stays known. KeyError where unknown."""
    with db.write("bridge") as con:
        changed = con.execute(
            "UPDATE destinations SET removed = ?, secret = NULL WHERE destination = ? AND removed IS NULL",
            (db.clock(), number),
        ).rowcount
    if not changed:
        raise KeyError(f"there is no destination {number} in use")


def secret(db: Database, number: int) -> str | None:
    """The bearer secret, for one call; None where there is none."""
    row = (
        db.reader("bridge")
        .execute("SELECT secret FROM destinations WHERE destination = ?", (number,))
        .fetchone()
    )
    if row is None or row[0] is None:
        return None
    return _box(db).open(row[0], place("destination", number)).decode()


def note(
    db: Database,
    patient: int | None,
    purpose: str,
    host: str,
    outcome: str,
    sent: int,
    received: int,
    at: Instant,
) -> None:
    """One row of the register of calls."""
    with db.write("bridge") as con:
        con.execute(
            "INSERT INTO calls (patient, purpose, host, outcome, sent, received, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (patient, purpose, host, outcome, sent, received, at),
        )


def _destination(
    row: sqlite3.Row | tuple[int, str, Sink, str, int, str, int | None, int, str, str],
) -> Destination:
    number, client, kind, url, internal, monitored, daily, has_secret, name, spec = row
    flags = bool(internal), monitored, daily, bool(has_secret)
    return Destination(number, client, kind, url, *flags, name, spec)


def _box(db: Database) -> Box:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"destination secrets").derive(db.keys.page_key)
    return Box(key, 1)
