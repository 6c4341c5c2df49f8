"""The SMART and OpenID Connect addresses over HTTP: discovery, keys, tokens, introspection, revocation.

Law: thin; who is let in is decided in `bridge.smart`. Discovery and keys are open to browsers of any origin, always
`application/json` (SMART App Launch 2.2, conformance). What takes a secret takes a form in the body and nothing in
the URL, where logs and proxies would see it (RFC 6749 2.3.1), and an Authorization header once; every such answer
is `no-store`, and readable from the origins that clients registered.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bridge.smart import discovery
from bridge.smart.authorize import AuthorizeEndpoint
from bridge.smart.introspection import Registry
from bridge.smart.token_endpoint import TokenAnswer, TokenEndpoint, problem
from bridge.store.db import Database
from bridge.web.authorize import routes as authorize_routes
from bridge.web.call import FORM, FORM_BYTES, Call, Refused, decoded
from bridge.web.cors import preflight, readable
from bridge.web.meters import Meters

DISCOVERY_PATH: Final = "/fhir/.well-known/smart-configuration"
OPENID_PATHS: Final = ("/.well-known/openid-configuration", "/fhir/.well-known/openid-configuration")
_log: Final = logging.getLogger("bridge.web")

Pairs: TypeAlias = "Sequence[tuple[str, str]]"
Answerer: TypeAlias = Callable[[Pairs, str | None], Awaitable[TokenAnswer]]
"""Answers a form and its Authorization header."""


def routes(endpoint: TokenEndpoint, base_url: str, meters: Meters) -> list[Route]:
    """Every address of the authorization server; `base_url` is the installation's address without /fhir."""
    db = endpoint.db
    registry = Registry(db, endpoint)

    async def keys() -> bytes:
        return (await asyncio.to_thread(endpoint.signer.jwks, db.clock())).encode()

    forms = {
        discovery.AUTH_PATH: endpoint.answer,
        discovery.INTROSPECT_PATH: registry.introspect,
        discovery.REVOKE_PATH: registry.revoke,
    }
    documents = {
        DISCOVERY_PATH: _made(discovery.configuration(base_url)),
        **dict.fromkeys(OPENID_PATHS, _made(discovery.openid(base_url))),
        discovery.JWKS_PATH: keys,
    }
    return [
        *(Route(path, _Document(path, document, meters)) for path, document in documents.items()),
        *(Route(path, _Form(path, answerer, db, meters)) for path, answerer in forms.items()),
        *authorize_routes(AuthorizeEndpoint(db, f"{base_url}/fhir"), meters),
    ]


def _made(document: bytes) -> Callable[[], Awaitable[bytes]]:
    async def told() -> bytes:
        return document

    return told


class _Document:
    """A JSON document that everybody may read."""

    def __init__(self, path: str, document: Callable[[], Awaitable[bytes]], meters: Meters) -> None:
        self._path = path
        self._document = document
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}
        if scope["method"] in ("GET", "HEAD"):
            document = await self._document()
            body = document if scope["method"] == "GET" else b""
            length = {"Content-Length": str(len(document)), "Cache-Control": "public, max-age=300"}
            status = await _send(send, 200, headers | length, body)
        elif scope["method"] == "OPTIONS":
            status = await _send(send, 204, headers | {"Access-Control-Allow-Methods": "GET"}, b"")
        else:
            status = await _send(
                send, 405, headers | {"Allow": "GET, HEAD, OPTIONS"}, b'{"error": "not GET"}'
            )
        self._meters.count(self._path, scope["method"], status)


class _Form:
    """An address that takes a form by POST."""

    def __init__(self, path: str, answerer: Answerer, db: Database, meters: Meters) -> None:
        self._path = path
        self._answerer = answerer
        self._db = db
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(scope, receive)
        if await preflight(self._db, call, send):
            self._meters.count(self._path, call.method, 204)
            return
        try:
            answer = await self._answer(call)
        except Refused as refused:
            answer = problem(refused.problem.status, "invalid_request", refused.problem.sentence)
        except ConnectionAbortedError:
            return
        except Exception:
            _log.exception("%s failed", self._path)
            answer = problem(
                500, "server_error", "The bridge failed; its operator finds the cause in the log."
            )
        sending = readable(self._db, call, send)
        status = await _send(sending, answer.status, dict(answer.headers), answer.body.encode())
        self._meters.count(self._path, call.method, status)

    async def _answer(self, call: Call) -> TokenAnswer:
        if call.method != "POST":
            refusal = problem(405, "invalid_request", "Use POST.")
            return TokenAnswer(405, {**refusal.headers, "Allow": "POST"}, refusal.body)
        if call.query:
            return problem(400, "invalid_request", "Send the parameters in the body, not in the URL.")
        if call.is_twice:
            return problem(400, "invalid_request", "A header that may stand once stands twice.")
        if call.media_type() != FORM:
            return problem(400, "invalid_request", f"Send the parameters as {FORM}.")
        shown = call.headers.get(b"authorization")
        header = None if shown is None else shown.decode("latin-1")
        return await self._answerer(decoded(await call.body(FORM_BYTES)), header)


async def _send(send: Send, status: int, headers: dict[str, str], body: bytes) -> int:
    named = (
        headers
        if "Content-Length" in headers or status == 204
        else headers | {"Content-Length": str(len(body))}
    )
    raw = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
    return status
