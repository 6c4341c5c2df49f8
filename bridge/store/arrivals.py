"""What a launch brought, before and after somebody said who that is here.

Law (`smart-consent.md` 1.12): an EHR's patient is nobody here until a person links it; until then what the EHR said,
and its token, rest sealed under a key of the installation, for half an hour, for one browser and one use. Linking
moves the token under that person's key; an EHR's patient is linked to one of ours, never to two.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from bridge.period import MINUTE, Instant
from bridge.store.db import Database
from bridge.store.keys import place
from bridge.store.sealing import opened, sealed

LIFE: Final = 30 * MINUTE


@dataclass(frozen=True, slots=True)
class Arrival:
    """One launch that came back. `texts`: what it brought, in an order that its reader knows."""

    ehr: str
    expires: Instant
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EhrRecord:
    """An EHR's patient that is one of ours. `id`: at the EHR; `token` lives until `until`; `refresh` renews it, ''
    where it cannot be."""

    ehr: str
    patient: int
    id: str
    token: str
    until: Instant
    refresh: str = ""


def keep(db: Database, hashed: bytes, browser: bytes, ehr: str, texts: list[str], now: Instant) -> None:
    """Keep what a launch brought for one browser; what ran out is swept."""
    box = sealed(db, "arrival", hashed.hex(), texts)
    with db.write("bridge") as con:
        con.execute("DELETE FROM arrivals WHERE expires <= ?", (now,))
        con.execute(
            "INSERT INTO arrivals (hash, browser, ehr, expires, sealed) VALUES (?, ?, ?, ?, ?)",
            (hashed, browser, ehr, now + LIFE, box),
        )


def find(db: Database, hashed: bytes, browser: bytes, now: Instant) -> Arrival | None:
    """The living, unused launch of that id in that browser."""
    row = (
        db.reader("bridge")
        .execute(
            "SELECT ehr, expires, sealed FROM arrivals"
            " WHERE hash = ? AND browser = ? AND expires > ? AND used IS NULL",
            (hashed, browser, now),
        )
        .fetchone()
    )
    if row is None:
        return None
    ehr, expires, box = row
    return Arrival(ehr, expires, tuple(opened(db, "arrival", hashed.hex(), box)))


def use(db: Database, hashed: bytes, now: Instant) -> bool:
    """Use it, and forget what it brought; False where it was used."""
    with db.write("bridge") as con:
        done = con.execute(
            "UPDATE arrivals SET used = ?2, sealed = x'' WHERE hash = ?1 AND used IS NULL", (hashed, now)
        )
        return done.rowcount == 1


def bind(db: Database, record: EhrRecord) -> bool:
    """Keep that an EHR's patient is one of ours; False where it is linked to another one."""
    subject = _subject(db, record.ehr, record.id)
    told = json.dumps([record.id, record.token, record.until, record.refresh]).encode()
    box = db.keys.box(record.patient).seal(told, place("ehr-record", record.patient, record.ehr))
    with db.write("bridge") as con:
        con.execute(
            "INSERT INTO ehr_records (ehr, subject, patient, made, sealed) VALUES (?1, ?2, ?3, ?4, ?5)"
            " ON CONFLICT (ehr, subject) DO UPDATE SET sealed = ?5, made = ?4 WHERE patient = ?3",
            (record.ehr, subject, record.patient, db.clock(), box),
        )
        owner = con.execute(
            "SELECT patient FROM ehr_records WHERE ehr = ? AND subject = ?", (record.ehr, subject)
        ).fetchone()
    return owner is not None and int(owner[0]) == record.patient


def known(db: Database, ehr: str, id_: str) -> int | None:
    """Whom an EHR's patient is linked to."""
    row = (
        db.reader("bridge")
        .execute(
            "SELECT patient FROM ehr_records WHERE ehr = ? AND subject = ?", (ehr, _subject(db, ehr, id_))
        )
        .fetchone()
    )
    return None if row is None else int(row[0])


def of_patient(db: Database, patient: int) -> tuple[EhrRecord, ...]:
    """The EHRs' records that are one of our patient's."""
    rows = db.reader("bridge").execute("SELECT ehr, sealed FROM ehr_records WHERE patient = ?", (patient,))
    found = []
    for ehr, box in rows.fetchall():
        told = json.loads(db.keys.box(patient).open(box, place("ehr-record", patient, ehr)))
        found.append(EhrRecord(ehr, patient, *told))
    return tuple(found)


def _subject(db: Database, ehr: str, id_: str) -> bytes:
    return db.keys.blind(f"patient of EHR {ehr}", id_)
