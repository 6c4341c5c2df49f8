"""Insulin, carbohydrates and fingersticks of Nightscout: fields decide, and delivered is what counts."""

from __future__ import annotations

import pytest

from bridge.mapping import Mappings
from bridge.reading import NONE_PROGRAMMED, BolusKind, Stream
from tests.adapters.nightscout_entries import Record, oid
from tests.adapters.nightscout_told import lines, told
from tests.adapters.nightscout_treatments import (
    aaps_v3,
    iaps,
    loop,
    oref0,
    record,
    trio,
    xdrip,
)
from tests.adapters.suite import read


def test_fields_decide_and_the_event_type_does_not(mappings: Mappings) -> None:
    done = told(
        mappings,
        record(1, 0, "Site Change", insulin=2.5),
        record(2, 10, "", carbs=8),
        record(3, 20, None, insulin=0.75),
        record(4, 30, "Announcement", glucose=120, glucoseType="Finger", units="mg/dl"),
    )
    assert lines(done, Stream.BOLUS, "value") == [(2.5,), (0.75,)]
    assert lines(done, Stream.CARBS, "value") == [(8.0,)]
    assert lines(done, Stream.CAPILLARY, "value") == [(120.0,)]
    assert lines(done, Stream.EVENT, "kind") == [("site_change",)]


def test_one_record_may_be_a_dose_a_meal_a_fingerstick_and_a_note(mappings: Mappings) -> None:
    whole = record(
        1, 0, "Meal Bolus", insulin=4, carbs=40, glucose=8.1, glucoseType="Finger", units="mmol", notes="tea"
    )
    done = told(mappings, whole)
    assert done.account.read == {Stream.BOLUS: 1, Stream.CAPILLARY: 1, Stream.CARBS: 1, Stream.NOTE: 1}
    assert (done.account.rows, done.account.further) == (1, 3)
    assert {one for stream in done.account.read for one in lines(done, stream, "record")} == {(oid(1),)}


def test_nothing_and_nought_are_no_dose_and_no_meal(mappings: Mappings) -> None:
    done = told(mappings, record(1, 0, "Meal Bolus", insulin=0, carbs=0), record(2, 9, "Correction Bolus"))
    assert (done.readings, done.account.ignored) == ((), {"nothing-more-to-read": 2})


def test_insulin_is_what_was_delivered(mappings: Mappings) -> None:
    found = lines(read(loop(), mappings), Stream.BOLUS, "value", "programmed", "flags")
    assert (2.1, 4.0, "INTERRUPTED") in found


def test_a_dose_that_a_loop_gave_itself_is_automated(mappings: Mappings) -> None:
    for data, dose in ((loop(), 0.45), (trio(), 0.15), (iaps(), 0.1), (aaps_v3(), 0.3)):
        flags = dict(lines(read(data, mappings), Stream.BOLUS, "value", "flags"))
        assert flags.pop(dose) == "AUTOMATED"
        assert "AUTOMATED" not in flags.values()


def test_the_extended_part_of_a_combination_is_a_dose_of_its_own(mappings: Mappings) -> None:
    combo = record(1, 0, "Combo Bolus", enteredinsulin=6, insulin=3.6, splitNow=60, splitExt=40, duration=120)
    found = lines(told(mappings, combo), Stream.BOLUS, "value", "kind", "lasted", "programmed")
    assert found == [(2.4, "extended", 120, 2.4), (3.6, "unknown", None, NONE_PROGRAMMED)]


def test_a_combination_that_was_called_off_gave_what_had_run(mappings: Mappings) -> None:
    combo = record(1, 0, "Combo Bolus", enteredinsulin="4", splitNow=0, splitExt=100, duration=120)
    end = record(2, 60, "Combo Bolus", enteredinsulin=0, splitNow=0, splitExt=100, duration=0)
    found = lines(told(mappings, combo, end), Stream.BOLUS, "value", "programmed", "flags", "lasted")
    assert found == [(2.0, 4.0, "INTERRUPTED", 60)]


def test_both_parts_of_a_dual_wave_of_a_rig_are_told_apart(mappings: Mappings) -> None:
    found = lines(read(oref0(), mappings), Stream.BOLUS, "value", "kind", "lasted", "flags")
    assert found[1:] == [
        (2.0, "unknown", None, ""),
        (3.0, "extended", 90, ""),
        (1.5, "extended", 60, "INTERRUPTED"),
    ]


def test_long_acting_insulin_is_a_dose_of_another_kind(mappings: Mappings) -> None:
    found = lines(read(xdrip(), mappings), Stream.BOLUS, "value", "kind")
    assert found == [(4.5, "unknown"), (18.0, "long"), (14.0, "long"), (1.5, "unknown"), (2.0, "unknown")]
    assert (14.0, "long") in lines(read(aaps_v3(), mappings), Stream.BOLUS, "value", "kind")


def test_insulin_that_filled_a_tube_is_none_of_the_persons(mappings: Mappings) -> None:
    done = told(
        mappings, record(1, 0, "Meal Bolus", insulin=0.4, type="PRIMING"), record(2, 9, None, insulin=1)
    )
    assert lines(done, Stream.BOLUS, "value") == [(1.0,)]
    assert done.account.ignored["priming"] == 1


def test_a_tail_of_binary_arithmetic_is_no_insulin(mappings: Mappings) -> None:
    found = told(mappings, record(1, 0, "Correction Bolus", insulin=0.30000000000000004))
    assert lines(found, Stream.BOLUS, "value") == [(0.3,)]


def test_kinds_of_doses_are_those_that_a_person_chose(mappings: Mappings) -> None:
    events = ("Meal Bolus", "Snack Bolus", "Correction Bolus", "Bolus Wizard")
    done = told(mappings, *(record(each, each * 9, event, insulin=1) for each, event in enumerate(events)))
    meal, correction = BolusKind.MEAL.name.lower(), BolusKind.CORRECTION.name.lower()
    assert lines(done, Stream.BOLUS, "kind") == [(meal,), (meal,), (correction,), ("unknown",)]
    # a loop calls all of its doses corrections
    own = told(mappings, record(1, 0, "Correction Bolus", insulin=1, enteredBy="openaps://AndroidAPS"))
    assert lines(own, Stream.BOLUS, "kind") == [("unknown",)]


def test_fat_and_protein_that_an_algorithm_counts_are_not_eaten_carbohydrates(mappings: Mappings) -> None:
    done = read(iaps(), mappings)
    assert lines(done, Stream.CARBS, "value") == [(25.0,)]
    assert done.account.ignored["fat-and-protein-as-carbs"] == 1


@pytest.mark.parametrize(
    ("fields", "unit", "value"),
    [
        ({"glucose": 131, "units": "mg/dl"}, "mg/dL", 131.0),
        ({"glucose": "131", "units": "mg/dL"}, "mg/dL", 131.0),
        ({"glucose": 7.4, "units": "mmol"}, "mmol/L", 7.4),
        ({"glucose": 6.1}, "mmol/L", 6.1),
        ({"glucose": 126}, "mg/dL", 126.0),
    ],
)
def test_a_fingerstick_is_in_its_unit_or_in_the_only_one_it_can_be_of(
    mappings: Mappings, fields: Record, unit: str, value: float
) -> None:
    done = told(mappings, record(1, 0, "BG Check", glucoseType="Finger", **fields))
    assert lines(done, Stream.CAPILLARY, "unit", "value") == [(unit, value)]
    assert bool(done.account.warnings) == ("units" not in fields)


def test_a_fingerstick_of_either_unit_is_rejected(mappings: Mappings) -> None:
    good = [record(each, each, None, insulin=1) for each in range(2, 5)]
    done = told(mappings, record(1, 0, "BG Check", glucose=28, glucoseType="Finger"), *good)
    assert [one.reason for one in done.account.rejected] == [
        "a glucose without a unit that is known could be mg/dL or mmol/L"
    ]


def test_a_glucose_of_the_sensor_or_of_nobody_is_no_fingerstick(mappings: Mappings) -> None:
    dose = {"insulin": 1, "glucose": 143, "units": "mg/dl"}
    done = told(
        mappings,
        record(1, 0, "Correction Bolus", glucoseType="Sensor", **dose),
        record(2, 9, "Correction Bolus", **dose),
        record(3, 19, "<none>", glucose=118, glucoseType="Manual", units="mg/dl"),
    )
    assert Stream.CAPILLARY not in done.account.read
    assert done.account.ignored == {"glucose-of-unsaid-origin": 1}  # two are doses, and counted as such
