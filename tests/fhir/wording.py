"""The codes and units of the design, by hand: what `naive.py` says slowly.

Law: shares no code and no table with `bridge/` or `mappings/`; numbers are those of the published lists.
"""

from __future__ import annotations

import json
from typing import Any

from bridge.consent.disclosure import Group
from bridge.reading import Flag, Stream, Unit
from tests.fhir.disclosed import PROJECT

OWN = "urn:oid:2.25.29369577241006611057575478751298666011"
UCUM = "http://unitsofmeasure.org"
LOINC, SNOMED, MDC = "http://loinc.org", "http://snomed.info/sct", "urn:iso:std:iso:11073:10101"
STATUS_BITS = "http://terminology.hl7.org/CodeSystem/ASN1ToHL7"

DISPLAYS = {
    each["code"]: each["display"]
    for each in json.loads((PROJECT / "conformance/fhir/CodeSystem-cgm-bridge.json").read_text("utf-8"))[
        "concept"
    ]
}
CODES = {
    (Stream.GLUCOSE, Unit.MG_DL): (LOINC, "99504-3"),
    (Stream.GLUCOSE, Unit.MMOL_L): (LOINC, "105272-9"),
    (Stream.CAPILLARY, Unit.MG_DL): (LOINC, "41653-7"),
    (Stream.CAPILLARY, Unit.MMOL_L): (LOINC, "14743-9"),
    (Stream.KETONE, Unit.MMOL_L): (LOINC, "66441-7"),
    (Stream.CALIBRATION, Unit.MG_DL): (MDC, "8418036"),
    (Stream.CALIBRATION, Unit.MMOL_L): (MDC, "8418036"),
    (Stream.CARBS, Unit.GRAMS): (LOINC, "9059-7"),
}
OWN_CODES = {
    (Stream.CARBS, Unit.SERVINGS): "carbohydrate-servings",
    (Stream.ACTIVITY, Unit.MINUTES): "exercise-duration",
    (Stream.NOTE, Unit.NONE): "note",
    (Stream.MODE, Unit.NONE): "delivery-mode",
}
MEANS = {Unit.MG_DL: "97507-8", Unit.MMOL_L: "105273-7"}
BITS = {
    "SENSOR_STOP": 0, "SENSOR_FAULT": 3, "CALIBRATION_NEEDED": 9, "ALARM_LOW": 12, "ALARM_HIGH": 13,
    "ALARM_URGENT_LOW": 14, "ALARM_FALLING": 16, "ALARM_RISING": 17, "SIGNAL_LOSS": 20,
}  # fmt: skip
SETTINGS = {
    "BASAL_RATE": "8418300", "CARB_RATIO": "8418364", "SENSITIVITY": "8418376", "ALERT_URGENT_LOW": "8418017",
    "ALERT_LOW": "8418013", "ALERT_HIGH": "8418014", "ALERT_RISING": "8418021", "ALERT_FALLING": "8418022",
}  # fmt: skip
HEALTH = {"ILLNESS", "STRESS", "HIGH_SYMPTOMS", "LOW_SYMPTOMS", "CYCLE"}
PLACES = {
    Stream.CALIBRATION: "procedure", Stream.CARBS: "social-history", Stream.ACTIVITY: "activity",
    Stream.NOTE: "survey", Stream.EVENT: "procedure", Stream.MODE: "therapy", Stream.SETTINGS: "therapy",
}  # fmt: skip
_UNKNOWN = "(concentration not known)"
UNITS = {
    Unit.MG_DL: ("mg/dL", "mg/dL"),
    Unit.MMOL_L: ("mmol/L", "mmol/L"),
    Unit.UNITS: (f"insulin-units {_UNKNOWN}", "{insulin-unit}"),
    Unit.UNITS_PER_HOUR: (f"insulin-units/h {_UNKNOWN}", "{insulin-unit}/h"),
    Unit.GRAMS_PER_UNIT: (f"g/insulin-unit {_UNKNOWN}", "g/{insulin-unit}"),
    Unit.MG_DL_PER_UNIT: (f"mg/dL/insulin-unit {_UNKNOWN}", "mg/dL/{insulin-unit}"),
    Unit.MMOL_L_PER_UNIT: (f"mmol/L/insulin-unit {_UNKNOWN}", "mmol/L/{insulin-unit}"),
    Unit.MG_DL_PER_MINUTE: ("mg/dL/min", "mg/dL/min"),
    Unit.MMOL_L_PER_MINUTE: ("mmol/L/min", "mmol/L/min"),
    Unit.PERCENT: ("%", "%"),
    Unit.HOURS: ("h", "h"),
    Unit.GRAMS: ("g", "g"),
    Unit.MINUTES: ("min", "min"),
    Unit.SERVINGS: ("servings", "{serving}"),
    Unit.NONE: ("1", "1"),
}


def coding(system: str, code: str) -> dict[str, str]:
    return {"system": system, "code": code}


def own(code: str) -> dict[str, str]:
    return {"system": OWN, "code": code, "display": DISPLAYS[code]}


def concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [coding(system, code)]}


def spelled(kind: str) -> str:
    return kind.lower().replace("_", "-")


def categories(group: Group, kind: str) -> list[tuple[str, str]]:
    if group.stream in (Stream.GLUCOSE, Stream.CAPILLARY, Stream.KETONE):
        return [("observation-category", "laboratory"), ("v2-0074", "LAB")]
    place = PLACES[group.stream]
    if group.stream is Stream.EVENT and (kind in HEALTH or kind == "ALCOHOL"):
        place = "survey" if kind in HEALTH else "social-history"
    return [("observation-category", place)]


def codings(group: Group, kind: str, mean: bool) -> list[dict[str, str]]:
    if mean:
        return [coding(LOINC, MEANS[group.unit])]
    if group.stream is Stream.EVENT:
        found = [coding(STATUS_BITS, f"8418060.{BITS[kind]}")] if kind in BITS else []
        return [*found, own("event" if kind == "UNKNOWN" else spelled(kind))]
    if group.stream is Stream.SETTINGS:
        found = [coding(MDC, SETTINGS[kind])] if kind in SETTINGS else []
        return [*found, own("setting" if kind == "UNKNOWN" else f"setting-{spelled(kind)}")]
    if (group.stream, group.unit) in OWN_CODES:
        return [own(OWN_CODES[group.stream, group.unit])]
    return [coding(*CODES[group.stream, group.unit])]


def components(group: Group, columns: dict[str, Any], flags: Flag, kind: str) -> list[dict[str, Any]]:
    if Flag.RETRACTED in flags:
        return []
    if group.stream is Stream.ACTIVITY and kind != "UNKNOWN":
        graded = {"coding": [own(f"intensity-{spelled(kind)}")]}
        return [{"code": concept(MDC, "8417760"), "valueCodeableConcept": graded}]
    if group.stream is Stream.CALIBRATION and kind != "UNKNOWN":
        result = {"coding": [own(f"calibration-{spelled(kind)}")]}
        return [{"code": {"coding": [own("calibration-result")]}, "valueCodeableConcept": result}]
    daily = ("BASAL_RATE", "CARB_RATIO", "SENSITIVITY", "TARGET_LOW", "TARGET_HIGH")
    if group.stream is Stream.SETTINGS and kind in daily:
        hours, minutes = divmod(int(columns.get("minute", 0)), 60)
        clock = f"{hours:02d}:{minutes:02d}:00"
        return [{"code": {"coding": [own("from-time-of-day")]}, "valueTime": clock}]
    return []


def medication(group: Group, kind: str) -> dict[str, Any]:
    insulin = concept(SNOMED, "25305005" if (group.stream, kind) == (Stream.BOLUS, "LONG") else "67866001")
    if (group.stream, kind) == (Stream.BOLUS, "RAPID"):
        insulin["coding"].append(coding(MDC, "8417800"))
    return insulin


def reasons(group: Group, kind: str, automated: bool) -> list[dict[str, Any]]:
    if group.stream is Stream.BOLUS:
        bolus = {"MEAL": "8418348", "CORRECTION": "8418347", "USER_CHANGE": "8418352"}
        found = [concept(MDC, bolus[kind])] if kind in bolus else []
        return [*found, concept(MDC, "8418353")] if automated else found
    if kind == "TEMPORARY":
        found = [{"coding": [own("basal-temporary")]}]
    else:
        basal = {"SCHEDULED": "8418301", "AUTOMATED": "8418307"}
        found = [concept(MDC, basal[kind])] if kind in basal else []
    if automated and kind != "AUTOMATED":
        found.append(concept(MDC, "8418307"))
    return found


def method(group: Group, kind: str) -> dict[str, Any] | None:
    is_long = group.stream is Stream.BOLUS and kind == "EXTENDED"
    return concept(MDC, "8418346") if is_long else None
