"""How a report is laid out for whoever gets it: its unit, its rounding and its goals.

Law (`safety.md`, sufficiency and goals): conversions are for display alone, and no goal stands where no profile was
chosen. A layout chooses among ways to show one content and adds nothing to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from bridge.reading import Unit
from bridge.report.targets import Targets


@dataclass(frozen=True, slots=True)
class Layout:
    """`unit`: in which glucose is shown, None: that of most readings; `targets`: the profile whose goals are shown;
    `rounding`: of times in ranges, to tenths that add to 100.0, or as iCoDE: whole percents, below one a tenth."""

    unit: Unit | None = None
    targets: Targets | None = None
    rounding: Literal["tenths", "icode"] = "tenths"


USUAL: Final = Layout()
