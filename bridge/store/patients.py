"""Who the data is about: demographics, identifiers and the zones a person lived in, sealed.

Law: name, birth date, identifiers and zones rest only under the patient's key; an identifier is found by
a blind index (data.md, keys). Erasing destroys the key first, then deletes what it sealed; the ledger
stays, and what a provider keeps as its own under another number and key (`custody.py`). Patients are never merged
(safety.md, whose data is it).
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace
from datetime import date

from bridge.period import BEGINNING, Instant, ZoneHistory
from bridge.store.files import Files
from bridge.store.keys import Box, place
from bridge.store.originals import sweep


@dataclass(frozen=True, slots=True)
class Patient:
    """One person as the owner entered them; `identifiers` are (system, value)."""

    number: int
    name: str
    birth_date: date | None
    identifiers: tuple[tuple[str, str], ...]
    zones: ZoneHistory
    version: int = 1
    changed: Instant = 0

    @classmethod
    def nobody(cls, zone: str, now: Instant) -> Patient:
        """Who is behind a provider's own record: somebody without a name, a birth date and identifiers."""
        return cls(0, "", None, (), ZoneHistory.always(zone), 1, now)


def add(
    db: Files,
    name: str,
    birth_date: date | None,
    zone: str,
    identifiers: tuple[tuple[str, str], ...] = (),
) -> int:
    """Store a new person living in the IANA zone `zone`; the number of the patient. ValueError: the zone."""
    now = db.clock()
    person = Patient(0, name, birth_date, identifiers, ZoneHistory(((BEGINNING, zone),)), 1, now)
    with db.write("bridge") as con:
        return begin(db, con, person)


def begin(db: Files, con: sqlite3.Connection, person: Patient) -> int:
    """Store somebody new, with a key of their own, in the caller's transaction; their number."""
    sql = "INSERT INTO patients (version, changed, revision, sealed) VALUES (1, ?, 0, x'')"
    number = con.execute(sql, (person.changed,)).lastrowid
    assert number is not None
    _save(con, db, db.keys.create(number), replace(person, number=number))
    return number


def load(db: Files, number: int, box: Box | None = None) -> Patient:
    """The patient; KeyError where there is none, Erased where it was erased. `box`: theirs, where the caller
    has unwrapped it already."""
    row = (
        db.reader("bridge")
        .execute("SELECT version, changed, sealed FROM patients WHERE patient = ?", (number,))
        .fetchone()
    )
    if row is None:
        raise KeyError(f"there is no patient {number}")
    version, changed, sealed = row
    kept = json.loads((box or db.keys.box(number)).open(sealed, place("patient", number, version)))
    return Patient(
        number,
        kept["name"],
        date.fromisoformat(kept["birth"]) if kept["birth"] else None,
        tuple((system, value) for system, value in kept["identifiers"]),
        ZoneHistory(tuple((since, zone) for since, zone in kept["zones"])),
        version,
        changed,
    )


def revisions(db: Files) -> dict[int, int]:
    """Of every patient, by number in order, what each change of their artifacts and readings raises."""
    return dict(
        db.reader("bridge").execute("SELECT patient, revision FROM patients ORDER BY patient").fetchall()
    )


def numbers(db: Files) -> tuple[int, ...]:
    """Every patient's number, ascending."""
    rows = db.reader("bridge").execute("SELECT patient FROM patients ORDER BY patient")
    return tuple(number for (number,) in rows)


def people(db: Files) -> tuple[int, ...]:
    """The numbers of persons alone, ascending: without what providers keep as their own (`custody.py`)."""
    rows = db.reader("bridge").execute(
        "SELECT patient FROM patients WHERE patient NOT IN (SELECT record FROM custody) ORDER BY patient"
    )
    return tuple(number for (number,) in rows)


def is_person(db: Files, number: int) -> bool:
    """Whether there is such a patient, and it is no provider's own record of one."""
    sql = "SELECT 1 FROM custody WHERE record = ?"
    return is_known(db, number) and db.reader("bridge").execute(sql, (number,)).fetchone() is None


def is_known(db: Files, number: int) -> bool:
    """Whether there is such a patient."""
    found = db.reader("bridge").execute("SELECT 1 FROM patients WHERE patient = ?", (number,))
    return found.fetchone() is not None


def by_identifier(db: Files, system: str, value: str) -> int | None:
    """The patient with that identifier; None where there is none, or more than one."""
    rows = (
        db.reader("bridge")
        .execute("SELECT patient FROM identifiers WHERE blind = ?", (db.keys.blind(system, value),))
        .fetchall()
    )
    return int(rows[0][0]) if len(rows) == 1 else None


def add_zone(db: Files, number: int, zone: str, since: Instant) -> None:
    """From `since` on the person's clocks stood in `zone`; an entry of the same instant is replaced."""
    with db.write("bridge") as con:
        person = load(db, number)
        entries = {**dict(person.zones.entries), since: zone}
        zones = ZoneHistory(tuple(sorted(entries.items())))
        changed = replace(person, zones=zones, version=person.version + 1)
        _save(con, db, db.keys.box(number), changed)


def erase(db: Files, number: int) -> None:
    """Destroy the patient's key, then everything it sealed; finished at the next start if cut short."""
    db.keys.destroy(number, db.clock())
    bury(db, number)


def bury(db: Files, number: int) -> None:
    """Delete every row and kept original of a patient whose key is destroyed."""
    with db.write("bridge") as con:
        clear(db, con, number)
    sweep(db, wait=True)


def clear(db: Files, con: sqlite3.Connection, number: int) -> None:
    """Delete every row of a patient whose key is destroyed, in the caller's transaction."""
    for table in _tables(con):
        con.execute(f"DELETE FROM {table} WHERE patient = ?", (number,))
    con.execute("UPDATE custody SET ended = ? WHERE record = ? AND ended IS NULL", (db.clock(), number))


def finish(db: Files) -> None:
    """Finish the erasures that a crash cut short."""
    standing = set(numbers(db))
    for number in db.keys.destroyed():
        if number in standing:
            bury(db, number)


def _tables(con: sqlite3.Connection) -> list[str]:
    """Tables with a `patient` column: also those of later migrations."""
    tables = [name for (name,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [t for t in tables if any(row[1] == "patient" for row in con.execute(f"PRAGMA table_info({t})"))]


def _save(con: sqlite3.Connection, db: Files, box: Box, person: Patient) -> None:
    plain = json.dumps(
        {
            "name": person.name,
            "birth": person.birth_date.isoformat() if person.birth_date else "",
            "identifiers": person.identifiers,
            "zones": person.zones.entries,
        }
    ).encode()
    sealed = box.seal(plain, place("patient", person.number, person.version))
    con.execute(
        "UPDATE patients SET version = ?, changed = ?, sealed = ? WHERE patient = ?",
        (person.version, person.changed, sealed, person.number),
    )
    con.execute("DELETE FROM identifiers WHERE patient = ?", (person.number,))
    con.executemany(
        "INSERT OR IGNORE INTO identifiers (blind, patient) VALUES (?, ?)",
        [(db.keys.blind(system, value), person.number) for system, value in person.identifiers],
    )
