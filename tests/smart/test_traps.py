"""The known traps of authorization servers, each closed, each named (oauthlib's own, RFC 9700, SMART)."""

from __future__ import annotations

import asyncio
import base64
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

import bridge.store.tokens
from bridge.consent import grants
from bridge.consent.permit import RecipientPermit
from bridge.period import DAY
from bridge.smart.jwks import KeySource
from bridge.smart.pending import CODE_LIFE, LIFE, NotApproved, approve, load
from bridge.smart.prover import Prover
from bridge.smart.scopes import parse
from bridge.smart.token_endpoint import TokenEndpoint
from bridge.smart.tokens import Bearer, authenticate, digest
from bridge.store.db import Database
from tests.smart.launched import CHALLENGE, REDIRECT, SCOPE, STATE, VERIFIER, App, app, back
from tests.smart.requirements import requirement
from tests.smart.signing import claims, ec_pair, jwks, signed
from tests.web.world import BASE_URL, NoNet, World, resources

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
EVIL = {
    "user": "admin", "scopes": "system/*.cruds", "client": "evil", "extra_credentials": "zzz", "claims": "{}",
    "grant": "x", "patient": "00000000-0000-0000-0000-000000000000", "expires_in": "999999", "access_token": "a",
    "token_type": "mac", "response_mode": "fragment", "id_token_hint": "x", "request": "x", "request_uri": "x",
}  # fmt: skip
"""Names under which oauthlib keeps what it believes of a request, and others that some server listens to."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("traps") / "home")
    yield made
    made.close()


def code(one: App, **changed: Any) -> str:
    return one.approved(one.pending(), **changed)["code"]


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


# ----------------------------------------------------------------------- parameters that are not asked for


def test_trap_parameter_injection_at_the_authorization_endpoint_changes_nothing(one: App) -> None:
    plain, evil = one.pending(), one.pending(**EVIL)
    assert (evil.scopes, evil.client, evil.redirect_uri, evil.patient) == (
        plain.scopes, plain.client, plain.redirect_uri, None,
    )  # fmt: skip


def test_trap_parameter_injection_at_the_token_endpoint_changes_nothing(one: App) -> None:
    answer = one.exchange(code(one), **EVIL)
    said = answer.json()
    assert answer.status_code == 200
    assert said["patient"] == one.world.patient_id(one.world.ada) and said["expires_in"] == 3600
    assert said["token_type"] == "Bearer" and "system" not in said["scope"]
    assert said["access_token"] != "a"
    one.said = said
    assert one.refresh(**EVIL).json()["patient"] == said["patient"]


def test_trap_bearer_in_url_or_body_is_nobody(one: App) -> None:
    said = one.launched()
    world, token = one.world, said["access_token"]
    assert (
        world.ask("GET", f"/fhir/Patient/{said['patient']}?access_token={token}", token=None).status_code
        == 401
    )
    body = {"access_token": token, "patient": said["patient"]}
    assert world.ask("POST", "/fhir/Observation/_search", token=None, data=body).status_code == 401
    about = {"token": token, "access_token": token}
    assert world.ask("POST", "/auth/introspect", token=None, data=about).status_code == 401
    assert world.ask("POST", f"/auth/introspect?token={token}", token=token, data={}).status_code == 400


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_trap_raw_bar_in_a_scope_is_read(one: App, method: str) -> None:
    scope = f"patient/Observation.rs?category={CATEGORY}"
    asked = one.question("") | {"scope": ""}
    raw = urlencode({name: value for name, value in asked.items() if name != "scope"})
    raw += "&scope=" + scope.replace("?", "%3F").replace("=", "%3D").replace("/", "%2F").replace(":", "%3A")
    assert "|" in raw
    if method == "GET":
        answer = one.world.ask("GET", f"/auth/authorize?{raw}", token=None)
    else:
        answer = one.world.ask("POST", "/auth/authorize", token=None, content=raw.encode(), headers=FORM)
    found = load(one.world.db, answer.headers["location"].rpartition("/")[2], one.world.clock())
    assert found is not None and str(found.scopes) == scope


@pytest.mark.parametrize("junk", ['"', "[", "{", "|", "<", "\\", "^", "`", " "])
def test_trap_raw_characters_in_a_body_are_no_missing_grant_type(one: App, junk: str) -> None:
    form = f"grant_type=authorization_code&code=x&client_id={one.client.id}&state={junk}&code_verifier={junk}"
    answer = one.world.ask("POST", "/auth/token", token=None, content=form.encode(), headers=FORM)
    assert error(answer) == (401, "invalid_client")


def test_trap_scope_split_double_spaces_and_repeated_scopes_are_one_scope(one: App) -> None:
    twice = one.pending("launch/patient   launch/patient  patient/*.rs patient/Patient.r  patient/*.rs ")
    assert str(twice.scopes) == "launch/patient patient/*.rs"
    one.launched()
    again = one.refresh(scope="  patient/Patient.rs   patient/Patient.rs ")
    assert again.json()["scope"] == "patient/Patient.rs"


@pytest.mark.parametrize("form", [{}, {"grant_type": ""}, {"grant_type": "x"}, {"code": ""}, {"token": ""}])
def test_trap_attribute_access_what_is_missing_is_told_and_never_a_fault(
    one: App, form: dict[str, str]
) -> None:
    for path in ("/auth/token", "/auth/introspect", "/auth/revoke"):
        for answer in (one.post(path, **form), one.world.ask("POST", path, token=None, data=form)):
            assert answer.status_code in (400, 401) and answer.json()["error"]


def test_trap_unknown_token_parameters_and_a_repeated_state_are_ignored(one: App) -> None:
    assert one.exchange(code(one), state=STATE, aud="x", launch="y").status_code == 200


@pytest.mark.parametrize(
    "name", ["code", "grant_type", "redirect_uri", "code_verifier", "client_id", "scope"]
)
def test_trap_a_parameter_that_stands_twice_is_refused(public: App, name: str) -> None:
    form = {
        "grant_type": "authorization_code", "code": "x", "redirect_uri": REDIRECT, "code_verifier": VERIFIER,
        "client_id": public.client.id, "scope": "x",
    }  # fmt: skip
    body = urlencode([*form.items(), (name, form[name])]).encode()
    answer = public.world.ask("POST", "/auth/token", token=None, content=body, headers=FORM)
    assert error(answer) == (400, "invalid_request")
    asked = public.question()
    twice = urlencode([*asked.items(), ("redirect_uri", "https://evil.example/")])
    page = public.world.ask("GET", f"/auth/authorize?{twice}", token=None)
    assert page.status_code == 400 and "location" not in page.headers


# ------------------------------------------------------------------------------------- codes and refreshes


def test_trap_code_consumption_of_many_redemptions_at_once_one_wins_and_then_the_family_is_dead(
    one: App,
) -> None:
    world, given, answers = one.world, code(one), list[tuple[int, str]]()
    proof = base64.b64encode(f"{one.client.id}:{one.secret}".encode()).decode()
    form = [
        ("grant_type", "authorization_code"), ("code", given), ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]  # fmt: skip

    def work() -> None:
        with Database.open(world.db.home, b"k" * 32, world.clock) as worker:
            endpoint = TokenEndpoint(worker, KeySource(None, world.clock), f"{BASE_URL}/auth/token")
            answer = asyncio.run(endpoint.answer(form, f"Basic {proof}"))
            answers.append((answer.status, answer.body))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [body for status, body in answers if status == 200]
    assert len(won) <= 1 and {status for status, _ in answers} <= {200, 400}
    for body in won:  # whoever won holds what a copy was shown for
        token = body.partition('"access_token": "')[2].partition('"')[0]
        assert not isinstance(authenticate(world.db, f"Bearer {token}", world.clock()), Bearer)


def test_trap_a_code_that_is_shown_again_ends_everything_that_came_of_it(one: App) -> None:
    given = code(one)
    one.said = one.exchange(given).json()
    assert one.get("Patient").status_code == 200
    assert error(one.exchange(given)) == (400, "invalid_grant")
    assert one.get("Patient").status_code == 401
    assert error(one.refresh()) == (400, "invalid_grant")


def test_trap_a_wrong_verifier_burns_the_code(one: App) -> None:
    for wrong in ("w" * 43, "", CHALLENGE, VERIFIER + "x"):
        given = code(one)
        assert error(one.exchange(given, code_verifier=wrong)) == (400, "invalid_grant")
        assert error(one.exchange(given)) == (400, "invalid_grant")
    assert one.exchange(code(one)).status_code == 200


def test_trap_a_code_is_of_one_client_and_a_stranger_cannot_burn_it(one: App) -> None:
    given, stranger = code(one), app(one.world, "public", organization="Stranger")
    assert error(stranger.exchange(given)) == (400, "invalid_grant")
    assert one.exchange(given).status_code == 200


def test_trap_a_code_lives_a_minute(one: App) -> None:
    given = code(one)
    one.world.clock.pass_seconds(CODE_LIFE / 1000)
    assert error(one.exchange(given)) == (400, "invalid_grant")


def test_trap_a_refresh_token_is_spent_at_its_use_and_a_copy_ends_the_family(one: App) -> None:
    one.launched()
    first = one.said["refresh_token"]
    assert one.refresh(first).status_code == 200
    newest = one.said["refresh_token"]
    assert newest != first and one.get("Patient").status_code == 200
    assert error(one.refresh(first)) == (400, "invalid_grant")
    assert one.get("Patient").status_code == 401
    assert error(one.refresh(newest)) == (400, "invalid_grant")


@requirement(103)
def test_trap_a_refresh_token_is_bound_to_its_client(one: App) -> None:
    one.launched()
    stranger = app(one.world, "public", organization="Stranger")
    assert error(stranger.refresh(one.said["refresh_token"])) == (400, "invalid_grant")
    assert one.refresh().status_code == 200


@requirement(104)
def test_trap_a_refresh_never_widens_and_a_refused_scope_spends_nothing(one: App) -> None:
    one.launched("launch/patient offline_access patient/Observation.rs")
    assert error(one.refresh(scope="patient/Patient.rs")) == (400, "invalid_scope")
    assert error(one.refresh(scope="system/*.rs user/*.rs")) == (400, "invalid_scope")
    narrow = one.refresh(scope="patient/Observation.r patient/Device.rs").json()
    assert narrow["scope"] == "patient/Observation.r"
    assert set(one.refresh().json()["scope"].split()) == {
        "launch/patient", "offline_access", "patient/Observation.rs",
    }  # fmt: skip


# ----------------------------------------------------------------------------------- addresses and pages

WRONG_ADDRESSES = [
    REDIRECT + "/", REDIRECT + "?x=1", REDIRECT + "#x", REDIRECT.upper(), "https://app.example/callback%2f",
    "https://app.example/./callback", "https://app.example:443/callback", "http://app.example/callback",
    "https://app.example.evil/callback", "https://app.example@evil.example/callback", "https://evil.example",
    "//evil.example", "javascript:alert(1)", "data:text/html,x", "", "/callback", "https://app.example/callback ",
    "https://app.example/callback\n", "\\\\evil.example", "https://app.example\\@evil.example/callback",
]  # fmt: skip


@pytest.mark.parametrize("address", WRONG_ADDRESSES)
@requirement(18)
def test_trap_redirect_uri_is_compared_character_for_character_and_else_nobody_is_sent_anywhere(
    one: App, address: str
) -> None:
    for method in ("GET", "POST"):
        answer = one.ask(method=method, redirect_uri=address)
        assert answer.status_code == 400 and "location" not in answer.headers
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "evil" not in answer.text and "script" not in answer.text


@pytest.mark.parametrize("changed", [{"client_id": "unknown"}, {"client_id": ""}, {"client_id": None},
                                     {"redirect_uri": None}])  # fmt: skip
def test_trap_an_unknown_client_is_a_page_for_the_person(one: App, changed: dict[str, Any]) -> None:
    answer = one.ask(**changed)
    assert answer.status_code == 400 and "location" not in answer.headers


def test_trap_a_backend_client_sends_nobody(world: World) -> None:
    asked = App(world, world.clinic).question(client_id=world.clinic.id)
    answer = world.ask("GET", "/auth/authorize", token=None, params=asked)
    assert answer.status_code == 400 and "location" not in answer.headers


def test_trap_the_redirect_address_is_said_again_for_the_code(one: App) -> None:
    other = app(one.world, redirect_uris=(REDIRECT, "https://app.example/second"))
    assert error(other.exchange(code(other), redirect_uri="https://app.example/second"))[0] == 400
    assert error(other.exchange(code(other), redirect_uri=""))[0] == 400
    assert error(one.exchange(code(one), redirect_uri=REDIRECT + "?"))[0] == 400


LATE_FAULTS = [
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code token"}, "unauthorized_client"),
    ({"response_type": "none"}, "unauthorized_client"),
    ({"response_type": None}, "invalid_request"),
    ({"scope": ""}, "invalid_scope"),
    ({"scope": "system/*.rs"}, "invalid_scope"),
    ({"scope": "patient/Observation.dus"}, "invalid_scope"),
    ({"scope": "patient/Foo.rs"}, "invalid_scope"),
    ({"scope": "launch/patient openid offline_access patient/Foo.rs patient/Condition.rs"}, "invalid_scope"),
    ({"scope": "patient/Observation.cud"}, "invalid_scope"),
    ({"scope": "openid fhirUser"}, "invalid_scope"),
    ({"scope": "patient/Patient.rs"}, "invalid_scope"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge": ""}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "s256"}, "invalid_request"),
    ({"state": None}, "invalid_request"),
    ({"state": ""}, "invalid_request"),
    ({"state": "é"}, "invalid_request"),
    ({"aud": None}, "invalid_request"),
    ({"aud": "https://evil.example/fhir"}, "invalid_request"),
    ({"aud": BASE_URL}, "invalid_request"),
    ({"resource": "https://evil.example/fhir"}, "invalid_request"),
    ({"launch": "unknown"}, "invalid_request"),
    ({"prompt": "none"}, "interaction_required"),
    ({"nonce": "\x00"}, "invalid_request"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "expected"), LATE_FAULTS, ids=lambda each: str(each)[:50])
def test_trap_open_redirect_a_later_fault_goes_back_to_the_registered_address(
    one: App, changed: dict[str, Any], expected: str
) -> None:
    answer = one.ask(**changed)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(REDIRECT + "?")
    told = back(answer.headers["location"])
    assert (told["error"], told["iss"]) == (expected, BASE_URL)
    sent = changed.get("state", STATE)
    assert told.get("state") == (sent if sent and sent.isascii() else None)
    assert "code" not in told and "error_uri" not in told


def test_trap_what_is_not_served_is_dropped_where_something_else_is(one: App) -> None:
    pending = one.pending("launch/patient patient/Foo.rs patient/Observation.rs patient/Condition.rs")
    assert str(pending.scopes) == "launch/patient patient/Observation.rs"


def test_trap_a_form_that_was_posted_is_gone_on_from_with_get(one: App) -> None:
    assert one.ask(method="POST").status_code == 303
    assert one.ask(method="PUT").status_code == 405
    asked = one.question()
    in_both = one.world.ask("POST", "/auth/authorize?client_id=x", token=None, data=asked)
    assert in_both.status_code == 400
    assert one.world.ask("POST", "/auth/authorize", token=None, json=asked).status_code == 400


def test_trap_mix_up_every_answer_names_its_issuer(one: App) -> None:
    assert one.approved(one.pending())["iss"] == BASE_URL
    assert one.declined(one.pending())["iss"] == BASE_URL
    assert back(one.ask(scope="").headers["location"])["iss"] == BASE_URL
    told = one.get(".well-known/smart-configuration") if one.said else one.world.get(
        ".well-known/smart-configuration", token=None
    )  # fmt: skip
    assert told.json()["issuer"] == BASE_URL
    assert told.json()["authorization_response_iss_parameter_supported"] is True


def test_trap_an_address_that_has_parameters_keeps_them(one: App) -> None:
    made = app(one.world, redirect_uris=("https://app.example/callback?tenant=a%26b",))
    came = made.approved(made.pending())
    assert (
        came["tenant"] == "a&b" and came["state"] == STATE and made.exchange(came["code"]).status_code == 200
    )


@pytest.mark.parametrize("state", ["s" * 16, "s" * 2048, "a b&c=d#e?f%20+/", '{"x": [1]}', "~!@$^*()<>"])
@requirement(59)
def test_trap_state_comes_back_exactly_and_sixteen_characters_suffice(one: App, state: str) -> None:
    assert one.approved(one.pending(state=state))["state"] == state
    assert one.declined(one.pending(state=state))["state"] == state


@requirement(338)
def test_trap_jwks_ssrf_only_the_registered_address_is_ever_asked(one: App) -> None:
    """The world's fetcher fails the test when it is called at all."""
    world, key = one.world, ec_pair()
    made = app(world, jwks=jwks(key.jwk()))
    stated = claims(made.client.id, f"{BASE_URL}/auth/token", world.clock())
    shown = signed(key, stated, jku="https://evil.example/jwks")
    prover = Prover(world.db, KeySource(NoNet(), world.clock), f"{BASE_URL}/auth/token")
    form = {
        "client_assertion": shown, "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    }  # fmt: skip
    assert prover.proven(asyncio.run(prover.claimed(form, None))) is None


def test_trap_clickjacking_and_referrer_headers_on_everything_that_a_browser_shows(one: App) -> None:
    for answer in (one.ask(), one.ask(client_id="unknown"), one.ask(method="PUT")):
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


# -------------------------------------------------------------------------------------- consent and clients


def test_trap_consent_swap_the_digest_is_of_the_whole_question(one: App) -> None:
    told = {one.pending(**changed).digest for changed in ({}, {"state": "another"}, {"scope": "patient/*.r"},
                                                           {"nonce": "n"})}  # fmt: skip
    assert len(told) == 4
    pending = one.pending()
    kept = load(one.world.db, pending.id, one.world.clock())
    assert kept is not None and kept.digest == pending.digest


def test_trap_consent_swap_a_question_is_answered_once_within_ten_minutes(one: App) -> None:
    world, pending = one.world, one.pending()
    one.approved(pending)
    with pytest.raises(NotApproved):
        approve(world.db, pending, "x", world.ada, one.grant, pending.scopes, world.clock())
    late = one.pending()
    world.clock.pass_seconds(LIFE / 1000)
    assert load(world.db, late.id, world.clock()) is None
    with pytest.raises(NotApproved):
        one.approved(late)
    assert load(world.db, "unknown", world.clock()) is None


def test_trap_token_storage_nothing_that_opens_anything_rests_or_is_logged(
    one: App, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pending = one.pending()
    given = one.approved(pending)["code"]
    one.said = one.exchange(given).json()
    one.refresh()
    secrets = [
        pending.id,
        given,
        one.secret or "",
        *(one.said[name] for name in ("access_token", "refresh_token")),
    ]
    one.refresh()
    files = b"".join(path.read_bytes() for path in Path(one.world.db.home).rglob("*") if path.is_file())
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("httpx"))
    for secret in secrets:
        assert len(secret) == 43
        assert secret.encode() not in files and secret not in ours


def test_trap_client_impersonation_the_recipient_comes_from_the_registry(one: App) -> None:
    token = one.launched()["access_token"]
    found = authenticate(one.world.db, f"Bearer {token}", one.world.clock())
    assert isinstance(found, Bearer)
    permit = found.permit
    assert isinstance(permit, RecipientPermit)
    assert (permit.client, permit.organization, permit.purpose) == (
        one.client.id,
        one.client.organization,
        "TREAT",
    )
    assert permit.patient == one.world.ada


@pytest.mark.parametrize("grant", ["password", "implicit", "urn:ietf:params:oauth:grant-type:device_code",
                                   "urn:ietf:params:oauth:grant-type:jwt-bearer", "none", "openid"])  # fmt: skip
def test_trap_rfc_9700_there_are_three_grants_and_no_other(one: App, grant: str) -> None:
    answer = one.post(grant_type=grant, username="x", password="x", scope="patient/*.rs")
    assert error(answer) == (400, "unsupported_grant_type")


def test_trap_a_grant_that_is_not_for_this_type_of_client(one: App, world: World) -> None:
    assert error(one.post(grant_type="client_credentials", scope="patient/*.rs")) == (
        400,
        "unauthorized_client",
    )


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic !", "Basic " + base64.b64encode(b"x").decode(), "Bearer x", "Digest x",
     "Basic " + base64.b64encode(b"\xff:\xff").decode()],
)  # fmt: skip
def test_trap_a_header_that_proves_nobody_is_invalid_client(one: App, header: str) -> None:
    form = {"grant_type": "authorization_code", "code": "x"}
    answer = one.world.ask("POST", "/auth/token", token=None, data=form, headers={"Authorization": header})
    assert error(answer) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic")


@requirement(344)
def test_trap_each_client_proves_itself_in_its_own_way_alone(one: App, public: App) -> None:
    world = one.world
    keyed = app(world, jwks=jwks(ec_pair().jwk()))
    asked = {"grant_type": "authorization_code", "code": "x"}

    def said(form: dict[str, str], header: str | None = None) -> tuple[int, str]:
        headers = {"Authorization": header} if header else {}
        return error(world.ask("POST", "/auth/token", token=None, data=asked | form, headers=headers))

    basic = base64.b64encode(f"{one.client.id}:{one.secret}".encode()).decode()
    wrong = base64.b64encode(f"{one.client.id}:wrong".encode()).decode()
    secret = {"client_id": one.client.id, "client_secret": one.secret or ""}
    stated = claims(keyed.client.id, f"{BASE_URL}/auth/token", world.clock())
    assertion = {
        "client_assertion": signed(ec_pair(), stated),
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    outside, inside = (401, "invalid_client"), (400, "invalid_grant")
    assert said({}, f"Basic {basic}") == inside and said(secret) == inside
    assert said({"client_id": public.client.id}) == inside
    assert said(assertion) == inside
    assert said({"client_id": one.client.id}) == outside
    assert said({}, f"Basic {wrong}") == outside
    assert said(secret, f"Basic {basic}") == outside  # two proofs at once
    assert said({"client_id": public.client.id}, f"Basic {basic}") == outside
    assert said({"client_id": public.client.id, "client_secret": "guess"}) == outside
    assert said({"client_id": keyed.client.id}) == outside
    assert said({"client_id": keyed.client.id, "client_secret": "x"}) == outside
    assert (
        said({"client_id": world.clinic.id, "grant_type": "client_credentials", "scope": "system/*.rs"})
        == outside
    )
    assert said({"client_id": one.client.id, "client_secret": digest(one.secret or "").hex()}) == outside


def test_trap_a_secret_with_odd_characters_travels_form_encoded_in_the_header(one: App) -> None:
    basic = base64.b64encode(f"{quote(one.client.id)}:{quote(one.secret or '', safe='')}".encode()).decode()
    form = {"grant_type": "authorization_code", "code": "x"}
    sent = {"Authorization": f"basic {basic}"}
    assert error(one.world.ask("POST", "/auth/token", token=None, data=form, headers=sent))[0] == 400


def test_trap_revoking_one_token_ends_its_siblings_and_nothing_of_others(one: App) -> None:
    world, other = one.world, app(one.world, organization=one.client.organization)
    one.launched()
    other.launched()
    for token in (other.said["access_token"], other.said["refresh_token"], "unknown"):
        assert one.post("/auth/revoke", token=token).status_code == 200
    assert other.get("Patient").status_code == 200 and other.refresh().status_code == 200
    for which in ("access_token", "refresh_token"):
        one.launched()
        answer = one.post("/auth/revoke", token=one.said[which], token_type_hint="nonsense")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert one.get("Patient").status_code == 401
        assert error(one.refresh()) == (400, "invalid_grant")
    system = world.token()
    assert one.post("/auth/revoke", token=system).status_code == 200
    assert bridge.store.tokens.find(world.db, digest(system), world.clock()) is not None


def test_trap_what_waits_of_one_client_has_an_end(one: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.smart.authorize.MOST_WAITING", 3)
    for _ in range(3):
        one.pending()
    told = back(one.ask().headers["location"])
    assert told["error"] == "temporarily_unavailable"
    one.world.clock.pass_seconds(LIFE / 1000)
    assert one.pending().scopes == parse(SCOPE)


def test_trap_cors_only_origins_of_registered_addresses_read_tokens_and_data(one: App) -> None:
    world = one.world
    one.launched()
    stranger = app(world, "public", organization="Stranger", redirect_uris=("http://127.0.0.1:9/cb",))
    ours, theirs, nobody = "https://app.example", "http://127.0.0.1:9", "https://evil.example"
    ask = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    for origin, path, allowed in (
        (ours, "/fhir/Observation", True), (theirs, "/fhir/nowhere", True), (nobody, "/fhir/Observation", False),
        (ours, "/auth/token", True), (nobody, "/auth/token", False), ("null", "/auth/token", False),
    ):  # fmt: skip
        answer = world.ask("OPTIONS", path, token=None, headers={"Origin": origin, **ask})
        assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None), (
            origin,
            path,
        )
        assert "access-control-allow-credentials" not in answer.headers
    for origin, allowed in ((ours, True), (theirs, False), (nobody, False)):
        answer = one.get("Observation?_count=1", headers={"Origin": origin})
        assert answer.status_code == 200 and resources(answer.json())
        assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert "Origin" in answer.headers["vary"]
    refused = stranger.post(grant_type="authorization_code", code="x")
    assert refused.status_code == 400


def test_trap_no_grant_left_open_by_a_clock_that_goes_back(one: App) -> None:
    world = one.world
    one.launched(ends=world.clock() + 20 * DAY)
    grants.revoke(world.db, one.grant)
    world.clock.now -= 3_600_000
    assert one.get("Patient").status_code == 401
    world.clock.now += 3_600_000
