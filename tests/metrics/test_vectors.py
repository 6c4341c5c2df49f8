"""Figures against published and computed vectors, which stay where they are (`shared`).

Law: a vector is read, never copied. Where one follows another choice than the project's (`ranges.py` and its
neighbours open with them), the test says so and holds both numbers.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridge.metrics.average import averages, gmi, gmi_mmol_per_mol
from bridge.metrics.episodes import EpisodeKind, Episodes, episodes
from bridge.metrics.figure import Lack
from bridge.metrics.pattern import percentiles
from bridge.metrics.ranges import PREGNANCY, STANDARD, classes, ranges
from bridge.metrics.risk import gri, indices
from bridge.metrics.summary import summary
from bridge.metrics.wear import ACTIVE, DAYS, wear
from bridge.period import DAY, MINUTE, Period
from bridge.reading import Unit
from tests.metrics.made import MONDAY, UTC, ZURICH, at, readings, trace, weighed
from tests.metrics.vectors import CLOSE, NAMES, instant, read, same_shares, stamp

# ------------------------------------------------------------------------------------------------ limits


@pytest.mark.parametrize("unit", [Unit.MG_DL, Unit.MMOL_L])
def test_a_value_is_classed_as_it_is_displayed_in_its_own_unit(vectors: Path, unit: Unit) -> None:
    found = read(vectors / "consensus" / "boundary_vectors.json")
    for value, name in found[unit.value]:
        told = readings(trace([value], unit=unit, scale=6))
        assert NAMES[classes(told)[0]] == name, (value, unit)


def test_no_value_is_converted_before_it_is_classed(vectors: Path) -> None:
    found = read(vectors / "consensus" / "boundary_vectors.json")
    for key, unit in (("conversion_from_mgdl", Unit.MG_DL), ("conversion_from_mmol", Unit.MMOL_L)):
        for row in found[key]:
            told = readings(trace([row[unit.value]], unit=unit, scale=1))
            assert NAMES[classes(told)[0]] == row["native"], row


def test_the_limits_are_those_of_the_consensus(vectors: Path) -> None:
    found = read(vectors / "consensus" / "targets.json")
    for limits, name in ((STANDARD, "standard"), (PREGNANCY, "pregnancy")):
        for unit, factor in ((Unit.MG_DL, 1), (Unit.MMOL_L, 10)):
            each = limits[unit]
            told = [each.very_low, each.low, each.high, each.very_high]
            there = found["limits"][name][unit.value]
            assert told == [None if limit is None else round(limit * factor) for limit in there]
    assert (found["sufficiency"]["days"], found["sufficiency"]["percent_active"]) == (DAYS, ACTIVE)


# ---------------------------------------------------------------------------------------------- averages


def test_gmi_in_percent_and_in_mmol_per_mol(vectors: Path) -> None:
    found = read(vectors / "consensus" / "gmi_table.json")
    for value, percent in found["mgdl_to_percent"]:
        assert round(gmi(value), 1) == percent
    for value, percent in found["exact"]:
        assert gmi(value) == pytest.approx(percent, abs=CLOSE)
    for value, told in found["mmol_to_mmol_per_mol"]:
        assert round(gmi_mmol_per_mol(value), 1) == told
    for value, percent in found["tidepool_platform_mmol_to_percent"]:
        assert gmi(value * 18.01559) == pytest.approx(percent, abs=0.051)


def test_mean_deviation_and_coefficient_of_tidepools_values(vectors: Path) -> None:
    found = read(vectors / "tidepool" / "viz_stat_vectors.json")["mean_sd_cv"]
    told = averages(readings(trace(found["values"])))
    assert told.mean.value == pytest.approx(found["mean"], abs=CLOSE)
    assert told.sd.value == pytest.approx(found["sd_sample"], abs=CLOSE)
    assert told.cv.value == pytest.approx(found["cv"], abs=CLOSE)
    few = averages(readings(trace(found["values"][:29])))
    assert (few.sd.why, few.cv.why) == (Lack.TOO_FEW_READINGS, Lack.TOO_FEW_READINGS)


def test_gmi_is_there_from_2823_of_4032_readings_in_14_days_on(vectors: Path) -> None:
    found = read(vectors / "tidepool" / "viz_stat_vectors.json")["gmi"]
    enough, days = found["readings_5min"], found["days"]
    told = _summary([found["all_values"]] * enough, days)
    assert told.gmi.value == pytest.approx(found["gmi"], abs=CLOSE)
    assert _summary([found["all_values"]] * (enough - 1), days).gmi.why is Lack.UNDER_70_PERCENT
    assert _summary([found["all_values"]] * enough, days - 1).gmi.why is Lack.UNDER_14_DAYS


def _summary(values: list[float], days: int) -> Any:
    period = Period(MONDAY, MONDAY + days * DAY)
    return summary([trace(values, told=5)], period, UTC, period.end)


def test_a_day_of_120_has_no_spread(vectors: Path) -> None:
    found = read(vectors / "special" / "wear_duplicates_weights.json")["constant_120_one_day"]
    told = averages(readings(trace([120] * found["n"])))
    assert (told.mean.value, told.sd.value, told.cv.value) == (found["mean"], found["sd"], found["cv"])
    assert gmi(found["mean"]) == pytest.approx(found["gmi"], abs=CLOSE)


def test_readings_weigh_the_minutes_that_they_stand_for(vectors: Path) -> None:
    found = read(vectors / "special" / "wear_duplicates_weights.json")["mixed_intervals"]
    told = weighed(found["mgdl"], found["minutes"])
    same_shares(ranges(told, classes(told)).value, found["percent_by_time"])
    assert averages(told).mean.value == pytest.approx(found["mean_by_time"], abs=CLOSE)
    even = weighed(found["mgdl"], [5] * 5)
    same_shares(ranges(even, classes(even)).value, found["percent_by_count"])
    assert averages(even).mean.value == pytest.approx(found["mean_by_count"], abs=CLOSE)


def test_tidepools_mixed_intervals_by_time(vectors: Path) -> None:
    """Their mean (132) and their first-to-last share (2.08, six readings of five minutes) count readings; ours
    weigh minutes."""
    found = read(vectors / "tidepool" / "viz_stat_vectors.json")["mixed_interval_time_in_ranges"]
    parts = [
        trace([value], start=instant(when), told=minutes, name=when)
        for when, value, minutes in found["readings"]
    ]
    one = readings(*parts, period=Period(instant("2018-02-01"), instant("2018-02-02")))
    minutes = found["day_one"]["minutes"]
    same_shares(
        ranges(one, classes(one)).value, {name: 100 * minutes[name] / minutes["total"] for name in NAMES}
    )
    assert averages(one).mean.value == pytest.approx(98.18181818181819, abs=CLOSE)
    period = Period(instant("2018-02-01"), instant("2018-02-15"))
    both = wear(readings(*parts, period=period), period, UTC)
    assert (both.minutes, both.readings) == (found["two_weeks"]["sensor_minutes"], 6)
    assert both.active_while_worn.value == pytest.approx(100 * 60 / 1445, abs=CLOSE)


# --------------------------------------------------------------------------------- wear, duplicates, days


WORN = (
    ("full_14_days", [120.0] * 4032),
    ("exactly_2823_of_4032", [120.0] * 2823),
    ("2822_of_4032", [120.0] * 2822),
    ("sensor_started_on_day_5", [None] * 1152 + [120.0] * 2880),
    ("two_readings_13_days_apart", [120.0] + [None] * 4030 + [120.0]),
)


@pytest.mark.parametrize(("name", "values"), WORN)
def test_wear_of_14_days(vectors: Path, name: str, values: list[float | None]) -> None:
    found = read(vectors / "special" / "wear_duplicates_weights.json")[name]
    period = Period(MONDAY, MONDAY + 14 * DAY)
    told = wear(readings(trace(values, told=5), period=period), period, UTC)
    assert told.active == pytest.approx(found.get("period_percent", found.get("percent")), abs=CLOSE)
    if "sufficient" in found:
        assert (not told.lacks) is found["sufficient"]
        return
    assert (told.readings, told.days) == (found["readings"], found["days_with_any_reading"])
    assert told.full_days == found["days_with_70_percent"]
    assert told.active_while_worn.value == pytest.approx(found["first_to_last_percent"], abs=CLOSE)


def test_duplicates_are_never_averaged(vectors: Path) -> None:
    found = read(vectors / "special" / "wear_duplicates_weights.json")["duplicates"]
    stamps, values = zip(*found["in"], strict=True)
    told = readings(at([instant(when) for when in stamps], [int(value) for value in values], step=5 * MINUTE))
    kept = list(zip(told.instants.tolist(), told.mg_dl.tolist(), strict=True))
    assert kept == [(instant(when), value) for when, value in found["kept"]]


def test_local_days_are_as_long_as_the_clocks_made_them(vectors: Path) -> None:
    found = read(vectors / "special" / "dst_and_periods.json")
    for day, hours in found["day_hours"].items():
        told = ZURICH.day(date.fromisoformat(day))
        assert (told.end - told.start) / (60 * MINUTE) == hours
    for season in ("spring", "autumn", "plain"):
        each = found[season]
        period = ZURICH.days(*(date.fromisoformat(each[key]) for key in ("first_day", "last_day")))
        for step, expected in each["expected_readings"].items():
            whole = at(np.arange(period.start, period.end, int(step) * MINUTE), [100] * int(expected))
            worn = wear(readings(whole, zones=ZURICH), period, ZURICH)
            assert (worn.active, worn.readings) == (100.0, expected)
            assert (worn.days, worn.full_days, worn.period_days) == (14, 14, 14.0)


# -------------------------------------------------------------------------------------------------- risk


def test_the_glycemia_risk_index_of_five_readings(vectors: Path) -> None:
    found = read(vectors / "special" / "wear_duplicates_weights.json")["gri"]
    for case in (found, found["agata_94"]):
        told = readings(trace(case["mgdl"]))
        shares = ranges(told, classes(told)).value
        assert shares is not None
        index, wanted = gri(shares), case["components"]
        assert (index.gri, index.hypo, index.hyper) == pytest.approx(
            (wanted["gri"], wanted["hypo_component"], wanted["hyper_component"]), abs=CLOSE
        )
        assert index.zone == wanted["zone"]


def test_tidepools_data_science_metrics(vectors: Path) -> None:
    """They round the mean to two decimals before the GMI; here nothing is rounded."""
    found = read(vectors / "tidepool" / "data_science_metrics.json")
    told, wanted = readings(trace(found["mgdl"])), found["expected"]
    shares, risks, average = ranges(told, classes(told)).value, indices(told), averages(told).mean.value
    assert shares is not None
    assert average is not None
    assert round(gmi(round(average, 2)), 4) == wanted["gmi_4_places"]
    assert risks.lbgi.value == pytest.approx(wanted["lbgi"], abs=5.1e-4)
    assert risks.hbgi.value == pytest.approx(wanted["hbgi"], abs=5.1e-4)
    assert round(shares.below, 2) == wanted["percent_below_70"]
    assert round(shares.very_low, 2) == wanted["percent_below_54"]
    assert round(shares.in_range) == wanted["percent_70_180_whole"]
    assert round(shares.above, 2) == wanted["percent_above_180"]
    assert round(shares.very_high, 2) == wanted["percent_above_250"]


# ---------------------------------------------------------------------------------------------- episodes

KINDS = {
    "hypo_level1": EpisodeKind.LOW,
    "hypo_level2": EpisodeKind.VERY_LOW,
    "hypo_extended": EpisodeKind.LOW_EXTENDED,
    "hyper_level1": EpisodeKind.HIGH,
    "hyper_level2": EpisodeKind.VERY_HIGH,
}


def found_in(told: Any) -> Episodes:
    """All episodes of these readings."""
    return episodes(told, classes(told))


def test_the_sixteen_cases_of_episodes(vectors: Path) -> None:
    cases = read(vectors / "special" / "event_vectors.json")["cases"]
    assert len(cases) == 16
    for name, case in cases.items():
        step = case["interval_minutes"]
        start = instant(case["start"])
        told = found_in(readings(trace(case["mgdl"], step, start, told=step)))
        for kind, wanted in case["events"].items():
            rows = [
                {
                    "start": stamp(each.start)[11:16],
                    "minutes": each.minutes,
                    "extreme": each.extreme,
                    "truncated": each.is_truncated,
                }
                for each in told[KINDS[kind]]
            ]
            assert rows == wanted, (name, kind)


def test_episodes_over_short_losses_bridge_them_where_agata_does_not(vectors: Path) -> None:
    """py_agata counts a lost reading as not low while the 15 minutes build up; here a loss is bridged."""
    found = read(vectors / "agata" / "event_vectors.json")
    told = found_in(readings(trace(found["case_1"]["mgdl"], start=instant(found["start"]), told=5)))
    lows, wanted = told[EpisodeKind.LOW], found["case_1"]["oracle_bridging_short_losses"]
    assert [stamp(each.start)[11:16] for each in lows] == wanted["start"]
    assert [each.minutes for each in lows] == wanted["minutes"]


def test_level_1_without_level_2(vectors: Path) -> None:
    """Its second episode is 170 minutes here, for the loss in it is bridged (agata: 150)."""
    found = read(vectors / "agata" / "event_vectors.json")
    case = found["case_2_levels"]
    told = found_in(readings(trace(case["mgdl"], start=instant(found["start"]), told=5)))
    assert [each.minutes for each in told[EpisodeKind.LOW]] == [20, 170, 15, 35]
    assert [each.minutes for each in told[EpisodeKind.LOW_ONLY]] == case["level1_only_minutes"]
    assert [each.minutes for each in told[EpisodeKind.VERY_LOW]] == case["level2_minutes"]


# ----------------------------------------------------------------------------------------------- pattern


def test_hour_bins_have_linear_percentiles(vectors: Path) -> None:
    found = read(vectors / "tidepool" / "viz_stat_vectors.json")["bins"]
    rows = found["readings_ms_since_midnight"]
    told = readings(at([MONDAY + when for when, _ in rows], [value for _, value in rows], step=1000))
    table = percentiles(told, found["bin_minutes"], (10, 25, 50, 75, 90))
    assert table[0].tolist() == pytest.approx(list(found["first_bin"].values()), abs=CLOSE)
    assert table[-1].tolist() == pytest.approx(list(found["last_bin"].values()), abs=CLOSE)
    assert np.isnan(table[1:-1]).all()
