"""A selection is exactly the readings of the asked instants, in the asked order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.period import ALL, EMPTY, Period, PeriodSet
from bridge.store import readings
from bridge.store.artifacts import quarantine
from bridge.store.blocks import absorb
from bridge.store.columns import joined
from bridge.store.db import Database
from bridge.store.patients import add
from tests.store.shelf import COUNTED, SEGMENTS, START, STEP, batch, said, selected, ticks, upload

SPREAD = 97 * STEP
POINTS = 200


@pytest.fixture(scope="module")
def points(shared_db: Database) -> int:
    """A patient with a reading each eight hours over ten weeks."""
    number = add(shared_db, "Ada", None, "UTC")
    rows = [{"instant": START + n * SPREAD, "counter": n, "value": n, "row": n + 2} for n in range(POINTS)]
    absorb(shared_db, number, upload(b"points"), [batch(COUNTED, rows)])
    return number


@pytest.fixture(scope="module")
def segments(shared_db: Database) -> int:
    """A patient with overlapping segments, one of them three weeks long."""
    number = add(shared_db, "Ada", None, "UTC")
    lengths = [n % 7 * SPREAD for n in range(POINTS)]
    lengths[3] = 21 * 86_400_000
    rows = [
        {"instant": START + n * SPREAD, "end": START + n * SPREAD + lengths[n], "value": n, "row": n}
        for n in range(POINTS)
    ]
    absorb(shared_db, number, upload(b"segments"), [batch(SEGMENTS, rows)])
    return number


_EDGES = st.integers(-3, POINTS + 3).flatmap(
    lambda n: st.sampled_from([0, 1, -1]).map(lambda d: n * SPREAD + d)
)
_PERIODS = st.lists(st.tuples(_EDGES, st.integers(1, 30 * SPREAD)), max_size=5).map(
    lambda pairs: PeriodSet.of(*(Period(START + a, START + a + length) for a, length in pairs))
)


@given(periods=_PERIODS, descending=st.booleans())
@settings(max_examples=200, deadline=None)
def test_points_leave_exactly_where_asked(
    shared_db: Database, points: int, periods: PeriodSet, descending: bool
) -> None:
    found = joined(selected(shared_db, points, 1, periods, descending))
    expected = [n for n in range(POINTS) if START + n * SPREAD in periods]
    assert said(found, "value", "row") == [(n, n + 2) for n in (expected[::-1] if descending else expected)]


@given(periods=_PERIODS, descending=st.booleans())
@settings(max_examples=200, deadline=None)
def test_intervals_leave_where_they_overlap(
    shared_db: Database, segments: int, periods: PeriodSet, descending: bool
) -> None:
    found = joined(selected(shared_db, segments, 1, periods, descending))
    expected = []
    for n in range(POINTS):
        start = START + n * SPREAD
        end = start + (21 * 86_400_000 if n == 3 else n % 7 * SPREAD)
        if any(p.start < max(end, start + 1) and start < p.end for p in periods):
            expected.append(n)
    assert said(found, "value") == [(n,) for n in (expected[::-1] if descending else expected)]


def test_nothing_is_asked_and_nothing_leaves(shared_db: Database, points: int) -> None:
    assert selected(shared_db, points, 1, EMPTY) == []
    assert selected(shared_db, points, 9, ALL) == []


def test_inside_a_snapshot_a_selection_is_fetched_as_it_is_read(shared_db: Database, points: int) -> None:
    whole = joined(selected(shared_db, points, 1, ALL))
    with shared_db.snapshot("bridge"):
        assert said(joined(selected(shared_db, points, 1, ALL)), "value") == said(whole, "value")


def test_series_are_told_by_where_their_readings_are(shared_db: Database, points: int, segments: int) -> None:
    within = Period(START + SPREAD, START + SPREAD + 1)
    before = Period(START - 60 * 86_400_000, START - 60 * 86_400_000 + 1)
    for patient in (points, segments):
        box = shared_db.keys.box(patient)
        assert [each.number for each in readings.series(shared_db, patient, box, within)] == [1]
        assert readings.series(shared_db, patient, box, before) == ()
        assert readings.series(shared_db, patient, box, before, {1}) == readings.series(
            shared_db, patient, box
        )


def test_chosen_columns_come_with_what_the_store_wrote(shared_db: Database, points: int) -> None:
    table = selected(shared_db, points, 1, ALL, columns=("value",))[0]
    assert set(table) == {"instant", "value", "artifact", "changed", "version", "origin", "rank"}
    assert {name: values.dtype.name for name, values in table.items()} == {
        "instant": "int64",
        "value": "int64",
        "artifact": "int32",
        "changed": "int64",
        "version": "uint8",
        "origin": "int64",
        "rank": "uint8",
    }


def test_numbers_of_numpy_name_the_same_readings(shared_db: Database, points: int) -> None:
    first = np.int64(START)
    period = PeriodSet.of(Period(first, first + np.int64(1)))  # type: ignore[arg-type]
    assert len(selected(shared_db, points, 1, period)) == 1
    assert readings.locate(shared_db, points, 1, int(first), 0) == START


def test_sources_are_those_that_brought_readings(db: Database, patient: int) -> None:
    absorb(db, patient, upload(b"one", file="mine.csv"), [batch(COUNTED, ticks(0, [100]))])
    quarantine(db, patient, upload(b"two"), "another name")
    found = readings.sources(db, patient, db.keys.box(patient), [1, 2, 3])
    assert list(found) == [1]
    assert (found[1].file, found[1].format, found[1].state) == ("mine.csv", "dexcom-clarity", "stored")
    assert found[1].sha256 == upload(b"one").sha256
