"""A submission over HTTP: what was sent is kept once, belongs to whom it is about, and leaves only under a grant."""

from __future__ import annotations

import json
from typing import Any

import pytest

import bridge.store.tokens
from bridge.consent import collecting
from bridge.consent.asked import Kind
from bridge.consent.grant import Identity
from bridge.consent.intake import source
from bridge.period import DAY, HOUR, MINUTE, iso
from bridge.reading import SourceClass, Stream
from bridge.smart.tokens import digest
from bridge.store.artifacts import listed, original
from bridge.store.blocks import withdraw
from bridge.store.ids import Name
from bridge.store.patients import erase
from tests.web.submitted import (
    CLIENT_SYSTEM,
    JSON,
    LOINC,
    SCOPE,
    START,
    SUBMIT,
    XML,
    Resource,
    bundle,
    device,
    entry,
    identified,
    intake,
    locations,
    observation,
    quantity,
    readings,
    sentences,
    statuses,
    submit,
)
from tests.web.world import World, outcome, resources

SOURCE = source("Clinic")
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


@pytest.fixture
def open_(world: World) -> World:
    """A world whose clinic may submit about Ada."""
    world.clinic = world.register("Submitting EHR", "Clinic", f"{SCOPE} system/*.rs")
    intake(world, world.ada)
    return world


@pytest.fixture
def ada(open_: World) -> str:
    return open_.patient_id(open_.ada)


def granted(world: World, **changed: Any) -> str:
    return world.grant(sources=frozenset({SOURCE}), **changed)


def shown(world: World, ada: str) -> list[Resource]:
    """What the clinic sees of Ada's glucose."""
    return world.search(
        f"/fhir/Observation?patient={ada}&code=99504-3,105272-9&_count=500",
        token=world.token(scope="system/*.rs"),
    )


# ---------------------------------------------------------------------------------------- taken, once


@pytest.mark.parametrize("media", [JSON, XML])
def test_a_submission_becomes_readings_and_again_changes_nothing(open_: World, ada: str, media: str) -> None:
    world = open_
    entries = [entry(device(), url="urn:uuid:d1")]
    for each in readings(ada, 12):
        each["resource"]["device"] = {"reference": "urn:uuid:d1"}
        entries.append(each)
    first = submit(world, bundle(entries), media)
    assert statuses(first) == [201] * 13
    again = submit(world, bundle(entries), media)
    assert statuses(again)[1:] == [200] * 12 and locations(again) == locations(first)
    granted(world)
    found = shown(world, ada)
    assert sorted(each["valueQuantity"]["value"] for each in found) == list(range(100, 112))
    assert {f"Observation/{each['id']}" for each in found} == set(locations(first)[1:])
    assert {each["device"]["reference"].rpartition("/fhir/")[2] for each in found} == {locations(first)[0]}


@pytest.mark.parametrize("conditional", [True, False])
def test_both_notations_of_one_submission_are_one(open_: World, ada: str, conditional: bool) -> None:
    sent = bundle(readings(ada, 6, conditional=conditional))
    assert statuses(submit(open_, sent, XML)) == [201] * 6
    assert statuses(submit(open_, sent, JSON)) == [200] * 6
    assert len(listed(open_.db, open_.ada)) == 4


def test_what_is_new_in_a_submission_is_taken_and_what_is_known_is_not(open_: World, ada: str) -> None:
    submit(open_, bundle(readings(ada, 4)))
    assert statuses(submit(open_, bundle(readings(ada, 6)))) == [200] * 4 + [201] * 2


def test_a_reading_sent_without_its_identifier_or_with_another_offset_is_the_same_reading(
    open_: World, ada: str
) -> None:
    with_identifier = entry(identified(observation(ada, START), "r1"), "r1")
    local = iso(START + 2 * HOUR).replace("Z", "+02:00")
    assert statuses(submit(open_, bundle([with_identifier]))) == [201]
    assert statuses(submit(open_, bundle([entry(observation(ada, START))]))) == [200]
    assert statuses(submit(open_, bundle([entry(observation(ada, START, effectiveDateTime=local))]))) == [200]


def test_another_amount_of_the_same_moment_is_a_correction_with_a_history(open_: World, ada: str) -> None:
    granted(open_)
    first = submit(open_, bundle([entry(observation(ada, START, 120))]))
    (before,) = shown(open_, ada)
    open_.clock.now += 1000
    second = submit(open_, bundle([entry(observation(ada, START, 125))]))
    assert statuses(second) == [200] and locations(first) == locations(second) == [
        f"Observation/{before['id']}"
    ]
    (now,) = shown(open_, ada)
    assert (now["valueQuantity"]["value"], now["meta"]["versionId"][:2]) == (125, "2-")


def test_one_condition_twice_in_a_bundle_creates_once(open_: World, ada: str) -> None:
    one = entry(identified(observation(ada, START, 120), "r1"), "r1")
    two = entry(identified(observation(ada, START + MINUTE, 121), "r1"), "r1")
    answer = submit(open_, bundle([one, two]))
    assert statuses(answer) == [201, 200] and len(set(locations(answer))) == 1


def test_a_condition_that_fits_several_creates_nothing(open_: World, ada: str) -> None:
    twice = [entry(identified(observation(ada, START + step * MINUTE), "r1")) for step in (0, 1)]
    assert statuses(submit(open_, bundle(twice))) == [201, 201]
    third = submit(open_, bundle([entry(identified(observation(ada, START + HOUR), "r1"), "r1")]))
    assert statuses(third) == [412] and "fits several" in sentences(third)[0]


def test_a_condition_finds_nothing_that_another_organisation_submitted(open_: World, ada: str) -> None:
    submit(open_, bundle(readings(ada, 1)))
    other = open_.register("Another app", "Elsewhere", SCOPE)
    intake(open_, open_.ada, "Elsewhere")
    answer = submit(open_, bundle(readings(ada, 1)), token=open_.token(other, SCOPE))
    assert statuses(answer) == [201]


def test_a_reading_that_a_vendors_file_has_too_leaves_once(open_: World, ada: str) -> None:
    world = open_
    copies = [each for each in world.readings(Stream.GLUCOSE) if each.instant >= START][:10]
    entries = [entry(observation(ada, each.instant + 20_000, each.value)) for each in copies]
    assert statuses(submit(world, bundle(entries))) == [201] * 10
    world.grant(sources=frozenset({"dexcom-clarity", SOURCE}))
    page = world.get(
        f"/fhir/Observation?patient={ada}&date=ge{iso(copies[0].instant)}&date=lt{iso(copies[-1].instant + MINUTE)}"
        "&code=99504-3", token=world.token(scope="system/*.rs")
    ).json()  # fmt: skip
    assert len(resources(page)) == len(copies)
    assert {each["effectiveDateTime"][17:19] for each in resources(page)} == {"00"}


def test_marks_and_both_units_come_out_as_they_went_in(open_: World, ada: str) -> None:
    infinity = {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/data-absent-reason",
                "code": "negative-infinity",
            }
        ]
    }
    molar = {"coding": [{"system": LOINC, "code": "105272-9"}]}
    sent = [
        observation(ada, START, valueQuantity=quantity(40, comparator="<")),
        observation(ada, START + MINUTE, valueQuantity=quantity(400, comparator=">=")),
        observation(ada, START + 2 * MINUTE, valueQuantity=None, dataAbsentReason=infinity),
        observation(ada, START + 3 * MINUTE, code=molar, valueQuantity=quantity(5.5, "mmol/L", "mmol/l")),
    ]
    assert statuses(submit(open_, bundle(map(entry, sent)))) == [201] * 4
    granted(open_)
    told = {each["effectiveDateTime"]: each for each in shown(open_, ada)}
    one, two, three, four = (told[key] for key in sorted(told))
    assert (one["valueQuantity"]["comparator"], two["valueQuantity"]["comparator"]) == ("<", ">=")
    assert three["dataAbsentReason"]["coding"][0]["code"] == "negative-infinity"
    assert (four["valueQuantity"]["value"], four["valueQuantity"]["unit"]) == (5.5, "mmol/l")
    assert all(SourceClass.UNKNOWN in json.dumps(each["meta"]) for each in told.values())


def test_summaries_and_reports_rest_as_they_came_and_are_not_served(open_: World, ada: str) -> None:
    period = {"start": iso(START - 14 * DAY), "end": iso(START)}
    mean = observation(
        ada, START, 145, code={"coding": [{"system": LOINC, "code": "97507-8"}]}, effectiveDateTime=None,
        effectivePeriod=period,
    )  # fmt: skip
    report = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "107931-8"}]},
        "subject": {"reference": f"Patient/{ada}"},
        "effectivePeriod": period,
        "presentedForm": [{"contentType": "application/pdf", "data": "JVBERi0xLjAK"}],
    }
    absent = {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "error"}]
    }
    silent = observation(ada, START, valueQuantity=None, dataAbsentReason=absent)
    answer = submit(open_, bundle(map(entry, (mean, report, silent))))
    assert statuses(answer) == [202] * 3 and locations(answer) == [""] * 3
    assert statuses(submit(open_, bundle(map(entry, (mean, report, silent))))) == [200] * 3
    *_, kept = listed(open_.db, open_.ada)
    assert json.loads(kept.account)["ignored"] == {"summary": 1, "report": 1, "other-observation": 1}
    assert b"JVBERi0xLjAK" in original(open_.db, open_.ada, kept.number)
    granted(open_)
    assert shown(open_, ada) == []


# --------------------------------------------------------------------------------------------- whose


def test_another_persons_entry_is_refused_alone(open_: World, ada: str) -> None:
    intake(open_, open_.bob)
    bob = open_.patient_id(open_.bob)
    answer = submit(
        open_, bundle([*readings(ada, 2), *readings(bob, 1), *readings("nobody", 1, START + HOUR)])
    )
    assert statuses(answer) == [201, 201, 422, 422]
    _, _, his, nobodys = sentences(answer)
    assert his.replace("[2]", "[3]") == nobodys
    assert [each.source for each in listed(open_.db, open_.bob)] == ["dexcom-clarity"]


@pytest.mark.parametrize(
    "reference",
    ["https://elsewhere.example/fhir/Patient/{}", "Group/{}", "Patient/{}/x", "urn:uuid:{}", "../Patient/{}"],
)
def test_a_reference_that_leads_elsewhere_is_nobody_here(open_: World, ada: str, reference: str) -> None:
    wrong = observation(ada, START, subject={"reference": reference.format(ada)})
    assert statuses(submit(open_, bundle([*readings(ada, 1), entry(wrong)]))) == [201, 422]


def test_a_person_is_named_by_identifier_or_by_the_entry_that_has_it(open_: World, ada: str) -> None:
    person = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:example:mrn", "value": "ada-1"}],
        "name": [{"family": "Lovelace", "given": ["Ada"]}],
        "birthDate": "1980-01-02",
    }
    by_entry = observation("", START, subject={"reference": "Patient/p7"})
    logical = observation("", START + MINUTE, subject={"identifier": person["identifier"][0]})
    absolute = observation(
        "", START + 2 * MINUTE, subject={"reference": f"{open_.renderer.base}/Patient/{ada}"}
    )
    answer = submit(
        open_,
        bundle(
            [
                entry(person, url="https://app.example/fhir/Patient/p7"),
                entry(by_entry, url="https://app.example/fhir/Observation/o1"),
                entry(logical),
                entry(absolute),
            ]
        ),
    )
    assert statuses(answer) == [200, 201, 201, 201] and locations(answer)[0] == f"Patient/{ada}"


def test_nobody_is_made_or_matched_by_name(open_: World) -> None:
    person = {"resourceType": "Patient", "name": [{"text": "Ada Lovelace"}], "birthDate": "1980-01-02"}
    reading = observation("", START, subject={"reference": "urn:uuid:p"})
    answer = submit(open_, bundle([entry(person, url="urn:uuid:p"), entry(reading)]))
    assert answer.status_code == 404 and len(open_.db.keys.destroyed()) == 0


def test_another_birth_date_puts_a_submission_aside(open_: World, ada: str) -> None:
    person = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:example:mrn", "value": "ada-1"}],
        "birthDate": "1999-09-09",
    }
    sent = bundle([entry(person), *readings(ada, 3)])
    assert statuses(submit(open_, sent)) == [200, 201, 201, 201]
    assert statuses(submit(open_, sent)) == [200, 200, 200, 200]
    *_, kept = listed(open_.db, open_.ada)
    assert (kept.state, len(listed(open_.db, open_.ada))) == ("quarantined", 4)
    granted(open_)
    assert shown(open_, ada) == []


def test_a_device_that_another_patient_wears_puts_a_submission_aside(open_: World, ada: str) -> None:
    worn = entry(device("BOBS-SENSOR"), url="urn:uuid:d")
    reading = entry(observation(ada, START, device={"reference": "urn:uuid:d"}))
    assert statuses(submit(open_, bundle([worn, reading]))) == [201, 201]
    assert [each.state for each in listed(open_.db, open_.ada)][-1] == "quarantined"


def test_a_token_for_one_person_submits_for_no_other(open_: World, ada: str) -> None:
    intake(open_, open_.bob)
    granted(open_)
    secret = "s" * 43
    made = granted_token(open_, secret)
    bob = open_.patient_id(open_.bob)
    answer = submit(open_, bundle([*readings(bob, 1), *readings(ada, 1, START + HOUR)]), token=made)
    assert statuses(answer) == [422, 201]


def granted_token(world: World, secret: str) -> str:
    """A token about Ada, as a person's approval would make it."""
    bridge.store.tokens.issue(
        world.db, digest(secret), world.clinic.id, "patient/Observation.c", world.clock() + HOUR
    )
    with world.db.write("bridge") as con:
        con.execute("UPDATE tokens SET patient = ? WHERE hash = ?", (world.ada, digest(secret)))
    return secret


# ------------------------------------------------------------------------------------ the intake grant


def refusal(world: World, subject: str) -> tuple[int, dict[str, str], bytes]:
    answer = submit(world, bundle(readings(subject, 2)))
    kept = {name: value for name, value in answer.headers.items() if name != "date"}
    return answer.status_code, kept, answer.content


def test_without_an_intake_grant_a_submission_is_refused_as_for_nobody(open_: World, ada: str) -> None:
    world = open_
    bob = refusal(world, world.patient_id(world.bob))
    assert bob[0] == 404 and b"Nothing is taken here" in bob[2]
    assert refusal(world, "nobody") == bob
    intake(world, world.bob, "Elsewhere")
    assert refusal(world, world.patient_id(world.bob)) == bob
    intake(world, world.bob, days=1)
    world.clock.now += 2 * DAY
    assert refusal(world, world.patient_id(world.bob)) == bob
    gone = world.patient_id(world.ada)
    erase(world.db, world.ada)
    assert refusal(world, gone) == bob


def test_a_withdrawn_intake_grant_stops_the_next_submission_and_no_reading_is_lost(
    open_: World, ada: str
) -> None:
    assert statuses(submit(open_, bundle(readings(ada, 2)))) == [201, 201]
    collecting.withdraw(open_.db, open_.ada, SOURCE)
    assert submit(open_, bundle(readings(ada, 4))).status_code == 404
    granted(open_)
    assert len(shown(open_, ada)) == 2
    intake(open_, open_.ada)
    assert statuses(submit(open_, bundle(readings(ada, 4)))) == [200, 200, 201, 201]


def test_what_an_intake_grant_does_not_name_is_refused_alone(open_: World, ada: str) -> None:
    intake(open_, open_.ada, kinds=[Kind.GLUCOSE])
    report = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "107931-8"}]},
        "subject": {"reference": f"Patient/{ada}"},
        "effectivePeriod": {"start": "2026-09-01", "end": "2026-09-14"},
        "presentedForm": [{"contentType": "application/pdf", "data": "JVBERi0xLjAK"}],
    }
    assert statuses(submit(open_, bundle([entry(report), *readings(ada, 1)]))) == [422, 201]


def test_a_received_reading_leaves_only_under_a_sharing_grant(open_: World, ada: str) -> None:
    assert statuses(submit(open_, bundle([entry(observation(ada, START, 333))]))) == [201]
    assert shown(open_, ada) == []
    open_.grant()
    assert [each for each in shown(open_, ada) if each["valueQuantity"]["value"] == 333] == []
    granted(open_)
    assert [each for each in shown(open_, ada) if each["valueQuantity"]["value"] == 333]


def test_what_was_received_is_gone_with_its_artifact_and_can_be_sent_anew(open_: World, ada: str) -> None:
    granted(open_)
    submit(open_, bundle(readings(ada, 3)))
    *_, kept = listed(open_.db, open_.ada)
    withdraw(open_.db, open_.ada, kept.number)
    left = shown(open_, ada)
    assert [each for each in left if each["status"] != "entered-in-error"] == []
    assert open_.db.reader("bridge").execute("SELECT count(*) FROM submitted").fetchone() == (0,)
    assert statuses(submit(open_, bundle(readings(ada, 3)))) == [201] * 3


def test_a_pseudonym_is_the_only_name_for_whoever_knows_no_other(open_: World, ada: str) -> None:
    collecting.withdraw(open_.db, open_.ada, SOURCE)
    granted(open_, identity=Identity.PSEUDONYMOUS, pairing=b"p" + b"1" * 15)
    open_.clock.now += 1000
    intake(open_, open_.ada)
    assert submit(open_, bundle(readings(ada, 1))).status_code == 404
    logical = observation("", START, subject={"identifier": {"system": "urn:example:mrn", "value": "ada-1"}})
    assert submit(open_, bundle([entry(logical)])).status_code == 404
    known = open_.db.ids.one("Patient", Name(open_.ada, 0, 0, 0), b"p" + b"1" * 15)
    assert statuses(submit(open_, bundle(readings(known, 1)))) == [201]


# --------------------------------------------------------------------------------------------- scopes


def test_scopes_decide_what_may_be_created(open_: World, ada: str) -> None:
    sent = bundle([entry(device()), *readings(ada, 1)])
    only = open_.token(scope="system/Observation.c")
    assert statuses(submit(open_, sent, token=only)) == [403, 201]
    fenced = open_.register("Fenced", "Clinic", "system/Observation.c?category=survey system/Observation.rs")
    assert statuses(submit(open_, sent, token=open_.token(fenced, fenced.scopes))) == [403, 403]
    reading = open_.token(scope="system/*.rs")
    refused = submit(open_, sent, token=reading)
    assert refused.status_code == 403 and "insufficient_scope" in refused.headers["www-authenticate"]
    assert open_.ask("POST", SUBMIT, token=None, content=b"{}").status_code == 401


def test_a_granular_scope_holds_what_wears_its_category(open_: World, ada: str) -> None:
    scope = "system/Observation.cu?category=laboratory system/Device.cu"
    who = open_.register("Granular", "Clinic", scope)
    worn, bare = observation(ada, START), observation(ada, START + MINUTE, category=None)
    answer = submit(open_, bundle([entry(worn), entry(bare)]), token=open_.token(who, scope))
    assert statuses(answer) == [201, 403]


# --------------------------------------------------------------------------------------- too often, once


def test_submissions_that_come_too_often_wait_and_are_told_how_long(open_: World, ada: str) -> None:
    for at in range(30):
        assert submit(open_, bundle(readings(ada, 1, START + at * 5 * MINUTE))).status_code == 200
    refused = submit(open_, bundle(readings(ada, 1)))
    assert refused.status_code == 429 and outcome(refused)["issue"][0]["code"] == "throttled"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    open_.clock.now += 1000 * int(refused.headers["retry-after"])
    assert submit(open_, bundle(readings(ada, 1))).status_code == 200


def test_the_owner_sees_who_submitted_and_a_recipient_does_not(open_: World, ada: str) -> None:
    submit(open_, bundle(readings(ada, 1)))
    *_, kept = listed(open_.db, open_.ada)
    assert (kept.source, kept.file, kept.format) == (SOURCE, "$submit-cgm-bundle", "cgm-submission")
    granted(open_)
    page = open_.get(
        f"/fhir/Observation?patient={ada}&code=99504-3&_revinclude=Provenance:target",
        token=open_.token(scope="system/*.rs"),
    )
    assert "cgm-submission" in page.text and SOURCE not in page.text and CLIENT_SYSTEM not in page.text
