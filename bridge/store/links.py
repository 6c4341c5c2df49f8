"""Whose chart is it: our patient and the receiver's record of the same person, as a human confirmed it.

Law (`safety.md`, whose chart is it): no delivery without a confirmed link; the bridge matches nobody by
name. What the receiver showed when the link was confirmed rests under the patient's key, and what it
shows later is compared with that. One record is one person's: a link that names another person's is none, and that
is looked at where it is made, whoever makes it and however the record is spelled. A broken link stays until a human
confirms anew; a confirmation is a new link, the old one is kept for what was sent under it. Where the receiver showed
nobody then, the id that it shows first is kept once, and is the link's from there on.

Rejected: updating a link in place (what was sent could no longer be told to its chart).
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from unicodedata import category, normalize

from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.keys import place


class Anothers(ValueError):
    """The record is another person's already."""


ANOTHERS: Final = (
    "another person's link names this record already, and one record is one person's: compare both"
)


class LinkState(StrEnum):
    """Only `confirmed` lets anything be delivered."""

    CONFIRMED = "confirmed"
    SUSPENDED = "suspended"  # by a human
    BROKEN = "broken"  # by what the receiver showed
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Shown:
    """The record as the receiver showed it at confirmation; all empty where it shows no patients."""

    id: str = ""
    name: str = ""
    birth_date: date | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Our patient, a client, and the receiver's identifier (system, value) for the same person."""

    number: int
    patient: int
    client: str
    system: str
    value: str
    shown: Shown
    confirmed_by: str
    confirmed: Instant
    state: LinkState
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a link stands, and since when; `load` has the rest of it."""

    number: int
    state: LinkState
    reason: str
    changed: Instant


_COLUMNS: Final = "link, patient, client, state, reason, confirmed, sealed"


def confirm(
    db: Database,
    patient: int,
    client: str,
    system: str,
    value: str,
    confirmed_by: str,
    shown: Shown | None = None,
) -> Link:
    """Link the patient anew; a link to the same client before it is kept as removed. ValueError where
    nobody confirms or the identifier is empty; Anothers where another person's link names the record."""
    system, value = _trimmed(system), _trimmed(value)
    if not confirmed_by.strip() or not value:
        raise ValueError("a link names the receiver's identifier and who confirmed it")
    found, now, box = shown or Shown(), db.clock(), db.keys.box(patient)
    record = _Record(client, *canonical(system, value), found.id)
    kept = _text(system, value, found, confirmed_by)
    with db.write("bridge") as con:
        if _is_anothers(db, con, patient, record):
            raise Anothers(ANOTHERS)
        con.execute(
            "UPDATE links SET state = 'removed', changed = ?"
            " WHERE patient = ? AND client = ? AND state <> 'removed'",
            (now, patient, client),
        )
        number = con.execute(
            "INSERT INTO links (patient, client, state, reason, confirmed, changed, sealed, record, chart)"
            " VALUES (?, ?, 'confirmed', '', ?, ?, x'', ?, ?)",
            (patient, client, now, now, *record.marks(db)),
        ).lastrowid
        assert number is not None
        sealed = box.seal(kept, place("link", patient, number))
        con.execute("UPDATE links SET sealed = ? WHERE link = ?", (sealed, number))
    return load(db, number)


def canonical(system: str, value: str) -> tuple[str, str]:
    """One spelling of a record number, to compare by: without what nobody sees, the system without its case. Most of
    it has none (scheme and host, RFC 3986 6.2.2.1; `urn:oid:` and `urn:uuid:`, RFC 8141 3.1), and where a path has, two
    numbers taken for one are a human's look, one taken for two is a chart of two people. The number itself is told
    apart by everything, leading zeros too."""
    return _trimmed(system).casefold(), _trimmed(value)


def _trimmed(text: str) -> str:
    """Without blanks at its edges, and without signs that show nothing (Unicode Cf), which a copied number brings."""
    return "".join(each for each in normalize("NFC", text) if category(each) != "Cf").strip()


def keep_first(db: Database, number: int, found: Shown) -> None:
    """The receiver shows the record of a link that was confirmed without it: its id is kept, and what nobody wrote down
    of it. A link that has an id keeps it. Anothers where another person's link names the record."""
    with db.write("bridge") as con:
        link = load(db, number)
        if link.shown.id:
            return
        shown = Shown(found.id, link.shown.name or found.name, link.shown.birth_date or found.birth_date)
        record = _Record(link.client, *canonical(link.system, link.value), shown.id)
        if _is_anothers(db, con, link.patient, record):
            raise Anothers(ANOTHERS)
        told = _text(link.system, link.value, shown, link.confirmed_by)
        sealed = db.keys.box(link.patient).seal(told, place("link", link.patient, number))
        con.execute(
            "UPDATE links SET sealed = ?, record = ?, chart = ? WHERE link = ?",
            (sealed, *record.marks(db), number),
        )


def _text(system: str, value: str, shown: Shown, by: str) -> bytes:
    """What is sealed of a link."""
    birth = shown.birth_date.isoformat() if shown.birth_date else ""
    told = {"system": system, "value": value, "id": shown.id}
    return json.dumps(told | {"name": shown.name, "birth": birth, "by": by}).encode()


def load(db: Database, number: int) -> Link:
    """The link, whatever its state; KeyError where there is none."""
    rows = _rows(db, "link = ?", number)
    if not rows:
        raise KeyError(f"there is no link {number}")
    return rows[0]


def of(db: Database, patient: int, client: str) -> Link | None:
    """The link in use between a patient and a client, also a suspended or broken one."""
    rows = _rows(db, "patient = ? AND client = ? AND state <> 'removed'", patient, client)
    return rows[0] if rows else None


def listed(db: Database, patient: int | None = None) -> tuple[Link, ...]:
    """The links in use, of one patient or of all."""
    if patient is None:
        return _rows(db, "state <> 'removed'")
    return _rows(db, "state <> 'removed' AND patient = ?", patient)


def is_anothers(db: Database, patient: int, client: str, system: str, value: str, id: str = "") -> bool:
    """Whether a link in use of another patient names this record: what goes to both would stand in one chart. `id`:
    the receiver's, which its record has whatever identifier it was found by."""
    record = _Record(client, *canonical(system, value), id)
    return _is_anothers(db, db.reader("bridge"), patient, record)


@dataclass(frozen=True, slots=True)
class _Record:
    """A record of a receiver, by one of its identifiers and by the receiver's own id, '' where it shows none."""

    client: str
    system: str
    value: str
    id: str

    def marks(self, db: Database) -> tuple[bytes, bytes]:
        """How it is found without being known."""
        chart = db.keys.blind("link chart", f"{self.client}\0{self.id}") if self.id else b""
        return db.keys.blind("link record", f"{self.client}\0{self.system}\0{self.value}"), chart


def _is_anothers(db: Database, con: sqlite3.Connection, patient: int, wanted: _Record) -> bool:
    record, chart = wanted.marks(db)
    of = "patient <> ? AND state <> 'removed'"
    marked = con.execute(
        f"SELECT 1 FROM links WHERE record = ? AND {of}"
        f" UNION ALL SELECT 1 FROM links WHERE chart = ? AND chart <> x'' AND {of}",
        (record, patient, chart, patient),
    )
    if marked.fetchone():
        return True
    before = con.execute(
        f"SELECT {_COLUMNS} FROM links WHERE record IS NULL AND client = ? AND {of}", (wanted.client, patient)
    )
    others = (_link(db, *row) for row in before.fetchall())
    return any(
        canonical(each.system, each.value) == (wanted.system, wanted.value)
        or (wanted.id and each.shown.id == wanted.id)
        for each in others
    )


def standings(db: Database) -> dict[tuple[int, str], Standing]:
    """How every link in use stands, by patient and client, without whom it names."""
    rows = db.reader("bridge").execute(
        "SELECT patient, client, link, state, reason, changed FROM links WHERE state <> 'removed'"
    )
    return {
        (patient, client): Standing(number, LinkState(state), reason, changed)
        for patient, client, number, state, reason, changed in rows
    }


def suspend(db: Database, number: int, reason: str) -> None:
    """Stop deliveries over a link until a human confirms anew."""
    _move(db, number, LinkState.SUSPENDED, reason)


def break_(db: Database, number: int, reason: str) -> None:
    """The receiver shows another person or none; `reason` says it without naming anyone."""
    _move(db, number, LinkState.BROKEN, reason)


def remove(db: Database, number: int) -> None:
    """End a link."""
    _move(db, number, LinkState.REMOVED, "")


def _move(db: Database, number: int, state: LinkState, reason: str) -> None:
    with db.write("bridge") as con:
        moved = con.execute(
            "UPDATE links SET state = ?, reason = ?, changed = ? WHERE link = ? AND state <> 'removed'",
            (state.value, reason, db.clock(), number),
        ).rowcount
    if not moved:
        raise KeyError(f"there is no link {number} in use")


def _rows(db: Database, where: str, *values: int | str) -> tuple[Link, ...]:
    found = db.reader("bridge").execute(f"SELECT {_COLUMNS} FROM links WHERE {where} ORDER BY link", values)
    return tuple(_link(db, *row) for row in found.fetchall())


def _link(
    db: Database,
    number: int,
    patient: int,
    client: str,
    state: str,
    reason: str,
    confirmed: Instant,
    sealed: bytes,
) -> Link:
    kept = json.loads(db.keys.box(patient).open(sealed, place("link", patient, number)))
    birth = date.fromisoformat(kept["birth"]) if kept["birth"] else None
    return Link(
        number=number,
        patient=patient,
        client=client,
        system=kept["system"],
        value=kept["value"],
        shown=Shown(kept["id"], kept["name"], birth),
        confirmed_by=kept["by"],
        confirmed=confirmed,
        state=LinkState(state),
        reason=reason,
    )
