"""The summary of a period: sufficiency, local days, reasons, and laws that hold for any glucose."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.metrics.average import averages
from bridge.metrics.figure import Figure, Lack
from bridge.metrics.pattern import Pattern, pattern, pattern_of, percentiles, smoothed
from bridge.metrics.ranges import PREGNANCY, Ranges, classes, ranges
from bridge.metrics.risk import gri
from bridge.metrics.summary import Summary, summary
from bridge.metrics.trace import Trace
from bridge.metrics.variability import conga, modd
from bridge.period import DAY, HOUR, MINUTE, Period, ZoneHistory
from bridge.reading import Flag, Unit
from tests.metrics.made import MONDAY, UTC, ZURICH, at, readings, trace
from tests.metrics.vectors import instant

FORTNIGHT = Period(MONDAY, MONDAY + 14 * DAY)


def waves(days: int, step: int = 5) -> Trace:
    """Glucose that goes up and down with the day, no two days alike."""
    minutes = np.arange(0, days * DAY, step * MINUTE) // MINUTE
    values = 140 + 70 * np.sin(minutes / 229) + 40 * np.cos(minutes / 1440)
    return at(MONDAY + minutes * MINUTE, values.astype(np.int64), step=step * MINUTE)


def told(*traces: Trace, period: Period = FORTNIGHT, zones: ZoneHistory = UTC) -> Summary:
    """The summary of a period that is over."""
    return summary(traces, period, zones, period.end)


# --------------------------------------------------------------------------------------- sufficiency


def test_a_whole_fortnight_is_sufficient() -> None:
    found = told(waves(14))
    assert (found.lacks, found.wear.days, found.wear.active, found.wear.readings) == ((), 14, 100.0, 4032)
    assert found.gmi.value is not None
    assert found.pattern.value is not None


def test_the_period_ends_at_the_moment_of_reporting() -> None:
    found = summary([waves(10)], FORTNIGHT, UTC, MONDAY + 10 * DAY)
    assert (found.period.end, found.wear.active, found.wear.period_days) == (MONDAY + 10 * DAY, 100.0, 10.0)
    assert (found.gmi.why, found.lacks) == (Lack.UNDER_14_DAYS, (Lack.UNDER_14_DAYS,))
    assert found.averages.mean.value is not None


def test_a_period_that_has_not_begun_has_no_figures() -> None:
    found = summary([waves(1)], Period(MONDAY + DAY, MONDAY + 2 * DAY), UTC, MONDAY)
    assert (found.ranges.why, found.wear.active) == (Lack.NO_READINGS, 0.0)


def test_under_70_percent_the_other_figures_are_there_and_flagged() -> None:
    found = told(waves(9))
    assert (found.gmi.why, found.lacks) == (Lack.UNDER_70_PERCENT, (Lack.UNDER_70_PERCENT,))
    assert found.ranges.value is not None


def test_fourteen_local_days_are_fourteen_days_whatever_the_clocks_do() -> None:
    for first, last in (
        ("2026-03-19T23:00:00", "2026-04-02T22:00:00"),
        ("2026-10-17T22:00:00", "2026-10-31T23:00:00"),
    ):
        period = Period(instant(first), instant(last))
        count = (period.end - period.start) // (5 * MINUTE)
        whole = trace([120] * count, start=period.start, told=5)
        found = told(whole, period=period, zones=ZURICH)
        assert (found.lacks, found.wear.days, found.wear.full_days) == ((), 14, 14)


def test_nothing_is_a_summary_of_reasons() -> None:
    found = told()
    every = [getattr(found, each.name) for each in fields(found)]
    figures = [each for each in every if isinstance(each, Figure)]
    assert figures
    assert all(each.value is None and each.why is not None for each in figures)
    assert (found.wear.days, found.wear.first, found.left.names) == (0, None, ())
    assert all(each.per_day.why is Lack.NO_READINGS for each in found.happened)


def test_a_figure_has_a_value_or_a_reason() -> None:
    for value, why in ((None, None), (1.0, Lack.NO_PAIRS)):
        with pytest.raises(ValueError, match="a value or the reason"):
            Figure(value, why)


def test_marks_are_told_beside_the_figures() -> None:
    flags = [Flag.LOW, Flag.HIGH, Flag.HIGH | Flag.UNCERTAIN, Flag.SCAN]
    found = told(trace([40, 400, 400, 100], flags=flags, told=5))
    assert (found.off_low, found.off_high, found.uncertain, found.left.scans) == (1, 2, 1, 1)


def test_episodes_are_counted_by_day_of_recorded_time() -> None:
    found = told(trace([60] * 3 + [100] * 285, told=5))
    (low,) = [each for each in found.happened if each.kind == "low"]
    assert (low.per_day.value, low.median_minutes.value) == (1.0, 15.0)


def test_pregnancy_has_no_very_high_class() -> None:
    found = readings(trace([50, 62, 63, 140, 141, 300], told=5))
    assert classes(found, PREGNANCY).tolist() == [0, 1, 2, 2, 3, 3]


# -------------------------------------------------------------------------------------- time of day


def test_the_pattern_follows_the_clock_of_each_reading() -> None:
    """Where a reading tells its own offset, that is the clock, and the zone history is not asked."""
    flight = trace([100], told=5)
    there = Trace(
        "a",
        Unit.MG_DL,
        0,
        flight.instants,
        flight.values,
        flight.flags,
        np.array([-300], np.int16),
        flight.received,
    )
    table = percentiles(readings(there, zones=ZURICH), 60)
    assert np.flatnonzero(~np.isnan(table[:, 0])).tolist() == [19]


def test_both_passes_of_a_repeated_hour_are_in_its_bin_and_a_skipped_hour_has_none() -> None:
    for day, wanted in (("2026-10-25T00:00:00", [2, 2, 3, 4]), ("2026-03-29T00:00:00", [1, 3, 4, 5])):
        hourly = at(instant(day) + np.arange(4) * HOUR, [100] * 4, step=HOUR // 4)
        assert (readings(hourly, zones=ZURICH).walls % DAY // HOUR).tolist() == wanted


def test_a_night_is_from_midnight_to_six_by_the_local_clock() -> None:
    start = instant("2026-06-01T22:00:00")
    found = told(trace([100] * 288, start=start, told=5), period=Period(start, start + 2 * DAY), zones=ZURICH)
    night, day = found.parts
    assert (night.name, night.readings, day.name, day.readings) == ("night", 72, "day", 216)


def test_a_pattern_needs_seven_days() -> None:
    assert pattern(readings(waves(6)), 14).why is Lack.UNDER_7_DAYS
    assert pattern(readings(waves(7)), 14).value is not None
    few = np.concatenate([MONDAY + day * DAY + np.arange(180) * 5 * MINUTE for day in range(14)])
    assert pattern(readings(at(few, [100] * len(few), step=5 * MINUTE)), 14).why is Lack.SPARSE_DAYS


def test_bins_are_fine_where_every_one_holds_42_readings() -> None:
    def width(found: Figure[Pattern]) -> int:
        assert found.value is not None
        return found.value.bin_minutes

    assert width(pattern(readings(waves(14)), 14)) == 15
    assert width(pattern(readings(waves(13)), 13)) == 60
    assert width(pattern(readings(waves(20, step=15)), 20)) == 60


def test_the_smoothing_goes_around_midnight_and_leaves_a_lonely_bin() -> None:
    table = np.full((24, 1), np.nan)
    table[[23, 0, 1, 12], 0] = [60, 120, 240, 100]
    found = smoothed(table)
    assert found[[23, 0, 1, 12], 0].tolist() == [(120 + 240) / 5, (60 + 480 + 240) / 6, (960 + 120) / 5, 100]
    assert np.isnan(found[[2, 11, 13, 22], 0]).all()


def test_percentiles_weigh_minutes_where_steps_differ() -> None:
    """An hour of one-minute readings and an hour of fifteen-minute ones weigh the same."""
    fine = trace([100] * 60, step=1, told=1, name="fine")
    rough = trace([200] * 4, step=15, told=15, start=MONDAY + DAY * 3, name="rough")
    table = percentiles(readings(fine, rough), 60, (25, 75))
    assert table[0].tolist() == [100, 200]


# -------------------------------------------------------------------------------------------- variability


def test_daily_differences_are_of_24_hours_of_utc() -> None:
    found = readings(trace([100] * 288 + [130] * 288, start=MONDAY, told=5))
    assert (modd(found).value, conga(found).value) == (30.0, 0.0)
    assert modd(readings(waves(1))).why is Lack.NO_PAIRS
    late = readings(
        at(
            [MONDAY, MONDAY + DAY + 2 * MINUTE, MONDAY + 2 * DAY + 5 * MINUTE],
            [100, 110, 150],
            step=5 * MINUTE,
        )
    )
    assert modd(late).value == 10.0


# ------------------------------------------------------------------------------------- laws of any glucose


VALUES = st.lists(st.one_of(st.none(), st.integers(39, 401)), min_size=1, max_size=120)


@given(VALUES, st.sampled_from([1, 5, 15]))
def test_shares_add_to_100_and_the_index_is_from_0_to_100(values: list[int | None], step: int) -> None:
    found = told(trace(values, step=step, told=step))
    shares = found.ranges.value
    if shares is None:
        assert not any(values)
        return
    assert sum(_five(shares)) == pytest.approx(100)
    assert min(_five(shares)) >= 0 and found.wear.active <= 100
    assert found.tight.value is not None
    assert found.tight.value <= shares.in_range + 1e-9
    assert 0 <= gri(shares).gri <= 100


def _five(shares: Ranges) -> tuple[float, ...]:
    return shares.very_low, shares.low, shares.in_range, shares.high, shares.very_high


@given(VALUES, st.integers(1, 119))
def test_a_split_of_the_period_loses_no_time(values: list[int | None], place: int) -> None:
    series, cut = trace(values, told=5), MONDAY + place * 5 * MINUTE
    parts = [readings(series, period=Period(*ends)) for ends in ((MONDAY, cut), (cut, MONDAY + 365 * DAY))]
    whole = readings(series)
    times = [np.bincount(classes(each), weights=each.steps, minlength=5) for each in (*parts, whole)]
    assert (times[0] + times[1]).tolist() == times[2].tolist()


@given(VALUES, st.integers(1, 119))
def test_a_sensor_that_follows_another_is_like_one_sensor(values: list[int | None], place: int) -> None:
    first = trace(values[:place], told=5, name="first")
    nothing: list[int | None] = [None] * place
    then = trace(nothing + values[place:], told=5, name="then")
    one, two = told(trace(values, told=5)), told(then, first)
    for name in ("wear", "averages", "ranges", "tight", "indices", "happened", "parts", "pattern", "modd"):
        assert getattr(one, name) == getattr(two, name)


@given(VALUES)
def test_the_unit_of_the_person_changes_the_mean_by_the_factor_alone(values: list[int | None]) -> None:
    tenths = [None if value is None else value / 10 for value in values]
    found = averages(readings(trace(tenths, unit=Unit.MMOL_L, told=5)))
    there = [value for value in tenths if value is not None]
    if there:
        assert found.mean_mmol_l.value == pytest.approx(sum(there) / len(there))


@given(VALUES)
def test_weights_of_equal_steps_are_counts(values: list[int | None]) -> None:
    found = readings(trace(values, told=5))
    shares = ranges(found, classes(found)).value
    there = np.array([value for value in values if value is not None])
    if shares is not None:
        assert averages(found).mean.value == pytest.approx(there.mean())
        assert shares.very_low == pytest.approx(100 * (there < 54).mean())
    if len(there) >= 30:
        assert averages(found).sd.value == pytest.approx(np.std(there, ddof=1))


@given(st.lists(st.integers(39, 401), min_size=1, max_size=200))
def test_percentiles_are_linear_between_order_statistics(values: list[int]) -> None:
    told_once = readings(at(MONDAY + np.arange(len(values)) * 15_000, values, step=15_000))
    (row, *_) = pattern_of(told_once, 60, is_smooth=False).rows
    assert row == pytest.approx(np.percentile(values, [5, 25, 50, 75, 95]))
