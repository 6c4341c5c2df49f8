"""Every stream leaves: valid R4, and saying what an independent, slow reading of the design says."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from bridge.consent.disclosure import Disclosure, Group
from bridge.fhir.render import Renderer
from bridge.mapping import Mappings
from bridge.reading import (
    BasalKind,
    BolusKind,
    CalibrationKind,
    EventKind,
    Flag,
    SettingKind,
    Stream,
    Unit,
)
from tests.fhir import disclosed, naive
from tests.fhir.disclosed import BASE, NOON, SYSTEM, disclose, group
from tests.fhir.drawn import pages
from tests.fhir.valid import resources, valid
from tests.shipped import mappings

Columns: TypeAlias = "dict[str, NDArray[np.generic]]"

URL = "https://bridge.example/self"
SHIPPED = mappings()
HOUR = 3_600_000
PLAIN = Flag(0)


@lru_cache(maxsize=1)
def shipped() -> tuple[Renderer, Mappings]:
    return disclosed.renderer(SHIPPED), SHIPPED


@given(pages())
def test_every_row_of_every_stream_says_what_a_slow_reading_says(disclosure: Disclosure) -> None:
    told = naive.parsed(shipped()[0].searchset(disclosure, URL).body)
    assert told["entry"] == _legible(naive.observations(disclosure, SHIPPED, SYSTEM, BASE))


@given(pages())
def test_every_row_of_every_stream_is_valid_r4(disclosure: Disclosure) -> None:
    page = valid(shipped()[0].searchset(disclosure, URL, include_provenance=True).body)
    kinds = {entry["resource"]["resourceType"] for entry in page["entry"]}
    assert len(resources(page, "Provenance")) == disclosure.count
    targets = [proof["target"][0]["reference"] for proof in resources(page, "Provenance")]
    told = [e["resource"] for e in page["entry"] if e["search"]["mode"] == "match"]
    assert targets == [f"{each['resourceType']}/{each['id']}" for each in told]
    assert kinds <= {"Observation", "MedicationAdministration", "Provenance"}


@given(pages())
def test_a_delivery_of_every_stream_is_valid_r4(disclosure: Disclosure) -> None:
    content, sent = shipped()[0].transaction(disclosure, "Patient/1", {}, NOON)
    bundle = valid(content.body)
    assert [each.kind for each in sent] == [e["request"]["url"] for e in bundle.get("entry", ())]


def _legible(tree: Any) -> Any:
    """What no FHIR string may hold is shown as U+FFFD, as the renderer does."""
    if isinstance(tree, str):
        kept = (c if c in "\t\n\r" or ord(c) >= 32 else "\ufffd" for c in tree)
        return "".join("\ufffd" if c in "\ufffe\uffff" else c for c in kept)
    if isinstance(tree, list):
        return [_legible(each) for each in tree]
    return {k: _legible(v) for k, v in tree.items()} if isinstance(tree, dict) else tree


# -------------------------------------------------------------------------------------------- what was given


def one(made: Group, kind: str = "MedicationAdministration") -> Any:
    """The one resource of a group of one row, with numbers as text."""
    page = disclose(made)
    valid(shipped()[0].searchset(page, URL).body)
    (entry,) = naive.parsed(shipped()[0].searchset(page, URL).body)["entry"]
    assert entry["resource"]["resourceType"] == kind
    return entry["resource"]


def dose(amount: int = 350, kind: BolusKind = BolusKind.RAPID, flags: Flag = PLAIN, **more: Any) -> Group:
    columns: Columns = {
        "value": np.array([amount], np.int64),
        "kind": np.array([kind], np.uint16),
        "flags": np.array([flags], np.uint16),
        **{
            name: np.array([value], np.int64) for name, value in more.items() if name in ("end", "programmed")
        },
    }
    rest = {name: value for name, value in more.items() if name not in columns}
    return group(1, stream=Stream.BOLUS, unit=Unit.UNITS, scale=2, columns=columns, **rest)


def rate(amount: int = 80, kind: BasalKind = BasalKind.SCHEDULED, flags: Flag = PLAIN, **more: Any) -> Group:
    columns: Columns = {
        "value": np.array([amount], np.int64),
        "kind": np.array([kind], np.uint16),
        "flags": np.array([flags], np.uint16),
        "end": np.array([NOON + HOUR], np.int64),
    }
    return group(
        1, **{"stream": Stream.BASAL, "unit": Unit.UNITS_PER_HOUR, "scale": 2, "columns": columns, **more}
    )


def test_a_dose_is_in_units_of_the_pump_whose_concentration_is_not_known() -> None:
    assert one(dose())["dosage"]["dose"] == {
        "value": "3.50",
        "unit": "insulin-units (concentration not known)",
        "system": "http://unitsofmeasure.org",
        "code": "{insulin-unit}",
    }


def test_only_where_a_site_states_u100_is_a_dose_in_international_units() -> None:
    shapes = {
        stream: shape.model_copy(update={"concentration": "U-100"})
        for stream, shape in SHIPPED.formats["dexcom-clarity"].fhir.items()
    }
    stated = replace(SHIPPED.formats["dexcom-clarity"], fhir=shapes)
    renderer = disclosed.renderer(replace(SHIPPED, formats={"dexcom-clarity": stated}))
    page = valid(renderer.searchset(disclose(dose()), URL).body)
    (told,) = resources(page, "MedicationAdministration")
    assert (told["dosage"]["dose"]["unit"], told["dosage"]["dose"]["code"]) == ("IU", "[iU]")
    (basal,) = resources(valid(renderer.searchset(disclose(rate()), URL).body), "MedicationAdministration")
    assert basal["dosage"]["rateQuantity"]["code"] == "[iU]/h"


def test_which_insulin_is_told_only_where_the_source_says_it() -> None:
    codes = {kind: one(dose(kind=kind))["medicationCodeableConcept"]["coding"] for kind in BolusKind}
    assert [each["code"] for each in codes[BolusKind.RAPID]] == ["67866001", "8417800"]
    assert [each["code"] for each in codes[BolusKind.LONG]] == ["25305005"]
    assert all("display" not in each for coding in codes.values() for each in coding)
    rest = set(BolusKind) - {BolusKind.RAPID, BolusKind.LONG}
    assert {codes[kind][0]["code"] for kind in rest} == {"67866001"}


def test_a_dose_that_took_time_has_a_period_and_its_method() -> None:
    told = one(dose(kind=BolusKind.EXTENDED, end=NOON + 2 * HOUR))
    period = {"start": "2026-03-01T11:00:00+01:00", "end": "2026-03-01T13:00:00+01:00"}
    assert told["effectivePeriod"] == period and "effectiveDateTime" not in told
    assert told["dosage"]["method"]["coding"][0]["code"] == "8418346"


def test_an_interrupted_dose_is_stopped_and_says_what_was_programmed() -> None:
    told = one(dose(125, flags=Flag.INTERRUPTED, programmed=500))
    assert told["status"] == "stopped" and told["dosage"]["dose"]["value"] == "1.25"
    assert told["dosage"]["text"] == "Programmed, in the unit of what was given: 5.00"
    assert "text" not in one(dose(500, programmed=500))["dosage"]
    assert "text" not in one(dose(500, programmed=-1))["dosage"]


def test_a_controller_is_named_as_the_reason() -> None:
    assert [each["coding"][0]["code"] for each in one(dose(flags=Flag.AUTOMATED))["reasonCode"]] == [
        "8418353"
    ]
    told = one(rate(kind=BasalKind.AUTOMATED, flags=Flag.AUTOMATED))["reasonCode"]
    assert [each["coding"][0]["code"] for each in told] == ["8418307"]
    assert "reasonCode" not in one(dose())


def test_a_basal_segment_is_a_rate_over_a_period() -> None:
    told = one(rate())
    assert told["dosage"]["rateQuantity"]["value"] == "0.80" and "dose" not in told["dosage"]
    assert told["dosage"]["rateQuantity"]["code"] == "{insulin-unit}/h"
    assert told["effectivePeriod"]["end"] == "2026-03-01T12:00:00+01:00"
    assert told["dosage"]["route"]["coding"][0]["code"] == "IPUMPINJ"


def test_a_percentage_is_a_ratio_to_the_scheduled_rate_and_never_a_rate() -> None:
    told = one(rate(50, BasalKind.TEMPORARY, unit=Unit.PERCENT, scale=0))["dosage"]
    assert told["rateRatio"]["numerator"]["value"] == "50" and told["rateRatio"]["numerator"]["code"] == "%"
    assert told["rateRatio"]["denominator"]["code"] == "{scheduled-basal-rate}"
    assert "rateQuantity" not in told


@pytest.mark.parametrize("flags", [Flag(0), Flag.NO_VALUE])
def test_a_suspension_is_not_done_for_a_reason_at_a_rate_of_nothing(flags: Flag) -> None:
    told = one(rate(0, BasalKind.SUSPENDED, flags))
    assert told["status"] == "not-done"
    assert told["statusReason"][0]["coding"][0]["code"] == "delivery-suspended"
    assert float(told["dosage"]["rateQuantity"]["value"]) == 0.0


def test_a_dose_without_an_amount_says_that_it_was_not_recorded() -> None:
    dosage = one(dose(0, flags=Flag.NO_VALUE))["dosage"]
    assert dosage["text"] == "The amount was not recorded."
    assert dosage["dose"]["extension"][0]["valueCode"] == "unknown" and "value" not in dosage["dose"]


def test_a_retracted_dose_is_an_error_without_any_amount() -> None:
    told = one(dose(flags=Flag.RETRACTED | Flag.AUTOMATED | Flag.INTERRUPTED, programmed=700))
    assert told["status"] == "entered-in-error"
    assert not {"dosage", "reasonCode", "statusReason", "note"} & set(told)


def test_the_route_is_told_of_a_pump_that_may_be_named() -> None:
    assert one(dose(device_kind="pump"))["dosage"]["route"]["coding"][0]["code"] == "IPUMPINJ"
    assert "route" not in one(dose(device_kind="pen"))["dosage"]
    assert "route" not in one(dose())["dosage"]


# ------------------------------------------------------------------------------------------------- the others


def row(stream: Stream, unit: Unit, kind: int = 0, **columns: Any) -> Any:
    made: Columns = {"kind": np.array([kind], np.uint16)}
    made |= {name: np.array([value], object if name == "text" else None) for name, value in columns.items()}
    return one(group(1, stream=stream, unit=unit, columns=made), "Observation")


def test_a_calibration_is_no_second_fingerstick() -> None:
    told = row(Stream.CALIBRATION, Unit.MG_DL, CalibrationKind.REFUSED)
    assert [each["code"] for each in told["code"]["coding"]] == ["8418036"]
    assert "laboratory" not in str(told["category"]) and "LAB" not in str(told["category"])
    (component,) = told["component"]
    assert component["valueCodeableConcept"]["coding"][0]["code"] == "calibration-refused"


def test_servings_never_wear_the_code_of_grams() -> None:
    assert row(Stream.CARBS, Unit.GRAMS)["code"]["coding"][0]["code"] == "9059-7"
    told = row(Stream.CARBS, Unit.SERVINGS)
    assert told["code"]["coding"][0]["code"] == "carbohydrate-servings"
    assert told["valueQuantity"]["code"] == "{serving}"


def test_an_event_is_named_by_a_published_code_first_and_always_by_ours() -> None:
    told = row(Stream.EVENT, Unit.NONE, EventKind.ALARM_LOW)
    assert [each["code"] for each in told["code"]["coding"]] == ["8418060.12", "alarm-low"]
    assert told["code"]["coding"][1]["display"] == "Low glucose alarm" and told["valueBoolean"] is True


def test_a_setting_says_from_which_time_of_day_it_holds() -> None:
    told = row(Stream.SETTINGS, Unit.UNITS_PER_HOUR, SettingKind.BASAL_RATE, minute=np.int16(390))
    assert told["component"][0]["valueTime"] == "06:30:00"
    assert "component" not in row(Stream.SETTINGS, Unit.HOURS, SettingKind.INSULIN_DURATION)


def test_a_note_says_what_was_written_and_one_without_text_is_absent_like_any_value() -> None:
    assert row(Stream.NOTE, Unit.NONE, text='Ate late,\nran "far"')["valueString"] == 'Ate late,\nran "far"'
    for empty in ("", "  \n"):
        told = row(Stream.NOTE, Unit.NONE, text=empty)
        assert told["dataAbsentReason"]["coding"][0]["code"] == "unknown" and "valueString" not in told
    wrong = row(Stream.NOTE, Unit.NONE, text="not mine", flags=np.uint16(Flag.RETRACTED))
    assert wrong["status"] == "entered-in-error" and "not mine" not in json.dumps(wrong)


def test_words_beside_a_reading_are_a_note_of_it() -> None:
    told = row(Stream.EVENT, Unit.NONE, EventKind.ALCOHOL, text="two glasses")
    assert told["note"] == [{"text": "two glasses"}]
    assert [each["coding"][0]["code"] for each in told["category"]] == ["social-history"]


def test_a_long_note_does_not_stretch_the_page() -> None:
    at = np.arange(301, dtype=np.int32)
    long: Columns = {"text": np.array(["x" * 50_000, None], object)[:1]}
    notes = group(1, stream=Stream.NOTE, unit=Unit.NONE, at=at[150:151], columns=long, first=900)
    others = group(300, at=np.delete(at, 150))
    body = shipped()[0].searchset(disclose(notes, others), URL).body
    assert len(body) < 300 * 1500 + 2 * 65_536
    told = valid(body)["entry"]
    assert told[150]["resource"]["valueString"] == "x" * 50_000
    assert [each["resource"]["valueQuantity"]["value"] for each in [*told[:150], *told[151:]]] == list(
        range(100, 400)
    )
