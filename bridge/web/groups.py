"""The Group of a client: read, and found; nothing is changed here (`interface.md`, HTTP: Group read-only).

Law: that somebody is in it is told about them, in bulk: a system's token alone reads it, only those who chose that way
in a grant that acts now are in it, and each has an entry in their ledger for it, as for the Patient in an export. A
search tells that there is the Group and nobody in it (`consent.md`: across patients nothing is searched), unless it
names the one person asked about; then that person has the entry. No number is told.

Rejected: the members in a search (asked for by accident, and a row in each ledger every time).
"""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlencode

from bridge.bulk.circle import circle_of
from bridge.bulk.job import EVERYBODY
from bridge.consent.asked import Asked, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.members import Span
from bridge.fhir.groups import GROUP
from bridge.fhir.outcome import ABSENT, Problem, bad_parameter
from bridge.fhir.parameters import FORMS, REFUSED
from bridge.fhir.parameters import GROUP as PARAMETERS
from bridge.smart.tokens import Bearer
from bridge.store.exports import BEFORE_ALL
from bridge.web.bulk import AT_ONCE, system
from bridge.web.call import Call, Pairs, Refused
from bridge.web.desk import Desk
from bridge.web.fence import READ, SEARCH, reached
from bridge.web.instance import SHOWN
from bridge.web.negotiate import is_strict
from bridge.web.response import FhirResponse

MOST: Final = 10_000
"""Members that are told in one Group."""
TOO_LARGE: Final = Problem(
    413, "too-costly", f"There are more than {MOST} in this Group: export them with _type=Patient."
)
_NAMES: Final = frozenset(each.name for each in PARAMETERS)


class Groups:
    """Answers what is asked about the Group."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def read(self, call: Call) -> FhirResponse:
        """GET [base]/Group/[id]"""
        permit = system(call.bearer)
        reached(call.bearer, GROUP, READ)
        own = circle_of(self._desk.db, permit.client)
        if call.params["id"] != own.id:
            raise Refused(ABSENT)
        members = await self._members(call.bearer, f"{GROUP}/{own.id}")
        return FhirResponse(200, self._desk.renderer.group(own, members, call.notation), members)

    async def get(self, call: Call) -> FhirResponse:
        """GET [base]/Group?…"""
        return await self._found(call, call.pairs())

    async def post(self, call: Call) -> FhirResponse:
        """POST [base]/Group/_search"""
        return await self._found(call, call.pairs() + await call.form())

    async def _found(self, call: Call, pairs: Pairs) -> FhirResponse:
        permit = system(call.bearer)
        reached(call.bearer, GROUP, SEARCH)
        asked = self._asked(pairs, is_strict(call.header(b"prefer")))
        own = circle_of(self._desk.db, permit.client)
        is_there = all(own.id in each.split(",") for name, each in asked if name == "_id")
        told = tuple[Disclosure, ...]()
        for member in (value for name, value in asked if name == "member"):
            told = (await self._member(call.bearer, member, f"{GROUP}?member"),)
            is_there = is_there and told[0].entry is not None
        url = f"{self._desk.renderer.base}/{GROUP}" + (f"?{urlencode(asked)}" if asked else "")
        body = self._desk.renderer.groups((own,) if is_there else (), url, call.notation)
        return FhirResponse(200, body, told)

    def _asked(self, pairs: Pairs, strict: bool) -> Pairs:
        """The parameters that are used; Refused where one cannot be honoured."""
        used: list[tuple[str, str]] = []
        for name, value in pairs:
            plain, _, modifier = name.partition(":")
            shown = plain[:SHOWN]
            if plain in FORMS:
                continue
            if plain in REFUSED or "." in plain or modifier not in ("", "Patient"):
                raise Refused(bad_parameter(shown, "chains, modifiers, filters and lists are not offered"))
            if plain not in _NAMES:
                if strict:
                    raise Refused(bad_parameter(shown, "this parameter is not known for this type"))
                continue
            if not value or plain in {known for known, _ in used}:
                raise Refused(bad_parameter(shown, "write one value, once"))
            used.append((plain, value))
        return tuple(used)

    async def _members(self, bearer: Bearer, described: str) -> tuple[Disclosure, ...]:
        """Everybody who is in it, told now."""
        found, span = list[Disclosure](), Span(BEFORE_ALL, EVERYBODY, AT_ONCE)
        while True:
            looked = self._desk.gate.members(bearer.permit, Way.BULK, span)
            if len(found) + len(looked.patients) > MOST:
                self._unsent(found)
                raise Refused(TOO_LARGE)
            for patient in looked.patients:
                told = await self._desk.gate.disclose(bearer.permit, _wish(patient, described))
                found += [told] if told.entry is not None else []
            if looked.is_all:
                return self._still(bearer, found)
            span = Span(looked.reached, EVERYBODY, AT_ONCE)
            await asyncio.sleep(0)

    def _still(self, bearer: Bearer, found: list[Disclosure]) -> tuple[Disclosure, ...]:
        """Of those who were told, who still shares: the last may have come much later than the first."""
        held, gone = list[Disclosure](), list[Disclosure]()
        for each in found:
            number = BEFORE_ALL if each.patient is None else each.patient
            now = self._desk.gate.members(bearer.permit, Way.BULK, Span(number - 1, number, 1))
            (held if now.patients else gone).append(each)
        self._unsent(gone)
        return tuple(held)

    def _unsent(self, found: list[Disclosure]) -> None:
        for each in found:
            self._desk.gate.settle(each, "failed", 0)

    async def _member(self, bearer: Bearer, text: str, described: str) -> Disclosure:
        """Whether the one person that is named is in it."""
        name = text.removeprefix(f"{self._desk.renderer.base}/").removeprefix("Patient/")
        patient = self._desk.patient(bearer.permit, "Patient", name)
        return await self._desk.gate.disclose(bearer.permit, _wish(patient, described))


def _wish(patient: int | None, described: str) -> Asked:
    return Asked(patient, Way.BULK, "bulk", described, selectors=frozenset(), patient_resource=True)
