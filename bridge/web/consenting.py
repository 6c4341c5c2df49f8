"""The consent page of one authorisation that waits: choose, preview, approve or decline.

Law (`consent.md`; issue of launches): only a person's session comes here, and only with the power to grant for whom it
is about. A first share asks a second time. An answer that cannot be written down was not given, and a page says so
(`troubles.py`): the question waits as it did. A no shares nothing and tells the app so. What follows a signature never
hides it: who cannot be told is not told, and where the record that the person agreed to stays unconfirmed a page says
that, and that the share is in force.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bridge.consent import grants
from bridge.consent.gate import Gate
from bridge.consent.grant import NotPossible, Standing
from bridge.consent.words import Words
from bridge.pages.asking import PRESETS, Choice, Offer
from bridge.people import requests
from bridge.people.notices import What, tell_others
from bridge.people.representation import Power, Represented, latest_end
from bridge.people.sessions import Session
from bridge.smart import pending as pendings
from bridge.smart.pending import NotApproved, Pending
from bridge.store.afterwards import followed
from bridge.store.grants import Overtaken
from bridge.store.patients import load as load_patient
from bridge.web import offering
from bridge.web.choosing import chosen_of
from bridge.web.matter import Matter, again, agreed, drafted, draw, form, look
from bridge.web.session import Form, checked_form, entrance, person
from bridge.web.whose import chosen, named, people, problem, public


def routes(gate: Gate) -> list[Route]:
    """The consent page and its answers."""
    pages = Consenting(gate)
    return [
        Route("/consent/{pending}", pages.ask, methods=["GET"]),
        Route("/consent/{pending}/preview", pages.draw, methods=["POST"]),
        Route("/consent/{pending}/preview/{draft}", pages.look, methods=["GET"]),
        Route("/consent/{pending}/approve", pages.approve, methods=["POST"]),
        Route("/consent/{pending}/decline", pages.decline, methods=["POST"]),
    ]


class Consenting:
    """The pages, over one gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def ask(self, request: Request) -> Response:
        """The form, with what was chosen before where one comes back from a preview."""
        matter = _matter(request, await person(request), request.query_params.get("person", ""))
        if isinstance(matter, Response):
            return matter
        before = drafted(matter, request.query_params.get("draft", ""))
        start = _first_choice(request, matter.offer)
        return form(matter, start if before is None else chosen_of(before.grant, matter.zones, start), {})

    async def draw(self, request: Request) -> Response:
        """A draft of what was chosen, or the form again with what is wrong."""
        session = await person(request)
        sent = await checked_form(request, session)
        matter = _matter(request, session, sent.one("person"), sent)
        return matter if isinstance(matter, Response) else draw(matter, sent)

    async def look(self, request: Request) -> Response:
        """The preview of a draft."""
        session, draft = await person(request), request.path_params["draft"]
        matter = _matter(request, session, _person_of(request, draft))
        return matter if isinstance(matter, Response) else await look(self._gate, matter, draft)

    async def approve(self, request: Request) -> Response:
        """Sign, and hand the app its code; the first time after a second question."""
        session = await person(request)
        sent = await checked_form(request, session)
        matter = _matter(request, session, sent.one("person"), sent)
        if isinstance(matter, Response):
            return matter
        standing = drafted(matter, sent.one("draft"))
        if standing is None:
            return problem(request, session, "draft", back=matter.base)
        words = agreed(matter, standing, sent)
        if words is None:
            return await look(self._gate, matter, standing.grant.id, "changed", 409)
        if matter.party.is_first and sent.one("again") != "yes":
            return again(matter, standing.grant.id, words)
        return await asyncio.to_thread(_signed, matter, standing, words)

    async def decline(self, request: Request) -> Response:
        """A no: nothing was shared, and the app is told so."""
        session = await person(request)
        sent, here = await checked_form(request, session), entrance(request)
        pending = pendings.load(here.db, request.path_params["pending"], here.clock())
        if pending is None or sent.one("digest") != pending.digest:
            return problem(request, session, "pending")
        whose = _whose(request, session, _able(request, session), pending, sent.one("person"))
        patient = None if whose is None else whose.patient
        no = partial(pendings.decline, here.db, pending, here.clock(), patient, session.name)
        try:
            return RedirectResponse(await asyncio.to_thread(no), 303)
        except NotApproved:
            return problem(request, session, "pending", 409)


def _matter(request: Request, session: Session, wanted: str, sent: Form | None = None) -> Matter | Response:
    """The living request and the person it is about, or a page that says why there is none. A form must carry the
    request's digest: what is answered is what was asked (consent swap)."""
    here = entrance(request)
    pending = pendings.load(here.db, request.path_params["pending"], here.clock())
    if pending is None or (sent is not None and sent.one("digest") != pending.digest):
        return problem(request, session, "pending")
    able = _able(request, session)
    whose = _whose(request, session, able, pending, wanted)
    if whose is None:
        return problem(request, session, "power", 403)
    zones, db = load_patient(here.db, whose.patient).zones, here.db
    party = offering.party(db, whose.patient, pending.client)
    kinds = offering.reached(pending.scopes, whose.sees_notes)
    latest = latest_end(db, session.account, whose.patient)
    others = able if len(able) > 1 and pending.patient is None else []
    return Matter(
        request=request,
        session=session,
        client=pending.client,
        whose=whose,
        zones=zones,
        party=party,
        offer=offering.offer(db, whose.patient, kinds, zones, latest, party.watcher),
        latest=latest,
        base=f"/consent/{pending.id}",
        digest=pending.digest,
        leads_to=pending.redirect_uri,
        people=[(public(db, each.patient), each.name, each.birth_date) for each in others],
    )


def _able(request: Request, session: Session) -> list[Represented]:
    """For whom whoever is signed in may share."""
    return [each for each in people(request, session) if Power.GRANT in each.powers]


def _whose(
    request: Request, session: Session, able: list[Represented], pending: Pending, wanted: str
) -> Represented | None:
    """For whom it is answered: whom the launch is about, else who was chosen."""
    if pending.patient is not None:
        return next((each for each in able if each.patient == pending.patient), None)
    if wanted:
        return named(request, session, wanted, Power.GRANT)
    return chosen(request, session, Power.GRANT) if able else None


def _person_of(request: Request, draft: str) -> str:
    """The public id of whom a draft is about; '' where there is no such draft."""
    db = entrance(request).db
    try:
        return public(db, grants.drafted(db, draft)[0].grant.patient)
    except KeyError:
        return ""


def _first_choice(request: Request, offer: Offer) -> Choice:
    """What the form proposes: glucose alone, every source that is here, and the days that a launch wishes."""
    wish, names = request.query_params, frozenset(each.name for each in offer.sources)
    start = Choice(kinds=frozenset({"glucose"}) & offer.asked, sources=names)
    if visit := wish.get("visit", ""):
        return replace(start, days="visit", visit=visit[:10], visit_days=wish.get("days", "14")[:3])
    return replace(start, days=wish["days"]) if wish.get("days") in PRESETS else start


def _signed(matter: Matter, standing: Standing, words: Words) -> Response:
    """The signature and the code in one step, or a page that says why there is neither."""
    here, session = entrance(matter.request), matter.session
    account, by = session.account, session.name
    pending = pendings.load(here.db, matter.base.rpartition("/")[2], here.clock())
    if pending is None:
        return problem(matter.request, session, "pending")
    try:
        grant, back = pendings.sign(here.db, pending, account, standing.grant.id, words, by)
    except (KeyError, NotPossible, Overtaken):
        return problem(matter.request, session, "changed", 409, matter.base)
    except NotApproved:
        return problem(matter.request, session, "pending", 409)
    to, now = grant.recipient.name, here.clock()
    tell = partial(tell_others, here.db, grant.patient, account, What.GRANT_WIDENED, by, to, now=now)
    followed("telling who acts for the person", tell)
    confirm = partial(requests.answered, here.db, pending.request, grant.id, account)
    if pending.request and not followed("confirming the record", confirm):
        return problem(matter.request, session, "record", 200, "/shares")
    return RedirectResponse(back, 303)
