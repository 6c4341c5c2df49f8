"""The search parameters of each type, as tables: for the parser and for the CapabilityStatement.

Law: what stands here is what `/metadata` says and what `search.py` reads; a test holds the three
together. Definitions are R4's own search parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from bridge.mapping.resources import READING_TYPES

Type: TypeAlias = Literal["reference", "token", "date", "number", "special", "string"]


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
_WHOLE_DAYS: Final = "May be repeated; a date without a time is the whole day in the patient's time zone."

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
        Parameter("identifier", "token", "clinical-identifier", (), "As system|value."),
        _ID,
        _UPDATED,
    ),
    "Device": (_patient("Device-patient"), _ID),
    "Patient": (
        Parameter("_id", "token", "Resource-id", (), _ONE),
        Parameter("identifier", "token", "Patient-identifier", (), "As system|value."),
    ),
    "Provenance": (
        _patient("Provenance-patient"),
        Parameter("target", "reference", "Provenance-target", READING_TYPES),
        _ID,
    ),
}
"""Filters, per type."""

READINGS: Final = frozenset({*READING_TYPES, "Provenance"})
"""Types of which each resource stands for a reading; of the others none is disclosed."""

DATES: Final[Mapping[str, str]] = {"Observation": "date", "MedicationAdministration": "effective-time"}
"""By which parameter each type says when it was, and is sorted."""
INCLUDES: Final[Mapping[str, tuple[str, ...]]] = {kind: (f"{kind}:device",) for kind in READING_TYPES}
REVINCLUDES: Final[Mapping[str, tuple[str, ...]]] = dict.fromkeys(READING_TYPES, ("Provenance:target",))

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
             "valueQuantity", "valueCodeableConcept", "valueString", "valueBoolean", "component"}
        ),
        "MedicationAdministration": frozenset(
            {"identifier", "status", "medicationCodeableConcept", "subject", "effectiveDateTime",
             "effectivePeriod"}
        ),
        "Device": frozenset({"identifier", "status", "deviceName", "patient"}),
        "Patient": frozenset({"identifier", "name", "birthDate"}),
        "Provenance": frozenset({"target", "recorded", "agent"}),
    }.items()
}  # fmt: skip
"""What `_summary` keeps (R4 3.1.1.5.8: the elements marked as summary); None is everything."""
