"""Patient, Device and DeviceMetric, as far as the identity and kinds that were granted let them be seen.

Law: everything here comes from a disclosure's own subject and devices; the gate has already left out
what the identity withholds (`consent.md`, identity), nothing is added. A Device is a `cgm-device` of the
HL7 CGM IG 1.0.0 only where it is the sensor or its transmitter and has a name; a DeviceMetric has the profile of
gematik HDDT 1.0.1 where its device is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridge.consent.disclosure import DisclosedDevice, DisclosedMetric, Disclosure, Subject
from bridge.fhir import terms
from bridge.fhir.cells import instant
from bridge.fhir.tree import Node, Tree, coding, concept, selected
from bridge.period import Instant
from bridge.reading import SourceClass

_CGM_DEVICE: Final = "http://hl7.org/fhir/uv/cgm/StructureDefinition/cgm-device"
_OF_A_SENSOR: Final = (
    "https://gematik.de/fhir/hddt/StructureDefinition/hddt-sensor-type-and-calibration-status"
)
_WORN: Final = frozenset({"sensor", "transmitter"})
MDC: Final = "urn:iso:std:iso:11073:10101"
TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "sensor": (terms.SNOMED, "701750003"),
    "transmitter": (terms.SNOMED, "700585005"),
    "meter": (terms.SNOMED, "337414009"),
    "pump": (terms.SNOMED, "69805005"),
    "receiver": (MDC, "8418070"),
    "app": (MDC, "531981"),
}
"""What a device is. SNOMED CT: subcutaneous glucose sensor, interstitial-fluid glucose monitoring system, blood
glucose meter, insulin pump; ISO/IEEE 11073-10101: CGM receiver, application hosting device. One code each: HAPI's
validator does not see that one of several fits a binding. A pen has no code that we saw published, and its word."""
GLUCOSE: Final = "160212"
"""MDC_CONC_GLU_ISF: glucose in interstitial fluid."""
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
    name = device.name
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
    """Its versionId, which names what is told of it; no mapping shapes these, so none is named."""
    return of.version


def metric(metric: DisclosedMetric, system: str, elements: frozenset[str] | None = None) -> Tree:
    """The DeviceMetric of a glucose sensor. operationalStatus is absent: what was on is past. How a sensor used a
    fingerstick (offset, gain) no source tells."""
    profile = _OF_A_SENSOR if metric.kind in _WORN else None
    unit = None if metric.unit is None else concept(coding(terms.UCUM, metric.unit.value))
    resource: Tree = {
        "resourceType": "DeviceMetric",
        "id": metric.id,
        "meta": _meta(metric.version, metric.last_updated, SourceClass.UNKNOWN, profile),
        "identifier": ({"system": system, "value": metric.id},),
        "type": concept(coding(MDC, GLUCOSE)),
        "unit": unit,
        "source": {"reference": f"Device/{metric.device}"},
        "category": "measurement",
        "calibration": tuple(
            {
                "type": "unspecified",
                "state": each.state,
                "time": None if each.at is None else instant(each.at),
            }
            for each in metric.calibrations
        ),
    }
    return selected(resource, elements, MEASURED)


MEASURED: Final = frozenset({"type", "category"})


def _type(kind: str) -> Node:
    code = TYPES.get(kind)
    return concept(coding(*code)) if code else concept(text=kind)


def _meta(
    version: str | None, updated: Instant, source_class: SourceClass, profile: str | None = None
) -> Tree:
    versions: Tree = {} if version is None else {"versionId": version, "lastUpdated": instant(updated)}
    tags = (terms.PATIENT_SUPPLIED, terms.source_class(source_class))
    return {**versions, "profile": (profile,), "tag": tags}
