"""The same worker against a receiver that is not ours: HAPI FHIR over JPA."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

import bridge.store.links as links
import bridge.store.outbox as outbox
from bridge.store.blocks import withdraw
from tests.peers.hapi import Hapi
from tests.push.house import House, furnished
from tests.push.twin import BIRTH, NAME

SYSTEM = "https://hospital.example/mrn"
JSON = {"content-type": "application/fhir+json"}
pytestmark = pytest.mark.timeout(300)


@dataclass
class Ward:
    """A patient of HAPI's own, and what it holds of them."""

    base: str
    id: str
    value: str

    def holds(self) -> list[dict[str, Any]]:
        found = httpx.get(
            f"{self.base}/Observation",
            params={"subject": f"Patient/{self.id}", "_count": "1000"},
            headers={"cache-control": "no-cache"},
            timeout=60,
        ).json()
        return [entry["resource"] for entry in found.get("entry", [])]

    def values(self) -> list[int]:
        standing = (each for each in self.holds() if each["status"] != "entered-in-error")
        return sorted(each["valueQuantity"]["value"] for each in standing)


@pytest.fixture
def ward(hapi: Hapi) -> Ward:
    value = str(uuid.uuid4())
    patient = {
        "resourceType": "Patient",
        "active": True,
        "identifier": [{"system": SYSTEM, "value": value}],
        "name": [{"family": "Example", "given": ["Robin"]}],
        "birthDate": BIRTH,
    }
    made = httpx.post(f"{hapi.base}/Patient", json=patient, headers=JSON, timeout=60).json()
    return Ward(hapi.base, made["id"], value)


@pytest.fixture
def house(tmp_path: Path, ward: Ward) -> Iterator[House]:
    made = furnished(tmp_path, ward.base)
    made.grant()
    shown = links.Shown(ward.id, NAME, date.fromisoformat(BIRTH))
    links.confirm(made.db, made.patient, made.client, SYSTEM, ward.value, "Dr. Who", shown)
    yield made
    made.db.close()


def test_readings_corrections_and_retractions_reach_hapi_once(house: House, ward: Ward) -> None:
    wrong = house.bring(0, [100, 101, 102])
    house.bring(3, list(range(103, 140)))
    report = house.push()
    assert (report.sent, report.held, report.failed) == (40, (), ())
    assert ward.values() == list(range(100, 140))
    house.bring(5, [250], name="corrected")
    assert house.push().updated == 1
    assert 250 in ward.values() and 105 not in ward.values()
    withdraw(house.db, house.patient, wrong)
    assert house.push().retracted == 3
    assert len(ward.holds()) == 40 and len(ward.values()) == 37


def test_a_bridge_that_forgot_what_it_sent_doubles_nothing_at_hapi(house: House, ward: Ward) -> None:
    house.bring(0, [100, 101, 102])
    house.push()
    with house.db.write("bridge") as con:
        for table in ("sent", "cursors", "deliveries"):
            con.execute(f"DELETE FROM {table}")
    house.bring(1, [250], name="corrected")
    house.push()
    assert ward.values() == [100, 102, 250]


def test_a_copy_that_was_changed_at_hapi_is_left_to_a_human(house: House, ward: Ward) -> None:
    house.bring(0, [100, 101])
    house.push()
    copy = next(each for each in ward.holds() if each["valueQuantity"]["value"] == 101)
    copy["note"] = [{"text": "compared with the lab"}]
    put = httpx.put(f"{ward.base}/Observation/{copy['id']}", json=copy, headers=JSON, timeout=60)
    assert put.status_code == 200
    house.bring(0, [200, 201], name="corrected")
    report = house.push()
    assert report.updated == 1 and "refused" in " ".join(report.failed)
    assert ward.values() == [101, 200]
    assert outbox.listed(house.db)[-1].state == "partial"


def test_a_copy_that_was_deleted_at_hapi_holds_nothing_up(house: House, ward: Ward) -> None:
    house.bring(0, [100, 101])
    house.push()
    copy = next(each for each in ward.holds() if each["valueQuantity"]["value"] == 101)
    assert httpx.delete(f"{ward.base}/Observation/{copy['id']}", timeout=60).status_code == 200
    house.bring(0, [200, 201], name="corrected")
    house.push()
    assert 200 in ward.values()


def test_a_record_that_hapi_deactivates_breaks_the_link(house: House, ward: Ward) -> None:
    house.bring(0, [100])
    patient = httpx.get(f"{ward.base}/Patient/{ward.id}", timeout=60).json()
    httpx.put(f"{ward.base}/Patient/{ward.id}", json={**patient, "active": False}, headers=JSON, timeout=60)
    assert "link-broken" in house.push().held[0] and ward.holds() == []
