"""The start page: what is shared now, what left last, what one was told.

Law: it shows, in few words, and leads on. Nobody who is not signed in sees anything of anybody. Being shown marks
notices as seen and takes none away.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bridge.pages.seeing import Notice
from bridge.people import notices
from bridge.people.representation import Power
from bridge.people.sessions import Session
from bridge.period import ZoneHistory
from bridge.store.patients import load as load_patient
from bridge.web.disclosures import left, newest
from bridge.web.offering import sources, stored
from bridge.web.session import entrance, person
from bridge.web.shares import OPEN, listed
from bridge.web.stating import local
from bridge.web.whose import chosen, frame, page, people

MOST: Final = 5


def routes() -> list[Route]:
    """The start page."""
    return [Route("/", _home, methods=["GET"])]


async def _home(request: Request) -> Response:
    session = await person(request)
    if not any(Power.SEE in each.powers for each in people(request, session)):
        return page(
            request, "trouble.html", frame=frame(request, session, None), what="nobody", back="", detail=""
        )
    whose, db = chosen(request, session), entrance(request).db
    zones: ZoneHistory = load_patient(db, whose.patient).zones
    shares = [each for each in listed(db, whose.patient) if each.state in OPEN]
    return page(
        request,
        "home.html",
        frame=frame(request, session, whose, "home"),
        shares=shares,
        rows=list(islice(newest(left(db, whose.patient), zones, MOST), MOST)),
        sources=sources(stored(db, whose.patient), zones),
        notices=_notices(request, session, zones),
    )


def _notices(request: Request, session: Session, zones: ZoneHistory) -> list[Notice]:
    """What the account was told lately, seen from now on."""
    here = entrance(request)
    known = notices.listed(here.db, session.account)[:MOST]
    if any(each.is_new for each in known):
        notices.saw(here.db, session.account, known[0].number, here.clock())
    return [Notice(each.what, each.texts, local(each.at, zones), each.is_new) for each in known]
