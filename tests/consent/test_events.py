"""The ledger as its owner gets it from the gate, and as AuditEvents after IHE BALP's patterns."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from bridge.consent import grants
from bridge.consent.asked import DateTest
from bridge.consent.disclosure import Disclosure
from bridge.consent.permit import OperatorPermit, OwnerPermit, Permit
from bridge.period import HOUR, Period
from bridge.store import ledger
from tests.consent.world import CLINIC, DAY, NOON, World, between, every, wish
from tests.fhir.disclosed import events as one_of_each
from tests.fhir.disclosed import renderer
from tests.fhir.valid import resources, valid

RENDERER = renderer()
DCM = "http://dicom.nema.org/resources/ontology/DCM"
AGENTS: dict[str, tuple[str, ...]] = {
    "PatientQuery": ("110153", "110152"),
    "PrivacyDisclosure.Source": ("110153", "110152"),
    "AuthZconsent": ("110150", "IRCP", "PROV", "authserver"),
}
"""Agents that each pattern demands once (IHE/ITI.BasicAudit, input/fsh)."""
WHAT: dict[str, tuple[str, str | None, str]] = {
    "PatientQuery": ("rest", "search-type", "E"),
    "PrivacyDisclosure.Source": ("110106", "disclose", "R"),
    "AuthZconsent": ("110113", "AuthZ-Consent", "E"),
}
"""Type, subtype and action of each."""


@pytest.fixture
def patient(world: World) -> int:
    """Ada's week, granted; the clinic asked, found something once and nothing once; then she paused and revoked."""
    found = world.person()
    world.bring(found, every(5, 288, start=NOON - DAY))
    grant = world.grant(found, between(NOON - DAY, NOON)).grant
    world.clock.now += HOUR
    world.gate.settle(world.ask(CLINIC, wish(found, described="Observation?patient=x", limit=10)), "cut", 3)
    world.ask(CLINIC, wish(found, described="Observation?date=lt1900", dates=(past(),)))
    grants.pause(world.db, grant.id, reason="secret reason")
    world.clock.now += HOUR
    grants.revoke(world.db, grant.id)
    world.gate.flush()
    return found


def past() -> DateTest:
    return DateTest("lt", Period(0, 1))


def told(world: World, patient: int, permit: Permit | None = None, **more: Any) -> Disclosure:
    asked = wish(patient, selectors=frozenset(), event_resources=True, described="AuditEvent", **more)
    return world.gate.disclose_now(permit or OwnerPermit(patient), asked)


def rendered(found: Disclosure) -> list[dict[str, Any]]:
    page = RENDERER.searchset(found, "https://bridge.example/fhir/AuditEvent", kind="AuditEvent")
    return resources(valid(bytes(page)), "AuditEvent")


def pattern(event: dict[str, Any]) -> str:
    profile = event["meta"].get("profile", [""])[0]
    return str(profile).rpartition("BasicAudit.")[2]


def test_every_row_is_told_to_the_owner_and_an_outcome_with_what_it_came_of(
    world: World, patient: int
) -> None:
    rows = [each for each in ledger.listed(world.db, patient) if each.kind != "outcome"]
    found = told(world, patient).events
    assert [each.kind for each in found] == ["grant", "query", "intent", "grant", "grant", "empty"]
    assert [each.at for each in found if each.kind != "query"] == [row.at for row in rows]
    cut = next(each for each in found if each.kind == "intent")
    assert (cut.outcome, cut.items, cut.asked, cut.token) == ("cut", 3, "Observation?patient=x", "token-1")
    assert len({each.id for each in found}) == len(found)


def test_one_is_found_by_its_id_and_some_by_their_time(world: World, patient: int) -> None:
    everything = told(world, patient).events
    for each in everything:
        assert told(world, patient, ids=frozenset({each.id})).events == (each,)
    late = told(world, patient, dates=(DateTest("ge", Period(NOON + 2 * HOUR, NOON + 3 * HOUR)),)).events
    assert late[0].said == "revoke"
    assert told(world, patient, dates=(past(),)).events == ()


def test_l43_nobody_but_the_owner_and_a_named_operator_is_told(world: World, patient: int) -> None:
    world.grant(patient, between(NOON - DAY, NOON))
    found = told(world, patient, CLINIC)
    assert (found.events, found.entry, found.total) == ((), None, 0)
    assert told(world, patient, replace(CLINIC, client="other")).events == ()
    assert told(world, patient, OwnerPermit(patient + 1)).events == ()
    assert told(world, patient, OperatorPermit("Dr. Berg", "a complaint", "written request", patient)).events


def test_a_look_at_the_ledger_is_a_row_of_it(world: World, patient: int) -> None:
    told(world, patient)
    row = ledger.disclosures(world.db, patient)[-1]
    assert row.fields["kinds"] == ["ledger"] and row.fields["items"] == 6


def test_each_sort_of_row_is_an_audit_event_of_its_pattern(world: World, patient: int) -> None:
    events = rendered(told(world, patient))
    found = [pattern(each) for each in events]
    assert found == [
        "AuthZconsent",
        "PatientQuery",
        "PrivacyDisclosure.Source",
        "AuthZconsent",
        "AuthZconsent",
        "",
    ]
    assert [each["outcome"] for each in events] == ["0", "0", "4", "4", "4", "0"]
    assert [each["outcomeDesc"] for each in events if pattern(each) == "AuthZconsent"] == [
        "sign",
        "pause",
        "revoke",
    ]
    query = next(e for e in events[1]["entity"] if "query" in e)
    assert b64decode(query["query"]) == b"Observation?patient=x"
    assert "secret reason" not in json.dumps(events)


def from_disclosed() -> list[dict[str, Any]]:
    from tests.fhir.disclosed import disclose

    return rendered(disclose(events=one_of_each(), owner=True))


@pytest.mark.parametrize("event", from_disclosed(), ids=lambda each: each["id"][-2:])
def test_what_claims_a_pattern_of_balp_has_what_it_demands(event: dict[str, Any]) -> None:
    name = pattern(event)
    types = [each["type"]["coding"][0]["code"] for each in event["agent"]]
    persons = [each for each in event["entity"] if each["type"]["code"] == "1"]
    assert [each["what"]["reference"].partition("/")[0] for each in persons] == ["Patient"]
    if not name:
        assert all(types.count(each) <= 1 for each in types)
        return
    kind, subtype, action = WHAT[name]
    assert (event["type"]["code"], event["subtype"][0]["code"], event["action"]) == (kind, subtype, action)
    assert all(types.count(each) == 1 for each in AGENTS[name])
    by_type = dict(zip(types, event["agent"], strict=True))
    observer = event["source"]["observer"]
    if name == "AuthZconsent":
        assert by_type["authserver"]["who"] == observer and by_type["IRCP"]["requestor"] is True
        assert by_type["110150"]["network"] and "network" not in by_type["IRCP"]
        assert {each["type"]["code"] for each in event["entity"]} == {"1", "Consent"}
        return
    assert by_type["110153"]["network"] and by_type["110152"]["network"]
    ours = by_type["110152" if name == "PatientQuery" else "110153"]
    assert ours["who"] == observer and len(event["entity"]) >= 2
    if name == "PatientQuery":
        (query,) = [each for each in event["entity"] if "query" in each]
        assert not {"what", "lifecycle", "detail", "name"} & set(query) and event["outcome"] == "0"
        assert "288" not in json.dumps(event), "a query tells neither results nor counts"


def test_what_was_blocked_is_a_denial_and_no_disclosure() -> None:
    blocked = from_disclosed()[4]
    assert (
        pattern(blocked) == "AuthZconsent"
        and blocked["outcome"] == "4"
        and blocked["outcomeDesc"] == "blocked"
    )
    assert not any("detail" in each and each["type"]["code"] == "2" for each in blocked["entity"])
