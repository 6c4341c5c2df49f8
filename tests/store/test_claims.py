"""Any order of imports, removals and second readings: the store says what a simple model says.

The model keeps, for each key, what every standing artifact says about it in order of receipt; the last one
counts. Beside that, whatever happens: a name never has two meanings under one version, and the store
verifies.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.period import ALL
from bridge.reading import SeriesKey
from bridge.store import readings, stood
from bridge.store.artifacts import listed, load, original
from bridge.store.blocks import absorb, reabsorb, retracted, verify, withdraw
from bridge.store.columns import Array, Table, firsts, ints
from bridge.store.db import Database
from bridge.store.patients import add
from tests.store.shelf import (
    COUNTED,
    START,
    STEP,
    TIMED,
    batch,
    everything,
    named,
    said,
    selected,
    ticks,
    upload,
)

Row = dict[str, object]
FAR = 2_000
"""Ticks of five minutes that make a week: blocks differ."""


@st.composite
def _rows(draw: st.DrawFn, counted: bool) -> list[Row]:
    ticks_ = draw(st.lists(st.integers(0, 6).map(lambda n: n * FAR // 3), max_size=7))
    rows: list[Row] = []
    for place, tick in enumerate(sorted(ticks_)):
        value = draw(st.integers(90, 92))
        shift = draw(st.sampled_from([0, 0, 0, 1, FAR])) if counted else 0
        row: Row = {"instant": START + (tick + shift) * STEP, "value": value, "row": place + 1}
        rows.append(row | ({"counter": tick} if counted else {}))
    return rows if counted else list({row["instant"]: row for row in rows}.values())


@dataclass
class Model:
    """What each artifact says, and everything that was ever to be read."""

    key: SeriesKey
    said: dict[int, list[Row]] = field(default_factory=dict)
    seen: dict[tuple[int, int], tuple[object, ...]] = field(default_factory=dict)
    since: dict[tuple[int, int], object] = field(default_factory=dict)

    def stands(self) -> dict[object, tuple[object, object]]:
        """Key -> (instant, value) as it must be."""
        by = "counter" if self.key.by_counter else "instant"
        found: dict[object, tuple[object, object]] = {}
        for number in sorted(self.said):
            for row in sorted(self.said[number], key=lambda row: int(str(row["row"]))):
                found[row[by]] = (row["instant"], row["value"])
        return found

    def check(self, db: Database, patient: int) -> None:
        table = everything(db, patient)
        by = "counter" if self.key.by_counter else "instant"
        assert dict(zip(_list(table, by), said(table, "instant", "value"), strict=True)) == self.stands()
        assert len(set(named(table))) == len(named(table))
        for name, version, *meaning in zip(named(table), *_columns(table), strict=True):
            assert self.seen.setdefault((name, int(str(version))), tuple(meaning)) == tuple(meaning)
        self._check_history(db, patient, table)
        self._check_count(db, patient, table)
        assert verify(db, patient) == ()

    def _check_history(self, db: Database, patient: int, table: Table) -> None:
        box = db.keys.box(patient)
        for first, rank, now in zip(
            firsts(table).tolist(), _list(table, "rank"), ints(table, "instant").tolist(), strict=True
        ):
            assert readings.locate(db, patient, 1, first, int(str(rank))) == now
            for old in readings.history(db, patient, box, 1, first, int(str(rank))):
                name = first * 256 + int(str(rank))
                assert self.seen[name, int(old["version"])] == (old["instant"], old["value"])

    def _check_count(self, db: Database, patient: int, table: Table) -> None:
        """Every version that ever stood is known with the time since when it stood, numbers without a hole."""
        for name, version, changed in zip(named(table), *_both(table), strict=True):
            self.since.setdefault((name, version), changed)
        for gone, at in retracted(db, patient):
            key = gone.instant * 256 + gone.rank
            last = max((v for n, v in self.since if n == key and self.since[n, v] != at), default=-1)
            self.since.setdefault((key, last + 1), at)
        everybody = np.array(sorted({name for name, _ in self.since}), np.int64)
        old = stood.earlier(db, patient, db.keys.box(patient), 1, everybody)
        kept = dict(zip(zip(named(old), _both(old)[0], strict=True), _both(old)[1], strict=True))
        kept |= {
            (name, version): changed
            for name, version, changed in zip(named(table), *_both(table), strict=True)
        }
        assert kept == self.since


def _both(table: Table) -> tuple[list[int], list[int]]:
    return ints(table, "version").tolist(), ints(table, "changed").tolist()


def _list(table: Table, name: str) -> list[object]:
    return [row[0] for row in said(table, name)]


def _columns(table: Table) -> tuple[list[object], ...]:
    return tuple(_list(table, name) for name in ("version", "instant", "value"))


@pytest.mark.parametrize("key", [COUNTED, TIMED], ids=["by counter", "by instant"])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_imports_removals_and_second_readings_in_any_order(
    shared_db: Database, key: SeriesKey, data: st.DataObject
) -> None:
    db = shared_db
    patient = add(db, "Ada", None, "UTC")
    model = Model(key)
    for step in range(data.draw(st.integers(2, 6), label="steps")):
        what = data.draw(st.sampled_from(["absorb", "absorb", "withdraw", "reabsorb"]), label="what")
        if what == "absorb" or not model.said:
            rows = data.draw(_rows(key.by_counter))
            number = absorb(db, patient, upload(b"%d" % step), [batch(key, rows)]).artifact
            model.said[number] = rows
        elif what == "withdraw":
            number = data.draw(st.sampled_from(sorted(model.said)))
            withdraw(db, patient, number)
            del model.said[number]
        else:
            number = data.draw(st.sampled_from(sorted(model.said)))
            model.said[number] = data.draw(_rows(key.by_counter))
            reabsorb(db, patient, number, "new", [batch(key, model.said[number])])
        model.check(db, patient)
    _check_withdrawal_of_all(db, patient, model)


def _check_withdrawal_of_all(db: Database, patient: int, model: Model) -> None:
    for number in list(model.said):
        withdraw(db, patient, number)
        del model.said[number]
        model.check(db, patient)
    gone = {name.instant * 256 + name.rank for name, _ in retracted(db, patient)}
    assert gone == {name for name, _ in model.seen}
    rows = db.reader("bridge").execute("SELECT DISTINCT layer FROM blocks WHERE patient = ?", (patient,))
    assert [layer for (layer,) in rows] in ([], [3, 4])


def test_a_removal_restores_what_was_displaced_under_a_higher_version(db: Database, patient: int) -> None:
    absorb(db, patient, upload(b"one"), [batch(COUNTED, ticks(0, [100, 101, 102]))])
    absorb(db, patient, upload(b"two"), [batch(COUNTED, ticks(1, [99, 102, 103]))])
    done = withdraw(db, patient, 2)
    assert (done.restored, len(done.gone)) == (1, 1)
    assert said(everything(db, patient), "value", "version") == [(100, 0), (101, 2), (102, 0)]
    assert load(db, patient, 2).state == "removed"
    with pytest.raises(KeyError):
        original(db, patient, 2)
    assert {name.instant for name, _ in retracted(db, patient)} == {START + 3 * STEP}


def test_a_removal_leaves_what_another_file_says_too(db: Database, patient: int) -> None:
    absorb(db, patient, upload(b"one"), [batch(COUNTED, ticks(0, range(100, 110)))])
    absorb(db, patient, upload(b"two"), [batch(COUNTED, ticks(5, range(105, 115)))])
    done = withdraw(db, patient, 1)
    assert len(done.gone) == 5 and done.restored == 0
    table = everything(db, patient)
    assert table["value"].tolist() == list(range(105, 115))
    assert set(table["artifact"].tolist()) == {2} and not table["version"].any()
    assert table["row"].tolist() == list(range(2, 12))


def test_a_corrected_zone_keeps_every_name(db: Database, patient: int) -> None:
    """LibreView writes local time: read again in another zone, every instant moves by an hour."""

    def export(shift: int) -> list[Row]:
        return [{"instant": START + n * STEP + shift, "value": 100 + n, "row": n + 3} for n in range(50)]

    absorb(db, patient, upload(b"one"), [batch(TIMED, export(0))])
    names = named(everything(db, patient))
    done = reabsorb(db, patient, 1, "0123abcd", [batch(TIMED, export(3_600_000))])
    table = everything(db, patient)
    assert named(table) == names and not done.gone
    assert table["instant"].tolist() == [START + n * STEP + 3_600_000 for n in range(50)]
    assert table["version"].tolist() == [1] * 50
    (old,) = readings.history(db, patient, db.keys.box(patient), 1, START, 0)
    assert (old["instant"], old["value"], old["version"]) == (START, 100, 0)
    reabsorb(db, patient, 1, "0123abcd", [batch(TIMED, export(0))])
    assert named(everything(db, patient)) == names
    assert verify(db) == ()


def test_a_second_reading_that_says_the_same_changes_no_version(db: Database, patient: int) -> None:
    rows = batch(COUNTED, ticks(0, range(100, 120)))
    absorb(db, patient, upload(b"one"), [rows])
    before = everything(db, patient)
    done = reabsorb(db, patient, 1, "ffffffff", [rows], account=b'{"rows": 22}')
    after = everything(db, patient)
    assert all(_same(before[name], after[name]) for name in before)
    assert [count.duplicate for count in done.streams.values()] == [20]
    (kept,) = listed(db, patient)
    assert (kept.revision, kept.account) == ("ffffffff", b'{"rows": 22}')


def _same(left: Array, right: Array) -> bool:
    return bool(np.array_equal(left, right))


def test_removing_twice_is_removing_once(db: Database, patient: int) -> None:
    absorb(db, patient, upload(b"one"), [batch(COUNTED, ticks(0, range(100, 110)))])
    withdraw(db, patient, 1)
    again = withdraw(db, patient, 1)
    assert not again.gone and again.restored == 0
    assert selected(db, patient, 1, ALL) == []
