"""Goals that a report may be read by: a table of published target profiles, of which none is chosen by itself.

Law (`safety.md`, sufficiency and goals): no goal is shown where no profile was chosen, and one that is shown is named.
The numbers are those of the international consensus on time in range (Battelino 2019, Diabetes Care 42:1593) and of
the ADA's Standards of Care; those below and above include level 2. A goal is about the standard ranges; profiles with
ranges of their own (pregnancy: 63-140 mg/dL) are not here, because their shares are other figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Targets:
    """One profile. Each goal as it is printed, '' where the profile has none; `cv`: of the coefficient of variation."""

    words: str
    very_low: str
    below: str
    in_range: str
    above: str
    very_high: str
    cv: str


PROFILES: Final = {
    "standard": Targets(
        "adults with type 1 or type 2 diabetes", "< 1 %", "< 4 %", "> 70 %", "< 25 %", "< 5 %", "<= 36 %"
    ),
    "older": Targets("older people and people at high risk", "", "< 1 %", "> 50 %", "", "< 10 %", "<= 36 %"),
}
"""By name."""
