"""Means: aligned to the clock, whole or not at all, and frozen as their recipient holds them."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.consent import grants
from bridge.consent.asked import Asked, DateTest, Grain, Selector, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.grant import Recipient
from bridge.consent.permit import RecipientPermit
from bridge.metrics.buckets import edges, means
from bridge.period import DAY, HOUR, MINUTE, Instant, Period, ZoneHistory
from bridge.reading import Flag, SourceClass, Stream
from bridge.store import published
from bridge.store.blocks import withdraw
from bridge.store.patients import add_zone
from tests.consent.world import CLARITY, CLINIC, NOON, World, between, every, ids, items, wish

TEN = NOON - DAY - 2 * HOUR  # 10:00Z of the day before, 11:00 in Berlin
SPAN = between(NOON - 2 * DAY, NOON)


def hourly(world: World, patient: int) -> None:
    world.grant(patient, SPAN, grain=Grain.HOUR)


def told(disclosure: Disclosure) -> list[tuple[Instant, int, int, int]]:
    """(start, value, count, version) of every mean."""
    (group,) = disclosure.groups
    columns = (group.columns["instant"], group.columns["value"], group.columns["count"], group.version)
    return [tuple(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def spread(values: list[int], start: Instant = TEN, step: int = 5 * MINUTE) -> list[tuple[Instant, int]]:
    return [(start + i * step, value) for i, value in enumerate(values)]


def test_a_mean_says_its_span_count_and_what_was_out_of_range(world: World) -> None:
    patient = world.person()
    flags = [int(Flag.LOW), 0, 0, int(Flag.NO_VALUE)]
    world.bring(patient, spread([39, 100, 102, 0]), flags=flags)
    hourly(world, patient)
    found = world.ask(CLINIC, wish(patient))
    (group,) = found.groups
    columns = {name: values.tolist() for name, values in group.columns.items()}
    assert (group.grain, columns["instant"], columns["end"]) == (Grain.HOUR, [TEN], [TEN + HOUR])
    assert (columns["value"], columns["count"], columns["expected"], columns["off_scale"]) == (
        [80],
        [3],
        [12],
        [1],
    )
    assert group.device is None
    assert "trend" not in columns


def test_fewer_than_three_readings_make_no_mean(world: World) -> None:
    patient = world.person()
    world.bring(patient, spread([100, 101]))
    hourly(world, patient)
    assert world.ask(CLINIC, wish(patient)).count == 0
    world.bring(patient, spread([102], TEN + HOUR - 1))
    assert told(world.ask(CLINIC, wish(patient))) == [(TEN, 101, 3, 0)]


def test_a_bucket_is_told_when_it_is_over(world: World) -> None:
    patient = world.person()
    world.bring(patient, spread([100] * 11, NOON))
    world.grant(patient, between(NOON, NOON + DAY), grain=Grain.HOUR)
    world.clock.now = NOON + HOUR - 1
    assert world.ask(CLINIC, wish(patient)).count == 0
    world.clock.now = NOON + HOUR
    (group,) = world.ask(CLINIC, wish(patient)).groups
    assert group.last_updated.tolist() == [NOON + HOUR]


@pytest.mark.parametrize("late", [1, 2])
def test_a_mean_that_left_stays_until_three_more_arrived(world: World, late: int) -> None:
    patient = world.person()
    world.bring(patient, spread([100] * 6))
    hourly(world, patient)
    first = world.ask(CLINIC, wish(patient))
    assert told(first) == [(TEN, 100, 6, 0)]
    world.clock.now += HOUR
    world.bring(patient, spread([300] * late, TEN + 30 * MINUTE))
    again = world.ask(CLINIC, wish(patient))
    assert told(again) == [(TEN, 100, 6, 0)]
    assert again.last_updated == first.last_updated
    world.clock.now += HOUR
    world.bring(patient, spread([300] * (3 - late), TEN + 50 * MINUTE))
    anew = world.ask(CLINIC, wish(patient))
    assert told(anew) == [(TEN, 167, 9, 1)]
    assert anew.last_updated == world.clock.now
    assert ids(anew) == ids(first)


def test_means_that_were_kept_before_it_was_kept_when_they_left_are_read(world: World) -> None:
    box, shelf = world.db.keys.box(world.person()), published.Shelf(1, "Clinic", 0, int(Grain.HOUR))
    rows = np.array([[TEN, TEN + HOUR, 100, 6, 12, 0, NOON, 2]], np.int64)
    sealed = box.seal(zlib.compress(rows.tobytes(), 1), published._aad(shelf, 7))
    assert published._opened(box, shelf, 7, sealed).tolist() == [[*rows[0].tolist(), NOON]]


def test_two_requests_at_once_are_told_the_same_mean(world: World) -> None:
    patient = world.person()
    world.bring(patient, spread([100] * 6))
    hourly(world, patient)

    async def ask() -> list[Disclosure]:
        first = asyncio.ensure_future(world.gate.disclose(CLINIC, wish(patient)))
        await asyncio.sleep(0)  # decided, not committed
        world.bring(patient, spread([300], TEN + 40 * MINUTE))
        second = asyncio.ensure_future(world.gate.disclose(CLINIC, wish(patient)))
        return list(await asyncio.gather(first, second))

    first, second = asyncio.run(ask())
    assert told(first) == told(second) == [(TEN, 100, 6, 0)]


def test_each_recipient_holds_its_own_means(world: World) -> None:
    patient = world.person()
    world.bring(patient, spread([100] * 6))
    hourly(world, patient)
    world.grant(patient, SPAN, grain=Grain.HOUR, recipient=Recipient("Lab", frozenset()))
    world.ask(CLINIC, wish(patient))
    world.bring(patient, spread([300], TEN + 40 * MINUTE))
    lab = RecipientPermit("lab", "Lab", "TREAT", "t", NOON + DAY)
    assert told(world.ask(lab, wish(patient))) == [(TEN, 129, 7, 0)]
    assert told(world.ask(CLINIC, wish(patient))) == [(TEN, 100, 6, 0)]


def test_a_mean_of_readings_that_were_somebody_elses_is_taken_back(world: World) -> None:
    patient = world.person()
    mine = world.bring(patient, spread([100] * 2))
    wrong = world.bring(patient, spread([300] * 6, TEN + 20 * MINUTE))
    hourly(world, patient)
    assert told(world.ask(CLINIC, wish(patient))) == [(TEN, 250, 8, 0)]
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong.artifact)
    (group,) = world.ask(CLINIC, wish(patient)).groups
    assert group.columns["flags"].tolist() == [int(Flag.RETRACTED)]
    assert (group.columns["value"].tolist(), group.version.tolist()) == ([0], [1])
    assert mine.artifact != wrong.artifact
    lab = RecipientPermit("lab", "Lab", "TREAT", "t", NOON + DAY)
    world.grant(patient, SPAN, grain=Grain.HOUR, recipient=Recipient("Lab", frozenset()))
    assert world.ask(lab, wish(patient)).count == 0


@pytest.mark.parametrize("left", [6, 0])
def test_who_polls_is_told_of_a_mean_whose_readings_went(world: World, left: int) -> None:
    patient = world.person()
    if left:
        world.bring(patient, spread([100] * left))
    wrong = world.bring(patient, spread([300] * 6, TEN + 30 * MINUTE))
    hourly(world, patient)
    (before,) = told(world.ask(CLINIC, wish(patient)))
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong.artifact)
    went = world.clock.now
    world.clock.now += HOUR
    (group,) = world.ask(CLINIC, since(went, patient)).groups
    assert group.last_updated.tolist() == [went]
    assert (group.columns["value"].tolist(), group.version.tolist()) == (
        [100 if left else 0],
        [before[3] + 1],
    )
    assert bool(group.columns["flags"][0] & Flag.RETRACTED) is not bool(left)
    assert world.ask(CLINIC, since(went + 1, patient)).count == 0


def test_a_mean_that_was_taken_back_is_told_anew_when_its_readings_are_back(world: World) -> None:
    """Copies of a better route come and go."""
    patient, rows = world.person(), spread([100] * 6)
    world.bring(patient, rows, source_class=SourceClass.FOLLOWER)
    hourly(world, patient)
    (name,) = ids(world.ask(CLINIC, wish(patient)))
    world.clock.now += HOUR
    copies = world.bring(patient, rows, replace(CLARITY, family="libreview"))
    at = world.clock.now
    world.clock.now += HOUR
    assert flagged(world.ask(CLINIC, since(at, patient)))[name] == (int(Flag.RETRACTED), 1)
    world.clock.now += HOUR
    withdraw(world.db, patient, copies.artifact)
    at = world.clock.now
    world.clock.now += HOUR
    assert flagged(world.ask(CLINIC, since(at, patient)))[name] == (0, 2)


def flagged(disclosure: Disclosure) -> dict[str, tuple[int, int]]:
    """Flags and version of every mean, by id."""
    rows: dict[int, tuple[int, int]] = {}
    for group in disclosure.groups:
        pairs = zip(group.columns["flags"].tolist(), group.version.tolist(), strict=True)
        rows.update(zip(group.at.tolist(), pairs, strict=True))
    return {name: rows[place] for place, name in enumerate(ids(disclosure))}


def since(at: Instant, patient: int) -> Asked:
    return wish(patient, updated=(DateTest("ge", Period(at, at + 1)),), retractions=True)


def test_a_corrected_zone_does_not_slide_the_buckets_that_were_told(world: World) -> None:
    patient = world.person()
    world.bring(patient, spread([100 + i for i in range(48)]))
    hourly(world, patient)
    before = told(
        world.ask(CLINIC, wish(patient, dates=(DateTest("lt", Period(TEN + 2 * HOUR, TEN + DAY)),)))
    )
    assert [start for start, *_ in before] == [TEN, TEN + HOUR]
    add_zone(world.db, patient, "Asia/Kolkata", NOON - 10 * DAY)  # half an hour aside
    after = told(world.ask(CLINIC, wish(patient)))
    assert after == [*before, (TEN + 150 * MINUTE, 136, 12, 0), (TEN + 210 * MINUTE, 145, 6, 0)]


def test_a_day_of_twenty_three_hours_is_one_day() -> None:
    zones = ZoneHistory.always("Europe/Berlin")
    noon = 1_774_778_400_000  # 2026-03-29T10:00Z
    starts, ends, exists = edges(np.array([noon], np.int64), DAY, zones)
    assert exists.all()
    assert int((ends - starts)[0]) == 23 * HOUR


def test_no_bucket_where_the_clock_was_set_by_half_a_bucket() -> None:
    zones = ZoneHistory.always("Australia/Lord_Howe")
    change = 1_759_591_800_000  # 2025-10-04T15:30Z: 02:00 becomes 02:30
    _, _, exists = edges(np.array([change - MINUTE, change, change + 45 * MINUTE], np.int64), HOUR, zones)
    assert exists.tolist() == [True, False, True]


def test_rounding_is_half_up_and_exact() -> None:
    starts, ends = np.zeros(4, np.int64), np.full(4, HOUR, np.int64)
    found = means(starts, ends, np.array([1, 2, 1, 2]), np.zeros(4, np.uint16), np.zeros(4, np.int64), MINUTE)
    assert (found.value.tolist(), found.count.tolist()) == ([2], [4])


def test_means_are_found_by_their_own_grain_alone(world: World) -> None:
    patient = world.person()
    world.bring(patient, every(5, 288, start=NOON - 2 * DAY))
    hourly(world, patient)
    for grain, count in ((Grain.RAW, 0), (Grain.HOUR, 24), (None, 24)):
        asked = wish(patient, selectors=frozenset({Selector(Stream.GLUCOSE, None, grain)}))
        assert world.ask(CLINIC, asked).count == count


# --------------------------------------------------------------- nothing shorter than a block by subtraction


def held(disclosure: Disclosure) -> tuple[set[tuple[Instant, Instant]], set[Instant]]:
    """The buckets and the single readings that a recipient has."""
    buckets, raw = set(), set()
    for group in disclosure.groups:
        instants = group.columns["instant"].tolist()
        if group.grain is Grain.RAW:
            raw |= set(instants)
        else:
            buckets |= set(zip(instants, group.columns["end"].tolist(), strict=True))
    return buckets, raw


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plan=st.lists(
        st.tuples(
            st.integers(0, 60),
            st.integers(1, 40),
            st.sampled_from([0, 7, 20]),
            st.sampled_from([Grain.RAW, Grain.QUARTER_HOUR, Grain.HOUR, Grain.DAY]),
            st.booleans(),
        ),
        min_size=2,
        max_size=4,
    ),
    gap=st.integers(0, 400),
)
def test_nothing_shorter_than_a_block_can_be_had_by_subtraction(
    world: World, plan: list[tuple[int, int, int, Grain, bool]], gap: int
) -> None:
    """Grants come one after the other, some end, none is finer than one before it; after each the recipient
    keeps what it gets. What it holds must be apart: buckets equal or disjoint, and each either without any
    single reading that it holds or with all of them."""
    world.clock.now = NOON
    patient = world.person()
    start = NOON - 3 * DAY
    rows = [row for i, row in enumerate(every(5, 3 * 288 - 13, start=start)) if not gap <= i < gap + 11]
    world.bring(patient, rows)
    buckets, raw = set[tuple[Instant, Instant]](), set[Instant]()
    for first, hours, minutes, grain, stays in sorted(plan, key=lambda each: each[3]):
        low = start + first * HOUR + minutes * MINUTE
        grant = world.grant(patient, between(low, low + hours * HOUR), grain=grain).grant
        world.clock.now += HOUR
        more, single = held(world.ask(CLINIC, wish(patient)))
        buckets, raw = buckets | more, raw | single
        if not stays:
            grants.revoke(world.db, grant.id)
    spans = sorted(buckets)
    assert all(one[1] <= two[0] for one, two in pairwise(spans))
    for low, high in spans:
        inside = {instant for instant, _ in rows if low <= instant < high}
        assert len(inside) >= 3
        assert not inside & raw or inside <= raw


def test_a_page_of_means_is_a_part_of_all_means(world: World) -> None:
    patient = world.person()
    world.bring(patient, every(5, 2000, start=NOON - 8 * DAY))
    world.grant(patient, between(NOON - 8 * DAY, NOON), grain=Grain.HOUR)
    asked: Asked = wish(patient)
    whole = items(world.ask(CLINIC, asked))
    found, after = [], None
    while True:
        page = world.ask(CLINIC, replace(asked, limit=10, after=after))
        found += items(page)
        after = page.more
        if after is None:
            break
    assert found == whole


def test_a_mean_that_left_in_bulk_is_no_error_where_its_readings_leave_as_they_are(world: World) -> None:
    patient = world.person()
    world.bring(patient, spread([100] * 12))
    hourly(world, patient)
    assert told(world.ask(CLINIC, wish(patient, way=Way.BULK))) == [(TEN, 100, 12, 0)]
    sources = frozenset({CLARITY.family})
    world.grant(patient, SPAN, ways=frozenset({Way.LOOK}), sources=sources)
    (group,) = world.ask(CLINIC, wish(patient)).groups
    assert (group.grain, len(group.at)) == (Grain.RAW, 12)
    assert told(world.ask(CLINIC, wish(patient, way=Way.BULK))) == [(TEN, 100, 12, 0)]
