"""A receiver that says of what it took that it is elsewhere, or says nothing, is not believed: it is looked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import bridge.store.outbox as outbox
from bridge.push.answers import entries_in
from bridge.store.lanes import Lane
from tests.push.ehr import Rules
from tests.push.house import House
from tests.push.test_papers import EPIC_LIKE, FULL, one, papers, words, world
from tests.push.test_summaries import days, measured
from tests.push.twin import Say

BASE = "https://ehr.example/fhir"
ELSEWHERE = [
    "{url}/Patient/p1",
    "https://evil.example/fhir/DocumentReference/9",
    "{url}/x/DocumentReference/9",
]


def references(house: House) -> list[str]:
    return [held.reference for _, held in outbox.holding(house.db, Lane(house.patient, 1))]


@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_place_of_another_type_or_server_is_none_and_is_looked_for(tmp_path: Path, place: str) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        before = json.dumps(ehr.shelves.get("Patient"))
        ehr.script = [Say(201, (("location", place.format(url=ehr.url)),))]
        assert house.push().sent == 0 and set(references(house)) <= {""}
        house.wait(60)
        assert house.push().sent == 1
        house.wait()
        measured(house, -3, 1, value=250)
        assert house.push().updated == 1
        assert references(house) == [f"DocumentReference/{one(ehr)['id']}"]
        assert "250" in words(one(ehr)) and json.dumps(ehr.shelves.get("Patient")) == before


@pytest.mark.parametrize("status", [202, 204])
@pytest.mark.parametrize("rules", [FULL, EPIC_LIKE])
def test_what_is_accepted_and_not_known_to_be_kept_is_no_refusal(
    tmp_path: Path, rules: Rules, status: int
) -> None:
    with world(tmp_path, rules) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        ehr.script = [Say(status)]
        report = house.push()
        assert (report.sent, report.failed) == (0, ()) and "does not say" in report.held[0]
        house.wait(60)
        assert house.push().sent == 1 and len(papers(ehr)) == 1


def said(location: str) -> bytes:
    entry = {"response": {"status": "201 Created", "location": location}}
    return json.dumps({"resourceType": "Bundle", "type": "batch-response", "entry": [entry]}).encode()


@pytest.mark.parametrize(
    ("location", "reference"),
    [
        ("Observation/o1/_history/1", "Observation/o1"),
        (f"{BASE}/Observation/o1", "Observation/o1"),
        ("https://ehr.example:443/fhir/Observation/o1", "Observation/o1"),
        ("https://other.example/fhir/Observation/o1", ""),
        (f"{BASE}/tenant/Observation/o1", ""),
        ("//other.example/fhir/Observation/o1", ""),
        ("Patient/p1", ""),
    ],
)
def test_an_entry_of_a_bundle_is_kept_below_our_base_as_its_own_type(location: str, reference: str) -> None:
    (entry,) = entries_in(said(location), ["Observation"], BASE, {})
    assert entry.reference == reference
