"""Discovery and tokens over HTTP, as a client library meets them."""

from __future__ import annotations

import dataclasses

import pytest
from starlette.routing import Route

import bridge.store.clients
from bridge.reading import Stream
from bridge.smart.narrowed import TYPES
from tests.smart.requirements import requirement
from tests.smart.signing import claims, ec_pair, form, signed
from tests.web.world import BASE_URL, WINDOW, World, outcome, resources

TOKEN_URL = f"{BASE_URL}/auth/token"


def good(world: World, **more: str) -> dict[str, str]:
    assertion = signed(ec_pair(), claims(world.clinic.id, TOKEN_URL, world.clock()))
    return form(assertion, "system/Observation.rs", **more)


@pytest.mark.parametrize("accept", ["*/*", "application/fhir+json", "application/fhir+xml", "text/html"])
@requirement(374, 377, 380)
def test_discovery_is_json_whatever_is_accepted_and_open_to_every_origin(world: World, accept: str) -> None:
    answer = world.get(
        ".well-known/smart-configuration",
        token=None,
        headers={"Accept": accept, "Origin": "https://x.example"},
    )
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json()["token_endpoint"] == TOKEN_URL


@requirement(228, 285, 286, 287, 288, 289)
def test_discovery_promises_what_is_there_and_nothing_else(world: World) -> None:
    told = world.get(".well-known/smart-configuration", token=None).json()
    assert told["grant_types_supported"] == ["authorization_code", "client_credentials"]
    assert told["token_endpoint_auth_methods_supported"] == [
        "none", "client_secret_basic", "client_secret_post", "private_key_jwt",
    ]  # fmt: skip
    assert told["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert "client-confidential-asymmetric" in told["capabilities"]
    served = {each.path for each in world.app.routes if isinstance(each, Route)}
    for name in told:
        if name.endswith("_endpoint") and name != "management_endpoint":
            assert told[name].removeprefix(BASE_URL) in served, name
    assert told["user_access_brand_bundle"].removeprefix(BASE_URL) in served
    for absent in ("registration_endpoint", "smart_app_state_endpoint", "associated_endpoints"):
        assert absent not in told
    everything = [scope for scope in told["scopes_supported"] if scope.startswith("system/")]
    program = world.register("Program", "Clinic", " ".join(everything))
    assert all(world.token(program, scope) for scope in everything)


def test_discovery_answers_head_options_and_nothing_more(world: World) -> None:
    path = "/fhir/.well-known/smart-configuration"
    head = world.ask("HEAD", path, token=None)
    assert (head.status_code, head.content) == (200, b"")
    assert world.ask("OPTIONS", path, token=None).status_code == 204
    assert world.ask("POST", path, token=None).status_code == 405


@requirement(142)
def test_a_token_opens_the_door_for_what_is_granted(world: World) -> None:
    world.grant()
    answer = world.ask("POST", "/auth/token", token=None, data=good(world))
    assert answer.status_code == 200
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert answer.headers["content-type"] == "application/json"
    token = answer.json()["access_token"]
    path = f"Observation?patient={world.patient_id(world.ada)}&_count=2"
    assert len(resources(world.get(path, token=token).json())) == 2
    world.clock.pass_seconds(300)
    late = world.get(path, token=token)
    assert late.status_code == 401
    assert late.headers["www-authenticate"] == 'Bearer realm="fhir", error="invalid_token"'
    assert outcome(late)["issue"][0]["code"] == "login"


def test_a_removed_client_is_out_at_once(world: World) -> None:
    world.grant()
    token = world.token()
    path = f"Patient/{world.patient_id(world.ada)}"
    assert world.get(path, token=token).status_code == 200
    bridge.store.clients.remove(world.db, world.clinic.id)
    assert world.get(path, token=token).status_code == 401


def test_a_wrong_assertion_learns_only_that(world: World) -> None:
    answer = world.ask("POST", "/auth/token", token=None, data=good(world) | {"client_assertion": "x"})
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert answer.headers["cache-control"] == "no-store"


def test_a_type_that_is_not_served_is_no_scope_of_a_token(world: World) -> None:
    assert world.clinic.scopes == "system/*.rs"
    told = world.ask("POST", "/auth/token", token=None, data=good(world) | {"scope": "system/Foo.rs"})
    assert (told.status_code, told.json()["error"]) == (400, "invalid_scope")
    some = world.ask(
        "POST", "/auth/token", token=None, data=good(world) | {"scope": "system/Foo.rs system/Patient.rs"}
    )
    assert some.json()["scope"] == "system/Patient.rs"


def test_the_token_endpoint_takes_a_form_by_post_and_nothing_else(world: World) -> None:
    params = good(world)
    assert world.ask("GET", "/auth/token", token=None, params=params).status_code == 405
    assert world.ask("GET", "/auth/token", token=None).headers["allow"] == "POST"
    in_url = world.ask("POST", "/auth/token", token=None, params=params)
    assert (in_url.status_code, in_url.json()["error"]) == (400, "invalid_request")
    as_json = world.ask("POST", "/auth/token", token=None, json=params)
    assert (as_json.status_code, as_json.json()["error"]) == (400, "invalid_request")
    long = world.ask("POST", "/auth/token", token=None, data=params | {"scope": "x" * 70_000})
    assert (long.status_code, long.json()["error"]) == (413, "invalid_request")
    bad = world.ask(
        "POST", "/auth/token", token=None, content=b"scope=%FF",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert (bad.status_code, bad.json()["error"]) == (400, "invalid_request")
    assert world.ask("POST", "/auth/token", token=None, data=params).status_code == 200


def test_a_token_is_taken_from_the_header_alone(world: World) -> None:
    world.grant()
    token = world.token()
    path = f"/fhir/Patient/{world.patient_id(world.ada)}"
    assert world.ask("GET", f"{path}?access_token={token}", token=None).status_code == 401
    posted = world.ask("POST", "/fhir/Observation/_search", token=None, data={"access_token": token})
    assert posted.status_code == 401
    for scheme in ("Basic", "Token", "DPoP"):
        answer = world.ask("GET", path, token=None, headers={"Authorization": f"{scheme} {token}"})
        assert answer.status_code == 401
    twice = [("Authorization", f"Bearer {token}"), ("Authorization", "Bearer x")]
    answer = world.runner.run(world.web.get(path, headers=twice))
    assert answer.status_code == 400
    assert world.ask("GET", path, token=token).status_code == 200


@pytest.mark.parametrize(
    ("scope", "path", "status"),
    [
        ("system/Observation.rs", "Observation?patient={ada}", 200),
        ("system/Observation.s", "Observation?patient={ada}", 200),
        ("system/Observation.r", "Observation?patient={ada}", 403),
        ("system/Observation.s", "Observation/{shown}", 403),
        ("system/Observation.r", "Observation/{shown}", 200),
        ("system/Observation.r", "Observation/{shown}/_history", 200),
        ("system/Observation.s", "Observation/{shown}/_history", 403),
        ("system/Observation.read", "Device?patient={ada}", 403),
        ("system/Device.read", "Device?patient={ada}", 200),
        ("system/Device.read", "Patient/{ada}", 403),
        ("system/*.read", "Patient/{ada}", 200),
        ("system/Observation.rs", "Observation?patient={ada}&_include=Observation:device", 403),
        (
            "system/Observation.rs system/Device.rs",
            "Observation?patient={ada}&_include=Observation:device",
            200,
        ),
        ("system/Observation.rs", "Observation?patient={ada}&_revinclude=Provenance:target", 403),
        ("system/*.rs", "Observation?patient={ada}&_revinclude=Provenance:target", 200),
        ("system/Device.rs", "Observation?patient=nobody", 403),
        ("system/Device.rs", "Observation/nothing", 403),
        ("system/Device.rs", "Observation?patient=a,b&broken", 403),
    ],
)
@requirement(266)
def test_403_is_decided_by_the_scopes_alone(granted: World, scope: str, path: str, status: int) -> None:
    shown = granted.observation_id(granted.shown()[3])
    real = path.replace("{ada}", granted.patient_id(granted.ada)).replace("{shown}", shown)
    answer = granted.get(real, token=granted.token(scope=scope))
    assert answer.status_code == status
    if status == 403:
        assert outcome(answer)["issue"][0]["code"] == "forbidden"
        assert answer.headers["www-authenticate"] == 'Bearer realm="fhir", error="insufficient_scope"'


@requirement(241)
def test_a_granular_scope_is_a_fence_around_search_and_read(granted: World) -> None:
    mine = f"Observation?patient={granted.patient_id(granted.ada)}"
    sensor, strip = granted.shown()[3], granted.shown(Stream.CAPILLARY)[0]
    token = granted.token(scope="system/Observation.rs?code=http://loinc.org|99504-3")
    found = granted.search(mine, token=token)
    assert len(found) == len(granted.shown())
    assert {each["code"]["coding"][0]["code"] for each in found} == {"99504-3"}
    assert granted.get(f"Observation/{granted.observation_id(sensor)}", token=token).status_code == 200
    outside = granted.get(f"Observation/{granted.observation_id(strip)}", token=token)
    absent = granted.get("Observation/nothing", token=token)
    assert (outside.status_code, outside.content) == (404, absent.content)
    everything = granted.token(scope="system/Observation.rs")
    assert granted.get(f"Observation/{granted.observation_id(strip)}", token=everything).status_code == 200
    none = granted.token(scope="system/Observation.rs?category=http://example.org|none")
    assert granted.search(mine, token=none) == []


def test_one_organisations_two_programs_share_its_grant_and_another_purpose_does_not(world: World) -> None:
    world.grant()
    second = world.register("Clinic Portal", "Clinic")
    research = dataclasses.replace(second, id="research-1", purpose="HRESCH")
    bridge.store.clients.add(world.db, research)
    path = f"Observation?patient={world.patient_id(world.ada)}&_count=2"
    assert len(resources(world.get(path, token=world.token(second)).json())) == 2
    assert resources(world.get(path, token=world.token(research)).json()) == []
    assert WINDOW.start < world.clock()


READ_ALONE = {"Binary"}
"""Types that nobody searches."""


@requirement(144)
def test_a_wildcard_opens_every_type_that_is_served(granted: World) -> None:
    every, one = granted.token(scope="system/*.rs"), granted.token(scope="system/Patient.rs")
    for kind in TYPES:
        assert granted.get(f"{kind}?_count=1", token=every).status_code != 403, kind
        found = granted.get(f"{kind}?_count=1", token=one).status_code
        assert found == (404 if kind in READ_ALONE else 403) or kind == "Patient", kind
