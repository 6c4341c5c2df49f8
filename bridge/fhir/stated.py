"""How one receiver is told the figures of summaries: rounding and unit as its site chose, and which codes beside ours.

Law (`safety.md`: conversions are only for display; `mapping.md`, destinations): a site chooses among ways to say one
figure, never another figure. Two decimals are the HL7 CGM IG's; iCoDE rounds for a flowsheet: a mean to whole mg/dL or
a tenth of a mmol/L, GMI and CV to a tenth, a range to whole percents, below one to a tenth. Its ranges need not add to
100. A name stands for the choice in versions, so that a changed one is told anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from bridge.metrics.brief import Brief
from bridge.reading import Unit


@dataclass(frozen=True, slots=True)
class Stated:
    """`unit` of the mean, None: as most readings were recorded; `codes`: names of further codes by part; `replaces`:
    a corrected summary is put over what stands there."""

    rounding: Literal["two-decimals", "icode"] = "two-decimals"
    unit: Unit | None = None
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    replaces: bool = True

    @property
    def name(self) -> str:
        """Names the choice; '' is the usual one."""
        if self == Stated(replaces=self.replaces):
            return ""
        said = f"{self.rounding}|{self.unit}|{sorted(self.codes.items())}"
        return sha256(said.encode()).hexdigest()[:6]

    def unit_of(self, recorded: Unit) -> Unit:
        """The unit of a mean whose readings were recorded in that one."""
        return recorded if self.unit is None else self.unit

    def mean(self, found: Brief, unit: Unit) -> str | None:
        """The mean in that unit."""
        is_molar, is_short = unit is Unit.MMOL_L, self.rounding == "icode"
        value = found.mean_molar if is_molar else found.mean
        return rounded(value, 2 - is_short if is_molar else 1 - is_short)

    def percent(self, value: float | None) -> str | None:
        """A GMI or a CV."""
        return rounded(value, 1 if self.rounding == "icode" else 2)

    def share(self, hundredths: int) -> str:
        """A range, from hundredths of a percent."""
        value = hundredths / 100
        if self.rounding == "icode":
            return f"{value:.0f}" if value >= 1 else f"{value:.1f}"
        return f"{value:.2f}"


USUAL = Stated()


def rounded(value: float | None, decimals: int) -> str | None:
    """To so many decimals; None stays None."""
    return None if value is None else f"{value:.{decimals}f}"
