"""`/static/{name}`, and `/language`: what every page needs before anybody is signed in.

Law: a static file is served from a table made at the start, under a name that holds its hash, for good (RFC 8246). The
choice of a language is a cookie that says nothing about a person; it leads back to a path of ours and nowhere else.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bridge.pages.assets import SERVED
from bridge.pages.languages import LOCALES, chosen
from bridge.web.call import Call, Refused

LANGUAGE: Final = "language"
YEAR: Final = 365 * 24 * 3600
FOREVER: Final = {
    "Cache-Control": f"public, max-age={YEAR}, immutable",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_LOCAL: Final = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
"""A path of this origin: `//host` and `/\\host` lead elsewhere (WHATWG URL, relative slash state)."""


def routes() -> list[Route]:
    """The static files and the choice of a language."""
    return [Route("/static/{name}", _asset), Route("/language", _language, methods=["POST"])]


def locale_of(request: Request) -> str:
    """The language of the answer."""
    return chosen(request.cookies.get(LANGUAGE), request.headers.get("accept-language"))


def local(path: str) -> str:
    """`path` where it leads to this origin, else the start page."""
    return path if _LOCAL.fullmatch(path) else "/"


async def _asset(request: Request) -> Response:
    found = SERVED.get(request.path_params["name"])
    if found is None:
        return PlainTextResponse("There is no such file.\n", 404)
    return Response(found.body, headers=FOREVER | {"Content-Type": found.media_type})


async def _language(request: Request) -> Response:
    call = Call(request.scope, request.receive)
    try:
        form = dict(await call.form())
    except Refused as refused:
        return PlainTextResponse(f"{refused.problem.sentence}\n", refused.problem.status)
    answer = RedirectResponse(local(form.get("next", "/")), 303)
    wanted = form.get("language", "")
    if wanted in LOCALES:
        secure = request.url.scheme == "https"
        answer.set_cookie(
            LANGUAGE, wanted, max_age=YEAR, path="/", secure=secure, httponly=True, samesite="lax"
        )
    return answer
