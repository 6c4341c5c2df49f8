"""The algebra of periods against sets of small integers, and days against the calendar of zoneinfo."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.period import (
    ALL,
    BEGINNING,
    DAY,
    EMPTY,
    END_OF_TIME,
    HOUR,
    MINUTE,
    Period,
    PeriodSet,
    ZoneHistory,
    iso,
    spelled,
)

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "UTC",
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def periods() -> st.SearchStrategy[Period]:
    return st.tuples(st.integers(-40, 40), st.integers(1, 12)).map(lambda p: Period(p[0], p[0] + p[1]))


def sets() -> st.SearchStrategy[PeriodSet]:
    return st.lists(periods(), max_size=6).map(lambda found: PeriodSet.of(*found))


def members(periods: PeriodSet) -> set[int]:
    return {t for p in periods for t in range(p.start, p.end)}


@given(sets(), sets())
def test_the_algebra_of_period_sets_is_the_algebra_of_their_instants(a: PeriodSet, b: PeriodSet) -> None:
    assert members(a | b) == members(a) | members(b)
    assert members(a & b) == members(a) & members(b)
    assert members(a - b) == members(a) - members(b)
    assert (a == b) == (members(a) == members(b))


@given(sets())
def test_a_set_and_its_complement_share_nothing_and_make_all_time(a: PeriodSet) -> None:
    assert a & ~a == EMPTY
    assert a | ~a == ALL
    assert ~~a == a


@given(sets(), st.lists(st.integers(-60, 60)))
def test_a_mask_says_of_each_instant_whether_it_is_a_member(a: PeriodSet, instants: list[int]) -> None:
    expected = [t in members(a) for t in instants]
    assert a.mask(np.array(instants, np.int64)).tolist() == expected
    assert [t in a for t in instants] == expected


@given(sets(), st.lists(st.tuples(st.integers(-60, 60), st.integers(0, 9))))
def test_a_span_is_covered_only_inside_one_period(a: PeriodSet, spans: list[tuple[int, int]]) -> None:
    starts = np.array([s for s, _ in spans], np.int64)
    ends = np.array([s + n for s, n in spans], np.int64)
    expected = [set(range(s, s + n + 1)) <= members(a) for s, n in spans]
    assert a.covers_mask(starts, ends).tolist() == expected


@given(sets(), st.integers(0, 5))
def test_widening_reaches_exactly_the_margin_on_both_sides(a: PeriodSet, margin: int) -> None:
    expected = {t + d for t in members(a) for d in range(-margin, margin + 1)}
    assert members(a.widened(margin)) == expected


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="must end after"):
        Period(5, 5)


@given(st.sampled_from(ZONES), st.integers(0, 2_000_000_000))
def test_an_offset_is_the_one_of_the_zone_at_that_instant(name: str, second: int) -> None:
    when = datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(name))
    offset = when.utcoffset()
    assert offset is not None
    assert ZoneHistory.always(name).offset(second * 1000) == offset // timedelta(minutes=1)


@given(st.sampled_from(ZONES), st.integers(0, 2_000_000_000))
def test_a_wall_time_resolves_to_its_first_pass_and_names_the_second(name: str, second: int) -> None:
    info, wall = ZoneInfo(name), datetime(1970, 1, 1) + timedelta(seconds=second)
    first, later = (int(wall.replace(tzinfo=info, fold=f).timestamp() * 1000) for f in (0, 1))
    found = ZoneHistory.always(name).resolve(np.array([second * 1000], np.int64))
    assert found.instants[0] == first
    assert bool(found.ambiguous[0]) == (later > first)
    assert found.later[0] == max(0, later - first)
    assert bool(found.skipped[0]) == (later < first)


@given(st.sampled_from(ZONES), st.dates(date(1975, 1, 1), date(2037, 1, 1)))
def test_the_days_of_a_zone_touch_and_never_overlap(name: str, day: date) -> None:
    zones = ZoneHistory.always(name)
    today, tomorrow = zones.day(day), zones.day(day + timedelta(days=1))
    assert today.end == tomorrow.start
    assert zones.local_date(today.start) == day
    assert zones.local_date(today.end - 1) == day


def test_a_day_with_a_clock_change_has_23_or_25_hours() -> None:
    zones = ZoneHistory.always("Europe/Berlin")
    hours = [(p.end - p.start) / HOUR for p in (zones.day(date(2026, 3, 29)), zones.day(date(2026, 10, 25)))]
    assert hours == [23, 25]


def test_after_travel_the_new_zone_holds() -> None:
    moved = int((datetime(2026, 7, 3, 12, tzinfo=UTC) - EPOCH).total_seconds() * 1000)
    zones = ZoneHistory(((BEGINNING, "Europe/Berlin"), (moved, "America/New_York")))
    assert (zones.offset(moved - 1), zones.offset(moved)) == (120, -240)
    day = zones.day(date(2026, 7, 3))
    assert day.end - day.start == DAY + 6 * HOUR


def test_an_unknown_zone_is_named_in_the_error() -> None:
    with pytest.raises(ValueError, match="Mars/Olympus"):
        ZoneHistory.always("Mars/Olympus")


@pytest.mark.parametrize(
    ("text", "start", "length"),
    [
        ("2026-03-29", "2026-03-28T23:00:00Z", 23 * HOUR),
        ("2026-02", "2026-01-31T23:00:00Z", 28 * DAY),
        ("2026", "2025-12-31T23:00:00Z", 365 * DAY),
        ("2026-03-01T08:00", "2026-03-01T07:00:00Z", MINUTE),
        ("2026-03-01T08:00:05Z", "2026-03-01T08:00:05Z", 1000),
        ("2026-03-01T08:00:05.25+02:00", "2026-03-01T06:00:05.250Z", 10),
    ],
)
def test_a_fhir_date_names_all_the_instants_of_its_precision(text: str, start: str, length: int) -> None:
    period = spelled(text, ZoneHistory.always("Europe/Berlin"))
    assert (iso(period.start), period.end - period.start) == (start, length)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "2026-02-30", "26-01-01", "2026-01-01T25:00"]
)
def test_what_is_no_date_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        spelled(text, ZoneHistory.always("UTC"))


@given(st.integers(-(10**12), 4 * 10**12), st.integers(-14 * 60, 14 * 60))
def test_an_instant_is_written_and_read_back_unchanged(instant: int, offset: int) -> None:
    text = iso(instant, offset)
    assert spelled(text, ZoneHistory.always("UTC")).start == instant


def test_all_time_holds_what_ids_can_name() -> None:
    assert BEGINNING in ALL
    assert END_OF_TIME - 1 in ALL
