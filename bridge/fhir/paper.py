"""How a receiver is told reports: the layout of the PDF, and the type that the document has there.

Law (`mapping.md`, destinations; `safety.md`): a site chooses among ways to show one content; its type is a code of
`codes.yaml` or several of one meaning. A name stands for the choice in versions, so that a changed one is told anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from bridge.report.layout import USUAL as AS_IS
from bridge.report.layout import Layout

SUMMARY: Final = "cgm-summary"
"""The type of a document where a site says no other; a DiagnosticReport has it always (HL7 CGM IG, cgm-summary-pdf)."""


@dataclass(frozen=True, slots=True)
class Paper:
    """`codes`: names of codes of the document's type."""

    layout: Layout = AS_IS
    codes: tuple[str, ...] = (SUMMARY,)

    @property
    def name(self) -> str:
        """Names the choice; '' is the usual one."""
        if self == Paper():
            return ""
        layout, targets = self.layout, self.layout.targets
        said = f"{layout.unit}|{layout.rounding}|{targets and targets.words}|{'|'.join(self.codes)}"
        return sha256(said.encode()).hexdigest()[:6]


USUAL: Final = Paper()
