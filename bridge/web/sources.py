"""My sources: what was brought here, by which file, and what may be collected.

Law (`consent.md`, two consents; `safety.md`): for the person's own eyes: names of files stand here and nowhere else. It
shows counts and times, never a value. Collecting is withdrawn here with one tap; what is here already stays until it is
removed, and the page says so.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bridge.consent import collecting
from bridge.consent.grant import NotPossible
from bridge.pages.seeing import Collected, File
from bridge.people.representation import Power
from bridge.period import ZoneHistory
from bridge.store.artifacts import Artifact, listed
from bridge.store.db import Database
from bridge.store.patients import load as load_patient
from bridge.web.offering import label, sources, stored, streams
from bridge.web.session import checked_form, entrance, person
from bridge.web.stating import local
from bridge.web.whose import chosen, frame, named, page, problem, public


def routes() -> list[Route]:
    """The page and the withdrawal."""
    return [
        Route("/sources", _every, methods=["GET"]),
        Route("/sources/withdraw", _withdraw, methods=["POST"]),
    ]


async def _every(request: Request) -> Response:
    session = await person(request)
    whose, db = chosen(request, session), entrance(request).db
    zones = load_patient(db, whose.patient).zones
    return page(
        request,
        "sources.html",
        frame=frame(request, session, whose, "sources", request.query_params.get("done", "")[:20]),
        sources=sources(stored(db, whose.patient), zones),
        files=[_file(each, zones) for each in reversed(listed(db, whose.patient)) if each.state != "removed"],
        consents=_consents(db, whose.patient, zones),
        may_connect=Power.CONNECT in whose.powers,
        person=public(db, whose.patient),
        label=label,
    )


async def _withdraw(request: Request) -> Response:
    session = await person(request)
    form, db = await checked_form(request, session), entrance(request).db
    whose = named(request, session, form.one("person"), Power.CONNECT)
    if whose is None:
        return problem(request, session, "power", 403)
    try:
        collecting.withdraw(db, whose.patient, form.one("source"), session.name)
    except (KeyError, NotPossible, ValueError):
        return problem(request, session, "step", 409, "/sources")
    return RedirectResponse("/sources?done=withdraw", 303)


def _consents(db: Database, patient: int, zones: ZoneHistory) -> list[Collected]:
    """The consent that counts for each source."""
    every = {each.source: each for each in collecting.listed(db, patient)}
    return [
        Collected(
            each.source,
            local(each.at, zones),
            None if each.withdrawn is None else local(each.withdrawn, zones),
            each.signed.keep_days,
            None if each.signed.ends is None else local(each.signed.ends, zones),
            None if each.signed.custody is None else (each.signed.custody.law, each.signed.custody.years),
        )
        for each in every.values()
    ]


def _file(one: Artifact, zones: ZoneHistory) -> File:
    return File(
        name=one.file,
        source=label(one.source),
        received=local(one.received, zones),
        state=one.state,
        streams=tuple((stream.value, count) for stream, count in streams(one).items() if count),
        first=None if one.first is None else local(one.first, zones),
        last=None if one.last is None else local(one.last, zones),
    )
