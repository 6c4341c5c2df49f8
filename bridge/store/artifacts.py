"""Artifacts: what was uploaded, what became of it, and the devices it claims for its patient.

Law: names, hashes, accounts and reasons are sealed; in clear are number, state, time and a blind index.
A quarantined artifact is in no series and disclosed to nobody; a removed one leaves a tombstone without
bytes (safety.md, whose data is it). The same bytes twice are one artifact.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from bridge.period import Instant, Period
from bridge.reading import Device
from bridge.store import originals
from bridge.store.db import Database
from bridge.store.keys import Box, Erased, place

State: TypeAlias = Literal["stored", "quarantined", "removed"]


@dataclass(frozen=True, slots=True)
class NewArtifact:
    """An upload about to be kept. `sha256` is hex of `original`; `account` is JSON text."""

    source: str
    sha256: str
    format: str
    revision: str
    file: str
    size: int
    account: bytes
    original: bytes


@dataclass(frozen=True, slots=True)
class Artifact:
    """An upload as it is kept. `first` and `last`: instants of its readings, None where it has none.
    `reason`: why it is quarantined; `confirmed`: why a human let it in."""

    number: int
    patient: int
    state: State
    source: str
    sha256: str
    format: str
    revision: str
    received: Instant
    file: str
    size: int
    first: Instant | None
    last: Instant | None
    account: bytes
    reason: str = ""
    confirmed: str = ""


def listed(db: Database, patient: int) -> tuple[Artifact, ...]:
    """Every artifact of the patient, in order of receipt."""
    box = db.keys.box(patient)
    rows = db.reader("bridge").execute(f"{_SELECT} WHERE patient = ? ORDER BY artifact", (patient,))
    return tuple(_read(box, row) for row in rows.fetchall())


def load(db: Database, patient: int, number: int) -> Artifact:
    """One artifact; KeyError where the patient has none of that number."""
    row = (
        db.reader("bridge")
        .execute(f"{_SELECT} WHERE patient = ? AND artifact = ?", (patient, number))
        .fetchone()
    )
    if row is None:
        raise KeyError(f"patient {patient} has no artifact {number}")
    return _read(db.keys.box(patient), row)


def by_hash(db: Database, patient: int, sha256: str) -> Artifact | None:
    """The artifact with that content (hex), unless it was removed."""
    row = (
        db.reader("bridge")
        .execute(
            f"{_SELECT} WHERE patient = ? AND blind = ? AND state <> 'removed'",
            (patient, originals.name(db, patient, sha256)),
        )
        .fetchone()
    )
    return None if row is None else _read(db.keys.box(patient), row)


def original(db: Database, patient: int, number: int) -> bytes:
    """The kept bytes; KeyError where they are gone."""
    kept = load(db, patient, number)
    box = db.keys.box(patient)
    return originals.open_(db, box, patient, originals.name(db, patient, kept.sha256))


def quarantine(db: Database, patient: int, new: NewArtifact, reason: str) -> int:
    """Keep an upload outside every series; its number, or that of the same bytes kept before."""
    box = db.keys.box(patient)
    with originals.keeping(db):
        originals.keep(db, box, patient, originals.name(db, patient, new.sha256), new.original)
        with db.write("bridge") as con:
            known = by_hash(db, patient, new.sha256)
            if known is not None:
                return known.number
            kept = received(db, con, patient, new, "quarantined")
            put(db, con, box, replace(kept, reason=reason))
            touch(con, patient)
            return kept.number


def confirm(db: Database, patient: int, number: int, reason: str) -> None:
    """Record that a human lets a quarantined artifact in; `blocks.reabsorb` then brings its readings."""
    with db.write("bridge") as con:
        kept = load(db, patient, number)
        if kept.state != "quarantined":
            raise ValueError(f"artifact {number} is {kept.state}, not quarantined")
        put(db, con, db.keys.box(patient), replace(kept, confirmed=reason))
        touch(con, patient)


def device_blind(db: Database, device: Device) -> bytes | None:
    """How a device is found across patients; None where it has neither serial nor install id."""
    serial = device.serial or device.install
    return db.keys.blind("device", serial.casefold()) if serial else None


def overlapping(db: Database, patient: int, blinds: Sequence[tuple[bytes, Period]]) -> bool:
    """Whether another patient's artifacts claim one of these devices at an overlapping time, until now: what a wrong
    clock or somebody's word dates later was worn by nobody yet. A provider's own record claims none: the copy of the
    person whom it is about does."""
    con, until = db.reader("bridge"), db.clock() + 1
    sql = (
        "SELECT 1 FROM serials WHERE blind = ? AND patient <> ? AND first < ? AND last >= ?"
        " AND patient NOT IN (SELECT record FROM custody) LIMIT 1"
    )
    return any(
        con.execute(sql, (blind, patient, min(period.end, until), period.start)).fetchone() is not None
        for blind, period in blinds
        if period.start < until
    )


def received(db: Database, con: sqlite3.Connection, patient: int, new: NewArtifact, state: State) -> Artifact:
    """The next artifact of the patient, not yet put: numbers are never given twice."""
    (number,) = con.execute(
        "SELECT coalesce(max(artifact), 0) + 1 FROM artifacts WHERE patient = ?", (patient,)
    ).fetchone()
    return Artifact(
        number,
        patient,
        state,
        new.source,
        new.sha256,
        new.format,
        new.revision,
        db.clock(),
        new.file,
        new.size,
        None,
        None,
        new.account,
    )


def revision(con: sqlite3.Connection, patient: int) -> int:
    """What every change of the patient's artifacts and readings raises; Erased where there is no patient."""
    row = con.execute("SELECT revision FROM patients WHERE patient = ?", (patient,)).fetchone()
    if row is None:
        raise Erased(f"there is no patient {patient}")
    return int(row[0])


def touch(con: sqlite3.Connection, patient: int) -> None:
    """Raise the revision: whoever planned on the earlier state plans again."""
    con.execute("UPDATE patients SET revision = revision + 1 WHERE patient = ?", (patient,))


def claim(
    con: sqlite3.Connection, patient: int, number: int, serials: Sequence[tuple[bytes, int, int]]
) -> None:
    """Replace the devices that an artifact claims for its patient: (blind, first, last instant)."""
    con.execute("DELETE FROM serials WHERE patient = ? AND artifact = ?", (patient, number))
    con.executemany(
        "INSERT INTO serials (blind, patient, artifact, first, last) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)",
        [(blind, patient, number, first, last) for blind, first, last in serials],
    )


def put(db: Database, con: sqlite3.Connection, box: Box, kept: Artifact) -> None:
    """Store a new or changed artifact."""
    plain = json.dumps({name: getattr(kept, name) for name in _SEALED}).encode()
    con.execute(
        "INSERT INTO artifacts (patient, artifact, state, blind, received, sealed, account)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (patient, artifact)"
        " DO UPDATE SET state = excluded.state, sealed = excluded.sealed, account = excluded.account",
        (
            kept.patient,
            kept.number,
            kept.state,
            originals.name(db, kept.patient, kept.sha256),
            kept.received,
            box.seal(plain, place("artifact", kept.patient, kept.number, kept.state)),
            box.seal(kept.account, place("account", kept.patient, kept.number)),
        ),
    )


def without_account(db: Database, patient: int, box: Box, number: int) -> Artifact | None:
    """One artifact, its account left sealed; None where there is none."""
    sql = "SELECT patient, artifact, state, received, sealed, NULL FROM artifacts"
    row = db.reader("bridge").execute(f"{sql} WHERE patient = ? AND artifact = ?", (patient, number))
    found = row.fetchone()
    return None if found is None else _read(box, found)


_SEALED = ("source", "sha256", "format", "revision", "file", "size", "first", "last", "reason", "confirmed")
_SELECT = "SELECT patient, artifact, state, received, sealed, account FROM artifacts"


def _read(box: Box, row: tuple[int, int, State, int, bytes, bytes | None]) -> Artifact:
    patient, number, state, received, sealed, account = row
    kept = json.loads(box.open(sealed, place("artifact", patient, number, state)))
    told = b"" if account is None else box.open(account, place("account", patient, number))
    return Artifact(number=number, patient=patient, state=state, received=received, account=told, **kept)
