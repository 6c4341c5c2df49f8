"""What an answer shall hold, beside what the gate let out: said by a search, read by the renderer.

Law: a value; it only leaves out and orders, it can bring in nothing that the Disclosure does not have.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.mapping.resources import OBSERVATION


@dataclass(frozen=True, slots=True)
class Wanted:
    """Matches of `kind`, what is included with them, which elements (None: all). `types`: everything of these
    types as matches instead (`Patient/$everything`)."""

    kind: str = OBSERVATION
    devices: bool = False
    provenance: bool = False
    elements: frozenset[str] | None = None
    metrics: bool = False
    types: frozenset[str] | None = None

    @property
    def shown(self) -> frozenset[str]:
        """The types that are matches."""
        return frozenset({self.kind}) if self.types is None else self.types
