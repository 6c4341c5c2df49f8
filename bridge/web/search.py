"""Searches: parameters to a wish, the wish to the door (`answers.py` makes the answer).

Law: everything that was asked goes into the gate's query; nothing is filtered afterwards. The scopes are
asked first (403), then the parameters (400), then the gate; an unknown patient, one without a grant and one
without data are the same empty Bundle. A page link holds no permission: each page is decided anew.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.fhir.outcome import NOT_ACCEPTABLE
from bridge.fhir.sought import PAGE, Search
from bridge.mapping.resources import READING_TYPES
from bridge.smart.tokens import Bearer
from bridge.web.answers import Answers, Request, Sought
from bridge.web.call import Call, Pairs, Refused
from bridge.web.desk import UTC, Desk
from bridge.web.evidence import targets
from bridge.web.fence import SEARCH, reached
from bridge.web.negotiate import acceptable, is_strict
from bridge.web.response import FhirResponse
from bridge.web.route import Reply, wanted


class Searches:
    """Answers searches of every type."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._answers = Answers(desk)

    async def get(self, kind: str, call: Call) -> Reply:
        """GET [base]/[type]?…"""
        return await self._answered(kind, call, call.pairs())

    async def post(self, kind: str, call: Call) -> Reply:
        """POST [base]/[type]/_search: parameters of body and URL together (R4 3.1.1.1.2)."""
        reached(call.bearer, kind, SEARCH)
        return await self._answered(kind, call, call.pairs() + await call.form())

    async def whole(self, bearer: Bearer, request: Request) -> FhirResponse:
        """The answer in one buffer: a page even where more was asked for (inside a batch)."""
        sought = self.sought(bearer, request)
        limit = min(sought.asked.limit or 0, PAGE)
        return await self._answers.page(bearer, replace(sought, asked=replace(sought.asked, limit=limit)))

    async def _answered(self, kind: str, call: Call, pairs: Pairs) -> Reply:
        sought = self.sought(call.bearer, requested(kind, call, pairs))
        search = sought.search
        if search.count > PAGE and search.kind in READING_TYPES and not search.count_only:
            return await self._answers.large(call, sought)
        return await self._answers.page(call.bearer, sought)

    def sought(self, bearer: Bearer, request: Request) -> Sought:
        """The search that a request says, inside the scopes; Refused where it is none."""
        reached(bearer, request.kind, SEARCH)
        page = self._answers.linked(bearer, request.kind, request.pairs)
        asked = page.pairs if page else request.pairs
        pairs = self._desk.in_context(bearer.permit, request.kind, asked)
        search = self._desk.search(request.kind, pairs, request.is_strict and not page)
        search = replace(search, selectors=self._desk.fences.allow(bearer, search))
        if search.parts:
            search = replace(search, parts=search.parts & self._desk.fences.parts(bearer, SEARCH))
        if search.kind == "Provenance" and search.ids is not None:
            ids = targets(self._desk.db, bearer.permit, search.ids)
            search = replace(
                search, ids=None, targets=ids if search.targets is None else ids & search.targets
            )
        patient = self._patient(bearer, search)
        if page and patient != page.patient:
            patient = None  # the person is not known by that name any more
        dated = search.dates or search.updated
        zones = self._desk.zones(patient) if dated else UTC
        after = page.after if page else None
        return Sought(search, search.asked(patient, zones, self._desk.clock(), after=after), request)

    def _patient(self, bearer: Bearer, search: Search) -> int | None:
        if search.identifier is not None:
            return self._desk.gate.identified(bearer.permit, *search.identifier)
        return self._desk.patient(bearer.permit, "Patient", search.patient or "")


def requested(kind: str, call: Call, pairs: Pairs) -> Request:
    """The request as it was sent; 406 where `_format` is none of ours."""
    if (form := wanted(pairs)) is not None:
        notation = acceptable(b"", form)
        if notation is None:
            raise Refused(NOT_ACCEPTABLE)
        call.notation = notation
    return Request(kind, pairs, is_strict(call.header(b"prefer")), call.notation)
