"""The token endpoint: authorization code, refresh token, client credentials, and nothing else.

Law: SMART App Launch 2.2 and RFC 6749 through three grants of oauthlib, composed here. oauthlib makes every
parameter an attribute of its request (`?user=`, `?scopes=`), so it is given an allow-list, normalised (a raw `|`
or a double space would break its parser), no query and no header. A parameter that stands twice is refused before
anybody is looked up. Granted scopes may be fewer than asked for, also none.

Rejected: oauthlib's ready-made servers (they switch on the implicit and password grants, and PKCE `plain`).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from oauthlib.common import Request
from oauthlib.oauth2 import (
    AuthorizationCodeGrant,
    BearerToken,
    ClientCredentialsGrant,
    InvalidGrantError,
    RefreshTokenGrant,
)

import bridge.store.authorisations as families
from bridge.smart.authorize import S256Grant
from bridge.smart.discovery import AUTH_PATH
from bridge.smart.issuing import Issuing, is_openid
from bridge.smart.jwks import KeySource
from bridge.smart.prover import Claim, Prover
from bridge.smart.signer import Signer
from bridge.smart.tokens import digest, fresh
from bridge.store.clients import ClientType
from bridge.store.db import Database

PROOF: Final = frozenset({"client_id", "client_secret", "client_assertion", "client_assertion_type"})
HANDED: Final = frozenset(
    {"grant_type", "scope", "client_id", "code", "redirect_uri", "code_verifier", "refresh_token"}
)
"""What oauthlib is shown of a request."""
PARAMETERS: Final = PROOF | HANDED
NO_STORE: Final = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}
ID_TOKEN_SECONDS: Final = 3600

# oauthlib writes fresh tokens into its debug log
logging.getLogger("oauthlib").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What an OAuth endpoint says: status, headers, JSON text."""

    status: int
    headers: Mapping[str, str]
    body: str


class TokenEndpoint:
    """Answers token requests for one installation at one address."""

    def __init__(self, db: Database, keys: KeySource, token_url: str) -> None:
        self.db = db
        self.prover = Prover(db, keys, token_url)
        self.signer = Signer(db)
        self.issuer = token_url.removesuffix(AUTH_PATH)
        self._token_url = token_url

    async def answer(self, form: Sequence[tuple[str, str]], authorization: str | None = None) -> TokenAnswer:
        """The answer to one form of parameters, and a Basic header where there is one."""
        pairs = [pair for pair in form if pair[0] in PARAMETERS]
        if len(dict(pairs)) != len(pairs):
            return problem(400, "invalid_request", "a parameter is there twice")
        told = dict(pairs) if authorization is not None else self._named(dict(pairs))
        claim = await self.prover.claimed(told, authorization)
        return await asyncio.to_thread(self._granted, told, claim)

    def _named(self, form: dict[str, str]) -> dict[str, str]:
        """The form with its client, where a refresh token alone says who asks: public apps need not (SMART App
        Launch 2.2, app-launch, refresh), and the token is bound to one client. One with a proof must still give it."""
        is_bare = form.get("grant_type") == "refresh_token" and not PROOF & form.keys()
        client = families.owner(self.db, digest(form.get("refresh_token", ""))) if is_bare else None
        return form if client is None else form | {"client_id": client}

    def _granted(self, form: Mapping[str, str], claim: Claim) -> TokenAnswer:
        issuing = Issuing(self.db, lambda: self.prover.proven(claim), self.db.clock())
        # expires_in is read by the handler, save_token by the grant
        handler = BearerToken(issuing, token_generator=lambda _: fresh(), expires_in=issuing.life)
        handed = {name: " ".join(value.split()) if name == "scope" else value for name, value in form.items()}
        body = urlencode([(name, value) for name, value in handed.items() if name in HANDED])
        request = Request(self._token_url, "POST", body, {})
        try:
            headers, text, status = self._grant(form, claim, issuing).create_token_response(request, handler)
        except InvalidGrantError as ended:
            headers, text, status = {}, ended.json, ended.status_code
        if status == 401 and claim.is_basic:
            headers = headers | {"WWW-Authenticate": 'Basic realm="token", charset="UTF-8"'}
        return TokenAnswer(status or 500, NO_STORE | headers, text)

    def _grant(
        self, form: Mapping[str, str], claim: Claim, issuing: Issuing
    ) -> AuthorizationCodeGrant | RefreshTokenGrant | ClientCredentialsGrant:
        """The grant that judges the request; what is none of ours is refused by the plainest one."""
        is_backend = claim.client is not None and claim.client.type is ClientType.BACKEND
        kind = "" if is_backend else form.get("grant_type")
        if kind == "refresh_token":
            return RefreshTokenGrant(issuing)
        if kind == "authorization_code":
            grant = S256Grant(issuing)
            grant.register_token_modifier(lambda token, *_: self._with_identity(token, issuing))
            return grant
        return ClientCredentialsGrant(issuing)

    def _with_identity(self, token: dict[str, object], issuing: Issuing) -> dict[str, object]:
        """The token with its id_token, and without a refresh token that nobody approved."""
        found = issuing.context
        if found is None or not found.is_refreshable:
            token.pop("refresh_token", None)
        if found is not None and is_openid(token["scope"]):
            now = issuing.now // 1000
            claims: dict[str, str | int] = {
                "iss": self.issuer, "sub": found.sub, "aud": found.authorisation.client, "iat": now,
                "exp": now + ID_TOKEN_SECONDS, "auth_time": found.authorisation.made // 1000,
            }  # fmt: skip
            if found.authorisation.nonce:
                claims["nonce"] = found.authorisation.nonce
            token["id_token"] = self.signer.sign(
                claims | self.user(str(token["scope"]), found.user), issuing.now
            )
        return token

    def user(self, scope: str, user: str) -> dict[str, str]:
        """The `fhirUser` claim, where it was granted."""
        return (
            {"fhirUser": f"{self.issuer}/fhir/Patient/{user}"} if user and "fhirUser" in scope.split() else {}
        )


def problem(status: int, error: str, sentence: str) -> TokenAnswer:
    """An OAuth error (RFC 6749 5.2)."""
    return TokenAnswer(status, NO_STORE, json.dumps({"error": error, "error_description": sentence}))
