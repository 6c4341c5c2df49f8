"""`/auth/authorize` over HTTP: a browser comes with a client's question and leaves for the consent page.

Law: thin; what is asked is judged in `bridge.smart.authorize`. GET and POST alike (SMART App Launch 2.2,
authorize-post); after either the browser goes on with GET (303: a form is never sent twice, RFC 9110 15.4.4).
What cannot be answered to the app is a page for the person, in words of ours alone: nothing that was sent is
repeated. No answer is stored or framed, and none says where the browser came from.
"""

from __future__ import annotations

import asyncio
import logging
from html import escape
from typing import Final

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bridge.smart.authorize import AuthorizeEndpoint, Redirect, Unanswerable
from bridge.smart.discovery import AUTHORIZE_PATH
from bridge.web.call import FORM, FORM_BYTES, Call, Refused, decoded
from bridge.web.meters import Meters

SAFE: Final = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>This request cannot be answered</title>
<meta name="viewport" content="width=device-width"></head>
<body><main><h1>This request cannot be answered</h1><p>{sentence}</p>
<p>Close this page and start again from the app, or tell whoever runs the app.</p></main></body></html>
"""
NOT_A_FORM: Final = Unanswerable("The app sent its question in a form that is not understood here.")
BROKEN: Final = Unanswerable("Something failed here; the operator finds the cause in the log.")
_log: Final = logging.getLogger("bridge.web")


def routes(endpoint: AuthorizeEndpoint, meters: Meters) -> list[Route]:
    """The authorization endpoint."""
    return [Route(AUTHORIZE_PATH, _Authorize(endpoint, meters))]


class _Authorize:
    def __init__(self, endpoint: AuthorizeEndpoint, meters: Meters) -> None:
        self._endpoint = endpoint
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(scope, receive)
        status = 400
        try:
            answer = await self._answer(call)
        except Refused as refused:
            status, answer = refused.problem.status, NOT_A_FORM
        except ConnectionAbortedError:
            return
        except Exception:
            _log.exception("the authorization endpoint failed")
            status, answer = 500, BROKEN
        if isinstance(answer, Redirect):
            await _send(send, 303, {"Location": answer.address}, b"")
            status = 303
        else:
            status = 405 if call.method not in ("GET", "POST") else status
            page = PAGE.format(sentence=escape(answer.sentence)).encode()
            allowed = {"Allow": "GET, POST"} if status == 405 else {}
            await _send(send, status, {"Content-Type": "text/html; charset=utf-8"} | allowed, page)
        self._meters.count(AUTHORIZE_PATH, call.method, status)

    async def _answer(self, call: Call) -> Redirect | Unanswerable:
        if call.method == "GET":
            return await asyncio.to_thread(self._endpoint.answer, call.pairs())
        if call.method != "POST" or call.query or call.media_type() != FORM:
            return NOT_A_FORM
        return await asyncio.to_thread(self._endpoint.answer, decoded(await call.body(FORM_BYTES)))


async def _send(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    named = SAFE | headers | {"Content-Length": str(len(body))}
    raw = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
