"""The same Observations said slowly: an independent reading of the design, one dict at a time.

Law: shares no code with bridge/fhir; numbers are kept as the text that must leave, so 5.0 is not 5.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from bridge.consent.asked import Grain
from bridge.consent.disclosure import Disclosure, Group
from bridge.mapping import Mappings
from bridge.reading import Flag, Stream, Unit

OWN = "urn:oid:2.25.29369577241006611057575478751298666011"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOINC = {
    (Stream.GLUCOSE, Unit.MG_DL): "99504-3",
    (Stream.GLUCOSE, Unit.MMOL_L): "105272-9",
    (Stream.CAPILLARY, Unit.MG_DL): "41653-7",
    (Stream.CAPILLARY, Unit.MMOL_L): "14743-9",
}
MEAN = {Unit.MG_DL: "97507-8", Unit.MMOL_L: "105273-7"}
QUANTITY = {
    (Stream.GLUCOSE, Unit.MG_DL): ("mg/dl", "mg/dL"),
    (Stream.GLUCOSE, Unit.MMOL_L): ("mmol/l", "mmol/L"),
    (Stream.CAPILLARY, Unit.MG_DL): ("mg/dL", "mg/dL"),
    (Stream.CAPILLARY, Unit.MMOL_L): ("mmol/L", "mmol/L"),
}
CGM = "http://hl7.org/fhir/uv/cgm/StructureDefinition/cgm-sensor-reading-"
PROFILE = {Unit.MG_DL: f"{CGM}mass-per-volume", Unit.MMOL_L: f"{CGM}moles-per-volume"}
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"


def parsed(body: bytes | memoryview) -> Any:
    """JSON with every number as its text."""
    return json.loads(bytes(body), parse_float=str, parse_int=str)


def hexid(raw: Any) -> str:
    text = bytes(raw).hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def stamp(instant: int, offset: int, always: bool = False) -> str:
    there = (EPOCH + timedelta(milliseconds=instant)).astimezone(timezone(timedelta(minutes=offset)))
    kept = "milliseconds" if always or instant % 1000 else "seconds"
    return there.isoformat(timespec=kept)


def number(value: int, scale: int) -> str:
    if not scale:
        return str(value)
    digits = str(abs(value)).zfill(scale + 1)
    return f"{'-' if value < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"


def concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def observations(disclosure: Disclosure, mappings: Mappings, system: str, base: str) -> list[dict[str, Any]]:
    """The entries of a page, in its order."""
    found: dict[int, dict[str, Any]] = {}
    assert disclosure.subject is not None
    for group in disclosure.groups:
        revision = mappings.formats[group.format].fhir_revision
        for row in range(len(group.at)):
            resource = observation(group, row, disclosure.subject.id, revision, system)
            url = f"{base}/Observation/{resource['id']}"
            found[int(group.at[row])] = {
                "fullUrl": url,
                "resource": resource,
                "search": {"mode": "match"},
            }
    return [found[at] for at in sorted(found)]


def observation(group: Group, row: int, patient: str, revision: str, system: str) -> dict[str, Any]:
    columns = {name: column[row] for name, column in group.columns.items()}
    mean = group.grain is not Grain.RAW
    name = hexid(group.ids[row])
    version = int(group.version[row])
    flags = Flag(int(columns.get("flags", 0)))
    said: dict[str, Any] = {"resourceType": "Observation", "id": name}
    meta: dict[str, Any] = {
        "versionId": f"{version + 1}-{revision}",
        "lastUpdated": stamp(int(group.last_updated[row]), 0, always=True).replace("+00:00", "Z"),
    }
    if group.stream is Stream.GLUCOSE and not mean:
        meta["profile"] = [PROFILE[group.unit]]
    meta["tag"] = [
        {"system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-tags", "code": "patient-supplied"},
        {"system": OWN, "code": str(group.source_class)},
    ]
    said["meta"] = meta
    said["identifier"] = [{"system": system, "value": name}]
    said["status"] = "corrected" if version else "final"
    said["category"] = [
        concept(f"{TERMINOLOGY}/observation-category", "laboratory"),
        concept(f"{TERMINOLOGY}/v2-0074", "LAB"),
    ]
    said["code"] = concept("http://loinc.org", MEAN[group.unit] if mean else LOINC[group.stream, group.unit])
    said["subject"] = {"reference": f"Patient/{patient}"}
    instant, offset = int(columns["instant"]), int(columns["offset"])
    if mean:
        ends = stamp(int(columns["end"]) - 1, offset, always=True)
        said["effectivePeriod"] = {"start": stamp(instant, offset), "end": ends}
    else:
        said["effectiveDateTime"] = stamp(instant, offset)
    if Flag.RETRACTED in flags:
        said["status"] = "entered-in-error"
        said["dataAbsentReason"] = concept(f"{TERMINOLOGY}/data-absent-reason", "error")
    else:
        value(said, group, columns, Flag(0) if mean else flags)
        if Flag.UNCERTAIN in flags and not mean:
            said["note"] = [{"text": "The time of this reading is uncertain."}]
    if Flag.RETRACTED in flags and Flag.UNCERTAIN in flags and not mean:
        said["note"] = [{"text": "The time of this reading is uncertain."}]
    if group.device:
        said["device"] = {"reference": f"Device/{group.device}"}
    if mean:
        count, expected = int(columns["count"]), max(1, int(columns["expected"]))
        share = min(1000, (count * 1000 + expected // 2) // expected)
        percent = {
            "value": number(share, 1),
            "unit": "%",
            "system": "http://unitsofmeasure.org",
            "code": "%",
        }
        said["component"] = [
            {"code": concept(OWN, "reading-count"), "valueInteger": str(count)},
            {"code": concept(OWN, "coverage"), "valueQuantity": percent},
            {"code": concept(OWN, "off-scale-count"), "valueInteger": str(int(columns["off_scale"]))},
        ]
    return said


def value(said: dict[str, Any], group: Group, columns: dict[str, Any], flags: Flag) -> None:
    sign = "<" if Flag.LOW in flags else ">" if Flag.HIGH in flags else ""
    if Flag.NO_VALUE in flags:
        reason = {"": "unknown", "<": "negative-infinity", ">": "positive-infinity"}[sign]
        said["dataAbsentReason"] = concept(f"{TERMINOLOGY}/data-absent-reason", reason)
    else:
        unit, code = QUANTITY[group.stream, group.unit]
        quantity = {"value": number(int(columns["value"]), group.scale)}
        if sign:
            quantity["comparator"] = sign + ("=" if Flag.INCLUSIVE in flags else "")
        said["valueQuantity"] = quantity | {
            "unit": unit,
            "system": "http://unitsofmeasure.org",
            "code": code,
        }
    if sign:
        said["interpretation"] = [concept(f"{TERMINOLOGY}/v3-ObservationInterpretation", sign)]
