"""Figures of five real people against the oracle, R iglu 4.3.0 and cgmguru 1.3.0; nothing of them is copied.

Law: equal to the oracle, whose formulas are ours; where iglu and cgmguru put readings on a grid first, the test
says how far that takes them, and does not chase their interpolation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridge.metrics.average import averages, gmi
from bridge.metrics.counting import unblocked
from bridge.metrics.episodes import EpisodeKind, episodes
from bridge.metrics.hours import parts_of_day
from bridge.metrics.pattern import pattern_of
from bridge.metrics.ranges import classes, ranges, tight
from bridge.metrics.risk import gri, indices
from bridge.metrics.trace import Counted, Trace
from bridge.metrics.variability import conga, j_index, modd
from bridge.metrics.wear import gaps, wear
from bridge.period import MINUTE, Period
from tests.metrics.made import UTC, at, readings
from tests.metrics.vectors import CLOSE, instant, read, same_shares, stamp

WHO = [f"Subject {number}" for number in range(1, 6)]
FIVE = 5 * MINUTE


@pytest.fixture(scope="session")
def people(vectors: Path) -> dict[str, Counted]:
    """All rows of each person, as readings of five minutes, without the black-out rule: as the oracle counts."""
    rows: dict[str, list[tuple[int, int]]] = {}
    for line in (vectors / "iglu" / "example_data_5_subject.csv").read_text().splitlines()[1:]:
        _, who, when, value = line.replace('"', "").split(",")
        rows.setdefault(who, []).append((instant(when), int(value)))
    return {
        who: _whole(at([when for when, _ in found], [value for _, value in found], step=1))
        for who, found in rows.items()
    }


def _whole(told: Trace) -> Counted:
    found = readings(told)
    assert len(found) == len(told.instants)
    return Counted(
        found.instants,
        np.full(len(found), FIVE),
        found.mg_dl,
        found.shown,
        found.is_molar,
        found.flags,
        found.offsets,
    )


@pytest.fixture(scope="session")
def oracle(vectors: Path) -> Any:
    """What the oracle found of each person."""
    return read(vectors / "oracle" / "oracle_results_5_subjects.json")["subjects"]


@pytest.mark.parametrize("who", WHO)
def test_averages_ranges_and_risks(people: dict[str, Counted], oracle: Any, who: str) -> None:
    told, wanted = people[who], oracle[who]
    average, shares, risks = averages(told), ranges(told, classes(told)).value, indices(told)
    assert shares is not None
    mean, spread = average.mean.value, average.sd.value
    assert mean == pytest.approx(wanted["mean"], abs=CLOSE)
    assert spread == pytest.approx(wanted["sd"], abs=CLOSE)
    assert average.cv.value == pytest.approx(wanted["cv"], abs=CLOSE)
    assert mean is not None
    assert spread is not None
    assert gmi(mean) == pytest.approx(wanted["gmi"], abs=CLOSE)
    assert j_index(mean, spread) == pytest.approx(wanted["j_index"], abs=CLOSE)
    same_shares(shares, wanted["percent"])
    assert (shares.below, shares.above) == pytest.approx((wanted["below_70"], wanted["above_180"]), abs=CLOSE)
    assert tight(told).value == pytest.approx(wanted["tight_70_140"], abs=CLOSE)
    assert risks.lbgi.value == pytest.approx(wanted["lbgi"], abs=CLOSE)
    assert risks.hbgi.value == pytest.approx(wanted["hbgi"], abs=CLOSE)
    assert risks.adrr.value == pytest.approx(wanted["adrr"], abs=CLOSE)
    index = gri(shares)
    assert index.gri == pytest.approx(wanted["gri"]["gri"], abs=CLOSE)
    assert index.zone == wanted["gri"]["zone"]


@pytest.mark.parametrize("who", WHO)
def test_wear_gaps_and_parts_of_the_day(people: dict[str, Counted], oracle: Any, who: str) -> None:
    told, wanted = people[who], oracle[who]
    period = Period(int(told.instants[0]), int(told.instants[-1]) + FIVE)
    worn = wear(told, period, UTC)
    assert worn.active_while_worn.value == pytest.approx(wanted["wear"]["first_to_last_percent"], abs=CLOSE)
    assert (worn.readings, worn.days) == (wanted["wear"]["readings"], wanted["wear"]["days_with_any_reading"])
    assert worn.full_days == wanted["wear"]["days_with_70_percent"]
    for gap, there in zip(gaps(told), wanted["gaps_30min"], strict=True):
        assert (stamp(gap.start - FIVE), stamp(gap.end)) == (there["last_reading"], there["next_reading"])
        assert (gap.end - gap.start) / MINUTE == pytest.approx(there["missing_minutes"], abs=0.0051)
    for part, name in zip(parts_of_day(told, classes(told)), ("night_00_06", "day_06_24"), strict=True):
        there = wanted["blocks"][name]
        assert part.readings == there["readings"]
        assert part.averages.mean.value == pytest.approx(there["mean"], abs=CLOSE)
        same_shares(part.ranges.value, there, "percent_")


KINDS = {
    EpisodeKind.LOW: "hypo_level1",
    EpisodeKind.VERY_LOW: "hypo_level2",
    EpisodeKind.LOW_EXTENDED: "hypo_extended",
    EpisodeKind.HIGH: "hyper_level1",
    EpisodeKind.VERY_HIGH: "hyper_level2",
}


@pytest.mark.parametrize("who", WHO)
def test_every_episode(people: dict[str, Counted], oracle: Any, who: str) -> None:
    told = episodes(people[who], classes(people[who]))
    for kind, name in KINDS.items():
        rows = [(stamp(e.start), stamp(e.end), e.extreme, e.is_truncated) for e in told[kind]]
        assert rows == [
            (e["start"], e["end"], e["extreme"], e["truncated"]) for e in oracle[who]["events"][name]
        ]


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("width", [15, 60])
def test_the_daily_pattern(people: dict[str, Counted], oracle: Any, who: str, width: int) -> None:
    told = pattern_of(people[who], width)
    wanted = oracle[who][f"pattern_{width}min_smoothed"]
    for row, there in zip(told.rows, wanted, strict=True):
        assert (row is None) == (there is None)
        assert row is None or row == pytest.approx(there, abs=CLOSE)


def test_the_black_out_rule_drops_one_reading_of_five_people(people: dict[str, Counted], oracle: Any) -> None:
    """Subject 4. The oracle's averages still hold it; a summary does not."""
    for who, told in people.items():
        kept = int(unblocked(told.instants, told.steps).sum())
        assert kept == oracle[who]["rows_after_dedupe"], who


def test_r_iglu_agrees_where_it_counts_raw_readings(people: dict[str, Counted], vectors: Path) -> None:
    """Its risk indices are of the factor 22.77 and differ by 3.6e-5."""
    found = read(vectors / "iglu" / "r_iglu_4.3.0_results.json")["results"]["example_data_5_subject"]
    for place, who in enumerate(WHO):
        told = people[who]
        risks, average = indices(told), averages(told)
        assert found["mean_glu"][place]["mean"] == pytest.approx(average.mean.value, abs=1e-9)
        assert found["sd_glu"][place]["SD"] == pytest.approx(average.sd.value, abs=1e-9)
        assert found["lbgi"][place]["LBGI"] == pytest.approx(risks.lbgi.value, rel=4e-5)
        assert found["hbgi"][place]["HBGI"] == pytest.approx(risks.hbgi.value, rel=4e-5)
        assert found["adrr"][place]["ADRR"] == pytest.approx(risks.adrr.value, rel=4e-5)


def test_r_iglus_grid_moves_modd_and_conga_a_little(people: dict[str, Counted], vectors: Path) -> None:
    found = read(vectors / "iglu" / "r_iglu_4.3.0_results.json")["results"]["example_data_5_subject"]
    for place, who in enumerate(WHO):
        assert found["modd"][place]["MODD"] == pytest.approx(modd(people[who]).value, rel=0.03), who
        assert found["conga"][place]["CONGA"] == pytest.approx(conga(people[who]).value, rel=0.03), who


def test_cgmguru_counts_the_same_episodes_but_two_of_its_interpolation(
    people: dict[str, Counted], vectors: Path
) -> None:
    found = read(vectors / "iglu" / "r_cgmguru_1.3.0_results.json")["subject_summary"]
    names = {
        EpisodeKind.LOW: "hypo_lv1",
        EpisodeKind.VERY_LOW: "hypo_lv2",
        EpisodeKind.LOW_EXTENDED: "hypo_extended",
        EpisodeKind.LOW_ONLY: "hypo_lv1_excl",
        EpisodeKind.HIGH: "hyper_lv1",
        EpisodeKind.VERY_HIGH: "hyper_lv2",
        EpisodeKind.HIGH_EXTENDED: "hyper_extended",
        EpisodeKind.HIGH_ONLY: "hyper_lv1_excl",
    }
    differences = {}
    for row in found:
        told = episodes(people[row["id"]], classes(people[row["id"]]))
        for kind, name in names.items():
            if (surplus := row[f"{name}_total_episodes"] - len(told[kind])) != 0:
                differences[row["id"], kind] = surplus
    assert differences == {
        ("Subject 2", EpisodeKind.HIGH): 1,
        ("Subject 2", EpisodeKind.HIGH_ONLY): 1,
        ("Subject 5", EpisodeKind.VERY_HIGH): 1,
        ("Subject 5", EpisodeKind.HIGH_ONLY): -1,
    }
