"""What a Nightscout treatment started lasts until it was ended: basals, targets, overrides, modes."""

from __future__ import annotations

from bridge.mapping import Mappings
from bridge.period import iso
from bridge.reading import Stream
from tests.adapters.nightscout_entries import Record
from tests.adapters.nightscout_told import lines, told
from tests.adapters.nightscout_treatments import (
    aaps_v3,
    record,
)
from tests.adapters.recordings import committed, decoded
from tests.adapters.suite import read


def test_lengths_are_minutes_and_those_in_milliseconds_go_before(mappings: Mappings) -> None:
    basal = {"absolute": 0.8, "rate": 0.8}
    done = told(
        mappings,
        record(1, 0, "Temp Basal", duration=30, **basal),
        record(2, 60, "Temp Basal", duration=45, durationInMilliseconds=2_640_000, **basal),
        record(3, 120, "Temp Basal", duration="30.0", **basal),
        record(4, 180, "Carb Correction", carbs=6, duration=7_200_000),
    )
    assert lines(done, Stream.BASAL, "lasted") == [(30,), (44,), (30,)]


def test_percent_stays_percent_of_the_schedule_and_a_hundred_less_is_nothing(mappings: Mappings) -> None:
    changes = (-50, 50, 0, -100)
    done = told(
        mappings,
        *(
            record(each, each * 60, "Temp Basal", percent=percent, duration=30)
            for each, percent in enumerate(changes)
        ),
    )
    found = lines(done, Stream.BASAL, "value", "unit", "kind")
    assert found == [(50.0, "%", "temporary"), (150.0, "%", "temporary"), (100.0, "%", "temporary"),
                     (0.0, "U/h", "temporary")]  # fmt: skip


def test_an_absolute_rate_goes_before_the_percent_beside_it(mappings: Mappings) -> None:
    done = told(mappings, record(1, 0, "Temp Basal", rate=1.275, percent=50, duration=30))
    assert lines(done, Stream.BASAL, "value", "unit") == [(1.275, "U/h")]


def test_a_rate_of_nought_is_a_rate_and_a_suspension_is_named(mappings: Mappings) -> None:
    nothing = {"rate": 0, "absolute": 0, "duration": 30}
    done = told(
        mappings,
        record(1, 0, "Temp Basal", **nothing),
        record(2, 60, "Temp Basal", reason="suspend", **nothing),
        record(3, 120, "Temp Basal", type="PUMP_SUSPEND", **nothing),
    )
    assert lines(done, Stream.BASAL, "value", "kind") == [
        (0.0, "temporary"),
        (0.0, "suspended"),
        (0.0, "suspended"),
    ]


def test_a_temporary_basal_ends_where_the_next_begins(mappings: Mappings) -> None:
    done = told(
        mappings,
        *(record(each, each * 5, "Temp Basal", absolute=1 + each / 10, duration=30) for each in range(4)),
    )
    assert lines(done, Stream.BASAL, "lasted", "flags") == [(5, ""), (5, ""), (5, ""), (0, "")]


def test_insulin_is_told_no_further_than_its_uploader_was_heard(mappings: Mappings) -> None:
    """Half an hour is planned; 12 minutes are known to have run, then all of them, then none: it was the last word."""
    basal = record(1, 0, "Temp Basal", absolute=1.1, duration=30)
    heard: tuple[list[Record], ...] = (
        [record(2, 12, "Carb Correction", carbs=6)],
        [record(2, 40, "Carb Correction", carbs=6)],
        [],
    )
    others = [record(3, 300, "Carb Correction", carbs=6, enteredBy="somebody else")]
    for later, minutes in zip(heard, (12, 30, 0), strict=True):
        done = told(mappings, basal, *later, *others)
        assert lines(done, Stream.BASAL, "lasted", "flags") == [(minutes, "")]


def test_what_is_planned_of_an_override_is_told_as_planned(mappings: Mappings) -> None:
    done = told(mappings, record(1, 0, "Temporary Override", duration=60, reason="walk"))
    assert lines(done, Stream.MODE, "lasted") == [(60,)]


def test_a_length_of_nought_ends_what_runs_and_is_nothing_itself(mappings: Mappings) -> None:
    done = told(
        mappings,
        record(1, 0, "Temp Basal", absolute=1.1, duration=30),
        record(2, 12, "Temp Basal", duration=0),
        record(3, 40, "Temp Basal", absolute=0, rate=0, duration=0),
    )
    assert lines(done, Stream.BASAL, "lasted", "flags") == [(12, "INTERRUPTED")]
    assert done.account.ignored == {"end-of-what-ran": 2}


def test_a_second_uploader_cuts_nothing_off(mappings: Mappings) -> None:
    done = told(
        mappings,
        record(1, 0, "Temp Basal", absolute=1.1, duration=30, enteredBy="Loop"),
        record(2, 10, "Temp Basal", absolute=0.4, duration=30, enteredBy="openaps://AndroidAPS"),
        record(3, 20, "Temp Basal", absolute=0.2, duration=30, enteredBy="Loop (via remote command)"),
        record(4, 90, "Carb Correction", carbs=6, enteredBy="Loop"),
        record(5, 95, "Carb Correction", carbs=6, enteredBy="openaps://AndroidAPS"),
    )
    assert lines(done, Stream.BASAL, "value", "lasted") == [(1.1, 20), (0.4, 30), (0.2, 30)]


def test_no_two_temporary_basals_of_one_uploader_overlap_in_any_recording(mappings: Mappings) -> None:
    for path in committed("nightscout"):
        ends: dict[str, int] = {}
        for instant, end, flags, model in lines(
            decoded(path, mappings), Stream.BASAL, "instant", "end", "flags", "model"
        ):
            if "RETRACTED" not in flags:
                assert instant >= ends.get(model, 0), (path.name, iso(instant))
                ends[model] = end


def test_a_temporary_basal_that_was_deleted_cuts_nothing_off(mappings: Mappings) -> None:
    found = lines(read(aaps_v3(), mappings), Stream.BASAL, "lasted", "flags")
    assert found == [(10, ""), (60, ""), (30, "RETRACTED")]


def test_targets_overrides_and_modes_end_like_basals(mappings: Mappings) -> None:
    done = told(
        mappings,
        record(1, 0, "Temporary Target", targetTop=80, targetBottom=80, duration=60, reason="Eating Soon"),
        record(2, 20, "Temporary Target", duration=0),
        record(3, 30, "Temporary Override", duration=60, reason="run", enteredBy="Loop"),
        record(4, 50, "Temporary Override", durationType="indefinite", enteredBy="Loop"),
        record(5, 90, "Temporary Override Cancel", enteredBy="Loop"),
        record(6, 100, "OpenAPS Offline", duration=60),
        record(7, 200, "OpenAPS Offline", mode="CLOSED_LOOP_LGS", duration=0),
    )
    assert lines(done, Stream.MODE, "kind", "value", "flags", "text") == [
        ("temporary_target", 20.0, "INTERRUPTED", "Eating Soon"),
        ("override", 20.0, "", "run"),
        ("override", 40.0, "", ""),
        ("manual", 60.0, "", ""),
        ("low_suspend", 0.0, "NO_VALUE", ""),
    ]


def test_exercise_is_an_activity_and_of_some_apps_an_override(mappings: Mappings) -> None:
    done = told(
        mappings,
        record(1, 0, "Exercise", duration=45, notes="cycling"),
        record(2, 60, "Exercise", duration=43_200, enteredBy="Trio", notes="sick"),
        record(3, 120, "Exercise", duration=30, enteredBy="Pump (tconnectsync)"),
    )
    assert lines(done, Stream.ACTIVITY, "value") == [(45.0,)]
    assert lines(done, Stream.MODE, "kind", "flags", "text") == [
        ("override", "NO_VALUE", "sick"), ("exercise", "", ""),
    ]  # fmt: skip
    assert lines(done, Stream.NOTE, "text") == [("cycling",)]


def test_a_switch_of_profiles_in_percent_is_an_override_and_else_a_note(mappings: Mappings) -> None:
    done = told(
        mappings,
        record(1, 0, "Profile Switch", profile="sport", percentage=80, duration=120),
        record(2, 300, "Profile Switch", profile="weekend", percentage=100, duration=0),
    )
    assert lines(done, Stream.MODE, "kind", "value", "text") == [("override", 120.0, "sport")]
    assert lines(done, Stream.NOTE, "text") == [("weekend",)]
