"""Dexcom Studio: four tables side by side, two clocks, words for entries. After the sheet; no real file was at hand."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from bridge.adapters import Decoded, Person, decode
from bridge.mapping import Mappings
from bridge.period import MINUTE, ZoneHistory
from bridge.reading import (
    ActivityKind,
    BolusKind,
    EventKind,
    Flag,
    Readings,
    SourceClass,
    Stream,
    Unit,
    Witness,
)
from tests.adapters.dexcom_studio_files import (
    Export,
    entered,
    errors,
    repeated_hour,
    workbook,
    worn,
    written,
)
from tests.adapters.recordings import RECEIVED
from tests.adapters.suite import AdapterSuite, adds_up, ints, read


def widened(data: bytes) -> bytes:
    """One more column."""
    lines = data.decode().splitlines()
    lines[0] += ",Novel"
    lines[3] += ",1"
    return ("\n".join(lines) + "\n").encode()


class TestDexcomStudio(AdapterSuite):
    """The sentences that every adapter keeps."""

    family = "dexcom-studio"
    small = "resaved-commas.csv"
    least = 5
    widen = staticmethod(widened)


def told(mappings: Mappings, export: Export) -> Decoded:
    """An export read as ingest does."""
    done = read(written(export), mappings)
    adds_up(done)
    return done


def only(done: Decoded, wanted: Stream) -> Readings:
    """The one batch of a stream."""
    (found,) = [batch for batch in done.readings if batch.key.stream is wanted]
    return found


def utc(text: str) -> int:
    """A UTC stamp as an instant."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_tables_side_by_side_are_read_each_for_itself(mappings: Mappings) -> None:
    done = told(mappings, repeated_hour())
    assert dict(done.account.read) == {
        Stream.GLUCOSE: 96,
        Stream.CALIBRATION: 8,
        Stream.BOLUS: 4,
        Stream.CARBS: 2,
        Stream.ACTIVITY: 2,
        Stream.EVENT: 1,
        Stream.NOTE: 2,
    }
    assert done.account.ignored == {"section patient": 7} and done.account.fields_unknown == ()


def test_the_file_names_person_and_receiver(mappings: Mappings) -> None:
    done = told(mappings, repeated_hour())
    assert done.person == Person(
        "Ada Muster", date(1980, 4, 13), (("dexcom-studio", "{4F0C2A11-0000-4000-8000-00000000A0DA}"),)
    )
    (device,) = done.devices
    assert (device.manufacturer, device.model, device.serial, device.kind) == (
        "Dexcom",
        "Dexcom G4",
        "SM10203040",
        "receiver",
    )
    assert {batch.source_class for batch in done.readings} == {SourceClass.MAKER}


def test_both_passes_of_a_repeated_hour_are_told_apart_by_the_internal_clock(mappings: Mappings) -> None:
    done = told(mappings, repeated_hour())
    batch = only(done, Stream.GLUCOSE)
    assert set(np.diff(ints(batch, "instant")).tolist()) == {300_000}
    assert int(ints(batch, "instant")[0]) == utc("2025-10-25T20:00:11")
    assert set(ints(batch, "witness").tolist()) == {Witness.COUNTER}
    assert done.account.warnings == ()


def test_an_internal_clock_in_whatever_zone_dates_nothing(mappings: Mappings) -> None:
    """It was seen three hours east of UTC, and another file may have it elsewhere."""
    moved = repeated_hour()
    for rows in (moved.glucose, moved.meter, moved.entries):
        for row in rows:
            row[0] = str(datetime.fromisoformat(row[0]) + (datetime(2025, 1, 2) - datetime(2025, 1, 1, 9)))
    here, there = told(mappings, repeated_hour()), told(mappings, moved)
    for one, other in zip(here.readings, there.readings, strict=True):
        assert ints(one, "instant").tolist() == ints(other, "instant").tolist()


def test_travel_that_no_zone_knows_is_seen_by_the_internal_clock(mappings: Mappings) -> None:
    out = worn(datetime(2025, 11, 10, 8, 0, 2), 288, "Europe/Berlin")
    for row in out.glucose[100:160]:
        row[1] = str(datetime.fromisoformat(row[1]) - (datetime(2025, 1, 1, 2) - datetime(2025, 1, 1)))
    done = told(mappings, out)
    assert set(np.diff(ints(only(done, Stream.GLUCOSE), "instant")).tolist()) == {300_000}
    assert "the clock was moved where the patient's zone was not" in done.account.warnings[0]


def test_an_entry_happened_when_it_says_and_not_when_it_was_typed(mappings: Mappings) -> None:
    batch = only(told(mappings, repeated_hour()), Stream.CARBS)
    assert ints(batch, "instant").tolist() == [utc("2025-10-25T20:00:51"), utc("2025-10-25T21:10:51")]
    assert ints(batch, "value").tolist() == [35, 0]
    assert ints(batch, "flags").tolist() == [0, Flag.NO_VALUE]


def test_two_equal_doses_of_one_meal_stay_two_and_a_copied_row_is_one(mappings: Mappings) -> None:
    out = repeated_hour()
    out.entries.append(out.entries[1])
    batch = only(told(mappings, out), Stream.BOLUS)
    assert len(batch) == 5 and len(set(ints(batch, "counter").tolist())) == 4


def test_words_of_an_entry_become_kind_and_amount(mappings: Mappings) -> None:
    done = told(mappings, repeated_hour())
    doses = only(done, Stream.BOLUS)
    assert ints(doses, "value").tolist() == [450, 450, 1800, 0]
    assert ints(doses, "kind").tolist() == [
        BolusKind.UNKNOWN,
        BolusKind.UNKNOWN,
        BolusKind.LONG,
        BolusKind.UNKNOWN,
    ]
    activity = only(done, Stream.ACTIVITY)
    assert ints(activity, "kind").tolist() == [ActivityKind.HEAVY, ActivityKind.LIGHT]
    assert (ints(activity, "end") - ints(activity, "instant")).tolist() == [30 * MINUTE, 0]
    assert ints(only(done, Stream.EVENT), "kind").tolist() == [EventKind.STRESS]


def test_two_numbers_in_an_entry_are_no_amount_and_its_words_stay(mappings: Mappings) -> None:
    batch = only(told(mappings, repeated_hour()), Stream.BOLUS)
    assert ints(batch, "flags").tolist()[-1] == Flag.NO_VALUE
    assert batch.columns["text"].tolist()[-1] == "Insulin 2.00 or 3.00 units"


def test_a_kind_of_entry_that_is_not_known_is_kept_as_a_note(mappings: Mappings) -> None:
    batch = only(told(mappings, repeated_hour()), Stream.NOTE)
    assert batch.columns["text"].tolist() == ["Health Moonstruck", "Party at Ben's 2"]


def test_error_values_are_events_and_never_glucose(mappings: Mappings) -> None:
    done = told(mappings, errors())
    assert ints(only(done, Stream.EVENT), "kind").tolist() == [
        EventKind.SENSOR_FAULT,
        EventKind.SIGNAL_LOSS,
        EventKind.CALIBRATION_NEEDED,
        EventKind.SENSOR_FAULT,
        EventKind.SENSOR_FAULT,
        EventKind.SENSOR_FAULT,
        EventKind.SIGNAL_LOSS,
    ]
    batch = only(done, Stream.GLUCOSE)
    assert ints(batch, "value").tolist()[:2] == [40, 400]
    assert ints(batch, "flags").tolist()[:2] == [Flag.LOW, Flag.HIGH]
    assert done.account.ignored == {"section patient": 7, "no-value": 1, "no-sensor-session": 1}


def test_the_unit_is_told_by_the_numbers_and_never_guessed(mappings: Mappings) -> None:
    start = datetime(2025, 11, 8, 8, 0, 2)
    molar = only(told(mappings, worn(start, 30, "Europe/Berlin", molar=True)), Stream.GLUCOSE)
    assert (molar.key.unit, molar.key.scale) == (Unit.MMOL_L, 1)
    assert only(told(mappings, worn(start, 30, "Europe/Berlin")), Stream.GLUCOSE).key.unit is Unit.MG_DL
    whole = worn(start, 6, "Europe/Berlin")
    for row, value in zip(whole.glucose, ("4", "5", "5", "6", "6", "9"), strict=True):
        row[2] = value
    whole.meter = []
    done = told(mappings, whole)
    assert {batch.key.stream for batch in done.readings} == {Stream.EVENT}
    assert {each.reason for each in done.account.rejected} == {
        "what is in column 'unit' is no unit that is known here"
    }


def test_a_workbook_reads_as_the_export_that_it_was_made_of(mappings: Mappings) -> None:
    done = read(workbook(), mappings)
    plain = told(mappings, worn(datetime(2025, 11, 5, 8, 0, 2), 30, "Europe/Berlin"))
    for one, other in zip(done.readings, plain.readings, strict=True):
        assert one.key == other.key
        for name in ("instant", "value", "counter"):
            assert ints(one, name).tolist() == ints(other, name).tolist()


@pytest.mark.parametrize(
    ("serial", "model"), [("SM10203040", "Dexcom G4"), ("900200100", "Dexcom Seven Plus"), ("X", "")]
)
def test_a_receiver_is_told_by_its_serial(mappings: Mappings, serial: str, model: str) -> None:
    out = worn(datetime(2025, 11, 8, 8, 0, 2), 5, "Europe/Berlin")
    out.info = (("SerialNumber", serial),)
    done = told(mappings, out)
    assert {batch.device.model for batch in done.readings} == {model}
    assert done.person is None


def test_the_same_export_a_week_later_has_the_same_keys(mappings: Mappings) -> None:
    longer = worn(datetime(2025, 11, 10, 8, 0, 2), 288, "Europe/Berlin")
    shorter = Export(glucose=longer.glucose[:200], meter=longer.meter[:10])
    entered(shorter, 20, "Carbs", "Carbs 10 grams")
    longer.entries = list(shorter.entries)
    one, other = told(mappings, shorter), told(mappings, longer)
    for before, after in zip(one.readings, other.readings, strict=True):
        assert set(ints(before, "counter").tolist()) <= set(ints(after, "counter").tolist())


def test_entries_alone_stand_on_the_clock_of_the_zone(mappings: Mappings) -> None:
    out = worn(datetime(2025, 11, 8, 8, 0, 2), 5, "Europe/Berlin")
    entered(out, 2, "Carbs", "Carbs 10 grams")
    out.glucose, out.meter = [], []
    done = decode(
        written(out), mappings.formats["dexcom-studio"], ZoneHistory.always("America/New_York"), RECEIVED
    )
    assert ints(only(done, Stream.CARBS), "instant").tolist() == [utc("2025-11-08T13:10:42")]
