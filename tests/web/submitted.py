"""Submissions in the exact form of the HL7 CGM IG 1.0.0: invented people, devices and values, in JSON and in XML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import httpx

from bridge.consent.asked import Kind
from bridge.consent.collecting import Signed, give
from bridge.consent.grant import Authoriser
from bridge.consent.intake import source
from bridge.consent.words import INTAKE
from bridge.period import DAY, MINUTE, iso
from tests.web.world import NOW, World

Resource = dict[str, Any]
JSON: Final = "application/fhir+json"
XML: Final = "application/fhir+xml"
SUBMIT: Final = "/fhir/$submit-cgm-bundle"
SCOPE: Final = (
    "system/Observation.c system/Device.c system/Patient.c system/DiagnosticReport.c system/ServiceRequest.c"
)
CLIENT_SYSTEM: Final = "https://app.example/readings"
START: Final = NOW - DAY + 150_000
"""Of the first submitted reading: between two that Ada's own upload has."""
LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
LABORATORY: Final = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]
}


def quantity(value: object, code: str = "mg/dL", unit: str = "mg/dl", **more: object) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": code} | more


def observation(about: str, at: int, value: object = 120, **changed: object) -> Resource:
    """A sensor reading in mg/dL, or what `changed` makes of it; None takes an element out."""
    found = {
        "resourceType": "Observation",
        "status": "final",
        "category": [LABORATORY],
        "code": {"coding": [{"system": LOINC, "code": "99504-3"}]},
        "subject": {"reference": f"Patient/{about}"},
        "effectiveDateTime": iso(at),
        "valueQuantity": quantity(value),
    } | changed
    return {name: each for name, each in found.items() if each is not None}


def identified(resource: Resource, value: str, system: str = CLIENT_SYSTEM) -> Resource:
    return resource | {"identifier": [{"system": system, "value": value}]}


def device(serial: str = "SN-42", **changed: object) -> Resource:
    return {
        "resourceType": "Device",
        "identifier": [{"system": "https://app.example/devices", "value": serial}],
        "serialNumber": serial,
        "deviceName": [{"name": "Dexcom G7 of Ada", "type": "user-friendly-name"}],
    } | changed


def entry(resource: Resource, condition: str = "", url: str = "", **request: object) -> Resource:
    """An entry that creates a resource; `condition`: the value of an identifier that must not be here."""
    asked: Resource = {"method": "POST", "url": resource["resourceType"]} | request
    if condition:
        asked["ifNoneExist"] = f"identifier={CLIENT_SYSTEM}|{condition}"
    return ({"fullUrl": url} if url else {}) | {"resource": resource, "request": asked}


def bundle(entries: Iterable[Resource], **changed: object) -> Resource:
    found = {"resourceType": "Bundle", "type": "transaction", "timestamp": iso(NOW), "entry": list(entries)}
    return found | changed


def readings(subject: str, count: int, start: int = START, conditional: bool = True) -> list[Resource]:
    """`count` readings, five minutes apart, each with an identifier of its own."""
    made = []
    for step in range(count):
        one = identified(observation(subject, start + 5 * MINUTE * step, 100 + step % 90), f"r{start}-{step}")
        made.append(entry(one, f"r{start}-{step}" if conditional else ""))
    return made


# ------------------------------------------------------------------------------------------------ sending


def intake(
    world: World, patient: int, to: str = "Clinic", days: int = 90, kinds: Iterable[Kind] = Kind
) -> None:
    """The patient lets an organisation submit."""
    signed = Signed(
        Authoriser("Ada Lovelace", "patient"),
        frozenset(kinds),
        wording=INTAKE.wording,
        ends=world.clock() + days * DAY,
    )
    give(world.db, patient, source(to), signed)


def submit(
    world: World, body: Resource | bytes, media: str = JSON, token: str | None = None, **more: Any
) -> httpx.Response:
    """One submission by the clinic, or with another token."""
    sent = body if isinstance(body, bytes) else written(body, media)
    shown = token or world.token(scope=SCOPE)
    headers = {"Content-Type": media, "Accept": JSON} | more.pop("headers", {})
    return world.ask("POST", more.pop("path", SUBMIT), token=shown, content=sent, headers=headers, **more)


def statuses(answer: httpx.Response) -> list[int]:
    """The status of each entry of a transaction-response."""
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["type"] == "transaction-response"
    return [int(each["response"]["status"].split()[0]) for each in found["entry"]]


def locations(answer: httpx.Response) -> list[str]:
    return [each["response"].get("location", "") for each in answer.json()["entry"]]


def sentences(answer: httpx.Response) -> list[str]:
    """The sentence of each entry, '' where it has none."""
    outcomes = [each["response"].get("outcome") for each in answer.json()["entry"]]
    return [each["issue"][0]["diagnostics"] if each else "" for each in outcomes]


def written(resource: Resource, media: str) -> bytes:
    return json.dumps(resource).encode() if media == JSON else xml(resource)


def xml(resource: Resource) -> bytes:
    """A resource of ours in FHIR XML (R4 2.6.1)."""
    kind = resource["resourceType"]
    inner = "".join(_element(name, each) for name, each in resource.items() if name != "resourceType")
    return f'<?xml version="1.0"?><{kind} xmlns="http://hl7.org/fhir">{inner}</{kind}>'.encode()


def _element(name: str, value: object) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, dict):
        inner = "".join(_element(below, each) for below, each in value.items() if below != "resourceType")
        kind = value.get("resourceType")
        return f"<{name}><{kind}>{inner}</{kind}></{name}>" if kind else f"<{name}>{inner}</{name}>"
    said = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return f"<{name} value={quoteattr(said)}/>"


def stamps(found: Sequence[Resource]) -> list[str]:
    return sorted(each["effectiveDateTime"] for each in found)
