"""A FHIR Consent over HTTP: its own recipient reads it, nobody else, and it tells nothing of any other (L43)."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bridge.consent import grants
from bridge.consent.asked import Grain, Kind
from bridge.consent.grant import Authoriser, Identity, Recipient, Wording
from bridge.period import DAY, HOUR, Period, PeriodSet
from bridge.store import ledger
from tests.fhir.plain_xml import of_json, of_xml
from tests.fhir.valid import valid
from tests.web.world import WINDOW, World, resources

SIGNED = Wording("sharing", "3", "de", "0f" * 32)


@pytest.fixture
def shared(world: World) -> World:
    """Ada shares her window with the clinic, and something else with somebody else."""
    world.grant(wording=SIGNED)
    world.grant(
        to="Elsewhere", kinds=frozenset({Kind.CYCLE}), authoriser=Authoriser("Secret Guardian", "guardian")
    )
    world.clock.now += HOUR
    return world


def consents(world: World, rest: str = "", **more: Any) -> list[dict[str, Any]]:
    answer = world.get(f"Consent?patient={world.patient_id(world.ada)}{rest}", **more)
    assert answer.status_code == 200, answer.text
    return resources(valid(answer.content))


def permits(consent: dict[str, Any]) -> dict[str, set[str]]:
    """Codes by class of what is permitted."""
    found: dict[str, set[str]] = {}
    for each in consent["provision"].get("provision", []):
        assert each["type"] == "permit"
        codes = {c["code"] for concept in each.get("code", []) for c in concept.get("coding", [])}
        for one in each["class"]:
            found.setdefault(one["code"], set()).update(codes)
    return found


def test_l43_a_recipient_reads_the_grant_that_concerns_it(shared: World) -> None:
    (mine,) = consents(shared)
    assert mine["status"] == "active" and mine["scope"]["coding"][0]["code"] == "patient-privacy"
    root = mine["provision"]
    assert root["type"] == "deny" and root["purpose"][0]["code"] == "TREAT"
    assert root["actor"][0]["reference"]["identifier"]["value"] == "Clinic"
    assert {each["dataPeriod"]["start"] for each in root["provision"]} == {"2026-09-07T22:00:00.000Z"}
    assert {each["dataPeriod"]["end"] for each in root["provision"]} == {"2026-09-21T21:59:59.999Z"}
    assert "99504-3" in permits(mine)["Observation"] and {"Device", "DeviceMetric"} <= set(permits(mine))
    assert mine["sourceAttachment"]["title"] == "sharing 3" and mine["sourceAttachment"]["language"] == "de"
    read = shared.get(f"Consent/{mine['id']}")
    assert read.json() == mine and read.headers["etag"] == f'W/"{mine["meta"]["versionId"]}"'


def test_l43_and_nothing_of_any_other_grant_or_recipient(shared: World) -> None:
    (mine,), (theirs,) = consents(shared), consents(shared, token=shared.token(shared.stranger))
    assert mine["id"] != theirs["id"]
    told = shared.get(f"Consent?patient={shared.patient_id(shared.ada)}").text
    for secret in (
        "Elsewhere",
        "Guardian",
        theirs["id"],
        "cycle",
        grants.listed(shared.db, shared.ada)[0].grant.id,
    ):
        assert secret not in told
    absent = shared.get("Consent/00000000-0000-4000-8000-000000000000")
    other = shared.get(f"Consent/{theirs['id']}")
    assert (other.status_code, other.content, dict(other.headers)) == (
        404,
        absent.content,
        dict(absent.headers),
    )
    assert consents(shared, f"&_id={theirs['id']}") == []
    assert shared.get(f"Consent/{theirs['id']}", token=shared.token(shared.stranger)).json() == theirs


def test_l43_who_shares_nothing_and_who_is_nobody_have_no_consents(shared: World) -> None:
    paths = (shared.patient_id(shared.bob), "00000000-0000-4000-8000-000000000000")
    bodies = {shared.get(f"Consent?patient={each}").text.replace(each, "X") for each in paths}
    assert len(bodies) == 1 and '"total":0' in bodies.pop()


def test_l43_sources_that_are_withheld_change_nothing_that_is_told(world: World) -> None:
    def told(**changed: Any) -> dict[str, Any]:
        grant = world.grant(kinds=frozenset(Kind), wording=SIGNED, **changed)
        world.clock.now += HOUR
        (found,) = consents(world, "&status=active")
        grants.revoke(world.db, grant)
        world.clock.now += HOUR
        for name in ("id", "identifier", "meta", "dateTime"):
            found.pop(name)
        found["provision"].pop("period")
        return found

    limited = [
        told(later_sources=False),
        told(later_sources=False, withheld=frozenset({"diary"})),
        told(later_sources=True, withheld=frozenset({"diary"})),
    ]
    assert limited[0] == limited[1] == limited[2] and limited[0]["provision"]["type"] == "deny"
    assert told(later_sources=True)["provision"]["type"] == "permit"


def test_a_grant_without_any_limit_has_the_form_of_ihe_pcf(world: World) -> None:
    world.grant(kinds=frozenset(Kind), wording=SIGNED, later_sources=True)
    (whole,) = consents(world)
    assert whole["meta"]["profile"] == [
        "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentIntermediate"
    ]
    root = whole["provision"]
    assert (
        root["type"] == "permit"
        and root["dataPeriod"]["start"]
        and not {"class", "code", "action"} & set(root)
    )
    assert (
        whole["performer"]
        and whole["organization"]
        and whole["sourceAttachment"]
        and whole["policy"][0]["uri"]
    )


@pytest.mark.parametrize(
    "limit",
    [
        {"grain": Grain.HOUR},
        {"kinds": frozenset(Kind) - {Kind.NOTES}},
        {"later_sources": False},
        {"wording": Wording()},
        {
            "periods": PeriodSet.of(
                Period(WINDOW.start, WINDOW.start + DAY), Period(WINDOW.end - DAY, WINDOW.end)
            )
        },
    ],
)
def test_a_grant_with_any_limit_has_the_base_form(world: World, limit: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"kinds": frozenset(Kind), "wording": SIGNED, "later_sources": True}
    world.grant(**whole | limit)
    (found,) = consents(world)
    assert found["provision"]["type"] == "deny" and "profile" not in found["meta"]


def test_the_state_follows_from_what_happened_and_from_the_clock(world: World) -> None:
    grant = world.grant(ends=world.clock() + 10 * DAY)
    world.clock.now += HOUR
    told = [(each["status"], each["meta"]["versionId"]) for each in consents(world)]
    grants.pause(world.db, grant, until=world.clock() + DAY, reason="holiday")
    world.clock.now += HOUR
    told += [(each["status"], each["meta"]["versionId"]) for each in consents(world)]
    assert "holiday" not in str(consents(world)) and consents(world, "&status=active") == []
    world.clock.now += 2 * DAY
    told += [(each["status"], each["meta"]["versionId"]) for each in consents(world)]
    world.clock.now += 30 * DAY
    told += [(each["status"], each["meta"]["versionId"]) for each in consents(world)]
    assert [status for status, _ in told] == ["active", "inactive", "active", "inactive"]
    assert len({version for _, version in told}) == 4


def test_of_a_superseded_grant_the_newest_version_is_told(world: World) -> None:
    grant = world.grant()
    (before,) = consents(world)
    world.clock.now += HOUR
    old = grants.load(world.db, grant).grant
    grants.supersede(
        world.db, grant, dataclasses.replace(old, kinds=frozenset({Kind.CARBS}), signed=world.clock())
    )
    (after,) = consents(world)
    assert after["id"] == before["id"] and after["meta"]["versionId"].startswith("2.")
    assert "99504-3" in permits(before)["Observation"] and "99504-3" not in permits(after)["Observation"]


def test_a_client_that_a_narrower_version_leaves_out_learns_that_its_own_ended(world: World) -> None:
    grant = world.grant()
    world.clock.now += HOUR
    old = grants.load(world.db, grant).grant
    to = Recipient("Clinic", frozenset({"another"}))
    grants.supersede(world.db, grant, dataclasses.replace(old, recipient=to, signed=world.clock()))
    world.clock.now += HOUR
    (mine,) = consents(world)
    assert (
        mine["status"] == "inactive"
        and mine["meta"]["versionId"].startswith("1.")
        and "another" not in str(mine)
    )


def test_nothing_is_told_before_a_grant_has_begun(world: World) -> None:
    world.grant(begins=world.clock() + DAY, ends=world.clock() + 9 * DAY)
    assert consents(world) == []
    world.clock.now += DAY
    assert [each["status"] for each in consents(world)] == ["active"]


def test_another_purpose_is_another_recipient(world: World) -> None:
    world.grant(purpose="HRESCH")
    assert consents(world) == []


def test_a_pseudonym_has_ids_of_its_own_and_neither_signer_nor_text(world: World) -> None:
    to = Recipient("Clinic", frozenset())
    first = world.grant(wording=SIGNED)
    world.clock.now += HOUR
    (clear,) = consents(world)
    grants.revoke(world.db, first)
    world.clock.now += HOUR
    pairing = grants.pairing_for(world.db, to, Identity.PSEUDONYMOUS)
    world.grant(identity=Identity.PSEUDONYMOUS, pairing=pairing, wording=SIGNED)
    from bridge.store.ids import Name

    hidden = world.db.ids.one("Patient", Name(world.ada, 0, 0, 0), pairing)
    (found,) = resources(valid(world.get(f"Consent?patient={hidden}").content))
    assert found["patient"]["reference"] == f"Patient/{hidden}" and "performer" not in found
    assert "sourceAttachment" not in found and found["id"] != clear["id"]
    assert world.get(f"Consent/{clear['id']}").status_code == 404
    assert consents(world) == []


def test_a_representative_is_named_under_a_full_identity_alone(world: World) -> None:
    signer = Authoriser("Byron Lovelace", "guardian")
    grant = world.grant(authoriser=signer)
    world.clock.now += HOUR
    assert consents(world)[0]["performer"] == [
        {"type": "RelatedPerson", "display": "Byron Lovelace (guardian)"}
    ]
    grants.revoke(world.db, grant)
    world.grant(authoriser=signer, identity=Identity.VISIT)
    (visit,) = consents(world, "&status=active")
    assert visit["performer"] == [{"type": "RelatedPerson", "display": "guardian"}]


@pytest.mark.parametrize("grain", [Grain.QUARTER_HOUR, Grain.HOUR, Grain.DAY])
def test_means_are_permitted_as_means_and_what_cannot_leave_is_not(world: World, grain: Grain) -> None:
    world.grant(grain=grain)
    (found,) = consents(world)
    raw, told = {"99504-3", "14745-4", "14743-9"}, permits(found)["Observation"]
    assert told and not told & raw
    assert "MedicationAdministration" not in permits(found)


def test_a_scope_fences_and_one_without_it_is_403(shared: World) -> None:
    path = f"Consent?patient={shared.patient_id(shared.ada)}"
    assert shared.get(path, token=shared.token(scope="system/Observation.rs")).status_code == 403
    assert shared.get(path, token=shared.token(scope="system/Consent.r")).status_code == 403
    only = shared.token(scope="system/Consent.rs")
    assert len(resources(shared.get(path, token=only).json())) == 1
    assert shared.get(f"Observation?patient={shared.patient_id(shared.ada)}", token=only).status_code == 403


def test_a_consent_is_read_in_every_way_and_written_down_each_time(shared: World) -> None:
    (mine,) = consents(shared)
    name, person = mine["id"], shared.patient_id(shared.ada)
    before = len(ledger.disclosures(shared.db, shared.ada))
    xml = shared.get(f"Consent/{name}", headers={"accept": "application/fhir+xml"})
    assert of_xml(xml.content) == of_json(shared.get(f"Consent/{name}").content)
    posted = shared.ask("POST", "/fhir/Consent/_search", data={"patient": person, "_id": name})
    assert resources(posted.json()) == [mine]
    entry = {"request": {"method": "GET", "url": f"Consent/{name}"}}
    batch = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    answer = shared.ask("POST", "/fhir", json=batch, headers={"content-type": "application/fhir+json"})
    assert answer.json()["entry"][0]["resource"] == mine
    assert shared.get(f"Consent?patient={person}&_summary=count").json()["total"] == 1
    held = shared.get(f"Consent/{name}", headers={"if-none-match": f'W/"{mine["meta"]["versionId"]}"'})
    assert held.status_code == 304
    rows = ledger.disclosures(shared.db, shared.ada)[before:]
    assert len(rows) == 6
    assert {str(row.fields["kinds"]) for row in rows} == {"['consent']"}
    assert {row.fields["basis"] for row in rows} == {"terms of a grant, told to whom they concern"}


def test_an_erased_person_has_no_consents(shared: World) -> None:
    import bridge.store.patients

    (mine,) = consents(shared)
    bridge.store.patients.erase(shared.db, shared.ada)
    assert consents(shared) == [] and shared.get(f"Consent/{mine['id']}").status_code == 404


def test_consents_and_audits_are_no_part_of_everything(shared: World) -> None:
    person = shared.patient_id(shared.ada)
    told = shared.get(f"Patient/{person}/$everything?_type=Consent,AuditEvent,Patient").text
    assert "Consent/" not in told and '"Patient"' in told


@pytest.mark.parametrize("rest", ["", "&date=ge2000", "&_summary=count", "&_id=x", "&_total=accurate"])
def test_l43_the_ledger_is_absent_for_every_recipient(shared: World, rest: str) -> None:
    consents(shared)
    for who in (shared.clinic, shared.stranger):
        found = {
            shared.get(f"AuditEvent?patient={each}{rest}", token=shared.token(who)).text.replace(each, "X")
            for each in (shared.patient_id(shared.ada), shared.patient_id(shared.bob), "nobody")
        }
        assert len(found) == 1 and '"total":0' in found.pop()
