"""The person's own report as a PDF, to take along to a visit.

Law: the owner's permit, made where it is judged who may see what of whom; through the gate like every look, with a row
of the ledger, and nothing of it rests here. The days are the person's own. The press is the one that makes what leaves
to others, so a person sees before a visit what a clinic could be given. Days without sensor glucose, and what is no
date, lead back to the page with a sentence.
"""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bridge.consent.asked import Asked, Way
from bridge.consent.documents import READINGS
from bridge.consent.gate import Gate, LedgerUnavailable
from bridge.consent.reporting import Reporting
from bridge.people.owner import permit
from bridge.period import Instant, Period, ZoneHistory
from bridge.report.press import MEDIA_TYPE, printed
from bridge.store.patients import load
from bridge.web.session import entrance, person
from bridge.web.whose import chosen, problem

DAYS: Final = 14
"""Days of a report for which none are named: those that end today."""
LONGEST: Final = 366
AGAIN: Final = "/sources?done=report"


def routes(gate: Gate) -> list[Route]:
    """The one file."""
    return [Route("/sources/report.pdf", Reporter(gate).pdf, methods=["GET"])]


class Reporter:
    """The file, over one gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def pdf(self, request: Request) -> Response:
        """GET /sources/report.pdf?first=…&last=…"""
        session = await person(request)
        whose, db = chosen(request, session), entrance(request).db
        owner, now = permit(db, session, whose.patient, db.clock()), db.clock()
        if owner is None:
            return problem(request, session, "power", 403)
        zones = load(db, whose.patient).zones
        period = _period(
            request.query_params.get("first", ""), request.query_params.get("last", ""), zones, now
        )
        if period is None:
            return RedirectResponse(AGAIN, 303)
        wish = Asked(
            whose.patient, Way.LOOK, "report", "report of a period",
            selectors=READINGS, reporting=Reporting(period, documents="DiagnosticReport"),
            patient_resource=True, device_resources=True,
        )  # fmt: skip
        try:
            seen = await self._gate.disclose(owner, wish)
        except LedgerUnavailable:
            return problem(request, session, "ledger", 503)
        pdfs = await asyncio.to_thread(printed, seen, zones)
        self._gate.settle(seen, "sent", seen.count if pdfs else 0)
        if not pdfs:
            return RedirectResponse(AGAIN, 303)
        headers = {
            "Content-Disposition": 'attachment; filename="cgm-report.pdf"',
            "Content-Type": MEDIA_TYPE,
            "Cache-Control": "private, no-store",
        }
        return Response(bytes(pdfs[0]), headers=headers)


def _period(first: str, last: str, zones: ZoneHistory, now: Instant) -> Period | None:
    """The days that are named; None where they are none, lie before each other or are too many."""
    today = zones.local_date(now)
    try:
        end = date.fromisoformat(last) if last else today
        start = date.fromisoformat(first) if first else end - timedelta(days=DAYS - 1)
        is_possible = (
            timedelta(0) <= end - start < timedelta(days=LONGEST) and 1900 < start.year <= end.year < 2200
        )
    except (ValueError, OverflowError):
        return None
    return zones.days(start, end) if is_possible else None
