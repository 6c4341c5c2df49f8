"""A clinician's launch: a request to the person whose record is linked, or a code to hand out where it is not.

Law (issue: a clinician's launch can only send a request): it needs a session of staff with the right to ask, and for
the organisation that the EHR stands for, besides being let in by the EHR; what is done is in the admin log before it
is. To whom a record belongs is known only where that person linked it; otherwise nobody is looked for by name, and the
code carries the record's birth date. A record that shows another birth date than the person who linked it has become
somebody else's: nothing of it is told on.
"""

from __future__ import annotations

import asyncio
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bridge.people import requests, sharing_codes, staff
from bridge.people.remit import remit
from bridge.people.requests import Origin
from bridge.people.roles import Deed
from bridge.people.sessions import Session
from bridge.people.sharing_codes import Offer
from bridge.store import arrivals
from bridge.store.db import Database
from bridge.store.patients import load as load_patient
from bridge.web.arriving import Landed
from bridge.web.lobby import shown
from bridge.web.session import checked_form, entrance
from bridge.web.session import staff as member
from bridge.web.sheets import sheet


async def clinician_page(request: Request, there: Landed, error: str = "", status: int = 200) -> Response:
    """The record, and the one thing that can be done: ask."""
    known = await _of_own(request, there)
    here = entrance(request)
    linked = await asyncio.to_thread(arrivals.known, here.db, there.ehr.id, there.record.id)
    if linked is not None and _is_anothers(here.db, there, linked):
        error, status = "differs", 409
    return shown(
        request,
        "clinic/arrived.html",
        known,
        "codes",
        status,
        record=there.record,
        recipient=requests.recipient_name(here.db, there.ehr.client),
        is_linked=linked is not None,
        visit=there.visit,
        error=error,
    )


async def asked_by_clinician(request: Request, there: Landed) -> Response:
    """Send the request, or make the code."""
    known = await _of_own(request, there)
    form, here = await checked_form(request, known), entrance(request)
    linked = await asyncio.to_thread(arrivals.known, here.db, there.ehr.id, there.record.id)
    if linked is not None and _is_anothers(here.db, there, linked):
        return await clinician_page(request, there)
    if linked is None and there.record.birth_date is None:
        return await clinician_page(request, there, "birth-date", 409)
    act = "request send" if linked is not None else "code make"
    await asyncio.to_thread(staff.record, here.db, known.account, act, there.ehr.client)
    now = here.clock()
    if not await asyncio.to_thread(arrivals.use, here.db, there.hashed, now):
        return RedirectResponse("/clinic", 303)
    if linked is not None:
        ask = partial(
            requests.ask,
            here.db, linked, there.ehr.client, Origin.CLINICIAN, known.name, there.record, there.visit, now,
        )  # fmt: skip
        await asyncio.to_thread(ask)
        return RedirectResponse("/clinic/codes?done=asked", 303)
    assert there.record.birth_date is not None
    offer = Offer(there.ehr.client, there.record.birth_date, known.name, there.record, there.visit)
    make = partial(sharing_codes.for_person, here.db, offer, known.account, now)
    code = await asyncio.to_thread(make)
    return sheet(request, known, code, offer, now + sharing_codes.LIFE, form.one("language"))


async def _of_own(request: Request, there: Landed) -> Session:
    """The member of staff who may ask, for the organisation that the EHR stands for; 403 with a page otherwise."""
    known = await member(request, Deed.SEND_REQUESTS)
    seen = await asyncio.to_thread(remit, entrance(request).db, known.account)
    if not await asyncio.to_thread(seen.client, there.ehr.client):
        raise HTTPException(403, "organization")
    return known


def _is_anothers(db: Database, there: Landed, linked: int) -> bool:
    """Whether the record says another birth date than that of the person who linked it."""
    return there.record.birth_date != load_patient(db, linked).birth_date
