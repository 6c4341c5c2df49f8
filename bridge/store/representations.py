"""Representations at rest: who was given which powers over whose things, with the evidence, and when it ended.

Law: append-only but for the one mark that a row has ended; a narrowing ends a row and makes another. Evidence
and names rest under the patient's key and go with it. What a row opens is not here: that is computed from it,
from ages and from now (`bridge.people`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, TypeAlias

from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.keys import Erased, place


@dataclass(frozen=True, slots=True)
class RepresentationRow:
    """One record. `ends`: as it was given; `ended`: by an act; `evidence` and `by` are '' once erased."""

    number: int
    patient: int
    account: str
    kind: str
    powers: tuple[str, ...]
    begins: Instant
    ends: Instant | None
    ended: Instant | None
    evidence: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class AgesRow:
    """Ages in years: own sign-in and sight, own say, majority."""

    sight: int
    say: int
    majority: int


_Stored: TypeAlias = tuple[int, int, str, str, str, Instant, Instant | None, Instant | None, bytes]
_COLUMNS: Final = "representation, patient, account, kind, powers, begins, ends, ended, sealed"


def add(db: Database, row: RepresentationRow) -> int:
    """Keep a record; its number. Erased where the patient was erased."""
    box = db.keys.box(row.patient)
    sealed = box.seal(json.dumps([row.evidence, row.by]).encode(), place("representation", row.patient))
    with db.write("bridge") as con:
        number = con.execute(
            "INSERT INTO representations (patient, account, kind, powers, begins, ends, sealed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (row.patient, row.account, row.kind, " ".join(row.powers), row.begins, row.ends, sealed),
        ).lastrowid
    assert number is not None
    return number


def end(db: Database, number: int, at: Instant) -> bool:
    """Mark a record as ended; False where it had ended before."""
    with db.write("bridge") as con:
        done = con.execute(
            "UPDATE representations SET ended = ? WHERE representation = ? AND ended IS NULL", (at, number)
        )
        return done.rowcount == 1


def of_account(db: Database, account: str) -> tuple[RepresentationRow, ...]:
    """Every record of an account, ended or not, oldest first."""
    return _listed(db, "account = ?", account)


def of_patient(db: Database, patient: int) -> tuple[RepresentationRow, ...]:
    """Every record about a patient, ended or not, oldest first; nothing of closed accounts."""
    standing = "(SELECT account FROM accounts WHERE closed IS NULL)"
    return _listed(db, f"patient = ? AND account IN {standing}", patient)


def ages(db: Database, patient: int) -> AgesRow:
    """The ages that hold where the patient lives, else those for everybody."""
    row = (
        db.reader("bridge")
        .execute(
            "SELECT sight, say, majority FROM ages WHERE jurisdiction IN ('', (SELECT jurisdiction FROM"
            " residences WHERE patient = ?)) ORDER BY jurisdiction DESC LIMIT 1",
            (patient,),
        )
        .fetchone()
    )
    return AgesRow(*row)


def ages_table(db: Database) -> dict[str, AgesRow]:
    """The whole table, '' for everybody else."""
    rows = db.reader("bridge").execute("SELECT jurisdiction, sight, say, majority FROM ages ORDER BY 1")
    return {name: AgesRow(*numbers) for name, *numbers in rows}


def set_ages(db: Database, jurisdiction: str, row: AgesRow) -> None:
    """Set the ages of a jurisdiction, '' for everybody else."""
    with db.write("bridge") as con:
        con.execute(
            "INSERT INTO ages (jurisdiction, sight, say, majority) VALUES (?1, ?2, ?3, ?4)"
            " ON CONFLICT (jurisdiction) DO UPDATE SET sight = ?2, say = ?3, majority = ?4",
            (jurisdiction, row.sight, row.say, row.majority),
        )


def set_residence(db: Database, patient: int, jurisdiction: str) -> None:
    """Say under which law the patient lives."""
    with db.write("bridge") as con:
        con.execute(
            "INSERT INTO residences (patient, jurisdiction) VALUES (?1, ?2)"
            " ON CONFLICT (patient) DO UPDATE SET jurisdiction = ?2",
            (patient, jurisdiction),
        )


def _listed(db: Database, where: str, value: int | str) -> tuple[RepresentationRow, ...]:
    query = f"SELECT {_COLUMNS} FROM representations WHERE {where} ORDER BY representation"
    rows = db.reader("bridge").execute(query, (value,)).fetchall()
    return tuple(_row(db, row) for row in rows)


def _told(db: Database, patient: int, sealed: bytes) -> tuple[str, str]:
    try:
        plain = db.keys.box(patient).open(sealed, place("representation", patient))
    except Erased:
        return "", ""
    evidence, by = json.loads(plain)
    return evidence, by


def _row(db: Database, row: _Stored) -> RepresentationRow:
    number, patient, account, kind, powers, begins, ends, ended, sealed = row
    evidence, by = _told(db, patient, sealed)
    given = tuple(powers.split())
    return RepresentationRow(number, patient, account, kind, given, begins, ends, ended, evidence, by)
