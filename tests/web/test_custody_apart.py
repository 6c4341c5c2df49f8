"""A provider's own record and the person behind it: kept apart by name, purpose, agreement and time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

import pytest

import bridge.ingest.submission as ingest
from bridge.consent import collecting, grants
from bridge.consent.disclosure import KEPT, NOTICE
from bridge.consent.grant import Identity
from bridge.consent.intake import source
from bridge.consent.permit import RecipientPermit
from bridge.period import DAY, HOUR, MINUTE
from bridge.receive.bundle import submission
from bridge.smart.registration import Registration, client
from bridge.store import blocks, clients, custody, patients
from bridge.store.artifacts import listed
from bridge.store.blocks import withdraw
from bridge.store.ids import Name
from bridge.store.keys import Erased
from bridge.store.patients import erase
from bridge.web.call import Refused
from bridge.web.desk import Desk
from bridge.web.submitting import Whose
from bridge.web.taking import Taking
from tests.smart.signing import ec_pair, jwks
from tests.web.brought import summary
from tests.web.custody import RULE, SUBMITTER, provider
from tests.web.ordering import clinic_order
from tests.web.submitted import (
    START,
    Resource,
    bundle,
    device,
    entry,
    intake,
    locations,
    observation,
    readings,
    statuses,
    submit,
)
from tests.web.world import World

PAIRING: Final = b"p" + b"1" * 15
ORDERS: Final = "system/ServiceRequest.cru"


@pytest.fixture
def kept(world: World) -> World:
    """A world whose clinic may submit about Ada, and keeps it as its own record."""
    world.clinic = world.register("Submitting EHR", "Clinic", f"{SUBMITTER} {ORDERS}")
    provider(world, world.ada)
    return world


def glucose(world: World, about: str) -> list[Resource]:
    return world.search(f"/fhir/Observation?patient={about}&code=99504-3&_count=500")


def records(world: World) -> list[str]:
    return [world.patient_id(each.number) for each in custody.every(world.db)]


def pseudonym(world: World) -> tuple[str, str]:
    """The clinic has Ada under a pseudonym from now on: the grant, and the id."""
    world.clock.now += HOUR
    grant = world.grant(identity=Identity.PSEUDONYMOUS, pairing=PAIRING)
    return grant, world.db.ids.one("Patient", Name(world.ada, 0, 0, 0), PAIRING)


def over(world: World) -> None:
    collecting.withdraw(world.db, world.ada, source("Clinic"))


# ------------------------------------------------------------------------------------- name and pseudonym


@pytest.mark.parametrize("keeps", [True, False])
def test_what_was_kept_by_name_is_no_name_of_the_pseudonym(kept: World, keeps: bool) -> None:
    submit(kept, bundle(readings(kept.patient_id(kept.ada), 2)))
    (by_name,) = records(kept)
    over(kept)
    _, known = pseudonym(kept)
    (provider if keeps else intake)(kept, kept.ada)
    assert submit(kept, bundle(readings(by_name, 1))).status_code == 404
    mixed = [entry(observation(by_name, START + HOUR)), entry(observation(known, START + 2 * HOUR))]
    assert statuses(submit(kept, bundle(mixed))) == [422, 201]
    assert len(glucose(kept, by_name)) == 2
    assert len(records(kept)) == (2 if keeps else 1)
    for each in records(kept):
        assert known not in json.dumps(glucose(kept, each)) and kept.patient_id(kept.ada) not in json.dumps(
            glucose(kept, each)
        )


def test_what_was_kept_under_a_pseudonym_is_no_name_of_the_person(world: World) -> None:
    world.clinic = world.register("Submitting EHR", "Clinic", SUBMITTER)
    grant, known = pseudonym(world)
    provider(world, world.ada)
    submit(world, bundle(readings(known, 2)))
    (paired,) = records(world)
    grants.revoke(world.db, grant)
    over(world)
    world.clock.now += HOUR
    provider(world, world.ada)
    ada = world.patient_id(world.ada)
    assert submit(world, bundle(readings(paired, 1))).status_code == 404
    assert statuses(submit(world, bundle(readings(ada, 3)))) == [201] * 3  # not told that two were brought
    assert [len(glucose(world, each)) for each in records(world)] == [2, 3]


def test_the_same_name_again_is_the_same_record(kept: World) -> None:
    ada = kept.patient_id(kept.ada)
    submit(kept, bundle(readings(ada, 2)))
    (before,) = records(kept)
    over(kept)
    kept.clock.now += DAY
    provider(kept, kept.ada)
    assert statuses(submit(kept, bundle(readings(before, 3)))) == [200, 200, 201]
    assert records(kept) == [before]


def test_a_device_of_the_one_name_is_not_had_under_the_other(world: World) -> None:
    """The clinic sees the device of the pseudonym by a share, and brought its serial by name."""
    world.clinic = world.register("Submitting EHR", "Clinic", SUBMITTER)
    intake(world, world.ada)
    ada = world.patient_id(world.ada)
    worn = entry(observation(ada, START, device={"reference": "urn:uuid:d1"}))
    by_name = locations(submit(world, bundle([entry(device("SN-77"), url="urn:uuid:d1"), worn])))[0]
    over(world)
    _, known = pseudonym(world)
    provider(world, world.ada)
    number = world.db.ids.read("Device", by_name.removeprefix("Device/"))
    assert number is not None
    paired = world.db.ids.one("Device", number, PAIRING)
    later = entry(observation(known, START + HOUR, device={"reference": f"Device/{paired}"}))
    assert statuses(submit(world, bundle([later]))) == [422]


def test_a_launch_by_name_is_not_told_of_what_came_under_a_pseudonym(world: World) -> None:
    """The device that a program brought under the pseudonym, brought once more with a token about Ada by name."""
    world.clinic = world.register("Submitting EHR", "Clinic", SUBMITTER)
    grant, known = pseudonym(world)
    provider(world, world.ada)
    brought = entry(device("SN-77"), url="urn:uuid:d1")
    worn = entry(observation(known, START, device={"reference": "urn:uuid:d1"}))
    assert statuses(submit(world, bundle([brought, worn]))) == [201, 201]
    desk = Desk(world.gate, world.renderer, world.db, world.clock, world.meters)
    until = world.clock() + HOUR
    for is_by_name in (False, True):
        if is_by_name:
            world.clock.now += MINUTE
            grants.revoke(world.db, grant)
            world.grant()
        permit = RecipientPermit(world.clinic.id, "Clinic", "TREAT", "token", until, patient=world.ada)
        sent = submission(bundle([brought]))
        taking = Taking(desk, world.mappings, permit, {"Device": [frozenset()]}, sent, Whose(desk, permit))
        if is_by_name:
            with pytest.raises(Refused):
                taking.receipts()
        else:
            assert [each.location[:7] for each in taking.receipts()] == ["Device/"]


# ------------------------------------------------------------------------------------------------- orders


def test_no_order_is_for_a_record_alone_nor_in_a_submission(kept: World) -> None:
    ada = kept.patient_id(kept.ada)
    submit(kept, bundle(readings(ada, 1)))
    (record,) = records(kept)
    kept.grant()
    token = kept.token(scope=f"{SUBMITTER} {ORDERS}")

    def order(about: str) -> int:
        body = json.dumps(clinic_order(about))
        headers = {"Content-Type": "application/fhir+json"}
        return kept.ask(
            "POST", "/fhir/ServiceRequest", token=token, content=body, headers=headers
        ).status_code

    assert (order(record), order(kept.patient_id(999)), order(ada)) == (404, 404, 201)
    within = [entry(observation(record, START + HOUR)), entry(clinic_order(record)), entry(clinic_order(ada))]
    assert statuses(submit(kept, bundle(within))) == [201, 422, 201]
    assert submit(kept, bundle([entry(clinic_order(record))])).status_code == 404


def test_an_order_under_a_pseudonym_does_not_tell_when_a_share_by_name_began(world: World) -> None:
    world.clinic = world.register("Submitting EHR", "Clinic", f"{SUBMITTER} {ORDERS}")
    grant, known = pseudonym(world)
    provider(world, world.ada)
    assert statuses(submit(world, bundle([entry(clinic_order(known))]))) == [201]
    world.clock.now += HOUR
    grants.revoke(world.db, grant)
    before = submit(world, bundle([entry(clinic_order(known))])).json()
    world.grant()
    assert submit(world, bundle([entry(clinic_order(known))])).json() == before


# ------------------------------------------------------------------------------------------------ purpose


def test_a_program_of_another_purpose_neither_asks_nor_fills_the_record(kept: World) -> None:
    ada = kept.patient_id(kept.ada)
    submit(kept, bundle(readings(ada, 3)))
    (record,) = records(kept)
    study = client(
        Registration(
            "Study", "backend", "Clinic", purpose="HRESCH", jwks=jwks(ec_pair().jwk()), scope=SUBMITTER
        )
    )
    clients.add(kept.db, study)
    token, nobody = kept.token(study, SUBMITTER), kept.patient_id(999)
    answers = [submit(kept, bundle(readings(each, 4)), token=token) for each in (ada, record, nobody)]
    assert {(each.status_code, each.text) for each in answers} == {(404, answers[2].text)}
    assert len(glucose(kept, record)) == 3


# ----------------------------------------------------------------------------------- nothing, and too late


def test_where_nothing_is_kept_no_record_is(kept: World) -> None:
    ada = kept.patient_id(kept.ada)
    pair = {"system": "urn:example:mrn", "value": "ada-1"}
    person = {"resourceType": "Patient", "identifier": [pair], "name": [{"text": "Ada Lovelace"}]}
    only = submit(kept, bundle([entry(person)]))
    assert statuses(only) == [200] and locations(only) == [""]
    assert statuses(submit(kept, bundle([entry(observation(ada, START, 100_000))]))) == [422]
    assert (
        records(kept) == [] and len(kept.db.reader("bridge").execute("SELECT * FROM custody").fetchall()) == 0
    )


@pytest.mark.parametrize("end", ["erased", "withdrawn"])
@pytest.mark.parametrize("of", ["copy", "record"])
def test_who_is_erased_or_withdraws_meanwhile_is_nobody_and_leaves_nothing(
    kept: World, monkeypatch: pytest.MonkeyPatch, end: str, of: str
) -> None:
    ada, ended = kept.patient_id(kept.ada), list[str]()
    whole = blocks.absorb

    def late(db: object, number: int, *more: object, **named: object) -> object:
        if not ended and (number != kept.ada) == (of == "record"):
            ended.append(end)
            if end == "erased":
                erase(kept.db, kept.ada)
            else:
                over(kept)
        return whole(db, number, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(ingest, "absorb", late)
    assert submit(kept, bundle(readings(ada, 2))).status_code == 404
    con = kept.db.reader("bridge")
    assert ended and records(kept) == [] and custody.ever(kept.db, kept.ada) == ()
    for number, _ in con.execute("SELECT record, ended FROM custody").fetchall():
        assert not patients.is_known(kept.db, number)
        with pytest.raises(Erased):
            kept.db.keys.box(number)


def test_who_is_erased_before_anything_is_kept_is_nobody(
    kept: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, current = kept.patient_id(kept.ada), custody.current

    def late(*more: object) -> int | None:
        if kept.ada in {row[0] for row in kept.db.reader("bridge").execute("SELECT patient FROM patients")}:
            erase(kept.db, kept.ada)
        return current(*more)  # type: ignore[arg-type]

    monkeypatch.setattr(custody, "current", late)
    assert submit(kept, bundle(readings(ada, 2))).status_code == 404
    assert records(kept) == []


# ----------------------------------------------------------------------------------------- copy and record


def taken_out(world: World) -> None:
    """Somebody takes all that the clinic brought out of the person's copy."""
    for each in listed(world.db, world.ada):
        if each.source == source("Clinic") and each.state != "removed":
            withdraw(world.db, world.ada, each.number)


def states(world: World) -> list[str]:
    return [each.state for each in listed(world.db, world.ada) if each.source == source("Clinic")]


@pytest.mark.parametrize("conditional", [True, False])
def test_what_was_taken_out_of_the_copy_does_not_come_back(kept: World, conditional: bool) -> None:
    ada = kept.patient_id(kept.ada)
    sent = [*readings(ada, 3, conditional=conditional), *summary(ada, value=133), entry(device())]
    first = submit(kept, bundle(sent))
    taken_out(kept)
    again = submit(kept, bundle(sent))
    more = submit(kept, bundle([*readings(ada, 4, conditional=conditional), *summary(ada, value=133)]))
    assert all(status < 300 for each in (first, again, more) for status in statuses(each))
    kept.grant(to="Elsewhere", sources=frozenset({source("Clinic")}))
    copy = kept.search(
        f"/fhir/Observation?patient={ada}&code=99504-3,97507-8", token=kept.token(kept.stranger)
    )
    assert [each["valueQuantity"]["value"] for each in copy] == [103]  # the fourth alone is new
    assert len(glucose(kept, records(kept)[0])) == 4


def test_a_corrected_amount_takes_effect_in_the_record_and_in_the_copy(kept: World) -> None:
    ada = kept.patient_id(kept.ada)
    submit(kept, bundle(readings(ada, 2)))
    fixed = observation(ada, START, 250, status="corrected")
    assert statuses(submit(kept, bundle([entry(fixed)]))) == [200]
    kept.grant(to="Elsewhere", sources=frozenset({source("Clinic")}))
    other = kept.search(f"/fhir/Observation?patient={ada}&code=99504-3", token=kept.token(kept.stranger))
    for found in (glucose(kept, records(kept)[0]), other):
        assert sorted(each["valueQuantity"]["value"] for each in found) == [101, 250]


# ------------------------------------------------------------------------------------------ rule and clock


def test_what_came_keeps_its_rule_and_the_latest_end_counts(kept: World) -> None:
    ada = kept.patient_id(kept.ada)
    submit(kept, bundle(readings(ada, 1)))
    (before,) = custody.of(kept.db, kept.ada)
    provider(kept, kept.ada, rule=custody.Rule("Lesser Act", 1))
    submit(kept, bundle(readings(ada, 1, START + HOUR)))
    (after,) = custody.of(kept.db, kept.ada)
    assert {each.rule for each in after.came} == {RULE, custody.Rule("Lesser Act", 1)}
    assert (after.rule, after.until) == (RULE, before.until)
    kept.clock.now += 20 * DAY
    provider(kept, kept.ada, rule=replace(RULE, years=12))
    (agreed,) = custody.of(kept.db, kept.ada)
    assert agreed == after  # agreed, and nothing came
    submit(kept, bundle(readings(ada, 1, START + 2 * HOUR)))
    (longest,) = custody.of(kept.db, kept.ada)
    assert longest.rule.years == 12 and longest.until.year == before.until.year + 2


def test_a_clock_that_was_set_back_shortens_nothing(kept: World) -> None:
    ada = kept.patient_id(kept.ada)
    submit(kept, bundle(readings(ada, 1)))
    (before,) = custody.of(kept.db, kept.ada)
    kept.clock.now -= 10 * MINUTE
    submit(kept, bundle(readings(ada, 2)))
    (after,) = custody.of(kept.db, kept.ada)
    assert (after.last, after.until) == (before.last, before.until)


# --------------------------------------------------------------------------------------------- the sentence


def test_the_custodian_is_told_whose_record_it_is_and_not_that_somebody_shared_it(kept: World) -> None:
    ada = kept.patient_id(kept.ada)
    submit(kept, bundle([*readings(ada, 150), *summary(ada, value=133)]))
    (record,) = records(kept)
    for path in (
        f"Observation?patient={record}&_count=20",
        f"Observation?patient={record}&_count=0",
        f"Observation?patient={record}&code=97507-8",
        f"Observation?patient={record}&_count=500",
        f"Patient/{record}/$everything",
    ):
        told = kept.get(f"/fhir/{path}").text
        assert KEPT in told and NOTICE not in told, path
    kept.grant(to="Elsewhere", sources=frozenset({source("Clinic")}))
    told = kept.get(f"/fhir/Observation?patient={ada}", token=kept.token(kept.stranger)).text
    assert NOTICE in told and KEPT not in told
    assert KEPT not in kept.get(f"/fhir/Observation?patient={kept.patient_id(999)}").text
