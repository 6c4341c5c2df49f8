"""Bulk exports over HTTP: kick-off, status, end (FHIR Bulk Data Access STU2, R4 3.1.6 asynchronous requests).

Law: a system's token alone; one that a person approved gets 403 whatever it asks for. An export is its client's: for
everybody else there is none (404). Scopes are asked first, then the form of the request; nothing of any patient is
read here but who takes part, and no number of them is told: neither counts nor progress (L30). The manifest names a
file for every type and portion of patients, whether or not anything will be in it.

Rejected: 202 with an estimate in X-Progress (it would count those who share).
"""

from __future__ import annotations

import asyncio
from typing import Final

from bridge.bulk import job as jobs
from bridge.bulk.asking import Export, Grammar
from bridge.bulk.circle import circle_of
from bridge.bulk.job import EVERYBODY, LIMITS, SECOND, Job, Limits, Question
from bridge.consent.asked import Way
from bridge.consent.members import Span
from bridge.consent.permit import RecipientPermit
from bridge.fhir.everything import TYPES
from bridge.fhir.groups import GROUP
from bridge.fhir.outcome import ABSENT, NOT_OFFERED, OUT_OF_SCOPE, Problem, bad_parameter, problem
from bridge.fhir.render import Manifest
from bridge.period import Instant
from bridge.smart.scopes import Scopes
from bridge.smart.tokens import Bearer
from bridge.web.call import Call, Refused
from bridge.web.conditional import http_date
from bridge.web.desk import Desk
from bridge.web.fence import INSUFFICIENT, READ, SEARCH, reached
from bridge.web.negotiate import preferences
from bridge.web.response import FhirResponse, Nothing
from bridge.web.route import Reply
from bridge.web.told import told

ASYNC: Final = "respond-async"
LENIENT: Final = "handling=lenient"
NOT_ASYNC: Final = problem(400, "An export is asynchronous: send the header Prefer: respond-async.")
TOO_MANY: Final = problem(429, "There are as many exports as a client may have at a time: end one.")
TOO_OFTEN: Final = problem(429, "Ask again after the time that Retry-After says.")
POST_ONLY: Final = bad_parameter("patient", "patients are named by POST, at Patient or Group level")
ERRORS: Final = "OperationOutcome.ndjson"
AT_ONCE: Final = 50
"""Patients that are looked at before others get their turn."""
REMEMBERED: Final = 4096


class Exports:
    """Answers what is asked about exports."""

    def __init__(self, desk: Desk, limits: Limits = LIMITS) -> None:
        self._desk = desk
        self._limits = limits
        self._asked_at: dict[str, Instant] = {}

    async def kick_off(self, level: str, call: Call) -> Reply:
        """GET or POST [base]/$export, [base]/Patient/$export, [base]/Group/[id]/$export"""
        permit = system(call.bearer)
        name = self._level(level, call, permit)
        if call.method == "HEAD":
            raise Refused(NOT_OFFERED)
        wishes = preferences(call.header(b"prefer"))
        if ASYNC not in wishes:
            raise Refused(NOT_ASYNC)
        pairs = await told(call)
        question = Question(
            self._request(call), name, pairs, call.bearer.scopes, is_lenient=LENIENT in wishes
        )
        self._judge(question, call)
        made = jobs.start(self._desk.db, permit.client, question, self._desk.clock(), self._limits)
        if isinstance(made, int):
            raise Refused(TOO_MANY, _later(made - self._desk.clock()))
        where = {"Content-Location": self.address(made), "Preference-Applied": ASYNC, "Content-Length": "0"}
        return Nothing(202, where)

    async def status(self, call: Call) -> Reply:
        """GET what Content-Location said."""
        job, export = self.known(call)
        types = types_of(export, job.question.scopes)
        for kind in sorted(types):
            covered(call.bearer.scopes, kind)
        self._throttle(job)
        left = job.row.kicked + self._limits.settled - self._desk.clock()
        if left <= 0 and not job.row.is_ready:
            job = await self._looked(call.bearer, job)
        if not job.row.is_ready:
            return Nothing(202, {"X-Progress": "in progress", "Content-Length": "0"} | _later(left))
        body = self._desk.renderer.manifest(self._manifest(job, export, types))
        return FhirResponse(200, body, (), {"Expires": http_date(job.row.expires).decode("ascii")})

    async def end(self, call: Call) -> Reply:
        """DELETE the same."""
        job, _ = self.known(call)
        jobs.drop(self._desk.db, job)
        return Nothing(202, {"Content-Length": "0"})

    def known(self, call: Call) -> tuple[Job, Export]:
        """The job that the address names, and what it means now."""
        permit = system(call.bearer)
        job = jobs.found(self._desk.db, call.params["job"], permit.client, self._desk.clock())
        export = None if job is None else job.question.export(self._grammar())
        if job is None or export is None or isinstance(export, Problem):
            raise Refused(ABSENT)
        return job, export

    def address(self, job: Job) -> str:
        """Where the export is asked about."""
        return f"{self._desk.renderer.base}/bulk/{job.row.id}"

    # ------------------------------------------------------------------------------------------- parts

    def _level(self, level: str, call: Call, permit: RecipientPermit) -> str:
        """What stands in the address behind the base; Refused where there is no such Group for this client."""
        if level != GROUP:
            return f"{level}/$export" if level else "$export"
        reached(call.bearer, GROUP, READ)
        own = circle_of(self._desk.db, permit.client).id
        if call.params["id"] != own:
            raise Refused(ABSENT)
        return f"{GROUP}/{own}/$export"

    def _request(self, call: Call) -> str:
        query = call.query.decode("latin-1")
        rest = call.path.removeprefix("/fhir") + (f"?{query}" if query else "")
        return self._desk.renderer.base + rest

    def _judge(self, question: Question, call: Call) -> None:
        """Refused where the scopes do not reach what is named, or something is not understood."""
        named = [value.split(",") for name, value in question.pairs if name == "_type"]
        for kind in sorted({each for values in named for each in values} & TYPES):
            covered(question.scopes, kind)
        export = question.export(self._grammar())
        if isinstance(export, Problem):
            raise Refused(export)
        if export.patients is not None and (call.method != "POST" or question.address == "$export"):
            raise Refused(POST_ONLY)
        if not types_of(export, question.scopes) and export.types is None:
            raise Refused(OUT_OF_SCOPE, INSUFFICIENT)
        for kind in sorted(export.types or ()):
            covered(question.scopes, kind)

    def _grammar(self) -> Grammar:
        renderer = self._desk.renderer
        return Grammar(renderer.vocabulary, renderer.base, renderer.system)

    def _throttle(self, job: Job) -> None:
        """Refused with 429 where the same was asked a moment ago."""
        now = self._desk.clock()
        before = self._asked_at.get(job.row.id)
        if before is not None and 0 <= now - before < self._limits.pause:
            raise Refused(TOO_OFTEN, _later(self._limits.pause))
        if len(self._asked_at) >= REMEMBERED:
            self._asked_at.clear()
        self._asked_at[job.row.id] = now

    async def _looked(self, bearer: Bearer, job: Job) -> Job:
        """The job after one more portion of those who may take part."""
        seen = 0
        while not job.row.is_ready and seen < self._limits.looked:
            most = min(AT_ONCE, self._limits.looked - seen)
            span = Span(job.row.reached, EVERYBODY, most)
            found = self._desk.gate.members(bearer.permit, Way.BULK, span)
            job = jobs.looked(
                self._desk.db, job, found.patients, found.reached, found.is_all, self._limits.patients
            )
            seen += most
            await asyncio.sleep(0)
        return job

    def _manifest(self, job: Job, export: Export, types: frozenset[str]) -> Manifest:
        here = self.address(job)
        files = [
            (kind, f"{here}/{kind}-{place}.ndjson")
            for kind in sorted(types)
            for place in range(1, len(job.spans) + 1)
        ]
        errors = [("OperationOutcome", f"{here}/{ERRORS}")] if export.ignored else []
        return Manifest(job.row.kicked, job.question.request, files, errors)


def system(bearer: Bearer) -> RecipientPermit:
    """The permit of a system's token; Refused with 403 for a person's."""
    permit = bearer.permit
    if not isinstance(permit, RecipientPermit) or permit.patient is not None:
        raise Refused(OUT_OF_SCOPE, INSUFFICIENT)
    return permit


def types_of(export: Export, scopes: Scopes) -> frozenset[str]:
    """The types that an export comes to: those named, or all that the scopes reach."""
    if export.types is not None:
        return export.types
    return frozenset(kind for kind in TYPES if is_covered(scopes, kind))


def is_covered(scopes: Scopes, kind: str) -> bool:
    """Whether a type may be read and searched."""
    return bool(scopes.reach(kind, READ) and scopes.reach(kind, SEARCH))


def covered(scopes: Scopes, kind: str) -> None:
    """Refused with 403 where it may not."""
    if not is_covered(scopes, kind):
        raise Refused(OUT_OF_SCOPE, INSUFFICIENT)


def _later(milliseconds: int) -> dict[str, str]:
    return {"Retry-After": str(max(1, -(-milliseconds // SECOND)))}
