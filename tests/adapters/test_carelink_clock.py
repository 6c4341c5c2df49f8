"""CareLink: a pump's own clock, which hands move, and basal delivery between the rows that change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from bridge.adapters import Decoded
from bridge.mapping import Mappings
from bridge.period import HOUR, MINUTE
from bridge.reading import BasalKind, EventKind, Flag, ModeKind, Readings, Stream, Unit, Witness
from tests.adapters.carelink_files import (
    FOOD,
    P640,
    P780,
    WIZARD,
    above,
    autumn_780g,
    cgm,
    pump,
    sums,
    two_pumps,
)
from tests.adapters.carelink_older import guardian_4, paradigm, raw_types
from tests.adapters.carelink_rows import MINIMED_640G, Book, Section
from tests.adapters.suite import adds_up, ints, read

HEAD = above("16/11/2025 00:00:00", "28/11/2025 00:00:00", P780[:1], P780[1:], ["Guardian™ 4 Sensor"])


def of(done: Decoded, wanted: Stream, device: str | None = None) -> Readings:
    """The one batch of a stream, or of a stream and device."""
    (found,) = [
        batch for batch in done.readings if batch.key.stream is wanted and device in (None, batch.key.device)
    ]
    return found


def utc(text: str) -> int:
    """ms of `2023-10-29 07:30:38` UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def months(section: Section, first: str, last: str) -> None:
    """A basal row each midnight, so that a clock has a history."""
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    for day in days:
        section.say(f"{day} 00:00:00", basal="0.5")


def glucose_with(
    change: Sequence[tuple[str, Mapping[str, str]]], *stretches: tuple[str, Sequence[int]]
) -> bytes:
    """A 640G of October 2024 with a clock change in its Pump section, and glucose."""
    section, sensor = pump(P640, MINIMED_640G), cgm(P640, MINIMED_640G)
    months(section, "2024-10-01", "2023-10-28")
    for stamp, cells in change:
        section.say(stamp, **cells)
    for start, values in stretches:
        sensor.sensor(start, values)
    return Book(HEAD, [section, sensor]).csv()


BACK = [("2023-10-29 09:30:38", {"new": "2023/10/29 08:30:38"})]


def test_a_time_that_a_pump_showed_twice_is_two_readings_in_order(mappings: Mappings) -> None:
    glucose = of(read(autumn_780g(), mappings), Stream.GLUCOSE)
    every = ints(glucose, "instant")
    near = (every >= utc("2023-10-29 06:00:00")) & (every < utc("2023-10-29 09:00:00"))
    instants = every[near]
    assert np.diff(instants).tolist() == [5 * MINUTE] * 31
    assert len(set(glucose.columns["counter"][near].tolist())) == 32
    twice = ints(glucose, "value")[near][[8, 20]]
    assert twice.tolist() == [118, 118]  # 08:45:09 on both passes, with one value
    assert set(ints(glucose, "witness")[near].tolist()) == {Witness.CLOCK_CHANGE, Witness.ROW_ORDER}


def test_before_its_clock_is_set_a_pump_is_an_hour_off_the_zone_and_its_instants_are_not(
    mappings: Mappings,
) -> None:
    doses = of(read(autumn_780g(), mappings), Stream.BOLUS)
    assert doses.columns["instant"].tolist() == [utc("2023-10-29 06:20:10"), utc("2023-10-29 10:50:48")]
    assert ints(doses, "offset").tolist() == [120, 60]
    assert not ints(doses, "flags").any()


def test_a_clock_change_is_an_event_at_its_own_time(mappings: Mappings) -> None:
    events = of(read(autumn_780g(), mappings), Stream.EVENT)
    place = ints(events, "kind").tolist().index(EventKind.CLOCK_CHANGE)
    assert int(events.columns["instant"][place]) == utc("2023-10-29 07:30:38")


def test_rows_of_a_repeated_time_that_follow_on_neither_side_are_undecided(mappings: Mappings) -> None:
    data = glucose_with(
        BACK,
        ("2023-10-28 10:00:00", [100] * 3),
        ("2023-10-29 08:50:00", [101]),
        ("2023-10-29 13:00:00", [102]),
    )
    glucose = of(read(data, mappings), Stream.GLUCOSE)
    place = ints(glucose, "value").tolist().index(101)
    assert ints(glucose, "flags")[place] == Flag.UNCERTAIN and ints(glucose, "bound")[place] == HOUR
    assert ints(glucose, "witness")[place] == Witness.UNDECIDED
    assert int(glucose.columns["instant"][place]) == utc("2023-10-29 06:50:00")
    assert not ints(glucose, "flags")[np.arange(len(glucose)) != place].any()


def test_rows_of_a_repeated_time_belong_to_the_side_that_they_follow_on(mappings: Mappings) -> None:
    before = glucose_with(BACK, ("2023-10-29 08:20:00", [100] * 6), ("2023-10-29 13:00:00", [102]))
    after = glucose_with(BACK, ("2023-10-29 05:00:00", [100]), ("2023-10-29 09:10:00", [101] * 8))
    first, second = (of(read(data, mappings), Stream.GLUCOSE) for data in (before, after))
    assert np.diff(first.columns["instant"])[:5].tolist() == [5 * MINUTE] * 5
    assert int(second.columns["instant"][1]) == utc("2023-10-29 08:10:00")
    assert not ints(first, "flags").any() and not ints(second, "flags").any()


def test_drift_that_was_put_right_is_not_laid_upon_the_rows_before(mappings: Mappings) -> None:
    change = [("2024-10-20 12:00:00", {"new": "2024/10/20 11:58:23"})]
    glucose = of(
        read(glucose_with(change, ("2024-10-20 08:00:00", [100]), ("2024-10-20 13:00:00", [101])), mappings),
        Stream.GLUCOSE,
    )
    assert glucose.columns["instant"].tolist() == [utc("2024-10-20 06:00:00"), utc("2024-10-20 11:00:00")]


def test_a_pump_that_began_in_2016_is_moved_with_the_setting_of_its_clock(mappings: Mappings) -> None:
    done = read(two_pumps(), mappings)
    events = of(done, Stream.EVENT, "ng7800001h")
    assert int(events.columns["instant"][0]) == utc("2021-03-08 08:20:38")
    assert ints(events, "kind")[0] == EventKind.ALARM
    assert min(int(batch.columns["instant"][0]) for batch in done.readings) > utc("2021-03-06 00:00:00")
    assert not done.account.rejected


def test_rows_of_a_clock_that_was_never_set_are_rejected(mappings: Mappings) -> None:
    done = read(raw_types(), mappings)
    assert [(one.row, one.reason) for one in done.account.rejected] == [
        (3, "the pump's clock was not set yet, and no clock change tells when this was")
    ]
    adds_up(done)


def test_a_pump_that_lay_in_a_drawer_for_months_keeps_its_early_days(mappings: Mappings) -> None:
    section = pump(P640, MINIMED_640G)
    section.say("2025-01-04 08:00:00", basal="0.6")
    months(section, "2025-09-01", "2025-10-15")
    done = read(Book(HEAD, [section]).csv(), mappings)
    assert not done.account.rejected
    assert int(of(done, Stream.BASAL).columns["instant"][0]) == utc("2025-01-04 07:00:00")


def test_a_pump_that_nobody_set_stands_as_it_stood_for_most_of_the_file(mappings: Mappings) -> None:
    section, sensor = pump(P640, MINIMED_640G), cgm(P640, MINIMED_640G)
    months(section, "2024-10-01", "2024-11-05")
    sensor.sensor("2024-11-03 12:00:00", [100])
    done = read(Book(HEAD, [section, sensor]).csv(), mappings)
    glucose = of(done, Stream.GLUCOSE)
    assert int(glucose.columns["instant"][0]) == utc("2024-11-03 10:00:00")
    assert ints(glucose, "witness").tolist() == [Witness.CLOCK_CHANGE] and not ints(glucose, "flags").any()
    assert any("stood otherwise than the patient's zone" in warning for warning in done.account.warnings)


def test_a_pump_that_stood_still_in_the_middle_of_a_file_is_uncertain_by_the_difference(
    mappings: Mappings,
) -> None:
    section = pump(P640, MINIMED_640G)
    months(section, "2024-10-18", "2024-11-05")
    done = read(Book(HEAD, [section]).csv(), mappings)
    basal = of(done, Stream.BASAL)
    assert set(ints(basal, "flags").tolist()) == {int(Flag.UNCERTAIN)}
    assert set(ints(basal, "bound").tolist()) == {HOUR}
    assert any("nothing tells before or after which it was right" in one for one in done.account.warnings)


def test_a_phone_follows_its_zone_and_the_order_of_rows_tells_the_pass(mappings: Mappings) -> None:
    glucose = of(read(guardian_4(), mappings), Stream.GLUCOSE)
    assert np.diff(glucose.columns["instant"]).tolist() == [5 * MINUTE] * 31
    assert len(set(glucose.columns["counter"].tolist())) == 32
    assert Witness.ROW_ORDER in ints(glucose, "witness").tolist() and not ints(glucose, "flags").any()


def basal_of(
    mappings: Mappings, *rows: tuple[str, Mapping[str, str]], until: str = "2025-11-17 23:55:00"
) -> Readings:
    """The basal of a 640G of one day."""
    section, sensor = pump(P640, MINIMED_640G), cgm(P640, MINIMED_640G)
    for stamp, cells in rows:
        section.say(f"2025-11-17 {stamp}", **cells)
    sensor.sensor(until, [120])
    done = read(Book(HEAD, [section, sensor]).csv(), mappings)
    adds_up(done)
    return of(done, Stream.BASAL)


def spans(basal: Readings) -> list[tuple[BasalKind, float, int]]:
    """Kind, rate and minutes of each interval."""
    minutes = (ints(basal, "end") - basal.columns["instant"].astype(np.int64)) // MINUTE
    rates = ints(basal, "value") / 10**basal.key.scale
    kinds = [BasalKind(kind) for kind in ints(basal, "kind").tolist()]
    return list(zip(kinds, rates.tolist(), minutes.tolist(), strict=True))


S, T, X = BasalKind.SCHEDULED, BasalKind.TEMPORARY, BasalKind.SUSPENDED


def test_a_rate_lasts_until_the_next_and_the_last_as_long_as_the_export_shows(mappings: Mappings) -> None:
    twice = [("08:00:00", {"basal": "0.7"})] * 2
    assert spans(basal_of(mappings, ("06:00:00", {"basal": "0.65"}), *twice)) == [
        (S, 0.65, 120),
        (S, 0.7, 955),
    ]


def test_the_programs_rate_does_not_end_a_temporary_one(mappings: Mappings) -> None:
    rows = [
        ("16:00:00", {"basal": "0.9"}),
        ("16:31:37", {"temp": "130", "temp_type": "Percent", "temp_for": "01:00:00"}),
        ("16:31:37", {"basal": "1.17"}),
        ("16:32:00", {"basal": "0.9"}),
        ("17:00:00", {"basal": "1.3"}),
        ("17:00:00", {"basal": "1.0"}),
        ("17:31:37", {"basal": "1.0"}),
    ]
    assert spans(basal_of(mappings, *rows, until="2025-11-17 18:00:37")) == [
        (S, 0.9, 31),
        (T, 1.17, 28),
        (T, 1.3, 31),
        (S, 1.0, 29),
    ]


def test_a_temporary_rate_in_units_never_lasts_longer_than_it_was_meant_to(mappings: Mappings) -> None:
    rows = [
        ("10:00:00", {"basal": "0.9"}),
        ("10:10:05", {"temp": "0.4", "temp_type": "Insulin", "temp_for": "00:30:00"}),
        ("10:10:05", {"basal": "0.4"}),
        ("10:11:00", {"basal": "0.9"}),
    ]
    assert spans(basal_of(mappings, *rows)) == [(S, 0.9, 10), (T, 0.4, 30)]


def test_a_suspension_ends_with_its_end_and_not_with_a_step_of_the_program(mappings: Mappings) -> None:
    rows = [
        ("19:00:00", {"basal": "0.9"}),
        ("19:19:51", {"basal": "0", "suspend": "PLGM_PREDICTED_LOW_SG"}),
        ("19:19:51", {"basal": "0"}),
        ("20:00:00", {"basal": "1.0"}),
        ("20:55:00", {"suspend": "NORMAL_PUMPING"}),
        ("20:55:00", {"basal": "1.0"}),
    ]
    basal = basal_of(mappings, *rows)
    assert spans(basal) == [(S, 0.9, 19), (X, 0.0, 95), (S, 1.0, 180)]
    assert ints(basal, "flags").tolist() == [0, Flag.AUTOMATED, 0]


def test_a_rewind_ends_what_was_delivered_and_nothing_is_known_until_a_rate(mappings: Mappings) -> None:
    basal = of(read(paradigm(), mappings), Stream.BASAL)
    place = ints(basal, "value").tolist().index(80)
    gap = int(basal.columns["instant"][place + 1]) - int(basal.columns["end"][place])
    assert gap == ((22 - 2) * 60 + 10 - 18) * 1000


def test_no_interval_runs_over_days_of_which_nothing_is_known(mappings: Mappings) -> None:
    section, sensor = pump(P640, MINIMED_640G), cgm(P640, MINIMED_640G)
    section.say("2025-11-17 22:00:00", basal="0.9")
    section.say("2025-11-21 00:00:00", basal="0.7")
    sensor.sensor("2025-11-17 23:00:00", [120, 121])
    sensor.sensor("2025-11-21 01:00:00", [120])
    basal = of(read(Book(HEAD, [section, sensor]).csv(), mappings), Stream.BASAL)
    assert spans(basal) == [(S, 0.9, 65), (S, 0.7, 60)]


def test_in_a_closed_loop_the_programs_rate_is_no_delivery(mappings: Mappings) -> None:
    basal = of(read(autumn_780g(), mappings), Stream.BASAL)
    automated = ints(basal, "kind") == BasalKind.AUTOMATED
    assert set(ints(basal, "flags")[automated].tolist()) == {int(Flag.NO_VALUE | Flag.AUTOMATED)}
    assert not ints(basal, "value")[automated].any()
    assert ints(basal, "programmed")[automated].tolist()[:3] == [800, 500, 550]
    rates = ints(basal, "value")[ints(basal, "kind") == BasalKind.TEMPORARY]
    assert rates.tolist() == [1200, 1350]


def test_the_mode_is_told_at_midnight_and_where_it_turns(mappings: Mappings) -> None:
    mode = of(read(autumn_780g(), mappings), Stream.MODE)
    assert mode.key.unit is Unit.MINUTES
    assert ints(mode, "kind").tolist() == [
        ModeKind.AUTOMATED,
        ModeKind.MANUAL,
        ModeKind.AUTOMATED,
        ModeKind.AUTOMATED,
    ]
    assert mode.columns["instant"].tolist()[1:3] == [utc("2023-10-29 09:44:00"), utc("2023-10-29 13:33:02")]
    assert mode.columns["end"].tolist()[:2] == mode.columns["instant"].tolist()[1:3]


def test_a_pump_without_a_sign_of_a_closed_loop_has_no_mode(mappings: Mappings) -> None:
    assert Stream.MODE not in read(paradigm(), mappings).account.read


def test_a_rate_of_which_nothing_tells_the_mode_has_no_amount(mappings: Mappings) -> None:
    section = pump(P780)
    section.say("2025-11-17 17:41:37", basal="0.9")
    section.say("2025-11-20 00:00:00", basal="0.5")
    section.dose("2025-11-20 06:00:00", "2025-11-20 06:01:00", "1", "9", FOOD)
    basal = of(read(Book(HEAD, [section, sums(("2025-11-20", "3"))]).csv(), mappings), Stream.BASAL)
    assert ints(basal, "kind").tolist() == [BasalKind.UNKNOWN, BasalKind.AUTOMATED]
    assert (ints(basal, "flags") & Flag.NO_VALUE > 0).all()


def test_exports_that_overlap_tell_the_same(mappings: Mappings) -> None:
    section, sensor = pump(P780), cgm(P780)
    for day in range(3, 9):
        for hour in range(0, 24, 2):
            section.say(f"2025-11-0{day} {hour:02d}:00:00", basal="0.6")
            if day == 5:
                section.say(f"2025-11-0{day} {hour:02d}:00:00", basal="0.6")
        section.dose(
            f"2025-11-0{day} 22:30:00",
            f"2025-11-0{day} 22:31:00",
            "1",
            str(day),
            WIZARD if day == 5 else FOOD,
        )
        sensor.sensor(f"2025-11-0{day} 00:03:00", [120] * 280)
    found = []
    for first, last in ((3, 6), (5, 8), (3, 8)):
        sections = []
        for whole in (section, sensor):
            part = Section(whole.model, whole.part, whole.serial, whole.header)
            part.rows = [row for row in whole.rows if first <= row[0].day <= last]
            sections.append(part)
        done = read(Book(HEAD, sections).csv(), mappings)
        found.append({(batch.key, key): row for batch in done.readings for key, row in _by_key(batch)})
    early, late, whole_file = found
    assert {**early, **late} == whole_file


def _by_key(batch: Readings) -> list[tuple[int, tuple[int, ...]]]:
    names = ("instant", "value", "flags", "kind", "end", "programmed")
    rows = zip(*(ints(batch, name).tolist() for name in names), strict=True)
    return list(zip(batch.columns["counter"].tolist(), rows, strict=True))
