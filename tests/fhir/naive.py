"""The same resources said slowly: an independent reading of the design, one dict at a time.

Law: shares no code with bridge/fhir; numbers are kept as the text that must leave, so 5.0 is not 5.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from bridge.consent.asked import Grain
from bridge.consent.disclosure import Disclosure, Group
from bridge.mapping import Mappings
from bridge.reading import KINDS, Flag, Stream, Unit
from tests.fhir.wording import (
    OWN,
    UCUM,
    UNITS,
    categories,
    codings,
    components,
    concept,
    medication,
    method,
    own,
    reasons,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUANTITY = {
    (Stream.GLUCOSE, Unit.MG_DL): ("mg/dl", "mg/dL"),
    (Stream.GLUCOSE, Unit.MMOL_L): ("mmol/l", "mmol/L"),
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


def observations(disclosure: Disclosure, mappings: Mappings, system: str, base: str) -> list[dict[str, Any]]:
    """The entries of a page, in its order."""
    found: dict[int, dict[str, Any]] = {}
    assert disclosure.subject is not None
    for group in disclosure.groups:
        revision = mappings.formats[group.format].fhir_revision
        for row in range(len(group.at)):
            say = given if group.stream in (Stream.BOLUS, Stream.BASAL) else observation
            resource = say(group, row, disclosure.subject.id, revision, system)
            url = f"{base}/{resource['resourceType']}/{resource['id']}"
            found[int(group.at[row])] = {
                "fullUrl": url,
                "resource": resource,
                "search": {"mode": "match"},
            }
    return [found[at] for at in sorted(found)]


def opened(kind: str, group: Group, row: int, revision: str, system: str) -> dict[str, Any]:
    """What a resource of either type begins with."""
    name, version = hexid(group.ids[row]), int(group.version[row])
    content = 0 if group.content is None else int(group.content[row])
    apart = f".{content:x}" if content else ""
    meta: dict[str, Any] = {
        "versionId": f"{version + 1}{apart}-{revision}",
        "lastUpdated": stamp(int(group.last_updated[row]), 0, always=True).replace("+00:00", "Z"),
    }
    if group.stream is Stream.GLUCOSE and group.grain is Grain.RAW:
        meta["profile"] = [PROFILE[group.unit]]
    meta["tag"] = [
        {"system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-tags", "code": "patient-supplied"},
        {"system": OWN, "code": str(group.source_class)},
    ]
    return {
        "resourceType": kind,
        "id": name,
        "meta": meta,
        "identifier": [{"system": system, "value": name}],
    }


def told(group: Group, row: int) -> tuple[dict[str, Any], Flag, str]:
    """The row's columns, flags and kind."""
    columns = {name: column[row] for name, column in group.columns.items()}
    table = KINDS.get(group.stream)
    kind = int(columns.get("kind", 0))
    known = {int(each): each.name for each in table} if table else {}
    return columns, Flag(int(columns.get("flags", 0))), known.get(kind, "UNKNOWN")


def when(group: Group, columns: dict[str, Any]) -> dict[str, Any]:
    instant, offset = int(columns["instant"]), int(columns["offset"])
    end = int(columns.get("end", 0))
    if group.grain is not Grain.RAW:
        last = stamp(end - 1, offset, always=True)
        return {"effectivePeriod": {"start": stamp(instant, offset), "end": last}}
    lasts = group.stream in (Stream.BOLUS, Stream.BASAL, Stream.ACTIVITY, Stream.MODE) and end > instant
    if not lasts:
        return {"effectiveDateTime": stamp(instant, offset)}
    fine = bool(instant % 1000 or end % 1000)
    return {"effectivePeriod": {"start": stamp(instant, offset, fine), "end": stamp(end, offset, fine)}}


def notes(flags: Flag, text: str) -> list[dict[str, str]]:
    found = ["The time of this reading is uncertain."] if Flag.UNCERTAIN in flags else []
    if text.strip() and Flag.RETRACTED not in flags:
        found.append(text)
    return [{"text": each} for each in found]


def observation(group: Group, row: int, patient: str, revision: str, system: str) -> dict[str, Any]:
    columns, flags, kind = told(group, row)
    mean = group.grain is not Grain.RAW
    if mean:
        flags &= Flag.RETRACTED
    said = opened("Observation", group, row, revision, system)
    said["status"] = "corrected" if int(group.version[row]) else "final"
    said["category"] = [concept(f"{TERMINOLOGY}/{where}", code) for where, code in categories(group, kind)]
    said["code"] = {"coding": codings(group, kind, mean)}
    said["subject"] = {"reference": f"Patient/{patient}"}
    said |= when(group, columns)
    text = str(columns.get("text", ""))
    if Flag.RETRACTED in flags:
        said["status"] = "entered-in-error"
        said["dataAbsentReason"] = concept(f"{TERMINOLOGY}/data-absent-reason", "error")
    elif group.stream is Stream.NOTE and text.strip():
        said["valueString"] = text
    elif group.stream is Stream.NOTE:
        said["dataAbsentReason"] = concept(f"{TERMINOLOGY}/data-absent-reason", "unknown")
    elif group.stream is Stream.MODE:
        name = kind.lower().replace("_", "-")
        said["valueCodeableConcept"] = {"coding": [own(f"mode-{name}")]}
    elif group.stream is Stream.EVENT and group.unit is Unit.NONE:
        said["valueBoolean"] = True
    else:
        value(said, group, columns, flags)
    if written := notes(flags, "" if group.stream is Stream.NOTE else text):
        said["note"] = written
    if group.device:
        said["device"] = {"reference": f"Device/{group.device}"}
    parts = of_a_mean(columns) if mean else components(group, columns, flags, kind)
    if parts and Flag.RETRACTED not in flags:
        said["component"] = parts
    return said


def of_a_mean(columns: dict[str, Any]) -> list[dict[str, Any]]:
    count, expected = int(columns["count"]), max(1, int(columns["expected"]))
    share = min(1000, (count * 1000 + expected // 2) // expected)
    percent = {"value": number(share, 1), "unit": "%", "system": UCUM, "code": "%"}
    return [
        {"code": concept(OWN, "reading-count"), "valueInteger": str(count)},
        {"code": concept(OWN, "coverage"), "valueQuantity": percent},
        {"code": concept(OWN, "off-scale-count"), "valueInteger": str(int(columns["off_scale"]))},
    ]


def value(said: dict[str, Any], group: Group, columns: dict[str, Any], flags: Flag) -> None:
    sign = "<" if Flag.LOW in flags else ">" if Flag.HIGH in flags else ""
    if Flag.NO_VALUE in flags:
        reason = {"": "unknown", "<": "negative-infinity", ">": "positive-infinity"}[sign]
        said["dataAbsentReason"] = concept(f"{TERMINOLOGY}/data-absent-reason", reason)
    else:
        unit, code = QUANTITY.get((group.stream, group.unit)) or UNITS[group.unit]
        quantity = {"value": number(int(columns["value"]), group.scale)}
        if sign:
            quantity["comparator"] = sign + ("=" if Flag.INCLUSIVE in flags else "")
        said["valueQuantity"] = quantity | {"unit": unit, "system": UCUM, "code": code}
    if sign:
        said["interpretation"] = [concept(f"{TERMINOLOGY}/v3-ObservationInterpretation", sign)]


# ----------------------------------------------------------------------------------------- what was given


def given(group: Group, row: int, patient: str, revision: str, system: str) -> dict[str, Any]:
    columns, flags, kind = told(group, row)
    said = opened("MedicationAdministration", group, row, revision, system)
    is_wrong, is_idle = Flag.RETRACTED in flags, group.stream is Stream.BASAL and kind == "SUSPENDED"
    said["status"] = "stopped" if Flag.INTERRUPTED in flags else "completed"
    if is_idle:
        said["status"] = "not-done"
        said["statusReason"] = [{"coding": [own("delivery-suspended")]}]
    said["medicationCodeableConcept"] = medication(group, kind)
    said["subject"] = {"reference": f"Patient/{patient}"}
    said |= when(group, columns)
    if why := reasons(group, kind, Flag.AUTOMATED in flags):
        said["reasonCode"] = why
    if group.device:
        said["device"] = [{"reference": f"Device/{group.device}"}]
    if written := notes(flags, str(columns.get("text", ""))):
        said["note"] = written
    said["dosage"] = dosage(group, columns, flags, kind, is_idle)
    if is_wrong:
        said["status"] = "entered-in-error"
        for name in ("statusReason", "reasonCode", "dosage"):
            said.pop(name, None)
    return said


def dosage(group: Group, columns: dict[str, Any], flags: Flag, kind: str, is_idle: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    amount = int(columns["value"])
    programmed = int(columns.get("programmed", -1))
    is_told = Flag.NO_VALUE not in flags
    if programmed not in (-1, amount):
        found["text"] = f"Programmed, in the unit of what was given: {number(programmed, group.scale)}"
    elif not is_told and not is_idle:
        found["text"] = "The amount was not recorded."
    if group.device_kind == "pump" or group.stream is Stream.BASAL:
        found["route"] = concept(f"{TERMINOLOGY}/v3-RouteOfAdministration", "IPUMPINJ")
    if how := method(group, kind):
        found["method"] = how
    unit, code = UNITS[group.unit]
    quantity: dict[str, Any] = {"unit": unit, "system": UCUM, "code": code}
    slot = "dose" if group.unit is Unit.UNITS else "rateQuantity"
    if not is_told and not is_idle:
        url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
        found[slot] = {"extension": [{"url": url, "valueCode": "unknown"}]}
        return found
    quantity = {"value": number(amount, group.scale) if is_told else "0"} | quantity
    if group.unit is Unit.PERCENT:
        rate = {
            "value": "1",
            "unit": "scheduled-basal-rate",
            "system": UCUM,
            "code": "{scheduled-basal-rate}",
        }
        found["rateRatio"] = {"numerator": quantity, "denominator": rate}
    else:
        found[slot] = quantity
    return found
