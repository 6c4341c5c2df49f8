"""`/clinic/recipients`: who receives, who verified them and until when, and what is held because it changed.

Law (issue: recipients are verified): seeing is for whoever sees programs; verifying is for the privacy officer alone,
because whoever changes a registration must not be the one who finds it right. The act is in the admin log before it
is done; what counts as changed is computed (`bridge.store.verifications`), never set by hand. Who works for one
organisation sees and verifies its own recipients alone.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bridge.people import staff
from bridge.people.remit import remit
from bridge.people.roles import Deed
from bridge.people.sessions import Session
from bridge.people.verifying import Unfit, Verification, verified
from bridge.store import clients
from bridge.store.recipients import find
from bridge.store.verifications import fault, key_of
from bridge.web.lobby import moment, shown
from bridge.web.session import checked_form, entrance, fresh
from bridge.web.session import staff as member
from bridge.web.signin import day

MOST: Final = 200


def routes() -> list[Route]:
    """The list, and its one act."""
    return [
        Route("/clinic/recipients", _every, methods=["GET"]),
        Route("/clinic/recipients", _verify, methods=["POST"]),
    ]


async def _every(request: Request) -> Response:
    known = await member(request, Deed.SEE_CLIENTS)
    return await asyncio.to_thread(_page, request, known)


async def _verify(request: Request) -> Response:
    known = await member(request, Deed.VERIFY_RECIPIENTS)
    form, here = await checked_form(request, known), entrance(request)
    fresh(request, known)
    until = day(form.one("until"))
    told = Verification(
        form.one("how"), known.name, until, form.one("address"), form.one("contact"), form.one("watcher"),
        form.one("hours"),
    )  # fmt: skip
    try:
        client = await asyncio.to_thread(clients.load, here.db, form.one("client"))
    except KeyError:
        return await asyncio.to_thread(_page, request, known, "client", 404)
    if not remit(here.db, known.account).client(client.id):
        return await asyncio.to_thread(_page, request, known, "client", 404)
    act = partial(staff.record, here.db, known.account, "client verify", client.id, told.how[:MOST])
    await asyncio.to_thread(act)
    try:
        await asyncio.to_thread(verified, here.db, client, told)
    except Unfit as why:
        return await asyncio.to_thread(_page, request, known, why.field, 422)
    return RedirectResponse("/clinic/recipients", 303)


def _page(request: Request, known: Session, error: str = "", status: int = 200) -> Response:
    here, now = entrance(request), entrance(request).clock()
    rows, seen = [], remit(here.db, known.account)
    for each in clients.listed(here.db):
        if not seen.client(each.id):
            continue
        told = find(here.db, key_of(each))
        until = moment(told.until - 1).date() if told.until is not None else None
        rows.append((each, told, told.is_verified(now), until, bool(fault(here.db, each))))
    may = staff.may(here.db, known.account, Deed.VERIFY_RECIPIENTS)
    return shown(
        request, "clinic/recipients.html", known, "recipients", status, rows=rows, may_verify=may, error=error
    )
