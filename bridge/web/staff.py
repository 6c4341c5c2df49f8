"""`/clinic`: sign-in of staff, and the frame in which each role does its deeds.

Law (issue: sign-in of staff): nothing under /clinic without a staff session and the deed that it asks for; a staff
session is no person's, so no form that approves a grant can be answered in it. Who comes from the identity provider
and is not on our list stays outside. What changes the installation is in the admin log before it is done. Programs,
staff, deliveries and log are those of the member's own organisation (`people/remit.py`); who works for one adds staff
to it alone, and another's are as absent to them as who was never there.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bridge.net.client import Outbound
from bridge.people import invitations, oidc, passkeys, signing, staff, tickets
from bridge.people.invitations import Void
from bridge.people.oidc import Begun, Flaw, Provider
from bridge.people.passkeys import site
from bridge.people.remit import Remit, remit
from bridge.people.roles import Deed, Role, deeds
from bridge.people.throttle import TryLater
from bridge.period import MINUTE
from bridge.store import accounts, clients, outbox
from bridge.store import deeds as log
from bridge.store import passkeys as kept_passkeys
from bridge.store import staff as kept
from bridge.store.db import Database
from bridge.store.invitations import Invitation
from bridge.store.outbox import Delivery
from bridge.web import wishes
from bridge.web.lobby import begin, device, later, moment, onward, shown, shown_to_anybody
from bridge.web.notified import in_remit, programs
from bridge.web.session import Form, checked_form, entrance, fresh, open_form, visitor
from bridge.web.session import staff as member
from bridge.web.signin import by_passkey, sign_in_page

SIGN_IN: Final = "clinic/sign_in.html"
TEN_MINUTES: Final = 10 * MINUTE
_log: Final = logging.getLogger("bridge.web")


def routes(net: Outbound, provider: Provider | None) -> list[Route]:
    """Every address of the staff that this module has."""
    door = _Door(net, provider)
    return [
        Route("/clinic", _home),
        Route("/clinic/sign-in", door.sign_in, methods=["GET", "POST"]),
        Route("/clinic/sign-in/provider", door.begin, methods=["POST"]),
        Route(oidc.CALLBACK, door.finish),
        Route("/clinic/enrol/{code}", _enrol, methods=["GET", "POST"]),
        Route("/clinic/log", _deeds),
        Route("/clinic/clients", _clients),
        Route("/clinic/deliveries", _deliveries),
        Route("/clinic/deliveries/retry", _retry, methods=["POST"]),
        Route("/clinic/staff", _staff, methods=["GET", "POST"]),
        Route("/clinic/staff/remove", _remove, methods=["POST"]),
    ]


class _Door:
    """Sign-in of staff: at the provider of the settings, or by a passkey."""

    def __init__(self, net: Outbound, provider: Provider | None) -> None:
        self._net, self._provider = net, provider

    async def sign_in(self, request: Request) -> Response:
        """The page, and the answer of a passkey."""
        if request.method != "POST":
            return self._page(request, request.query_params.get("next", ""))
        form = await open_form(request)
        result = await by_passkey(request, form, "staff")
        if signing.is_account(result):
            return await begin(request, result, "staff", onward(request, form.one("next"), "/clinic"))
        if isinstance(result, TryLater):
            return later(self._page(request, form.one("next"), "wait", result.seconds), result)
        return self._page(request, form.one("next"), "passkey")

    async def begin(self, request: Request) -> Response:
        """To the provider, with what this browser must bring back sealed in a cookie."""
        form, here, visit = await open_form(request), entrance(request), visitor(request)
        if self._provider is None:
            return self._page(request, form.one("next"), "provider")
        begun = await oidc.begin(self._net, self._provider, here.base_url)
        if isinstance(begun, Flaw):
            return self._failed(request, begun)
        kept_ = [begun.state, begun.nonce, begun.verifier, form.one("next")]
        ticket = tickets.ticket(here.db, "oidc", visit, kept_, here.clock())
        answer = RedirectResponse(begun.address, 303)
        answer.set_cookie(
            f"{here.cookie}-oidc", ticket, max_age=600, secure=here.is_secure, httponly=True, samesite="lax"
        )
        return answer

    async def finish(self, request: Request) -> Response:
        """Back from the provider: whoever is on our list is in."""
        here, provider = entrance(request), self._provider
        ticket = request.cookies.get(f"{here.cookie}-oidc", "")
        texts = tickets.opened(here.db, "oidc", visitor(request), ticket, here.clock(), TEN_MINUTES)
        if provider is None or texts is None:
            return self._failed(request, Flaw.STATE)
        begun = Begun("", *texts[:3])
        told = dict(request.query_params)
        who = await oidc.finish(self._net, provider, here.base_url, begun, told, here.clock())
        if isinstance(who, Flaw):
            return self._failed(request, who)
        account = await asyncio.to_thread(kept.by_subject, here.db, provider.issuer, who)
        if account is None or not await asyncio.to_thread(tickets.spend, here.db, ticket, here.clock()):
            return self._page(request, "", "unknown")
        answer = await begin(request, account, "staff", onward(request, texts[3], "/clinic"))
        answer.delete_cookie(f"{here.cookie}-oidc", secure=here.is_secure, httponly=True, samesite="lax")
        return answer

    def _failed(self, request: Request, flaw: Flaw) -> Response:
        _log.warning("sign-in of staff failed: %s", flaw.value)
        return self._page(request, "", "provider")

    def _page(self, request: Request, next_: str, error: str = "", wait: int = 0) -> Response:
        has_provider = self._provider is not None
        answer = sign_in_page(request, SIGN_IN, "staff", next_, error=error, wait=wait, provider=has_provider)
        answer.status_code = 403 if error else 200
        return answer


async def _enrol(request: Request) -> Response:
    """A member of staff registers the passkey by which they sign in from now on."""
    here, code, visit = entrance(request), request.path_params["code"], visitor(request)
    found = await asyncio.to_thread(invitations.look, here.db, code, here.clock())
    where = site(here.base_url)
    if not isinstance(found, Invitation) or found.account is None or where is None:
        reason = _void(found)
        return shown_to_anybody(request, "people/void.html", visit, 410, reason=reason)
    one = await asyncio.to_thread(accounts.load, here.db, found.account)
    name, error = one.name if one else "", ""
    if request.method == "POST":
        form = await open_form(request)
        made = await asyncio.to_thread(partial(_enrolled, request, form, code, found.account))
        if made:
            return await begin(request, found.account, "staff", RedirectResponse("/clinic", 303))
        error = "passkey"
    asked = passkeys.challenge()
    options = passkeys.creation(where, found.account, name or passkeys.NAME, (), asked)
    ticket = tickets.ticket(here.db, f"enrol {found.account}", visit, [asked.hex()], here.clock())
    status = 422 if error else 200
    return shown_to_anybody(
        request, "clinic/enrol.html", visit, status, name=name, options=options, ticket=ticket, error=error
    )


def _void(found: Invitation | Void) -> str:
    """Why an invitation of staff does not let in: what it is, or that the bridge's address can have no passkeys."""
    if isinstance(found, Invitation):
        return "unknown" if found.account is None else "host"
    return found.value


def _enrolled(request: Request, form: Form, code: str, account: str) -> bool:
    here, where = entrance(request), site(entrance(request).base_url)
    now, visit = here.clock(), visitor(request)
    texts = tickets.opened(here.db, f"enrol {account}", visit, form.one("ticket"), now)
    if texts is None or where is None:
        return False
    label = device(request.headers.get("user-agent", ""))
    made = passkeys.made(where, account, form.one("credential"), bytes.fromhex(texts[0]), label, now)
    if made is None or invitations.enrol(here.db, code, now) != account:
        return False
    return kept_passkeys.add(here.db, made)


# ------------------------------------------------------------------------------------------- deeds


async def _home(request: Request) -> Response:
    known = await member(request)
    roles = await asyncio.to_thread(staff.roles_of, entrance(request).db, known.account)
    may = sorted(deeds(roles))
    return shown(request, "clinic/home.html", known, "home", roles=sorted(roles), may=may)


async def _deeds(request: Request) -> Response:
    known = await member(request, Deed.READ_LOG)
    db = entrance(request).db
    seen = await asyncio.to_thread(remit, db, known.account)
    rows = await asyncio.to_thread(lambda: [row for row in log.listed(db) if seen.row(row)])
    told = [(row, moment(row.at)) for row in reversed(rows)]
    return shown(request, "clinic/log.html", known, "log", rows=told)


async def _clients(request: Request) -> Response:
    known = await member(request, Deed.SEE_CLIENTS)
    db = entrance(request).db
    seen = await asyncio.to_thread(remit, db, known.account)
    rows = await asyncio.to_thread(lambda: [each for each in clients.listed(db) if seen.client(each.id)])
    return shown(request, "clinic/clients.html", known, "clients", rows=rows)


async def _deliveries(request: Request) -> Response:
    """States and counts of deliveries, and who is notified; nobody's name and no value."""
    known = await member(request, Deed.SEE_DELIVERIES)
    db = entrance(request).db
    seen = await asyncio.to_thread(remit, db, known.account)
    rows = await asyncio.to_thread(_in_remit, db, seen)
    may_retry = await asyncio.to_thread(staff.may, db, known.account, Deed.RETRY_DELIVERIES)
    whose = await asyncio.to_thread(programs, db, {row.destination for row in rows})
    told = [(row, moment(row.began), whose[row.destination]) for row in rows]
    orders = await asyncio.to_thread(wishes.seen, db, seen)
    feeds = await asyncio.to_thread(in_remit, db, seen)
    more = {"rows": told, "feeds": feeds, "may_retry": may_retry, "orders": orders}
    return shown(request, "clinic/deliveries.html", known, "deliveries", **more)


def _in_remit(db: Database, seen: Remit) -> list[Delivery]:
    """The deliveries in the remit, oldest first; each destination is looked at once."""
    every = outbox.listed(db, None)
    known = {each: seen.destination(str(each)) for each in {one.destination for one in every}}
    return [one for one in every if known[one.destination]]


async def _retry(request: Request) -> Response:
    known = await member(request, Deed.RETRY_DELIVERIES)
    form, db = await checked_form(request, known), entrance(request).db
    number = form.one("delivery")
    if not number.isascii() or not number.isdigit() or len(number) > 15:
        raise HTTPException(422, "form")
    seen = await asyncio.to_thread(remit, db, known.account)
    if not await asyncio.to_thread(seen.delivery, number):
        raise HTTPException(422, "form")
    await asyncio.to_thread(staff.record, db, known.account, "deliveries retry", number)
    try:
        await asyncio.to_thread(outbox.retry, db, int(number))
    except (KeyError, ValueError):
        raise HTTPException(422, "form") from None
    return RedirectResponse("/clinic/deliveries", 303)


async def _staff(request: Request) -> Response:
    if request.method == "POST":
        return await _added(request)
    known = await member(request, Deed.SEE_STAFF)
    return await _members(request, known.account)


async def _members(request: Request, account: str, link: str = "", error: str = "") -> Response:
    known = await member(request, Deed.SEE_STAFF)
    db = entrance(request).db
    seen = await asyncio.to_thread(remit, db, account)
    rows = await asyncio.to_thread(lambda: [each for each in staff.members(db) if seen.member(each.account)])
    may_change = await asyncio.to_thread(staff.may, db, account, Deed.CHANGE_STAFF)
    whose = (seen.organization,) if seen.organization else await asyncio.to_thread(staff.organizations, db)
    model = {"rows": rows, "may_change": may_change, "roles": list(Role), "link": link, "error": error}
    model["organizations"] = whose
    return shown(request, "clinic/staff.html", known, "staff", 422 if error else 200, **model)


async def _added(request: Request) -> Response:
    known = await member(request, Deed.CHANGE_STAFF)
    form, here = await checked_form(request, known), entrance(request)
    fresh(request, known)
    roles = [Role(each) for each in form.all("role") if each in list(Role)]
    name = form.one("name")
    if not name or not roles:
        return await _members(request, known.account, error="name")
    seen = await asyncio.to_thread(remit, here.db, known.account)
    whose = seen.organization or form.one("organization")
    note = partial(staff.record, of=whose)
    await asyncio.to_thread(note, here.db, known.account, "staff add", f"{name}: {', '.join(roles)}")
    try:
        add = partial(staff.add, subject=None, now=here.clock(), organization=whose)
        _, code = await asyncio.to_thread(add, here.db, name, roles)
    except staff.Refused:
        return await _members(request, known.account, error="name")
    return await _members(request, known.account, link=f"{here.base_url}/clinic/enrol/{code}")


async def _remove(request: Request) -> Response:
    known = await member(request, Deed.CHANGE_STAFF)
    form, here = await checked_form(request, known), entrance(request)
    fresh(request, known)
    account = form.one("account")
    seen = await asyncio.to_thread(remit, here.db, known.account)
    if not await asyncio.to_thread(seen.member, account):
        return await _members(request, known.account, error="remove")
    note = partial(staff.record, of=await asyncio.to_thread(staff.works_for, here.db, account))
    await asyncio.to_thread(note, here.db, known.account, "staff remove", account)
    try:
        await asyncio.to_thread(staff.remove, here.db, account, known.account)
    except (KeyError, staff.Refused):
        return await _members(request, known.account, error="remove")
    return RedirectResponse("/clinic/staff", 303)
