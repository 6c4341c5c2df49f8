"""Who a program at the token endpoint is: public, by its secret, or by a signed assertion (RFC 6749 2.3).

Law: each client proves itself in exactly one way, the one that its registration says (SMART App Launch 2.2,
client-confidential-symmetric and -asymmetric): a public client by its id alone, one with a secret by
client_secret_basic or client_secret_post, one with keys by private_key_jwt. Every failure is the same
`invalid_client`; which it was goes to the operator's log. Keys are fetched first (`claimed` waits), then the proof
is judged and its assertion spent (`proven`), once. Secrets are compared in constant time by their hashes.

Rejected: trying every method in turn (a client with keys could be entered by guessing a secret).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

import bridge.store.clients
import bridge.store.tokens
from bridge.smart.assertion import Flaw, Statement, read, verify
from bridge.smart.jwks import NO_KEYS, KeySet, KeySource
from bridge.smart.tokens import digest
from bridge.store.clients import Client, ClientType
from bridge.store.db import Database
from bridge.store.verifications import fault

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_BASIC: Final = "basic "
_log: Final = logging.getLogger("bridge.smart")


@dataclass(frozen=True, slots=True)
class Claim:
    """Who is asking, as far as it can be known without believing anything. `named`: as they call themselves."""

    named: str = ""
    client: Client | None = None
    statement: Statement | None = None
    keys: KeySet = NO_KEYS
    secret: str | None = None
    flaw: Flaw | None = None
    is_basic: bool = False


class Prover:
    """Tells clients at one token address."""

    def __init__(self, db: Database, keys: KeySource, token_url: str) -> None:
        self._db = db
        self._keys = keys
        self._token_url = token_url

    async def claimed(self, form: Mapping[str, str], authorization: str | None) -> Claim:
        """What a form and its Authorization header claim, with the keys that could prove it."""
        if "client_assertion" in form or "client_assertion_type" in form:
            return await self._asserted(form, authorization)
        named, secret = form.get("client_id", ""), form.get("client_secret")
        is_basic = authorization is not None
        if authorization is not None:
            pair = _pair(authorization)
            if pair is None or form.get("client_id", pair[0]) != pair[0] or secret is not None:
                return Claim(named, flaw=Flaw.METHOD, is_basic=True)
            named, secret = pair
        client = self._client(named)
        flaw = Flaw.UNKNOWN if client is None else None
        return Claim(named, client, secret=secret, flaw=flaw, is_basic=is_basic)

    def proven(self, claim: Claim) -> Client | None:
        """The client, where the claim holds; an assertion is spent by asking."""
        flaw = self._flaw(claim)
        if flaw is not None:
            _log.info("token refused to client %.80r: %s", claim.named, flaw.value)
            return None
        return claim.client

    async def _asserted(self, form: Mapping[str, str], authorization: str | None) -> Claim:
        if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
            return Claim(flaw=Flaw.MISSING)
        statement = read(form["client_assertion"])
        if isinstance(statement, Flaw):
            return Claim(flaw=statement)
        client = self._client(statement.issuer)
        if client is None or form.get("client_id", client.id) != client.id:
            return Claim(statement.issuer, flaw=Flaw.CLIENT)
        if authorization is not None or not client.has_keys:
            return Claim(statement.issuer, flaw=Flaw.METHOD)
        keys = await self._keys.keys(client.jwks_inline, client.jwks_url, statement.kid)
        return Claim(statement.issuer, client, statement, keys)

    def _client(self, client_id: str) -> Client | None:
        try:
            return bridge.store.clients.load(self._db, client_id)
        except KeyError:
            return None

    def _flaw(self, claim: Claim) -> Flaw | None:
        client = claim.client
        if claim.flaw is not None or client is None:
            return claim.flaw or Flaw.UNKNOWN
        if fault(self._db, client):
            return Flaw.HELD
        if claim.statement is not None:
            return self._signed(claim.statement, client, claim.keys)
        if client.secret is not None:
            fits = hmac.compare_digest(client.secret, digest(claim.secret or ""))
            return None if fits else Flaw.GUESSED
        is_public = client.type is ClientType.PUBLIC and not claim.secret
        return None if is_public else Flaw.METHOD

    def _signed(self, statement: Statement, client: Client, keys: KeySet) -> Flaw | None:
        proof = verify(statement, keys, client.jwks_url, self._token_url, self._db.clock())
        if isinstance(proof, Flaw):
            return proof
        spent = bridge.store.tokens.spend(self._db, client.id, proof.jti, proof.expires)
        return None if spent else Flaw.REPLAY


def _pair(authorization: str) -> tuple[str, str] | None:
    """Id and secret of a Basic header (RFC 6749 2.3.1: each form-encoded); None where it is none."""
    if not authorization.lower().startswith(_BASIC):
        return None
    try:
        told = base64.b64decode(authorization[len(_BASIC) :].strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    client_id, colon, secret = told.partition(":")
    return (unquote_plus(client_id), unquote_plus(secret)) if colon else None
