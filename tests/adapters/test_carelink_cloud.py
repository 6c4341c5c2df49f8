"""Answers of CareLink's cloud (carelink.md B): their clocks, what they tell twice, what they prove and what not."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.adapters import Decoded, Unreadable, decode, recognise
from bridge.mapping import Mappings
from bridge.period import MINUTE, ZoneHistory
from bridge.reading import (
    KINDS,
    NO_OFFSET,
    BasalKind,
    BolusKind,
    CalibrationKind,
    EventKind,
    Flag,
    ModeKind,
    Readings,
    SettingKind,
    SourceClass,
    Stream,
    Unit,
    Witness,
    column,
)
from tests.adapters import carelink_cloud_files as files
from tests.adapters.carelink_cloud_2021 import Answer, of_2015, of_2021
from tests.adapters.carelink_cloud_2025 import of_2025, wrapped
from tests.adapters.carelink_cloud_day import Clock, Poll, day
from tests.adapters.recordings import RECEIVED, ZONES, committed, decoded
from tests.adapters.suite import DocumentSuite, adds_up, ints, names, read, refused

FAMILY = "carelink-cloud"


class TestCareLinkCloud(DocumentSuite):
    """The sentences that every document keeps."""

    family = FAMILY
    small = "2025-780g-st-johns.json"
    records = "sgs"

    def test_out_of_range_rests_beside_its_limit_and_never_bare(self, mappings: Mappings) -> None:
        for path in self.paths():
            for batch in decoded(path, mappings).readings:
                if batch.key.stream is not Stream.GLUCOSE:
                    continue
                values, flags = ints(batch, "value"), ints(batch, "flags")
                low = 40 if path.name < "2025" else 50
                assert set(values[flags & Flag.LOW > 0].tolist()) <= {low}
                assert set(values[flags & Flag.HIGH > 0].tolist()) <= {400}
                assert 0 not in values


def done(answer: Answer, mappings: Mappings, zones: ZoneHistory = ZONES) -> Decoded:
    """An answer, recognised and decoded as ingest does."""
    data = files.compact(answer)
    assert recognise(data, "answer.json", mappings) == FAMILY
    return decode(data, mappings.formats[FAMILY], zones, RECEIVED)


def of(found: Decoded, stream: Stream) -> Readings:
    """The one series of a stream."""
    (batch,) = [each for each in found.readings if each.key.stream is stream]
    return batch


def rows(found: Decoded, stream: Stream) -> list[tuple[int, float, str]]:
    """(instant, amount, kind) of all readings of a stream."""
    told = []
    for batch in found.readings:
        if batch.key.stream is stream:
            kinds = KINDS.get(stream)
            values = ints(batch, "value") / 10**batch.key.scale
            columns = zip(
                ints(batch, "instant").tolist(), values.tolist(), ints(batch, "kind").tolist(), strict=True
            )
            told += [(at, value, kinds(kind).name if kinds else "") for at, value, kind in columns]
    return sorted(told)


def instants(found: Decoded, stream: Stream) -> list[int]:
    """When the readings of a stream were."""
    return [at for at, _, _ in rows(found, stream)]


def keys(found: Decoded, *streams: Stream) -> set[tuple[object, ...]]:
    """What the store knows readings by, with what they say."""
    return {(b.key, *pair) for b in found.readings if b.key.stream in streams for pair in names(b)}


# ------------------------------------------------------------------------------------------ clocks


def poll_of(name: str) -> Poll:
    """The poll behind some recordings."""
    found = {
        "2021-770g-new-sensor": Poll(files.sensor_day(), 287),
        "2025-780g-st-johns": Poll(files.guardian_day("2025-02-10T11:02:00", files.ST_JOHNS), 287, floor=50),
    }
    return found[name]


@pytest.mark.parametrize(
    ("name", "minutes"),
    [
        ("2015-paradigm-silent-phone", {-300}),
        ("2021-770g-new-sensor", {-420}),
        ("2021-770g-clock-moved", {-420, -300}),
        ("2024-740g-suspended-kolkata", {330}),
        ("2025-780g-st-johns", {-210}),
        ("2025-780g-clock-moved-forward", {-600, -420}),
        ("2025-780g-clock-moved-back", {120, 60}),
        ("2025-780g-pump-left-at-home-time", {120}),
        ("2025-780g-without-clocks", {NO_OFFSET}),
        ("2026-simplera-wrapped", {60}),
    ],
)
def test_the_pumps_offset_is_found_from_the_servers_clock(
    mappings: Mappings, name: str, minutes: set[int]
) -> None:
    (path,) = [each for each in committed(FAMILY) if each.name == f"{name}.json"]
    found = decoded(path, mappings)
    assert set(np.concatenate([ints(batch, "offset") for batch in found.readings]).tolist()) == minutes


@pytest.mark.parametrize("name", ["2021-770g-new-sensor", "2025-780g-st-johns"])
def test_glucose_lies_where_it_truly_was(mappings: Mappings, name: str) -> None:
    (path,) = [each for each in committed(FAMILY) if each.name == f"{name}.json"]
    found, poll = decoded(path, mappings), poll_of(name)
    true = [(poll.day.at(slot), poll.day.glucose[slot]) for slot in poll.slots]
    numbers = [(at, float(sg), "") for at, (sg, _) in true if sg]
    assert [each for each in rows(found, Stream.GLUCOSE) if each[1] not in (40, 50, 400)] == numbers


@settings(max_examples=30)
@given(
    quarters=st.integers(-48, 56),
    ahead=st.integers(-200, 270),
    transfer=st.integers(0, 20),
    generation=st.sampled_from([2015, 2021, 2025]),
)
def test_every_offset_of_the_world_is_found_however_the_pump_drifts(
    mappings: Mappings, quarters: int, ahead: int, transfer: int, generation: int
) -> None:
    east = quarters * 900
    worn = day("2025-06-01T09:00:00", Clock(east + ahead), 9).alarm(280, 0, 802, "BC_SID_LOW_SG")
    poll = Poll(worn, 287, sent=-transfer, phone=east)
    answer = {2015: of_2015, 2021: of_2021, 2025: of_2025}[generation](poll)
    found = of(done(answer, mappings), Stream.GLUCOSE)
    assert set(ints(found, "offset").tolist()) == {quarters * 15}
    assert set((ints(found, "instant") - [worn.at(slot) for slot in poll.slots]).tolist()) == {ahead * 1000}


def test_a_drift_of_minutes_is_told_and_is_no_error_bound(mappings: Mappings) -> None:
    worn = day("2025-06-01T09:00:00", Clock(7200 + 500), 9).alarm(280, 0, 802, "")
    found = done(of_2025(Poll(worn, 287, sent=0, phone=7200)), mappings)
    assert found.account.warnings == ("the pump's clock is 8 minutes ahead of its time zone",)
    assert set(ints(of(found, Stream.GLUCOSE), "offset").tolist()) == {120}
    assert not ints(of(found, Stream.GLUCOSE), "bound").any()


def test_polls_of_a_drifting_pump_correct_nothing(mappings: Mappings) -> None:
    worn = day("2025-06-01T09:00:00", Clock(7200 + 150), 9).basal(range(10, 40)).alarm(280, 0, 802, "")
    polls = [done(of_2025(Poll(worn, 287, sent=sent, phone=7200)), mappings) for sent in (-1, -75, -190)]
    said = [[{n: c.tolist() for n, c in batch.columns.items()} for batch in each.readings] for each in polls]
    assert said[0] == said[1] == said[2]


def test_the_zone_name_of_the_phone_counts_for_nothing(mappings: Mappings) -> None:
    answer = files.st_johns()
    renamed = answer | {"clientTimeZoneName": "Pacific Daylight Time"}
    assert keys(done(answer, mappings), *Stream) == keys(done(renamed, mappings), *Stream)


def test_a_phone_in_another_zone_is_told_and_the_pumps_clock_believed(mappings: Mappings) -> None:
    found = done(files.pump_at_home_time(), mappings)
    (warning,) = found.account.warnings
    assert "the pump's clock stands +120 minutes from UTC and the phone's -240" in warning
    assert instants(found, Stream.GLUCOSE)[0] == day("2025-06-01T09:00:00", Clock(0), 0).start


def test_a_phone_that_uploads_while_the_pump_is_away_moves_nothing(mappings: Mappings) -> None:
    answer, later = files.st_johns(), files.st_johns()
    hours = 3 * 3_600_000
    later["lastConduitUpdateServerDateTime"] += hours
    later["currentServerTime"] += hours
    later["lastConduitDateTime"] = "2025-02-11T10:29:18"
    assert keys(done(answer, mappings), *Stream) == keys(done(later, mappings), *Stream)


def test_an_answer_without_clocks_is_read_in_the_persons_zone_and_says_so(mappings: Mappings) -> None:
    found = done(files.without_clocks(), mappings)
    assert set(ints(of(found, Stream.GLUCOSE), "witness").tolist()) == {Witness.ZONE}
    assert "read in the patient's zone" in found.account.warnings[0]
    assert instants(found, Stream.GLUCOSE)[0] == day("2026-01-10T09:00:00", Clock(0), 0).start


def test_a_clock_that_was_never_set_is_still_read_by_the_servers(mappings: Mappings) -> None:
    lost = Clock(-9 * 365 * 86_400)
    worn = day("2025-06-01T09:00:00", lost, 9).alarm(280, 0, 802, "")
    found = of(done(of_2025(Poll(worn, 287, phone=7200)), mappings), Stream.GLUCOSE)
    assert set((ints(found, "instant") - [worn.at(slot) for slot in range(288)]).tolist()) == {0}
    assert set(ints(found, "offset").tolist()) == {NO_OFFSET}


# ------------------------------------------------------------------------------ a clock that is moved


@pytest.mark.parametrize(
    ("answer", "start", "off"),
    [
        (files.moved_forward, "2025-03-13T19:31:00", 2000),
        (files.moved_back, "2025-10-25T08:00:00", 2000),
        (files.clock_moved_in_2021, "2021-04-14T08:06:00", 0),
    ],
)
def test_insulin_and_glucose_of_one_minute_lie_together_across_a_moved_clock(
    mappings: Mappings, answer: Callable[[], Answer], start: str, off: int
) -> None:
    found, first = done(answer(), mappings), day(start, Clock(0), 0)
    glucose, basal = instants(found, Stream.GLUCOSE), instants(found, Stream.BASAL)
    assert all(
        abs(at - first.start) % 300_000 in {0, *range(300_000 - off, 300_000), *range(off + 1)}
        for at in glucose
    )
    for at in basal:
        slot = round((at - first.start - 18_000) / 300_000)
        assert abs(at - first.at(slot, 18)) <= 1_000 + off or at in _suspended(found)
    near = np.abs(np.array(basal)[:, None] - np.array(glucose)[None, :]).min(axis=1)
    assert (near <= 20_000 + off).mean() > 0.9


def _suspended(found: Decoded) -> set[int]:
    return {at for at, _, kind in rows(found, Stream.BASAL) if kind == "SUSPENDED"}


def test_stamps_from_before_a_moved_clock_say_that_a_clock_change_told_them(mappings: Mappings) -> None:
    found = of(done(files.moved_forward(), mappings), Stream.GLUCOSE)
    witness, offset = ints(found, "witness"), ints(found, "offset")
    assert set(witness[offset == -600].tolist()) == {Witness.CLOCK_CHANGE}
    assert set(witness[offset == -420].tolist()) == {Witness.UTC}
    assert (offset == -600).sum() == 60 and not ints(found, "bound").any()


def test_a_poll_before_and_a_poll_after_the_clock_was_moved_tell_no_reading_twice(mappings: Mappings) -> None:
    streams = (Stream.GLUCOSE, Stream.BOLUS, Stream.BASAL, Stream.CARBS, Stream.CAPILLARY)
    after = files.moved_forward()
    worn = files.guardian_day("2025-03-13T19:31:00", Clock(-10 * 3600))
    before = done(of_2025(Poll(worn, 58, floor=50, phone=-10 * 3600)), mappings)
    mine, theirs = keys(before, *streams), keys(done(after, mappings), *streams)
    assert mine <= theirs


def test_an_hour_that_was_shown_twice_stays_two_hours(mappings: Mappings) -> None:
    at = instants(done(files.moved_back(), mappings), Stream.GLUCOSE)
    assert len(set(at)) == len(at) == 258
    assert sorted(np.diff(at))[-2:] == [300_000, 31 * 300_000]  # the new sensor's warm-up


def test_a_change_without_any_marker_before_it_is_measured_by_the_jump_of_glucose(mappings: Mappings) -> None:
    answer = files.moved_forward()
    answer["markers"] = [each for each in answer["markers"] if each["type"] == "TIME_CHANGE"]
    found = of(done(answer, mappings), Stream.GLUCOSE)
    first = day("2025-03-13T19:31:00", Clock(0), 0)
    slots = np.rint((ints(found, "instant") - first.start) / 300_000)
    assert np.abs(ints(found, "instant") - first.start - slots * 300_000).max() <= 2_000
    assert len(set(slots.tolist())) == 258


def test_elapsed_seconds_that_disagree_with_a_stamp_make_it_uncertain_by_as_much(mappings: Mappings) -> None:
    found = of(done(files.clock_moved_in_2021(), mappings), Stream.GLUCOSE)
    moved = ints(found, "offset") == -300
    assert moved.sum() > 50
    assert (
        set(ints(found, "bound")[moved].tolist()) == {120 * MINUTE} and not ints(found, "bound")[~moved].any()
    )
    assert set(ints(found, "flags")[moved].tolist()) == {Flag.UNCERTAIN}


def test_elapsed_seconds_from_another_present_move_nothing(mappings: Mappings) -> None:
    plain, other = files.new_sensor(), files.new_sensor()
    for each in (*other["sgs"], *other["markers"], other["lastSG"]):
        if "relativeOffset" in each:
            each["relativeOffset"] -= 3600
    assert keys(done(plain, mappings), Stream.GLUCOSE) == keys(done(other, mappings), Stream.GLUCOSE)


# ---------------------------------------------------------------------------------- polls that overlap


def test_the_next_poll_brings_what_is_new_and_nothing_twice(mappings: Mappings) -> None:
    for stream in Stream:
        first, second = (
            keys(done(files.st_johns(), mappings), stream),
            keys(done(files.st_johns(289), mappings), stream),
        )
        left_the_window = first - second
        assert len(second - first) <= 2, stream
        assert len(left_the_window) <= 2, stream


def test_every_poll_of_two_hours_keeps_every_name(mappings: Mappings) -> None:
    known: dict[tuple[object, ...], object] = {}
    for last in range(287, 311):
        answer = files.st_johns(last) if last < 311 else {}
        for batch in done(answer, mappings).readings:
            if batch.key.stream is Stream.MODE:
                continue
            said = zip(ints(batch, "counter").tolist(), ints(batch, "instant").tolist(), strict=True)
            for counter, at in said:
                assert known.setdefault((batch.key, counter), at) == at
    times: dict[tuple[object, ...], int] = {}
    for (key, counter), at in known.items():
        assert isinstance(counter, int)
        times[key, at] = times.get((key, at), 0) + 1
    glucose = [count for (key, _), count in times.items() if getattr(key, "stream", None) is Stream.GLUCOSE]
    assert set(glucose) == {1}


def test_a_state_that_began_before_the_window_is_not_told_again_by_each_poll(mappings: Mappings) -> None:
    worn = (
        day("2025-02-10T11:02:00", files.ST_JOHNS, 25).state("WARM_UP", range(4, 20)).alarm(100, 0, 802, "")
    )
    events = [
        [each for each in rows(done(of_2025(Poll(worn, last)), mappings), Stream.EVENT) if "WARM" in each[2]]
        for last in range(287, 312, 3)
    ]
    assert events[:2] == [[(worn.at(4), 0.0, "SENSOR_WARM_UP")]] * 2
    assert not any(events[2:])


def test_a_dose_that_is_still_given_is_the_same_dose_when_it_is_whole(mappings: Mappings) -> None:
    def told(**said: object) -> tuple[list[int], list[float]]:
        worn = day("2025-06-01T09:00:00", files.BERLIN, 9).alarm(280, 0, 802, "")
        found = done(of_2025(Poll(worn.dose(286, 8.7, "RECOMMENDED", **said), 287)), mappings)
        return ints(of(found, Stream.BOLUS), "counter").tolist(), [
            each[1] for each in rows(found, Stream.BOLUS)
        ]

    (before, part), (after, whole) = told(deliveredFastAmount=1.2, completed=False), told()
    assert before == after and (part, whole) == ([1.2], [8.7])


# ------------------------------------------------------------------------------------------- glucose


def test_low_and_high_are_marks_beside_the_floor_that_the_answer_names(mappings: Mappings) -> None:
    for answer, floor in ((files.new_sensor(), 40), (files.st_johns(), 50)):
        found = of(done(answer, mappings), Stream.GLUCOSE)
        values, flags = ints(found, "value"), ints(found, "flags")
        assert set(values[flags == Flag.LOW].tolist()) == {floor}
        assert set(values[flags == Flag.HIGH].tolist()) == {400}


def test_a_number_below_the_floor_that_is_shown_stays_a_number(mappings: Mappings) -> None:
    answer = files.st_johns()
    answer["sgs"][3]["sg"] = 45
    assert 45.0 in [value for _, value, _ in rows(done(answer, mappings), Stream.GLUCOSE)]


def test_the_last_glucose_is_told_twice_and_read_once(mappings: Mappings) -> None:
    found = done(files.st_johns(), mappings)
    assert found.account.ignored["glucose-told-twice"] == 1
    assert instants(found, Stream.GLUCOSE).count(instants(found, Stream.GLUCOSE)[-1]) == 1


def test_a_last_glucose_that_no_slot_has_yet_is_read(mappings: Mappings) -> None:
    answer = files.st_johns()
    last = answer["sgs"].pop()
    found = done(answer, mappings)
    assert (
        rows(found, Stream.GLUCOSE)[-1][1] == last["sg"] and "glucose-told-twice" not in found.account.ignored
    )


def test_the_trend_of_the_moment_is_not_kept_because_the_next_answer_takes_it_back(
    mappings: Mappings,
) -> None:
    answer = files.st_johns() | {"lastSGTrend": "UP_TRIPLE"}
    assert not ints(of(done(answer, mappings), Stream.GLUCOSE), "trend").any()


@pytest.mark.parametrize("number", [255, -1, 15555, 0])
def test_sentinels_are_no_values(mappings: Mappings, number: int) -> None:
    answer = files.st_johns()
    for name in ("reservoirLevelPercent", "gstBatteryLevel", "timeToNextCalibHours", "sensorDurationMinutes"):
        answer[name] = number
    plain = done(files.st_johns(), mappings)
    assert keys(done(answer, mappings), *Stream) == keys(plain, *Stream)


def test_a_slot_of_2015_without_a_value_is_a_slot_and_no_zero(mappings: Mappings) -> None:
    found = done(files.paradigm(), mappings)
    assert found.account.ignored["slot-without-a-value"] == 3
    assert min(value for _, value, _ in rows(found, Stream.GLUCOSE)) >= 55


def test_states_of_the_sensor_are_one_event_each_run_and_the_rest_goes_on(mappings: Mappings) -> None:
    found, worn = done(files.new_sensor(), mappings), files.sensor_day()
    batch = of(found, Stream.EVENT)
    texts = column(batch.columns, "text").tolist()
    states = {
        (at, text)
        for at, text in zip(ints(batch, "instant").tolist(), texts, strict=True)
        if not text.startswith("BC_") and text
    }
    runs = {41: "NO_DATA_FROM_PUMP", 60: "WARM_UP", 82: "CALIBRATION_REQUIRED", 87: "CALIBRATION_REQUIRED"}
    runs |= {40: "WAIT_TO_CALIBRATE", 85: "WAIT_TO_CALIBRATE"}
    assert states == {(worn.at(slot), state) for slot, state in runs.items()}
    assert found.account.ignored["state-goes-on"] == 51 - len(runs)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("WARM_UP", EventKind.SENSOR_WARM_UP),
        ("NO_DATA_FROM_PUMP", EventKind.SIGNAL_LOSS),
        ("NO_SENSOR_SIGNAL", EventKind.SIGNAL_LOSS),
        ("SENSOR_DISCONNECTED", EventKind.SIGNAL_LOSS),
        ("CALIBRATION_REQUIRED", EventKind.CALIBRATION_NEEDED),
        ("CHANGE_SENSOR", EventKind.SENSOR_STOP),
        ("DO_NOT_CALIBRATE", EventKind.UNKNOWN),
        ("A_STATE_OF_NEXT_YEAR", EventKind.UNKNOWN),
    ],
)
def test_each_state_is_an_event_of_its_kind_in_the_pumps_own_word(
    mappings: Mappings, state: str, kind: EventKind
) -> None:
    worn = day("2025-06-01T09:00:00", files.BERLIN, 9).state(state, range(100, 103))
    batch = of(done(of_2025(Poll(worn.alarm(280, 0, 128, ""), 287)), mappings), Stream.EVENT)
    first = int(np.flatnonzero(ints(batch, "instant") == worn.at(100))[0])
    assert int(ints(batch, "kind")[first]) == kind and batch.columns["text"][first] == state


def test_no_mmol_answer_is_known_so_the_size_of_a_number_tells_its_unit(mappings: Mappings) -> None:
    found = done(files.mmol(), mappings)
    units = {(batch.key.unit, len(batch)) for batch in found.readings if batch.key.stream is Stream.GLUCOSE}
    assert units == {(Unit.MMOL_L, 286), (Unit.MG_DL, 1)}  # the mark `below 40 mg/dL` names its unit
    assert "is outside 1.1 to 22.3 mmol/L" in found.account.rejected[0].reason
    assert any("no answer in this unit was known" in each for each in found.account.warnings)
    plain = done(files.mmol_in_mgdl(), mappings)
    assert {batch.key.unit for batch in plain.readings if batch.key.stream is Stream.GLUCOSE} == {Unit.MG_DL}


def test_a_fingerstick_that_can_be_either_unit_is_refused(mappings: Mappings) -> None:
    answer = files.new_sensor() | {"bgUnits": "MMOL_L"}
    sticks = [each for each in answer["markers"] if each["type"] == "BG_READING"]
    sticks[0]["value"], sticks[1]["value"] = 25, 6.4
    found = done(answer, mappings)
    assert [each.reason for each in found.account.rejected] == [
        "it can be mg/dL and mmol/L, and the answer does not tell which"
    ]
    assert [value for _, value, _ in rows(found, Stream.CAPILLARY)] == [6.4]


# ------------------------------------------------------------------------------------------- insulin


def test_a_micro_bolus_is_automatic_basal_with_its_amount_rounded_to_the_pumps_step(
    mappings: Mappings,
) -> None:
    for answer in (files.new_sensor(), files.st_johns()):
        text = files.compact(answer)
        assert b"0.02500000037252903" in text and b"0.10000000149011612" in text
        batch = of(done(answer, mappings), Stream.BASAL)
        given = ints(batch, "kind") == BasalKind.AUTOMATED
        assert (batch.key.unit, batch.key.scale) == (Unit.UNITS, 3)
        assert set(ints(batch, "value")[given].tolist()) == {25, 50, 75, 100, 125}
        assert (ints(batch, "flags")[given] == Flag.AUTOMATED).all()
        assert (ints(batch, "end")[given] == ints(batch, "instant")[given]).all()


def test_the_insulin_of_a_day_is_what_was_delivered(mappings: Mappings) -> None:
    answer = files.suspended()
    markers = [each for each in answer["markers"] if each["type"] == "INSULIN"]
    given = sum(each["deliveredFastAmount"] + each["deliveredExtendedAmount"] for each in markers)
    found = done(answer, mappings)
    assert sum(value for _, value, _ in rows(found, Stream.BOLUS)) == pytest.approx(given)
    programmed = sum(each["programmedFastAmount"] + each["programmedExtendedAmount"] for each in markers)
    assert programmed > given + 5


def test_a_dose_cut_off_is_interrupted_and_keeps_what_was_programmed(mappings: Mappings) -> None:
    batch = of(done(files.suspended(), mappings), Stream.BOLUS)
    cut = ints(batch, "flags") == Flag.INTERRUPTED
    said = zip(ints(batch, "value")[cut].tolist(), ints(batch, "programmed")[cut].tolist(), strict=True)
    assert set(said) == {(2350, 6000), (1500, 4000)}


def test_noise_in_what_was_programmed_is_rounded_as_in_what_was_given(mappings: Mappings) -> None:
    answer = files.st_johns()
    dose = next(each for each in answer["markers"] if each["type"] == "INSULIN")["data"]["dataValues"]
    dose |= {"programmedFastAmount": "6.3000001907348633", "deliveredFastAmount": "6.3000001907348633"}
    batch = of(done(answer, mappings), Stream.BOLUS)
    assert (int(ints(batch, "value")[0]), int(ints(batch, "programmed")[0])) == (6300, 6300)


def test_a_dose_over_a_time_is_an_interval_beside_the_part_given_at_once(mappings: Mappings) -> None:
    found = done(files.suspended(), mappings)
    batch = of(found, Stream.BOLUS)
    long = ints(batch, "kind") == BolusKind.EXTENDED
    lasted = (ints(batch, "end") - ints(batch, "instant"))[long] // MINUTE
    assert dict(zip(ints(batch, "value")[long].tolist(), lasted.tolist(), strict=True)) == {
        3000: 120,
        1500: 45,
    }
    at_once = [value for _, value, kind in rows(found, Stream.BOLUS) if kind != "EXTENDED"]
    assert sorted(at_once) == [2.0, 2.35, 8.0]


def test_an_autocorrection_is_an_automatic_correction_and_others_are_not_guessed(mappings: Mappings) -> None:
    batch = of(done(files.new_sensor(), mappings), Stream.BOLUS)
    said = zip(ints(batch, "kind").tolist(), ints(batch, "flags").tolist(), strict=True)
    assert sorted(said) == [(BolusKind.UNKNOWN, 0)] * 3 + [(BolusKind.CORRECTION, Flag.AUTOMATED)]


def test_numbers_that_are_texts_and_numbers_that_are_numbers_say_the_same(mappings: Mappings) -> None:
    worn = files.guardian_day("2025-02-10T11:02:00", files.BERLIN)
    said = [
        {pair[1] for key in keys(done(form(Poll(worn, 287)), mappings), stream) for pair in [key[1:]]}
        for form in (of_2021, of_2025)
        for stream in (Stream.BOLUS, Stream.CARBS, Stream.CAPILLARY, Stream.CALIBRATION)
    ]
    assert said[:4] == said[4:] and all(said)


def test_carbohydrates_are_read_with_their_dose_and_not_with_its_insulin(mappings: Mappings) -> None:
    found = done(files.st_johns(), mappings)
    assert [value for _, value, _ in rows(found, Stream.CARBS)] == [45, 12]
    assert set(instants(found, Stream.CARBS)) <= set(instants(found, Stream.BOLUS))


def test_active_insulin_is_a_models_estimate_and_ignored_by_name(mappings: Mappings) -> None:
    found = done(files.st_johns(), mappings)
    assert "activeInsulin" in found.account.fields_ignored
    assert 1.275 not in [value for stream in Stream for _, value, _ in rows(found, stream)]


# ---------------------------------------------------------------- sticks, modes, suspensions, alarms


def test_a_stick_that_calibrates_is_one_fingerstick_and_one_calibration(mappings: Mappings) -> None:
    found = done(files.st_johns(), mappings)
    assert [value for _, value, _ in rows(found, Stream.CAPILLARY)] == [101]
    assert [each[1:] for each in rows(found, Stream.CALIBRATION)] == [(101.0, "ACCEPTED")]


def test_a_calibration_that_the_sensor_did_not_take_is_refused(mappings: Mappings) -> None:
    said = [each[1:] for each in rows(done(files.new_sensor(), mappings), Stream.CALIBRATION)]
    assert said == [(200.0, CalibrationKind.REFUSED.name), (130.0, CalibrationKind.ACCEPTED.name)]


def test_what_a_later_answer_judges_otherwise_is_the_same_reading_corrected(mappings: Mappings) -> None:
    first, later = files.st_johns(), files.st_johns()
    for each in later["markers"]:
        if each["type"] == "CALIBRATION":
            each["data"]["dataValues"]["calibrationSuccess"] = False
    later["therapyAlgorithmState"]["autoModeShieldState"] = "FEATURE_OFF"
    for stream in (Stream.CALIBRATION, Stream.MODE):
        before, after = (of(done(answer, mappings), stream) for answer in (first, later))
        assert ints(before, "counter").tolist() == ints(after, "counter").tolist()
        assert ints(before, "kind").tolist() != ints(after, "kind").tolist()


def test_a_mode_lasts_from_its_change_to_the_next_and_the_last_has_no_end(mappings: Mappings) -> None:
    batch, worn = of(done(files.new_sensor(), mappings), Stream.MODE), files.sensor_day()
    off, on = worn.at(58, 41), worn.at(92, 16)
    said = zip(*(ints(batch, name).tolist() for name in ("instant", "end", "kind")), strict=True)
    assert list(said) == [(off, on, ModeKind.MANUAL), (on, on, ModeKind.AUTOMATED)]


@pytest.mark.parametrize(
    ("shield", "kind"),
    [("AUTO_BASAL", "AUTOMATED"), ("SAFE_BASAL", "AUTOMATED"), ("FEATURE_OFF", "MANUAL"), ("NEW", None)],
)
def test_since_2025_the_last_change_is_told_by_the_state_and_earlier_ones_are_not(
    mappings: Mappings, shield: str, kind: str | None
) -> None:
    answer = files.st_johns()
    answer["therapyAlgorithmState"]["autoModeShieldState"] = shield
    found = done(answer, mappings)
    worn = files.guardian_day("2025-02-10T11:02:00", files.ST_JOHNS)
    assert rows(found, Stream.MODE) == ([(worn.at(214, 40), 0.0, kind)] if kind else [])
    assert found.account.ignored["mode-that-is-not-told"] == (1 if kind else 2)


def test_the_modes_at_the_windows_start_are_no_events(mappings: Mappings) -> None:
    for answer in (files.st_johns(), files.suspended(), files.moved_forward(), files.simplera()):
        found = done(answer, mappings)
        assert found.account.ignored["mode-at-the-start-of-the-answer"] == 2
        start = min(instants(found, Stream.GLUCOSE)) - 300_000
        assert all(at > start for stream in (Stream.MODE, Stream.EVENT) for at in instants(found, stream))


def test_a_suspension_is_an_event_an_end_and_a_time_without_basal(mappings: Mappings) -> None:
    found = done(files.suspended(), mappings)
    worn = day("2024-12-10T15:04:00", files.KOLKATA, 24)
    said = [(at, kind) for at, _, kind in rows(found, Stream.EVENT) if kind in ("SUSPEND", "RESUME")]
    begun, ended, again = worn.at(50, 24), worn.at(59, 29), worn.at(284, 24)
    assert said == [(begun, "SUSPEND"), (ended, "RESUME"), (again, "SUSPEND")]
    assert rows(found, Stream.BASAL) == [(begun, 0.0, "SUSPENDED")]
    assert ints(of(found, Stream.BASAL), "end").tolist() == [ended]


def test_since_2025_a_suspension_is_told_by_the_alarm_of_its_second(mappings: Mappings) -> None:
    answer = files.st_johns()
    kinds = [kind for _, _, kind in rows(done(answer, mappings), Stream.EVENT)]
    assert kinds.count("SUSPEND") == kinds.count("RESUME") == 1
    answer["notificationHistory"]["clearedNotifications"] = []
    silent = done(answer, mappings)
    assert not {"SUSPEND", "RESUME"} & {kind for _, _, kind in rows(silent, Stream.EVENT)}
    assert silent.account.ignored["suspension-that-is-not-told"] == 2
    assert "SUSPENDED" not in {kind for _, _, kind in rows(silent, Stream.BASAL)}


def test_an_alarm_has_its_guid_and_is_one_event_though_it_is_told_twice(mappings: Mappings) -> None:
    for answer in (files.new_sensor(), files.st_johns()):
        found = done(answer, mappings)
        assert found.account.ignored["alarm-told-twice"] == 1
        batch = of(found, Stream.EVENT)
        guids = [each for each in batch.columns["record"].tolist() if each]
        assert (
            len(set(guids))
            == len(guids)
            == sum(len(answer["notificationHistory"][name]) for name in answer["notificationHistory"])
        )


def test_an_alarm_that_is_pressed_away_later_stays_the_same_alarm(mappings: Mappings) -> None:
    def told(cleared: int) -> tuple[int, int]:
        worn = day("2021-04-14T08:06:00", files.LOS_ANGELES, 21)
        worn.alarm(100, 0, 817, "BC_SID_SG_APPROACH_HIGH_LIMIT_CHECK_BG").alarm(
            270, 7, 784, "BC_SID_SG_RISE_RAPID", cleared
        )
        batch = of(done(of_2021(Poll(worn, 287)), mappings), Stream.EVENT)
        return int(ints(batch, "counter")[1]), int(ints(batch, "instant")[1])

    assert told(0) == told(600)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (817, "ALARM_HIGH_SOON"),
        (802, "ALARM_LOW"),
        (827, "ALARM_URGENT_LOW"),
        (784, "ALARM_RISING"),
        (999, "ALARM"),
    ],
)
def test_a_number_of_an_alarm_is_known_or_it_is_an_alarm_and_nothing_more(
    mappings: Mappings, fault: int, kind: str
) -> None:
    worn = day("2025-06-01T09:00:00", files.BERLIN, 9).alarm(280, 0, fault, "")
    batch = of(done(of_2025(Poll(worn, 287)), mappings), Stream.EVENT)
    assert EventKind(int(ints(batch, "kind")[0])).name == kind and batch.columns["text"].tolist() == [
        str(fault)
    ]


def test_a_code_of_a_paradigm_is_no_number_of_a_newer_pump(mappings: Mappings) -> None:
    worn = day("2015-10-18T14:20:00", files.DALLAS, 15).alarm(120, 18, 105, "")
    batch = of(done(of_2015(Poll(worn, 287)), mappings), Stream.EVENT)
    assert ints(batch, "kind").tolist() == [EventKind.ALARM] and batch.columns["text"].tolist() == ["105"]


def test_an_alarm_from_after_the_pumps_own_time_is_rejected(mappings: Mappings) -> None:
    (rejected,) = done(files.simplera(), mappings).account.rejected
    assert rejected.part == "alarms" and rejected.reason == "it lies after the pump's own time of this answer"


def test_a_moved_clock_is_an_event(mappings: Mappings) -> None:
    kinds = [kind for _, _, kind in rows(done(files.moved_forward(), mappings), Stream.EVENT)]
    assert kinds.count("CLOCK_CHANGE") == 1


def test_limits_are_settings_from_a_time_of_the_day_and_not_told_by_each_poll(mappings: Mappings) -> None:
    for last in (287, 289, 300):
        batch = of(done(files.st_johns(last), mappings), Stream.SETTINGS)
        said = zip(*(ints(batch, name).tolist() for name in ("kind", "minute", "value")), strict=True)
        assert list(said) == [
            (SettingKind.ALERT_LOW, 0, 80),
            (SettingKind.ALERT_HIGH, 0, 165),
            (SettingKind.ALERT_LOW, 420, 70),
            (SettingKind.ALERT_HIGH, 420, 180),
        ]
    assert keys(done(files.st_johns(), mappings), Stream.SETTINGS) == keys(
        done(files.st_johns(300), mappings), Stream.SETTINGS
    )


# -------------------------------------------------------------------- people, devices, damage, forms


def test_the_wrapper_changes_nothing(mappings: Mappings) -> None:
    answer = files.st_johns()
    plain, inside = done(answer, mappings), done(wrapped(answer), mappings)
    assert keys(plain, *Stream) == keys(inside, *Stream) and plain.person == inside.person
    assert plain.account.rows == inside.account.rows and not inside.account.fields_unknown


def test_two_broken_names_cost_nothing_but_a_count(mappings: Mappings) -> None:
    found = done(files.new_sensor(), mappings)
    assert found.account.unknown_in == {"sgs.timeC hange": 1, "sgs.relat iveOffset": 1}
    assert not found.account.rejected


def test_the_person_is_named_and_no_reading_knows_her_or_her_phone(mappings: Mappings) -> None:
    for path in committed(FAMILY):
        found = decoded(path, mappings)
        assert found.person is not None and found.person.name == "Ada Muster"
        said = repr([(b.key, b.device, [c.tolist() for c in b.columns.values()]) for b in found.readings])
        assert not any(word in said for word in ("Ada", "Muster", "AAAA-4000", "aaaa-4000"))


def test_every_reading_is_the_pumps_and_the_sensor_of_the_minute_is_only_named(mappings: Mappings) -> None:
    found = done(files.simplera(), mappings)
    assert {
        (each.key.device, each.device.model, each.device.serial, each.device.kind) for each in found.readings
    } == {("ng7800025h", "MMT-1886", "NG7800025H", "pump")}
    sensor = next(each for each in found.devices if each.kind == "sensor")
    assert (sensor.manufacturer, sensor.model, sensor.serial) == ("Medtronic", "MMT-5120", "B500012345")
    assert {each.source_class for each in found.readings} == {SourceClass.FOLLOWER}


def test_a_family_that_is_no_pump_has_no_kind(mappings: Mappings) -> None:
    answer = files.st_johns() | {"medicalDeviceFamily": "GUARDIAN"}
    assert {each.device.kind for each in done(answer, mappings).readings} == {""}


def test_an_unknown_marker_is_rejected_and_nothing_else_is(mappings: Mappings) -> None:
    answer = files.st_johns()
    answer["markers"][5] = answer["markers"][5] | {"type": "A_MARKER_OF_NEXT_YEAR"}
    found = done(answer, mappings)
    adds_up(found)
    (rejected,) = found.account.rejected
    assert (
        "no rule of the mapping fits what is in field 'type'" in rejected.reason
        and rejected.part == "markers"
    )


def test_empty_sets_and_nulls_are_no_fault(mappings: Mappings) -> None:
    answer = files.st_johns()
    for name in ("markers", "limits", "notificationHistory", "cgmInfo", "lastAlarm", "therapyAlgorithmState"):
        answer[name] = None
    found = done(answer, mappings)
    adds_up(found)
    assert len(of(found, Stream.GLUCOSE)) == 261 - 3


def test_the_list_of_servers_is_named_and_refused(mappings: Mappings) -> None:
    discovery = {"supportedCountries": [{"US": {"region": "US"}}], "CP": [{"region": "US"}]}
    said = refused(json.dumps(discovery).encode(), mappings)
    assert "CareLink's list of its servers" in said and "no readings" in said


_BAD: list[object] = [
    None,
    "",
    [],
    {},
    -1,
    "x",
    1e99,
    True,
    0,
    "2025-13-45T99:99:99",
    "9999-12-31T23:59:59",
    [1],
    2**63,
]


@settings(max_examples=40)
@given(
    name=st.sampled_from(["new_sensor", "suspended", "moved_back", "simplera", "paradigm"]),
    harms=st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(range(len(_BAD)))), max_size=6),
)
def test_whatever_stands_in_an_answer_is_refused_or_accounted_for(
    mappings: Mappings, name: str, harms: list[tuple[int, int]]
) -> None:
    answer = getattr(files, name)()
    for number, bad in harms:
        places = list(_places(answer))
        if places:
            home, place = places[number % len(places)]
            home[place] = deepcopy(_BAD[bad])
    with suppress(Unreadable):
        adds_up(read(files.compact(answer), mappings))


def _places(found: Any) -> Any:
    """Every object and array with each of its places; few of a long array."""
    if isinstance(found, dict | list):
        for place in list(found) if isinstance(found, dict) else range(min(len(found), 12)):
            yield found, place
            yield from _places(found[place])
