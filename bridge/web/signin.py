"""`/sign-in`, `/sign-up/…`, `/sign-out`: the ways in for a person, and out.

Law: thin; who is let in is decided in `bridge.people.signing`. Every form works without JavaScript but that of a
passkey, which no browser can do without. Whoever is wrong sees the same page with one sentence, the fields that
they typed (never a password) and, where they must wait, for how long. A session begins with a new cookie.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Final

import segno
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bridge.people import factors, invitations, passkeys, sessions, signing, tickets
from bridge.people.invitations import Void
from bridge.people.passkeys import Site, site
from bridge.people.passwords import Weak
from bridge.people.signing import Entry, Joining, Wrong
from bridge.people.throttle import TryLater
from bridge.store.accounts import Persona
from bridge.store.invitations import Invitation
from bridge.web.lobby import address, begin, device, later, onward, shown, shown_to_anybody
from bridge.web.session import (
    SIGN_IN,
    Form,
    checked_form,
    clear_cookie,
    entrance,
    open_form,
    session,
    visitor,
)

_FIELD_OF: Final[Mapping[object, str]] = {
    Wrong.LOGIN: "login", Wrong.TAKEN: "login", Wrong.NAME: "name", Wrong.CODE: "code", Wrong.PASSKEY: "passkey",
    Weak.SHORT: "password", Weak.LONG: "password", Weak.NAME: "password", Weak.SIMPLE: "password",
    Void.BIRTH_DATE: "birth_date",
}  # fmt: skip
"""Which field of the sign-up form an error belongs to."""


def routes() -> list[Route]:
    """The addresses of sign-in and sign-up."""
    return [
        Route("/sign-in", _sign_in, methods=["GET", "POST"]),
        Route("/sign-in/recover", _recover, methods=["GET", "POST"]),
        Route("/sign-up/{code}", _sign_up, methods=["GET", "POST"]),
        Route("/sign-out", _sign_out, methods=["POST"]),
    ]


# ------------------------------------------------------------------------------------------- sign in


async def _sign_in(request: Request) -> Response:
    if request.method != "POST":
        return sign_in_page(request, "people/sign_in.html", "person", request.query_params.get("next", ""))
    form = await open_form(request)
    if form.one("credential"):
        result = await by_passkey(request, form, "person")
    else:
        entry = Entry(form.one("login"), form.raw("password"), form.one("code"), address(request))
        here = entrance(request)
        result = await asyncio.to_thread(signing.enter, here.db, entry, here.clock())
    if signing.is_account(result):
        return await begin(request, result, "person", onward(request, form.one("next")))
    return _again(request, "people/sign_in.html", form, result)


async def _recover(request: Request) -> Response:
    """A name and a recovery code, for an account whose only way in was a passkey."""
    if request.method != "POST":
        return shown_to_anybody(
            request, "people/recover.html", visitor(request), error="", wait=0, login="", next=""
        )
    form, here = await open_form(request), entrance(request)
    entry = Entry(form.one("login"), "", form.one("code"), address(request))
    result = await asyncio.to_thread(signing.recover, here.db, entry, here.clock())
    if signing.is_account(result):
        return await begin(request, result, "person", RedirectResponse("/account", 303))
    return _again(request, "people/recover.html", form, result)


def _again(request: Request, template: str, form: Form, result: str | TryLater) -> Response:
    error = "wait" if isinstance(result, TryLater) else result
    wait = result.seconds if isinstance(result, TryLater) else 0
    answer = sign_in_page(
        request, template, "person", form.one("next"), login=form.one("login"), error=error, wait=wait
    )
    answer.status_code = 422
    return later(answer, result) if isinstance(result, TryLater) else answer


def sign_in_page(
    request: Request,
    template: str,
    persona: Persona,
    next_: str,
    *,
    login: str = "",
    error: str = "",
    wait: int = 0,
    provider: bool = False,
) -> Response:
    """A page with a form to sign in, and where the host can have passkeys what a browser needs for one."""
    here, visit = entrance(request), visitor(request)
    where, options, ticket = site(here.base_url), "", ""
    if where is not None:
        asked = passkeys.challenge()
        options = passkeys.request(where, asked)
        ticket = tickets.ticket(here.db, f"passkey {persona}", visit, [asked.hex()], here.clock())
    return shown_to_anybody(
        request,
        template,
        visit,
        next=next_,
        login=login,
        error=error,
        wait=wait,
        options=options,
        ticket=ticket,
        provider=provider,
    )


async def by_passkey(request: Request, form: Form, persona: Persona) -> str | Wrong | TryLater:
    """The account whose passkey answered the challenge of this browser's page."""
    here, visit, shown_ticket = entrance(request), visitor(request), form.one("ticket")
    now, where = here.clock(), site(here.base_url)
    texts = tickets.opened(here.db, f"passkey {persona}", visit, shown_ticket, now)
    if where is None or texts is None:
        return Wrong.PASSKEY
    asked = bytes.fromhex(texts[0])
    enter = partial(signing.enter_by_passkey, persona=persona, address=address(request), now=now)
    result = await asyncio.to_thread(enter, here.db, where, form.one("credential"), asked)
    if signing.is_account(result):
        is_first = await asyncio.to_thread(tickets.spend, here.db, shown_ticket, now)
        return result if is_first else Wrong.PASSKEY
    return result


async def _sign_out(request: Request) -> Response:
    known, here = session(request), entrance(request)
    if known is None:
        return RedirectResponse("/sign-in", 303)
    await checked_form(request, known)
    await asyncio.to_thread(sessions.end, here.db, known)
    answer = RedirectResponse(SIGN_IN[known.persona], 303)
    clear_cookie(request, answer)
    return answer


# ------------------------------------------------------------------------------------------- sign up


async def _sign_up(request: Request) -> Response:
    here, code = entrance(request), request.path_params["code"]
    found = await asyncio.to_thread(invitations.look, here.db, code, here.clock())
    if not isinstance(found, Invitation) or found.patient is None:
        reason = found.value if isinstance(found, Void) else Void.UNKNOWN.value
        return shown_to_anybody(request, "people/void.html", visitor(request), 410, reason=reason)
    known = session(request)
    if known is not None and known.persona == "person":
        return await _accept(request, found, code)
    if request.method == "POST":
        return await _join(request, code)
    return _sign_up_page(request, Form(()), factors.new_secret(), signing.new_account(), "", 0)


async def _accept(request: Request, found: Invitation, code: str) -> Response:
    """Somebody who has an account gains the representation with it."""
    here, known = entrance(request), session(request)
    assert known is not None
    if request.method != "POST":
        return shown(request, "people/accept.html", known, kind=found.kind, error="", wait=0)
    form = await checked_form(request, known)
    accept = partial(invitations.accept, account=known.account, now=here.clock())
    result = await asyncio.to_thread(accept, here.db, code, day(form.one("birth_date")))
    if isinstance(result, int):
        return RedirectResponse("/", 303)
    error = "wait" if isinstance(result, TryLater) else result.value
    wait = result.seconds if isinstance(result, TryLater) else 0
    answer = shown(request, "people/accept.html", known, "", 422, kind=found.kind, error=error, wait=wait)
    return later(answer, result) if isinstance(result, TryLater) else answer


async def _join(request: Request, code: str) -> Response:
    here, form, visit = entrance(request), await open_form(request), visitor(request)
    texts = tickets.opened(here.db, "sign-up", visit, form.one("ticket"), here.clock())
    if texts is None:
        return _sign_up_page(request, form, factors.new_secret(), signing.new_account(), "old", 0)
    secret, account, asked = texts
    judge = partial(invitations.judged, born=day(form.one("birth_date")), now=here.clock())
    judged = await asyncio.to_thread(judge, here.db, code)
    result: object = judged
    if isinstance(judged, Invitation):
        made = partial(_made, request, form, code, secret, account, bytes.fromhex(asked))
        result = await asyncio.to_thread(made)
    if signing.is_account(result):
        codes = await asyncio.to_thread(factors.renew_recovery, here.db, result)
        return await begin(
            request,
            result,
            "person",
            shown_to_anybody(request, "people/codes.html", visit, codes=codes, onward="/"),
        )
    wait = result.seconds if isinstance(result, TryLater) else 0
    error = "wait" if wait else str(result)
    answer = _sign_up_page(request, form, secret, account, error, wait, _FIELD_OF.get(result, ""))
    answer.status_code = 422
    return later(answer, result) if isinstance(result, TryLater) else answer


def _made(
    request: Request, form: Form, code: str, secret: str, account: str, asked: bytes
) -> str | Wrong | Weak | Void:
    here, now = entrance(request), entrance(request).clock()
    login, name = form.one("login"), form.one("name")
    if not form.one("credential"):
        joining = Joining(login, name, form.raw("password"), secret, form.one("code"))
        return signing.join(here.db, code, joining, now)
    where = site(here.base_url)
    label = device(request.headers.get("user-agent", ""))
    passkey = where and passkeys.made(where, account, form.one("credential"), asked, label, now)
    return signing.join_by_passkey(here.db, code, passkey, login, name, now) if passkey else Wrong.PASSKEY


def _sign_up_page(
    request: Request, form: Form, secret: str, account: str, error: str, wait: int, field: str = ""
) -> Response:
    here, visit, asked = entrance(request), visitor(request), passkeys.challenge()
    where: Site | None = site(here.base_url)
    uri = factors.address(secret, form.one("login"))
    return shown_to_anybody(
        request,
        "people/sign_up.html",
        visit,
        form={name: form.one(name) for name in ("birth_date", "name", "login")},
        ticket=tickets.ticket(here.db, "sign-up", visit, [secret, account, asked.hex()], here.clock()),
        secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        picture=segno.make(uri, error="m").svg_data_uri(scale=4, dark="#000", light="#fff"),
        options=passkeys.creation(where, account, passkeys.NAME, (), asked) if where else "",
        error=error,
        wait=wait,
        field=field,
    )


def day(text: str) -> date | None:
    """A date as a form sends it; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
