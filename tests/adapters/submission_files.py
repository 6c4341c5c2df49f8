"""Kept CGM submissions, made by the receiver's own functions of resources in the form of the HL7 CGM IG 1.0.0.

Law: exact in form, invented submitters, serials and values, made from fixed numbers.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec

from bridge.receive.profiles import What, what
from bridge.receive.record import NO_THING, Thing, record, thing

Resource = dict[str, Any]
START = datetime(2026, 10, 6, 4, 55, tzinfo=UTC)
ACME: Resource = {
    "resourceType": "Device",
    "identifier": [{"system": "https://acme.example/devices", "value": "D-17"}],
    "serialNumber": "AC-0017",
    "manufacturer": "Acme",
    "modelNumber": "Glow 2",
    "deviceName": [{"name": "Glow of Vera", "type": "user-friendly-name"}],
}
UNITS = {"mg/dL": ("99504-3", "mg/dl"), "mmol/L": ("105272-9", "mmol/l")}


def reading(
    at: datetime, value: object, unit: str = "mg/dL", comparator: str = "", absent: str = ""
) -> Resource:
    """A sensor reading, or the reason why it has no amount."""
    code, written = UNITS[unit]
    amount = {"value": value, "unit": written, "system": "http://unitsofmeasure.org", "code": unit}
    found: Resource = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": "Patient/invented"},
        "effectiveDateTime": at.isoformat().replace("+00:00", "Z"),
    }
    if absent:
        system = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
        return found | {"dataAbsentReason": {"coding": [{"system": system, "code": absent}]}}
    return found | {"valueQuantity": amount | ({"comparator": comparator} if comparator else {})}


def summary(value: object) -> Resource:
    """A mean over a fortnight."""
    found = reading(START, value)
    del found["effectiveDateTime"]
    code = {"coding": [{"system": "http://loinc.org", "code": "97507-8"}]}
    return found | {"code": code, "effectivePeriod": {"start": "2026-09-22", "end": "2026-10-05"}}


def kept(resources: list[Resource], worn: Thing = NO_THING, by: str = "Acme Cloud") -> bytes:
    """What ingest keeps of these."""
    records = []
    for at, each in enumerate(resources):
        is_ = what(each)
        assert is_ is not None
        records.append(record(is_, at, each, by, thing(each) if is_ is What.DEVICE else worn))
    encoder = msgspec.json.Encoder(decimal_format="number")
    return encoder.encode({"submission": {"by": by, "client": "acme-app"}, "received": records})


def mass() -> list[Resource]:
    """Readings of a morning by the local clock, one an hour late by no clock."""
    local = timezone(timedelta(hours=2))
    return [reading((START + step * timedelta(minutes=5)).astimezone(local), 96 + step) for step in range(6)]


def out_of_range() -> list[Resource]:
    """Below and above what the sensor reports, with the limit, at it, and without it."""
    told: list[tuple[str, int | None, str]] = [("<", 40, ""), ("<=", 40, ""), (">", 400, ""), (">=", 400, "")]
    told += [("", None, "negative-infinity"), ("", None, "positive-infinity"), ("", 120, "")]
    return [
        reading(START + step * timedelta(minutes=5), value, comparator=sign, absent=absent)
        for step, (sign, value, absent) in enumerate(told)
    ]


def molar() -> list[Resource]:
    """Decimals as they were written."""
    values = [Decimal("5.0"), Decimal("5.1"), Decimal("4.96"), 6]
    return [
        reading(START + step * timedelta(minutes=5), value, "mmol/L") for step, value in enumerate(values)
    ]


def others() -> list[Resource]:
    """What is no reading, beside three that are."""
    return [ACME, summary(145), reading(START, None, absent="error"), *mass()[:3]]


def files() -> dict[str, bytes]:
    """The recordings by name."""
    return {
        "mass.json": kept(mass(), thing(ACME)),
        "out-of-range.json": kept(out_of_range()),
        "molar.json": kept(molar(), thing(ACME | {"serialNumber": "AC-0018"})),
        "others.json": kept(others(), thing(ACME)),
    }
