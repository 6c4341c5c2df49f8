"""`/clinic/codes`: the desk makes codes for its patients, enters theirs, sees what came of them, and parts.

Law (issue: sharing codes): the desk says the birth date of whom a code is for, as its own record has it, and the code
is refused for anybody born on another day. What the desk learns is whether a request waits, was approved or declined;
never what was chosen, and no reading; who the person is only once they approved, and share by name: until then it has
what it typed itself. A member sees and does this for the programs of their own organisation. Ending gives up what the
recipient was granted, and the person is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bridge.people import connections, requests, sharing_codes, staff
from bridge.people.ages import birth_fault
from bridge.people.notices import listed as notices_of
from bridge.people.requests import NO_RECORD, Origin, Record
from bridge.people.roles import Deed, deeds
from bridge.people.sessions import Session
from bridge.people.sharing_codes import LIFE, Offer
from bridge.people.throttle import TryLater
from bridge.period import DAY, Instant
from bridge.smart.ehr_launch import EhrApp
from bridge.store.db import Database
from bridge.store.ids import Name
from bridge.store.patients import Patient
from bridge.store.patients import load as load_patient
from bridge.web.codes import given_back
from bridge.web.lobby import address, later, moment, shown
from bridge.web.session import Form, checked_form, entrance
from bridge.web.session import staff as member
from bridge.web.sheets import sheet
from bridge.web.signin import day

LIVES: Final = {"1": DAY, "14": LIFE, "60": 60 * DAY}
MOST: Final = 100
MOST_ROWS: Final = 50
TYPED: Final = frozenset({Origin.CLINIC_CODE, Origin.PERSON_CODE})
"""Where a record's number comes from the desk; a launch brings its own."""


def routes(app: EhrApp) -> list[Route]:
    """The addresses of codes, for staff."""
    pages = ClinicCodes(app)
    return [
        Route("/clinic/codes", pages.every, methods=["GET"]),
        Route("/clinic/codes/make", pages.make, methods=["POST"]),
        Route("/clinic/codes/enter", pages.enter, methods=["POST"]),
        Route("/clinic/codes/end", pages.end, methods=["POST"]),
    ]


class ClinicCodes:
    """The pages. `app`: gives tokens back to an EHR when a connection ends."""

    def __init__(self, app: EhrApp) -> None:
        self._app = app

    async def every(self, request: Request) -> Response:
        """The two forms, and what waits, was answered, and is connected."""
        known = await member(request, Deed.MAKE_CODES)
        return await asyncio.to_thread(_page, request, known)

    async def make(self, request: Request) -> Response:
        """A code for a patient of this clinic, on a sheet."""
        known = await member(request, Deed.MAKE_CODES)
        form, here = await checked_form(request, known), entrance(request)
        offer = _offer(here.db, known, form)
        if isinstance(offer, str):
            return await asyncio.to_thread(_page, request, known, offer, 422)
        await asyncio.to_thread(staff.record, here.db, known.account, "code make", offer.client)
        now, life = here.clock(), LIVES.get(form.one("life"), LIFE)
        make = partial(sharing_codes.for_person, here.db, offer, known.account, now, life)
        code = await asyncio.to_thread(make)
        return sheet(request, known, code, offer, now + life, form.one("language"))

    async def enter(self, request: Request) -> Response:
        """A code that a person brought: they are asked."""
        known = await member(request, Deed.ENTER_CODES)
        form, here = await checked_form(request, known), entrance(request)
        client, record = form.one("client"), _record(form)
        if not _is_own(here.db, known, client) or record is None:
            return await asyncio.to_thread(_page, request, known, "fields", 422)
        await asyncio.to_thread(staff.record, here.db, known.account, "code enter", client)
        take = partial(
            sharing_codes.take,
            here.db, form.one("code"), client, day(form.one("born")), record, known.account, known.name,
            address(request), here.clock(),
        )  # fmt: skip
        found = await asyncio.to_thread(take)
        if isinstance(found, requests.Request):
            return RedirectResponse("/clinic/codes?done=asked", 303)
        error = "wait" if isinstance(found, TryLater) else found.value
        wait = found.seconds if isinstance(found, TryLater) else 0
        answer = await asyncio.to_thread(_page, request, known, error, 422, wait)
        return later(answer, found) if isinstance(found, TryLater) else answer

    async def end(self, request: Request) -> Response:
        """The clinic gives up what a person granted it."""
        known = await member(request, Deed.CONFIRM_LINKS)
        form, here = await checked_form(request, known), entrance(request)
        client, now = form.one("client"), here.clock()
        own = connections.of_client(here.db, client, now) if _is_own(here.db, known, client) else ()
        tie = next((each for each in own if _id(here.db, each) == form.one("person")), None)
        if tie is None or form.one("sure") != "yes":
            return await asyncio.to_thread(_page, request, known, "fields", 422)
        await asyncio.to_thread(staff.record, here.db, known.account, "connection end", client)
        end = partial(connections.end_by_recipient, here.db, known.name, tie.patient, client, now)
        held = await asyncio.to_thread(end)
        await given_back(request, self._app, held or ())
        return RedirectResponse("/clinic/codes?done=ended", 303)


def _offer(db: Database, known: Session, form: Form) -> Offer | str:
    """What the desk typed, or the field that is wrong."""
    born, record, visit = day(form.one("born")), _record(form), form.one("visit")
    if not _is_own(db, known, form.one("client")) or record is None:
        return "fields"
    if born is None or birth_fault(born, db.clock()):
        return "born"
    return Offer(form.one("client"), born, known.name, record, day(visit))


def _record(form: Form) -> Record | None:
    """The clinic's number of the person, where the desk gave one; None where half of it is missing or too long."""
    system, value = form.one("system"), form.one("value")
    if not value:
        return NO_RECORD
    fits = 0 < len(system) <= MOST and len(value) <= MOST and (system + value).isprintable()
    return Record(system, value) if fits else None


def _is_own(db: Database, known: Session, client: str) -> bool:
    return any(each.id == client for each in staff.programs(db, known.account))


def _whose(db: Database, one: requests.Request, now: Instant) -> tuple[str, date | None, str]:
    """Name and birth date of who approved and shares by name; of anybody else what the desk typed: the number, where it
    gave one."""
    tie = connections.between(db, one.patient, one.client, now) if one.answer == "approved" else None
    if tie is not None and not tie.pairing:
        patient = load_patient(db, one.patient)
        return patient.name, patient.birth_date, one.record.value
    return "", None, one.record.value if one.origin in TYPED else ""


def _tied(db: Database, tie: connections.Connection) -> tuple[connections.Connection, Patient | None, str]:
    """A connection, whose it is where the recipient knows that, and the person's id as it knows it."""
    return tie, None if tie.pairing else load_patient(db, tie.patient), _id(db, tie)


def _id(db: Database, tie: connections.Connection) -> str:
    return db.ids.one("Patient", Name(tie.patient, 0, 0, 0), tie.pairing)


def _is_agreed(tie: connections.Connection, asked: Iterable[requests.Request]) -> bool:
    """Whether the person approved something, or the record was confirmed: an EHR's launch alone is neither."""
    if tie.grants or tie.identifier:
        return True
    return any(each.patient == tie.patient and each.answer == "approved" for each in asked)


def _page(request: Request, known: Session, error: str = "", status: int = 200, wait: int = 0) -> Response:
    here, now = entrance(request), entrance(request).clock()
    every = staff.programs(here.db, known.account)
    asked = [(each, request_) for each in every for request_ in requests.of_client(here.db, each.id)]
    told = [request_ for _, request_ in asked]
    ties = [tie for each in every for tie in connections.of_client(here.db, each.id, now)]
    ties = [tie for tie in ties if _is_agreed(tie, [one for one in told if one.client == tie.client])]
    return shown(
        request,
        "clinic/codes.html",
        known,
        "codes",
        status,
        clients=every,
        is_bound=bool(every) or len(staff.organizations(here.db)) < 2,
        waiting=[
            (each.organization or each.name, code, moment(code.expires))
            for each in every
            for code in sharing_codes.waiting(here.db, each.id, now)
        ][:MOST_ROWS],
        asked=[
            (each.organization or each.name, _whose(here.db, one, now), one, one.is_open(now))
            for each, one in asked[:MOST_ROWS]
        ],
        connections=[_tied(here.db, tie) for tie in ties[:MOST_ROWS]],
        notices=[(each, moment(each.at)) for each in notices_of(here.db, known.account, 10)],
        may=deeds(staff.roles_of(here.db, known.account)),
        error=error,
        wait=wait,
        done=request.query_params.get("done", ""),
    )
