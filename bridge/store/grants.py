"""Grants at rest: every signed version and every step, append-only, in the ledger's file.

Law: a step raises the patient's epoch and writes its ledger row in one transaction, so nothing decided
before it can leave after it (`data.md`, consent epoch). What was signed is kept in clear but for names
of persons, because it explains the ledger; those are sealed under the patient's key. What the bytes mean
is `bridge.consent.grants`' business. Rejected: an updatable row per grant.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import bridge.store.answers as answers
import bridge.store.chain as chain
from bridge.period import Instant
from bridge.store.answers import Claim
from bridge.store.db import Database
from bridge.store.entries import Authorisation, Change, encode
from bridge.store.ledger import current_epoch, writing


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One signed version."""

    id: str
    version: int
    patient: int
    recipient: str
    pairing: bytes
    body: bytes
    sealed: bytes

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what was signed."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class EventRow:
    """One step of one version."""

    id: str
    version: int
    step: str
    at: Instant
    until: Instant | None
    sealed: bytes


class Overtaken(Exception):
    """Another change of the patient's grants came first: look again."""


def spell(what: Mapping[str, object] | Sequence[str]) -> bytes:
    """The bytes in which a grant or its free fields rest: JSON with sorted keys (RFC 8259)."""
    return json.dumps(what, sort_keys=True, separators=(",", ":")).encode()


def epoch(db: Database, patient: int) -> int:
    """The patient's consent epoch, 0 before the first grant."""
    return current_epoch(db.reader("ledger"), patient)


def append(
    db: Database,
    patient: int,
    expected: int,
    versions: Sequence[GrantRow],
    events: Sequence[EventRow],
    answer: tuple[Claim, Authorisation] | None = None,
) -> int:
    """Keep new versions and steps; the new epoch. `answer`: the question that they answer and the row that tells it,
    kept with them or not at all (AnsweredBefore). Overtaken where the epoch is not `expected`; LedgerUnavailable."""
    written = partial(
        _appended,
        key=db.keys.ledger_key,
        patient=patient,
        expected=expected,
        versions=versions,
        events=events,
    )
    if answer is not None:
        answers.keep(db, *answer, also=written)
        return expected + 1
    with writing(db) as con:
        written(con)
    return expected + 1


def _appended(
    con: sqlite3.Connection,
    key: bytes,
    patient: int,
    expected: int,
    versions: Sequence[GrantRow],
    events: Sequence[EventRow],
) -> None:
    if current_epoch(con, patient) != expected:
        raise Overtaken("the patient's grants changed meanwhile: look at them again and repeat")
    con.execute(
        "INSERT INTO epochs (patient, epoch) VALUES (?, 1)"
        " ON CONFLICT (patient) DO UPDATE SET epoch = epoch + 1",
        (patient,),
    )
    con.executemany(
        "INSERT INTO grants (id, version, patient, recipient, pairing, body, sealed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(g.id, g.version, patient, g.recipient, g.pairing, g.body, g.sealed) for g in versions],
    )
    for event in events:
        con.execute(
            "INSERT INTO grant_events (id, version, patient, step, at, until, sealed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (event.id, event.version, patient, event.step, event.at, event.until, event.sealed),
        )
        (body,) = con.execute(
            "SELECT body FROM grants WHERE id = ? AND version = ?", (event.id, event.version)
        ).fetchone()
        digest = hashlib.sha256(body).hexdigest()
        change = Change(patient, event.at, event.id, event.version, event.step, expected + 1, digest)
        chain.append(con, key, change.chain, encode(change))


_VERSIONS: Final = "SELECT id, version, patient, recipient, pairing, body, sealed FROM grants"
_STEPS: Final = "SELECT id, version, step, at, until, sealed FROM grant_events"

Kept: TypeAlias = "tuple[GrantRow, tuple[EventRow, ...]]"
"""A version with its steps."""


def listed(db: Database, patient: int) -> tuple[Kept, ...]:
    """Every version with its steps, oldest first."""
    with db.snapshot("ledger") as con:
        versions = con.execute(f"{_VERSIONS} WHERE patient = ?", (patient,)).fetchall()
        steps = con.execute(f"{_STEPS} WHERE patient = ? ORDER BY event", (patient,)).fetchall()
    return _together(versions, steps)


def everybodys(db: Database) -> dict[int, tuple[Kept, ...]]:
    """The same of every patient, in two questions: for whoever plans for all of them."""
    with db.snapshot("ledger") as con:
        versions = con.execute(_VERSIONS).fetchall()
        steps = con.execute(f"{_STEPS} ORDER BY event").fetchall()
    found: dict[int, list[Kept]] = {}
    for each in _together(versions, steps):
        found.setdefault(each[0].patient, []).append(each)
    return {patient: tuple(some) for patient, some in found.items()}


def _together(versions: Iterable[Sequence[Any]], steps: Iterable[Sequence[Any]]) -> tuple[Kept, ...]:
    events: dict[tuple[str, int], list[EventRow]] = {}
    for step in steps:
        events.setdefault((step[0], step[1]), []).append(EventRow(*step))
    order = {key: place for place, key in enumerate(events)}
    rows = sorted((GrantRow(*row) for row in versions), key=lambda row: order[row.id, row.version])
    return tuple((row, tuple(events[row.id, row.version])) for row in rows)


_CONCERNS: Final = (
    "SELECT (SELECT epoch FROM epochs WHERE patient = ?1),"
    " EXISTS (SELECT 1 FROM grants WHERE patient = ?1 AND recipient IN (?2, ?3))"
)


def epoch_for(db: Database, patient: int, organization: str, client: str) -> int:
    """The patient's epoch, 0 where they never made a grant for that organisation or lone client. One look
    in any case, and the same one."""
    told = (patient, organization or client, client)
    epoch, is_concerned = db.reader("ledger").execute(_CONCERNS, told).fetchone()
    return int(epoch) if is_concerned else 0


def patient_of(db: Database, grant: str) -> int | None:
    """Whose grant it is; None where there is none of that id."""
    row = db.reader("ledger").execute("SELECT patient FROM grants WHERE id = ? LIMIT 1", (grant,)).fetchone()
    return int(row[0]) if row else None


def pairings(db: Database, recipient: str) -> tuple[bytes, ...]:
    """The pairing ids under which a recipient may know people; nearly always none or one."""
    rows = db.reader("ledger").execute(
        "SELECT DISTINCT pairing FROM grants WHERE recipient = ? AND pairing <> x'' ORDER BY pairing",
        (recipient,),
    )
    return tuple(bytes(pairing) for (pairing,) in rows)


def epochs(db: Database) -> dict[int, int]:
    """The consent epoch of everybody who ever made a grant."""
    return dict(db.reader("ledger").execute("SELECT patient, epoch FROM epochs").fetchall())


def granted(
    db: Database, organization: str, client: str, after: int, upto: int, most: int
) -> tuple[int, ...]:
    """Who ever made a grant for that organisation or lone client, in order, numbers in (after, upto], at most so
    many."""
    rows = db.reader("ledger").execute(
        "SELECT DISTINCT patient FROM grants WHERE recipient IN (?, ?) AND patient > ? AND patient <= ?"
        " ORDER BY patient LIMIT ?",
        (organization or client, client, after, upto, most),
    )
    return tuple(int(number) for (number,) in rows)


def patients(db: Database) -> tuple[int, ...]:
    """Everybody who ever made a grant."""
    return tuple(number for (number,) in db.reader("ledger").execute("SELECT patient FROM epochs"))
