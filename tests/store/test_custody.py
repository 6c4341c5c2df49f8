"""A provider's record that was begun: what nothing came into goes with its key, and nothing else does."""

from __future__ import annotations

from bridge.store import custody, patients
from bridge.store.custody import Rule
from bridge.store.db import Database

RULE = Rule("Records Act 12", 12)


def test_a_record_that_nothing_came_into_goes_with_its_key(db: Database, patient: int) -> None:
    number = custody.begun(db, patient, "Acme", b"")
    custody.dropped(db, number)
    assert number in db.keys.destroyed() and not patients.is_known(db, number)
    assert custody.current(db, patient, "Acme", b"") is None and custody.ever(db, patient) == ()
    assert custody.begun(db, patient, "Acme", b"") != number


def test_a_record_that_another_put_something_into_meanwhile_stays(db: Database, patient: int) -> None:
    number = custody.begun(db, patient, "Acme", b"")
    with db.write("bridge") as con:
        custody.came(con, number, RULE, db.clock())
    custody.dropped(db, number)
    assert db.keys.destroyed() == () and custody.current(db, patient, "Acme", b"") == number
    assert custody.ever(db, patient) == ((number, "Acme"),)


def test_a_record_that_was_erased_is_told_of_without_reading_all_records(db: Database, patient: int) -> None:
    number = custody.begun(db, patient, "Acme", b"")
    with db.write("bridge") as con:
        custody.came(con, number, RULE, db.clock())
    patients.erase(db, number)
    assert custody.of(db, patient) == () and custody.ever(db, patient) == ((number, "Acme"),)
    seen: list[str] = []
    con = db.reader("bridge")
    con.set_trace_callback(seen.append)
    custody.ever(db, patient)
    con.set_trace_callback(None)
    plan = [row[3] for each in seen for row in con.execute(f"EXPLAIN QUERY PLAN {each}")]
    assert plan and not [step for step in plan if step.startswith("SCAN")]
