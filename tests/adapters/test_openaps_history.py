"""The pump history of an OpenAPS rig: rates and lengths apart, and what means nothing without its unit or date."""

from __future__ import annotations

import pytest

from bridge.mapping import Mappings
from bridge.period import iso
from bridge.reading import SourceClass, Stream
from tests.adapters.nightscout_entries import document
from tests.adapters.nightscout_others import history
from tests.adapters.nightscout_told import lines
from tests.adapters.suite import DocumentSuite, ints, read, refused


class TestPumpHistory(DocumentSuite):
    """The sentences that every adapter of documents keeps."""

    family = "openaps-pump-history"
    small = "pumphistory-temps.json"
    records = ""


def test_a_rate_and_its_length_are_one_basal(mappings: Mappings) -> None:
    found = lines(read(history(), mappings), Stream.BASAL, "value", "unit", "lasted", "flags")
    assert found == [
        (1.1, "U/h", 12, ""), (2.35, "U/h", 30, ""), (150.0, "%", 30, ""), (0.7, "U/h", 20, "INTERRUPTED"),
    ]  # fmt: skip


def test_a_length_of_nought_ends_what_runs(mappings: Mappings) -> None:
    done = read(history(), mappings)
    assert done.account.ignored["end-of-what-ran"] == 1
    assert 0.0 not in [value for (value,) in lines(done, Stream.BASAL, "value")]


def test_the_offset_of_the_rig_makes_the_clock_of_the_pump_an_instant(mappings: Mappings) -> None:
    done = read(history(), mappings)
    assert iso(lines(done, Stream.BASAL, "instant")[0][0]) == "2026-03-27T06:00:00Z"
    assert {offset for batch in done.readings for offset in ints(batch, "offset").tolist()} == {-420}


def test_a_dose_is_what_was_given_of_it(mappings: Mappings) -> None:
    found = lines(read(history(), mappings), Stream.BOLUS, "value", "kind", "programmed", "flags", "lasted")
    assert found[0][0] == 2.7 and (1.5, "unknown", 4.0, "INTERRUPTED", None) in found
    assert (3.0, "extended", 3.0, "", 90) in found
    assert read(history(), mappings).account.ignored["bolus-of-nothing"] == 1


def test_carbohydrates_are_grams_and_that_is_said(mappings: Mappings) -> None:
    done = read(history(), mappings)
    assert lines(done, Stream.CARBS, "value") == [(45.0,), (12.0,)]
    assert any("grams" in warning and "exchanges" in warning for warning in done.account.warnings)


def test_a_fingerstick_without_its_unit_is_rejected(mappings: Mappings) -> None:
    done = read(history(), mappings)
    assert Stream.CAPILLARY not in done.account.read
    assert [one.reason[:50] for one in done.account.rejected] == [
        "the history does not tell whether the pump is set "
    ]


def test_sums_of_a_day_and_steps_of_the_program_are_no_insulin(mappings: Mappings) -> None:
    done = read(history(), mappings)
    assert done.account.ignored["total-or-setting"] == 3
    assert done.account.ignored["record-of-another-type"] == 1


def test_events_of_the_pump_keep_their_kinds(mappings: Mappings) -> None:
    found = [kind for (kind,) in lines(read(history(), mappings), Stream.EVENT, "kind")]
    assert found == [
        "suspend", "resume", "rewind", "prime", "battery_change", "reservoir_low", "battery_low", "alarm", "clock_change",
    ]  # fmt: skip


def test_the_pump_made_it_and_a_rig_passed_it_on(mappings: Mappings) -> None:
    for batch in read(history(), mappings).readings:
        assert (batch.device.manufacturer, batch.device.kind) == ("Medtronic", "pump")
        assert batch.source_class is SourceClass.PROCESSED


UNDATED: tuple[tuple[object, str], ...] = (
    ([{"i": 0, "start": "00:00:00", "rate": 0.9, "minutes": 0}], "a basal profile of an OpenAPS rig"),
    (
        {"units": "mg/dL", "user_preferred_units": "mg/dL", "targets": [{"low": 100}]},
        "glucose targets of an OpenAPS rig",
    ),
    (
        {"units": "mg/dL", "user_preferred_units": "mg/dL", "sensitivities": []},
        "insulin sensitivities of an OpenAPS rig",
    ),
    ({"schedule": [{"ratio": 10}], "units": "grams", "first": 1}, "carbohydrate ratios of an OpenAPS rig"),
    ({"maxBasal": 2, "maxBolus": 5, "insulin_action_curve": 4}, "pump settings of an OpenAPS rig"),
    ({"max_iob": 2, "current_basal": 0.9, "dia": 4}, "computes with at one moment"),
    (
        {"temp": "absolute", "bg": 120, "eventualBG": 110, "reason": "fine"},
        "a suggestion of an OpenAPS algorithm",
    ),
    ([{"iob": 1.2, "activity": 0.01}], "insulin on board as an algorithm computed it"),
    ({"status": "normal", "bolusing": False, "suspended": False}, "the status of a pump at a moment"),
    ({"status": "normal", "voltage": 1.5}, "the battery of a pump at a moment"),
    ({"temp": "absolute", "rate": 0.5, "duration": 20}, "the temporary basal of a pump at a moment"),
)


@pytest.mark.parametrize(("file", "said"), UNDATED)
def test_a_file_of_a_rig_that_says_no_date_is_refused_by_name(
    mappings: Mappings, file: object, said: str
) -> None:
    assert said in refused(document(file), mappings)
