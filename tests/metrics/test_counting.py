"""Which readings count: duplicates, scans, two sensors, mixed units and steps, marks; made cases and properties."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.metrics.average import averages
from bridge.metrics.counting import TOLERANCE, counted, unblocked
from bridge.metrics.figure import Lack
from bridge.metrics.ranges import classes, ranges, tight
from bridge.metrics.steps import nominal
from bridge.metrics.trace import Trace, displayed
from bridge.metrics.wear import wear
from bridge.period import DAY, HOUR, MINUTE, Period
from bridge.reading import Flag, Unit
from tests.metrics.made import EVER, MONDAY, UTC, at, readings, trace

WEEK = Period(MONDAY, MONDAY + 7 * DAY)


def test_the_reading_received_last_counts_whatever_the_order_of_rows() -> None:
    first, last = at([MONDAY, MONDAY], [100, 140]), at([MONDAY, MONDAY], [140, 100])
    assert readings(first).mg_dl.tolist() == [140]
    turned = Trace(
        "sensor", Unit.MG_DL, 0, last.instants, last.values, last.flags, last.offsets, np.array([1, 0])
    )
    assert readings(turned).mg_dl.tolist() == [140]


def test_scans_retracted_rows_and_empty_rows_do_not_count() -> None:
    flags = [0, Flag.SCAN, Flag.RETRACTED, Flag.NO_VALUE, 0]
    found, left = counted([trace([100, 50, 50, 50, 110], flags=flags)], EVER, UTC)
    assert found.mg_dl.tolist() == [100, 110]
    assert (left.scans, left.overlapping, left.beside) == (1, 0, 0)


def test_a_reading_inside_the_time_of_another_does_not_count_and_is_told() -> None:
    found, left = counted(
        [at([MONDAY, MONDAY + 2 * MINUTE, MONDAY + 5 * MINUTE], [1, 2, 3], step=5 * MINUTE)], EVER, UTC
    )
    assert found.mg_dl.tolist() == [1, 3]
    assert left.overlapping == 1


def test_low_and_high_count_in_the_outer_classes_and_with_their_limit() -> None:
    told = readings(trace([40, 100, 400, 60], flags=[Flag.LOW, 0, Flag.HIGH, Flag.LOW | Flag.INCLUSIVE]))
    shares = ranges(told, classes(told)).value
    assert shares is not None
    assert (shares.very_low, shares.in_range, shares.very_high) == (50.0, 25.0, 25.0)
    assert averages(told).mean.value == 150.0


def test_low_without_a_limit_counts_in_its_class_and_in_no_mean() -> None:
    told = readings(trace([0, 100], flags=[Flag.LOW | Flag.NO_VALUE, 0]))
    shares = ranges(told, classes(told)).value
    assert shares is not None
    assert (shares.very_low, averages(told).mean.value) == (50.0, 100.0)
    none = readings(trace([0], flags=[Flag.HIGH | Flag.NO_VALUE]))
    assert averages(none).mean.why is Lack.NO_NUMBERS


def test_each_reading_of_mixed_units_is_classed_in_its_own() -> None:
    """10.0 mmol/L is 180.16 mg/dL and in range; 181 mg/dL is 10.0 mmol/L and high."""
    told = readings(
        trace([10.0, 13.9, 3.9, 3.0, 7.8], unit=Unit.MMOL_L, name="a"),
        trace([181, 251, 70, 54, 140], start=MONDAY + HOUR, name="b"),
    )
    assert classes(told).tolist() == [2, 3, 2, 1, 2, 3, 4, 2, 1, 2]
    assert tight(told).value == 40.0
    mean = averages(told)
    assert mean.mean.value == pytest.approx((38.6 * 18.01559 + 696) / 10)
    assert mean.mean_mmol_l.value == pytest.approx((38.6 + 696 / 18.01559) / 10)


@pytest.mark.parametrize("steps", [(1, 5), (5, 1), (15, 5), (15, 1), (5, 15)])
def test_a_series_may_change_its_step_from_day_to_day(steps: tuple[int, int]) -> None:
    first, last = (np.arange(0, DAY, step * MINUTE) for step in steps)
    instants = MONDAY + np.concatenate((first, DAY + last))
    values = np.concatenate((np.full(len(first), 100), np.full(len(last), 200)))
    told = readings(at(instants, values))
    shares = ranges(told, classes(told)).value
    assert shares is not None
    assert (shares.in_range, shares.high, averages(told).mean.value) == pytest.approx((50.0, 50.0, 150.0))
    worn = wear(told, Period(MONDAY, MONDAY + 2 * DAY), UTC)
    assert (worn.active, worn.full_days, worn.gaps) == (100.0, 2, ())


def test_no_reading_stands_for_more_than_fifteen_minutes() -> None:
    assert nominal(np.array([0, 2 * DAY])).tolist() == [15 * MINUTE] * 2
    assert nominal(np.array([7])).tolist() == [15 * MINUTE]
    jittered = np.arange(40) * 5 * MINUTE + np.array([0, 40_000] * 20)
    assert set(nominal(jittered).tolist()) == {5 * MINUTE}


# ----------------------------------------------------------------------------------------- two sensors


def test_of_two_sensors_worn_together_the_one_that_tells_more_counts_and_is_named() -> None:
    long = trace([100] * 576, name="long")
    short = trace([300] * 200, start=MONDAY + HOUR + MINUTE, name="short")
    for order in ([long, short], [short, long]):
        found, left = counted(order, EVER, UTC)
        assert set(found.mg_dl.tolist()) == {100.0}
        assert (left.names, left.beside) == (("long",), 200)


def test_one_sensor_never_fills_the_loss_of_another() -> None:
    holed = trace([100] * 200 + [None] * 30 + [100] * 200, name="long")
    other = trace([300] * 300, start=MONDAY + 12 * HOUR, name="other")
    found, _ = counted([holed, other], EVER, UTC)
    inside = (found.instants >= MONDAY + 200 * 5 * MINUTE) & (found.instants < MONDAY + 230 * 5 * MINUTE)
    assert not inside.any()
    assert (found.mg_dl[found.instants < MONDAY + 430 * 5 * MINUTE] == 100).all()
    assert (found.mg_dl[found.instants >= MONDAY + 430 * 5 * MINUTE] == 300).all()


def test_a_sensor_that_is_silent_for_a_day_is_not_worn() -> None:
    holed = trace([100] * 288 + [None] * 600 + [100] * 288, name="long")
    other = trace([300] * 100, start=MONDAY + 36 * HOUR, name="other")
    found, left = counted([holed, other], EVER, UTC)
    assert (int((found.mg_dl == 300).sum()), left.names) == (100, ("long", "other"))


# ------------------------------------------------------------------------------------------ properties


ROWS = st.lists(
    st.tuples(st.integers(0, 3000), st.integers(39, 401), st.sampled_from([0, 1, 2, 16, 256])), max_size=60
)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_of_series_does_not_matter(
    rows: list[tuple[int, int, int]], luck: object
) -> None:
    def series(table: list[tuple[int, tuple[int, int, int]]], name: str) -> Trace:
        numbers = np.array([number for number, _ in table], np.int64)
        cells = np.array([row for _, row in table], np.int64).reshape(-1, 3)
        return Trace(
            name, Unit.MG_DL, 0, MONDAY + cells[:, 0] * MINUTE, cells[:, 1], cells[:, 2].astype(np.uint16),
            np.zeros(len(table), np.int16), numbers,
        )  # fmt: skip

    numbered = list(enumerate(rows))
    shuffled = numbered.copy()
    luck.shuffle(shuffled)  # type: ignore[attr-defined]
    there = counted([series(numbered, "a"), series(numbered[:9], "b")], WEEK, UTC)
    back = counted([series(numbered[:9], "b"), series(shuffled, "a")], WEEK, UTC)
    assert there[1] == back[1]
    assert there[0].instants.tolist() == back[0].instants.tolist()
    assert there[0].mg_dl.tolist() == back[0].mg_dl.tolist()


@given(ROWS)
def test_every_row_is_counted_or_told_why_not(rows: list[tuple[int, int, int]]) -> None:
    marks = np.array([mark for _, _, mark in rows], np.uint16)
    series = at([MONDAY + when * MINUTE for when, _, _ in rows], [value for _, value, _ in rows], flags=marks)
    found, left = counted([series], EVER, UTC)
    gone = int((marks & Flag.RETRACTED != 0).sum())
    assert len(found) + left.scans + left.overlapping + left.beside + gone == len(rows)


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from([1, 5, 15])), max_size=60))
def test_the_black_out_rule_is_that_of_a_plain_loop(rows: list[tuple[int, int]]) -> None:
    table = sorted({when * 10_000: step * MINUTE for when, step in rows}.items())
    instants, steps = (np.array([row[place] for row in table], np.int64) for place in (0, 1))
    kept, until = [], -1
    for when, step in table:
        kept.append(when >= until)
        until = when + step - TOLERANCE if kept[-1] else until
    assert unblocked(instants, steps).tolist() == kept


@given(st.integers(0, 10**8), st.integers(0, 5), st.sampled_from([Unit.MG_DL, Unit.MMOL_L]))
def test_a_value_is_displayed_half_to_even_and_exactly(value: int, scale: int, unit: Unit) -> None:
    places = 1 if unit is Unit.MMOL_L else 0
    wanted = Decimal(value).scaleb(-scale).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    assert displayed(np.array([value]), scale, unit).tolist() == [int(wanted.scaleb(places))]


def test_a_trace_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="not in g"):
        at([0], [1], unit=Unit.GRAMS)
