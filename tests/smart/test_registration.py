"""Registering a client, and the registry itself."""

from __future__ import annotations

import dataclasses

import pytest

import bridge.store.clients
import bridge.store.tokens
from bridge.smart.registration import (
    LAUNCH_SCOPES,
    Registration,
    RegistrationError,
    client,
    with_secret,
)
from bridge.smart.tokens import digest
from bridge.store.db import Database
from tests.smart.clock import Clock
from tests.smart.requirements import requirement
from tests.smart.signing import ec_pair, jwks, rsa_pair

SET = jwks(rsa_pair().jwk(), ec_pair().jwk())
GOOD = Registration("Demo EHR", "backend", "Demo Clinic", "it@clinic.example", jwks=SET)


@requirement(24, 316)
def test_a_registered_client_comes_back_as_it_was(db: Database) -> None:
    made = client(dataclasses.replace(GOOD, scope="system/Observation.rs system/Device.read"))
    bridge.store.clients.add(db, made)
    assert bridge.store.clients.load(db, made.id) == made
    assert bridge.store.clients.listed(db) == (made,)
    assert made.purpose == "TREAT"
    assert made.client_id == made.id


def test_the_organization_is_the_name_where_none_is_given() -> None:
    assert client(dataclasses.replace(GOOD, organization=None)).organization == "Demo EHR"


def test_a_confidential_client_without_keys_gets_a_secret_that_is_kept_as_a_hash_alone(db: Database) -> None:
    asked = Registration("App", "confidential", redirect_uris=("https://app.example/cb",))
    made, secret = with_secret(client(asked))
    bridge.store.clients.add(db, made)
    assert secret is not None and len(secret) == 43
    kept = bridge.store.clients.load(db, made.id)
    assert kept.secret == digest(secret) and secret not in repr(kept)
    assert secret.encode() not in b"".join(p.read_bytes() for p in db.home.rglob("*") if p.is_file())
    keyed, none = with_secret(client(dataclasses.replace(asked, jwks=SET)))
    assert none is None and keyed.secret is None and keyed.has_keys
    assert with_secret(client(GOOD))[1] is None
    assert made.scopes == LAUNCH_SCOPES


def test_a_removed_client_is_unknown_but_can_be_named_and_its_tokens_are_gone(
    db: Database, clock: Clock
) -> None:
    made = client(GOOD)
    bridge.store.clients.add(db, made)
    bridge.store.tokens.issue(db, b"h" * 32, made.id, "system/*.rs", clock() + 1000)
    assert bridge.store.tokens.find(db, b"h" * 32, clock()) is not None
    bridge.store.clients.remove(db, made.id)
    assert bridge.store.tokens.find(db, b"h" * 32, clock()) is None
    bridge.store.tokens.issue(db, b"late" * 8, made.id, "system/*.rs", clock() + 1000)
    assert bridge.store.tokens.find(db, b"late" * 8, clock()) is None
    assert bridge.store.clients.listed(db) == ()
    assert bridge.store.clients.recall(db, made.id) == made
    for gone in (bridge.store.clients.load, bridge.store.clients.remove):
        with pytest.raises(KeyError):
            gone(db, made.id)


def test_a_jwks_can_be_an_address() -> None:
    made = client(dataclasses.replace(GOOD, jwks="https://ehr.example/jwks.json"))
    assert (made.jwks_inline, made.jwks_url) == (None, "https://ehr.example/jwks.json")
    assert client(dataclasses.replace(GOOD, jwks="http://127.0.0.1:9/jwks")).jwks_url
    assert client(dataclasses.replace(GOOD, jwks=None)).jwks_url is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"type": "server"}, "is not one of"),
        ({"type": "public"}, "--redirect-uri"),
        ({"type": "confidential"}, "--redirect-uri"),
        ({"type": "public", "redirect_uris": ("https://a.example/cb",)}, "keeps no keys"),
        ({"type": "confidential", "redirect_uris": ("http://a.example/cb",)}, "no whole https"),
        ({"type": "confidential", "redirect_uris": ("https://a.example/*",)}, "no whole https"),
        ({"type": "confidential", "redirect_uris": ("https://a.example/#x",)}, "no whole https"),
        ({"type": "confidential", "redirect_uris": ("https://a@b.example/",)}, "no whole https"),
        ({"type": "confidential", "redirect_uris": ("javascript:alert(1)",)}, "no whole https"),
        ({"type": "confidential", "redirect_uris": ("https://a.example/cb\r\nx",)}, "no whole https"),
        (
            {"type": "confidential", "redirect_uris": ("https://a.example/",), "launch_uris": ("/x",)},
            "no whole",
        ),
        (
            {"type": "confidential", "redirect_uris": ("https://a.example/",), "scope": "system/*.rs"},
            "for a backend",
        ),
        ({"name": " "}, "name must be"),
        ({"name": "a\nb"}, "name must be"),
        ({"organization": "x" * 201}, "organization must be"),
        ({"contact": "\x1b[31m"}, "contact must be"),
        ({"purpose": "FUN"}, "purpose 'FUN'"),
        ({"scope": "system/Observation.dus"}, "system/Observation.dus"),
        ({"scope": "patient/Observation.rs"}, "needs a person"),
        ({"scope": " "}, "at least one scope"),
        ({"jwks": "http://ehr.example/jwks"}, "no https address"),
        ({"jwks": "https://user:pass@ehr.example/jwks"}, "no https address"),
        ({"jwks": "ftp://ehr.example/jwks"}, "no https address"),
        ({"jwks": "{"}, "not JSON"),
        ({"jwks": jwks()}, "holds no key"),
        ({"jwks": jwks(ec_pair().jwk(), ec_pair().jwk())}, "two keys are called 'e1'"),
        ({"jwks": jwks(ec_pair().jwk(), rsa_pair("w", 1024).jwk())}, "key 2 (w)"),
        ({"jwks": jwks(ec_pair().jwk(d="AA"))}, "private key"),
        ({"redirect_uris": ("https://a.example",)}, "no redirect"),
    ],
)
def test_a_wrong_registration_says_what_to_change(change: dict[str, str], sentence: str) -> None:
    with pytest.raises(RegistrationError) as refused:
        client(dataclasses.replace(GOOD, **change))  # type: ignore[arg-type]
    assert sentence in str(refused.value)
