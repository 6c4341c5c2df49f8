"""The manifest of a bulk export: plain JSON, no resource (FHIR Bulk Data Access STU2, Response - Complete Status).

Law: it says when, what was asked, and where files are: no count and no size, so it tells nothing of what anybody
shares. `output` and `error` stand there also where they are empty, as the text demands. `deleted` is left away: what
was taken back is told in `output` as entered-in-error, to whom it had left.

Rejected: `outcome` beside `error` (the ballot of STU4 renames it; the clients that there are read `error`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bridge.fhir.cells import instant
from bridge.fhir.notation import Notation
from bridge.fhir.render_json import JSON
from bridge.period import Instant

_ENCODER: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))
PLAIN: Final[Notation] = replace(JSON, media_type="application/json")


@dataclass(frozen=True, slots=True)
class Manifest:
    """`kicked`: up to and including which instant (ms UTC) everything is in it; `request`: as it was asked; `output`
    and `error`: type and address of each file."""

    kicked: Instant
    request: str
    output: Sequence[tuple[str, str]]
    error: Sequence[tuple[str, str]] = ()


def manifest(told: Manifest) -> bytes:
    """The manifest as JSON."""
    content = {
        "transactionTime": instant(told.kicked),
        "request": told.request,
        "requiresAccessToken": True,
        "output": [{"type": kind, "url": url} for kind, url in told.output],
        "error": [{"type": kind, "url": url} for kind, url in told.error],
    }
    return _ENCODER.encode(content).encode("ascii")
