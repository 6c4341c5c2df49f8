"""`/codes`: how a person meets a clinic that has no app here: enters its code, hands out one, answers, parts.

Law (issue: sharing codes): entering a code shares nothing; it shows who asks and how their record names the person,
and leads to the consent page that every share goes through. A record with another birth date leads nowhere; one with
another name only after the person said that it is them (`safety.md`, whose chart is it). Ending takes one confirmed
form, and is told.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bridge.people import connections, requests, sharing_codes
from bridge.people.representation import Power, Represented
from bridge.people.requests import Record
from bridge.people.sessions import Session
from bridge.people.sharing_codes import spelled
from bridge.people.throttle import TryLater
from bridge.period import Instant
from bridge.smart import sharing
from bridge.smart.ehr_launch import EhrApp
from bridge.smart.record import plain_name
from bridge.store import clients, ehrs
from bridge.store.arrivals import EhrRecord
from bridge.store.patients import load as load_patient
from bridge.web import offering
from bridge.web.lobby import address, later
from bridge.web.session import Form, checked_form, entrance, person
from bridge.web.stating import local
from bridge.web.whose import chosen, frame, named, page, people, problem, public

FHIR_PATH: Final = "/fhir"


def routes(app: EhrApp) -> list[Route]:
    """The addresses of codes, for persons."""
    pages = Codes(app)
    return [
        Route("/codes", pages.every, methods=["GET"]),
        Route("/codes/enter", pages.enter, methods=["POST"]),
        Route("/codes/make", pages.make, methods=["POST"]),
        Route("/codes/end", pages.end, methods=["POST"]),
        Route("/codes/requests/{request}", pages.look, methods=["GET"]),
        Route("/codes/requests/{request}", pages.answer, methods=["POST"]),
    ]


class Codes:
    """The pages. `app`: gives tokens back to an EHR when a connection ends."""

    def __init__(self, app: EhrApp) -> None:
        self._app = app

    async def every(self, request: Request) -> Response:
        """Requests that wait, the two ways of codes, and the connections there are."""
        session = await person(request)
        return _page(request, session, chosen(request, session))

    async def enter(self, request: Request) -> Response:
        """A clinic's code, for the person whom the page was about."""
        session, whose, form = await _sent(request, Power.GRANT)
        here = entrance(request)
        enter = partial(
            sharing_codes.enter,
            here.db, form.one("code"), whose.patient, session.account, address(request), here.clock(),
        )  # fmt: skip
        found = await asyncio.to_thread(enter)
        if isinstance(found, requests.Request):
            return RedirectResponse(f"/codes/requests/{found.id}", 303)
        wait = found.seconds if isinstance(found, TryLater) else 0
        error = "wait" if isinstance(found, TryLater) else found.value
        answer = _page(request, session, whose, 422, error=error, wait=wait, code=form.one("code")[:20])
        return later(answer, found) if isinstance(found, TryLater) else answer

    async def make(self, request: Request) -> Response:
        """A code for a clinic, shown this once."""
        session, whose, _ = await _sent(request, Power.GRANT)
        here = entrance(request)
        make = partial(sharing_codes.for_clinic, here.db, whose.patient, session.account, here.clock())
        return _page(request, session, whose, made=spelled(await asyncio.to_thread(make)))

    async def end(self, request: Request) -> Response:
        """The person ends a connection."""
        session, whose, form = await _sent(request, Power.REVOKE)
        here, client = entrance(request), form.one("client")
        if form.one("sure") != "yes":
            return problem(request, session, "form", 422, "/codes")
        end = partial(
            connections.end_by_person, here.db, session.account, whose.patient, client, here.clock()
        )
        held = await asyncio.to_thread(end)
        if held is None:
            return problem(request, session, "step", 409, "/codes")
        await given_back(request, self._app, held)
        return RedirectResponse("/codes?done=ended", 303)

    async def look(self, request: Request) -> Response:
        """One request: who asks, how they name the person, or what came of it."""
        session = await person(request)
        asked, whose = _asked(request, session, Power.SEE)
        return _request_page(request, session, asked, whose)

    async def answer(self, request: Request) -> Response:
        """Go on to the consent page, or decline."""
        session = await person(request)
        form = await checked_form(request, session)
        asked, whose = _asked(request, session, Power.GRANT)
        now = entrance(request).clock()
        if form.one("answer") == "decline":
            return await asyncio.to_thread(_declined, request, session, asked)
        if not asked.is_open(now) or "birth-date" in unlike(asked.record, whose):
            return _request_page(request, session, asked, whose, 409)
        if "name" in unlike(asked.record, whose) and form.one("same") != "yes":
            return _request_page(request, session, asked, whose, 422)
        way = consent_way(request, asked)
        return (
            problem(request, session, "client", 409, "/codes") if way is None else RedirectResponse(way, 303)
        )


def _declined(request: Request, session: Session, asked: requests.Request) -> Response:
    """A no to a request that waits, in the person's ledger; a request that is over says what came of it."""
    here = entrance(request)
    try:
        client = clients.recall(here.db, asked.client)
    except KeyError:
        return problem(request, session, "client", 410, "/codes")
    scopes = str(sharing.scopes_of(client))
    if requests.decline(here.db, asked, client, scopes, session.name, here.clock()):
        return RedirectResponse("/codes?done=declined", 303)
    return RedirectResponse(f"/codes/requests/{asked.id}", 303)


# ---------------------------------------------------------------------------------------- what is shared


def consent_way(request: Request, asked: requests.Request) -> str | None:
    """Where the request is decided: the consent page, with the days that the visit suggests. None where the
    recipient is not registered any more."""
    here, now = entrance(request), entrance(request).clock()
    try:
        client = clients.load(here.db, asked.client)
    except KeyError:
        return None
    back = f"{here.base_url}/codes/requests/{asked.id}"
    base = here.base_url + FHIR_PATH
    way = sharing.ask(here.db, client, asked.patient, asked.id, back, base, now)
    today = load_patient(here.db, asked.patient).zones.local_date(now)
    if asked.visit is not None and asked.visit >= today:
        return f"{way}?visit={asked.visit.isoformat()}&days=14"
    return f"{way}?days=14"


def unlike(record: Record, whose: Represented) -> frozenset[str]:
    """In what the receiver's record is unlike the person: `name`, `birth-date`; what it does not say is not."""
    found = set()
    if record.name and plain_name(record.name) != plain_name(whose.name):
        found.add("name")
    if record.birth_date is not None and record.birth_date != whose.birth_date:
        found.add("birth-date")
    return frozenset(found)


async def given_back(request: Request, app: EhrApp, held: tuple[EhrRecord, ...]) -> None:
    """Give the tokens of ended connections back to their EHRs, where they still live."""
    here = entrance(request)
    for each in held:
        ehr = ehrs.find(here.db, each.ehr)
        if ehr is not None and each.token and here.clock() < each.until:
            await app.revoke(ehr, each.token)


# -------------------------------------------------------------------------------------------- pages


async def _sent(request: Request, power: Power) -> tuple[Session, Represented, Form]:
    """A form of this page, and the person whom it was about; 404 where the account may not for them."""
    session = await person(request)
    form = await checked_form(request, session)
    whose = named(request, session, form.one("person"), power)
    if whose is None:
        raise HTTPException(404, "person")
    return session, whose, form


def _asked(request: Request, session: Session, power: Power) -> tuple[requests.Request, Represented]:
    """The request of the address, and the person; 404 where it is of nobody for whom the account has `power`."""
    found = requests.find(entrance(request).db, request.path_params["request"])
    able = (each for each in people(request, session) if power in each.powers)
    whose = next((each for each in able if found is not None and each.patient == found.patient), None)
    if found is None or whose is None:
        raise HTTPException(404, "request")
    return found, whose


def _page(
    request: Request,
    session: Session,
    whose: Represented,
    status: int = 200,
    *,
    error: str = "",
    wait: int = 0,
    code: str = "",
    made: str = "",
) -> Response:
    here, now = entrance(request), entrance(request).clock()
    zones = load_patient(here.db, whose.patient).zones

    def day(at: Instant) -> object:
        return local(at, zones)

    waiting = requests.waiting(here.db, whose.patient, now)
    ties = connections.of_patient(here.db, whose.patient, now)
    return page(
        request,
        "links/codes.html",
        status,
        frame=frame(request, session, whose),
        person=public(here.db, whose.patient),
        waiting=[
            (each.id, requests.recipient_name(here.db, each.client), each.who, day(each.made))
            for each in waiting
        ],
        connections=[(each, day(each.since)) for each in ties],
        powers=whose.powers,
        error=error,
        wait=wait,
        code=code,
        made=made,
        done=request.query_params.get("done", ""),
    )


def _request_page(
    request: Request, session: Session, asked: requests.Request, whose: Represented, status: int = 200
) -> Response:
    db, now = entrance(request).db, entrance(request).clock()
    try:
        party = offering.party(db, whose.patient, clients.load(db, asked.client))
    except KeyError:
        return problem(request, session, "client", 410, "/codes")
    return page(
        request,
        "links/request.html",
        status,
        frame=frame(request, session, whose),
        it=asked,
        party=party,
        unlike=unlike(asked.record, whose),
        is_open=asked.is_open(now),
        may=Power.GRANT in whose.powers,
        again=status == 422,
    )
