"""The SMART addresses over HTTP: discovery and the token endpoint.

Law: thin; who is let in is decided in `bridge.smart`. Discovery is open to browsers of any origin, always
`application/json` (SMART App Launch 2.2, conformance). The token endpoint takes a form in the body and
nothing in the URL, where logs and proxies would see it (RFC 6749 2.3.1); every answer is `no-store`.
"""

from __future__ import annotations

import json
import logging
from typing import Final

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bridge.smart.backend import NO_STORE, TokenAnswer, TokenEndpoint
from bridge.smart.discovery import AUTH_PATH, configuration
from bridge.web.call import FORM, FORM_BYTES, Call, Refused, decoded
from bridge.web.meters import Meters

DISCOVERY_PATH: Final = "/fhir/.well-known/smart-configuration"
_log: Final = logging.getLogger("bridge.web")


def routes(endpoint: TokenEndpoint, base_url: str, meters: Meters) -> list[Route]:
    """Discovery and token endpoint; `base_url` is the installation's address without /fhir."""
    return [
        Route(DISCOVERY_PATH, _Discovery(configuration(base_url), meters)),
        Route(AUTH_PATH, _Token(endpoint, meters)),
    ]


class _Discovery:
    def __init__(self, document: bytes, meters: Meters) -> None:
        self._document = document
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}
        if scope["method"] in ("GET", "HEAD"):
            body = self._document if scope["method"] == "GET" else b""
            length = {"Content-Length": str(len(self._document)), "Cache-Control": "public, max-age=300"}
            status = await _send(send, 200, headers | length, body)
        elif scope["method"] == "OPTIONS":
            status = await _send(send, 204, headers | {"Access-Control-Allow-Methods": "GET"}, b"")
        else:
            status = await _send(
                send, 405, headers | {"Allow": "GET, HEAD, OPTIONS"}, b'{"error": "not GET"}'
            )
        self._meters.count(DISCOVERY_PATH, scope["method"], status)


class _Token:
    def __init__(self, endpoint: TokenEndpoint, meters: Meters) -> None:
        self._endpoint = endpoint
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(scope, receive)
        try:
            answer = await self._answer(call)
        except Refused as refused:
            answer = _error(refused.problem.status, "invalid_request", refused.problem.sentence)
        except ConnectionAbortedError:
            return
        except Exception:
            _log.exception("the token endpoint failed")
            answer = _error(
                500, "server_error", "The bridge failed; its operator finds the cause in the log."
            )
        status = await _send(send, answer.status, dict(answer.headers), answer.body.encode())
        self._meters.count(AUTH_PATH, call.method, status)

    async def _answer(self, call: Call) -> TokenAnswer:
        if call.method != "POST":
            refusal = _error(405, "invalid_request", "Use POST.")
            return TokenAnswer(405, {**refusal.headers, "Allow": "POST"}, refusal.body)
        if call.query:
            return _error(400, "invalid_request", "Send the parameters in the body, not in the URL.")
        if call.media_type() != FORM:
            return _error(400, "invalid_request", f"Send the parameters as {FORM}.")
        return await self._endpoint.answer(decoded(await call.body(FORM_BYTES)))


def _error(status: int, error: str, sentence: str) -> TokenAnswer:
    return TokenAnswer(status, NO_STORE, json.dumps({"error": error, "error_description": sentence}))


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
