"""Episodes: made cases of the rules that no vector shows, and a plain loop over random glucose with losses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.metrics.episodes import RULES, Episode, EpisodeKind, Rule, episodes, of_rule
from bridge.metrics.ranges import classes
from bridge.metrics.trace import Counted
from bridge.period import DAY, MINUTE
from bridge.reading import Flag, Unit
from tests.metrics.made import MONDAY, ZURICH, at, readings, trace, weighed
from tests.metrics.vectors import instant


def of(told: Counted, kind: EpisodeKind) -> list[tuple[float, float, bool]]:
    """Start (minutes), length and whether truncated of each episode."""
    found = episodes(told, classes(told))[kind]
    return [((each.start - MONDAY) / MINUTE, each.minutes, each.is_truncated) for each in found]


def test_extended_high_is_ninety_minutes_in_total_inside_two_hours() -> None:
    """18 readings above 250 among 24; the dips to 200 are no recovery from it."""
    dips = [260] * 6 + [200] * 3 + [260] * 6 + [200] * 3 + [260] * 6
    told = readings(trace([100, *dips, *([200] * 6), *([170] * 3)], told=5))
    assert of(told, EpisodeKind.HIGH_EXTENDED) == [(5.0, 150.0, False)]
    assert len(of(told, EpisodeKind.VERY_HIGH)) == 3
    short = readings(trace([100, *dips[:-1], *([170] * 3)], told=5))
    assert of(short, EpisodeKind.HIGH_EXTENDED) == []


def test_a_one_minute_sensor_needs_fifteen_readings() -> None:
    for count, wanted in ((14, []), (15, [(1.0, 15.0, False)])):
        told = readings(trace([100, *([65] * count), *([100] * 20)], step=1, told=1))
        assert of(told, EpisodeKind.LOW) == wanted


def test_readings_of_different_times_add_up() -> None:
    told = weighed([100, 65, 65, 100, 100], [15, 5, 15, 15, 15])
    assert of(told, EpisodeKind.LOW) == [(15.0, 20.0, False)]


def test_lateness_of_seconds_makes_no_episode_shorter() -> None:
    late = [0, 300, 599, 900, 1200, 1500, 1800]
    told = readings(
        at([MONDAY + each * 1000 for each in late], [65, 65, 65, 100, 100, 100, 100], step=5 * MINUTE)
    )
    assert of(told, EpisodeKind.LOW) == [(0.0, 15.0, False)]


def test_low_without_a_number_is_an_episode_without_an_extreme() -> None:
    mark = int(Flag.LOW | Flag.NO_VALUE)
    told = readings(trace([0, 0, 0, 100, 100, 100], flags=[mark] * 3 + [0] * 3, told=5))
    (found,) = episodes(told, classes(told))[EpisodeKind.VERY_LOW]
    assert found == Episode(MONDAY, MONDAY + 15 * MINUTE, None, False)


def test_the_unit_changes_no_episode() -> None:
    mmol = readings(trace([5.5, 3.8, 3.9, 3.8, 3.8, 3.8, 5, 5, 5], unit=Unit.MMOL_L, told=5))
    mgdl = readings(trace([99, 69, 70, 69, 69, 69, 90, 90, 90], told=5))
    assert of(mmol, EpisodeKind.LOW) == of(mgdl, EpisodeKind.LOW) == [(15.0, 15.0, False)]


def test_an_episode_over_the_hour_that_came_twice_lasts_as_long_as_it_lasted() -> None:
    start = instant("2026-10-25T00:30:00")  # 02:30 for the first time; the clocks go back at 01:00 UTC
    told = readings(trace([65] * 12 + [100] * 3, start=start, told=5), zones=ZURICH)
    (found,) = episodes(told, classes(told))[EpisodeKind.LOW]
    assert (found.start, found.minutes) == (start, 60.0)


# -------------------------------------------------------------------------------- against a plain loop


def plainly(told: Counted, rule: Rule) -> list[tuple[int, int, bool]]:
    """The rules one reading at a time, as a person would."""
    found, kinds = [], classes(told).tolist()
    rows = list(zip(told.instants.tolist(), told.steps.tolist(), kinds, strict=True))
    pieces: list[list[tuple[int, int, int]]] = []
    for row in rows:
        if not pieces or row[0] - pieces[-1][-1][0] > 45 * MINUTE:
            pieces.append([])
        pieces[-1].append(row)
    for piece in pieces:
        at = 0
        while at < len(piece):
            if not _begins(piece, at, rule):
                at += 1
                continue
            stop = next((place for place in range(at, len(piece)) if _recovers(piece, place, rule)), None)
            inside = piece[at:stop]
            last = max(row[0] + row[1] for row in inside if row[2] in rule.beyond)
            found.append((piece[at][0], last if stop is None else piece[stop][0], stop is None))
            at = len(piece) if stop is None else stop
    return found


def _run(piece: list[tuple[int, int, int]], at: int, kinds: tuple[int, ...]) -> float:
    """How long the run lasts that begins here, ms; 0 where none begins."""
    if piece[at][2] not in kinds or (at and piece[at - 1][2] in kinds):
        return 0
    last = at
    while last + 1 < len(piece) and piece[last + 1][2] in kinds:
        last += 1
    step = piece[last][1]
    return (round((piece[last][0] - piece[at][0]) / step) + 1) * step


def _begins(piece: list[tuple[int, int, int]], at: int, rule: Rule) -> bool:
    if rule.within is None:
        length = _run(piece, at, rule.beyond)
        return length > rule.least if rule.is_more else length >= rule.least
    if piece[at][2] not in rule.beyond:
        return False
    window = [row for row in piece[at:] if row[0] < piece[at][0] + rule.within and row[2] in rule.beyond]
    return sum(row[1] for row in window) >= rule.least


def _recovers(piece: list[tuple[int, int, int]], at: int, rule: Rule) -> bool:
    return _run(piece, at, rule.recovered) >= 15 * MINUTE


STRETCHES = st.lists(
    st.tuples(st.sampled_from([50, 60, 100, 200, 260, None]), st.integers(1, 14)), max_size=25
)


@given(STRETCHES, st.sampled_from([1, 5, 15]))
def test_every_rule_finds_what_a_plain_loop_finds(stretches: list[tuple[int | None, int]], step: int) -> None:
    values = [value for value, count in stretches for _ in range(count * 5 // step + 1)]
    told = readings(trace(values, step=step, told=step))
    for kind, rule in RULES.items():
        found = of_rule(told, classes(told), rule)
        assert [(each.start, each.end, each.is_truncated) for each in found] == plainly(told, rule), kind


@given(STRETCHES)
def test_level_2_lies_inside_level_1_and_only_has_none(stretches: list[tuple[int | None, int]]) -> None:
    told = readings(trace([value for value, count in stretches for _ in range(count)], told=5))
    found = episodes(told, classes(told))
    for outer, inner, only in (
        (EpisodeKind.LOW, EpisodeKind.VERY_LOW, EpisodeKind.LOW_ONLY),
        (EpisodeKind.HIGH, EpisodeKind.VERY_HIGH, EpisodeKind.HIGH_ONLY),
    ):
        for each in found[inner]:
            assert any(other.start <= each.start < other.end for other in found[outer])
        holding = [o for o in found[outer] if any(o.start <= i.start < o.end for i in found[inner])]
        assert len(found[only]) + len(holding) == len(found[outer])


@given(
    st.lists(st.sampled_from([50, 65, 100, 200]), min_size=60, max_size=200),
    st.integers(0, 200),
)
def test_a_loss_of_an_hour_in_range_adds_no_episode(values: list[int], place: int) -> None:
    """A loss inside an episode may: what was one is two where more than 45 minutes are missing."""
    place = min(place, len(values))
    whole = [*values[:place], *([100] * 14), *values[place:]]
    holed = [*values[:place], 100, *([None] * 12), 100, *values[place:]]
    for kind in (EpisodeKind.LOW, EpisodeKind.VERY_LOW, EpisodeKind.HIGH):
        before, after = (len(of(readings(trace(each, told=5)), kind)) for each in (whole, holed))
        assert after <= before


def test_a_loss_inside_a_long_low_makes_two_of_it() -> None:
    told = readings(trace([100, *([60] * 12), *([None] * 12), *([60] * 12), 100, 100, 100], told=5))
    assert of(told, EpisodeKind.LOW) == [(5.0, 60.0, True), (125.0, 60.0, False)]


@pytest.mark.parametrize("kind", list(EpisodeKind))
def test_a_day_in_range_has_no_episode(kind: EpisodeKind) -> None:
    told = readings(at(MONDAY + np.arange(0, DAY, 5 * MINUTE), np.full(288, 70)))
    assert of(told, kind) == []
