"""What one Observation says: the tree of a template, from a mapping's shape and what its rows share.

Law: HL7 CGM IG 1.0.0 patterns are met to the letter (code, unit `mg/dl` beside code `mg/dL`,
effectiveDateTime, subject). Out of range is a comparator with the limit and an off-scale
interpretation, never a bare limit; no value is a dataAbsentReason; a mean has a period, a count and its
coverage, never the code or profile of a reading; retracted is entered-in-error without a value
(`safety.md`, LOW and HIGH; `consent.md`, means). Rows that differ in marks have templates of their own.

Rejected: an extension for uncertain times (a note is read by every EHR); optional slots full of blanks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridge.fhir import terms
from bridge.fhir.cells import FINE_STAMP_WIDTH, INSTANT_WIDTH, STAMP_WIDTH, version_width
from bridge.fhir.tree import ID, ID_WIDTH, Node, Slot, Text, Tree, coding, concept, reference, selected
from bridge.mapping import Code, Format, Mappings, Shape
from bridge.reading import Flag, SourceClass, Stream, Unit

FINE: Final = 1 << 12
"""Mark of rows whose instant has milliseconds."""
AMENDED: Final = 1 << 13
"""Mark of rows that are not the first version."""
MARKED: Final = Flag.LOW | Flag.HIGH | Flag.INCLUSIVE | Flag.UNCERTAIN | Flag.NO_VALUE | Flag.RETRACTED
"""Flags that change what is said."""

COUNT_WIDTH: Final = 10
MANDATORY: Final = frozenset({"status", "code"})

_UNCERTAIN: Final = "The time of this reading is uncertain."


@dataclass(frozen=True, slots=True)
class Variant:
    """What the rows of one template share. `marks`: MARKED flags, FINE, AMENDED. `value_width`: of the
    value's slot. `subject`: a foreign reference, or None for our Patient's slot. `device`: how the
    device is named, or None. `is_filed`: it goes into a chart, so the receiver gives id and version;
    `filed_as` is the id it has there."""

    format: str
    stream: Stream
    unit: Unit
    is_mean: bool
    source_class: SourceClass
    marks: int
    value_width: int
    elements: frozenset[str] | None = None
    subject: str | None = None
    device: str | None = None
    is_filed: bool = False
    filed_as: str | None = None

    def has(self, mark: int) -> bool:
        """Whether its rows carry the mark."""
        return bool(self.marks & mark)


BY_ID: Final = "id"
BY_ENTRY: Final = "entry"
BY_IDENTIFIER: Final = "identifier"
"""How a device is named: our Device, an entry of the same Bundle, its identifier alone; any other text is
a reference of the receiver's."""


def tree(variant: Variant, mappings: Mappings, system: str) -> Tree:
    """The Observation. `system`: of our identifiers. KeyError where the mapping has no code for it."""
    spoken = mappings.formats[variant.format]
    shape = spoken.fhir[variant.stream]
    code = mappings.codes[(shape.mean if variant.is_mean else shape.code)[variant.unit]]
    resource: Tree = {
        "resourceType": shape.resource,
        "id": variant.filed_as if variant.is_filed else Text((ID,)),
        "meta": _meta(variant, spoken, shape),
        "identifier": ({"system": system, "value": Text((ID,))},),
        "status": _status(variant),
        "category": tuple(_category(mappings.codes[name]) for name in shape.category),
        "code": concept(coding(code.system, code.code, code.display)),
        "subject": _subject(variant),
        **_effective(variant),
        **_value(variant, code),
        "note": ({"text": _UNCERTAIN},) if variant.has(Flag.UNCERTAIN) else None,
        "device": _device(variant, system),
        "component": _components() if variant.is_mean else None,
    }
    return selected(resource, variant.elements, MANDATORY)


def meta(source_class: SourceClass, revision: str | None, profile: str | None = None) -> Tree:
    """The meta of a resource: version slots (none where `revision` is None: the receiver's matter),
    profile, and the two tags that all wear."""
    versions: Tree = {}
    if revision is not None:
        versions["versionId"] = Text((Slot("version", version_width(revision), closes=True),))
        versions["lastUpdated"] = Text((Slot("updated", INSTANT_WIDTH),))
    tags = (terms.PATIENT_SUPPLIED, terms.source_class(source_class))
    return {**versions, "profile": (profile,), "tag": tags}


def _meta(variant: Variant, spoken: Format, shape: Shape) -> Tree:
    profile = (shape.mean_profile if variant.is_mean else shape.profile).get(variant.unit)
    return meta(variant.source_class, None if variant.is_filed else spoken.fhir_revision, profile)


def _status(variant: Variant) -> str:
    if variant.has(Flag.RETRACTED):
        return "entered-in-error"
    return "corrected" if variant.has(AMENDED) else "final"


def _category(code: Code) -> Tree:
    return concept(coding(code.system, code.code, code.display))


def _subject(variant: Variant) -> Tree:
    if variant.subject is None:
        return reference("Patient", Slot("subject", ID_WIDTH))
    return {"reference": variant.subject}


def _effective(variant: Variant) -> Tree:
    width = FINE_STAMP_WIDTH if variant.has(FINE) else STAMP_WIDTH
    start = Text((Slot("time", width),))
    if not variant.is_mean:
        return {"effectiveDateTime": start}
    return {"effectivePeriod": {"start": start, "end": Text((Slot("end", FINE_STAMP_WIDTH),))}}


def _value(variant: Variant, code: Code) -> Tree:
    if variant.has(Flag.RETRACTED):
        return {"dataAbsentReason": terms.absent("error")}
    off_scale = terms.BELOW if variant.has(Flag.LOW) else terms.ABOVE if variant.has(Flag.HIGH) else None
    interpretation: Tree = {"interpretation": (off_scale,)}
    if variant.has(Flag.NO_VALUE):
        return {"dataAbsentReason": terms.absent(_absence(variant)), **interpretation}
    quantity: Tree = {
        "value": Slot("value", variant.value_width),
        "comparator": _comparator(variant),
        "unit": code.unit,
        "system": terms.UCUM,
        "code": code.ucum,
    }
    return {"valueQuantity": quantity, **interpretation}


def _comparator(variant: Variant) -> str | None:
    sign = "<" if variant.has(Flag.LOW) else ">" if variant.has(Flag.HIGH) else None
    return f"{sign}=" if sign and variant.has(Flag.INCLUSIVE) else sign


def _absence(variant: Variant) -> str:
    """Out of range with an unknown limit is an infinity (`data.md`, rendering)."""
    if variant.has(Flag.LOW):
        return "negative-infinity"
    return "positive-infinity" if variant.has(Flag.HIGH) else "unknown"


def _device(variant: Variant, system: str) -> Node:
    slot = Slot("device", ID_WIDTH)
    if variant.device is None:
        return None
    if variant.device == BY_IDENTIFIER:
        return {"type": "Device", "identifier": {"system": system, "value": Text((slot,))}}
    if variant.device == BY_ENTRY:
        return {"reference": Text(("urn:uuid:", slot))}
    return reference("Device", slot) if variant.device == BY_ID else {"reference": variant.device}


def _components() -> Node:
    percent: Tree = {"value": Slot("coverage", 5), "unit": "%", "system": terms.UCUM, "code": "%"}
    return (
        {"code": terms.READING_COUNT, "valueInteger": Slot("count", COUNT_WIDTH)},
        {"code": terms.COVERAGE, "valueQuantity": percent},
        {"code": terms.OFF_SCALE_COUNT, "valueInteger": Slot("off_scale", COUNT_WIDTH)},
    )
