"""Read, vread and history of one resource (R4 3.1.0.2, 3.1.0.3, 3.1.0.10).

Law: an id that never was, one outside the grant and one outside the scopes' categories are the one 404,
byte for byte (L19); the id decides whose door is asked, and the same work is done for all of them. A
version is looked for among those that may be seen now (L20). Conditions are looked at afterwards, by the
answer that the gate gave (L21).
"""

from __future__ import annotations

from typing import Final

from bridge.consent.asked import Asked, Selector, Way
from bridge.consent.received import minted_as
from bridge.consent.reporting import Reporting
from bridge.consent.summed import period_of
from bridge.fhir.outcome import ABSENT
from bridge.fhir.parameters import RECORDS
from bridge.fhir.render import Notation
from bridge.mapping.resources import OBSERVATION, READING_TYPES
from bridge.smart.tokens import Bearer
from bridge.store.ids import Name
from bridge.web.call import Call, Refused
from bridge.web.desk import Desk
from bridge.web.evidence import targets
from bridge.web.fence import READ, reached
from bridge.web.response import FhirResponse

VERSIONED: Final = frozenset(READING_TYPES)
"""Types whose versions are offered (`data.md`, versions and times)."""
SHOWN: Final = 64
"""An id is at most 64 characters (R4 2.24.0.1); of a longer one the ledger keeps the beginning."""


class Instances:
    """Answers what names one resource."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def get(self, kind: str, call: Call) -> FhirResponse:
        """GET [base]/[type]/[id]"""
        return await self.read(call.bearer, kind, call.params["id"], notation=call.notation)

    async def version(self, kind: str, call: Call) -> FhirResponse:
        """GET [base]/[type]/[id]/_history/[vid]"""
        named, version = call.params["id"], call.params["vid"]
        return await self.read(call.bearer, kind, named, version, notation=call.notation)

    async def history(self, kind: str, call: Call) -> FhirResponse:
        """GET [base]/[type]/[id]/_history"""
        return await self.versions(call.bearer, kind, call.params["id"], notation=call.notation)

    async def versions(self, bearer: Bearer, kind: str, text: str, *, notation: Notation) -> FhirResponse:
        """The permitted versions of one resource."""
        asked = self._asked(bearer, kind, text, history=True)
        if asked.reporting is not None:  # a summary is told as it stands, by read and vread
            raise Refused(ABSENT)
        disclosure = await self._desk.gate.disclose(bearer.permit, asked)
        url = f"{self._desk.renderer.base}/{kind}/{text[:SHOWN]}/_history"
        body = self._desk.renderer.history(disclosure, url, notation)
        if body is None:
            raise Refused(ABSENT)
        return FhirResponse(200, body, (disclosure,))

    async def read(
        self, bearer: Bearer, kind: str, text: str, version: str | None = None, *, notation: Notation
    ) -> FhirResponse:
        """The newest state of one resource, or the named version of it."""
        asked = self._asked(bearer, kind, text, history=version is not None)
        disclosure = await self._desk.gate.disclose(bearer.permit, asked)
        body = self._desk.renderer.read(disclosure, kind, version=version, notation=notation)
        if body is None:
            raise Refused(ABSENT)
        return FhirResponse(200, body, (disclosure,))

    def _asked(self, bearer: Bearer, kind: str, text: str, history: bool) -> Asked:
        selectors, patient = self._readings(bearer, kind), self._desk.patient(bearer.permit, kind, text)
        named = (
            self._desk.gate.summary(bearer.permit, text) if kind == OBSERVATION and patient is None else None
        )
        parts = self._desk.fences.parts(bearer, READ) if kind == OBSERVATION and patient is None else None
        foreign = None
        if parts is not None and named is None:  # as what others submitted
            foreign = self._desk.patient(bearer.permit, minted_as(kind), text)
        return Asked(
            patient=named[0].patient if named else patient if foreign is None else foreign,
            way=Way.LOOK,
            channel="query",
            described=f"{kind}/{text[:SHOWN]}" + ("/_history" if history else ""),
            selectors=selectors,
            ids=self._named(bearer, kind, text),
            devices=frozenset({text}) if kind == "Device" else None,
            metrics=frozenset({text}) if kind == "DeviceMetric" else None,
            history=history,
            provenance=kind == "Provenance",
            retractions=kind in READING_TYPES,
            device_resources=kind == "Device",
            metric_resources=kind == "DeviceMetric",
            patient_resource=kind == "Patient",
            consent_resources=kind == "Consent",
            event_resources=kind == "AuditEvent",
            reporting=_of_summary(*named, text, parts) if named else _as_received(foreign, text, parts),
        )

    def _readings(self, bearer: Bearer, kind: str) -> frozenset[Selector]:
        if kind in READING_TYPES:
            return self._desk.fences.readings(bearer, kind, READ)
        if kind == "Provenance":
            return self._desk.fences.evidence(bearer, READ)
        reached(bearer, kind, READ)
        return frozenset()

    def _named(self, bearer: Bearer, kind: str, text: str) -> frozenset[str] | None:
        if kind == "Provenance":
            return targets(self._desk.db, bearer.permit, [text])
        return frozenset({text}) if kind in READING_TYPES or kind in RECORDS else None


def _of_summary(name: Name, is_frozen: bool, text: str, parts: frozenset[str] | None) -> Reporting:
    """The wish for one Observation of a summary."""
    return Reporting(period_of(name), fixed=is_frozen, ids=frozenset({text}), parts=parts)


def _as_received(patient: int | None, text: str, parts: frozenset[str] | None) -> Reporting | None:
    """The wish for one Observation that others submitted; None where the id is of none."""
    if patient is None:
        return None
    return Reporting(ids=frozenset({text}), parts=parts, received=True)
