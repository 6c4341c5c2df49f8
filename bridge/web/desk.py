"""What the handlers share: the door, the renderer, the words, the clock.

Law: a value without behaviour of its own but naming patients; nothing is looked up here that the gate does
not decide about again. An unknown patient and one who shares nothing take the same way (`consent.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import bridge.store.patients
from bridge.consent.gate import Gate
from bridge.consent.permit import RecipientPermit
from bridge.fhir.outcome import Problem
from bridge.fhir.render import Renderer
from bridge.period import Instant, ZoneHistory
from bridge.store.db import Database
from bridge.store.keys import Erased
from bridge.web.fence import Fences
from bridge.web.meters import Meters
from bridge.web.response import FhirResponse

UTC: Final = ZoneHistory.always("UTC")


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that a route under /fhir needs."""

    gate: Gate
    renderer: Renderer
    db: Database
    clock: Callable[[], Instant]
    fences: Fences
    meters: Meters

    def refusal(self, problem: Problem, headers: Mapping[str, str] | None = None) -> FhirResponse:
        """The OperationOutcome of a problem as an answer."""
        return FhirResponse(problem.status, self.renderer.problem(problem), (), headers)

    def patient(self, permit: RecipientPermit, kind: str, text: str) -> int | None:
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
