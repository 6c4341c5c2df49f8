"""A provider's own record over HTTP: what it submitted, read by its clients alone, and nothing else of the person."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from bridge.consent import collecting, grants
from bridge.consent.asked import Asked, Way
from bridge.consent.grant import Identity, NotPossible
from bridge.consent.intake import source
from bridge.consent.permit import RecipientPermit
from bridge.fhir.outcome import Problem
from bridge.period import DAY, HOUR, iso
from bridge.receive.bundle import submission
from bridge.receive.entry import Fit
from bridge.receive.profiles import What
from bridge.smart.registration import Registration, client
from bridge.store import clients, custody, ledger
from bridge.store.anchors import verify
from bridge.store.artifacts import listed
from bridge.store.ids import Name
from bridge.store.patients import erase
from bridge.web.desk import Desk
from bridge.web.submitting import Whose
from bridge.web.worn import Worn
from tests.smart.signing import ec_pair, jwks
from tests.web.brought import summary
from tests.web.custody import RULE, SUBMITTER, provider
from tests.web.submitted import (
    SCOPE,
    START,
    Resource,
    bundle,
    device,
    entry,
    intake,
    locations,
    observation,
    readings,
    sentences,
    statuses,
    submit,
)
from tests.web.world import World

PAIRING: Final = b"p" + b"1" * 15
READ: Final = "system/*.rs"
PERSON: Final = ("Ada", "Lovelace", "1980-01-02", "ada-1", "urn:example:mrn", "Europe/Berlin")


@pytest.fixture
def kept(world: World) -> World:
    """A world whose clinic may submit about Ada, and keeps it as its own record."""
    world.clinic = world.register("Submitting EHR", "Clinic", SUBMITTER)
    provider(world, world.ada)
    return world


def person(name: str, born: str) -> Resource:
    pair = {"system": "urn:example:mrn", "value": "ada-1"}
    return {"resourceType": "Patient", "identifier": [pair], "name": [{"text": name}], "birthDate": born}


def brought(world: World, count: int = 12) -> tuple[str, list[str]]:
    """A submission with a person, a device and readings: the id of the clinic's record, and where all are served."""
    about = world.patient_id(world.ada)
    entries = [
        entry(person("Ada Lovelace", "1980-01-02")),
        entry(device(), url="urn:uuid:d1"),
    ]
    for each in readings(about, count):
        each["resource"]["device"] = {"reference": "urn:uuid:d1"}
        entries.append(each)
    answer = submit(world, bundle(entries))
    assert statuses(answer) == [200] + [201] * (count + 1), answer.text
    places = locations(answer)
    return places[0].removeprefix("Patient/"), places


def glucose(world: World, about: str, **more: Any) -> list[Resource]:
    return world.search(f"/fhir/Observation?patient={about}&code=99504-3&_count=500", **more)


def reads(record: str, places: list[str]) -> list[str]:
    """Every way to ask for a record by its ids."""
    about = f"patient={record}"
    return [
        *places[1:4],
        f"Patient/{record}",
        f"Patient?_id={record}",
        f"Observation?{about}",
        f"Observation?{about}&_summary=count",
        f"Observation/$lastn?{about}&code=99504-3",
        f"Observation/$hddt-cgm-summary?{about}",
        f"Patient/{record}/$everything",
        f"Device?{about}",
        f"DiagnosticReport?{about}",
        f"DocumentReference?{about}",
        f"Provenance?{about}&_id=none",
        f"Consent?{about}",
        f"AuditEvent?{about}",
    ]


# ------------------------------------------------------------------------------------ the record itself


def test_what_a_provider_submits_is_its_own_record_and_its_client_reads_it_without_a_grant(
    kept: World,
) -> None:
    record, places = brought(kept)
    assert record != kept.patient_id(kept.ada)
    found = glucose(kept, record)
    assert sorted(each["valueQuantity"]["value"] for each in found) == list(range(100, 112))
    assert {f"Observation/{each['id']}" for each in found} == set(places[2:])
    assert {each["subject"]["reference"].rpartition("/")[2] for each in found} == {record}
    assert kept.get(places[1]).json()["serialNumber"] == "SN-42"
    again = kept.get(f"Patient/{record}")
    assert again.status_code == 200 and "name" not in again.json() and "birthDate" not in again.json()


def test_the_custodian_gets_nothing_else_of_the_person_by_it(kept: World) -> None:
    record, places = brought(kept)
    served = {each.rpartition("/")[2] for each in places}
    for path in reads(record, places):
        answer = kept.get(path)
        assert answer.status_code < 500, (path, answer.text)
        assert not [word for word in PERSON if word in answer.text], path
        assert "CANARY" not in answer.text and "OLD" not in answer.text, path
        for each in _resources(answer):
            assert each["resourceType"] != "Observation" or each["id"] in served or "Period" in str(each), (
                path
            )
    ada = kept.patient_id(kept.ada)
    assert kept.get(f"Patient/{ada}").status_code == 404
    assert glucose(kept, ada) == []
    assert kept.get(f"Consent?patient={record}").json().get("total", 0) == 0
    assert kept.get(f"AuditEvent?patient={record}").json().get("total", 0) == 0


def _resources(answer: httpx.Response) -> list[Resource]:
    if answer.status_code != 200:
        return []
    found = answer.json()
    return [each["resource"] for each in found.get("entry", [])] if "entry" in found else [found]


def test_nobody_but_the_custodians_clients_reads_it(kept: World) -> None:
    record, places = brought(kept)
    research = client(
        Registration("Study", "backend", "Clinic", purpose="HRESCH", jwks=jwks(ec_pair().jwk()), scope=READ)
    )
    clients.add(kept.db, research)
    kept.grant(to="Elsewhere")  # shares Ada's own record, not the clinic's
    nobody = kept.patient_id(999)
    for who in (kept.stranger, research):
        token = kept.token(who)
        for path in reads(record, places):
            answer = kept.get(path, token=token)
            same = kept.get(path.replace(record, nobody), token=token)
            assert answer.status_code == same.status_code, path
            assert not any(each.rpartition("/")[2] in answer.text for each in places[1:]), path
    colleague = kept.register("Ward EHR", "Clinic")
    assert len(glucose(kept, record, token=kept.token(colleague))) == 12


def test_every_read_is_written_down_where_the_person_sees_it(kept: World) -> None:
    record, _ = brought(kept)
    before = len(ledger.listed(kept.db, kept.ada))
    glucose(kept, record)
    (one,) = custody.of(kept.db, kept.ada)
    (row,) = [each for each in ledger.listed(kept.db, one.number) if each.kind == "intent"]
    party = row.fields["party"]
    assert isinstance(party, dict) and party["organization"] == "Clinic"
    assert row.fields["basis"] == "the organisation's own record of what it submitted"
    assert (row.fields["items"], row.fields["grants"]) == (12, [])
    assert len(ledger.listed(kept.db, kept.ada)) == before
    assert verify(kept.db).is_sound


# --------------------------------------------------------------------------------- others, and the patient


def test_others_get_the_persons_copy_alone_and_under_a_grant_alone(kept: World) -> None:
    record, places = brought(kept)
    ada, other = kept.patient_id(kept.ada), kept.token(kept.stranger)
    assert glucose(kept, ada, token=other) == []
    grant = kept.grant(to="Elsewhere", sources=frozenset({source("Clinic")}))
    copy = glucose(kept, ada, token=other)
    assert sorted(each["valueQuantity"]["value"] for each in copy) == list(range(100, 112))
    assert not {f"Observation/{each['id']}" for each in copy} & set(places)
    assert record not in json.dumps(copy)
    grants.revoke(kept.db, grant)
    assert glucose(kept, ada, token=other) == []
    assert len(glucose(kept, record)) == 12


def test_withdrawing_stops_what_comes_in_and_leaves_the_record(kept: World) -> None:
    record, _ = brought(kept)
    collecting.withdraw(kept.db, kept.ada, source("Clinic"))
    for about in (kept.patient_id(kept.ada), record):
        late = submit(kept, bundle(readings(about, 2, START + HOUR * 5)))
        assert late.status_code == 404
    assert len(glucose(kept, record)) == 12


def test_erasing_the_person_leaves_the_record_and_its_key_and_destroys_the_copy(kept: World) -> None:
    record, places = brought(kept)
    erase(kept.db, kept.ada)
    assert len(glucose(kept, record)) == 12
    assert submit(kept, bundle(readings(record, 2, START + HOUR * 5))).status_code == 404
    (one,) = custody.every(kept.db)
    assert (one.organization, one.rule) == ("Clinic", RULE)
    assert one.until.isoformat() == f"{int(iso(kept.clock())[:4]) + 10}{iso(kept.clock())[4:10]}"
    assert not one.is_over(kept.clock() + 3650 * DAY) and one.is_over(kept.clock() + 3655 * DAY)
    erase(kept.db, one.number)
    assert custody.every(kept.db) == () and glucose(kept, record) == []
    assert kept.get(places[2]).status_code == 404
    assert custody.ever(kept.db, kept.ada) == ((one.number, "Clinic"),)  # who read it stays to be seen
    assert any(row.kind == "intent" for row in ledger.listed(kept.db, one.number))


def test_after_its_end_a_record_is_begun_anew_under_another_key(kept: World) -> None:
    record, _ = brought(kept)
    (one,) = custody.every(kept.db)
    erase(kept.db, one.number)
    assert brought(kept)[0] != record
    assert next(number for number, _ in custody.ever(kept.db, kept.ada)) == one.number
    assert len(custody.every(kept.db)) == 1


# ------------------------------------------------------------------------------------- submitting again


def test_the_record_is_named_by_its_own_id_too_and_the_same_twice_is_one(kept: World) -> None:
    record, places = brought(kept)
    again = submit(kept, bundle(readings(record, 12)))
    assert statuses(again) == [200] * 12 and locations(again) == places[2:]
    more = submit(kept, bundle(readings(record, 14)))
    assert statuses(more) == [200] * 12 + [201] * 2
    assert len(glucose(kept, record)) == 14
    elsewhere = kept.register("Other submitter", "Elsewhere", SUBMITTER)
    intake(kept, kept.ada, "Elsewhere")
    token = kept.token(elsewhere, SCOPE)
    assert submit(kept, bundle(readings(record, 1)), token=token).status_code == 404


def test_what_contradicts_the_person_waits_in_their_copy_and_is_not_told_by_the_record(kept: World) -> None:
    """Bob wears the sensor, and Ada is called otherwise: the clinic sees in its record what it brought."""
    about = kept.patient_id(kept.ada)
    sent = [entry(person("Zoe Zebra", "2001-01-01")), entry(device("BOBS-SENSOR"), url="urn:uuid:d1")]
    for each in readings(about, 3):
        each["resource"]["device"] = {"reference": "urn:uuid:d1"}
        sent.append(each)
    answer = submit(kept, bundle(sent))
    assert statuses(answer) == [200, 201, 201, 201, 201]
    assert [each.state for each in listed(kept.db, kept.ada) if each.source == source("Clinic")] == [
        "quarantined"
    ]
    assert len(glucose(kept, locations(answer)[0].removeprefix("Patient/"))) == 3


def test_the_record_puts_nobodys_upload_in_doubt(kept: World) -> None:
    """It claims no device for anybody but the person, whose copy does."""
    brought(kept)
    (one,) = custody.every(kept.db)
    con = kept.db.reader("bridge")
    assert con.execute("SELECT count(*) FROM serials WHERE patient = ?", (one.number,)).fetchone()[0]
    provider(kept, kept.ada, "Elsewhere")
    elsewhere = kept.register("Other submitter", "Elsewhere", SUBMITTER)
    sent = [entry(device(), url="urn:uuid:d1")]
    for each in readings(kept.patient_id(kept.ada), 3):
        each["resource"]["device"] = {"reference": "urn:uuid:d1"}
        sent.append(each)
    submit(kept, bundle(sent), token=kept.token(elsewhere, SCOPE))
    assert {each.state for each in listed(kept.db, kept.ada)} == {"stored"}


def test_a_device_that_was_told_of_before_the_provider_kept_a_record_is_known(world: World) -> None:
    world.clinic = world.register("Submitting EHR", "Clinic", SUBMITTER)
    intake(world, world.ada)
    about = world.patient_id(world.ada)
    first = [entry(device(), url="urn:uuid:d1")]
    first.append(entry(observation(about, START, device={"reference": "urn:uuid:d1"})))
    worn = locations(submit(world, bundle(first)))[0]
    assert custody.every(world.db) == ()
    provider(world, world.ada)
    later = submit(world, bundle([entry(observation(about, START + HOUR, device={"reference": worn}))]))
    assert statuses(later) == [201], sentences(later)


def test_many_devices_that_nobody_told_of_are_looked_for_at_once(kept: World) -> None:
    """Where each look were a new one, a submission of names of nothing would hold everybody up."""
    about, _ = kept.patient_id(kept.ada), brought(kept)
    made_up = [str(UUID(int=at)) for at in range(1, 40)]
    entries = [entry(observation(about, START, device={"reference": f"Device/{each}"})) for each in made_up]
    permit = RecipientPermit(kept.clinic.id, "Clinic", "TREAT", "token", kept.clock() + HOUR)
    whose = Whose(Desk(kept.gate, kept.renderer, kept.db, kept.clock, kept.meters), permit)
    found, (own,) = submission(bundle(entries)), custody.every(kept.db)
    worn = Worn(whose, found, kept.ada, keeps=True, record=own.number)
    asked, reader = list[str](), kept.db.reader("bridge")
    reader.set_trace_callback(asked.append)
    told = [worn.of(Fit(each, What.READING, None, ())) for each in found.entries]
    reader.set_trace_callback(None)
    assert {each.status for each in told if isinstance(each, Problem)} == {422} and len(asked) < len(told) / 2


def test_the_record_is_neither_exported_nor_notified_nor_pushed(kept: World) -> None:
    record, _ = brought(kept)
    permit = RecipientPermit(kept.clinic.id, "Clinic", "TREAT", "token", kept.clock() + HOUR)
    number = kept.gate.patient(permit, record)
    for way in Way:
        found = kept.gate.disclose_now(permit, Asked(number, way, "query", "GET Observation"))
        assert found.count == (12 if way is Way.LOOK else 0)
        assert kept.gate.mark(permit, number, way) == b""
    late = replace(permit, expires=kept.clock())
    approved = replace(permit, patient=kept.ada)
    for each in (late, approved):
        wish = Asked(number, Way.LOOK, "query", "GET Observation")
        assert kept.gate.disclose_now(each, wish).count == 0


def test_under_a_pseudonym_the_record_joins_it_with_no_name(world: World) -> None:
    world.clinic = world.register("Submitting EHR", "Clinic", SUBMITTER)
    world.grant(identity=Identity.PSEUDONYMOUS, pairing=PAIRING)
    provider(world, world.ada)
    ada, known = world.patient_id(world.ada), world.db.ids.one("Patient", Name(world.ada, 0, 0, 0), PAIRING)
    assert submit(world, bundle(readings(ada, 2))).status_code == 404
    answer = submit(world, bundle(readings(known, 2)))
    assert statuses(answer) == [201, 201]
    (one,) = custody.every(world.db)
    record = world.patient_id(one.number)
    found = glucose(world, record)
    assert len(found) == 2 and ada not in json.dumps(found) and known not in json.dumps(found)
    assert locations(submit(world, bundle(readings(record, 2)))) == locations(answer)


def test_what_was_cut_short_between_the_copy_and_the_record_is_mended_by_the_next_attempt(
    world: World,
) -> None:
    """As after the copy was kept and nothing else: the copy stays one, and the record is made."""
    world.clinic = world.register("Submitting EHR", "Clinic", SUBMITTER)
    intake(world, world.ada)
    sent = bundle(readings(world.patient_id(world.ada), 4))
    assert statuses(submit(world, sent)) == [201] * 4
    provider(world, world.ada)
    assert statuses(submit(world, sent)) == [201] * 4
    assert statuses(submit(world, sent)) == [200] * 4
    assert len([each for each in listed(world.db, world.ada) if each.source == source("Clinic")]) == 1
    (one,) = custody.every(world.db)
    assert len(glucose(world, world.patient_id(one.number))) == 4


def test_nobody_can_share_a_record(kept: World) -> None:
    brought(kept)
    (one,) = custody.every(kept.db)
    with pytest.raises(NotPossible, match="provider's own record"):
        kept.grant(patient=one.number, to="Elsewhere")


def test_what_is_no_reading_is_in_the_record_as_well_and_goes_with_nothing_else(kept: World) -> None:
    """Figures that the provider brought: its own, in its record; not of the person for whom nobody shares."""
    answer = submit(kept, bundle(summary(kept.patient_id(kept.ada), value=133)))
    assert set(statuses(answer)) == {202}
    (one,) = custody.every(kept.db)
    record, ada = kept.patient_id(one.number), kept.patient_id(kept.ada)
    (mean,) = kept.search(f"/fhir/Observation?patient={record}&code=97507-8")
    assert mean["valueQuantity"]["value"] == 133 and mean["subject"]["reference"].endswith(record)
    assert kept.search(f"/fhir/Observation?patient={ada}&code=97507-8") == []
    stranger = kept.token(kept.stranger)
    assert kept.search(f"/fhir/Observation?patient={record}&code=97507-8", token=stranger) == []
