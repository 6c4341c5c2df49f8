"""Every kind of resource that leaves, judged by HAPI's validator with R4, the CGM guide and our own CodeSystem.

Law: the resources come from recordings through import, grant, gate and renderer, as a recipient gets them and
as the owner does; nothing is built by hand. Every remark that is not in the table below fails: no error, and
no warning of substance.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.app import Bridge, opened
from bridge.cli.wishes import Wish, drawn
from bridge.consent.asked import Asked, Way
from bridge.consent.collecting import own_act
from bridge.consent.grants import sign
from bridge.consent.permit import OwnerPermit, Permit, RecipientPermit
from bridge.ingest.upload import take
from bridge.period import DAY
from bridge.settings import load, shipped
from bridge.smart.registration import Registration
from bridge.smart.registration import client as checked
from bridge.store.clients import Client, add
from bridge.store.patients import add as add_patient
from bridge.store.patients import load as load_patient
from tests.peers.validator import Validator

RECORDINGS = (
    "dexcom-clarity/demo-clarity-2026-11-14.csv",
    "dexcom-clarity/mmol-2024.csv",
    "dexcom-clarity/g6-12-columns-repeated-hour.csv",
    "libreview/demo-libreview-2026-11-09.csv",
    "libreview/uk-mmol.csv",
    "libreview/neo-meter.csv",
    "libreview/spanish-report-split-decimals.csv",
)
GRANTS = (
    ("raw", "full"),
    ("15min", "visit"),
    ("hourly", "pseudonymous"),
    ("daily", "de-identified"),
)
TOLERATED = (
    "None of the codings provided are in the value set",  # LOINC is not on this machine
    "Unknown code",  # LOINC and SNOMED CT are not on this machine
    "CodeSystem is unknown and can't be validated",
    "Unable to validate code",
    "Best Practice Recommendation",  # narrative, performer: no machine's readings have them
    "best practice",
    "Can't find",  # a reference to what is not in the bundle: the reader asks for it
    "constraint failed: dom-6",  # narrative
    "has no performer",
)
PER_KIND = 6
"""Of each kind of resource and shape that many are judged: they come from one template."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    found = opened(load({}, tmp_path_factory.mktemp("house")))
    yield found
    found.close()


def person(found: Bridge, recording: str) -> int:
    """A nameless person who has this recording."""
    patient = load_patient(
        found.db, add_patient(found.db, "", None, "Europe/Berlin", (("urn:mrn", recording),))
    )
    path = shipped("conformance") / recording
    kept = take(found.db, found.mappings, patient, path.read_bytes(), path.name, act=own_act(patient))
    assert kept.state == "stored", kept.reason
    return patient.number


def clinic(found: Bridge, name: str) -> Client:
    """A registered client."""
    made = checked(Registration(name, "backend"))
    add(found.db, made)
    return made


def granted(found: Bridge, patient: int, grain: str, identity: str) -> RecipientPermit:
    """The permit of a client with a grant of everything at this grain."""
    to = clinic(found, f"{grain} {identity} {patient}")
    kinds = "*,serials" if identity == "full" else "*"
    wish = Wish(start="2000-01-01", end="2030-12-31", kinds=kinds, granularity=grain, identity=identity)
    sign(found.db, drawn(found, load_patient(found.db, patient), to, wish))
    return RecipientPermit(to.id, to.organization, to.purpose, "token", found.now() + DAY)


def bundles(found: Bridge, patient: int, who: Permit) -> Iterator[dict[str, Any]]:
    """What this asker gets: readings with devices and provenance, the person, a transaction."""
    everything = found.renderer.vocabulary.everything()
    wish = Asked(
        patient, Way.LOOK, "query", "all", everything, limit=1000, provenance=True, device_resources=True
    )
    url = f"{found.settings.fhir_base}/Observation?patient=x"
    seen = found.gate.disclose_now(who, wish)
    if seen.count:
        yield parsed(found.renderer.searchset(seen, url, include_devices=True, include_provenance=True).body)
        yield parsed(found.renderer.transaction(seen, "Patient/theirs", {}, found.now())[0].body)
    alone = Asked(patient, Way.LOOK, "query", "the person", frozenset(), patient_resource=True)
    body = found.renderer.read(found.gate.disclose_now(who, alone), "Patient")
    assert body is not None
    yield {"resourceType": "Bundle", "entry": [{"resource": parsed(body.body)}]}


def parsed(body: bytes | memoryview) -> dict[str, Any]:
    """JSON as a tree."""
    tree: dict[str, Any] = json.loads(bytes(body))
    return tree


def shape(resource: dict[str, Any]) -> tuple[object, ...]:
    """What makes two resources of one kind worth judging apart."""
    value = resource.get("valueQuantity", {})
    return (
        resource["resourceType"],
        json.dumps(resource.get("code", {}).get("coding")),
        value.get("unit"),
        value.get("comparator"),
        "component" in resource,
        "note" in resource,
        "dataAbsentReason" in resource,
        tuple(sorted(resource)),
    )


@pytest.mark.parametrize("recording", RECORDINGS)
def test_what_leaves_is_valid_r4_and_valid_cgm(house: Bridge, validator: Validator, recording: str) -> None:
    patient, judged, remarks = person(house, recording), Counter[tuple[object, ...]](), []
    asking: list[Permit] = [OwnerPermit(patient), *(granted(house, patient, *each) for each in GRANTS)]
    for who in asking:
        for bundle in bundles(house, patient, who):
            for entry in bundle["entry"]:
                resource = entry["resource"]
                judged[shape(resource)] += 1
                if judged[shape(resource)] <= PER_KIND:
                    remarks += [
                        f"{resource['resourceType']} {issue.severity} {issue.location}: {issue.message}"
                        for issue in validator.issues(resource)
                        if issue.severity != "information" and not any(t in issue.message for t in TOLERATED)
                    ]
    assert remarks == []
    assert {"Observation", "Patient", "Provenance"} <= {str(kind[0]) for kind in judged}


def test_what_knows_nobody_is_valid_too(house: Bridge, validator: Validator) -> None:
    capability = parsed(house.renderer.capability("0", "2026-11-20").body)
    assert validator.errors(capability) == []
    for path in sorted((shipped("conformance") / "fhir").glob("CodeSystem-*.json")):
        assert validator.errors(json.loads(Path(path).read_text("utf-8"))) == []
