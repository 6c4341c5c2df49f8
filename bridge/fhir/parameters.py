"""The search parameters of each type, as tables: for the parser and for the CapabilityStatement.

Law: what stands here is what `/metadata` says and what `search.py` reads; a test holds the three
together. Definitions are R4's own search parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from bridge.mapping.resources import READING_TYPES

Type: TypeAlias = Literal["reference", "token", "date", "number", "quantity", "special", "string", "uri"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A search parameter: its R4 name, type and definition, for references the types that it may name, and
    what a client should know."""

    name: str
    type: Type
    definition: str
    targets: tuple[str, ...] = ()
    says: str = ""


_ONE: Final = "Each search names exactly one patient."
_OURS: Final = "As system|value; ours are the logical ids under the system of our identifiers."
OUR_PATIENT: Final = "urn:uuid:5d8a3b0e-6c1f-4f0a-9a43-2f7f0c9f6b11"
"""The canonical of our own SearchParameter, `conformance/fhir/SearchParameter-DeviceMetric-patient.json`."""
_WHOLE_DAYS: Final = "May be repeated; a date without a time is the whole day in the patient's time zone."

_SHAPES: Final = (
    "What claims that profile. https://gematik.de/fhir/hddt/StructureDefinition/hddt-continuous-glucose-measurement "
    "asks for sensor readings as SampledData: a chunk for each series, local day and permitted stretch, on a grid from "
    "its first reading, each sample within a tenth of the period and a minute of its true time; what lies "
    "elsewhere has chunks of its own, so an irregular series is many. E: nothing is there. Not with status or "
    "value-quantity. A calibration does not begin a chunk: its time is told by DeviceMetric."
)
_QUANTITIES: Final = (
    "As [prefix]number|system|code or [prefix]number||unit: of values that leave in that very unit, for none is "
    "converted; without a unit, of values in any. A value out of range counts as what lies beyond its limit."
)

_ID: Final = Parameter("_id", "token", "Resource-id")
_UPDATED: Final = Parameter("_lastUpdated", "date", "Resource-lastUpdated", (), _WHOLE_DAYS)


def _patient(definition: str) -> Parameter:
    return Parameter("patient", "reference", definition, ("Patient",), _ONE)


PARAMETERS: Final[Mapping[str, tuple[Parameter, ...]]] = {
    "Observation": (
        _patient("clinical-patient"),
        Parameter("subject", "reference", "Observation-subject", ("Patient",), "The same as patient."),
        Parameter("code", "token", "clinical-code"),
        Parameter("category", "token", "Observation-category"),
        Parameter("date", "date", "clinical-date", (), _WHOLE_DAYS),
        Parameter("device", "reference", "Observation-device", ("Device",)),
        Parameter("identifier", "token", "clinical-identifier", (), _OURS),
        Parameter("status", "token", "Observation-status"),
        Parameter("_profile", "uri", "Resource-profile", (), _SHAPES),
        Parameter("value-quantity", "quantity", "Observation-value-quantity", (), _QUANTITIES),
        _ID,
        _UPDATED,
    ),
    "MedicationAdministration": (
        _patient("clinical-patient"),
        Parameter(
            "subject", "reference", "MedicationAdministration-subject", ("Patient",), "The same as patient."
        ),
        Parameter("code", "token", "clinical-code"),
        Parameter("status", "token", "medications-status"),
        Parameter("effective-time", "date", "MedicationAdministration-effective-time", (), _WHOLE_DAYS),
        Parameter("device", "reference", "MedicationAdministration-device", ("Device",)),
        Parameter("identifier", "token", "clinical-identifier", (), _OURS),
        _ID,
        _UPDATED,
    ),
    "Device": (
        _patient("Device-patient"),
        Parameter("type", "token", "Device-type"),
        Parameter("identifier", "token", "Device-identifier", (), _OURS),
        _ID,
    ),
    "DeviceMetric": (
        Parameter(
            "patient",
            "reference",
            OUR_PATIENT,
            ("Patient",),
            f"{_ONE} R4 has no such parameter for this type.",
        ),
        Parameter("source", "reference", "DeviceMetric-source", ("Device",)),
        Parameter("type", "token", "DeviceMetric-type"),
        Parameter("identifier", "token", "DeviceMetric-identifier", (), _OURS),
        _ID,
    ),
    "Patient": (
        Parameter("_id", "token", "Resource-id", (), _ONE),
        Parameter("identifier", "token", "Patient-identifier", (), "As system|value."),
    ),
    "Provenance": (
        _patient("Provenance-patient"),
        Parameter("target", "reference", "Provenance-target", READING_TYPES),
        _ID,
    ),
    "Consent": (_patient("clinical-patient"), Parameter("status", "token", "Consent-status"), _ID),
    "AuditEvent": (
        _patient("AuditEvent-patient"),
        Parameter("date", "date", "AuditEvent-date", (), _WHOLE_DAYS),
        _ID,
    ),
}
"""Filters, per type."""

GROUP: Final[tuple[Parameter, ...]] = (
    _ID,
    Parameter("member", "reference", "Group-member", ("Patient",), _ONE),
)
"""Filters of Group, of which each client has one of its own (`web/groups.py`)."""

REPORTS: Final[Mapping[str, tuple[Parameter, ...]]] = {
    "DiagnosticReport": (
        _patient("clinical-patient"),
        Parameter("subject", "reference", "DiagnosticReport-subject", ("Patient",), "The same as patient."),
        Parameter("code", "token", "clinical-code"),
        Parameter("category", "token", "DiagnosticReport-category"),
        Parameter("date", "date", "clinical-date", (), _WHOLE_DAYS),
        Parameter("identifier", "token", "clinical-identifier", (), _OURS),
        _ID,
    ),
    "DocumentReference": (
        _patient("clinical-patient"),
        Parameter("subject", "reference", "DocumentReference-subject", ("Patient",), "The same as patient."),
        Parameter("type", "token", "clinical-type"),
        Parameter("category", "token", "DocumentReference-category"),
        Parameter("period", "date", "DocumentReference-period", (), _WHOLE_DAYS),
        Parameter("date", "date", "DocumentReference-date", (), "When the report last changed."),
        Parameter("identifier", "token", "clinical-identifier", (), _OURS),
        _ID,
    ),
}
"""Filters of reports (`web/reports.py`)."""
SOUGHT: Final = {**PARAMETERS, **REPORTS}
"""Everything that a search is read by."""
SUBSCRIPTION: Final[tuple[Parameter, ...]] = (
    _ID,
    Parameter("status", "token", "Subscription-status"),
    Parameter("url", "uri", "Subscription-url"),
    Parameter("criteria", "string", "Subscription-criteria"),
    Parameter("type", "token", "Subscription-type"),
)
"""Filters of Subscription: each client finds its own (`web/subscriptions.py`)."""

OWN: Final = {"Group": GROUP, "Subscription": SUBSCRIPTION}
"""Filters of the types of which a client sees its own alone."""

READINGS: Final = frozenset({*READING_TYPES, "Provenance"})
"""Types of which each resource stands for a reading; of the others none is disclosed."""

RECORDS: Final = frozenset({"Consent", "AuditEvent"})
"""Types of which each resource stands for what was agreed or done: no part of `$everything`."""

DATES: Final[Mapping[str, str]] = {"Observation": "date", "MedicationAdministration": "effective-time"}
"""By which parameter each type says when it was, and is sorted."""
INCLUDES: Final[Mapping[str, tuple[str, ...]]] = {
    **{kind: (f"{kind}:device",) for kind in READING_TYPES},
    "DeviceMetric": ("DeviceMetric:source",),
}
REVINCLUDES: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(READING_TYPES, ("Provenance:target",)),
    "Device": ("DeviceMetric:source",),
}

FORMS: Final = frozenset({"_format", "_pretty"})
"""Read by the web layer; no part of a search."""

REFUSED: Final = frozenset(
    {"_has", "_filter", "_query", "_list", "_text", "_content", "_contained", "_containedType"}
)
"""Off, always: ignoring one would answer more than was asked."""

ELEMENTS: Final[Mapping[str, Mapping[str, frozenset[str] | None]]] = {
    kind: {"true": summary, "text": frozenset({"text"}), "data": None, "false": None}
    for kind, summary in {
        "Observation": frozenset(
            {"identifier", "status", "code", "subject", "effectiveDateTime", "effectivePeriod",
             "valueQuantity", "valueCodeableConcept", "valueString", "valueBoolean", "valueSampledData",
             "component"}
        ),
        "MedicationAdministration": frozenset(
            {"identifier", "status", "medicationCodeableConcept", "subject", "effectiveDateTime",
             "effectivePeriod"}
        ),
        "DiagnosticReport": frozenset(
            {"identifier", "status", "category", "code", "subject", "effectivePeriod", "issued", "result"}
        ),
        "DocumentReference": frozenset(
            {"masterIdentifier", "identifier", "status", "docStatus", "type", "category", "subject", "date",
             "description", "content", "context"}
        ),
        "Device": frozenset({"identifier", "status", "deviceName", "patient"}),
        "DeviceMetric": frozenset(
            {"identifier", "type", "unit", "source", "operationalStatus", "category", "calibration"}
        ),
        "Patient": frozenset({"identifier", "name", "birthDate"}),
        "Provenance": frozenset({"target", "recorded", "agent"}),
        "Consent": frozenset(
            {"identifier", "status", "scope", "category", "patient", "dateTime", "performer", "organization",
             "sourceAttachment", "policyRule", "provision"}
        ),
        "AuditEvent": frozenset(
            {"type", "subtype", "action", "recorded", "outcome", "outcomeDesc", "purposeOfEvent"}
        ),
    }.items()
}  # fmt: skip
"""What `_summary` keeps (R4 3.1.1.5.8: the elements marked as summary); None is everything."""
