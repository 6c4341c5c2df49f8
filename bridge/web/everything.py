"""`Patient/[id]/$everything`: all that a person shares with this asker, as one answer (R4).

Law: it opens nothing: what comes is what searches of each type inside the token's scopes would find, through one
wish to the gate, with one entry in the ledger. A person who shares nothing is absent: 404, as one that is not
there. A type that is named and outside the scopes is 403; where none is named, what the scopes do not reach is
left out. Where no reading may leave, summaries come in their place, as in a search. Large answers are streamed, or
given in pages where `_count` says so.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.fhir.everything import OPERATION, SUBMITTED, TYPES, UNASKED, parse
from bridge.fhir.outcome import Problem
from bridge.fhir.sought import PAGE
from bridge.mapping.resources import OBSERVATION, READING_TYPES
from bridge.smart.tokens import Bearer
from bridge.web.answers import Answers, Request, Sought
from bridge.web.call import Call, Refused
from bridge.web.desk import Desk
from bridge.web.fence import READ, SEARCH, reached
from bridge.web.instance import SHOWN
from bridge.web.response import FhirResponse
from bridge.web.route import Reply
from bridge.web.search import requested
from bridge.web.told import told


class Everything:
    """Answers the operation."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._answers = Answers(desk)

    async def answer(self, call: Call) -> Reply:
        """GET or POST [base]/Patient/[id]/$everything"""
        reached(call.bearer, "Patient", READ)
        name = call.params["id"]
        sought = self._sought(call.bearer, name, requested(address(name), call, await told(call)))
        if sought.search.count > PAGE and sought.asked.selectors:
            return await self._answers.large(call, sought)
        return await self._answers.page(call.bearer, sought)

    async def whole(self, bearer: Bearer, name: str, request: Request) -> FhirResponse:
        """A page of it, inside a batch."""
        sought = self._sought(bearer, name, request)
        limit = min(sought.asked.limit or 0, PAGE)
        return await self._answers.page(bearer, replace(sought, asked=replace(sought.asked, limit=limit)))

    def _sought(self, bearer: Bearer, name: str, request: Request) -> Sought:
        reached(bearer, "Patient", READ)
        page = self._answers.linked(bearer, request.kind, request.pairs)
        search = parse(name[:SHOWN], page.pairs if page else request.pairs, request.is_strict and not page)
        if isinstance(search, Problem):
            raise Refused(search)
        types = self._types(bearer, search.types)
        fences = (
            self._desk.fences.readings(bearer, kind, SEARCH) for kind in types & frozenset(READING_TYPES)
        )
        search = replace(search, types=types, selectors=frozenset().union(*fences))
        if OBSERVATION in types:
            search = replace(search, parts=self._desk.fences.parts(bearer, SEARCH))
        if SUBMITTED in types:
            search = replace(search, submitted=self._desk.fences.submitted(bearer, SEARCH))
        patient = self._desk.patient(bearer.permit, "Patient", name)
        zones, after = self._desk.zones(patient), page.after if page else None
        return Sought(search, search.asked(patient, zones, self._desk.clock(), after=after), request)

    def _types(self, bearer: Bearer, named: frozenset[str] | None) -> frozenset[str]:
        if named is None:
            return frozenset(each for each in TYPES - UNASKED if bearer.scopes.reach(each, SEARCH))
        for each in sorted(named):
            reached(bearer, each, SEARCH)
        return named


def address(name: str) -> str:
    """What stands in the address behind the base."""
    return f"Patient/{name[:SHOWN]}/{OPERATION}"
