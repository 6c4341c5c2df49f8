"""What the pages of sign-in share: a template in the reader's language, in the frame of whoever is signed in.

Law: nothing here decides; a page is shown as it was decided elsewhere. Forms of browsers without a session are
bound to the browser by a cookie that says nothing about anybody. A refusal is a page too, in words from a closed
list, and never what the request said.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bridge.pages import Frame, Pages
from bridge.people.sessions import Session, end, form_secret, start
from bridge.people.throttle import TryLater
from bridge.period import Instant
from bridge.store.accounts import Persona
from bridge.web.session import entrance, session, set_cookie, visiting
from bridge.web.static import local, locale_of

REASONS: Final = frozenset({"site", "form", "role", "organization"})
BROWSERS: Final = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip
_pages: Final = Pages()


def shown(
    request: Request, template: str, who: Session, place: str = "", status: int = 200, /, **model: object
) -> HTMLResponse:
    """A page for whoever is signed in; `csrf` in the model is for its forms."""
    frame = Frame(request.url.path, who.csrf, who.name, None, who.persona == "staff", place)
    text = _pages.render(template, locale_of(request), frame=frame, csrf=who.csrf, **model)
    return HTMLResponse(text, status)


def shown_to_anybody(
    request: Request, template: str, visit: str, status: int = 200, /, **model: object
) -> Response:
    """A page for a browser without a session, whose form is bound to `visit`."""
    csrf = form_secret(entrance(request).db, visit)
    frame = Frame(request.url.path)
    text = _pages.render(template, locale_of(request), frame=frame, csrf=csrf, **model)
    answer = HTMLResponse(text, status)
    visiting(request, answer, visit)
    return answer


def later(answer: Response, wait: TryLater) -> Response:
    """The same answer as 429, with the honest time."""
    answer.status_code = 429
    answer.headers["Retry-After"] = str(wait.seconds)
    return answer


async def begin(request: Request, account: str, persona: Persona, answer: Response) -> Response:
    """Start a session on an answer; the one that this browser had is over, whoever's it was."""
    here, before = entrance(request), session(request)

    def begun() -> str:
        if before is not None:
            end(here.db, before)
        return start(here.db, account, persona, here.clock(), device(request.headers.get("user-agent", "")))[
            0
        ]

    set_cookie(request, answer, await asyncio.to_thread(begun), persona)
    return answer


def onward(request: Request, text: str, home: str = "/") -> RedirectResponse:
    """To a path of ours, after a form."""
    return RedirectResponse(local(text) if text else home, 303)


def address(request: Request) -> str:
    """From where the request came, as the server saw it."""
    return request.client.host if request.client else ""


def device(agent: str) -> str:
    """What a list of devices calls a browser: maker and system, nothing that tells two of them apart."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "Browser")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return f"{browser}, {system}" if system else browser


def moment(at: Instant) -> datetime:
    """An instant for a page that belongs to no person: in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC)
