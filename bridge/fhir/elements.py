"""Elements that resources of readings share: meta, code, subject, time, amount, notes, device.

Law: as `variant.py` says, nothing of one reading but slots. A unit is written as the code demands it (the CGM IG's
patterns), else as `codes.yaml` writes the unit at rest; insulin is [iU] only where the shape says U-100
(`safety.md`, sufficiency and goals). What is uncertain is a note, because every EHR shows a note.

Rejected: an extension for uncertain times (few would read it).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bridge.fhir import terms
from bridge.fhir.cells import FINE_STAMP_WIDTH, INSTANT_WIDTH, STAMP_WIDTH, version_width
from bridge.fhir.tree import ID, ID_WIDTH, Node, Slot, Text, Tree, coding, concept, reference
from bridge.fhir.variant import BY_ENTRY, BY_ID, BY_IDENTIFIER, FINE, SPAN, Variant
from bridge.mapping import Code, Mappings, Shape
from bridge.mapping.shapes import UnitText
from bridge.reading import Flag, SourceClass, Unit

_UNCERTAIN: Final = "The time of this reading is uncertain."


def head(variant: Variant, mappings: Mappings, system: str) -> Tree:
    """Type, id, meta and identifier; `system`: of our identifiers."""
    spoken, shape = mappings.formats[variant.format], variant.shape(mappings)
    profile = (shape.mean_profile if variant.is_mean else shape.profile).get(variant.unit)
    revision = None if variant.is_filed else spoken.fhir_revision
    width = version_width(spoken.fhir_revision, variant.is_sampled, variant.has_content)
    return {
        "resourceType": variant.type,
        "id": variant.filed_as if variant.is_filed else Text((ID,)),
        "meta": meta(variant.source_class, revision, profile, width),
        "identifier": ({"system": system, "value": Text((ID,))},),
    }


def meta(
    source_class: SourceClass, revision: str | None, profile: str | None = None, width: int | None = None
) -> Tree:
    """The meta of a resource: version slots (none where `revision` is None: the receiver's matter; of that `width`,
    where it is not the usual one), profile, and the two tags that all wear."""
    versions: Tree = {}
    if revision is not None:
        slot = Slot("version", width or version_width(revision), closes=True)
        versions["versionId"] = Text((slot,))
        versions["lastUpdated"] = Text((Slot("updated", INSTANT_WIDTH),))
    tags = (terms.PATIENT_SUPPLIED, terms.source_class(source_class))
    return {**versions, "profile": (profile,), "tag": tags}


def codes(variant: Variant, mappings: Mappings) -> tuple[Code, ...]:
    """The codings of a row. KeyError where the mapping has none for it."""
    shape = variant.shape(mappings)
    names = shape.mean[variant.unit] if variant.is_mean else shape.codes(variant.unit, variant.kind_name)
    return tuple(mappings.codes[name] for name in names)


def said(found: Iterable[Code]) -> Tree:
    """A CodeableConcept of these codings, each once."""
    return concept(*(coding(each.system, each.code, each.display) for each in dict.fromkeys(found)))


def named(mappings: Mappings, names: Iterable[str]) -> Node:
    """A CodeableConcept of the codes with these names; absent where there are none."""
    found = [mappings.codes[name] for name in names]
    return said(found) if found else None


def written(variant: Variant, mappings: Mappings, wearing: Iterable[Code] = ()) -> UnitText:
    """How the unit of a row is written."""
    return spelled(variant.unit, variant.shape(mappings), mappings, wearing)


def spelled(unit: Unit, shape: Shape, mappings: Mappings, wearing: Iterable[Code]) -> UnitText:
    """How a unit is written under these codes."""
    for code in wearing:
        if code.ucum is not None and code.unit is not None:
            return UnitText(unit=code.unit, ucum=code.ucum)
    return mappings.units[unit].of(shape.concentration)


def quantity(value: Node, unit: UnitText, comparator: str | None = None) -> Tree:
    """A Quantity."""
    return {
        "value": value,
        "comparator": comparator,
        "unit": unit.unit,
        "system": terms.UCUM,
        "code": unit.ucum,
    }


def subject(variant: Variant) -> Tree:
    """Whose it is."""
    if variant.subject is None:
        return reference("Patient", Slot("subject", ID_WIDTH))
    return {"reference": variant.subject}


def effective(variant: Variant) -> Tree:
    """When. The period of a mean or chunk ends with its last millisecond, that of a delivery or mode where it ended."""
    width = FINE_STAMP_WIDTH if variant.has(FINE) else STAMP_WIDTH
    start = Text((Slot("time", width),))
    if variant.is_mean or variant.is_sampled:
        return {"effectivePeriod": {"start": start, "end": Text((Slot("last", FINE_STAMP_WIDTH),))}}
    if variant.has(SPAN):
        return {"effectivePeriod": {"start": start, "end": Text((Slot("end", width),))}}
    return {"effectiveDateTime": start}


def notes(variant: Variant, text: Node = None) -> Node:
    """Notes: that the time is uncertain, and what was written beside the reading."""
    uncertain = _UNCERTAIN if variant.has(Flag.UNCERTAIN) else None
    return tuple({"text": each} for each in (uncertain, text) if each is not None)


def text(variant: Variant) -> Node:
    """The slot of what somebody wrote; None where nobody did."""
    if not variant.text_width or variant.has(Flag.RETRACTED):
        return None
    return Text((Slot("text", variant.text_width, closes=True),))


def device(variant: Variant, system: str) -> Node:
    """The device, as the reader knows it."""
    slot = Slot("device", ID_WIDTH)
    if variant.device is None:
        return None
    if variant.device == BY_IDENTIFIER:
        return {"type": "Device", "identifier": {"system": system, "value": Text((slot,))}}
    if variant.device == BY_ENTRY:
        return {"reference": Text(("urn:uuid:", slot))}
    return reference("Device", slot) if variant.device == BY_ID else {"reference": variant.device}
