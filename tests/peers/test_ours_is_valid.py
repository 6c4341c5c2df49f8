"""Every kind of resource that leaves, judged by HAPI's validator with R4, the CGM guide and our own CodeSystem.

Law: the resources come from recordings (and from one person who has something of every stream) through import,
grant, gate and renderer, as a recipient gets them and as the owner does, in JSON and in XML; no resource is built
by hand. Every remark that is not in the table below fails: no error at all, and no warning of substance. The table is
of warnings: an error is never tolerated, whatever it says, nor a remark about our own codes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from lxml import etree

from bridge.app import Bridge, opened
from bridge.cli.wishes import Wish, drawn
from bridge.consent.asked import Asked, Way
from bridge.consent.collecting import own_act
from bridge.consent.grants import sign
from bridge.consent.permit import OwnerPermit, Permit, RecipientPermit
from bridge.fhir import terms
from bridge.fhir.outcome import ABSENT
from bridge.fhir.render import JSON, XML, Notation
from bridge.ingest.upload import take
from bridge.period import DAY
from bridge.settings import load, shipped
from bridge.smart.registration import Registration
from bridge.smart.registration import client as checked
from bridge.store.clients import Client, add
from bridge.store.patients import add as add_patient
from bridge.store.patients import load as load_patient
from tests.fhir.plain_xml import of_xml
from tests.peers.everything import everything as laid_in
from tests.peers.validator import ERRORS, Issue, Validator

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
    "embedded HTML tag",  # a person wrote it, and it leaves as it was written: who shows it escapes it
)
ADVICE = "so this usage should be checked"
"""The end of a remark about units with an annotation, whose text has it: {serving}, and insulin, whose
concentration is not known. Where the text lacks it the remark goes on."""
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


def granted(found: Bridge, patient: int, grain: str, identity: str, kinds: str = "") -> RecipientPermit:
    """The permit of a client with a grant of everything at this grain."""
    to = clinic(found, f"{grain} {identity} {patient}")
    kinds = kinds or ("*,serials" if identity == "full" else "*")
    wish = Wish(start="2000-01-01", end="2030-12-31", kinds=kinds, granularity=grain, identity=identity)
    sign(found.db, drawn(found, load_patient(found.db, patient), to, wish))
    return RecipientPermit(to.id, to.organization, to.purpose, "token", found.now() + DAY)


Told: TypeAlias = "tuple[dict[str, Any], bytes]"
"""A resource as a tree, and as it left."""


def told(found: Bridge, patient: int, who: Permit, notation: Notation) -> Iterator[Told]:
    """What this asker gets: readings with devices and provenance, the person, a transaction."""
    whole = found.renderer.vocabulary.everything()
    wish = Asked(patient, Way.LOOK, "query", "all", whole, limit=5000, provenance=True, device_resources=True)
    url = f"{found.settings.fhir_base}/Observation?patient=x"
    seen = found.gate.disclose_now(who, wish)
    if seen.count:
        page = found.renderer.searchset(
            seen, url, include_devices=True, include_provenance=True, notation=notation
        )
        yield from entries(found, bytes(page))
        yield from entries(
            found, bytes(found.renderer.transaction(seen, "Patient/theirs", {}, found.now(), notation)[0])
        )
    alone = Asked(patient, Way.LOOK, "query", "the person", frozenset(), patient_resource=True)
    body = found.renderer.read(found.gate.disclose_now(who, alone), "Patient", notation=notation)
    assert body is not None
    yield tree_of(bytes(body)), bytes(body)


def entries(found: Bridge, bundle: bytes) -> Iterator[Told]:
    """The resources of a Bundle."""
    if bundle.startswith(b"{"):
        for entry in parsed(bundle)["entry"]:
            yield entry["resource"], json.dumps(entry["resource"]).encode()
        return
    for (resource,) in etree.fromstring(bundle).iterfind(".//{*}entry/{*}resource"):
        body = etree.tostring(resource, with_tail=False)
        yield tree_of(body), body


def tree_of(body: bytes) -> dict[str, Any]:
    """A resource in either notation as a tree; of XML what tells one kind from another."""
    if body.startswith(b"{"):
        return parsed(body)
    found: dict[str, Any] = {}
    for path, text in of_xml(body):
        found.setdefault(path[0], text if len(path) == 1 else {})
        if len(path) > 1 and path[0] in ("code", "medicationCodeableConcept", "valueQuantity", "dosage"):
            found[path[0]][".".join(path[1:])] = None if path[-1] in ("value", "text") else text
    return found


def parsed(body: bytes | memoryview) -> dict[str, Any]:
    """JSON as a tree."""
    tree: dict[str, Any] = json.loads(bytes(body))
    return tree


def shape(resource: dict[str, Any]) -> tuple[object, ...]:
    """What makes two resources of one kind worth judging apart."""
    value = {name: said for name, said in resource.get("valueQuantity", {}).items() if name != "value"}
    dosage = resource.get("dosage", {})
    return (
        resource["resourceType"],
        json.dumps(resource.get("code")),
        json.dumps(resource.get("medicationCodeableConcept")),
        json.dumps(value),
        resource.get("status"),
        tuple(sorted(dosage)),
        tuple(sorted(resource)),
    )


def judged(validator: Validator, told: Iterable[Told], most: int) -> tuple[Counter[str], list[str]]:
    """How many of each type were looked at, of each kind at most so many, and what was said against them."""
    seen, types, remarks = Counter[tuple[object, ...]](), Counter[str](), list[str]()
    for tree, body in told:
        seen[shape(tree)] += 1
        if seen[shape(tree)] <= most:
            types[tree["resourceType"]] += 1
            remarks += [
                f"{tree['resourceType']} {issue.severity} {issue.location}: {issue.message}"
                for issue in validator.issues(body)
                if issue.severity != "information" and not tolerated(issue)
            ]
    return types, sorted(set(remarks))


def tolerated(issue: Issue) -> bool:
    """Whether a remark is about what this machine cannot know; an error, or what it says of our own codes, never is."""
    known = issue.message.endswith(ADVICE) or any(each in issue.message for each in TOLERATED)
    return known and issue.severity not in ERRORS and terms.OWN not in issue.message


@pytest.mark.parametrize("said", TOLERATED)
def test_what_may_be_warned_of_is_no_error_that_passes(said: str) -> None:
    assert tolerated(Issue("warning", "", said))
    assert not any(tolerated(Issue(severity, "", said)) for severity in ERRORS)


@pytest.mark.parametrize("recording", RECORDINGS)
def test_what_leaves_is_valid_r4_and_valid_cgm(house: Bridge, validator: Validator, recording: str) -> None:
    patient = person(house, recording)
    asking: list[Permit] = [OwnerPermit(patient), *(granted(house, patient, *each) for each in GRANTS)]
    everything = (each for who in asking for each in told(house, patient, who, JSON))
    types, remarks = judged(validator, everything, PER_KIND)
    assert "\n".join(remarks) == ""
    assert {"Observation", "Patient", "Provenance"} <= set(types)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("notation", [JSON, XML], ids=["json", "xml"])
def test_every_stream_kind_and_mark_leaves_as_valid_r4(
    house: Bridge, validator: Validator, notation: Notation
) -> None:
    patient = add_patient(house.db, "", None, "Europe/Berlin", (("urn:mrn", f"all {notation.media_type}"),))
    count = laid_in(house.db, patient)
    rest = "*,serials,notes,cycle,alcohol"
    asking: list[Permit] = [OwnerPermit(patient), granted(house, patient, "raw", "full", rest)]
    everything = (each for who in asking for each in told(house, patient, who, notation))
    types, remarks = judged(validator, everything, 1)
    assert "\n".join(remarks) == ""
    assert types["MedicationAdministration"] > 40 and types["Observation"] > 150 and count > 1000


def test_what_knows_nobody_is_valid_too(house: Bridge, validator: Validator) -> None:
    for notation in (JSON, XML):
        capability = house.renderer.capability("0", "2026-11-20", notation)
        assert validator.errors(bytes(capability)) == []
        assert validator.errors(bytes(house.renderer.problem(ABSENT, notation))) == []
    for path in sorted((shipped("conformance") / "fhir").glob("CodeSystem-*.json")):
        assert validator.errors(json.loads(Path(path).read_text("utf-8"))) == []
