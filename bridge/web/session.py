"""Sessions over HTTP: who is at the other end, forms that only our pages can send, and what no page goes without.

Law: `person` and `staff` are the only ways for a page to know who asks, and one never is the other: a staff
session is no person's, so nothing that a person decides can be decided in it. A form is believed where it
carries its session's secret and was not sent from another site. Every page is private, not stored, framed by
nobody, runs no foreign script, and tells no other site where its reader came from (CSP Level 3; RFC 9111).
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.people.roles import Deed, Role, deeds
from bridge.people.sessions import LIMITS, Session, find, form_secret
from bridge.people.staff import roles_of
from bridge.period import MINUTE, Instant
from bridge.store.accounts import Persona
from bridge.store.db import Database
from bridge.web.call import FORM, FORM_BYTES, Call, Refused, decoded

CSRF: Final = "csrf"
"""The name of the hidden field of every form."""
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
APART: Final = ("/fhir", "/auth", "/docs", "/openapi.json", "/health", "/metrics", "/static")
"""Addresses that are no pages and have headers of their own."""
FRESH: Final = 30 * MINUTE
SIGN_IN: Final[dict[Persona, str]] = {"person": "/sign-in", "staff": "/clinic/sign-in"}


@dataclass(frozen=True, slots=True)
class Entrance:
    """What a page needs to know who asks: `install` puts it into the application's state."""

    db: Database
    clock: Callable[[], Instant]
    base_url: str

    @property
    def is_secure(self) -> bool:
        """Whether the public address is https; cookies say so."""
        return self.base_url.startswith("https://")

    @property
    def cookie(self) -> str:
        """The session's cookie. `__Host-` binds it to this host and to https (RFC 6265bis 4.1.3.2)."""
        return "__Host-bridge" if self.is_secure else "bridge"


def install(app: Starlette, db: Database, clock: Callable[[], Instant], base_url: str) -> None:
    """Let the pages of `app` know sessions, and put the headers on all of them."""
    app.state.entrance = Entrance(db, clock, base_url)
    app.add_middleware(Secured)


def entrance(request: Request) -> Entrance:
    """The entrance of the application that answers."""
    found = request.app.state.entrance
    assert isinstance(found, Entrance)
    return found


# ------------------------------------------------------------------------------------------ who asks


def session(request: Request) -> Session | None:
    """The living session of this browser, whoever's it is."""
    here = entrance(request)
    return find(here.db, request.cookies.get(here.cookie), here.clock())


async def person(request: Request) -> Session:
    """The person who asks. Raises the way to /sign-in where nobody, or staff, does."""
    return _of(request, "person")


async def staff(request: Request, need: Role | Deed | None = None) -> Session:
    """The member of staff who asks and has that role, or may do that deed; None: any member. Raises the way to
    /clinic/sign-in where nobody, or a person, asks, and 403 where the role does not suffice."""
    found = _of(request, "staff")
    roles = await asyncio.to_thread(roles_of, entrance(request).db, found.account)
    if not roles or (need is not None and need not in roles and need not in deeds(roles)):
        raise HTTPException(403, "role")
    return found


def fresh(request: Request, session: Session) -> None:
    """Let nobody change ways in, hand out access or erase who did not sign in within the last half hour."""
    if entrance(request).clock() - session.signed_in > FRESH:
        raise HTTPException(
            303, headers={"Location": f"{SIGN_IN[session.persona]}?next={session_home(session)}"}
        )


def session_home(session: Session) -> str:
    """Where a session's own things are."""
    return "/account" if session.persona == "person" else "/clinic"


def _of(request: Request, persona: Persona) -> Session:
    found = session(request)
    if found is not None and found.persona == persona:
        return found
    way = SIGN_IN[persona]
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    asked = f"{way}?next={quote(back, safe='')}" if request.method == "GET" else way
    raise HTTPException(303, headers={"Location": asked})


# ------------------------------------------------------------------------------------------ cookies


def set_cookie(request: Request, response: Response, cookie: str, persona: Persona) -> None:
    """Hand the browser its new session."""
    here = entrance(request)
    response.set_cookie(
        here.cookie,
        cookie,
        max_age=LIMITS[persona].absolute // 1000,
        path="/",
        secure=here.is_secure,
        httponly=True,
        samesite="lax",
    )


def clear_cookie(request: Request, response: Response) -> None:
    """Take the session's cookie back."""
    here = entrance(request)
    response.delete_cookie(here.cookie, path="/", secure=here.is_secure, httponly=True, samesite="lax")


# -------------------------------------------------------------------------------------------- forms


class Form:
    """The fields of one form."""

    def __init__(self, pairs: tuple[tuple[str, str], ...]) -> None:
        self.pairs = pairs

    def one(self, name: str) -> str:
        """The field's first value, without spaces around it; '' where it was not sent."""
        return next((value.strip() for key, value in self.pairs if key == name), "")

    def raw(self, name: str) -> str:
        """The field's first value as it was typed: for passwords."""
        return next((value for key, value in self.pairs if key == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of the field, in order."""
        return tuple(value for key, value in self.pairs if key == name)


async def checked_form(request: Request, session: Session) -> Form:
    """The form of this session; 403 where it does not carry its secret or comes from another site."""
    return await _form(request, session.csrf)


async def open_form(request: Request) -> Form:
    """A form of a browser without a session (sign-in, sign-up), bound to it by `visitor`; 403 otherwise."""
    here = entrance(request)
    cookie = request.cookies.get(_visit(here), "")
    return await _form(request, form_secret(here.db, cookie) if cookie else secrets.token_hex(24))


def visitor(request: Request) -> str:
    """What binds a browser without a session to the form that it is shown: its cookie's value, or a new one."""
    known = request.cookies.get(_visit(entrance(request)), "")
    return known if len(known) == 43 else secrets.token_urlsafe(32)


def visiting(request: Request, response: Response, visit: str) -> None:
    """Hand the browser the cookie of `visitor`; it says nothing about anybody."""
    here = entrance(request)
    response.set_cookie(
        _visit(here), visit, max_age=3600, path="/", secure=here.is_secure, httponly=True, samesite="lax"
    )


def _visit(here: Entrance) -> str:
    return f"{here.cookie}-visit"


async def _form(request: Request, secret: str) -> Form:
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site not in ("same-origin", "none"):
        raise HTTPException(403, "site")
    call = Call(request.scope, request.receive)
    try:
        body = await call.body(FORM_BYTES)
        pairs = decoded(body) if call.media_type() == FORM else ()
    except Refused as refused:
        raise HTTPException(refused.problem.status, "form") from None
    form = Form(pairs)
    if not hmac.compare_digest(form.one(CSRF).encode(), secret.encode()):
        raise HTTPException(403, "form")
    return form


# ------------------------------------------------------------------------------------------ headers


class Secured:
    """Puts the headers of a page on every answer that is one; what a route set itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(APART):
            await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _absent(headers):
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, sent)


def _absent(headers: MutableHeaders) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in HEADERS.items() if name not in headers)
