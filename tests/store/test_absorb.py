"""What an import does to the readings that are there: stored, repeated, corrected; nothing is dropped."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from bridge.period import Instant
from bridge.reading import Device, SeriesKey, Stream, Unit
from bridge.store import blocks, readings
from bridge.store.artifacts import by_hash, listed, original
from bridge.store.blocks import Counts, TooMany, absorb, verify, withdraw
from bridge.store.columns import ints
from bridge.store.db import Database
from bridge.store.keys import Erased
from tests.store.shelf import (
    COUNTED,
    START,
    STEP,
    TIMED,
    batch,
    everything,
    named,
    opened,
    said,
    ticks,
    upload,
)

GLUCOSE = Stream.GLUCOSE


def at(moment: int, value: int, row: int = 0, **other: object) -> dict[str, object]:
    return {"instant": START + moment * STEP, "value": value, "row": row, **other}


def test_what_is_absorbed_can_be_read(db: Database, patient: int) -> None:
    done = absorb(db, patient, upload(b"one"), [batch(COUNTED, ticks(0, range(100, 130)))])
    assert done.streams == {GLUCOSE: Counts(30, 30, 0, 0)}
    table = everything(db, patient)
    assert said(table, "value", "artifact", "version", "origin", "rank") == [
        (value, 1, 0, 0, 0) for value in range(100, 130)
    ]
    (row,) = readings.series(db, patient, db.keys.box(patient))
    assert row.key == COUNTED and row.device.model == "G6"
    assert original(db, patient, 1) == b"one"
    assert verify(db) == ()


def test_the_same_bytes_again_change_nothing(db: Database, patient: int) -> None:
    rows = batch(COUNTED, ticks(0, range(100, 130)))
    absorb(db, patient, upload(b"one"), [rows])
    before = _bytes_of(db)
    again = absorb(db, patient, upload(b"one"), [rows])
    assert again.already and again.artifact == 1
    assert _bytes_of(db) == before


def _bytes_of(db: Database) -> list[tuple[object, ...]]:
    tables = ("patients", "series", "artifacts", "serials", "blocks")
    return [row for name in tables for row in db.reader("bridge").execute(f"SELECT * FROM {name}")]


def test_an_overlapping_upload_is_counted_and_not_stored_twice(db: Database, patient: int) -> None:
    absorb(db, patient, upload(b"one"), [batch(COUNTED, ticks(0, range(100, 130)))])
    done = absorb(db, patient, upload(b"two"), [batch(COUNTED, ticks(20, range(120, 150)))])
    assert done.streams == {GLUCOSE: Counts(30, 20, 10, 0)}
    table = everything(db, patient)
    assert table["value"].tolist() == list(range(100, 150))
    assert table["artifact"].tolist() == [1] * 30 + [2] * 20


def test_the_last_received_stands_and_the_earlier_value_is_history(db: Database, patient: int) -> None:
    absorb(db, patient, upload(b"one"), [batch(COUNTED, ticks(0, [100, 101, 102]))])
    done = absorb(db, patient, upload(b"two"), [batch(COUNTED, ticks(0, [100, 99, 102]))])
    assert done.streams == {GLUCOSE: Counts(3, 0, 2, 1)}
    table = everything(db, patient)
    assert said(table, "value", "version", "artifact") == [(100, 0, 1), (99, 1, 2), (102, 0, 1)]
    assert table["changed"][1] > table["changed"][0]
    (earlier,) = readings.history(db, patient, db.keys.box(patient), 1, START + STEP, 0)
    assert (earlier["value"], earlier["version"], earlier["artifact"]) == (101, 0, 1)
    assert earlier["changed"] == table["changed"][0]


def test_a_moved_instant_of_the_same_tick_keeps_its_name(db: Database, patient: int) -> None:
    week = 604_800_000
    absorb(db, patient, upload(b"one"), [batch(COUNTED, ticks(0, range(100, 130)))])
    names = named(everything(db, patient))
    done = absorb(db, patient, upload(b"two"), [batch(COUNTED, ticks(0, range(100, 130), shift=week))])
    assert done.streams == {GLUCOSE: Counts(30, 0, 0, 30)}
    table = everything(db, patient)
    assert named(table) == names and (table["origin"] == -week).all()
    assert readings.locate(db, patient, 1, START + STEP, 0) == START + STEP + week
    assert verify(db) == ()
    absorb(db, patient, upload(b"three"), [batch(COUNTED, ticks(0, range(100, 130)))])
    table = everything(db, patient)
    assert named(table) == names and not table["origin"].any()
    assert readings.locate(db, patient, 1, START + STEP, 0) == START + STEP


def test_two_readings_of_one_instant_without_a_counter_are_two(db: Database, patient: int) -> None:
    done = absorb(db, patient, upload(b"one"), [batch(TIMED, [at(0, 90, 1), at(0, 95, 2), at(0, 90, 3)])])
    assert done.streams == {GLUCOSE: Counts(3, 2, 1, 0)}
    assert said(everything(db, patient), "value", "rank") == [(90, 0), (95, 1)]


def test_equal_copies_find_each_other_whatever_their_order(db: Database, patient: int) -> None:
    absorb(db, patient, upload(b"one"), [batch(TIMED, [at(0, 90, 1), at(0, 95, 2)])])
    done = absorb(db, patient, upload(b"two"), [batch(TIMED, [at(0, 95, 1), at(0, 90, 2), at(0, 97, 3)])])
    assert done.streams == {GLUCOSE: Counts(3, 1, 2, 0)}
    assert said(everything(db, patient), "value", "rank") == [(90, 0), (95, 1), (97, 2)]


def test_a_single_value_of_an_instant_corrects_the_one_that_is_there(db: Database, patient: int) -> None:
    absorb(db, patient, upload(b"one"), [batch(TIMED, [at(0, 90), at(1, 91)])])
    done = absorb(db, patient, upload(b"two"), [batch(TIMED, [at(0, 92), at(2, 93)])])
    assert done.streams == {GLUCOSE: Counts(2, 1, 0, 1)}
    assert said(everything(db, patient), "value", "version") == [(92, 1), (91, 0), (93, 0)]


def test_a_tick_twice_in_one_file_leaves_the_later_row_standing(db: Database, patient: int) -> None:
    rows = [at(0, 100, 2, counter=0), at(0, 104, 3, counter=0), at(1, 101, 4, counter=300)]
    done = absorb(db, patient, upload(b"one"), [batch(COUNTED, rows)])
    assert done.streams == {GLUCOSE: Counts(3, 2, 0, 1)}
    assert said(everything(db, patient), "value", "version") == [(104, 0), (101, 0)]
    again = absorb(db, patient, upload(b"two"), [batch(COUNTED, rows)])
    assert again.streams == {GLUCOSE: Counts(3, 0, 3, 0)}
    assert said(everything(db, patient), "value", "version") == [(104, 0), (101, 0)]


def test_rows_without_a_tick_in_a_counted_series_go_by_their_instant(db: Database, patient: int) -> None:
    rows = [at(0, 100, 2, counter=0), at(0, 104, 3), at(1, 101, 4)]
    absorb(db, patient, upload(b"one"), [batch(COUNTED, rows)])
    done = absorb(db, patient, upload(b"two"), [batch(COUNTED, [at(0, 105, 2), at(1, 101, 3)])])
    assert done.streams == {GLUCOSE: Counts(2, 0, 1, 1)}
    assert sorted(everything(db, patient)["value"].tolist()) == [100, 101, 105]


def test_more_readings_of_one_instant_than_can_be_named_are_refused_whole(db: Database, patient: int) -> None:
    with pytest.raises(TooMany):
        absorb(db, patient, upload(b"one"), [batch(TIMED, [at(0, v) for v in range(300)])])
    assert listed(db, patient) == ()


def test_one_artifact_brings_several_series(db: Database, patient: int) -> None:
    notes = SeriesKey(Stream.NOTE, "libreview", "app", Unit.NONE, 0)
    words = batch(notes, [{"instant": START, "text": "Frühstück", "record": "r1"}], Device())
    done = absorb(db, patient, upload(b"one"), [batch(TIMED, [at(0, 90)]), words, batch(TIMED, [at(1, 91)])])
    assert done.streams == {GLUCOSE: Counts(2, 2, 0, 0), Stream.NOTE: Counts(1, 1, 0, 0)}
    assert said(everything(db, patient, 2), "text", "record") == [("Frühstück", "r1")]
    (kept,) = listed(db, patient)
    assert (kept.first, kept.last) == (START, START + STEP)


def test_a_file_without_readings_is_kept(db: Database, patient: int) -> None:
    done = absorb(db, patient, upload(b"empty"), [batch(TIMED, [])])
    assert done.streams == {}
    assert listed(db, patient)[0].first is None


def test_instants_that_no_id_can_name_are_refused(db: Database, patient: int) -> None:
    with pytest.raises(ValueError, match="1691"):
        absorb(db, patient, upload(b"one"), [batch(TIMED, [{"instant": -(2**44)}])])


def test_readings_before_1970_are_readings(db: Database, patient: int) -> None:
    far: Instant = -300_000_000_000
    rows = [{"instant": far + i, "value": i, "counter": i} for i in range(5)]
    absorb(db, patient, upload(b"one"), [batch(COUNTED, rows)])
    absorb(db, patient, upload(b"two"), [batch(COUNTED, rows)])
    assert everything(db, patient)["value"].tolist() == list(range(5))
    assert verify(db) == ()


def test_two_writers_of_one_patient_lose_nothing(tmp_path: Path, db: Database, patient: int) -> None:
    def writer(first: int) -> None:
        with opened(db.home) as own:
            for part in range(first, first + 60, 10):
                rows = batch(COUNTED, ticks(part, range(part, part + 15)))
                absorb(own, patient, upload(b"%d" % part), [rows])

    threads = [threading.Thread(target=writer, args=(first,)) for first in (0, 30, 60, 90)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert everything(db, patient)["value"].tolist() == list(range(155))
    assert verify(db) == ()


def test_an_erased_patient_takes_nothing_in(db: Database, patient: int) -> None:
    from bridge.store.patients import erase

    erase(db, patient)
    with pytest.raises(Erased):
        absorb(db, patient, upload(b"one"), [batch(TIMED, [at(0, 90)])])
    assert not list((db.home / "originals").glob("??/*"))


def test_a_removed_artifact_may_come_again_under_its_old_names(db: Database, patient: int) -> None:
    rows = batch(TIMED, [at(0, 90, 1), at(0, 95, 2), at(1, 91, 3)])
    absorb(db, patient, upload(b"one"), [rows])
    before = everything(db, patient)
    withdraw(db, patient, 1)
    assert by_hash(db, patient, upload(b"one").sha256) is None
    done = absorb(db, patient, upload(b"one"), [rows])
    after = everything(db, patient)
    assert done.artifact == 2 and named(after) == named(before)
    assert after["version"].tolist() == [2, 2, 2]  # the removal was a version too
    assert verify(db) == ()


def test_what_changed_did_so_when_it_was_written_and_not_when_it_was_planned(
    db: Database, patient: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    absorb(db, patient, upload(b"one"), [batch(COUNTED, ticks(0, range(100, 105)))])
    before = ints(everything(db, patient), "changed").tolist()
    asked, write = list[Instant](), blocks._write

    def late(*given: Any) -> None:
        asked.append(db.clock())  # somebody asks what changed until now, between plan and commit
        write(*given)

    monkeypatch.setattr(blocks, "_write", late)
    absorb(db, patient, upload(b"two"), [batch(COUNTED, ticks(5, range(105, 110)))])
    changed = ints(everything(db, patient), "changed").tolist()
    assert changed[:5] == before and min(changed[5:]) > asked[0] > max(before)
    absorb(db, patient, upload(b"three"), [batch(COUNTED, ticks(10, range(110, 115)))])
    again = ints(everything(db, patient), "changed").tolist()
    assert again[:10] == changed and min(again[10:]) > asked[1]
    withdraw(db, patient, 3)
    assert ints(everything(db, patient), "changed").tolist() == changed and verify(db) == ()
