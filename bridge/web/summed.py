"""`Observation/$hddt-cgm-summary`: the summary of a period (gematik HDDT 1.0.1), as a collection.

Law: a wish like any other, through the same scopes, gate and renderer. The period is asked for in whole days of the
person or in instants, of seven days at least (HDDT); without one it is what the grants say. What comes covers
contiguous permitted time inside it, so it may be shorter, or several; under a grant of summaries the blocks that the
grant fixes. Where there is nothing, and where nothing is permitted, the answer is the one 404. A figure that may not
leave is absent: the HL7 profiles forbid an Observation without its value, which HDDT asks for in its place.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from bridge.consent.asked import Asked, Way
from bridge.consent.reporting import Reporting
from bridge.fhir.filters import bare_date
from bridge.fhir.outcome import ABSENT, Problem, bad_parameter
from bridge.fhir.sought import DateText
from bridge.mapping.resources import OBSERVATION
from bridge.period import BEGINNING, DAY, END_OF_TIME, HOUR, Instant, Period, ZoneHistory
from bridge.smart.tokens import Bearer
from bridge.web.answers import Request
from bridge.web.call import Call, Pairs, Refused
from bridge.web.desk import UTC, Desk
from bridge.web.fence import SEARCH, reached
from bridge.web.response import FhirResponse
from bridge.web.search import requested
from bridge.web.told import told

OPERATION: Final = "/$hddt-cgm-summary"
START: Final = "effectivePeriodStart"
END: Final = "effectivePeriodEnd"
KNOWN: Final = frozenset({"patient", "subject", START, END, "related", "_format", "_pretty"})
LEAST: Final = 7 * DAY - HOUR
"""Seven days, of which one may be an hour short."""
NO_PATIENT: Final = bad_parameter("patient", "each summary is of exactly one patient")
TOO_SHORT: Final = bad_parameter(END, "the period has seven days at least")


class Summed:
    """Answers the operation."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def answer(self, call: Call) -> FhirResponse:
        """GET or POST [base]/Observation/$hddt-cgm-summary"""
        reached(call.bearer, OBSERVATION, SEARCH)
        return await self.whole(call.bearer, requested(OBSERVATION, call, await told(call)))

    async def whole(self, bearer: Bearer, request: Request) -> FhirResponse:
        """The same, inside a batch or alone."""
        reached(bearer, OBSERVATION, SEARCH)
        pairs = self._desk.in_context(bearer.permit, OBSERVATION, request.pairs)
        named = _named(pairs, request.is_strict)
        patient = self._desk.patient(bearer.permit, "Patient", named)
        zones = UTC if patient is None else self._desk.zones(patient)
        asked = Asked(
            patient=patient,
            way=Way.LOOK,
            channel="query",
            described=f"{OBSERVATION}{OPERATION}?{urlencode(pairs)}",
            selectors=frozenset(),
            reporting=Reporting(
                _period(pairs, zones, self._desk.clock()), parts=self._desk.fences.parts(bearer, SEARCH)
            ),
        )
        disclosure = await self._desk.gate.disclose(bearer.permit, asked)
        if not disclosure.count:
            raise Refused(ABSENT)
        body = self._desk.renderer.collection(disclosure, request.notation)
        return FhirResponse(200, body, (disclosure,))


def _named(pairs: Pairs, is_strict: bool) -> str:
    """The id of the patient; Refused where there is not exactly one, or under strict handling an unknown
    parameter."""
    for name, _ in pairs:
        if name not in KNOWN and (is_strict or ":" in name or "." in name):
            raise Refused(bad_parameter(name[:64], "this operation has no such parameter"))
    found = {value.removeprefix("Patient/") for name, value in pairs if name in ("patient", "subject")}
    if len(found) != 1:
        raise Refused(NO_PATIENT)
    return found.pop()


def _period(pairs: Pairs, zones: ZoneHistory, now: Instant) -> Period | None:
    """What is to be reported, up to now; None where nothing is said."""
    start, end = _edge(pairs, START), _edge(pairs, END)
    if start is None and end is None:
        return None
    low = BEGINNING if start is None else start.bound(zones, 0).period.start
    high = END_OF_TIME if end is None else end.bound(zones, 0).period.end
    if min(high, now) - low < LEAST:
        raise Refused(TOO_SHORT)
    return Period(low, high)


def _edge(pairs: Pairs, name: str) -> DateText | None:
    """One date, without a prefix."""
    values = [value for each, value in pairs if each == name]
    if not values:
        return None
    read = bare_date(name, values[0], len(values) > 1)
    if isinstance(read, Problem):
        raise Refused(read)
    return read
