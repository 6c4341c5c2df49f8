"""Searches: parameters to a wish, the wish to the door, the Disclosure to a page.

Law: everything that was asked goes into the gate's query; nothing is filtered afterwards. The scopes are
asked first (403), then the parameters (400), then the gate; an unknown patient, one without a grant and one
without data are the same empty Bundle. A page link holds no permission: each page is decided anew. A
`_count` of up to one page is one buffer; a larger one is streamed where everything fits into it, else it is
answered in pages (R4 3.1.1.5.4: fewer than asked for is allowed, more is not).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from bridge.consent.asked import Asked
from bridge.consent.disclosure import Disclosure
from bridge.fhir.outcome import NOT_ACCEPTABLE, Problem, bad_parameter
from bridge.fhir.pages import PARAMETER, STALE, Page, link, seal, unseal
from bridge.fhir.render import Notation
from bridge.fhir.sought import PAGE, Search
from bridge.mapping.resources import READING_TYPES
from bridge.smart.tokens import Bearer
from bridge.web.call import Call, Pairs, Refused
from bridge.web.desk import UTC, Desk
from bridge.web.evidence import targets
from bridge.web.fence import SEARCH, reached
from bridge.web.negotiate import acceptable, is_strict
from bridge.web.response import FhirResponse
from bridge.web.route import Reply, wanted
from bridge.web.stream import Flow, Parts

ALONE: Final = bad_parameter(PARAMETER, "a page link is followed as it is, without other parameters")


@dataclass(frozen=True, slots=True)
class Request:
    """A search as it was sent, over HTTP or inside a batch, and how its answer is written."""

    kind: str
    pairs: Pairs
    is_strict: bool
    notation: Notation


@dataclass(frozen=True, slots=True)
class _Sought:
    """A search that may be made, and where its page begins."""

    search: Search
    asked: Asked
    request: Request


class Searches:
    """Answers searches of every type."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def get(self, kind: str, call: Call) -> Reply:
        """GET [base]/[type]?…"""
        return await self._answered(kind, call, call.pairs())

    async def post(self, kind: str, call: Call) -> Reply:
        """POST [base]/[type]/_search: parameters of body and URL together (R4 3.1.1.1.2)."""
        reached(call.bearer, kind, SEARCH)
        return await self._answered(kind, call, call.pairs() + await call.form())

    async def _answered(self, kind: str, call: Call, pairs: Pairs) -> Reply:
        if (form := wanted(pairs)) is not None:
            notation = acceptable(b"", form)
            if notation is None:
                raise Refused(NOT_ACCEPTABLE)
            call.notation = notation
        request = Request(kind, pairs, is_strict(call.header(b"prefer")), call.notation)
        sought = self._sought(call.bearer, request)
        if (
            sought.search.count > PAGE
            and sought.search.kind in READING_TYPES
            and not sought.search.count_only
        ):
            return await self._large(call, sought)
        return await self._page(call.bearer, sought)

    async def whole(self, bearer: Bearer, request: Request) -> FhirResponse:
        """The answer in one buffer: a page even where more was asked for (inside a batch)."""
        return await self._page(bearer, _limited(self._sought(bearer, request)))

    # ------------------------------------------------------------------------------------- asking

    def _sought(self, bearer: Bearer, request: Request) -> _Sought:
        reached(bearer, request.kind, SEARCH)
        page = self._linked(bearer, request)
        pairs = page.pairs if page else request.pairs
        search = self._desk.search(request.kind, pairs, request.is_strict and not page)
        search = replace(search, selectors=self._desk.fences.allow(bearer, search))
        if search.kind == "Provenance" and search.ids is not None:
            ids = targets(self._desk.db, bearer.permit, search.ids)
            search = replace(
                search, ids=None, targets=ids if search.targets is None else ids & search.targets
            )
        patient = page.patient if page else self._patient(bearer, search)
        dated = search.dates or search.updated
        zones = self._desk.zones(patient) if dated else UTC
        after = page.after if page else None
        return _Sought(search, search.asked(patient, zones, self._desk.clock(), after=after), request)

    def _linked(self, bearer: Bearer, request: Request) -> Page | None:
        tokens = [value for name, value in request.pairs if name == PARAMETER]
        if not tokens:
            return None
        if len(tokens) > 1 or any(name not in (PARAMETER, "_format", "_pretty") for name, _ in request.pairs):
            raise Refused(ALONE)
        key, client = self._desk.db.keys.page_key, bearer.permit.client
        page = unseal(key, tokens[0], client, self._desk.clock())
        if isinstance(page, Problem):
            raise Refused(page)
        if page.kind != request.kind:
            raise Refused(STALE)
        return page

    def _patient(self, bearer: Bearer, search: Search) -> int | None:
        if search.identifier is not None:
            return self._desk.gate.identified(bearer.permit, *search.identifier)
        return self._desk.patient(bearer.permit, "Patient", search.patient or "")

    # ------------------------------------------------------------------------------------ answering

    async def _page(self, bearer: Bearer, sought: _Sought) -> FhirResponse:
        disclosure = await self._desk.gate.disclose(bearer.permit, sought.asked)
        return self._rendered(bearer, sought, disclosure)

    async def _large(self, call: Call, sought: _Sought) -> Reply:
        parts = Parts(self._desk.gate.stream(call.bearer.permit, replace(sought.asked, total=True), PAGE))
        first = await anext(parts)
        if first.total is not None and first.total <= sought.search.count:
            return Flow(self._desk.renderer, sought.search, sought.request.notation, first, parts)
        await parts.close()
        return self._rendered(call.bearer, sought, first, is_settled=True)

    def _rendered(
        self, bearer: Bearer, sought: _Sought, disclosure: Disclosure, is_settled: bool = False
    ) -> FhirResponse:
        search, renderer, notation = sought.search, self._desk.renderer, sought.request.notation
        url = search.url(renderer.base)
        if search.kind == "Patient" and not search.admits(disclosure.subject):
            self._desk.gate.settle(disclosure, "blocked", 0)
            return FhirResponse(200, renderer.count_only(0, url, notation))
        if search.count_only:
            body = renderer.count_only(disclosure.total or 0, url, notation)
            return FhirResponse(200, body, (disclosure,))
        body = renderer.searchset(
            disclosure,
            url,
            self._next(bearer, sought, disclosure),
            kind=search.kind,
            include_devices=search.include_devices,
            include_provenance=search.include_provenance,
            elements=search.elements,
            notation=notation,
        )
        return FhirResponse(200, body, () if is_settled else (disclosure,))

    def _next(self, bearer: Bearer, sought: _Sought, disclosure: Disclosure) -> str | None:
        patient, search = sought.asked.patient, sought.search
        if disclosure.more is None or patient is None:
            return None
        page = Page(
            search.kind, search.pairs, disclosure.more, bearer.permit.client, patient, self._desk.clock()
        )
        following = link(self._desk.renderer.base, search.kind, seal(self._desk.db.keys.page_key, page))
        form = wanted(sought.request.pairs)
        return following if form is None else f"{following}&{urlencode({'_format': form})}"


def _limited(sought: _Sought) -> _Sought:
    """The same for one page at most."""
    return replace(sought, asked=replace(sought.asked, limit=min(sought.asked.limit or 0, PAGE)))
