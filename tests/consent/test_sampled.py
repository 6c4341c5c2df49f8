"""Chunks of a day hold exactly the permitted readings, against the slow oracle and the words of the design."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.consent.asked import Asked, DateTest, Grain, Kind, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.permit import OwnerPermit
from bridge.period import ALL, Period, PeriodSet
from bridge.reading import Flag, Stream
from bridge.store import ledger
from tests.consent import oracle
from tests.consent.test_exact import PREFIXES, Case, _passes, cases, edges, played
from tests.consent.world import CLINIC, DAY, HOUR, LIBRE, MINUTE, NOON, World, between, ids, opened, wish

SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
TOLERANCE = 30_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    found = opened(tmp_path_factory.mktemp("sampled"))
    with found.db:
        yield found


def chunks(found: Disclosure) -> list[dict[str, Any]]:
    """Every chunk of a disclosure in page order, column by column."""
    told: dict[int, dict[str, Any]] = {}
    for group in found.groups:
        assert group.is_sampled and group.stream is Stream.GLUCOSE and group.grain is Grain.RAW
        for row, at in enumerate(group.at.tolist()):
            told[at] = {name: values[row] for name, values in group.columns.items()}
            told[at] |= {"updated": int(group.last_updated[row]), "version": int(group.version[row])}
    assert sorted(told) == list(range(found.count))
    return [told[at] for at in sorted(told)]


def decoded(chunk: dict[str, Any]) -> list[tuple[int, int | str]]:
    """The samples as R4 reads them: one a period from the start on, E left out."""
    values, marks = chunk["samples"]
    found: list[tuple[int, int | str]] = []
    for place, (value, mark) in enumerate(zip(values.tolist(), marks.tolist(), strict=True)):
        at = int(chunk["instant"]) + place * int(chunk["period"])
        if mark & (Flag.LOW | Flag.HIGH):
            found.append((at, "L" if mark & Flag.LOW else "U"))
        elif not mark & Flag.NO_VALUE:
            found.append((at, value))
    return found


def shown(world: World, patient: int, permit: Any = CLINIC, **more: Any) -> list[dict[str, Any]]:
    return chunks(world.ask(permit, wish(patient, sampled=True, **more)))


def matches(told: Sequence[tuple[int, int | str]], true: Sequence[tuple[int, int | str]]) -> bool:
    """Whether each true reading is told once, at most the tolerance from its instant."""
    left = sorted(true)
    for at, value in sorted(told):
        near = [each for each in left if each[1] == value and abs(each[0] - at) <= TOLERANCE]
        if not near:
            return False
        left.remove(min(near, key=lambda each: abs(each[0] - at)))
    return not left


# --------------------------------------------------------------------------------------- the oracle


def permitted(known: oracle.World) -> list[tuple[int, int | str]]:
    """The raw sensor readings with an amount that may leave."""
    empty = {(each.series, each.instant) for each in known.readings if each.no_value}
    return [
        (item.start, item.value)
        for item in known.items()
        if item.stream == "glucose" and item.grain == 0 and (item.series, item.start) not in empty
    ]


@settings(max_examples=60, suppress_health_check=SLOW)
@given(case=cases, size=st.integers(1, 6))
def test_the_chunks_hold_exactly_what_the_oracle_permits(store: World, case: Case, size: int) -> None:
    patient, known = played(store, case)
    asked = wish(patient, way=Way(case.way), sampled=True)
    whole = store.ask(CLINIC, asked)
    told = chunks(whole)
    assert matches([each for chunk in told for each in decoded(chunk)], permitted(known))
    for chunk in told:
        start, end = int(chunk["instant"]), int(chunk["end"])
        assert oracle.local(start, known.zone).date() == oracle.local(end - 1, known.zone).date()
        assert is_open_throughout(known, start, end), "no chunk reaches over a hole"
    assert paged(store, asked, size) == ids(whole)
    assert len(set(ids(whole))) == len(ids(whole))
    for name in ids(whole)[:: max(1, whole.count // 5)]:
        one = store.ask(CLINIC, wish(patient, way=Way(case.way), ids=frozenset({name})))
        assert ids(one) == [name] and same(chunks(one)[0], told[ids(whole).index(name)])


def is_open_throughout(known: oracle.World, start: int, end: int) -> bool:
    """Whether somebody's sensor readings are permitted raw at every instant."""
    places = {start, end - 1, *(edge for edge in known.edges() if start <= edge < end)}
    sensors = [each for each in known.readings if each.stream == "glucose"]
    return all(any(known.grain_at(each, place) == 0 for each in sensors) for place in places)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(
        bool(np.array_equal(one[name][0], other[name][0]) and np.array_equal(one[name][1], other[name][1]))
        if name == "samples"
        else one[name] == other[name]
        for name in one
    )


def paged(world: World, asked: Asked, size: int) -> list[str]:
    found, after = list[str](), None
    while True:
        page = world.ask(CLINIC, replace(asked, limit=size, after=after))
        found += ids(page)
        if page.more is None:
            return found
        after = page.more


@settings(max_examples=40, suppress_health_check=SLOW)
@given(
    case=cases,
    tests=st.lists(st.tuples(st.sampled_from(PREFIXES), edges, st.sampled_from([1, HOUR, DAY])), max_size=2),
    size=st.integers(1, 6),
)
def test_a_date_finds_the_chunks_whose_time_it_means_whole(
    store: World, case: Case, tests: list[tuple[str, int, int]], size: int
) -> None:
    patient, _ = played(store, case)
    wide = store.ask(CLINIC, wish(patient, way=Way(case.way), sampled=True))
    spans = [oracle.Item(int(c["instant"]), "glucose", 0, 0, int(c["end"]), 0) for c in chunks(wide)]
    expected = [
        name
        for name, span in zip(ids(wide), spans, strict=True)
        if all(_passes(prefix, at, at + length, span) for prefix, at, length in tests)
    ]
    dates = tuple(DateTest(prefix, Period(at, at + length)) for prefix, at, length in tests)  # type: ignore[arg-type]
    asked = wish(patient, way=Way(case.way), sampled=True, dates=dates)
    found = store.ask(CLINIC, replace(asked, total=True))
    assert ids(found) == expected == paged(store, asked, size) and found.total == len(expected)
    by_name = dict(zip(ids(wide), chunks(wide), strict=True))
    assert all(same(chunk, by_name[name]) for name, chunk in zip(ids(found), chunks(found), strict=True))


# ------------------------------------------------------------------------------------- one day by hand


def grid(count: int, start: int = NOON - 12 * HOUR, step: int = 5 * MINUTE) -> list[tuple[int, int]]:
    return [(start + place * step, 100 + place) for place in range(count)]


DAY_START = NOON - 13 * HOUR  # midnight in Berlin


@pytest.fixture
def person(world: World) -> int:
    found = world.person()
    world.grant(found, between(NOON - 20 * DAY, NOON + 20 * DAY))
    return found


def test_a_steady_day_is_one_chunk(world: World, person: int) -> None:
    world.bring(person, grid(100))
    (chunk,) = shown(world, person)
    assert decoded(chunk) == grid(100) and chunk["period"] == 5 * MINUTE
    assert chunk["open"] and chunk["end"] == DAY_START + DAY


def test_a_day_that_is_over_is_closed_where_its_samples_end(world: World, person: int) -> None:
    world.bring(person, grid(100, NOON - 36 * HOUR))
    (chunk,) = shown(world, person)
    assert not chunk["open"] and chunk["end"] == chunk["instant"] + 100 * 5 * MINUTE


def test_jitter_stays_on_the_grid_and_a_drift_begins_a_new_chunk(world: World, person: int) -> None:
    jitter = [(at + (place % 3) * 1000, value) for place, (at, value) in enumerate(grid(60))]
    drift = [(at + 5_000 * place, value) for place, (at, value) in enumerate(grid(20, NOON - 60 * HOUR))]
    world.bring(person, [*jitter, *drift])
    told = shown(world, person)
    assert len(told) > 2 and len([c for c in told if c["instant"] >= DAY_START]) == 1
    assert matches([each for chunk in told for each in decoded(chunk)], [*jitter, *drift])


def test_a_scan_has_a_chunk_of_its_own_and_leaves_the_grid_whole(world: World, person: int) -> None:
    rows = [*grid(50), (grid(1)[0][0] + 7 * MINUTE + 11_000, 180)]
    flags = [Flag.SCAN if value == 180 else 0 for _, value in sorted(rows)]
    world.bring(person, rows, flags=flags)
    first, second = shown(world, person)
    assert decoded(first) == grid(50)
    assert decoded(second) == [rows[-1]] and second["end"] == rows[-1][0] + 1


def test_a_short_pause_is_marked_and_a_long_one_begins_a_new_chunk(world: World, person: int) -> None:
    rows = [*grid(10), *grid(10, grid(1)[0][0] + 80 * MINUTE), *grid(10, grid(1)[0][0] + 240 * MINUTE)]
    world.bring(person, rows)
    first, second = shown(world, person)
    assert [decoded(first), decoded(second)] == [rows[:20], rows[20:]]
    assert len(first["samples"][0]) == 26


def test_low_and_high_are_marks_beside_their_limits(world: World, person: int) -> None:
    flags = [0, Flag.LOW, Flag.LOW, Flag.HIGH, 0]
    rows = [
        (at, {Flag.LOW: 40, Flag.HIGH: 400}.get(Flag(flag), value))
        for (at, value), flag in zip(grid(5), flags, strict=True)
    ]
    world.bring(person, rows, flags=flags)
    (chunk,) = shown(world, person)
    assert [value for _, value in decoded(chunk)] == [100, "L", "L", "U", 104]
    assert (chunk["lower"], chunk["upper"]) == (40, 400)


def test_another_limit_is_another_chunk(world: World, person: int) -> None:
    rows = [(at, 40 if place < 3 else 39) for place, (at, _) in enumerate(grid(6))]
    world.bring(person, rows, flags=[Flag.LOW] * 3 + [Flag.LOW | Flag.INCLUSIVE] * 3)
    told = shown(world, person)
    assert [chunk["lower"] for chunk in told] == [40, 39]
    assert [bool(chunk["flags"] & Flag.INCLUSIVE) for chunk in told] == [False, True]


def test_readings_without_an_amount_are_gaps_and_alone_are_no_data(world: World, person: int) -> None:
    world.bring(person, grid(5), flags=[0, Flag.NO_VALUE, 0, 0, 0])
    (chunk,) = shown(world, person)
    assert [value for _, value in decoded(chunk)] == [100, 102, 103, 104] and not chunk[
        "flags"
    ] & Flag.NO_VALUE
    world.bring(person, grid(3, NOON - 60 * HOUR), flags=[Flag.NO_VALUE] * 3)
    (old, _) = shown(world, person)
    assert decoded(old) == [] and old["flags"] & Flag.NO_VALUE


def test_an_uncertain_time_is_never_in_a_certain_chunk(world: World, person: int) -> None:
    world.bring(person, grid(6), flags=[0, 0, 0] + [Flag.UNCERTAIN] * 3)
    told = shown(world, person)
    assert [bool(chunk["flags"] & Flag.UNCERTAIN) for chunk in told] == [False, True]


def test_tenths_stay_integers_of_their_scale(world: World, person: int) -> None:
    world.bring(person, [(at, 50 + place) for place, (at, _) in enumerate(grid(4, step=15 * MINUTE))], LIBRE)
    (chunk,) = shown(world, person)
    assert [value for _, value in decoded(chunk)] == [50, 51, 52, 53] and chunk["period"] == 15 * MINUTE


# ---------------------------------------------------------------------- names, versions, holes, entries


def test_a_chunk_keeps_its_name_while_it_grows_at_both_ends(world: World, person: int) -> None:
    world.bring(person, grid(20, NOON - 3 * HOUR))
    before = world.ask(CLINIC, wish(person, sampled=True))
    (old,) = chunks(before)
    world.clock.now += HOUR
    world.bring(person, [*grid(6, NOON - 3 * HOUR - 30 * MINUTE), *grid(3, NOON - 3 * HOUR + 100 * MINUTE)])
    after = world.ask(CLINIC, wish(person, sampled=True))
    (new,) = chunks(after)
    assert ids(before) == ids(after) and len(decoded(new)) == 29
    assert new["version"] > old["version"] and new["updated"] > old["updated"]


def test_a_chunk_is_closed_by_midnight_as_a_change(world: World, person: int) -> None:
    world.bring(person, grid(20, NOON - 3 * HOUR))
    (old,) = shown(world, person)
    world.clock.now = DAY_START + DAY + HOUR
    (new,) = shown(world, person)
    assert old["open"] and not new["open"]
    assert new["updated"] == DAY_START + DAY and new["version"] > old["version"]
    changed = DateTest("gt", Period(DAY_START + DAY - 1, DAY_START + DAY))
    assert len(shown(world, person, updated=(changed,))) == 1


def test_a_correction_is_told_and_a_reading_that_was_taken_back_is_a_gap(world: World, person: int) -> None:
    world.bring(person, grid(4, NOON - 60 * HOUR))
    (before,) = shown(world, person)
    world.clock.now += HOUR
    world.bring(person, [(grid(4, NOON - 60 * HOUR)[1][0], 150)])
    (corrected,) = shown(world, person)
    assert [value for _, value in decoded(corrected)] == [100, 150, 102, 103]
    assert not before["amended"] and corrected["amended"] and corrected["version"] > before["version"]
    world.clock.now += HOUR
    world.bring(person, grid(4, NOON - 60 * HOUR)[2:3], flags=[Flag.RETRACTED])
    (gap,) = shown(world, person)
    assert [value for _, value in decoded(gap)] == [100, 150, 103]
    world.clock.now += HOUR
    world.bring(person, grid(4, NOON - 60 * HOUR), flags=[Flag.RETRACTED] * 4)
    (gone,) = shown(world, person)
    assert decoded(gone) == [] and gone["flags"] & Flag.RETRACTED and gone["updated"] == world.clock.now


def test_holes_part_a_day_and_its_edges_are_told_to_the_millisecond(world: World) -> None:
    patient = world.person()
    world.bring(patient, grid(120))
    start = grid(1)[0][0]
    hole = Period(start + 3 * HOUR + 1, start + 4 * HOUR - 1)
    window = PeriodSet.between(start, start + 6 * HOUR) - PeriodSet((hole,))
    world.grant(patient, window)
    first, second = shown(world, patient)
    assert first["instant"] + 37 * 5 * MINUTE > first["end"] == hole.start
    assert second["instant"] == hole.end + 1 and second["end"] == start + 6 * HOUR
    true = [each for each in grid(120) if each[0] in window]
    assert [each for chunk in (first, second) for each in decoded(chunk)] == true


def test_means_are_never_chunks_and_nothing_is_open_without_a_grant(world: World) -> None:
    patient = world.person()
    world.bring(patient, grid(120))
    assert shown(world, patient) == []
    world.grant(patient, ALL, grain=Grain.HOUR)
    assert shown(world, patient) == []
    assert world.ask(CLINIC, wish(patient)).count > 5


def test_the_ledger_counts_readings_and_spans_them_all(world: World, person: int) -> None:
    world.bring(person, grid(100))
    asyncio.run(world.gate.disclose(CLINIC, wish(person, sampled=True)))
    row = ledger.disclosures(world.db, person)[-1]
    assert (row.fields["items"], row.fields["first"], row.fields["last"]) == (
        100,
        grid(1)[0][0],
        grid(100)[-1][0],
    )

    async def streamed() -> int:
        return sum([page.count async for page in world.gate.stream(CLINIC, wish(person, sampled=True), 1)])

    assert asyncio.run(streamed()) == 1
    assert ledger.disclosures(world.db, person)[-1].fields["items"] == 100


def test_a_device_that_may_not_be_named_is_not_named_by_a_chunk(world: World, person: int) -> None:
    world.bring(person, grid(30))
    assert [group.device for group in world.ask(CLINIC, wish(person, sampled=True)).groups] == [None]
    world.grant(person, ALL, kinds=frozenset({Kind.GLUCOSE, Kind.DEVICE}))
    (group,) = world.ask(CLINIC, wish(person, sampled=True)).groups
    assert group.device


def test_the_owner_sees_every_reading_in_chunks(world: World, person: int) -> None:
    world.bring(person, grid(300, NOON - 5 * DAY))
    told = shown(world, person, OwnerPermit(person))
    assert [each for chunk in told for each in decoded(chunk)] == grid(300, NOON - 5 * DAY)


def test_chunks_and_readings_are_both_found_by_id(world: World, person: int) -> None:
    world.bring(person, grid(30))
    chunk, reading = ids(world.ask(CLINIC, wish(person, sampled=True))), ids(world.ask(CLINIC, wish(person)))
    both = world.ask(CLINIC, wish(person, ids=frozenset({*chunk, reading[3]})))
    assert sorted(ids(both)) == sorted([*chunk, reading[3]]) and both.total == 2
    only = world.ask(CLINIC, wish(person, ids=frozenset({*chunk, reading[3]}), sampled=True))
    assert ids(only) == chunk
