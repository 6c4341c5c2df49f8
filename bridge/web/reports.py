"""Reports over FHIR: DiagnosticReport and DocumentReference searched and read, Binary read.

Law: a wish like any other, through scopes, gate and renderer; what is refused equals what is absent. A report is told
only to a token whose scopes reach the Observations of summaries and all sensor glucose; doses, devices and demographics
are in it only where these are reached whole too: no report widens a scope. The periods follow from the grants, as those
of summaries do; an id says its own. A page has ten at most, because each is printed for it.

Under a grant of means there is none: averages hide lows and highs, and a report of them would look better than it was.
What others submitted as a report is told where the scopes reach all that a PDF can say (`consent/passing.py`).

Rejected: the PDF kept between the DocumentReference and its Binary (a copy that outlives a grant).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from bridge.consent.asked import Asked, Grain, Selector, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.documents import READINGS
from bridge.consent.received import minted_as
from bridge.consent.reporting import Reporting
from bridge.consent.summed import PARTS, period_of
from bridge.fhir.outcome import ABSENT
from bridge.fhir.pages import Page, link, seal
from bridge.fhir.render import Notation
from bridge.fhir.reports import BINARY, RAW, Wish
from bridge.fhir.sought import Search
from bridge.mapping.resources import OBSERVATION
from bridge.period import ZoneHistory
from bridge.reading import Stream
from bridge.smart.tokens import Bearer
from bridge.web.answers import Answers, Request
from bridge.web.call import Call, Pairs, Refused
from bridge.web.desk import UTC, Desk
from bridge.web.fence import READ, SEARCH, reached
from bridge.web.instance import SHOWN
from bridge.web.negotiate import is_fhir_named
from bridge.web.response import FhirResponse
from bridge.web.route import wanted
from bridge.web.search import requested

PDF: Final = frozenset({RAW.media_type})
"""What a Binary is answered as besides FHIR."""
MOST: Final = 10
"""Reports on a page."""
_GLUCOSE: Final = Selector(Stream.GLUCOSE, grain=Grain.RAW)
SAVED: Final = {"Content-Disposition": 'attachment; filename="cgm-report.pdf"'}


@dataclass(frozen=True, slots=True)
class _Sought:
    """A search that may be made; `asked.patient` None: nothing of it may be told."""

    search: Search
    asked: Asked
    zones: ZoneHistory


class Reports:
    """Answers what is asked about reports."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._answers = Answers(desk)

    async def get(self, kind: str, call: Call) -> FhirResponse:
        """GET [base]/[type]?…"""
        return await self.whole(call.bearer, requested(kind, call, call.pairs()))

    async def post(self, kind: str, call: Call) -> FhirResponse:
        """POST [base]/[type]/_search"""
        reached(call.bearer, kind, SEARCH)
        return await self.whole(call.bearer, requested(kind, call, call.pairs() + await call.form()))

    async def one(self, kind: str, call: Call) -> FhirResponse:
        """GET [base]/[type]/[id]"""
        is_plain = (
            kind == BINARY and wanted(call.pairs()) is None and not is_fhir_named(call.header(b"accept"))
        )
        notation = RAW if is_plain else call.notation
        return await self.read(call.bearer, kind, call.params["id"], notation)

    async def whole(self, bearer: Bearer, request: Request) -> FhirResponse:
        """A page of reports, also inside a batch."""
        reached(bearer, request.kind, SEARCH)
        sought = self._sought(bearer, request)
        seen = await self._desk.gate.disclose(bearer.permit, sought.asked)
        base, search = self._desk.renderer.base, sought.search
        if search.count_only:
            total = seen.total or 0
            body = self._desk.renderer.count_only(total, search.url(base), request.notation, seen.notice)
            return FhirResponse(200, body, (seen,))
        following = self._next(bearer, search, sought.asked, seen, request.pairs)
        wish = Wish(
            request.kind, sought.zones, request.notation, search.url(base), following, search.elements
        )
        return await self._answered(seen, wish)

    async def read(self, bearer: Bearer, kind: str, text: str, notation: Notation) -> FhirResponse:
        """One report, also inside a batch."""
        reached(bearer, kind, READ)
        named = self._desk.gate.summary(bearer.permit, text, kind)
        patient = named[0].patient if named else None
        ids = frozenset({text})
        wish = Reporting(None, fixed=True, ids=ids, documents=kind)
        if named is not None:
            wish = replace(wish, period=period_of(named[0]), fixed=named[1])
        else:
            patient = self._desk.patient(bearer.permit, minted_as(kind), text)
        asked = self._wish(bearer, patient, f"{kind}/{text[:SHOWN]}", wish, READ)
        seen = await self._desk.gate.disclose(bearer.permit, asked)
        return await self._answered(seen, Wish(kind, self._desk.zones(patient), notation))

    async def _answered(self, seen: Disclosure, wish: Wish) -> FhirResponse:
        body = await asyncio.to_thread(self._desk.renderer.reports, seen, wish)
        if body is None:
            self._desk.gate.settle(seen, "sent", 0)
            raise Refused(ABSENT)
        return FhirResponse(200, body, (seen,), SAVED if wish.notation is RAW else None)

    def _sought(self, bearer: Bearer, request: Request) -> _Sought:
        page = self._answers.linked(bearer, request.kind, request.pairs)
        pairs = self._desk.in_context(bearer.permit, request.kind, page.pairs if page else request.pairs)
        search = self._desk.search(request.kind, pairs, request.is_strict and not page)
        patient = self._desk.patient(bearer.permit, "Patient", search.patient or "")
        if page and patient != page.patient:
            patient = None  # the person is not known by that name any more
        zones = self._desk.zones(patient) if patient is not None else UTC
        bound = search.asked(patient, zones, self._desk.clock())
        wish = Reporting(
            None, ids=search.ids, dates=bound.dates, updated=bound.updated, documents=search.kind
        )
        if search.ids is not None and len(search.ids) == 1:
            wish = self._by_id(bearer, patient, wish, *search.ids)
        asked = self._wish(bearer, patient, search.described, wish, SEARCH)
        limit = 0 if search.count_only else min(search.count, MOST)
        after = page.after if page else None
        total = search.total or search.count_only
        return _Sought(search, replace(asked, limit=limit, after=after, total=total), zones)

    def _by_id(self, bearer: Bearer, patient: int | None, wish: Reporting, text: str) -> Reporting:
        """The wish for the period that the one id says, which need not be one that follows from the grants now."""
        named = self._desk.gate.summary(bearer.permit, text, wish.documents)
        if named is None or named[0].patient != patient:
            return wish
        return replace(wish, period=period_of(named[0]), fixed=named[1])

    def _wish(
        self, bearer: Bearer, patient: int | None, described: str, wish: Reporting, action: str
    ) -> Asked:
        """Reports with what the scopes reach; of nobody where they do not reach every Observation."""
        fences = self._desk.fences
        readings = self._readings(bearer, action)
        is_told = fences.is_report(bearer, wish.documents, action) and _GLUCOSE in readings
        is_told = is_told and fences.parts(bearer, action) >= frozenset(PARTS)
        has_person = bool(bearer.scopes.reach("Patient", READ))
        has_devices = bool(bearer.scopes.reach("Device", READ))
        is_whole = fences.is_everything(bearer, action)
        return Asked(
            patient=patient if is_told else None,
            way=Way.LOOK,
            channel="report",
            described=described,
            selectors=readings,
            reporting=replace(wish, received=is_whole),
            patient_resource=has_person,
            device_resources=has_devices,
            retractions=is_whole,
        )

    def _readings(self, bearer: Bearer, action: str) -> frozenset[Selector]:
        """What a report is made of, stream by stream where all of it lies inside the scopes: figures of a part would
        be other figures. Refused with 403 where no Observation does."""
        reached(bearer, OBSERVATION, action)
        lacking = self._desk.fences.lacking(bearer, action)
        return frozenset(each for each in READINGS if each.stream not in lacking)

    def _next(
        self, bearer: Bearer, search: Search, asked: Asked, seen: Disclosure, pairs: Pairs
    ) -> str | None:
        if seen.more is None or asked.patient is None:
            return None
        now = self._desk.clock()
        page = Page(search.address, search.pairs, seen.more, bearer.holder, asked.patient, now)
        following = link(self._desk.renderer.base, search.address, seal(self._desk.db.keys.page_key, page))
        form = wanted(pairs)
        return following if form is None else f"{following}&_format={form}"
