"""A file of an export, made while it is fetched: patient by patient through the gate (STU2, Output File Request).

Law: nothing of a file rests. Each patient who shares now is asked for at the gate, which decides, and has an entry in
the ledger before the first byte; whose grant ended meanwhile is not in it. What was received, changed or opened after
the instant of the export is left out and comes with the next, so nothing comes twice and nothing is missed. A grant
that moves while its patient is being told ends the file without its end (`stream.py`). One part of one patient is in
memory at a time.

Rejected: remembering who was in the export at its start (a list of patients would rest, and outlive grants).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Final

from bridge.bulk.asking import Export
from bridge.bulk.job import Job
from bridge.consent.asked import Asked, DateTest, Selector, Way, met
from bridge.consent.disclosure import Disclosure
from bridge.consent.members import Span
from bridge.fhir.everything import SUBMITTED
from bridge.fhir.outcome import ABSENT
from bridge.fhir.parameters import READINGS
from bridge.fhir.sought import PAGE, Search
from bridge.mapping.resources import READING_TYPES
from bridge.period import Instant, Period
from bridge.smart.tokens import Bearer
from bridge.web.bulk import AT_ONCE, ERRORS, Exports, covered, types_of
from bridge.web.call import Call, Refused
from bridge.web.desk import UTC, Desk
from bridge.web.fence import READ, SEARCH
from bridge.web.response import FhirResponse
from bridge.web.route import Reply
from bridge.web.stream import Flow, Parts

_NAME: Final = re.compile(r"([A-Z][A-Za-z]{1,63})-([1-9][0-9]{0,6})\.ndjson")


@dataclass(frozen=True, slots=True)
class Part:
    """What one file holds: resources of one type of patients with numbers in (after, upto]."""

    job: Job
    export: Export
    kind: str
    after: int
    upto: int

    @property
    def search(self) -> Search:
        """What is wanted of the type."""
        return self.export.searches[self.kind]

    def changed(self) -> tuple[DateTest, ...]:
        """Nothing that came to be after the export was asked for, nor before it is asked about."""
        since, until, last = self.export.since, self.export.until, self.job.row.kicked
        tests = [_test("le", last if until is None else min(until, last))]
        return tuple(tests if since is None else [*tests, _test("gt", since)])


class ExportFiles:
    """Answers GET of a file."""

    def __init__(self, desk: Desk, exports: Exports) -> None:
        self._desk = desk
        self._exports = exports

    async def get(self, call: Call) -> Reply:
        """GET [base]/bulk/[job]/[file]"""
        job, export = self._exports.known(call)
        if not job.row.is_ready:
            raise Refused(ABSENT)
        if call.params["file"] == ERRORS and export.ignored:
            return FhirResponse(200, self._desk.renderer.ignored(export.ignored))
        part = self._part(call, job, export)
        parts = Parts(self._told(call.bearer, part))
        first = None if call.method == "HEAD" else await anext(parts, None)
        return Flow(self._desk.renderer.lines(part.kind, part.search.elements), first, parts)

    def _part(self, call: Call, job: Job, export: Export) -> Part:
        """Which file it is; Refused where there is none of that name, or the token does not reach its type."""
        named = _NAME.fullmatch(call.params["file"])
        place = 0 if named is None else int(named[2])
        spans = job.spans
        if named is None or named[1] not in types_of(export, job.question.scopes) or place > len(spans):
            raise Refused(ABSENT)
        covered(call.bearer.scopes, named[1])
        return Part(job, export, named[1], *spans[place - 1])

    async def _told(self, bearer: Bearer, part: Part) -> AsyncIterator[Disclosure]:
        """What may leave of each patient of a file, in order of their numbers."""
        selectors = self._selectors(bearer, part)
        named = self._named(bearer, part)
        span = Span(part.after, part.upto, AT_ONCE)
        while True:
            found = self._desk.gate.members(bearer.permit, Way.BULK, span)
            for patient in found.patients:
                if named is None or patient in named:
                    parts = Parts(self._of(bearer, self._asked(bearer, part, selectors, patient)))
                    try:
                        async for disclosure in parts:
                            yield disclosure
                    finally:
                        await parts.close()
            if found.is_all:
                return
            span = Span(found.reached, part.upto, AT_ONCE)
            await asyncio.sleep(0)

    async def _of(self, bearer: Bearer, asked: Asked) -> AsyncIterator[Disclosure]:
        """What may leave of one patient; nothing where nothing may."""
        gate = self._desk.gate
        if asked.selectors == frozenset() and not asked.along:
            disclosure = await gate.disclose(bearer.permit, asked)
            if disclosure.entry is not None:
                yield disclosure
            return
        parts = Parts(gate.stream(bearer.permit, asked, PAGE))
        try:
            async for disclosure in parts:
                if disclosure.entry is not None:
                    yield disclosure
        finally:
            await parts.close()

    def _asked(self, bearer: Bearer, part: Part, selectors: frozenset[Selector], patient: int) -> Asked:
        """The wish about one patient."""
        kind, export = part.kind, part.export
        search = replace(
            part.search, parts=self._summaries(bearer, part), submitted=self._submitted(bearer, part)
        )
        zones = self._desk.zones(patient) if search.dates or search.updated else UTC
        asked = search.asked(patient, zones, part.job.row.kicked, Way.BULK, "bulk")
        instead = asked.instead
        if instead is not None and instead.reporting is not None:
            updated = (*part.changed(), *asked.updated)
            instead = replace(instead, reporting=replace(instead.reporting, updated=updated))
        return replace(
            asked,
            instead=instead,
            described=f"{export.described}: {kind}",
            selectors=selectors,
            updated=(*part.changed(), *asked.updated),
            limit=None,
            retractions=export.since is not None and kind in (*READING_TYPES, SUBMITTED),
            strictly=True,
        )

    def _selectors(self, bearer: Bearer, part: Part) -> frozenset[Selector]:
        """What is wanted of a type, inside the scopes of now and of the kick-off."""
        if part.kind not in READINGS:
            return frozenset()
        chosen = part.search.selectors
        for scopes in (bearer.scopes, part.job.question.scopes):
            for action in (READ, SEARCH):
                chosen = met(chosen, self._fence(Bearer(bearer.permit, scopes), part.kind, action))
        return chosen

    def _summaries(self, bearer: Bearer, part: Part) -> frozenset[str]:
        """The same of the Observations of summaries."""
        chosen = part.search.parts
        if not chosen:
            return chosen
        for scopes in (bearer.scopes, part.job.question.scopes):
            for action in (READ, SEARCH):
                chosen &= self._desk.fences.parts(Bearer(bearer.permit, scopes), action)
        return chosen

    def _submitted(self, bearer: Bearer, part: Part) -> bool:
        """Whether these are reports that others submitted, and all that they may show lies inside both scopes."""
        askers = [Bearer(bearer.permit, each) for each in (bearer.scopes, part.job.question.scopes)]
        pairs = ((each, action) for each in askers for action in (READ, SEARCH))
        return part.kind == SUBMITTED and all(self._desk.fences.submitted(*pair) for pair in pairs)

    def _fence(self, bearer: Bearer, kind: str, action: str) -> frozenset[Selector]:
        fences = self._desk.fences
        return (
            fences.readings(bearer, kind, action)
            if kind in READING_TYPES
            else fences.evidence(bearer, action)
        )

    def _named(self, bearer: Bearer, part: Part) -> frozenset[int] | None:
        """The patients that were named, as far as the asker may know of them; None: everybody."""
        if part.export.patients is None:
            return None
        found = (self._desk.patient(bearer.permit, "Patient", each) for each in sorted(part.export.patients))
        return frozenset(each for each in found if each is not None)


def _test(prefix: str, instant: Instant) -> DateTest:
    period = Period(instant, instant + 1)
    return DateTest("le", period) if prefix == "le" else DateTest("gt", period)
