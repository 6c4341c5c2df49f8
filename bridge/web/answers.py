"""Searches answered: the Disclosure as a page, or as a stream, and the link to what follows.

Law: a page link holds what was asked and where the page ended, sealed, and no permission: the next page is
decided anew (`consent.md`, what the asker learns). A `_count` of up to one page is one buffer; a larger one is
streamed where everything fits into it, else it is answered in pages (R4 3.1.1.5.4: fewer than asked for is
allowed, more is not).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from bridge.consent.asked import Asked
from bridge.consent.disclosure import Disclosure
from bridge.consent.summaries import MARK
from bridge.fhir.outcome import ABSENT, Problem, bad_parameter
from bridge.fhir.pages import PARAMETER, STALE, Page, link, seal, unseal
from bridge.fhir.render import Notation
from bridge.fhir.sought import PAGE, Search
from bridge.smart.tokens import Bearer
from bridge.web.call import Call, Pairs, Refused
from bridge.web.desk import Desk
from bridge.web.response import FhirResponse
from bridge.web.route import Reply, wanted
from bridge.web.stream import Flow, Parts

ALONE: Final = bad_parameter(PARAMETER, "a page link is followed as it is, without other parameters")


@dataclass(frozen=True, slots=True)
class Request:
    """A search as it was sent, over HTTP or inside a batch, and how its answer is written. `kind`: what stands
    in its address behind the base."""

    kind: str
    pairs: Pairs
    is_strict: bool
    notation: Notation


@dataclass(frozen=True, slots=True)
class Sought:
    """A search that may be made, and where its page begins."""

    search: Search
    asked: Asked
    request: Request


class Answers:
    """Makes the answers of searches and of operations that are like one."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def linked(self, bearer: Bearer, address: str, pairs: Pairs) -> Page | None:
        """The page that a link names, which was given to this asker at this address; None where there is no
        link."""
        tokens = [value for name, value in pairs if name == PARAMETER]
        if not tokens:
            return None
        if len(tokens) > 1 or any(name not in (PARAMETER, "_format", "_pretty") for name, _ in pairs):
            raise Refused(ALONE)
        key, client = self._desk.db.keys.page_key, bearer.holder
        page = unseal(key, tokens[0], client, self._desk.clock())
        if isinstance(page, Problem):
            raise Refused(page)
        if page.kind != address:
            raise Refused(STALE)
        return page

    async def page(self, bearer: Bearer, sought: Sought) -> FhirResponse:
        """One page."""
        disclosure = await self._disclosed(bearer, sought)
        return self._rendered(bearer, sought, disclosure)

    async def _disclosed(self, bearer: Bearer, sought: Sought) -> Disclosure:
        """The readings that were asked for; where none may leave, the summaries that do."""
        asked, gate = sought.asked, self._desk.gate
        summaries = sought.search.summaries(asked) if sought.search.parts else None
        if summaries is not None and (not asked.selectors or (asked.after or b"").startswith(MARK)):
            return await gate.disclose(bearer.permit, summaries)
        found = await gate.disclose(bearer.permit, asked)
        if summaries is None or found.entry is not None or asked.after is not None:
            return found
        return await gate.disclose(bearer.permit, summaries)

    async def large(self, call: Call, sought: Sought) -> Reply:
        """Everything as a stream where it fits into what was asked for, else a page."""
        parts = Parts(self._desk.gate.stream(call.bearer.permit, replace(sought.asked, total=True), PAGE))
        first = await anext(parts)
        is_absent = sought.search.types is not None and first.subject is None
        if not is_absent and first.total is not None and first.total <= sought.search.count:
            url = sought.search.url(self._desk.renderer.base)
            pieces = self._desk.renderer.stream(url, sought.search.wanted(), sought.request.notation)
            return Flow(pieces, first, parts)
        await parts.close()
        if sought.search.parts and first.entry is None:
            return await self.page(call.bearer, sought)
        return self._rendered(call.bearer, sought, first, is_settled=True)

    def _rendered(
        self, bearer: Bearer, sought: Sought, disclosure: Disclosure, is_settled: bool = False
    ) -> FhirResponse:
        search, renderer, notation = sought.search, self._desk.renderer, sought.request.notation
        url = search.url(renderer.base)
        if search.types is not None and disclosure.subject is None:
            raise Refused(ABSENT)
        if search.kind == "Patient" and not search.admits(disclosure.subject):
            self._desk.gate.settle(disclosure, "blocked", 0)
            return FhirResponse(200, renderer.count_only(0, url, notation))
        if search.count_only:
            body = renderer.counted(disclosure, url, search.kind, notation)
            return FhirResponse(200, body, (disclosure,))
        shown = search.wanted(is_first=sought.asked.after is None)
        body = renderer.page(disclosure, shown, url, self._next(bearer, sought, disclosure), notation)
        return FhirResponse(200, body, () if is_settled else (disclosure,))

    def _next(self, bearer: Bearer, sought: Sought, disclosure: Disclosure) -> str | None:
        patient, search = sought.asked.patient, sought.search
        if disclosure.more is None or patient is None:
            return None
        client, now = bearer.holder, self._desk.clock()
        page = Page(search.address, search.pairs, disclosure.more, client, patient, now)
        following = link(self._desk.renderer.base, search.address, seal(self._desk.db.keys.page_key, page))
        form = wanted(sought.request.pairs)
        return following if form is None else f"{following}&{urlencode({'_format': form})}"
