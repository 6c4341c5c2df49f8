"""Insulin, carbohydrates and automation of a period: Tidepool's vectors, and made cases of what is not told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.metrics.automation import automation
from bridge.metrics.carbs import carbs
from bridge.metrics.figure import Lack
from bridge.metrics.given import Given
from bridge.metrics.insulin import insulin
from bridge.period import DAY, HOUR, MINUTE, Period
from bridge.reading import BasalKind, BolusKind, Flag, ModeKind, Stream, Unit
from tests.metrics.made import MONDAY, UTC, ZURICH
from tests.metrics.vectors import CLOSE, instant, read

THURSDAY = instant("2018-02-01")
TWO_DAYS = Period(THURSDAY, THURSDAY + 2 * DAY)
Row = tuple[int, float, float, int, int]


def series(
    stream: Stream, unit: Unit, rows: list[Row], source: str = "pump", device_kind: str = "pump"
) -> Given:
    """(start ms, hours, amount, kind, flags) rows, amounts in thousandths."""
    table = sorted(rows)
    columns: dict[str, NDArray[np.generic]] = {
        "instant": np.array([row[0] for row in table], np.int64),
        "end": np.array([row[0] + round(row[1] * HOUR) for row in table], np.int64),
        "value": np.array([round(row[2] * 1000) for row in table], np.int64),
        "kind": np.array([row[3] for row in table], np.uint16),
        "flags": np.array([row[4] for row in table], np.uint16),
    }
    return Given(source, stream, unit, 3, columns, device_kind)


def rates(*rows: Row, source: str = "pump") -> Given:
    """Basal delivery in units an hour."""
    return series(Stream.BASAL, Unit.UNITS_PER_HOUR, list(rows), source)


def doses(*rows: Row, source: str = "pump", device_kind: str = "pump") -> Given:
    """Doses in units."""
    return series(Stream.BOLUS, Unit.UNITS, list(rows), source, device_kind)


def eaten(*rows: tuple[int, float], unit: Unit = Unit.GRAMS) -> Given:
    """Carbohydrates."""
    return series(Stream.CARBS, unit, [(at, 0, amount, 0, 0) for at, amount in rows], device_kind="")


DELIVERIES = {"automated": BasalKind.AUTOMATED, "scheduled": BasalKind.SCHEDULED}


def told_by_tidepool(vectors: Path) -> tuple[Given, Given, Given]:
    """Basal, bolus and other insulin of the vector, the last from nobody's device."""
    found = read(vectors / "tidepool" / "viz_stat_vectors.json")["insulin"]
    return (
        rates(*((instant(at), hours, rate, DELIVERIES[how], 0) for at, hours, rate, how in found["basal"])),
        doses(*((instant(at), 0, units, 0, 0) for at, units in found["bolus"])),
        doses(*((instant(at), 0, units, 0, 0) for at, units in found["other_insulin"]), device_kind=""),
    )


def test_basal_bolus_and_other_insulin_of_tidepools_vector(vectors: Path) -> None:
    found = read(vectors / "tidepool" / "viz_stat_vectors.json")["insulin"]
    for days, name in ((1, "one_day_2018-02-01"), (2, "two_days_average"), (7, "seven_day_window_same_data")):
        told = insulin(told_by_tidepool(vectors), Period(THURSDAY, THURSDAY + days * DAY), UTC)
        wanted = found[name]
        assert (told.basal.value, told.bolus.value) == (wanted["basal"], wanted["bolus"])
        assert told.other.value == wanted["other"]
        assert told.total.value == wanted.get("total", told.total.value)
        assert (told.days, told.period_days, told.is_sparse) == (min(days, 2), days, days == 7)


@pytest.mark.parametrize("name", ["overlap_start", "overlap_end"])
def test_a_segment_counts_for_as_long_as_it_lies_in_the_period(vectors: Path, name: str) -> None:
    case = read(vectors / "tidepool" / "viz_stat_vectors.json")["insulin"][name]
    start, hours, rate, how = case["extra"]
    extra = rates((instant(start), hours, rate, DELIVERIES[how], 0))
    told = insulin([*told_by_tidepool(vectors), extra], Period(THURSDAY, THURSDAY + DAY), UTC)
    assert told.basal.value == pytest.approx(case["basal"], abs=CLOSE)


def test_the_two_ends_of_a_window_within_days_are_in_no_average(vectors: Path) -> None:
    """Tidepool takes the ends as one date and has 2 days with 1.5 U and 6 U; here they are no whole dates."""
    case = read(vectors / "tidepool" / "viz_stat_vectors.json")["insulin"]["offset_window"]
    period = Period(*(instant(text.removesuffix("Z")) for text in case["window"]))
    told = insulin(
        [
            rates(*((instant(at), hours, rate, 1, 0) for at, hours, rate in case["basal"])),
            doses(*((instant(at), 0, units, 1, 0) for at, units in case["bolus"])),
        ],
        period,
        UTC,
    )
    assert (told.days, told.period_days) == (1, 6)
    assert (told.basal.value, told.bolus.value) == (1.0, 4.0)


def test_automation_is_of_the_hours_that_are_known(vectors: Path) -> None:
    found = read(vectors / "tidepool" / "viz_stat_vectors.json")["insulin"]
    told = automation(told_by_tidepool(vectors), Period(THURSDAY, THURSDAY + DAY))
    one = found["time_in_automation_one_day"]
    assert told.automated_hours == one["automated_h"]
    assert told.known_hours == one["automated_h"] + one["manual_h"]
    two = automation(told_by_tidepool(vectors), TWO_DAYS)
    assert two.share.value == pytest.approx(
        100 * found["time_in_automation_two_days"]["automated_share"], abs=CLOSE
    )


def test_carbohydrates_of_calculators_and_meals_and_exchanges(vectors: Path) -> None:
    found = read(vectors / "tidepool" / "viz_stat_vectors.json")["carbs"]
    given = [
        eaten(*((instant(at), grams) for at, grams in found["bolus_calculator_g"])),
        eaten(*((instant(at), grams) for at, grams in found["food_g"])),
        eaten(*((instant(at), count) for at, count in found["exchanges"]), unit=Unit.SERVINGS),
    ]
    for days, name in ((1, "one_day"), (2, "two_day_average")):
        told = carbs(given, Period(THURSDAY, THURSDAY + days * DAY), UTC)
        assert (told.grams.value, told.servings.value) == (found[name]["grams"], found[name]["exchanges"])


# ------------------------------------------------------------------------------------------ made cases


def test_the_share_of_basal_and_what_a_controller_gave() -> None:
    told = insulin(
        [
            rates((THURSDAY, 10, 1.0, BasalKind.AUTOMATED, 0), (THURSDAY + 10 * HOUR, 10, 0.5, 1, 0)),
            doses((THURSDAY + HOUR, 0, 2.0, 0, Flag.AUTOMATED), (THURSDAY + 2 * HOUR, 0, 8.0, 3, 0)),
        ],
        Period(THURSDAY, THURSDAY + DAY),
        UTC,
    )
    assert (told.basal_share.value, told.total.value) == (60.0, 25.0)
    assert (told.automated.value, told.by_person.value) == (12.0, 13.0)


def test_a_long_acting_dose_by_pen_is_basal() -> None:
    pen = doses(
        (THURSDAY, 0, 18.0, BolusKind.LONG, 0), (THURSDAY + HOUR, 0, 6.0, BolusKind.RAPID, 0), device_kind=""
    )
    told = insulin([pen], Period(THURSDAY, THURSDAY + DAY), UTC)
    assert (told.basal.value, told.bolus.value, told.basal_share.value) == (18.0, 6.0, 75.0)


def test_with_a_dose_of_untold_kind_there_is_a_total_but_no_split(vectors: Path) -> None:
    told = insulin(told_by_tidepool(vectors), Period(THURSDAY, THURSDAY + DAY), UTC)
    assert (told.total.value, told.basal_share.why) == (19.5, Lack.KIND_UNTOLD)


def test_bolus_alone_is_no_total() -> None:
    told = insulin([doses((THURSDAY, 0, 18.0, 1, 0))], TWO_DAYS, UTC)
    assert (told.bolus.value, told.basal.why) == (18.0, Lack.NOTHING_TOLD)
    assert (told.total.why, told.basal_share.why) == (Lack.PART_UNTOLD, Lack.PART_UNTOLD)


def test_two_sources_of_one_hour_leave_their_day_out_of_every_average() -> None:
    pump = [rates((THURSDAY, 48, 1.0, 1, 0)), doses((THURSDAY + DAY, 0, 6.0, 1, 0))]
    loop = doses((THURSDAY + HOUR, 0, 5.0, 1, 0), source="loop")
    told = insulin([*pump, loop], TWO_DAYS, UTC)
    assert (told.days, told.undetermined) == (2, 1)
    assert (told.total.value, told.basal.value, told.bolus.value) == (30.0, 24.0, 6.0)
    contested = insulin([*pump, loop], Period(THURSDAY, THURSDAY + DAY), UTC)
    assert {contested.total.why, contested.basal.why, contested.basal_share.why} == {Lack.UNDETERMINED}


def test_an_amount_that_was_not_told_spoils_its_own_part_of_the_day() -> None:
    """CareLink tells that a controller gave basal insulin, and not how much."""
    told = insulin(
        [
            rates((THURSDAY, 24, 0.0, BasalKind.AUTOMATED, Flag.NO_VALUE)),
            doses((THURSDAY, 0, 18.0, 1, 0)),
        ],
        Period(THURSDAY, THURSDAY + DAY),
        UTC,
    )
    assert (told.bolus.value, told.undetermined) == (18.0, 1)
    assert {told.total.why, told.basal.why, told.basal_share.why} == {Lack.UNDETERMINED}


def test_a_rate_in_percent_has_no_amount_and_what_was_retracted_was_not_given() -> None:
    percent = series(Stream.BASAL, Unit.PERCENT, [(THURSDAY, 1, 120.0, BasalKind.TEMPORARY, 0)])
    assert insulin([percent], TWO_DAYS, UTC).basal.why is Lack.UNDETERMINED
    gone = doses((THURSDAY, 0, 18.0, 1, Flag.RETRACTED))
    assert insulin([gone], TWO_DAYS, UTC).total.why is Lack.NOTHING_TOLD


def test_nothing_given_is_no_split() -> None:
    told = insulin([rates((THURSDAY, 1, 0.0, 1, 0)), doses((THURSDAY, 0, 0.0, 1, 0))], TWO_DAYS, UTC)
    assert (told.total.value, told.basal_share.why) == (0.0, Lack.NO_AMOUNT)


def test_the_mode_decides_where_it_is_told() -> None:
    modes = series(
        Stream.MODE,
        Unit.NONE,
        [
            (THURSDAY, 6, 0, ModeKind.AUTOMATED, 0),
            (THURSDAY, 6, 0, ModeKind.EXERCISE, 0),
            (THURSDAY + 6 * HOUR, 6, 0, ModeKind.LOW_SUSPEND, 0),
        ],
    )
    basal = rates(
        (THURSDAY + 5 * HOUR, 1, 0.0, BasalKind.SUSPENDED, Flag.AUTOMATED),  # inside automation
        (THURSDAY + 11 * HOUR, 1, 0.0, BasalKind.SUSPENDED, Flag.AUTOMATED),  # an open loop that stops at low
        (THURSDAY + 12 * HOUR, 3, 1.0, BasalKind.AUTOMATED, 0),  # no mode is told any more
        (THURSDAY + 15 * HOUR, 3, 1.0, BasalKind.SCHEDULED, 0),
    )
    told = automation([modes, basal], Period(THURSDAY, THURSDAY + DAY))
    assert (told.automated_hours, told.known_hours, told.suspended_hours) == (9.0, 18.0, 2.0)
    assert told.share.value == 50.0
    assert automation([], TWO_DAYS).share.why is Lack.NOTHING_TOLD


def test_a_day_of_25_hours_is_one_day_of_basal() -> None:
    period = Period(instant("2026-10-24T22:00:00"), instant("2026-10-26T23:00:00"))
    told = insulin(
        [rates((period.start, 49, 1.0, 1, 0)), doses((period.start, 0, 1.0, 1, 0))], period, ZURICH
    )
    assert (told.period_days, told.days, told.basal.value) == (2, 2, 24.5)


@pytest.mark.parametrize(("hours", "days"), [(24, 1), (30, 1), (36, 1), (47, 1), (48, 2), (54, 2)])
def test_a_part_of_a_day_is_in_no_figure_a_day(hours: int, days: int) -> None:
    midnight = instant("2026-10-19T22:00:00")
    basal = rates((midnight - 2 * DAY, 8 * 24, 1.0, 1, 0))
    boluses = doses(*((midnight + hour * HOUR, 0, 0.5, 1, 0) for hour in range(-48, 96)))
    meals = eaten(*((midnight + hour * HOUR, 5.0) for hour in range(-48, 96)))
    for period in (
        Period(midnight, midnight + hours * HOUR),
        Period(midnight + (48 - hours) * HOUR, midnight + 48 * HOUR),
    ):
        told = insulin([basal, boluses], period, ZURICH)
        assert (told.days, told.period_days) == (days, days)
        assert (told.total.value, told.basal.value, told.bolus.value) == (36.0, 24.0, 12.0)
        assert carbs([meals], period, ZURICH).grams.value == 120.0


def test_where_no_day_is_whole_there_is_no_figure_a_day() -> None:
    period = Period(THURSDAY + 6 * HOUR, THURSDAY + DAY + 23 * HOUR)
    told = insulin([rates((THURSDAY, 48, 1.0, 1, 0)), doses((THURSDAY + DAY, 0, 6.0, 1, 0))], period, UTC)
    assert (told.days, told.period_days, told.is_sparse) == (0, 0, False)
    figures = (told.total, told.basal, told.bolus, told.basal_share)
    assert {each.why for each in figures} == {Lack.NO_WHOLE_DAY}
    assert carbs([eaten((THURSDAY + DAY, 40.0))], period, UTC).grams.why is Lack.NO_WHOLE_DAY


SEGMENTS = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 600), st.booleans()), max_size=12)


@drawn(SEGMENTS, SEGMENTS)
def test_automated_time_is_part_of_known_time_and_known_time_of_the_period(
    one: list[tuple[int, int, bool]], two: list[tuple[int, int, bool]]
) -> None:
    period = Period(MONDAY, MONDAY + DAY)
    given = [
        rates(*((MONDAY + at * MINUTE, length / 60, 1, 3 if auto else 1, 0) for at, length, auto in each))
        for each in (one, two)
    ]
    told = automation(given, period)
    assert 0 <= told.automated_hours <= told.known_hours <= 24
    minutes = np.zeros(1440, np.bool_)
    for at, length, _ in (*one, *two):
        minutes[at : at + length] = True
    assert told.known_hours == pytest.approx(minutes.sum() / 60)
