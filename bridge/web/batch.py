"""A batch: reads and searches in one request, each judged as if it had come alone (L36).

Law: SMART has no scope for a batch, so every entry goes the way of its own request: its own 403, 404 or
400, its own ledger row, and what one entry may see opens nothing for another. Only GET is read: a POST
entry would be a write. A large `_count` gives a page with a link. If the ledger or the bridge fails at one
entry, nothing leaves at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bridge.consent.disclosure import Disclosure
from bridge.consent.gate import Moved
from bridge.fhir.outcome import (
    ABSENT,
    MOVED,
    NOT_OFFERED,
    NOT_READABLE,
    Problem,
    problem,
)
from bridge.fhir.parameters import REPORTS, SOUGHT
from bridge.fhir.render import JSON, XML, Answered
from bridge.fhir.reports import BINARY
from bridge.web.answers import Request
from bridge.web.call import BUNDLE_BYTES, Call, Refused, decoded
from bridge.web.desk import Desk
from bridge.web.envelope import MOST_URL, Conditions, Envelope, of_json, of_xml
from bridge.web.everything import Everything, address
from bridge.web.instance import VERSIONED, Instances
from bridge.web.lastn import Lastn
from bridge.web.negotiate import acceptable, is_strict, sent_as
from bridge.web.reports import Reports
from bridge.web.response import FhirResponse
from bridge.web.route import wanted
from bridge.web.search import Searches
from bridge.web.summed import Summed

READ: Final[Mapping[str, Callable[[bytes], Envelope]]] = {JSON.media_type: of_json, XML.media_type: of_xml}
ONE_DOCUMENT: Final = problem(406, "An entry is answered in the notation of the whole batch.")
NO_REQUEST: Final = Problem(400, "required", "This entry has no request.", ("Bundle.entry.request",))
FULL: Final = problem(413, "The answers before this one fill the batch: ask this one alone.")
OFFERED: Final = SOUGHT.keys() | {BINARY}
MOST_BYTES: Final = 64 * 1024 * 1024
"""Answers that are held at once: a batch is one document."""


class Batches:
    """Answers POST [base]."""

    def __init__(
        self,
        desk: Desk,
        searches: Searches,
        instances: Instances,
        lastn: Lastn,
        everything: Everything,
        summed: Summed,
        reports: Reports,
    ) -> None:
        self._desk = desk
        self._searches = searches
        self._instances = instances
        self._lastn = lastn
        self._everything = everything
        self._summed = summed
        self._reports = reports

    async def post(self, call: Call) -> FhirResponse:
        """Every entry in its order."""
        written = sent_as(call.media_type())
        if written is None:
            raise Refused(NOT_READABLE)
        envelope = READ[written.media_type](await call.body(BUNDLE_BYTES))
        strict = is_strict(call.header(b"prefer"))
        answers: list[FhirResponse] = []
        try:
            for asked in envelope.requests:
                answers.append(await self._one(call, asked, strict, answers))
        except BaseException:
            for answer in answers:
                answer.unsent(self._desk.gate)
            raise
        told = [_told(answer, asked) for answer, asked in zip(answers, envelope.requests, strict=True)]
        disclosed: list[Disclosure] = []
        for answer, each in zip(answers, told, strict=True):
            if each.content is None:
                answer.bare(self._desk.gate)
            else:
                disclosed += answer.disclosures
        return FhirResponse(200, self._desk.renderer.batch_response(told, call.notation), disclosed)

    async def _one(
        self, call: Call, asked: Conditions | None, strict: bool, before: Sequence[FhirResponse]
    ) -> FhirResponse:
        try:
            if sum(len(answer.body) for answer in before) > MOST_BYTES:
                raise Refused(FULL)
            if asked is None:
                raise Refused(NO_REQUEST)
            return await self._routed(call, asked, strict)
        except Refused as refused:
            return self._desk.refusal(refused.problem, None, call.notation)
        except Moved:
            return self._desk.refusal(MOVED, None, call.notation)

    async def _routed(self, call: Call, asked: Conditions, strict: bool) -> FhirResponse:
        if asked.method != "GET":
            raise Refused(NOT_OFFERED)
        base = self._desk.renderer.base
        path, _, query = asked.url.removeprefix(base + "/").partition("?")
        kind, *rest = path.strip("/").split("/")
        if len(asked.url) > MOST_URL or kind not in OFFERED:
            raise Refused(ABSENT)
        pairs = decoded(query.encode("utf-8")) if query else ()
        form = wanted(pairs)
        if form is not None and acceptable(b"", form) is not call.notation:
            raise Refused(ONE_DOCUMENT)
        request = Request(kind, pairs, strict, call.notation)
        match [kind, *rest]:
            case [_] if kind in REPORTS:
                return await self._reports.whole(call.bearer, request)
            case [_, name] if kind in REPORTS or kind == BINARY:
                return await self._reports.read(call.bearer, kind, name, call.notation)
            case [_] if kind != BINARY:
                return await self._searches.whole(call.bearer, request)
            case ["Observation", "$lastn"]:
                return await self._lastn.whole(call.bearer, request)
            case ["Observation", "$hddt-cgm-summary"]:
                return await self._summed.whole(call.bearer, request)
            case ["Patient", name, "$everything"]:
                request = replace(request, kind=address(name))
                return await self._everything.whole(call.bearer, name, request)
        return await self._instance(call, kind, rest)

    async def _instance(self, call: Call, kind: str, rest: list[str]) -> FhirResponse:
        match rest:
            case [name]:
                return await self._instances.read(call.bearer, kind, name, notation=call.notation)
            case [name, "_history"] if kind in VERSIONED:
                return await self._instances.versions(call.bearer, kind, name, notation=call.notation)
            case [name, "_history", version] if kind in VERSIONED:
                return await self._instances.read(call.bearer, kind, name, version, notation=call.notation)
        raise Refused(ABSENT)


def _told(answer: FhirResponse, asked: Conditions | None) -> Answered:
    """The entry's answer, 304 where its condition holds."""
    if asked and answer.is_held(asked.if_none_match.encode()):
        return Answered(304)
    return Answered(answer.status, answer.body)
