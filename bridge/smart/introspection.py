"""What a token stands for, and its end: introspection (RFC 7662) and revocation (RFC 7009).

Law: introspection is for whoever proved to be a client, or shows a living access token of its own (SMART App Launch
2.2, token-introspection); a public client's id alone proves nothing here. What is not living is exactly
`{"active": false}`, whatever it was, from the moment that a grant ends. Revoking any token of an approval ends the
whole approval, its siblings too; an unknown token and another client's are answered like one that was revoked
(RFC 7009 2.2), and nothing happens to them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Final

import bridge.store.authorisations as families
import bridge.store.tokens
from bridge.consent.memory import Memory
from bridge.smart.context import context
from bridge.smart.prover import Claim
from bridge.smart.token_endpoint import NO_STORE, PROOF, TokenAnswer, TokenEndpoint, problem
from bridge.smart.tokens import Bearer, Live, authenticate, digest, living
from bridge.store.clients import Client, ClientType
from bridge.store.db import Database

PARAMETERS: Final = PROOF | {"token", "token_type_hint"}
INACTIVE: Final = TokenAnswer(200, NO_STORE, json.dumps({"active": False}))
REVOKED: Final = TokenAnswer(200, NO_STORE, "{}")
NOT_PROVEN: Final = TokenAnswer(401, NO_STORE, json.dumps({"error": "invalid_client"}))
NO_TOKEN: Final = problem(400, "invalid_request", "token is missing, or a parameter is there twice")


class Registry:
    """Answers about tokens of one installation."""

    def __init__(self, db: Database, tokens: TokenEndpoint) -> None:
        self._db = db
        self._tokens = tokens

    async def introspect(self, form: Sequence[tuple[str, str]], authorization: str | None) -> TokenAnswer:
        """What the token of a form stands for."""
        told = _told(form)
        if told is None:
            return NO_TOKEN
        if authorization is not None and authorization.lower().startswith("bearer"):
            asker = authenticate(self._db, authorization, self._db.clock())
            return self._described(told["token"]) if isinstance(asker, Bearer) else _challenged("Bearer")
        claim = await self._tokens.prover.claimed(told, authorization)
        client = await asyncio.to_thread(self._tokens.prover.proven, claim)
        if client is None or client.type is ClientType.PUBLIC:
            return _refused(claim)
        return self._described(told["token"])

    async def revoke(self, form: Sequence[tuple[str, str]], authorization: str | None) -> TokenAnswer:
        """End what the token of a form belongs to, where it is the asker's own."""
        told = _told(form)
        if told is None:
            return NO_TOKEN
        claim = await self._tokens.prover.claimed(told, authorization)
        client = await asyncio.to_thread(self._tokens.prover.proven, claim)
        if client is None:
            return _refused(claim)
        await asyncio.to_thread(self._ended, digest(told["token"]), client)
        return REVOKED

    def _ended(self, hashed: bytes, client: Client) -> None:
        now = self._db.clock()
        if families.end_by_refresh(self._db, hashed, client.id, now):
            return
        found = bridge.store.tokens.find(self._db, hashed, now)
        if found is not None and found.client == client.id and found.authorisation is not None:
            families.end(self._db, found.authorisation, now)
        bridge.store.tokens.drop(self._db, hashed, client.id)

    def _described(self, token: str) -> TokenAnswer:
        now = self._db.clock()
        memory = Memory(self._db)
        live = living(self._db, digest(token), now, memory)
        if live is None:
            return INACTIVE
        said: dict[str, str | int | bool] = {
            "active": True, "scope": str(live.bearer.scopes), "client_id": live.bearer.holder,
            "token_type": "Bearer", "exp": live.expires // 1000, "iss": self._tokens.issuer,
        }  # fmt: skip
        return TokenAnswer(200, NO_STORE, json.dumps(said | self._approved(live, memory)))

    def _approved(self, live: Live, memory: Memory) -> dict[str, str | bool]:
        """The launch context and who signed in, as the token response and the id_token said it."""
        family = families.find(self._db, live.authorisation) if live.authorisation else None
        found = None if family is None else context(self._db, family, self._db.clock(), memory)
        if found is None:
            return {}
        said: dict[str, str | bool] = {"patient": found.patient, "need_patient_banner": True}
        scopes = live.bearer.scopes
        if "openid" in scopes:
            said |= {"sub": found.sub, **self._tokens.user(str(scopes), found.user)}
        return said


def _told(form: Sequence[tuple[str, str]]) -> Mapping[str, str] | None:
    pairs = [pair for pair in form if pair[0] in PARAMETERS]
    told = dict(pairs)
    return told if len(told) == len(pairs) and told.get("token") else None


def _refused(claim: Claim) -> TokenAnswer:
    return _challenged("Basic") if claim.is_basic else NOT_PROVEN


def _challenged(scheme: str) -> TokenAnswer:
    header = {"WWW-Authenticate": f'{scheme} realm="token"'}
    return TokenAnswer(401, NO_STORE | header, NOT_PROVEN.body)
