"""An EHR on loopback, with an authorisation server of its own: it launches us, and misbehaves on demand.

It checks what a real one checks: redirect address, PKCE, our proof, the audience of assertions. What a test wants to be
wrong is laid over what is right.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.web.identity import key
from tests.web.server import listening_to

CLIENT = "bridge-at-the-ehr"
SECRET = "s3cret:/?"
RECORD = "p-1"
MRN = "http://ehr.example/mrn"


def patient(name: str = "Ada Lovelace", born: str = "1980-01-02", **more: Any) -> dict[str, Any]:
    """A Patient as the EHR keeps it."""
    given, _, family = name.rpartition(" ")
    numbers = [
        {"system": MRN, "value": "MRN-7", "type": {"coding": [{"code": "MR"}]}},
        {"system": "http://ehr.example/insurance", "value": "I-1"},
    ]
    base = {
        "resourceType": "Patient",
        "id": RECORD,
        "identifier": numbers,
        "name": [
            {"use": "nickname", "given": ["X"]},
            {"use": "official", "given": [given], "family": family},
        ],
        "birthDate": born,
    }
    return base | more


@dataclass
class Ehr:
    """The EHR. `configuration`, `claims` and `token` lie over what is true; `before`: what it does instead of
    answering at a path; `jwks`: our public keys, where it lets us sign; `opens`: the app that its chart opens."""

    base: str = ""
    opens: str = ""
    method: str = "public"
    user: str | None = "Patient/p-1"
    patient: dict[str, Any] = field(default_factory=patient)
    encounter: str = ""
    configuration: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    token: dict[str, Any] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    jwks: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: key("ehr"))
    signs: RSAKey | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        """Its FHIR base."""
        return f"{self.base}/fhir"

    def clear(self) -> None:
        """Behave, and forget what was heard."""
        fresh = Ehr(base=self.base, key=self.key)
        for name in (
            "opens", "method", "user", "patient", "encounter", "configuration", "claims", "token", "before", "jwks",
            "signs", "codes", "heard", "forms",
        ):  # fmt: skip
            setattr(self, name, getattr(fresh, name))

    def authorise(self, address: str, **changed: str) -> str:
        """Its user is let in: where the browser is sent back to. Fails where the question is not a good one."""
        split = urlsplit(address)
        assert f"{split.scheme}://{split.netloc}{split.path}" == f"{self.base}/authorise"
        asked = {name: values[0] for name, values in parse_qs(split.query, strict_parsing=True).items()}
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
        assert len(asked["code_challenge"]) == 43 and len(asked["state"]) >= 43
        assert asked["aud"].rstrip("/") == self.issuer and asked["client_id"] == CLIENT
        assert {"launch", "openid", "fhirUser"} <= set(asked["scope"].split())
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        told = {"code": code, "state": asked["state"]} | changed
        return f"{asked['redirect_uri']}?{urlencode(told)}"

    def app(self) -> Starlette:
        """Its addresses."""
        return Starlette(
            routes=[
                Route("/chart", self._chart),
                Route("/authorise", self._authorised),
                Route("/fhir/.well-known/smart-configuration", self._answer),
                Route("/keys", self._answer),
                Route("/token", self._answer, methods=["POST"]),
                Route("/revoke", self._answer, methods=["POST"]),
                Route("/fhir/{kind}/{id}", self._answer),
            ]
        )

    async def _chart(self, _: Request) -> Response:
        way = f"{self.opens}?{urlencode({'iss': self.issuer, 'launch': 'xyz'})}"
        return HTMLResponse(
            f'<!doctype html><title>Chart</title><a href="{escape(way)}">Open the CGM bridge</a>'
        )

    async def _authorised(self, request: Request) -> Response:
        return RedirectResponse(self.authorise(str(request.url)), 303)

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        self.heard.append(path)
        if (instead := self.before.get(path)) is not None:
            return await _instead(instead)
        answers = {
            "/fhir/.well-known/smart-configuration": self._discovery,
            "/keys": self._keys,
            "/token": self._token,
            "/revoke": self._revoked,
        }
        return await answers.get(path, self._resource)(request)

    async def _discovery(self, _: Request) -> Response:
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.base}/authorise",
            "token_endpoint": f"{self.base}/token",
            "jwks_uri": f"{self.base}/keys",
            "revocation_endpoint": f"{self.base}/revoke",
            "capabilities": ["launch-ehr", "permission-v2", "sso-openid-connect"],
            "code_challenge_methods_supported": ["S256"],
        }
        return JSONResponse(told | self.configuration)

    async def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def _revoked(self, request: Request) -> Response:
        self.forms.append(dict(parse_qsl((await request.body()).decode())))
        return Response()

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        self.forms.append(form)
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or not self._proven(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        made = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if made.decode() != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        told: dict[str, Any] = {
            "access_token": "ehr-access-token",
            "token_type": "Bearer",
            "expires_in": 600,
            "scope": asked["scope"],
            "patient": RECORD,
        }
        if self.encounter:
            told["encounter"] = "e-1"
        if self.user is not None:
            told["id_token"] = self._id_token(asked)
        return JSONResponse(told | self.token)

    def _proven(self, request: Request, form: dict[str, str]) -> bool:
        if self.method == "secret":
            pair = base64.b64encode(f"{CLIENT}:s3cret%3A%2F%3F".encode()).decode()
            return request.headers.get("authorization") == f"Basic {pair}"
        if self.method == "key":
            keys = KeySet.import_key_set(self.jwks)  # type: ignore[arg-type]
            found = jwt.decode(form["client_assertion"], keys, algorithms=["RS384", "ES384"])
            claims, now = found.claims, time.time()
            is_ours = claims["iss"] == claims["sub"] == CLIENT and claims["aud"] == f"{self.base}/token"
            return bool(is_ours and now < claims["exp"] <= now + 300 and claims["jti"])
        return form.get("client_id") == CLIENT

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "u-1", "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"], "fhirUser": f"{self.issuer}/{self.user}"} | self.claims
        return jwt.encode(
            {"alg": "RS256", "kid": "ehr"}, claims, self.signs or self.key, algorithms=["RS256"]
        )

    async def _resource(self, request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer ehr-access-token":
            return JSONResponse({}, 401)
        if request.path_params["kind"] == "Encounter":
            return JSONResponse(
                {"resourceType": "Encounter", "id": "e-1", "period": {"start": self.encounter}}
            )
        return JSONResponse(self.patient)


async def _instead(what: str) -> Response:
    if what.startswith("redirect "):
        return RedirectResponse(what.partition(" ")[2], 302)
    if what == "slow":
        await asyncio.sleep(3)
    if what == "huge":
        return Response(json.dumps({"x": "y" * (2 << 20)}), media_type="application/json")
    return Response(what, 200 if what.startswith("{") else 500, media_type="application/json")


@contextmanager
def launching(name: str = "127.0.0.1") -> Iterator[Ehr]:
    """The EHR, served. `name`: how this machine is called."""
    made = Ehr()
    with listening_to(made.app()) as port:
        made.base = f"http://{name}:{port}"
        yield made
