"""`/docs`: the page of the non-FHIR API, and the part of its OpenAPI document that FastAPI does not know.

Law (`interface.md`, HTTP): open, and the same for everybody: it knows no person, client or installation. Nothing
of it comes from another host: script and style are files of an installed package, and the page's
Content-Security-Policy lets a browser load and call this origin alone (CSP Level 3). The FHIR API describes
itself at /fhir/metadata. A route that is neither FHIR nor said here fails a test.

Rejected: FastAPI's own page (its script comes from a content network), copies of the script in this repository
(nobody would update them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import fastapi_offline
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

_STATIC: Final = Path(fastapi_offline.__file__).parent / "static"
ASSETS: Final[Mapping[str, str]] = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>CGM bridge: HTTP API</title>
<link rel="icon" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<noscript>The API is described in <a href="openapi.json">openapi.json</a>.</noscript>
<div id="api"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START: Final = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  validatorUrl: null,
  supportedSubmitMethods: [],
});
"""
"""Shows and sends nothing: no validator elsewhere, no "try it out" with somebody's token."""

_TEXT: Final = {"content": {"text/plain": {"schema": {"type": "string"}}}}
_OAUTH: Final = {"content": {"application/json": {"schema": {"type": "object"}}}}


def _form(required: Sequence[str], properties: Mapping[str, str]) -> dict[str, object]:
    """A form body; `properties`: what each parameter is."""
    told = {name: {"type": "string", "description": text} for name, text in properties.items()}
    schema = {"type": "object", "required": list(required), "properties": told}
    return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}


_PROOF: Final = {
    "client_id": "of a public client, or beside client_secret",
    "client_secret": "of a client with a secret; better in a Basic header",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": "signed JWT (RFC 7523)",
}
_TOKEN: Final = {
    "grant_type": "authorization_code, refresh_token or client_credentials",
    "scope": "SMART scopes; with client_credentials required",
    "code": "as it came to redirect_uri",
    "redirect_uri": "as it was asked for",
    "code_verifier": "RFC 7636",
    "refresh_token": "the newest one",
}
_ABOUT: Final = {"token": "the token that is meant", "token_type_hint": "not needed"}
_QUESTION: Final = {
    "response_type": "code",
    "client_id": "as registered",
    "redirect_uri": "as registered, character for character",
    "scope": "SMART scopes",
    "state": "comes back",
    "aud": "the FHIR base",
    "code_challenge": "RFC 7636",
    "code_challenge_method": "S256",
}


def _operation(summary: str, *answers: tuple[str, str, Mapping[str, object]]) -> dict[str, object]:
    told = {status: {"description": text, **content} for status, text, content in answers}
    return {"summary": summary, "responses": told}


_REFUSED: Final[tuple[tuple[str, str, Mapping[str, object]], ...]] = (
    ("400", "error, error_description (RFC 6749 5.2)", _OAUTH),
    ("401", "the client could not be authenticated", _OAUTH),
)
_PAGE: Final = {"content": {"text/html": {"schema": {"type": "string"}}}}
_WENT: Final[tuple[tuple[str, str, Mapping[str, object]], ...]] = (
    ("303", "to the consent page, or back to the registered address with an error", {}),
    ("400", "nobody can be told but the person", _PAGE),
)


PATHS: Final[Mapping[str, object]] = {
    "/health/live": {"get": _operation("Whether the process answers", ("200", "alive", _TEXT))},
    "/health/ready": {
        "get": _operation(
            "Whether the ledger can be written: without it nothing leaves",
            ("200", "ready", _TEXT),
            ("503", "not ready; the reason is in the log", _TEXT),
        )
    },
    "/metrics": {"get": _operation("Answers counted by route and status (Prometheus)", ("200", "", _TEXT))},
    "/auth/authorize": {
        "get": {
            **_operation("A person decides (SMART App Launch)", *_WENT),
            "parameters": [
                {
                    "name": name,
                    "in": "query",
                    "required": True,
                    "description": text,
                    "schema": {"type": "string"},
                }
                for name, text in _QUESTION.items()
            ],
        },
        "post": {
            **_operation("The same as a form", *_WENT),
            "requestBody": _form(list(_QUESTION), _QUESTION),
        },
    },
    "/auth/token": {
        "post": {
            **_operation(
                "Tokens for a code, a refresh token or a signed assertion",
                (
                    "200",
                    "access_token, token_type, expires_in, scope; patient, refresh_token, id_token",
                    _OAUTH,
                ),
                *_REFUSED,
            ),
            "requestBody": _form(["grant_type"], _TOKEN | _PROOF),
        }
    },
    "/auth/introspect": {
        "post": {
            **_operation(
                "What a token stands for (RFC 7662)", ("200", "active and, if so, more", _OAUTH), *_REFUSED
            ),
            "requestBody": _form(["token"], _ABOUT | _PROOF),
        }
    },
    "/auth/revoke": {
        "post": {
            **_operation("End a token and all of its family (RFC 7009)", ("200", "done", _OAUTH), *_REFUSED),
            "requestBody": _form(["token"], _ABOUT | _PROOF),
        }
    },
    "/auth/jwks.json": {"get": _operation("Keys that verify id_tokens", ("200", "a JWK Set", _OAUTH))},
    "/.well-known/openid-configuration": {
        "get": _operation("OpenID Connect discovery", ("200", "the document", _OAUTH))
    },
}
"""Routes that are not FastAPI's."""


def described(document: dict[str, object]) -> dict[str, object]:
    """FastAPI's OpenAPI document with the routes that it does not know."""
    paths = document.get("paths")
    return {**document, "paths": {**(paths if isinstance(paths, dict) else {}), **PATHS}}


def routes() -> list[Route]:
    """/docs and what it loads."""
    return [Route("/docs", _page), Route("/docs/{asset}", _asset)]


async def _page(_: Request) -> Response:
    return HTMLResponse(PAGE, headers=HEADERS)


async def _asset(request: Request) -> Response:
    name = request.path_params["asset"]
    if name == "start.js":
        return PlainTextResponse(START, headers=HEADERS, media_type="text/javascript")
    if name not in ASSETS:
        return PlainTextResponse("There is no such file.\n", 404, headers=HEADERS)
    return FileResponse(_STATIC / name, headers=HEADERS, media_type=ASSETS[name])
