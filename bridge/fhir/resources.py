"""Patient and Device, as far as the identity and kinds that were granted let them be seen.

Law: everything here comes from a disclosure's own subject and devices; the gate has already left out
what the identity withholds (`consent.md`, identity), nothing is added. A Device is a `cgm-device` of the
HL7 CGM IG 1.0.0 only where it is the sensor or its transmitter and has a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridge.consent.disclosure import DisclosedDevice, Disclosure, Subject
from bridge.fhir import terms
from bridge.fhir.cells import instant
from bridge.fhir.tree import Node, Tree, coding, concept, selected
from bridge.period import Instant
from bridge.reading import SourceClass

_CGM_DEVICE: Final = "http://hl7.org/fhir/uv/cgm/StructureDefinition/cgm-device"
_WORN: Final = frozenset({"sensor", "transmitter"})
TYPES: Final[Mapping[str, str]] = {"sensor": "701750003", "meter": "337414009", "pump": "69805005"}
"""SNOMED CT: subcutaneous glucose sensor, blood glucose meter, insulin pump."""
NOTHING: Final[frozenset[str]] = frozenset()


def patient(subject: Subject, elements: frozenset[str] | None = None) -> Tree:
    """The Patient under the granted identity."""
    identifiers = tuple({"system": system, "value": value} for system, value in subject.identifiers)
    resource: Tree = {
        "resourceType": "Patient",
        "id": subject.id,
        "meta": _meta(version(subject), subject.last_updated, SourceClass.TYPED),
        "identifier": identifiers,
        "name": ({"text": subject.name},),
        "birthDate": None if subject.birth_date is None else subject.birth_date.isoformat(),
    }
    return selected(resource, elements, NOTHING)


def device(
    device: DisclosedDevice,
    system: str,
    source_class: SourceClass,
    owner: str,
    elements: frozenset[str] | None = None,
    is_filed: bool = False,
) -> Tree:
    """The Device; `owner` is the reference to its patient. Where `is_filed`, the receiver gives id and
    version."""
    name = " ".join(part for part in (device.manufacturer, device.model) if part)
    profile = _CGM_DEVICE if name and device.kind in _WORN else None
    resource: Tree = {
        "resourceType": "Device",
        "id": None if is_filed else device.id,
        "meta": _meta(None if is_filed else version(device), device.last_updated, source_class, profile),
        "identifier": ({"system": system, "value": device.id},),
        "manufacturer": device.manufacturer,
        "serialNumber": device.serial,
        "deviceName": ({"name": name, "type": "user-friendly-name"},) if name else None,
        "modelNumber": device.model,
        "type": _type(device.kind),
        "patient": {"reference": owner},
    }
    return selected(resource, elements, NOTHING)


def source_of(disclosure: Disclosure, device: DisclosedDevice) -> SourceClass:
    """The source class of a device's readings; unknown where none is disclosed beside it, or several."""
    classes = {group.source_class for group in disclosure.groups if group.device == device.id}
    return classes.pop() if len(classes) == 1 else SourceClass.UNKNOWN


def version(of: Subject | DisclosedDevice) -> str:
    """Its versionId, from 1 up; no mapping shapes these, so none is named."""
    return str(of.version)


def _type(kind: str) -> Node:
    code = TYPES.get(kind)
    return concept(coding(terms.SNOMED, code)) if code else concept(text=kind)


def _meta(
    version: str | None, updated: Instant, source_class: SourceClass, profile: str | None = None
) -> Tree:
    versions: Tree = {} if version is None else {"versionId": version, "lastUpdated": instant(updated)}
    tags = (terms.PATIENT_SUPPLIED, terms.source_class(source_class))
    return {**versions, "profile": (profile,), "tag": tags}
