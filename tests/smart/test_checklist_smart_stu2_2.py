"""The rows of Inferno's suite smart_stu2_2 that a server of our types meets, one test each, named by its test's id.

TLS (`*_tls`) is the reverse proxy's: the bridge speaks plain HTTP behind it and says so in its documents.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from bridge.smart.launching import launched
from tests.smart.launched import ORIGIN, SCOPE, STATE, App, app, back
from tests.smart.requirements import requirement
from tests.smart.signing import claims, ec_pair, form, jwks, rsa_pair, signed
from tests.web.world import BASE_URL, FHIR, World

SMART_CAPABILITIES: Final = frozenset(
    "launch-ehr launch-standalone authorize-post client-public client-confidential-symmetric "
    "client-confidential-asymmetric sso-openid-connect context-banner context-style context-ehr-patient "
    "context-ehr-encounter context-standalone-patient context-standalone-encounter permission-offline "
    "permission-online permission-patient permission-user permission-v1 permission-v2 smart-app-state".split()
)
URL: Final = f"{BASE_URL}/auth/token"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("stu2_2") / "home")
    yield made
    made.close()


@pytest.fixture
def asymmetric(world: World) -> App:
    return app(world, jwks=jwks(rsa_pair().jwk(), ec_pair().jwk()))


def configuration(world: World, **headers: str) -> Any:
    return world.get(".well-known/smart-configuration", token=None, headers=headers)


def proof(one: App, pair: Any, **changed: Any) -> dict[str, str]:
    """An app's signed statement as form parameters."""
    text = signed(pair, claims(one.client.id, URL, one.world.clock(), **changed))
    return {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": text,
        "client_id": one.client.id,
    }


def identity(one: App, said: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of an id_token, verified by the published keys."""
    keys = one.world.ask("GET", "/auth/jwks.json", token=None).json()
    found = jwt.decode(said["id_token"], KeySet.import_key_set(keys), algorithms=["RS256"])
    return found.header, found.claims


# ---------------------------------------------------------------------------------------- discovery


@requirement(30, 372)
def test_well_known_endpoint(world: World) -> None:
    answer = configuration(world)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/json")
    assert isinstance(answer.json(), dict)


@requirement(14, 373, 378, 381, 382, 383, 384, 385, 393, 394)
def test_well_known_capabilities_stu2(world: World) -> None:
    told = configuration(world).json()
    for name in ("authorization_endpoint", "token_endpoint", "issuer", "jwks_uri"):
        assert isinstance(told[name], str) and told[name].startswith("http")
    for name in ("capabilities", "grant_types_supported", "code_challenge_methods_supported"):
        assert isinstance(told[name], list) and all(isinstance(each, str) for each in told[name])
    for name in told:
        if name.endswith(("_endpoint", "_uri", "_bundle")):
            assert told[name].startswith(BASE_URL + "/"), name
    assert "authorization_code" in told["grant_types_supported"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert "sso-openid-connect" in told["capabilities"]
    assert set(told["capabilities"]) <= SMART_CAPABILITIES


@requirement(348, 349)
def test_well_known_every_capability_set_of_patient_access_is_whole(world: World) -> None:
    told = set(configuration(world).json()["capabilities"])
    assert {"launch-standalone", "client-public", "context-standalone-patient", "permission-patient"} <= told
    assert {
        "launch-ehr",
        "client-confidential-symmetric",
        "context-ehr-patient",
        "permission-patient",
    } <= told
    assert (
        not {"context-ehr-encounter", "context-standalone-encounter", "context-style", "smart-app-state"}
        & told
    )


@requirement(16)
def test_smart_cors_well_known_endpoint(world: World) -> None:
    assert configuration(world, Origin=ORIGIN).headers["access-control-allow-origin"] in ("*", ORIGIN)


def test_smart_cors_metadata_request(world: World) -> None:
    answer = world.get("metadata", token=None, headers={"Origin": ORIGIN})
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]


def test_oauth_uris_stand_in_the_capability_statement_for_older_clients(world: World) -> None:
    (security,) = [rest["security"] for rest in world.get("metadata", token=None).json()["rest"]]
    (extension,) = security["extension"]
    assert extension["url"] == "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
    told = {each["url"]: each["valueUri"] for each in extension["extension"]}
    known = configuration(world).json()
    assert told["authorize"] == known["authorization_endpoint"] and told["token"] == known["token_endpoint"]
    assert told["manage"] == known["management_endpoint"]
    assert set(told) <= {"authorize", "token", "register", "manage"}, "the extension defines no other"


# --------------------------------------------------------------------------------- standalone launch


@pytest.mark.parametrize("method", ["GET", "POST"])
@requirement(48, 49, 354)
def test_smart_app_redirect_stu2(one: App, method: str) -> None:
    answer = one.ask(method=method)
    assert answer.status_code == 303 and answer.headers["location"].startswith(f"{BASE_URL}/consent/")
    assert one.approved(one.pending())["state"] == STATE


@requirement(53, 56, 57)
def test_smart_code_received(one: App) -> None:
    came = one.approved(one.pending())
    assert came["code"] and "error" not in came


@pytest.mark.parametrize("how", ["public", "basic", "post", "RS384", "ES384"])
@requirement(297, 310, 353, 355, 356, 357)
def test_smart_token_exchange_stu2_2(world: World, one: App, public: App, asymmetric: App, how: str) -> None:
    who = {"public": public, "basic": one, "post": one}.get(how, asymmetric)
    who.is_basic = how != "post"
    signs = {"RS384": rsa_pair(), "ES384": ec_pair()}
    code = who.approved(who.pending())["code"]
    answer = who.exchange(code, **(proof(who, signs[how]) if how in signs else {}))
    assert answer.status_code == 200, answer.text


@requirement(73, 74, 75, 78, 84, 85, 88)
def test_smart_token_response_body_stu2_2(one: App) -> None:
    said = one.launched()
    assert isinstance(said["access_token"], str) and said["token_type"].lower() == "bearer"
    assert isinstance(said["expires_in"], int) and isinstance(said["scope"], str)
    assert set(said["scope"].split()) == set(SCOPE.split())
    assert "fhirContext" not in said


@requirement(86, 87)
def test_smart_token_response_headers(one: App) -> None:
    answer = one.exchange(one.approved(one.pending())["code"])
    assert answer.headers["cache-control"] == "no-store" and answer.headers["pragma"] == "no-cache"


@requirement(17)
def test_smart_cors_token_exchange(public: App) -> None:
    code = public.approved(public.pending())["code"]
    form = public.question() | {"grant_type": "authorization_code", "code": code}
    form |= {"code_verifier": "v" * 43 + "-Verifier_1"}
    answer = public.world.ask("POST", "/auth/token", token=None, data=form, headers={"Origin": ORIGIN})
    assert answer.status_code == 200 and answer.headers["access-control-allow-origin"] == ORIGIN


# ---------------------------------------------------------------------------------------- EHR launch


def test_smart_app_launch(one: App) -> None:
    address = launched(one.world.db, one.client, one.world.ada, FHIR, one.world.clock())
    assert address.startswith("https://app.example/launch?")
    assert back(address)["iss"] == FHIR


@requirement(352, 361)
def test_smart_launch_received(one: App) -> None:
    brought = back(launched(one.world.db, one.client, one.world.ada, FHIR, one.world.clock()))
    assert len(brought["launch"]) == 43
    said = one.exchange(
        one.approved(one.pending("launch openid patient/*.rs", launch=brought["launch"]))["code"]
    )
    assert said.json()["patient"] == one.world.patient_id(one.world.ada)


# ------------------------------------------------------------------------------------ OpenID Connect


@requirement(210)
def test_smart_openid_decode_id_token(one: App) -> None:
    parts = one.launched()["id_token"].split(".")
    assert len(parts) == 3 and json.loads(base64.urlsafe_b64decode(parts[0] + "=="))["alg"] == "RS256"


@pytest.mark.parametrize("place", ["issuer", "fhir"])
def test_smart_openid_retrieve_configuration(one: App, place: str) -> None:
    base = identity(one, one.launched())[1]["iss"] if place == "issuer" else FHIR
    answer = one.world.ask("GET", f"{base}/.well-known/openid-configuration", token=None)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/json")
    assert answer.json()["issuer"] == BASE_URL


def test_smart_openid_required_fields(one: App) -> None:
    told = one.world.ask("GET", "/.well-known/openid-configuration", token=None).json()
    known = configuration(one.world).json()
    for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"):
        assert told[name] == known[name]
    assert told["response_types_supported"] == ["code"] and told["subject_types_supported"] == ["pairwise"]
    assert told["id_token_signing_alg_values_supported"] == ["RS256"]


@requirement(207)
def test_smart_openid_retrieve_jwks(one: App) -> None:
    answer = one.world.ask("GET", "/auth/jwks.json", token=None, headers={"Origin": "https://any.example"})
    keys = answer.json()["keys"]
    assert answer.headers["access-control-allow-origin"] == "*" and keys
    for key in keys:
        assert key["kty"] == "RSA" and key["use"] == "sig" and key["alg"] == "RS256" and key["kid"]
        assert set(key) <= {"kty", "use", "alg", "kid", "n", "e"}


def test_smart_openid_token_header(one: App) -> None:
    header, _ = identity(one, one.launched())
    assert header["alg"] == "RS256" and header["kid"]


@requirement(200, 205, 358)
def test_smart_openid_token_payload(one: App) -> None:
    pending = one.pending(nonce="n-0S6_WzA2Mj")
    _, told = identity(one, one.exchange(one.approved(pending)["code"]).json())
    now = one.world.clock() // 1000
    assert (told["iss"], told["aud"], told["nonce"]) == (BASE_URL, one.client.id, "n-0S6_WzA2Mj")
    assert told["iat"] == now and now < told["exp"] <= now + 3600
    assert 0 < len(told["sub"]) < 256 and told["sub"] != "account-of-ada"
    again = identity(one, one.launched())[1]
    other = app(one.world)
    assert again["sub"] == told["sub"] != identity(other, other.launched())[1]["sub"]
    assert "nonce" not in again


@requirement(198, 209)
def test_smart_openid_fhir_user_claim(one: App) -> None:
    said = one.launched()
    user = identity(one, said)[1]["fhirUser"]
    assert user == f"{FHIR}/Patient/{said['patient']}"
    assert one.get(user.removeprefix(BASE_URL)).json()["resourceType"] == "Patient"


def test_smart_openid_fhir_user_cors(public: App) -> None:
    said = public.launched()
    answer = public.get(f"Patient/{said['patient']}", headers={"Origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_smart_openid_no_id_token_where_nobody_asked_for_one(one: App) -> None:
    assert "id_token" not in one.launched("launch/patient fhirUser patient/*.rs")


# ------------------------------------------------------------------------------------------- refresh


@pytest.mark.parametrize("scoped", [False, True])
@requirement(109, 110, 111, 112, 113, 114)
def test_smart_token_refresh_stu2(one: App, scoped: bool) -> None:
    old = one.launched()
    answer = one.refresh(**({"scope": old["scope"]} if scoped else {}))
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    said = answer.json()
    assert said["access_token"] != old["access_token"] and said["token_type"].lower() == "bearer"
    assert isinstance(said["expires_in"], int) and set(said["scope"].split()) == set(old["scope"].split())
    assert said["refresh_token"] != old["refresh_token"]
    assert answer.headers["cache-control"] == "no-store" and answer.headers["pragma"] == "no-cache"


def test_smart_token_refresh_of_a_public_app_needs_no_client_id_and_of_another_needs_its_proof(
    public: App, one: App, asymmetric: App
) -> None:
    asymmetric.said = asymmetric.exchange(
        asymmetric.approved(asymmetric.pending())["code"], **proof(asymmetric, ec_pair())
    ).json()
    for who, status in ((public, 200), (one, 401), (asymmetric, 401)):
        said = who.said or who.launched()
        form = {"grant_type": "refresh_token", "refresh_token": said["refresh_token"]}
        answer = who.world.ask("POST", "/auth/token", token=None, data=form)
        assert answer.status_code == status, answer.text


def test_smart_token_refresh_asymmetric(asymmetric: App) -> None:
    code = asymmetric.approved(asymmetric.pending())["code"]
    said = asymmetric.exchange(code, **proof(asymmetric, ec_pair())).json()
    answer = asymmetric.refresh(said["refresh_token"], **proof(asymmetric, rsa_pair()))
    assert answer.status_code == 200 and answer.json()["patient"] == said["patient"]


# ------------------------------------------------------------------------------------- introspection


@requirement(271, 272, 273, 274, 275, 276, 277, 278, 279)
def test_smart_token_introspection_active(one: App) -> None:
    said = one.launched()
    told = one.introspect(said["access_token"])
    _, user = identity(one, said)
    assert told["active"] is True and told["client_id"] == one.client.id
    assert set(told["scope"].split()) == set(said["scope"].split())
    assert told["exp"] == one.world.clock() // 1000 + said["expires_in"]
    assert (told["patient"], told["need_patient_banner"]) == (said["patient"], True)
    assert (told["iss"], told["sub"], told["fhirUser"]) == (user["iss"], user["sub"], user["fhirUser"])


@pytest.mark.parametrize("token", ["invalid", "x" * 43, "é", "\x00"])
def test_smart_token_introspection_invalid(one: App, token: str) -> None:
    assert one.introspect(token) == {"active": False}


@requirement(282, 283)
def test_smart_token_introspection_by_a_bearer_of_any_client(one: App) -> None:
    world, said, other = one.world, one.launched(), app(one.world)
    for bearer in (world.token(), other.launched()["access_token"]):
        answer = world.ask("POST", "/auth/introspect", token=bearer, data={"token": said["access_token"]})
        assert answer.json()["client_id"] == one.client.id and answer.headers["cache-control"] == "no-store"
    for nobody in ("x" * 43, "x"):
        answer = world.ask("POST", "/auth/introspect", token=nobody, data={"token": said["access_token"]})
        assert answer.status_code == 401 and "active" not in answer.text


def test_smart_token_introspection_is_no_oracle_for_whoever_proves_nothing(one: App, public: App) -> None:
    token = one.launched()["access_token"]
    for more in ({}, {"client_id": public.client.id}, {"client_id": one.client.id, "client_secret": "guess"}):
        answer = one.world.ask("POST", "/auth/introspect", token=None, data={"token": token} | more)
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


def test_smart_token_introspection_of_a_system_token(one: App) -> None:
    told = one.introspect(one.world.token(scope="system/Observation.rs"))
    assert (told["active"], told["client_id"], told["scope"]) == (
        True,
        one.world.clinic.id,
        "system/Observation.rs",
    )
    assert "patient" not in told and "sub" not in told


# ------------------------------------------------------------------------------------ backend services


def backend(world: World, **changed: str) -> Any:
    assertion = signed(ec_pair(), claims(world.clinic.id, URL, world.clock()))
    return world.ask("POST", "/auth/token", token=None, data=form(assertion, "system/*.rs", **changed))


def test_backend_services_invalid_grant_type(world: World) -> None:
    answer = backend(world, grant_type="not_a_grant_type")
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_backend_services_invalid_client_assertion(world: World) -> None:
    answer = backend(world, client_assertion_type="not_an_assertion_type")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_backend_services_invalid_jwt(world: World) -> None:
    """A bad signature too: Inferno's own test of that name sends a bad type."""
    stranger = signed(ec_pair("stranger"), claims(world.clinic.id, URL, world.clock()), kid="e1")
    for text in ("x.y.z", stranger):
        assert backend(world, client_assertion=text).status_code == 401


def test_backend_services_success(world: World) -> None:
    assert backend(world).status_code == 200


@requirement(253, 254, 255, 256, 258)
def test_backend_services_response_body(world: World) -> None:
    said = backend(world).json()
    assert said["access_token"] and said["token_type"].lower() == "bearer"
    assert isinstance(said["expires_in"], int) and said["expires_in"] <= 300 and said["scope"]
    assert "refresh_token" not in said and "patient" not in said


# ----------------------------------------------------------------------------------------- brands


@requirement(400, 423)
def test_smart_access_brands_retrieve_bundle(world: World) -> None:
    address = configuration(world).json()["user_access_brand_bundle"]
    answer = world.ask("GET", address, token=None, headers={"Origin": "https://any.example"})
    assert answer.status_code == 200 and answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["etag"].startswith('W/"')
    again = world.ask("GET", address, token=None, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@requirement(410, 412, 430, 431, 432)
def test_smart_access_brands_identifier_is_that_of_one_brand_alone(world: World) -> None:
    told = configuration(world).json()
    bundle = world.ask("GET", told["user_access_brand_bundle"], token=None).json()
    brands = [each["resource"] for each in bundle["entry"] if "name" in each["resource"]]
    named = [each for brand in brands for each in brand.get("identifier", [])]
    primary = told["user_access_brand_identifier"]
    assert named.count(primary) == 1 and primary["system"] and primary["value"]


@requirement(396, 398, 405, 417, 418)
def test_smart_access_brands_bundle_endpoints_and_brands_are_valid(world: World) -> None:
    bundle = world.ask("GET", configuration(world).json()["user_access_brand_bundle"], token=None).json()
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "collection") and bundle["timestamp"]
    assert "data-absent-reason" not in json.dumps(bundle)
    found = {each["resource"]["resourceType"]: each["resource"] for each in bundle["entry"]}
    brand, endpoint = found["Organization"], found["Endpoint"]
    assert brand["name"] and brand["identifier"][0] == {"system": "urn:ietf:rfc:3986", "value": BASE_URL}
    assert brand["endpoint"] == [{"reference": f"Endpoint/{endpoint['id']}"}]
    assert endpoint["address"] == FHIR and endpoint["status"] == "active" and endpoint["contact"]
    assert endpoint["connectionType"]["code"] == "hl7-fhir-rest"
    assert endpoint["extension"][0]["valueCode"] == "4.0.1"
