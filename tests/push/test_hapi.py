"""The same worker against a receiver that is not ours: HAPI FHIR over JPA."""

from __future__ import annotations

import base64
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

import bridge.store.links as links
import bridge.store.outbox as outbox
import bridge.store.receivers as receivers
from bridge.push.round import Report
from bridge.store.blocks import withdraw
from tests.peers.hapi import Hapi
from tests.peers.lossy import Wire, wire
from tests.push.house import House, filed, furnished
from tests.push.test_summaries import ALL, MEAN, PANEL, days, measured
from tests.push.twin import BIRTH, NAME

SYSTEM = "https://hospital.example/mrn"
FORMS = ("auto", "batch", "single")
"""What HAPI says of itself makes `auto` a transaction."""
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

    def documents(self, kind: str) -> list[dict[str, Any]]:
        """The documents of that type about them."""
        asked = {"subject": f"Patient/{self.id}"}
        found = httpx.get(
            f"{self.base}/{kind}", params=asked, headers={"cache-control": "no-cache"}, timeout=60
        )
        return [entry["resource"] for entry in found.json().get("entry", [])]

    def values(self) -> list[int]:
        standing = (each for each in self.holds() if each["status"] != "entered-in-error")
        return sorted(each["valueQuantity"]["value"] for each in standing)

    def summed(self, code: str) -> dict[str, Any]:
        """The one summary with that code."""
        (one,) = (each for each in self.holds() if each["code"]["coding"][0]["code"] == code)
        return one


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


@pytest.fixture
def lossy(ward: Ward) -> Iterator[Wire]:
    with wire(ward.base) as made:
        yield made


@contextmanager
def described(home: Path, url: str, ward: Ward, kind: str, **more: Any) -> Iterator[House]:
    """A bridge whose destination has a file that names this kind."""
    made = filed(home, url, kind=kind, **more)
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


# ------------------------------------------------------------------------ described by a file, form by form


@pytest.mark.parametrize("kind", FORMS)
def test_in_every_form_hapi_holds_each_reading_once_corrected_and_taken_back(
    tmp_path: Path, ward: Ward, kind: str
) -> None:
    with described(tmp_path, ward.base, ward, kind) as house:
        house.grant()
        house.bring(0, [100, 101, 102])
        wrong = house.bring(3, [300, 301])
        report = house.push()
        assert (report.sent, report.held, report.failed) == (5, (), ())
        kept = receivers.known(house.db, 1)
        assert kept is not None and kept.conditional and kept.updates and kept.searches
        assert kept.form == "transaction"
        (device,) = {each["device"]["reference"] for each in ward.holds()}
        assert httpx.get(f"{ward.base}/{device}", timeout=60).json()["deviceName"]
        house.bring(1, [250], name="corrected")
        assert house.push().updated == 1
        withdraw(house.db, house.patient, wrong)
        assert house.push().retracted == 2
        assert ward.values() == [100, 102, 250] and len(ward.holds()) == 5
        said = Counter(each["status"] for each in ward.holds())
        assert said == {"final": 2, "corrected": 1, "entered-in-error": 2}
        assert house.push() == Report()


@pytest.mark.parametrize("kind", FORMS)
def test_in_every_form_summaries_reach_hapi_once_and_are_corrected(
    tmp_path: Path, ward: Ward, kind: str
) -> None:
    with described(tmp_path, ward.base, ward, kind, raw=False, document=False) as house:
        measured(house, -15, 16)
        house.grant(periods=days(house, -14, 14))
        report = house.push()
        assert (report.sent, report.held, report.failed) == (len(ALL), (), ())
        assert sorted(each["code"]["coding"][0]["code"] for each in ward.holds()) == sorted(ALL)
        members = {each["reference"] for each in ward.summed(PANEL)["hasMember"]}
        assert members == {f"Observation/{each['id']}" for each in ward.holds()} - {
            f"Observation/{ward.summed(PANEL)['id']}"
        }
        before = ward.summed(MEAN)["valueQuantity"]["value"]
        measured(house, -5, 2, value=200)
        assert house.push().updated
        after = ward.summed(MEAN)
        assert after["valueQuantity"]["value"] > before and after["status"] == "corrected"
        assert len(ward.holds()) == len(ALL)


@pytest.mark.parametrize(
    ("kind", "conditional"),
    [("auto", True), ("batch", True), ("batch", False), ("single", True), ("single", False)],
)
def test_in_every_form_a_lost_answer_doubles_nothing_at_hapi(
    tmp_path: Path, ward: Ward, lossy: Wire, kind: str, conditional: bool
) -> None:
    told = {"conditional_create": conditional}
    with described(tmp_path, lossy.url, ward, kind, receiver=told) as house:
        house.grant()
        for at, (brought, values) in enumerate(((0, list(range(100, 106))), (2, [250]))):
            house.bring(brought, values, name=f"lost {at}")
            lossy.losses = 1
            for _ in range(3):
                house.push()
                house.wait(10)
            assert lossy.lost == at + 1, "an answer was lost"
        assert ward.values() == [100, 101, 103, 104, 105, 250]
        assert len(ward.holds()) == 6
        writes = len(lossy.writes)
        house.push()
        assert len(lossy.writes) == writes, "nothing is open any more"


@pytest.mark.parametrize(
    ("type_", "form"), [("DocumentReference", "transaction"), ("DiagnosticReport", "single")]
)
def test_a_document_reaches_hapi_once_corrected_and_taken_back(
    tmp_path: Path, ward: Ward, lossy: Wire, type_: str, form: str
) -> None:
    told = {"types": [type_], "form": form}
    with described(tmp_path, lossy.url, ward, "document", raw=False, document=told) as house:
        wrong = measured(house, -15, 16)
        house.grant(periods=days(house, -14, 14))
        lossy.losses = 1
        for _ in range(3):
            house.push()
            house.wait(90)
        assert lossy.lost == 1
        (first,) = ward.documents(type_)
        assert pdf(first).startswith(b"%PDF")
        measured(house, -5, 2, value=200)
        house.push()
        (second,) = ward.documents(type_)
        assert second["id"] == first["id"] and pdf(second) != pdf(first)
        withdraw(house.db, house.patient, wrong)
        house.push()
        (third,) = ward.documents(type_)
        assert third["id"] == first["id"] and pdf(third) not in (pdf(first), pdf(second))


def pdf(resource: dict[str, Any]) -> bytes:
    """The document that stands in it."""
    (form,) = resource.get("presentedForm") or [each["attachment"] for each in resource["content"]]
    return base64.b64decode(form["data"])
