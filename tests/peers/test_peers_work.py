"""Each peer really works: it stores, judges or asks, and says no where it should.

Law: these tests are about the peers alone; no line of the bridge runs here. What they pin is what other tests lean on.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.peers import process
from tests.peers.hapi import Hapi
from tests.peers.node import FhirKit, Refused
from tests.peers.process import Peer, PeerBroken, PeerMissing
from tests.peers.validator import Validator

FHIR = {"Content-Type": "application/fhir+json"}
SENSOR = "http://hl7.org/fhir/uv/cgm/StructureDefinition/cgm-sensor-reading-mass-per-volume"
LOINC = "http://loinc.org"


def reading(identifier: str, minute: int = 0) -> dict[str, object]:
    return {
        "resourceType": "Observation",
        "identifier": [{"system": "urn:example:reading", "value": identifier}],
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "99504-3"}]},
        "effectiveDateTime": f"2024-05-02T10:{minute:02d}:00Z",
        "valueQuantity": {
            "value": 120,
            "unit": "mg/dl",
            "system": "http://unitsofmeasure.org",
            "code": "mg/dL",
        },
    }


def conditional(identifier: str, minute: int = 0) -> dict[str, object]:
    query = f"identifier=urn:example:reading|{identifier}"
    return {
        "resource": reading(identifier, minute),
        "request": {"method": "POST", "url": "Observation", "ifNoneExist": query},
    }


def send(hapi: Hapi, *entries: dict[str, object]) -> list[str]:
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = httpx.post(hapi.base, json=bundle, headers=FHIR, timeout=60).raise_for_status()
    return [entry["response"]["status"][:3] for entry in answer.json()["entry"]]


def found(hapi: Hapi, resource_type: str, **query: str) -> list[dict[str, object]]:
    answer = httpx.get(f"{hapi.base}/{resource_type}", params=query, timeout=60).raise_for_status()
    return [entry["resource"] for entry in answer.json().get("entry", [])]


def test_a_conditional_create_sent_twice_makes_one_resource(hapi: Hapi) -> None:
    name = uuid4().hex
    assert send(hapi, conditional(name)) == ["201"]
    assert send(hapi, conditional(name)) == ["200"]
    assert len(found(hapi, "Observation", identifier=f"urn:example:reading|{name}")) == 1


def test_a_client_names_its_patient_and_finds_readings_by_patient_code_and_date(hapi: Hapi) -> None:
    patient, name = f"p-{uuid4().hex}", uuid4().hex
    body = {"resourceType": "Patient", "id": patient}
    assert httpx.put(f"{hapi.base}/Patient/{patient}", json=body, headers=FHIR).status_code == 201
    entry = conditional(name) | {"resource": reading(name) | {"subject": {"reference": f"Patient/{patient}"}}}
    assert send(hapi, entry) == ["201"]
    asked = {"patient": patient, "code": f"{LOINC}|99504-3", "_lastUpdated": "ge2024-01-01"}
    assert len(found(hapi, "Observation", **asked, date="2024-05-02")) == 1
    assert found(hapi, "Observation", **asked, date="2024-05-03") == []


def test_an_update_of_a_version_that_is_gone_is_refused(hapi: Hapi) -> None:
    url = f"{hapi.base}/Patient/p-{uuid4().hex}"
    body = {"resourceType": "Patient", "id": url.rpartition("/")[2]}
    first = httpx.put(url, json=body, headers=FHIR)
    assert first.headers["ETag"] == 'W/"1"'
    second = httpx.put(url, json=body | {"active": True}, headers=FHIR | {"If-Match": 'W/"1"'})
    late = httpx.put(url, json=body | {"active": False}, headers=FHIR | {"If-Match": 'W/"1"'})
    assert (second.status_code, late.status_code) == (200, 409)


def test_an_element_that_r4_lacks_is_refused(hapi: Hapi) -> None:
    body = {"resourceType": "Patient", "glucose": 120}
    assert httpx.post(f"{hapi.base}/Patient", json=body, headers=FHIR).status_code == 400


def test_the_sensor_example_of_the_guide_is_valid(validator: Validator, shared: Path) -> None:
    assert validator.errors(example(shared), SENSOR) == []


def test_the_unit_that_the_guide_does_not_want_is_an_error(validator: Validator, shared: Path) -> None:
    resource = example(shared).replace('"unit": "mg/dl"', '"unit": "mg/dL"')
    assert validator.errors(resource) == []
    [error] = validator.errors(resource, SENSOR)
    assert error.location.endswith(".unit")


def test_a_unit_that_ucum_lacks_is_an_error_and_a_loinc_code_is_none(validator: Validator) -> None:
    resource = reading("x") | {
        "valueQuantity": {"value": 1, "system": "http://unitsofmeasure.org", "code": "x9"}
    }
    assert validator.errors(reading("x")) == []
    assert "x9" in validator.errors(resource)[0].message


def test_xml_is_judged_and_what_is_no_resource_is_fatal(validator: Validator) -> None:
    assert validator.errors('<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>') == []
    assert validator.errors(b'<Patient xmlns="http://hl7.org/fhir"><active value="maybe"/></Patient>')
    assert [issue.severity for issue in validator.issues("{no")] == ["fatal"]
    assert validator.errors({"resourceType": "Patient"}, "http://example.org/no-such-profile")


def test_the_node_client_turns_every_page(hapi: Hapi, fhir_kit: FhirKit) -> None:
    name = uuid4().hex
    send(hapi, *(conditional(f"{name}-{minute}", minute) for minute in range(7)))
    wanted = ",".join(f"urn:example:reading|{name}-{minute}" for minute in range(7))
    resources = fhir_kit.search(hapi.base, "Observation", f"identifier={wanted}&_count=3&_sort=date", "any")
    times = [json.dumps(resource).partition("2024-05-02T10:")[2][:2] for resource in resources]
    assert times == [f"{minute:02d}" for minute in range(7)]


def test_the_node_client_says_what_the_server_refused(hapi: Hapi, fhir_kit: FhirKit) -> None:
    with pytest.raises(Refused) as refused:
        fhir_kit.search(hapi.base, "Observation", "no-such-parameter=1")
    assert refused.value.status == 400
    assert "OperationOutcome" in str(refused.value.answer)


def test_the_node_client_says_how_it_is_called(fhir_kit: FhirKit) -> None:
    done = fhir_kit.run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage:")


def test_a_peer_that_is_silent_or_dead_is_told_from_one_that_is_missing(tmp_path: Path) -> None:
    with Peer(["cat"], tmp_path / "cat.log") as cat:
        cat.say("still here")
        assert cat.hear(5) == "still here"
        with pytest.raises(PeerBroken, match="silent"):
            cat.hear(0.05)
        os.kill(cat.pid, signal.SIGKILL)
        with pytest.raises(PeerBroken, match="ended"):
            cat.hear(5)
    with pytest.raises(PeerMissing, match="no-such-program"):
        process.tool("no-such-program")


def test_a_peer_that_does_not_listen_is_stopped_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "PATIENCE", 0.1)
    with Peer([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "deaf.log") as deaf:
        pass
    with pytest.raises(PeerBroken, match="ended with -9"):
        deaf.hear(5)


def example(shared: Path) -> str:
    guide = shared / "data" / "fhir" / "hl7.fhir.uv.cgm-1.0.0"
    return (guide / "Observation-cgmSensorReadingMassPerVolumeExample.json").read_text("utf-8")
