"""The user-access brand of this installation: who it is to people, and which endpoint and page go with it.

Law: SMART App Launch 2.2, brands: a collection Bundle of one Organization and one Endpoint, with the time of its last
change, read by apps that list where a person may connect. Made from the address alone, it names no person, clinic or
client (L38). Locations and logos are the operator's to publish and are left out rather than invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from bridge.fhir.tree import Node, Tree, coding, concept

NAME: Final = "CGM bridge"
BRAND_SYSTEM: Final = "urn:ietf:rfc:3986"
_ORGANIZATION: Final = "bridge"
_ENDPOINT: Final = "bridge-r4"
_PORTAL: Final = (
    "Where people see who may read their diabetes data, share them for chosen days, and take it back."
)


def tree(base: str, released: str) -> Tree:
    """The brand Bundle of the server at `base`; `released`: the instant of its last change."""
    root = base.removesuffix("/fhir")
    found: Sequence[Node] = (
        {"fullUrl": f"{base}/Organization/{_ORGANIZATION}", "resource": _organization(root)},
        {"fullUrl": f"{base}/Endpoint/{_ENDPOINT}", "resource": _endpoint(root, base)},
    )
    return {
        "resourceType": "Bundle",
        "id": "user-access-brands",
        "type": "collection",
        "timestamp": released,
        "entry": found,
    }


def _organization(root: str) -> Tree:
    parts = urlsplit(root)
    endpoint: Tree = {"reference": f"Endpoint/{_ENDPOINT}"}
    portal: Sequence[Node] = (
        {"url": "portalName", "valueString": NAME},
        {"url": "portalDescription", "valueMarkdown": _PORTAL},
        {"url": "portalUrl", "valueUrl": root},
        {"url": "portalEndpoint", "valueReference": endpoint},
    )
    kind = coding("http://hl7.org/fhir/smart-app-launch/CodeSystem/user-access-category", "aggregator")
    return {
        "resourceType": "Organization",
        "id": _ORGANIZATION,
        "extension": (
            {"url": "http://hl7.org/fhir/StructureDefinition/organization-portal", "extension": portal},
        ),
        "identifier": (
            {"system": BRAND_SYSTEM, "value": f"{parts.scheme}://{parts.netloc.removeprefix('www.')}"},
        ),
        "active": True,
        "type": (concept(kind),),
        "name": NAME,
        "telecom": ({"system": "url", "value": root},),
        "endpoint": (endpoint,),
    }


def _endpoint(root: str, base: str) -> Tree:
    return {
        "resourceType": "Endpoint",
        "id": _ENDPOINT,
        "extension": (
            {"url": "http://hl7.org/fhir/StructureDefinition/endpoint-fhir-version", "valueCode": "4.0.1"},
        ),
        "status": "active",
        "connectionType": coding(
            "http://terminology.hl7.org/CodeSystem/endpoint-connection-type", "hl7-fhir-rest"
        ),
        "name": f"FHIR R4 of {NAME}",
        "contact": ({"system": "url", "value": f"{root}/docs"},),
        "payloadType": (
            concept(coding("http://terminology.hl7.org/CodeSystem/endpoint-payload-type", "none")),
        ),
        "address": base,
    }
