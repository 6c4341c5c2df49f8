"""`/launch`: an EHR opens us with one of its patients in context.

Law (SMART App Launch 2.2, app-launch; `smart-consent.md` 1.12, 5.4): an issuer that is not registered is a page, and
nobody is called. What a launch began is sealed to the browser in a cookie and answers once. What came back says who
the EHR's patient is and nothing about who that is here: that a person says, in their own session, after seeing both
names and birth dates; another birth date is refused. A clinician's launch can send a request, or make a code to hand
out; there is no form that approves.

Rejected: opening in a frame of the EHR (cookies of a framed page are not sent, and clicks can be stolen).
"""

from __future__ import annotations

import asyncio
import logging
from hashlib import sha256
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bridge.people import requests, tickets
from bridge.people.representation import Power, Represented
from bridge.people.requests import Origin
from bridge.people.sessions import Session
from bridge.period import MINUTE
from bridge.smart.ehr_discovery import Flaw
from bridge.smart.ehr_identity import Persona
from bridge.smart.ehr_keys import jwks
from bridge.smart.ehr_launch import Arrived, Begun, EhrApp
from bridge.smart.tokens import digest, fresh
from bridge.store import arrivals, clients, ehrs
from bridge.store.arrivals import EhrRecord
from bridge.web import offering
from bridge.web.arriving import Landed, landed, texts_of
from bridge.web.asking_for import asked_by_clinician, clinician_page
from bridge.web.codes import consent_way, unlike
from bridge.web.lobby import shown_to_anybody
from bridge.web.session import checked_form, entrance, person, visiting, visitor
from bridge.web.whose import frame, named, page, people, public

LIFE: Final = 10 * MINUTE
MOST: Final = 2048
CACHE: Final = {"Cache-Control": "public, max-age=300", "Content-Type": "application/json"}
PLAIN: Final = {
    Flaw.UNREACHABLE: "unreachable",
    Flaw.ENDPOINTS: "unsafe",
    Flaw.NO_S256: "unsafe",
    Flaw.MIX_UP: "state",
    Flaw.STATE: "state",
    Flaw.REFUSED: "refused",
}
"""What whoever launched is told of a flaw; the operator's log says which it was."""
_log: Final = logging.getLogger("bridge.web")


def routes(app: EhrApp) -> list[Route]:
    """The addresses that an EHR and its users come to."""
    pages = Launching(app)
    return [
        Route("/launch", pages.launch, methods=["GET"]),
        Route("/launch/jwks.json", pages.keys, methods=["GET"]),
        Route("/launch/callback/{ehr}", pages.callback, methods=["GET"]),
        Route("/launch/arrived/{arrival}", pages.look, methods=["GET"]),
        Route("/launch/arrived/{arrival}", pages.answer, methods=["POST"]),
    ]


class Launching:
    """The pages, over the bridge as an app."""

    def __init__(self, app: EhrApp) -> None:
        self._app = app

    async def keys(self, request: Request) -> Response:
        """Our public keys, for EHRs that let us prove ourselves by signing."""
        there = entrance(request)
        return Response(await asyncio.to_thread(jwks, there.db, there.clock()), headers=CACHE)

    async def launch(self, request: Request) -> Response:
        """To the EHR that launched us, if it is registered."""
        here, told = entrance(request), dict(request.query_params.multi_items())
        iss, launch = told.get("iss", ""), told.get("launch", "")
        if len(told) != len(request.query_params.multi_items()) or not 0 < len(launch) <= MOST:
            return _failed(request, "launch", 400)
        ehr = ehrs.of_issuer(here.db, iss) if len(iss) <= MOST else None
        if ehr is None:
            return _failed(request, "unknown", 400)
        begun = await self._app.begin(ehr, iss, launch)
        if isinstance(begun, Flaw):
            return _flawed(request, ehr.issuer, begun)
        visit, kept = visitor(request), [ehr.id, begun.state, begun.nonce, begun.verifier]
        answer = RedirectResponse(begun.address, 303)
        visiting(request, answer, visit)
        answer.set_cookie(
            _cookie(request, begun.state),
            tickets.ticket(here.db, "launch", visit, kept, here.clock()),
            max_age=LIFE // 1000,
            path="/",
            secure=here.is_secure,
            httponly=True,
            samesite="lax",
        )
        return answer

    async def callback(self, request: Request) -> Response:
        """Back from the EHR whose address this is."""
        here, told = entrance(request), dict(request.query_params)
        state, ehr = told.get("state", ""), ehrs.find(here.db, request.path_params["ehr"])
        ticket = request.cookies.get(_cookie(request, state), "")
        begun = tickets.opened(here.db, "launch", visitor(request), ticket, here.clock(), LIFE)
        if ehr is None or begun is None:
            return _flawed(request, "", Flaw.STATE)
        if begun[0] != ehr.id:
            return _flawed(request, ehr.issuer, Flaw.MIX_UP)
        if not await asyncio.to_thread(tickets.spend, here.db, ticket, here.clock()):
            return _flawed(request, ehr.issuer, Flaw.STATE)
        found = await self._app.finish(ehr, Begun("", *begun[1:]), told)
        if isinstance(found, Flaw):
            return _flawed(request, ehr.issuer, found)
        return await asyncio.to_thread(_arrived, request, ehr.id, state, found)

    async def look(self, request: Request) -> Response:
        """Whose record it is, and what can be done: for a person to link it, for a clinician to ask."""
        there = landed(request)
        if there is None:
            return _failed(request, "over", 410)
        if there.persona is Persona.CLINICIAN:
            return await clinician_page(request, there)
        return _person_page(request, await person(request), there)

    async def answer(self, request: Request) -> Response:
        """The person says that it is them; a clinician sends a request."""
        there = landed(request)
        if there is None:
            return _failed(request, "over", 410)
        if there.persona is Persona.CLINICIAN:
            return await asked_by_clinician(request, there)
        session = await person(request)
        form = await checked_form(request, session)
        whose = named(request, session, form.one("person"), Power.GRANT)
        if whose is None:
            return _person_page(request, session, there, "person", 422)
        differs = unlike(there.record, whose)
        if there.record.birth_date is None or "birth-date" in differs:
            return _person_page(request, session, there, "birth-date", 409)
        if "name" in differs and form.one("same") != "yes":
            return _person_page(request, session, there, "name", 422)
        if not await self._is_still(there):
            return _person_page(request, session, there, "changed", 409)
        return await asyncio.to_thread(_linked, request, session, there, whose)

    async def _is_still(self, there: Landed) -> bool:
        """Whether the EHR still shows the record as the page did: it may lie half an hour back."""
        now = await self._app.record(there.ehr, there.token, there.record.id)
        if isinstance(now, Flaw):
            return False
        shown = (now.id, now.name, now.birth_date)
        return shown == (there.record.id, there.record.name, there.record.birth_date)


# -------------------------------------------------------------------------------------- what came back


def _arrived(request: Request, ehr: str, state: str, found: Arrived) -> Response:
    """Keep what the EHR said for this browser, and show it under a new address."""
    here, name = entrance(request), fresh()
    browser = sha256(visitor(request).encode()).digest()
    arrivals.keep(here.db, digest(name), browser, ehr, texts_of(found), here.clock())
    answer = RedirectResponse(f"/launch/arrived/{name}", 303)
    answer.delete_cookie(
        _cookie(request, state), path="/", secure=here.is_secure, httponly=True, samesite="lax"
    )
    return answer


def _linked(request: Request, session: Session, there: Landed, whose: Represented) -> Response:
    """The EHR's patient is this one of ours from now on; then the consent page."""
    here, now = entrance(request), entrance(request).clock()
    record = EhrRecord(there.ehr.id, whose.patient, there.record.id, there.token, there.until, there.refresh)
    if not arrivals.bind(here.db, record):
        return _person_page(request, session, there, "taken", 409)
    if not arrivals.use(here.db, there.hashed, now):
        return _failed(request, "over", 410)
    asked = requests.ask(
        here.db,
        whose.patient,
        there.ehr.client,
        Origin.LAUNCH,
        clients.recall(here.db, there.ehr.client).name,
        there.record,
        there.visit,
        now,
    )
    way = consent_way(request, asked)
    return _failed(request, "unknown", 409) if way is None else RedirectResponse(way, 303)


# ---------------------------------------------------------------------------------------------- pages


def _person_page(
    request: Request, session: Session, there: Landed, error: str = "", status: int = 200
) -> Response:
    """Both names and birth dates, side by side."""
    db = entrance(request).db
    able = [each for each in people(request, session) if Power.GRANT in each.powers]
    fitting = [each for each in able if "birth-date" not in unlike(there.record, each)]
    rows = [
        (public(db, each.patient), each, "name" in unlike(there.record, each))
        for each in (fitting if there.record.birth_date else [])
    ]
    client = clients.load(db, there.ehr.client)
    party = offering.party(db, able[0].patient, client) if able else None
    return page(
        request,
        "links/arrived.html",
        status,
        frame=frame(request, session, None),
        record=there.record,
        party=party,
        recipient=client.organization or client.name,
        people=rows,
        others=len(able) - len(rows),
        visit=there.visit,
        error=error,
    )


def _flawed(request: Request, issuer: str, flaw: Flaw) -> Response:
    _log.warning("a launch of %s ended: %s", issuer or "an unknown EHR", flaw.value)
    return _failed(request, PLAIN.get(flaw, "answer"), 400)


def _failed(request: Request, what: str, status: int) -> Response:
    return shown_to_anybody(request, "links/failed.html", visitor(request), status, what=what)


def _cookie(request: Request, state: str) -> str:
    """One cookie a launch: two launches of one browser do not take each other's place."""
    name = sha256(state.encode("utf-8", "replace")).hexdigest()[:12]
    return f"{entrance(request).cookie}-launch-{name}"
