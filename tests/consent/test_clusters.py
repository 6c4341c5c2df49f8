"""Copies of one event by several routes: which stay behind, whatever the order of import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bridge.consent.clusters import WIDEST, Track, shadowed
from bridge.period import MINUTE
from bridge.reading import BolusKind, Device, SeriesKey, SourceClass, Stream, Unit
from bridge.store.series import SeriesRow

NOON = 1_790_000_000_000
PUMP = Device("Medtronic", "MiniMed 780G", "NG1234567H", kind="pump")
OTHER_PUMP = Device("Medtronic", "MiniMed 780G", "NG7654321H", kind="pump")
LOOP = Device("", "loop://phone", kind="app")


def track(
    rows: Sequence[tuple[int, int, int]],
    number: int,
    source_class: SourceClass = SourceClass.MAKER,
    device: Device = PUMP,
    stream: Stream = Stream.BOLUS,
    unit: Unit = Unit.UNITS,
    scale: int = 2,
) -> Track:
    """(instant, value, kind) rows of one series."""
    rows = sorted(rows)
    key = SeriesKey(stream, f"family-{number}", device.serial, unit, scale)
    columns = np.array(rows, np.int64).reshape(-1, 3)
    kinds, grains = columns[:, 2].astype(np.uint16), np.zeros(len(rows), np.uint8)
    return Track(SeriesRow(number, key, device, source_class, 0), columns[:, 0], columns[:, 1], kinds, grains)


def shown(*tracks: Track) -> list[list[int]]:
    """Which instants of each track leave."""
    return [
        each.instants[~hidden].tolist() for each, hidden in zip(tracks, shadowed(list(tracks)), strict=True)
    ]


def test_a_dose_of_two_routes_leaves_once_whatever_they_call_it() -> None:
    pump = track([(NOON, 250, BolusKind.MEAL)], 1)
    loop = track([(NOON + 90_000, 250, BolusKind.RAPID)], 2, SourceClass.PROCESSED, LOOP)
    assert shown(pump, loop) == [[NOON], []]


def test_another_amount_or_a_later_dose_is_another_dose() -> None:
    pump = track([(NOON, 250, BolusKind.RAPID)], 1)
    loop = [(NOON + MINUTE, 251, BolusKind.RAPID), (NOON + 3 * MINUTE, 250, BolusKind.RAPID)]
    assert shown(pump, track(loop, 2, SourceClass.PROCESSED, LOOP))[1] == [NOON + MINUTE, NOON + 3 * MINUTE]


def test_long_acting_and_extended_doses_are_no_copies_of_a_rapid_one() -> None:
    pump = track([(NOON, 250, BolusKind.RAPID)], 1)
    typed = [(NOON, 250, BolusKind.LONG), (NOON + 1, 250, BolusKind.EXTENDED)]
    assert shown(pump, track(typed, 2, SourceClass.TYPED, Device()))[1] == [NOON, NOON + 1]


def test_doses_of_two_pumps_stay_two() -> None:
    one = track([(NOON, 250, BolusKind.RAPID)], 1)
    two = track([(NOON, 250, BolusKind.RAPID)], 2, device=OTHER_PUMP)
    assert shown(one, two) == [[NOON], [NOON]]


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.integers(1, 400)), max_size=30, unique_by=lambda each: each[0]
    ),
    st.lists(st.integers(-110_000, 110_000), min_size=30, max_size=30),
)
def test_copies_by_three_routes_leave_as_often_as_the_best_route_told_them(
    doses: list[tuple[int, int]], late: list[int]
) -> None:
    vendor = [(NOON + slot * 10 * MINUTE, amount, int(BolusKind.RAPID)) for slot, amount in doses]
    follower = [(at + late[place], amount, kind) for place, (at, amount, kind) in enumerate(vendor)]
    loop = [(at - late[-1 - place], amount, kind) for place, (at, amount, kind) in enumerate(vendor)][::2]
    tracks = [
        track(vendor, 3),
        track(follower, 1, SourceClass.FOLLOWER, LOOP),
        track(loop, 2, SourceClass.PROCESSED, LOOP),
    ]
    for order in permutations(range(3)):
        found = shown(*(tracks[place] for place in order))
        assert [found[order.index(place)] for place in range(3)] == [
            sorted(at for at, _, _ in vendor),
            [],
            [],
        ]


def test_two_equal_doses_within_two_minutes_are_not_hidden_by_one_copy() -> None:
    pump = track([(NOON, 50, BolusKind.RAPID)], 1)
    loop = [(NOON, 50, BolusKind.RAPID), (NOON + 90_000, 50, BolusKind.RAPID)]
    assert shown(pump, track(loop, 2, SourceClass.PROCESSED, LOOP)) == [[NOON], [NOON + 90_000]]


def test_a_route_whose_clock_is_late_tells_nothing_twice() -> None:
    pump = [(NOON + place * 3 * MINUTE, 50, int(BolusKind.RAPID)) for place in range(6)]
    loop = [(at + 100_000, amount, kind) for at, amount, kind in pump]
    found = shown(track(pump, 1), track(loop, 2, SourceClass.PROCESSED, LOOP))
    assert found == [[at for at, _, _ in pump], []]


def test_two_strips_of_a_minute_are_two_where_the_meter_and_the_app_tell_both() -> None:
    strips = [(NOON, 104, 0), (NOON + 40_000, 104, 0)]
    meter = track(strips, 1, device=Device(), stream=Stream.CAPILLARY, unit=Unit.MG_DL, scale=0)
    app = track(strips, 2, SourceClass.TYPED, Device(), Stream.CAPILLARY, Unit.MG_DL, 0)
    assert shown(meter, app) == [[NOON, NOON + 40_000], []]


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3), st.lists(st.lists(st.integers(0, 119_000), max_size=4), min_size=3, max_size=3)
        ),
        max_size=12,
    )
)
def test_each_event_leaves_as_often_as_the_route_that_told_it_most(
    events: list[tuple[int, list[list[int]]]],
) -> None:
    """An event is some equal doses within two minutes, of which each route tells some."""
    told: list[list[tuple[int, int, int]]] = [[], [], []]
    for slot, (amount, routes) in enumerate(events):
        for route, stamps in enumerate(routes):
            told[route] += [
                (NOON + slot * 10 * MINUTE + at, amount, int(BolusKind.RAPID)) for at in sorted(stamps)
            ]
    tracks = [
        track(told[0], 3),
        track(told[1], 1, SourceClass.FOLLOWER, LOOP),
        track(told[2], 2, SourceClass.PROCESSED, LOOP),
    ]
    for order in permutations(range(3)):
        left = sorted(at for some in shown(*(tracks[place] for place in order)) for at in some)
        slots = [(at - NOON) // (10 * MINUTE) for at in left]
        assert [slots.count(slot) for slot in range(len(events))] == [
            max(len(stamps) for stamps in routes) for _, routes in events
        ]


@given(st.sets(st.integers(0, 60), min_size=12), st.sets(st.integers(0, 60), min_size=12))
def test_what_is_further_away_than_the_reach_decides_nothing(ours: set[int], theirs: set[int]) -> None:
    """Chains of equal doses, minute after minute: a page that reads only what is near says the same."""

    def left(low: int, high: int) -> list[int]:
        rows = [
            [(NOON + m * MINUTE, 50, int(BolusKind.RAPID)) for m in told if low <= m * MINUTE <= high]
            for told in (ours, theirs)
        ]
        return shown(track(rows[1], 1), track(rows[0], 2, SourceClass.PROCESSED, LOOP))[1]

    whole = left(0, 60 * MINUTE)
    for at in ours:
        near = left(at * MINUTE - WIDEST, at * MINUTE + WIDEST)
        assert (NOON + at * MINUTE in near) == (NOON + at * MINUTE in whole)


def smoothed(values: Sequence[int], number: int, name: str, family: str = "companion") -> Track:
    """Glucose each five minutes from noon on, in a series of that device name."""
    rows = [(NOON + place * 5 * MINUTE, value, 0) for place, value in enumerate(values)]
    one = track(rows, number, SourceClass.PROCESSED, Device("Senseonics"), Stream.GLUCOSE, Unit.MG_DL, 0)
    key = replace(one.series.key, family=family, device=name)
    return replace(one, series=replace(one.series, key=key))


def test_a_smoothed_copy_stays_behind_what_the_sensor_said_whatever_was_stored_first() -> None:
    own, copy = smoothed([116, 109], 2, "eversense"), smoothed([112, 112, 110], 1, "eversense/smoothed")
    assert shown(own, copy) == [[NOON, NOON + 5 * MINUTE], [NOON + 10 * MINUTE]]
    assert shown(copy, own) == [[NOON + 10 * MINUTE], [NOON, NOON + 5 * MINUTE]]


def test_a_smoothed_series_of_another_source_is_joined_by_its_values_alone() -> None:
    own, copy = smoothed([116, 109], 1, "eversense"), smoothed([112, 110], 2, "eversense/smoothed", "other")
    assert shown(own, copy) == [[NOON, NOON + 5 * MINUTE], [NOON]]
