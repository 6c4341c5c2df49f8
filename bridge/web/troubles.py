"""Mistakes on the way to a page, as pages: a wrong address, a form that is over, what is not the reader's.

Law: one sentence says what can be done now; nothing tells whether what was asked for exists. A way elsewhere stays a
way elsewhere. An address that only takes forms leads whoever opens it to the page that has the form (RFC 9110 15.4.4).
Where the ledger cannot be written, or the person was erased meanwhile, nothing was done: the store keeps what was to
be done and its row together or not at all. What is no page keeps its own form of answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Match

from bridge.pages import NOBODY, Frame
from bridge.people.sessions import Session
from bridge.store.keys import Erased
from bridge.store.ledger import LedgerUnavailable
from bridge.web.lobby import REASONS, shown_to_anybody
from bridge.web.session import APART, session, visitor
from bridge.web.whose import page

CASES: Final[Mapping[int, str]] = {403: "form", 404: "missing", 405: "missing"}
FAULTS: Final[Mapping[type[Exception], tuple[str, str, int]]] = {
    LedgerUnavailable: ("ledger", "unwritten", 503),
    Erased: ("erased", "erased", 410),
}
"""Fault of the store -> what is said to who looked, what to who sent a form, and the status."""


def install(app: Starlette) -> None:
    """Let the pages of `app` say their mistakes."""
    app.add_exception_handler(HTTPException, _said)
    for fault in FAULTS:
        app.add_exception_handler(fault, _failed)


async def _said(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    if fault.status_code < 400:
        return Response(status_code=fault.status_code, headers=fault.headers)
    if request.url.path.startswith(APART):
        return PlainTextResponse(f"{fault.detail}\n", fault.status_code, fault.headers)
    if fault.status_code == 405 and request.method in ("GET", "HEAD"):
        return RedirectResponse(_page_of(request), 303)
    if fault.detail in REASONS:
        return _refused(request, fault)
    what = "nobody" if fault.detail == "nobody" else CASES.get(fault.status_code, "missing")
    return _trouble(request, what, fault.status_code)


def _refused(request: Request, fault: HTTPException) -> Response:
    return shown_to_anybody(
        request,
        "people/refused.html",
        visitor(request),
        fault.status_code,
        reason=fault.detail,
        back=_home(session(request)),
    )


async def _failed(request: Request, fault: Exception) -> Response:
    looked, sent, status = FAULTS[type(fault)]
    is_look = request.method in ("GET", "HEAD")
    return _trouble(request, looked if is_look else sent, status, "" if is_look else _page_of(request))


def _trouble(request: Request, what: str, status: int, back: str = "") -> Response:
    """The page of a case; it leads `back`, or to where the session's pages begin."""
    found = session(request)
    frame = NOBODY if found is None else Frame("/", found.csrf, found.name, is_staff=found.persona == "staff")
    return page(request, "trouble.html", status, frame=frame, what=what, back=back or _home(found), detail="")


def _home(found: Session | None) -> str:
    """Where the pages of a session begin."""
    return "/clinic" if found is not None and found.persona == "staff" else "/"


def _page_of(request: Request) -> str:
    """The nearest address above this one that is a page; the first page where there is none."""
    above = request.url.path
    while above := above.rpartition("/")[0]:
        scope = {**request.scope, "path": above, "raw_path": above.encode(), "method": "GET"}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            return above
    return "/"
