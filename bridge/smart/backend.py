"""The token endpoint of Backend Services: client_credentials with private_key_jwt and nothing else.

Law: SMART App Launch 2.2, backend-services; RFC 6749 4.4 through oauthlib's ClientCredentialsGrant alone.
oauthlib makes every parameter an attribute of its request (`?user=`, `?scopes=`), so it is given an
allow-list and no query. Every failure to prove who asks is the same `invalid_client`: which one it was
goes to the operator's log. Keys are fetched before oauthlib runs, because it cannot wait.

Rejected: oauthlib's ready-made servers (they switch on the implicit and password grants).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import oauthlib.common
from oauthlib.oauth2 import BearerToken, ClientCredentialsGrant, InvalidRequestError, RequestValidator

import bridge.store.clients
import bridge.store.tokens
from bridge.period import Instant
from bridge.smart.assertion import Flaw, Statement, read, verify
from bridge.smart.jwks import NO_KEYS, KeySet, KeySource
from bridge.smart.scopes import granted
from bridge.smart.tokens import LIFE_SECONDS, digest, fresh
from bridge.store.clients import Client, ClientType
from bridge.store.db import Database

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PARAMETERS: Final = frozenset(
    {"grant_type", "scope", "client_id", "client_assertion", "client_assertion_type"}
)
NO_STORE: Final = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}

_log: Final = logging.getLogger("bridge.smart")
# oauthlib writes fresh tokens into its debug log
logging.getLogger("oauthlib").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the token endpoint says: status, headers, JSON text."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who is asking, as far as it can be known without believing anything."""

    statement: Statement | None
    client: Client | None
    keys: KeySet
    flaw: Flaw | None


class TokenEndpoint:
    """Answers token requests for one installation at one address."""

    def __init__(self, db: Database, keys: KeySource, token_url: str) -> None:
        self._db = db
        self._keys = keys
        self._token_url = token_url

    async def answer(self, form: Sequence[tuple[str, str]]) -> TokenAnswer:
        """The answer to one form of parameters."""
        pairs = [pair for pair in form if pair[0] in PARAMETERS]
        asker = await self._asker(dict(pairs))
        return await asyncio.to_thread(self._granted, pairs, asker)

    async def _asker(self, form: Mapping[str, str]) -> _Asker:
        if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
            return _Asker(None, None, NO_KEYS, Flaw.MISSING)
        statement = read(form["client_assertion"])
        if isinstance(statement, Flaw):
            return _Asker(None, None, NO_KEYS, statement)
        client = _backend(self._db, statement.issuer)
        if client is None or form.get("client_id", client.id) != client.id:
            return _Asker(statement, None, NO_KEYS, Flaw.CLIENT)
        keys = await self._keys.keys(client.jwks_inline, client.jwks_url, statement.kid)
        return _Asker(statement, client, keys, None)

    def _granted(self, pairs: Sequence[tuple[str, str]], asker: _Asker) -> TokenAnswer:
        validator = _Validator(self._db, asker, self._token_url, self._db.clock())
        # expires_in is read by the handler, save_token by the grant
        handler = BearerToken(validator, token_generator=lambda _: fresh(), expires_in=LIFE_SECONDS)
        request = oauthlib.common.Request(self._token_url, "POST", urlencode(pairs), {})
        headers, body, status = ClientCredentialsGrant(validator).create_token_response(request, handler)
        return TokenAnswer(status or 500, NO_STORE | headers, body)


def _backend(db: Database, client_id: str) -> Client | None:
    try:
        client = bridge.store.clients.load(db, client_id)
    except KeyError:
        return None
    return client if client.type is ClientType.BACKEND else None


class _Validator(RequestValidator):
    """What oauthlib asks about one request."""

    def __init__(self, db: Database, asker: _Asker, token_url: str, now: Instant) -> None:
        self._db = db
        self._asker = asker
        self._token_url = token_url
        self._now = now

    def authenticate_client(self, request: oauthlib.common.Request, *args: object, **kwargs: object) -> bool:
        """Whether the assertion proves a registered client; spends it."""
        if PARAMETERS.intersection(request.duplicate_params):
            raise InvalidRequestError("a parameter is there twice")
        flaw = self._flaw()
        if flaw is not None:
            issuer = self._asker.statement.issuer if self._asker.statement else ""
            _log.info("token refused to client %r: %s", issuer, flaw.value)
            return False
        request.client = self._asker.client
        return True

    def validate_grant_type(
        self,
        client_id: str,
        grant_type: str,
        client: object,
        request: oauthlib.common.Request,
        *args: object,
        **kwargs: object,
    ) -> bool:
        """A backend client uses client credentials."""
        return grant_type == "client_credentials"

    def get_default_scopes(
        self, client_id: str, request: oauthlib.common.Request, *args: object, **kwargs: object
    ) -> list[str]:
        """None: a backend client names what it wants."""
        return []

    def validate_scopes(
        self,
        client_id: str,
        scopes: list[str],
        client: object,
        request: oauthlib.common.Request,
        *args: object,
        **kwargs: object,
    ) -> bool:
        """Cut what is asked to what is registered; whether anything is left."""
        registered = self._asker.client.scopes if self._asker.client else ""
        request.scopes = str(granted(" ".join(scopes), registered)).split()
        return bool(request.scopes)

    def save_bearer_token(
        self, token: Mapping[str, object], request: oauthlib.common.Request, *args: object, **kwargs: object
    ) -> None:
        """Keep the token by its hash."""
        expires = self._now + LIFE_SECONDS * 1000
        hashed = digest(str(token["access_token"]))
        bridge.store.tokens.issue(self._db, hashed, str(request.client_id), str(token["scope"]), expires)

    def _flaw(self) -> Flaw | None:
        asker = self._asker
        if asker.flaw is not None or asker.statement is None or asker.client is None:
            return asker.flaw or Flaw.MISSING
        proof = verify(asker.statement, asker.keys, asker.client.jwks_url, self._token_url, self._now)
        if isinstance(proof, Flaw):
            return proof
        spent = bridge.store.tokens.spend(self._db, asker.client.id, proof.jti, proof.expires)
        return None if spent else Flaw.REPLAY
