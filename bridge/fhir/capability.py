"""What this server can do (R4 5.1): built from the tables that the parser reads, so they agree.

Law: static. It names no person, count, vendor account or day of data (`smart-consent.md`, L38), and
says what a client must know to read an answer rightly: whole days are the patient's, absence is no
evidence, what is refused looks absent, and what the bridge is for (`safety.md`, intended purpose).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from bridge.fhir import orders
from bridge.fhir.parameters import INCLUDES, OWN, REVINCLUDES, SOUGHT, Parameter
from bridge.fhir.subscriptions import IG, PROFILE, SUBSCRIPTION, TOPIC
from bridge.fhir.tree import Node, Tree, coding, concept
from bridge.mapping.resources import READING_TYPES

_DEFINITIONS: Final = "http://hl7.org/fhir/SearchParameter/"

PURPOSE: Final = (
    "Retrospective transfer and display of a person's own diabetes data for a visit. No alarms, no dosing "
    "advice, no real-time monitoring. Every answer holds what the patient shared with this client for the "
    "periods that the patient chose: it is not a complete record, and absence of data is no evidence of "
    "absence of events. What is not shared is absent: 404, or an empty Bundle. Dates without a time are "
    "whole days in the patient's time zone. Unknown search parameters are ignored and left out of the self "
    "link, or refused under Prefer: handling=strict; chains, _has and modifiers are always refused. Only "
    "totals that are asked for (_total=accurate) are told. Every Bundle carries the notice in meta.tag. Insulin "
    "is in units of the pump or pen, whose concentration is not known, unless its unit is [iU]."
)

INTERACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(READING_TYPES, ("read", "vread", "history-instance", "search-type")),
    "Device": ("read", "search-type"),
    "DeviceMetric": ("read", "search-type"),
    "Patient": ("read", "search-type"),
    "Provenance": ("read", "search-type"),
    "Consent": ("read", "search-type"),
    "AuditEvent": ("read", "search-type"),
    "Group": ("read", "search-type"),
    "DiagnosticReport": ("read", "search-type"),
    "DocumentReference": ("read", "search-type"),
    "Binary": ("read",),
    "Subscription": ("read", "create", "update", "delete", "search-type"),
}
SAYS: Final = {
    "Consent": (
        "What the person agreed with this client, and nothing of what they agreed with others: a rendering of the "
        "grant, which acts. The root denies, for the time in force (provision.period), this recipient and purpose; "
        "each permit inside names classes, codes and a dataPeriod, which is when a reading was taken (effective[x]). "
        "Its policy is this sentence. A grant that is paused, revoked or over is inactive. Where nothing limits it, it "
        "has the IHE PCF Intermediate form, and says so."
    ),
    "DiagnosticReport": (
        "A report as a PDF of each period that is summed up, with the Observations of its summary: a period follows "
        "from the grants. It holds what the token's scopes reach too (all of Observation, and of "
        "MedicationAdministration, Device and Patient what is reached whole); without Observation it is refused. Made "
        "at each request. Reports that others submitted are found too, with their PDF as it came, where all that a PDF "
        "can say is granted and reached."
    ),
    "DocumentReference": "The same report, and where its PDF is: with size and SHA-1, which change with its content.",
    "Binary": "The PDF of a DocumentReference: as it is, or as a resource where Accept or _format names one.",
    "AuditEvent": "What left and why, after IHE BALP: for the person alone, nothing for anybody else.",
    "Group": (
        "One for each client with a system token: those who share with it by bulk export now. A search finds it "
        "without members, or says by member whether one person is in it; a read tells them, and is written down for "
        "each of them."
    ),
    "Subscription": (
        "R5 Backport for R4: a system client is told that there is new glucose of one person who lets it have a feed. "
        "rest-hook, payload empty or id-only; full-resource is refused, because readings would rest where no "
        "revocation reaches them. Filter: Observation?patient=[id], and code or category. The operator registers the "
        "endpoint's origin, and who looks at what arrives. A person who shares nothing looks like one without new "
        "readings: heartbeats go on. Events are numbered anew from 1 when what is shared changes; corrections and what "
        "was taken back are events as well. channel.header is taken and never shown; where it is left out of an update "
        "it stays. After failures the status is error until requested is sent."
    ),
}
"""What a client should know about a type."""
_LASTN: Final = (
    "Of each code the newest max Observations (1 where it is not given, at most 100), newest first, on one page. The "
    "parameters of a search select; a category or a code is required."
)
_EVERYTHING: Final = (
    "start and end are whole days in the patient's time zone, and what overlaps them is meant. _since is about "
    "readings; Patient and Devices come along. Provenance comes where _type names it. Of DiagnosticReport those come "
    "that others submitted; ours are made where they are searched."
)
_SUMMARY: Final = (
    "The summary of a period of seven days at least, as a collection of the HL7 CGM summary profiles, for each "
    "stretch that is permitted without a hole; under a grant of summaries, for the blocks that it fixes. Without a "
    "period: what follows from the grants. Under 14 days or 70 % there is no GMI and no panel, and a note says so; a "
    "figure that may not leave is absent. Summaries are searched by code, category, date and _profile too; where a "
    "grant gives no reading, a search for readings finds its summaries. What others submitted as a summary is found "
    "by its code, with a note that says so, and never by this operation. related is not honoured."
)
_BULK: Final = "http://hl7.org/fhir/uv/bulkdata"
_EXPORT: Final = (
    "FHIR Bulk Data Access STU2: of those who share by bulk export with this client; what was received or opened "
    "after transactionTime comes with the next _since. Types: Device, DeviceMetric, DiagnosticReport (those that "
    "others submitted), MedicationAdministration, Observation, Patient, Provenance; a file holds one type of up to "
    "1,000 people and is made while it is fetched, without who no longer shares. _outputFormat (ndjson), _since, "
    "_until, _type, _typeFilter (any search parameter of the type but patient; of reports none), _elements, "
    "includeAssociatedData (Provenance), patient (POST). What is not understood is refused, or with Prefer: "
    "handling=lenient told in error; a filter never is left away. No counts, no deleted: what was taken back comes as"
    " entered-in-error with _since. All three levels are the same people."
)
_SUBMIT: Final = (
    "CGM Data Submission Bundles, one person each, at most 5,000 entries and 16 MiB, JSON or XML. POST of Observation, "
    "Device, Patient, DiagnosticReport and ServiceRequest that keep the CGM IG's profiles; every entry is judged alone "
    "and answered in its place. Needs system scopes for create, and the person's intake grant for this client's "
    "organisation; without one the answer is 404, as for nobody. A Patient is never made: it is matched by identifier. "
    "Conditional create: ifNoneExist=identifier=system|value, 200 where one fits, 412 where several do, among what the "
    "same organisation submitted about the person under the same name. Identifiers are kept as a blind index and not "
    "served. What contradicts the person's record waits for somebody to look and is answered alike. A device is of "
    "its submitter alone. A reading of the future is refused. A reading of one device and "
    "second is one reading: sent again it is 200, with another amount a correction. Sensor readings are served under a "
    "grant, summaries and reports under one of single readings of their whole period, with the figures and links that "
    "the profiles have and nothing else; orders go the way of ServiceRequest. What is "
    "no reading is kept as received and answered 202. 429 with Retry-After where submissions come too often."
)
_VALIDATE: Final = (
    "The same checks of form as a submission, without effect: an OperationOutcome, 200 also with faults."
)
_CHECKED: Final = (("validate", "http://hl7.org/fhir/OperationDefinition/Resource-validate", _VALIDATE),)
RECEIVED: Final = ("Bundle",)
"""Types that are taken or checked, and not served."""
RECEIVER: Final = "http://hl7.org/fhir/uv/cgm/CapabilityStatement/cgm-data-receiver"
SUBMISSION: Final = "http://hl7.org/fhir/uv/cgm/OperationDefinition/submit-cgm-bundle"
OPERATIONS: Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    "Observation": (
        ("lastn", "http://hl7.org/fhir/OperationDefinition/Observation-lastn", _LASTN),
        (
            "hddt-cgm-summary",
            "https://gematik.de/fhir/hddt/OperationDefinition/hddt-cgm-summary-operation",
            _SUMMARY,
        ),
        *_CHECKED,
    ),
    "Patient": (
        ("everything", "http://hl7.org/fhir/OperationDefinition/Patient-everything", _EVERYTHING),
        ("export", f"{_BULK}/OperationDefinition/patient-export", _EXPORT),
        *_CHECKED,
    ),
    "Group": (("export", f"{_BULK}/OperationDefinition/group-export", _EXPORT),),
    "Device": _CHECKED,
    "DiagnosticReport": _CHECKED,
    "Subscription": (
        (
            "status",
            f"{IG}/OperationDefinition/backport-subscription-status",
            "Of one, or by id and status of all.",
        ),
        (
            "events",
            f"{IG}/OperationDefinition/backport-subscription-events",
            "Of the last 31 days, at most 1,000.",
        ),
    ),
    **dict.fromkeys((*RECEIVED, orders.KIND), _CHECKED),
}
WHOLE: Final = ("export", f"{_BULK}/OperationDefinition/export", _EXPORT)
"""The operation of the whole server."""
"""Operations of each type: name, definition, and what a client should know."""
OAUTH: Final = {
    "authorize": "/auth/authorize",
    "token": "/auth/token",
    "manage": "/shares",
}
"""Addresses of the `oauth-uris` extension, which clients of SMART 1 read (App Launch 1.0, conformance)."""
PROFILES: Final = {
    "Observation": (
        "cgm-sensor-reading-mass-per-volume",
        "cgm-sensor-reading-moles-per-volume",
        "cgm-summary",
        "cgm-summary-times-in-ranges",
        "cgm-summary-gmi",
        "cgm-summary-coefficient-of-variation",
        "cgm-summary-days-of-wear",
        "cgm-summary-sensor-active-percentage",
        "cgm-summary-mean-glucose-mass-per-volume",
        "cgm-summary-mean-glucose-moles-per-volume",
    ),
    "Device": ("cgm-device",),
    "DiagnosticReport": ("cgm-summary-pdf",),
}
TOPICS: Final[Tree] = {
    "url": f"{IG}/StructureDefinition/capabilitystatement-subscriptiontopic-canonical",
    "valueCanonical": TOPIC,
}


def tree(base: str, version: str, released: str) -> Tree:
    """The CapabilityStatement of the server at `base`; `released`: a FHIR date."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": released,
        "kind": "instance",
        "instantiates": (
            RECEIVER,
            f"{_BULK}/CapabilityStatement/bulk-data",
            f"{IG}/CapabilityStatement/backport-subscription-server-r4",
        ),
        "software": {"name": "cgm-bridge", "version": version},
        "implementation": {"description": "A bridge from a person's own diabetes data", "url": base},
        "fhirVersion": "4.0.1",
        "format": ("application/fhir+json", "json", "application/fhir+xml", "xml"),
        "implementationGuide": ("http://hl7.org/fhir/uv/cgm/ImplementationGuide/hl7.fhir.uv.cgm|1.0.0",),
        "rest": (
            {
                "mode": "server",
                "documentation": PURPOSE,
                "security": _security(base.removesuffix("/fhir")),
                "resource": (
                    *(_resource(kind) for kind in INTERACTIONS),
                    orders.parameters() | {"operation": _operations(OPERATIONS[orders.KIND])},
                    *({"type": kind, "operation": _operations(OPERATIONS[kind])} for kind in RECEIVED),
                ),
                "interaction": ({"code": "batch"},),
                "operation": _operations((("submit-cgm-bundle", SUBMISSION, _SUBMIT), WHOLE)),
            },
        ),
    }


def _security(root: str) -> Tree:
    smart = coding("http://terminology.hl7.org/CodeSystem/restful-security-service", "SMART-on-FHIR")
    addresses: Tree = {
        "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
        "extension": tuple({"url": name, "valueUri": root + path} for name, path in OAUTH.items()),
    }
    return {
        "extension": (addresses,),
        "service": (concept(smart),),
        "description": "Every SMART address stands in [base]/.well-known/smart-configuration.",
    }


def _resource(kind: str) -> Tree:
    names = PROFILES.get(kind, ())
    profiles = tuple(f"http://hl7.org/fhir/uv/cgm/StructureDefinition/{name}" for name in names)
    interactions, is_topical = INTERACTIONS[kind], kind == SUBSCRIPTION
    return {
        "extension": (TOPICS,) if is_topical else (),
        "type": kind,
        "supportedProfile": (PROFILE,) if is_topical else profiles,
        "documentation": SAYS.get(kind),
        "interaction": tuple({"code": code} for code in interactions),
        "versioning": "versioned" if "vread" in interactions else "no-version",
        "readHistory": "vread" in interactions,
        "conditionalRead": "not-match",
        "searchInclude": INCLUDES.get(kind, ()),
        "searchRevInclude": REVINCLUDES.get(kind, ()),
        "searchParam": tuple(_parameter(each) for each in {**SOUGHT, **OWN, "Binary": ()}[kind]),
        "operation": _operations(OPERATIONS.get(kind, ())),
    }


def _operations(offered: Iterable[tuple[str, str, str]]) -> Node:
    return tuple(
        {"name": name, "definition": definition, "documentation": says} for name, definition, says in offered
    )


def _parameter(parameter: Parameter) -> Node:
    return {
        "name": parameter.name,
        "definition": parameter.definition
        if ":" in parameter.definition
        else _DEFINITIONS + parameter.definition,
        "type": parameter.type,
        "documentation": parameter.says,
    }
