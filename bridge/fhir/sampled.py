"""What one chunk of sensor readings says: an Observation with SampledData, as gematik HDDT 1.0.1 has it.

Law: profile hddt-continuous-glucose-measurement: the code of a single reading, effectivePeriod, SampledData in the
unit of its code, a device. Preliminary while its day is not over; corrected where a sample was amended;
entered-in-error without samples where all were taken back. Beyond range is L or U with the limit beside it, and
a note says so where the limit itself may be meant (`safety.md`, LOW and HIGH). A chunk in which nothing was
measured has a dataAbsentReason: temp-unknown while it may still come. Where the device may not be named, it is said to
be unknown: the profile wants one.

Rejected: origin and factor other than 0 and 1 (the numbers are the vendor's, exactly).
"""

from __future__ import annotations

from typing import Final

from bridge.fhir import terms
from bridge.fhir.cells import version_width
from bridge.fhir.elements import codes, device, effective, head, meta, notes, said, subject, written
from bridge.fhir.tree import Node, Slot, Text, Tree, selected
from bridge.fhir.variant import ABOVE, AMENDED, BELOW, OPEN, Variant
from bridge.mapping import Code, Mappings
from bridge.reading import Flag

PROFILE: Final = "https://gematik.de/fhir/hddt/StructureDefinition/hddt-continuous-glucose-measurement"
MANDATORY: Final = frozenset({"status", "code", "effectivePeriod", "device"})
PERIOD_WIDTH: Final = 8
_INCLUSIVE: Final = "Values marked L or U may be the limit itself."


def tree(variant: Variant, mappings: Mappings, system: str) -> Tree:
    """The Observation. `system`: of our identifiers."""
    wearing = codes(variant, mappings)
    revision = mappings.formats[variant.format].fhir_revision
    categories = variant.shape(mappings).categories(variant.kind_name)
    resource: Tree = {
        **head(variant, mappings, system),
        "meta": meta(
            variant.source_class, revision, PROFILE, version_width(revision, True, variant.has_content)
        ),
        "status": _status(variant),
        "category": tuple(said((mappings.codes[name],)) for name in categories),
        "code": said(wearing),
        "subject": subject(variant),
        **effective(variant),
        **_value(variant, mappings, wearing),
        "note": notes(variant, _INCLUSIVE if variant.has(Flag.INCLUSIVE) else None),
        "device": device(variant, system) or {"extension": (terms.ABSENT_UNKNOWN,)},
    }
    return selected(resource, variant.elements, MANDATORY)


def _status(variant: Variant) -> str:
    if variant.has(Flag.RETRACTED):
        return "entered-in-error"
    if variant.has(OPEN):
        return "preliminary"
    return "corrected" if variant.has(AMENDED) else "final"


def _value(variant: Variant, mappings: Mappings, wearing: tuple[Code, ...]) -> Tree:
    if variant.has(Flag.RETRACTED):
        return {"dataAbsentReason": terms.absent("error")}
    if variant.has(Flag.NO_VALUE):
        return {"dataAbsentReason": terms.absent("temp-unknown" if variant.has(OPEN) else "unknown")}
    unit = written(variant, mappings, wearing)
    origin: Tree = {"value": 0, "unit": unit.unit, "system": terms.UCUM, "code": unit.ucum}
    return {
        "valueSampledData": {
            "origin": origin,
            "period": Slot("period", PERIOD_WIDTH),
            "lowerLimit": _limit(variant, BELOW, "lower"),
            "upperLimit": _limit(variant, ABOVE, "upper"),
            "dimensions": 1,
            "data": Text((Slot("samples", variant.text_width, closes=True),)),
        }
    }


def _limit(variant: Variant, mark: int, name: str) -> Node:
    return Slot(name, variant.value_width) if variant.has(mark) else None
