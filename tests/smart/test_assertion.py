"""The assertion, rule by rule: a table of what is refused, and the twin that gets in."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.smart.assertion import Flaw, Proof, Statement, read, verify
from bridge.smart.jwks import KeySet
from bridge.smart.jwks import read as read_keys
from tests.smart.requirements import requirement
from tests.smart.signing import Pair, claims, ec_pair, jwks, rsa_pair, signed

NOW = 1_790_000_000_000
URL = "https://bridge.example/auth/token"
CLIENT = "client-1"
JKU = "https://ehr.example/jwks"


def keys(*more: dict[str, Any]) -> KeySet:
    return read_keys(jwks(rsa_pair().jwk(), ec_pair().jwk(), *more))


def judged(text: str, found: KeySet | None = None, url: str | None = JKU) -> Proof | Flaw:
    statement = read(text)
    if isinstance(statement, Flaw):
        return statement
    return verify(statement, found or keys(), url, URL, NOW)


def good(pair: Pair, **more: Any) -> str:
    return signed(pair, claims(CLIENT, URL, NOW, **more))


@pytest.mark.parametrize("pair", [rsa_pair(), ec_pair()], ids=["RS384", "ES384"])
def test_a_good_assertion_is_a_proof(pair: Pair) -> None:
    proof = judged(good(pair))
    assert isinstance(proof, Proof)
    assert proof.expires == NOW + 240_000
    assert isinstance(judged(good(pair, exp=NOW // 1000 + 300)), Proof)
    assert isinstance(judged(good(pair, aud=[URL])), Proof)
    assert isinstance(judged(good(pair, nbf=NOW // 1000, iat=NOW // 1000)), Proof)


CLAIMS = [
    (Flaw.AUDIENCE, {"aud": URL + "/"}),
    (Flaw.AUDIENCE, {"aud": "https://bridge.example"}),
    (Flaw.AUDIENCE, {"aud": "https://bridge.example/fhir"}),
    (Flaw.AUDIENCE, {"aud": "HTTPS://bridge.example/auth/token"}),
    (Flaw.AUDIENCE, {"aud": [URL, "https://other.example/token"]}),
    (Flaw.AUDIENCE, {"aud": []}),
    (Flaw.AUDIENCE, {"aud": None}),
    (Flaw.AUDIENCE, {"aud": {"url": URL}}),
    (Flaw.LIFE, {"exp": NOW // 1000}),
    (Flaw.LIFE, {"exp": NOW // 1000 - 1}),
    (Flaw.LIFE, {"exp": NOW // 1000 + 301}),
    (Flaw.LIFE, {"exp": NOW // 1000 + 600}),
    (Flaw.LIFE, {"exp": None}),
    (Flaw.LIFE, {"exp": str(NOW // 1000 + 60)}),
    (Flaw.LIFE, {"exp": True}),
    (Flaw.LIFE, {"exp": float("nan")}),
    (Flaw.LIFE, {"exp": 1e400}),
    (Flaw.LIFE, {"exp": 10**30}),
    (Flaw.LIFE, {"nbf": NOW // 1000 + 30}),
    (Flaw.LIFE, {"nbf": "now"}),
    (Flaw.JTI, {"jti": None}),
    (Flaw.JTI, {"jti": ""}),
    (Flaw.JTI, {"jti": 7}),
    (Flaw.JTI, {"jti": "j" * 256}),
    (Flaw.CLIENT, {"sub": "client-2"}),
    (Flaw.CLIENT, {"sub": None}),
    (Flaw.CLIENT, {"iss": None}),
    (Flaw.CLIENT, {"iss": 5, "sub": 5}),
]


@pytest.mark.parametrize(("flaw", "changed"), CLAIMS, ids=lambda value: str(value)[:40])
@requirement(249, 335)
def test_a_claim_that_breaks_a_rule_is_refused(flaw: Flaw, changed: dict[str, Any]) -> None:
    assert judged(good(ec_pair(), **changed)) is flaw


HEADERS = [
    (Flaw.ALGORITHM, {"alg": "none"}),
    (Flaw.ALGORITHM, {"alg": "None"}),
    (Flaw.ALGORITHM, {"alg": "HS384"}),
    (Flaw.ALGORITHM, {"alg": "RS256"}),
    (Flaw.ALGORITHM, {"alg": "PS384"}),
    (Flaw.ALGORITHM, {"alg": "ES256"}),
    (Flaw.ALGORITHM, {"alg": ["RS384"]}),
    (Flaw.UNREADABLE, {"alg": None}),
    (Flaw.HEADER, {"crit": ["exp"], "exp": 1}),
    (Flaw.HEADER, {"crit": []}),
    (Flaw.HEADER, {"jwk": ec_pair("stranger").jwk()}),
    (Flaw.HEADER, {"x5u": "https://evil.example/cert"}),
    (Flaw.HEADER, {"x5c": ["AAAA"]}),
    (Flaw.UNREADABLE, {"b64": False, "crit": ["b64"]}),
    (Flaw.HEADER, {"b64": True}),
    (Flaw.HEADER, {"typ": "at+jwt"}),
    (Flaw.JKU, {"jku": "https://evil.example/jwks"}),
    (Flaw.JKU, {"jku": JKU + "/"}),
    (Flaw.UNREADABLE, {"jku": [JKU]}),
    (Flaw.KEY, {"kid": "r1"}),  # an RSA kid under ES384
    (Flaw.KEY, {"kid": "unknown"}),
    (Flaw.KEY, {"kid": "e"}),
    (Flaw.UNREADABLE, {"kid": None}),
    (Flaw.UNREADABLE, {"kid": 1}),
]


@pytest.mark.parametrize(("flaw", "changed"), HEADERS, ids=lambda value: str(value)[:40])
def test_a_header_that_breaks_a_rule_is_refused(flaw: Flaw, changed: dict[str, Any]) -> None:
    body = claims(CLIENT, URL, NOW)
    assert judged(signed(ec_pair(), body, **changed)) is flaw


def test_the_registered_jku_is_accepted_and_any_jku_beside_an_inline_set_is_not() -> None:
    text = signed(ec_pair(), claims(CLIENT, URL, NOW), jku=JKU)
    assert isinstance(judged(text), Proof)
    assert judged(text, url=None) is Flaw.JKU


def test_an_rsa_key_under_an_elliptic_algorithm_is_refused_and_the_other_way_round() -> None:
    body = claims(CLIENT, URL, NOW)
    assert judged(signed(rsa_pair(), body, alg="ES384")) is Flaw.KEY
    assert judged(signed(ec_pair(), body, alg="RS384")) is Flaw.KEY
    assert judged(signed(rsa_pair(), body, alg="ES384", kid="e1")) is Flaw.SIGNATURE


def test_two_keys_of_one_name_and_type_are_no_key() -> None:
    twins = keys(Pair("e1", ec_pair("other").private).jwk())
    assert judged(good(ec_pair()), twins) is Flaw.KEY
    assert isinstance(judged(good(rsa_pair()), twins), Proof)


def test_the_same_name_for_one_key_of_each_type_is_no_confusion() -> None:
    both = read_keys(jwks(rsa_pair("k").jwk(), ec_pair("k").jwk()))
    assert isinstance(judged(good(ec_pair("k")), both), Proof)
    assert isinstance(judged(good(rsa_pair("k")), both), Proof)


def test_a_strangers_signature_is_refused() -> None:
    stranger = Pair("e1", ec_pair("stranger").private)
    assert judged(good(stranger)) is Flaw.SIGNATURE


def test_a_changed_claim_breaks_the_signature() -> None:
    head, _, signature = good(ec_pair()).split(".")
    _, other, _ = good(ec_pair(), exp=NOW // 1000 + 299).split(".")
    assert judged(f"{head}.{other}.{signature}") is Flaw.SIGNATURE
    assert judged(f"{head}.{other}.") is Flaw.SIGNATURE


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b.c", "a.b.c.d", "e30.e30.e30", "é.é.é", "x" * 9000, "eyJhbGciOiJub25lIn0..", "\x00"],
)
def test_what_is_no_jwt_is_unreadable(text: str) -> None:
    assert read(text) in (Flaw.UNREADABLE, Flaw.ALGORITHM)


@pytest.mark.parametrize("body", ["[]", "null", '"x"', "1", "{", '{"iss":"a","iss":"client-1"}', "[" * 5000])
def test_a_payload_that_is_no_plain_object_is_unreadable(body: str) -> None:
    assert read(signed(ec_pair(), body)) is Flaw.UNREADABLE


def test_nothing_is_believed_before_the_signature() -> None:
    statement = read(good(ec_pair()))
    assert isinstance(statement, Statement)
    assert statement.issuer == CLIENT
