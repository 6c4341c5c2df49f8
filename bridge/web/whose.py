"""Whose data a page is about, and the frame that says so on every page.

Law: an account acts for oneself and for those of whom a record says so now; the person is chosen among them, and what a
browser says about it is looked up anew at every request (`consent.md`, representation). An id that is not among them
is as absent as one that does not exist. Only a session of a person comes here; staff have no way to these pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bridge.pages import Frame, Pages, Whose
from bridge.people.representation import Power, Represented, people_of
from bridge.people.sessions import Session
from bridge.store.db import Database
from bridge.store.ids import Name
from bridge.web.session import checked_form, entrance, person
from bridge.web.static import local, locale_of

COOKIE: Final = "whose"
PAGES: Final = Pages()


def routes() -> list[Route]:
    """The choice of a person."""
    return [Route("/person", _choose, methods=["GET"]), Route("/person", _chosen, methods=["POST"])]


def public(db: Database, patient: int) -> str:
    """The public id of a patient."""
    return db.ids.one("Patient", Name(patient, 0, 0, 0))


def people(request: Request, session: Session) -> tuple[Represented, ...]:
    """Everybody for whom the session's account may act now."""
    here = entrance(request)
    return people_of(here.db, session.account, here.clock())


def named(request: Request, session: Session, text: str, power: Power) -> Represented | None:
    """The person of that public id, where the account has `power` for them; None: as if there were none."""
    name = entrance(request).db.ids.read("Patient", text)
    found = (each for each in people(request, session) if name is not None and each.patient == name.patient)
    return next((each for each in found if power in each.powers), None)


def chosen(request: Request, session: Session, power: Power = Power.SEE) -> Represented:
    """The person whom this browser chose, else the first one there is; 404 with a page where there is none."""
    wanted = named(request, session, request.cookies.get(COOKIE, ""), power)
    found = wanted or next((each for each in people(request, session) if power in each.powers), None)
    if found is None:
        raise HTTPException(404, "nobody")
    return found


def frame(
    request: Request, session: Session, whose: Represented | None, place: str = "", notice: str = ""
) -> Frame:
    """The frame of a page about that person."""
    here = request.url.path
    shown = None
    if whose is not None:
        others = len(people(request, session)) > 1
        shown = Whose(whose.name, whose.birth_date, whose.is_self, others)
    return Frame(here, session.csrf, session.name, shown, False, place, notice)


def page(
    request: Request,
    template: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **model: object,
) -> HTMLResponse:
    """A page in the reader's language."""
    return HTMLResponse(PAGES.render(template, locale_of(request), **model), status, headers)


def problem(
    request: Request, session: Session, what: str, status: int = 404, back: str = "/", detail: str = ""
) -> HTMLResponse:
    """A page that says what cannot be shown or done; `what` is a case of `trouble.html`."""
    return page(
        request,
        "trouble.html",
        status,
        frame=frame(request, session, None),
        what=what,
        back=back,
        detail=detail,
    )


async def _choose(request: Request) -> Response:
    session = await person(request)
    every = people(request, session)
    ids = {each.patient: public(entrance(request).db, each.patient) for each in every}
    return page(
        request,
        "person.html",
        frame=frame(request, session, None),
        people=every,
        ids=ids,
        next=local(request.query_params.get("next", "/")),
    )


async def _chosen(request: Request) -> Response:
    session = await person(request)
    form = await checked_form(request, session)
    answer = RedirectResponse(local(form.one("next")), 303)
    found = named(request, session, form.one("person"), Power.SEE)
    if found is None:
        return problem(request, session, "person")
    answer.set_cookie(
        COOKIE,
        form.one("person"),
        path="/",
        secure=entrance(request).is_secure,
        httponly=True,
        samesite="lax",
    )
    return answer
