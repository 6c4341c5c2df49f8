"""What the real gate discloses from a real store, as it leaves: values, versions, rows, people, means."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import bridge.store.patients
from bridge.consent import grants
from bridge.consent.asked import WILDCARD, Asked, Grain, Kind, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.gate import Gate
from bridge.consent.grant import Authoriser, Grant, Identity, Recipient
from bridge.consent.permit import OwnerPermit, Permit, RecipientPermit
from bridge.fhir.render import Renderer
from bridge.fhir.search import parse
from bridge.fhir.sought import Search
from bridge.period import DAY, HOUR, MINUTE, Period, PeriodSet, ZoneHistory
from bridge.reading import Device, Flag, Readings, SeriesKey, SourceClass, Stream, Unit
from bridge.store.artifacts import NewArtifact
from bridge.store.blocks import absorb
from bridge.store.db import Database
from tests.fhir import disclosed, naive
from tests.fhir.valid import resources, valid
from tests.shipped import mappings

NOW = 1_790_000_000_000
START = 1_789_941_600_000 - 6 * DAY  # midnight in Berlin
WINDOW = Period(START, START + 3 * DAY)
ZONE = "Europe/Berlin"
FILE = "Ada's readings.csv"
COUNT = 4 * 288


class Clinic:
    """An installation with one person, one file of four days, and one recipient."""

    def __init__(self, home: Path) -> None:
        self.now = NOW
        self.db = Database.open(home, b"m" * 32, lambda: self.now)
        self.gate = Gate(self.db, lambda: self.now, lambda _: 0)
        self.renderer = Renderer(mappings(), disclosed.BASE, self.db.installation)
        pair = ("urn:example:mrn", "ada-1")
        self.ada = bridge.store.patients.add(self.db, "Ada", date(1980, 1, 2), ZONE, (pair,))
        self.upload(b"first", np.arange(COUNT) % 300 + 40)

    def upload(self, content: bytes, values: NDArray[np.int64], every: int = 1) -> None:
        at = (START + 5 * MINUTE * np.arange(COUNT))[::every]
        flags = np.where(values[::every] == 40, int(Flag.LOW), 0).astype(np.uint16)
        columns: dict[str, NDArray[np.generic]] = {
            "instant": at.astype(np.int64),
            "value": values[::every].astype(np.int64),
            "flags": flags,
            "row": np.arange(2, len(at) + 2, dtype=np.int32),
        }
        key = SeriesKey(Stream.GLUCOSE, "dexcom-clarity", "8G", Unit.MG_DL, 0)
        batch = Readings(key, columns, Device("Dexcom", "G6", "8GX", kind="transmitter"), SourceClass.MAKER)
        new = NewArtifact(
            "dexcom-clarity", hashlib.sha256(content).hexdigest(), "dexcom-clarity", "0123abcd", FILE,
            len(content), b"{}", content,
        )  # fmt: skip
        absorb(self.db, self.ada, new, [batch])

    def grant(self, **changed: Any) -> RecipientPermit:
        recipient = Recipient("Clinic", frozenset())
        given = Grant(
            id=grants.new_id(),
            version=1,
            patient=self.ada,
            authoriser=Authoriser("Ada"),
            recipient=recipient,
            purpose="TREAT",
            ways=frozenset(Way),
            periods=PeriodSet((WINDOW,)),
            kinds=WILDCARD,
            signed=self.now,
            begins=self.now,
            ends=self.now + 30 * DAY,
            sources=frozenset({"dexcom-clarity"}),
        )
        identity = changed.get("identity", Identity.FULL)
        changed["pairing"] = grants.pairing_for(self.db, recipient, identity)
        grants.sign(self.db, replace(given, **changed))
        return RecipientPermit("ehr", "Clinic", "TREAT", "token-1", NOW + DAY)

    def disclosure(self, permit: Permit, query: str, kind: str = "Observation") -> tuple[Search, Disclosure]:
        named = "_id" if kind == "Patient" else "patient"
        pairs = [(named, "anyone"), *(tuple(pair.split("=", 1)) for pair in query.split("&") if pair)]
        search = parse(kind, [(name, value) for name, value in pairs], self.renderer.vocabulary)
        assert isinstance(search, Search)
        return search, self.gate.disclose_now(
            permit, search.asked(self.ada, ZoneHistory.always(ZONE), self.now)
        )

    def page(self, permit: Permit, query: str = "", kind: str = "Observation") -> Any:
        search, found = self.disclosure(permit, query, kind)
        content = self.renderer.searchset(
            found,
            search.url(disclosed.BASE),
            kind=kind,
            include_devices=search.include_devices,
            include_provenance=search.include_provenance,
            elements=search.elements,
        )
        return valid(content.body)

    def one(self, permit: Permit, name: str, **wanted: Any) -> Disclosure:
        asked = Asked(self.ada, Way.LOOK, "query", "one", ids=frozenset({name}), **wanted)
        return self.gate.disclose_now(permit, asked)


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    made = Clinic(tmp_path / "home")
    yield made
    made.db.close()


def test_exactly_the_granted_days_leave_with_their_values(clinic: Clinic) -> None:
    page = clinic.page(clinic.grant(), "_total=accurate")
    found = resources(page, "Observation")
    assert page["total"] == len(found) == 3 * 288
    told = [(each["effectiveDateTime"], each["valueQuantity"]["value"]) for each in found]
    instants = [START + 5 * MINUTE * place for place in range(3 * 288)]
    values = [place % 300 + 40 for place in range(3 * 288)]
    assert told == [(naive.stamp(at, 120), value) for at, value in zip(instants, values, strict=True)]
    low = [each["valueQuantity"].get("comparator") for each in found]
    assert [place for place, each in enumerate(low) if each == "<"] == [0, 300, 600]


def test_the_page_equals_the_slow_reading_of_what_the_gate_disclosed(clinic: Clinic) -> None:
    _, found = clinic.disclosure(clinic.grant(), "_count=50&_sort=-date")
    content = clinic.renderer.searchset(found, "u")
    system = f"urn:uuid:{clinic.db.installation}"
    assert naive.parsed(content.body)["entry"] == naive.observations(
        found, mappings(), system, disclosed.BASE
    )


def test_devices_and_provenance_come_with_the_readings(clinic: Clinic) -> None:
    query = "_count=5&_include=Observation:device&_revinclude=Provenance:target"
    page = clinic.page(clinic.grant(), query)
    readings, proofs = resources(page, "Observation"), resources(page, "Provenance")
    (device,) = resources(page, "Device")
    assert {each["device"]["reference"] for each in readings} == {f"Device/{device['id']}"}
    assert "serialNumber" not in device
    assert [each["target"][0]["reference"] for each in proofs] == [f"Observation/{r['id']}" for r in readings]
    assert FILE not in str(page) and "0123abcd" in str(proofs)


def test_serials_leave_only_where_the_kind_is_granted(clinic: Clinic) -> None:
    page = clinic.page(clinic.grant(kinds=WILDCARD | {Kind.SERIALS}), "", "Device")
    assert [each["serialNumber"] for each in resources(page, "Device")] == ["8GX"]


def test_the_owner_is_led_to_the_row_of_the_file(clinic: Clinic) -> None:
    page = clinic.page(OwnerPermit(clinic.ada), "_count=3&_revinclude=Provenance:target")
    rows = [each["entity"][1]["what"]["identifier"]["value"] for each in resources(page, "Provenance")]
    assert [row.partition("#")[2] for row in rows] == ["row=2", "row=3", "row=4"]
    digest = hashlib.sha256(b"first").hexdigest()
    assert f"nih:sha-256;{digest}" in str(page) and FILE in str(page)


@pytest.mark.parametrize("grain", [Grain.QUARTER_HOUR, Grain.HOUR, Grain.DAY])
def test_a_grant_of_means_yields_means_alone(clinic: Clinic, grain: Grain) -> None:
    page = clinic.page(clinic.grant(grain=grain), "_revinclude=Provenance:target")
    found = resources(page, "Observation")
    length = {Grain.QUARTER_HOUR: HOUR // 4, Grain.HOUR: HOUR, Grain.DAY: DAY}[grain]
    assert len(found) == 3 * DAY // length
    for each in found:
        assert each["code"]["coding"][0]["code"] == "97507-8" and "effectiveDateTime" not in each
        assert each["component"][0]["valueInteger"] == length // (5 * MINUTE)
        assert each["component"][1]["valueQuantity"]["value"] == 100.0
    assert len(resources(page, "Provenance")) == len(found)


def test_a_pseudonymous_recipient_meets_an_id_and_no_person(clinic: Clinic) -> None:
    permit = clinic.grant(identity=Identity.PSEUDONYMOUS)
    (person,) = resources(clinic.page(permit, "", "Patient"), "Patient")
    assert set(person) == {"resourceType", "id", "meta"}
    (reading,) = resources(clinic.page(permit, "_count=1"), "Observation")
    assert reading["subject"] == {"reference": f"Patient/{person['id']}"}
    owners = resources(clinic.page(OwnerPermit(clinic.ada), "_count=1"), "Observation")[0]
    assert owners["id"] != reading["id"]


def test_a_known_recipient_meets_the_person(clinic: Clinic) -> None:
    (person,) = resources(clinic.page(clinic.grant(), "", "Patient"), "Patient")
    assert person["name"] == [{"text": "Ada"}] and person["birthDate"] == "1980-01-02"
    assert person["identifier"] == [{"system": "urn:example:mrn", "value": "ada-1"}]


def test_an_amended_reading_keeps_its_id_and_tells_its_versions(clinic: Clinic) -> None:
    permit = clinic.grant()
    (before,) = resources(clinic.page(permit, "_count=1"), "Observation")
    clinic.now += HOUR
    clinic.upload(b"second", np.arange(COUNT) % 300 + 50)
    (after,) = resources(clinic.page(permit, "_count=1"), "Observation")
    assert (after["id"], after["status"]) == (before["id"], "corrected")
    assert after["meta"]["versionId"].startswith("2-")
    content = clinic.renderer.history(clinic.one(permit, after["id"], history=True), "u")
    assert content is not None
    told = [entry["resource"] for entry in valid(content.body)["entry"]]
    assert [each["valueQuantity"]["value"] for each in told] == [50, 40]
    old = clinic.renderer.read(
        clinic.one(permit, after["id"], history=True), "Observation", version=before["meta"]["versionId"]
    )
    assert old is not None and valid(old.body)["valueQuantity"] == before["valueQuantity"]


def test_nothing_granted_is_an_empty_bundle_and_an_absent_resource(clinic: Clinic) -> None:
    permit = RecipientPermit("ehr", "Clinic", "TREAT", "token-1", NOW + DAY)
    assert "entry" not in clinic.page(permit)
    assert clinic.renderer.read(clinic.one(permit, disclosed.PATIENT), "Observation") is None
