"""The token endpoint over a real store: who gets in, with which scopes, and what the others learn."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

import bridge.store.clients
from bridge.consent.permit import RecipientPermit
from bridge.smart.jwks import KeySource
from bridge.smart.registration import Registration, client
from bridge.smart.token_endpoint import TokenAnswer, TokenEndpoint
from bridge.smart.tokens import Bearer, Refusal, authenticate
from bridge.store.clients import Client
from bridge.store.db import Database
from tests.smart.clock import Clock
from tests.smart.requirements import requirement
from tests.smart.signing import claims, ec_pair, form, jwks, rsa_pair, signed
from tests.smart.test_jwks import URL as JWKS_URL
from tests.smart.test_jwks import Host

URL = "https://bridge.example/auth/token"
SET = jwks(rsa_pair().jwk(), ec_pair().jwk())


@pytest.fixture
def ehr(db: Database) -> Client:
    made = client(
        Registration("EHR", "backend", "Clinic", jwks=SET, scope="system/Observation.rs system/Device.rs")
    )
    bridge.store.clients.add(db, made)
    return made


def post(
    db: Database, params: dict[str, str] | list[tuple[str, str]], host: Host | None = None
) -> TokenAnswer:
    endpoint = TokenEndpoint(db, KeySource(host, db.clock), URL)
    pairs = list(params.items()) if isinstance(params, dict) else params
    return asyncio.run(endpoint.answer(pairs))


def assertion(db: Database, ehr: Client, pair: Any = None, **changed: Any) -> str:
    return signed(pair or ec_pair(), claims(ehr.id, URL, db.clock(), **changed))


@requirement(77, 94, 261, 265)
def test_a_proven_client_gets_a_token_that_works_for_five_minutes(
    db: Database, ehr: Client, clock: Clock
) -> None:
    for pair in (rsa_pair(), ec_pair()):
        answer = post(db, form(assertion(db, ehr, pair), "system/Observation.read"))
        assert answer.status == 200
        said = json.loads(answer.body)
        assert said | {"access_token": ""} == {
            "access_token": "",
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "system/Observation.read",
        }
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Pragma"] == "no-cache"
        bearer = authenticate(db, f"Bearer {said['access_token']}", clock())
        assert isinstance(bearer, Bearer)
        assert isinstance(bearer.permit, RecipientPermit)
        assert bearer.permit.client == ehr.id
        assert (bearer.permit.organization, bearer.permit.purpose) == ("Clinic", "TREAT")
        assert bearer.permit.expires == clock() + 300_000
        assert bearer.scopes.reach("Observation", "s")
        assert not bearer.scopes.reach("Device", "s")
        assert isinstance(authenticate(db, f"bearer {said['access_token']}", clock() + 299_999), Bearer)
        assert isinstance(authenticate(db, f"Bearer {said['access_token']}", clock() + 300_000), Refusal)


def test_nothing_at_rest_or_in_the_log_holds_a_token_or_an_assertion(
    db: Database, ehr: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = assertion(db, ehr)
    token = json.loads(post(db, form(shown)).body)["access_token"]
    db.reader("bridge").execute("SELECT count(*) FROM tokens").fetchone()
    files = b"".join(path.read_bytes() for path in Path(db.home).rglob("*") if path.is_file())
    assert token.encode() not in files
    assert token not in caplog.text
    assert shown not in caplog.text


@requirement(336)
def test_an_assertion_works_once_also_across_workers_and_restarts(
    db: Database, ehr: Client, clock: Clock
) -> None:
    shown = form(assertion(db, ehr))
    assert post(db, shown).status == 200
    assert post(db, shown).status == 401
    with Database.open(db.home, b"k" * 32, clock) as worker:
        assert post(worker, shown).status == 401


def test_of_many_simultaneous_replays_one_gets_in(db: Database, ehr: Client, clock: Clock) -> None:
    shown, answers = form(assertion(db, ehr)), list[int]()

    def work() -> None:
        with Database.open(db.home, b"k" * 32, clock) as worker:
            answers.append(post(worker, shown).status)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 401, 401, 401, 401, 401]


def test_two_clients_may_use_the_same_jti(db: Database, ehr: Client) -> None:
    other = client(Registration("Other", "backend", jwks=SET))
    bridge.store.clients.add(db, other)
    assert post(db, form(assertion(db, ehr, jti="same"))).status == 200
    assert post(db, form(assertion(db, other, jti="same"))).status == 200


@requirement(337, 340)
def test_every_failed_proof_is_the_same_answer(db: Database, ehr: Client, clock: Clock) -> None:
    unknown, removed = (
        client(Registration("X", "backend", jwks=SET)),
        client(Registration("Y", "backend", jwks=SET)),
    )
    keyless = client(Registration("Z", "backend"))
    for each in (removed, keyless):
        bridge.store.clients.add(db, each)
    bridge.store.clients.remove(db, removed.id)
    spent = assertion(db, ehr)
    post(db, form(spent))
    wrong = [
        form(spent),
        form(assertion(db, ehr), client_assertion_type="urn:wrong"),
        {"grant_type": "client_credentials", "scope": "system/*.rs"},
        {
            "grant_type": "client_credentials",
            "scope": "system/*.rs",
            "client_id": ehr.id,
            "client_secret": "x",
        },
        form("no.jwt.here"),
        form(""),
        form(assertion(db, unknown)),
        form(assertion(db, removed)),
        form(assertion(db, keyless)),
        form(assertion(db, ehr), client_id=keyless.id),
        form(assertion(db, ehr, aud=URL + "/")),
        form(assertion(db, ehr, exp=clock() // 1000 + 301)),
        form(assertion(db, ehr, jti=None)),
        form(assertion(db, ehr, ec_pair("stranger"))),
        form(signed(ec_pair(), claims(ehr.id, URL, clock()), jku="https://evil.example/jwks")),
        form(signed(rsa_pair(), claims(ehr.id, URL, clock()), alg="HS384")),
        form(signed(rsa_pair(), claims(ehr.id, URL, clock()), alg="none")),
        form(signed(rsa_pair(), claims(ehr.id, URL, clock()), crit=["exp"])),
    ]
    answers = [post(db, each) for each in wrong]
    assert {(a.status, a.body, tuple(sorted(a.headers.items()))) for a in answers} == {
        (401, '{"error": "invalid_client"}', tuple(sorted(answers[0].headers.items())))
    }


def test_the_operator_finds_the_reason_in_the_log(
    db: Database, ehr: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    post(db, form(assertion(db, ehr, aud=URL + "/")))
    assert f"token refused to client '{ehr.id}': aud is not this token address" in caplog.text


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "system/Patient.rs"}, "invalid_scope"),
        ({"scope": "patient/Observation.rs"}, "invalid_scope"),
        ({"scope": "openid fhirUser"}, "invalid_scope"),
    ],
)
@requirement(240, 250, 251)
def test_other_mistakes_have_their_own_errors(
    db: Database, ehr: Client, params: dict[str, str], error: str
) -> None:
    answer = post(db, form(assertion(db, ehr)) | params)
    assert answer.status == 400
    assert json.loads(answer.body)["error"] == error


def test_an_assertion_is_spent_even_where_the_scope_was_wrong(db: Database, ehr: Client) -> None:
    shown = assertion(db, ehr)
    assert post(db, form(shown, "openid")).status == 400
    assert post(db, form(shown)).status == 401


@pytest.mark.parametrize(
    "twice", ["grant_type", "scope", "client_assertion", "client_assertion_type", "client_id"]
)
def test_a_parameter_that_is_there_twice_is_refused(db: Database, ehr: Client, twice: str) -> None:
    good = form(assertion(db, ehr), client_id=ehr.id)
    answer = post(db, [*good.items(), (twice, good[twice])])
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_request")


def test_parameters_of_other_names_change_nothing(db: Database, ehr: Client) -> None:
    evil = {
        "user": "admin", "scopes": "system/*.cruds", "client": "evil", "extra_credentials": "zzz",
        "state": "<s>", "expires_in": "99999", "refresh_token": "r", "access_token": "a",
        "client_secret": "s",
    }  # fmt: skip
    answer = post(db, form(assertion(db, ehr), "system/Observation.rs") | evil)
    said = json.loads(answer.body)
    assert answer.status == 200
    assert (said["scope"], said["expires_in"]) == ("system/Observation.rs", 300)
    assert set(said) == {"access_token", "expires_in", "token_type", "scope"}


def test_a_granular_scope_with_a_bar_survives(db: Database) -> None:
    scope = (
        "system/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
    )
    made = client(Registration("EHR", "backend", jwks=SET))
    bridge.store.clients.add(db, made)
    answer = post(db, form(assertion(db, made), f"  {scope}   system/Device.r "))
    assert json.loads(answer.body)["scope"] == f"{scope} system/Device.r"


@requirement(296, 339)
def test_keys_by_address_are_fetched_and_a_withdrawn_key_stops_working(db: Database, clock: Clock) -> None:
    made = client(Registration("EHR", "backend", jwks=JWKS_URL))
    bridge.store.clients.add(db, made)
    host = Host("e1", max_age=30)
    endpoint = TokenEndpoint(db, KeySource(host, clock), URL)

    def status(**header: Any) -> int:
        shown = signed(ec_pair(), claims(made.id, URL, clock()), **header)
        return asyncio.run(endpoint.answer(list(form(shown).items()))).status

    assert status() == 200
    assert status(jku=JWKS_URL) == 200
    assert status(jku=JWKS_URL + "?x") == 401
    host.kids = ("e2",)
    assert status() == 200
    clock.pass_seconds(30)
    assert status() == 401
    host.kids, host.broken = ("e1",), True
    clock.pass_seconds(60)
    assert status() == 401


def test_what_ran_out_is_swept(db: Database, ehr: Client, clock: Clock) -> None:
    for _ in range(3):
        post(db, form(assertion(db, ehr)))
        clock.pass_seconds(301)
    post(db, form(assertion(db, ehr)))
    for table in ("tokens", "assertions"):
        assert db.reader("bridge").execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic abc", "Bearer abc", "Bearer " + "a" * 43, "Bearer " + "a" * 44, "a" * 43,
     "Bearer " + "é" * 43, "Bearer " + "a" * 43 + " ", "Bearer\t" + "a" * 43],
)  # fmt: skip
def test_a_header_that_is_no_living_token_is_refused(db: Database, clock: Clock, header: str) -> None:
    refusal = authenticate(db, header, clock())
    assert isinstance(refusal, Refusal)
    assert refusal.error == "invalid_token"


def test_no_header_is_told_apart_from_a_wrong_one(db: Database, clock: Clock) -> None:
    refusal = authenticate(db, None, clock())
    assert isinstance(refusal, Refusal)
    assert refusal.error is None


def test_a_removed_clients_token_ends_at_the_next_request(db: Database, ehr: Client, clock: Clock) -> None:
    token = json.loads(post(db, form(assertion(db, ehr))).body)["access_token"]
    assert isinstance(authenticate(db, f"Bearer {token}", clock()), Bearer)
    with Database.open(db.home, b"k" * 32, clock) as command_line:
        bridge.store.clients.remove(command_line, ehr.id)
    assert isinstance(authenticate(db, f"Bearer {token}", clock()), Refusal)
