"""My shares: what is granted to whom, and pausing, resuming, narrowing and ending it.

Law (`consent.md`, the grant): a share is shown with the exact words that were signed. Pausing and ending take one tap,
and ending one plain question; both act on the next question of whoever asks. Whoever may revoke may pause; what opens
again, or changes, needs the power to grant. A change only narrows: what is to be wider is asked for anew.
"""

from __future__ import annotations

import asyncio
from functools import partial
from hashlib import sha256

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

import bridge.store.clients
import bridge.store.wordings as wordings
from bridge.consent import grants
from bridge.consent.gate import Gate
from bridge.consent.grant import Grant, NotPossible, Standing, State, state_at
from bridge.pages.asking import Choice, Party
from bridge.pages.seeing import Share
from bridge.people.connections import told_end
from bridge.people.notices import What, tell_others
from bridge.people.representation import Power, Represented, latest_end
from bridge.people.sessions import Session
from bridge.period import ZoneHistory
from bridge.store.afterwards import followed
from bridge.store.db import Database
from bridge.store.grants import Overtaken
from bridge.store.patients import load as load_patient
from bridge.web import offering, stating, wishes
from bridge.web.choosing import chosen_of
from bridge.web.matter import Matter, agreed, drafted, draw, form, look
from bridge.web.notified import told_under
from bridge.web.session import checked_form, entrance, person
from bridge.web.stating import local
from bridge.web.whose import chosen, frame, page, people, problem

OPEN = frozenset({State.ACTIVE, State.WAITING, State.PAUSED})


def routes(gate: Gate) -> list[Route]:
    """The list, one share, and what can be done with it."""
    pages = Shares(gate)
    return [
        Route("/shares", pages.every, methods=["GET"]),
        Route("/shares/{grant}", pages.one, methods=["GET"]),
        Route("/shares/{grant}/{step}", pages.step, methods=["POST"]),
        Route("/shares/{grant}/change", pages.ask, methods=["GET"]),
        Route("/shares/{grant}/change/preview", pages.draw, methods=["POST"]),
        Route("/shares/{grant}/change/preview/{draft}", pages.look, methods=["GET"]),
        Route("/shares/{grant}/change/approve", pages.approve, methods=["POST"]),
    ]


class Shares:
    """The pages, over one gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def every(self, request: Request) -> Response:
        """Active, paused and ended shares."""
        session = await person(request)
        whose = chosen(request, session)
        return page(
            request,
            "shares.html",
            frame=frame(request, session, whose, "shares", request.query_params.get("done", "")[:20]),
            shares=listed(entrance(request).db, whose.patient),
        )

    async def one(self, request: Request) -> Response:
        """One share with the words that were signed."""
        session = await person(request)
        whose, standing = _standing(request, session, Power.SEE)
        db, grant = entrance(request).db, standing.grant
        zones = load_patient(db, grant.patient).zones
        kept, is_open = wordings.find(db, grant.wording.sha256), state_at(standing, db.clock()) in OPEN
        return page(
            request,
            "share.html",
            frame=frame(request, session, whose, "shares"),
            share=shown(db, standing, zones),
            words=None if kept is None else kept,
            powers=whose.powers,
            orders=await asyncio.to_thread(wishes.ordered, db, grant, zones),
            sends=bool(await asyncio.to_thread(wishes.lanes, db, grant)),
            told=await asyncio.to_thread(told_under, self._gate, db, grant) if is_open else (),
        )

    async def step(self, request: Request) -> Response:
        """Pause, resume, revoke, or send now."""
        session = await person(request)
        sent, step = await checked_form(request, session), request.path_params["step"]
        if step not in ("pause", "resume", "revoke", "send"):
            raise HTTPException(404)
        power = Power.GRANT if step in ("resume", "send") else Power.REVOKE
        whose, standing = _standing(request, session, power)
        if step == "revoke" and sent.one("sure") != "yes":
            return page(
                request, "revoke.html", frame=frame(request, session, whose, "shares"), grant=standing.grant
            )
        db = entrance(request).db
        if step == "send":
            if not await asyncio.to_thread(wishes.send_now, db, standing.grant):
                return problem(request, session, "step", 409, "/shares")
            return RedirectResponse("/shares?done=send", 303)
        try:
            await asyncio.to_thread(_taken, db, standing.grant, step, session)
        except (NotPossible, Overtaken):
            return problem(request, session, "step", 409, "/shares")
        return RedirectResponse(f"/shares?done={step}", 303)

    async def ask(self, request: Request) -> Response:
        """The form of choices, as the share has them."""
        matter = _matter(request, await person(request))
        if isinstance(matter, Response):
            return matter
        before = drafted(matter, request.query_params.get("draft", ""))
        grant = grants.load(entrance(request).db, matter.replaces).grant if before is None else before.grant
        return form(matter, chosen_of(grant, matter.zones, Choice()), {})

    async def draw(self, request: Request) -> Response:
        """A draft of the narrower share."""
        session = await person(request)
        sent = await checked_form(request, session)
        matter = _matter(request, session, sent.one("digest"))
        return matter if isinstance(matter, Response) else draw(matter, sent)

    async def look(self, request: Request) -> Response:
        """Its preview."""
        matter = _matter(request, await person(request))
        return (
            matter
            if isinstance(matter, Response)
            else await look(self._gate, matter, request.path_params["draft"])
        )

    async def approve(self, request: Request) -> Response:
        """Sign it: the old version ends, this one begins."""
        session = await person(request)
        sent = await checked_form(request, session)
        matter = _matter(request, session, sent.one("digest"))
        if isinstance(matter, Response):
            return matter
        standing = drafted(matter, sent.one("draft"))
        words = None if standing is None else agreed(matter, standing, sent)
        if standing is None or words is None:
            return problem(request, session, "changed", 409, matter.base)
        try:
            db = entrance(request).db
            await asyncio.to_thread(grants.sign_draft, db, standing.grant.id, words, session.name)
        except (KeyError, NotPossible, Overtaken):
            return problem(request, session, "changed", 409, matter.base)
        return RedirectResponse("/shares?done=change", 303)


def _taken(db: Database, grant: Grant, step: str, session: Session) -> None:
    """One step, and what the others who act for the person are told of it."""
    by, what = session.name, None
    if step == "pause":
        grants.pause(db, grant.id, None, by)
    elif step == "resume":
        grants.resume(db, grant.id, by)
        what = What.GRANT_WIDENED
    else:
        grants.revoke(db, grant.id, by)
        what = What.GRANT_REVOKED
    if what is not None:
        followed("telling who is concerned", partial(_told, db, grant, what, session))


def _told(db: Database, grant: Grant, what: What, session: Session) -> None:
    by, now = session.name, db.clock()
    tell_others(db, grant.patient, session.account, what, by, grant.recipient.name, now=now)
    if what is What.GRANT_REVOKED:
        for client in grant.recipient.clients:
            told_end(db, grant.patient, client, by, now, grant.pairing)


def listed(db: Database, patient: int) -> tuple[Share, ...]:
    """Every version of every share, newest first."""
    zones = load_patient(db, patient).zones
    return tuple(shown(db, each, zones) for each in reversed(grants.listed(db, patient)))


def shown(db: Database, standing: Standing, zones: ZoneHistory) -> Share:
    """A share as a page shows it."""
    grant, events = standing.grant, standing.events
    state = state_at(standing, db.clock())
    ended = events[-1].at if state in (State.REVOKED, State.SUPERSEDED) else None
    until = events[-1].until if state is State.PAUSED else None
    party = _party(db, grant.patient, standing)
    statement = stating.stated(grant, party, zones)
    return Share(
        id=grant.id,
        version=grant.version,
        state=state.value,
        statement=statement,
        spans=statement.spans,
        signed=local(grant.signed, zones),
        signer=grant.authoriser.name,
        role=grant.authoriser.role,
        ended=None if ended is None else local(ended, zones),
        until=None if until is None else local(until, zones),
        is_verified=bool(party.verified),
    )


def _party(db: Database, patient: int, standing: Standing) -> Party:
    """The recipient as it is known now; a client that is gone is called by the grant's name."""
    to = standing.grant.recipient
    try:
        client = bridge.store.clients.recall(db, min(to.clients, default=""))
    except KeyError:
        return Party(to.name or to.key, "", to.contact, to.address, standing.grant.purpose, to.verified)
    return offering.party(db, patient, client)


def _standing(request: Request, session: Session, power: Power) -> tuple[Represented, Standing]:
    """The newest version of the grant of the address, and whose it is; 404 where the session has no such power."""
    db = entrance(request).db
    try:
        standing = grants.load(db, request.path_params["grant"])
    except KeyError:
        raise HTTPException(404) from None
    able = [each for each in people(request, session) if power in each.powers]
    whose = next((each for each in able if each.patient == standing.grant.patient), None)
    if whose is None:
        raise HTTPException(404)
    return whose, standing


def _matter(request: Request, session: Session, digest: str | None = None) -> Matter | Response:
    """The change of a share; a form must carry the digest of the version that it changes."""
    whose, standing = _standing(request, session, Power.GRANT)
    db, grant = entrance(request).db, standing.grant
    try:
        client = bridge.store.clients.load(db, min(grant.recipient.clients, default=""))
    except KeyError:
        return problem(request, session, "client", 409, "/shares")
    now = sha256(f"{grant.id} {grant.version} {len(standing.events)}".encode()).hexdigest()
    if state_at(standing, db.clock()) not in OPEN - {State.PAUSED} or digest not in (None, now):
        return problem(request, session, "changed", 409, "/shares")
    zones = load_patient(db, grant.patient).zones
    party = offering.party(db, grant.patient, client)
    latest = min(latest_end(db, session.account, grant.patient), grant.ends)
    return Matter(
        request=request,
        session=session,
        client=client,
        whose=whose,
        zones=zones,
        party=party,
        offer=offering.offer(db, grant.patient, grant.kinds, zones, latest, party.watcher),
        latest=latest,
        base=f"/shares/{grant.id}/change",
        digest=now,
        replaces=grant.id,
    )
