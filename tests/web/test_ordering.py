"""Orders over HTTP: taken where a person shares, read back by who sent them, absent for everybody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

import bridge.store.orders as orders
from bridge.consent import collecting, grants
from bridge.consent.grant import Identity, Recipient
from bridge.consent.grants import revoke
from bridge.consent.intake import source
from bridge.period import DAY
from bridge.store.db import Database
from bridge.store.ids import Name
from tests.push.ehr import ORDERS, scheduled
from tests.web.ordering import clinic_order, visit
from tests.web.submitted import JSON, bundle, entry, identified, intake, sentences, statuses, submit
from tests.web.submitted import SCOPE as SUBMITTING
from tests.web.test_wishes import SAID
from tests.web.world import MASTER, World

SCOPE = "system/ServiceRequest.crus"
PATH = "/fhir/ServiceRequest"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "home")
    made.clinic = made.register("Ordering EHR", "Clinic", f"system/*.rs {SCOPE} {SUBMITTING}")
    yield made
    made.close()


def send(world: World, resource: Any, method: str = "POST", path: str = PATH, **more: Any) -> httpx.Response:
    token = more.pop("token", None) or world.token(scope=more.pop("scope", SCOPE))
    return world.ask(method, path, json=resource, token=token, headers={"Content-Type": JSON})


def mine(world: World, path: str, **more: Any) -> httpx.Response:
    return world.get(path, token=world.token(scope=SCOPE), **more)


def test_an_order_is_read_back_as_it_was_sent_without_what_was_not_read(world: World) -> None:
    world.grant()
    ada = world.patient_id(world.ada)
    sent = identified(clinic_order(ada), "o-1")
    made = send(world, sent | {"note": [{"text": "private"}], "reasonCode": [{"text": "private"}]})
    assert made.status_code == 201, made.text
    read = mine(world, made.headers["location"]).json()
    told = {name: each for name, each in read.items() if name not in ("id", "meta")}
    expected = sent | {"extension": [_without_unit(each) for each in sent["extension"]]}
    assert told == expected
    (kept,) = orders.listed(world.db)
    assert "private" not in repr(kept)


def _without_unit(extension: dict[str, Any]) -> dict[str, Any]:
    """A unit's text is not kept: its code says it."""
    parts = []
    for each in extension["extension"]:
        quantity = each.get("valueQuantity")
        if quantity:
            quantity = {name: value for name, value in quantity.items() if name != "unit"}
        parts.append(each | {"valueQuantity": quantity} if quantity else each)
    return extension | {"extension": parts}


def test_a_search_that_names_two_people_finds_neithers_orders(world: World) -> None:
    world.grant()
    world.grant(world.bob)
    ada, bob = (world.patient_id(each) for each in (world.ada, world.bob))
    for each in (ada, bob):
        assert send(world, visit(each)).status_code == 201
    for one, other in ((ada, bob), (bob, ada), (ada, "x"), ("x", ada)):
        answer = mine(world, f"{PATH}?patient={one}&subject={other}")
        assert answer.status_code == 400 and "exactly one patient" in answer.text
    for same in (ada, f"Patient/{ada}"):
        assert mine(world, f"{PATH}?patient={ada}&subject={same}").json()["total"] == 1


def test_of_many_that_say_one_identifier_at_once_one_is_kept(world: World) -> None:
    world.grant()
    sent, token = identified(visit(world.patient_id(world.ada)), "o-1"), world.token(scope=SCOPE)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": JSON}

    async def at_once() -> list[int]:
        asked = [world.web.post(PATH, json=sent, headers=headers) for _ in range(8)]
        return sorted(each.status_code for each in await asyncio.gather(*asked))

    made, *others = world.runner.run(at_once())
    assert made == 201 and 201 not in others and len(orders.listed(world.db)) == 1


def test_an_order_that_came_to_another_process_meanwhile_is_looked_at(world: World, tmp_path: Path) -> None:
    one, client = SAID, world.clinic.id
    seen = orders.state(world.db, world.ada, client)
    with Database.open(tmp_path / "home", MASTER, world.clock) as other:
        first = orders.receive(other, world.ada, client, one, world.clock(), after=seen)
    with pytest.raises(orders.Meanwhile):
        orders.receive(world.db, world.ada, client, one, world.clock(), after=seen)
    seen = orders.state(world.db, world.ada, client)
    assert seen[0] == first.number
    assert orders.receive(world.db, world.ada, client, one, world.clock(), after=seen).number > first.number


def test_an_order_that_was_changed_meanwhile_is_looked_at(world: World) -> None:
    first = orders.receive(world.db, world.ada, world.clinic.id, SAID, world.clock())
    seen = orders.state(world.db, world.ada, world.clinic.id)
    orders.change(world.db, first, replace(SAID, identifiers=(("urn:x", "o-1"),)), world.clock(), seen)
    with pytest.raises(orders.Meanwhile):
        orders.receive(world.db, world.ada, world.clinic.id, SAID, world.clock(), after=seen)
    with pytest.raises(orders.Meanwhile):
        orders.change(world.db, first, SAID, world.clock(), seen)


def test_orders_are_found_by_person_and_status(world: World) -> None:
    world.grant()
    ada = world.patient_id(world.ada)
    send(world, clinic_order(ada))
    made = send(world, visit(ada)).json()
    found = mine(world, f"{PATH}?patient={ada}").json()
    assert found["total"] == 2
    send(world, visit(ada) | {"id": made["id"], "status": "revoked"}, "PUT", f"{PATH}/{made['id']}")
    found = mine(world, f"{PATH}?patient={ada}&status=revoked").json()
    assert [each["resource"]["id"] for each in found["entry"]] == [made["id"]]


@pytest.mark.parametrize(
    ("code", "count"),
    [
        (f"{ORDERS}|cgm-data-submission-standing-order", 1),
        ("cgm-data-submission-standing-order", 1),
        (f"{ORDERS}|cgm-data-submission-standing-order,{ORDERS}|cgm-data-submission-one-time-order", 2),
        ("urn:other|cgm-data-submission-standing-order", 0),
        ("cgm-data", 0),
    ],
)
def test_orders_are_found_by_their_code(world: World, code: str, count: int) -> None:
    world.grant()
    ada = world.patient_id(world.ada)
    send(world, clinic_order(ada)), send(world, visit(ada))
    assert mine(world, f"{PATH}?patient={ada}&code={quote(code)}").json()["total"] == count


def test_nobody_one_who_shares_nothing_and_one_who_ended_it_are_one_refusal(world: World) -> None:
    grant = world.grant()
    ada, bob = world.patient_id(world.ada), world.patient_id(world.bob)
    made = send(world, clinic_order(ada)).json()["id"]
    revoke(world.db, grant)
    refused = {send(world, clinic_order(each)).content for each in (ada, bob, "x")}
    refused.add(
        send(world, clinic_order("") | {"subject": {"identifier": {"system": "s", "value": "v"}}}).content
    )
    assert len(refused) == 1
    absent = {mine(world, f"{PATH}/{each}").content for each in (made, ada, "x")}
    absent |= {
        send(world, clinic_order(ada) | {"id": each}, "PUT", f"{PATH}/{each}").content for each in (made, "x")
    }
    assert len(absent) == 1
    empty = [mine(world, f"{PATH}?patient={each}").json() for each in (ada, bob, "x")]
    assert [each["total"] for each in empty] == [0, 0, 0]


@pytest.mark.parametrize(
    ("number", "status"), [("1e900000", 400), ("1e-900000", 400), ("1e29", 422), ("1e-30", 422)]
)
def test_a_length_beyond_all_reckoning_is_refused_at_once(world: World, number: str, status: int) -> None:
    sent = clinic_order(world.patient_id(world.ada), extension=[scheduled((123456789, "wk"))])
    timed = clinic_order(world.patient_id(world.ada), extension=[scheduled()])
    timed["occurrenceTiming"] = {"repeat": {"frequency": 3, "period": 123456789, "periodUnit": "mo"}}
    for each in (sent, timed):
        written = json.dumps(each).replace("123456789", number).encode()
        token = world.token(scope=SCOPE)
        answer = world.ask("POST", PATH, content=written, token=token, headers={"Content-Type": JSON})
        assert answer.status_code == status, answer.text
        assert answer.json()["issue"][0]["diagnostics"].startswith("ServiceRequest.")


def test_orders_of_a_name_say_nothing_of_a_pseudonym_of_the_same_person(world: World) -> None:
    """Neither found, nor compared by identifier, alone or in a submission; there again under the name."""
    named = world.grant()
    ada = world.patient_id(world.ada)
    made = send(world, identified(clinic_order(ada), "o-1")).json()["id"]
    revoke(world.db, named)
    recipient = Recipient("Clinic", frozenset())
    pairing = grants.pairing_for(world.db, recipient, Identity.PSEUDONYMOUS)
    hidden = world.grant(recipient=recipient, identity=Identity.PSEUDONYMOUS, pairing=pairing)
    pseudonym = world.db.ids.one("Patient", Name(world.ada, 0, 0, 0), pairing)
    assert mine(world, f"{PATH}?patient={pseudonym}").json()["total"] == 0
    sent = identified(clinic_order(pseudonym), "o-1")
    first = send(world, sent)
    assert first.status_code == 201 and send(world, sent).status_code == 409, first.text
    (one,) = mine(world, f"{PATH}?patient={pseudonym}").json()["entry"]
    assert one["resource"]["id"] == first.json()["id"] != made
    revoke(world.db, hidden)
    world.grant()
    (one,) = mine(world, f"{PATH}?patient={ada}").json()["entry"]
    assert one["resource"]["id"] == made


def test_another_client_does_not_see_it(world: World) -> None:
    world.grant()
    ada = world.patient_id(world.ada)
    made = send(world, clinic_order(ada)).json()["id"]
    other = world.register("Other", "Other clinic", SCOPE)
    world.grant(to="Other clinic")
    token = world.token(other, SCOPE)
    assert world.get(f"{PATH}/{made}", token=token).content == world.get(f"{PATH}/x", token=token).content
    assert world.get(f"{PATH}?patient={ada}", token=token).json()["total"] == 0
    answer = send(world, clinic_order(ada) | {"id": made}, "PUT", f"{PATH}/{made}", token=token)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ("system/ServiceRequest.rs", 403),
        ("system/Observation.crus", 403),
        ("system/ServiceRequest.c?code=cgm-data-submission-one-time-order", 403),
        ("system/ServiceRequest.c?code=cgm-data-submission-standing-order", 201),
    ],
)
def test_scopes_decide_first(world: World, scope: str, status: int) -> None:
    world.grant()
    who = world.register("Scoped", "Clinic", scope)
    answer = send(world, clinic_order(world.patient_id(world.ada)), token=world.token(who, scope))
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"intent": "plan"}, "intent"),
        ({"doNotPerform": True}, "doNotPerform"),
        ({"status": "active", "extension": []}, "extension"),
        ({"extension": [scheduled((1, "min"))]}, "submissionPeriod"),
        ({"extension": [scheduled((2, "fortnight"))]}, "submissionPeriod"),
        ({"extension": [scheduled((2, "wk"), (-1, "d"))]}, "lookbackPeriod"),
        ({"extension": [scheduled((2, "wk"), None, "cgm-everything")]}, "submissionDataProfile"),
        ({"occurrencePeriod": {"start": "2026-09-02", "end": "2026-09-01"}}, "occurrence"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(world: World, changed: dict[str, Any], where: str) -> None:
    world.grant()
    answer = send(world, clinic_order(world.patient_id(world.ada), **changed))
    assert answer.status_code == 422
    (issue,) = answer.json()["issue"]
    assert where in issue["diagnostics"] and where in issue["expression"][0]


def test_a_second_order_with_the_same_identifier_is_a_conflict(world: World) -> None:
    world.grant()
    one = identified(clinic_order(world.patient_id(world.ada)), "o-1")
    assert [send(world, one).status_code for _ in range(2)] == [201, 409]


def test_an_update_does_not_take_another_orders_identifier(world: World) -> None:
    world.grant()
    ordered = clinic_order(world.patient_id(world.ada))
    send(world, identified(ordered, "o-1"))
    second = send(world, identified(ordered, "o-2")).json()["id"]

    def put(value: str) -> int:
        resource = identified(ordered | {"id": second}, value)
        return send(world, resource, "PUT", f"{PATH}/{second}").status_code

    assert [put("o-1"), put("o-2"), put("o-3")] == [409, 200, 200]
    assert mine(world, f"{PATH}/{second}").json()["identifier"][0]["value"] == "o-3"


def test_a_pseudonym_orders_under_its_own_id_alone(world: World) -> None:
    world.grant(identity=Identity.PSEUDONYMOUS, pairing=b"p" + bytes(15))
    assert send(world, clinic_order(world.patient_id(world.ada))).status_code == 404
    theirs = world.db.ids.one("Patient", Name(world.ada, 0, 0, 0), b"p" + bytes(15))
    made = send(world, clinic_order(theirs))
    assert made.status_code == 201 and made.json()["subject"]["reference"] == f"Patient/{theirs}"
    assert mine(world, f"{PATH}/{made.json()['id']}").status_code == 200


def test_an_order_in_a_submission_goes_the_same_way(world: World) -> None:
    ada = world.patient_id(world.ada)
    intake(world, world.ada)
    one = identified(clinic_order(ada), "o-1")
    refused = submit(world, bundle([entry(one)]))
    assert statuses(refused) == [422] and "shares with this client" in sentences(refused)[0]
    world.grant()
    assert statuses(submit(world, bundle([entry(one, "o-1")]))) == [201]
    assert statuses(submit(world, bundle([entry(one, "o-1")]))) == [200]
    (kept,) = orders.listed(world.db)
    assert kept.written.order is not None and len(kept.written.order.schedules) == 2
    wrong = submit(world, bundle([entry(clinic_order(ada, intent="plan"))]))
    assert statuses(wrong) == [422] and "intent" in sentences(wrong)[0]


def by_identifier(value: str) -> dict[str, Any]:
    """An order that names its person by the number of the record system."""
    return clinic_order("") | {"subject": {"identifier": {"system": "urn:example:mrn", "value": value}}}


def test_whoever_has_data_and_whoever_has_none_look_alike_to_who_orders(world: World) -> None:
    empty = world.person("Cora Empty", "cora-1")
    told = []
    for who in (world.ada, empty):
        world.grant(who)
        made = send(world, clinic_order(world.patient_id(who)))
        told.append(
            (made.status_code, made.text.replace(world.patient_id(who), "").replace(made.json()["id"], ""))
        )
    assert [status for status, _ in told] == [201, 201]
    (one, other) = (each.partition('"lastUpdated"')[0].partition('"versionId"')[0] for _, each in told)
    assert one == other


def test_an_identifier_leads_to_somebody_only_where_the_share_shows_it(world: World) -> None:
    world.grant(identity=Identity.VISIT)
    assert send(world, by_identifier("ada-1")).content == send(world, by_identifier("nobody-1")).content
    assert send(world, clinic_order(world.patient_id(world.ada))).status_code == 201
    world.grant()
    made = send(world, by_identifier("ada-1"))
    assert made.status_code == 201 and made.json()["subject"]["reference"].endswith(
        world.patient_id(world.ada)
    )


def test_an_order_cannot_be_moved_to_another_person(world: World) -> None:
    for who in (world.ada, world.bob):
        world.grant(who)
    ada, bob = world.patient_id(world.ada), world.patient_id(world.bob)
    made = send(world, clinic_order(ada)).json()["id"]
    moved = send(world, clinic_order(bob) | {"id": made}, "PUT", f"{PATH}/{made}")
    assert moved.status_code == 422 and mine(world, f"{PATH}?patient={bob}").json()["total"] == 0
    unknown = send(world, clinic_order("x") | {"id": made}, "PUT", f"{PATH}/{made}")
    assert unknown.content == moved.content


def until_refused(
    world: World, resources: list[dict[str, Any]], method: str = "POST", path: str = PATH
) -> int:
    """How many orders are looked at before the first 429."""
    for count in range(100):
        answer = send(world, resources[count % len(resources)], method, path)
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) > 0
            return count
    return 100


def test_orders_for_one_person_are_counted_together_under_whatever_name(world: World) -> None:
    world.grant()
    names = [clinic_order(world.patient_id(world.ada)), by_identifier("ada-1")]
    assert until_refused(world, names) == 30
    made = mine(world, f"{PATH}?patient={world.patient_id(world.ada)}").json()["entry"][0]["resource"]["id"]
    assert send(world, names[0] | {"id": made}, "PUT", f"{PATH}/{made}").status_code == 429
    world.grant(world.bob)
    assert send(world, clinic_order(world.patient_id(world.bob))).status_code == 201


def test_everybody_for_whom_a_client_may_not_order_is_counted_as_one(world: World) -> None:
    bob = world.patient_id(world.bob)
    assert until_refused(world, [clinic_order(bob), clinic_order("x"), by_identifier("no-1")]) == 30
    assert send(world, clinic_order("y")).status_code == 429
    sent = clinic_order(bob) | {"id": "x"}
    assert send(world, sent, "PUT", f"{PATH}/x").status_code == 429


def test_an_order_in_a_submission_whose_patient_contradicts_is_answered_like_any_other(world: World) -> None:
    ada = world.patient_id(world.ada)
    intake(world, world.ada)
    world.grant()
    named: dict[str, Any] = {
        "resourceType": "Patient",
        "id": ada,
        "identifier": [{"system": "urn:example:mrn", "value": "ada-1"}],
    }
    right: dict[str, Any] = {"name": [{"text": "Ada Lovelace"}]}
    wrong: dict[str, Any] = {"name": [{"text": "Zed Other"}], "birthDate": "1900-01-01"}
    answers = [
        statuses(submit(world, bundle([entry(named | who), entry(identified(clinic_order(ada), name))])))
        for name, who in (("o-1", right), ("o-2", wrong))
    ]
    assert answers[0] == answers[1] and answers[0][1] == 201


@pytest.mark.parametrize("ends", ["withdrawn", "expired"])
def test_an_intake_by_name_that_is_over_tells_nothing_of_a_pseudonymous_share(
    world: World, ends: str
) -> None:
    for person in (world.ada, world.bob):
        intake(world, person, days=1)
        if ends == "withdrawn":
            collecting.withdraw(world.db, person, source("Clinic"))
    world.clock.now += 2 * DAY
    recipient = Recipient("Clinic", frozenset())
    pairing = grants.pairing_for(world.db, recipient, Identity.PSEUDONYMOUS)
    world.grant(recipient=recipient, identity=Identity.PSEUDONYMOUS, pairing=pairing)
    pseudonym = world.db.ids.one("Patient", Name(world.ada, 0, 0, 0), pairing)
    named = [send(world, clinic_order(world.patient_id(each))) for each in (world.ada, world.bob)]
    assert [each.status_code for each in named] == [404, 404] and named[0].json() == named[1].json()
    assert send(world, clinic_order(pseudonym)).status_code == 201
