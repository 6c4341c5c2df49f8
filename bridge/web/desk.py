"""What the handlers share: the door, the renderer, the words, the clock.

Law: nothing is looked up here that the gate does not decide about again, and nothing of a person is
remembered. An unknown patient and one who shares nothing take the same way (`consent.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import bridge.store.patients
from bridge.consent.gate import Gate
from bridge.consent.permit import Permit
from bridge.fhir.outcome import Problem
from bridge.fhir.render import JSON, Notation, Renderer
from bridge.fhir.search import parse
from bridge.fhir.sought import Search
from bridge.period import Instant, ZoneHistory
from bridge.store.db import Database
from bridge.store.keys import Erased
from bridge.web.call import Pairs, Refused
from bridge.web.fence import Fences
from bridge.web.meters import Meters
from bridge.web.response import FhirResponse

UTC: Final = ZoneHistory.always("UTC")
_NAMING: Final = frozenset({"patient", "subject"})
_NAMING_A_PATIENT: Final = frozenset({"_id", "identifier"})
"""Parameters that say whose data is meant."""


class Desk:
    """Everything that a route under /fhir needs."""

    def __init__(
        self, gate: Gate, renderer: Renderer, db: Database, clock: Callable[[], Instant], meters: Meters
    ) -> None:
        self.gate = gate
        self.renderer = renderer
        self.db = db
        self.clock = clock
        self.meters = meters
        self.fences = Fences(renderer.vocabulary)
        self._said = lru_cache(maxsize=256)(renderer.problem)
        self._parsed = lru_cache(maxsize=256)(self._parse)

    def refusal(
        self, problem: Problem, headers: Mapping[str, str] | None = None, notation: Notation = JSON
    ) -> FhirResponse:
        """The OperationOutcome of a problem as an answer."""
        return FhirResponse(problem.status, self._said(problem, notation), (), headers)

    def search(self, kind: str, pairs: Pairs, is_strict: bool) -> Search:
        """The search that these parameters say; Refused where they say none. The parser is pure and knows
        nobody, so what it read is remembered: clients ask the same again and again."""
        found = self._parsed(kind, pairs, is_strict)
        if isinstance(found, Problem):
            raise Refused(found)
        return found

    def in_context(self, permit: Permit, kind: str, pairs: Pairs) -> Pairs:
        """The parameters of a search, which means the patient of the token where it names none (SMART App Launch
        2.2, scopes-and-launch-context: patient in context)."""
        naming = _NAMING_A_PATIENT if kind == "Patient" else _NAMING
        if any(name.partition(":")[0] in naming for name, _ in pairs):
            return pairs
        named = self.gate.context(permit)
        return pairs if named is None else (*pairs, ("_id" if kind == "Patient" else "patient", named))

    def patient(self, permit: Permit, kind: str, text: str) -> int | None:
        """The patient that an id of that type belongs to, None where the asker cannot know of one."""
        return self.gate.patient(permit, text, kind)

    def zones(self, patient: int | None) -> ZoneHistory:
        """Where that person's clocks stood; UTC for nobody."""
        if patient is None:
            return UTC
        try:
            return bridge.store.patients.load(self.db, patient).zones
        except (KeyError, Erased):
            return UTC

    def _parse(self, kind: str, pairs: Pairs, is_strict: bool) -> Search | Problem:
        vocabulary, base, system = self.renderer.vocabulary, self.renderer.base, self.renderer.system
        return parse(kind, pairs, vocabulary, base=base, system=system, strict=is_strict)
