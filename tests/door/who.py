"""An attacker, and the stretches of time that attackers may be told of.

Law: nothing here asks or answers; the attackers themselves are in `attackers.py` and `patient_attackers.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bridge.period import DAY, EMPTY, Period, PeriodSet
from bridge.reading import Stream
from tests.web.world import WINDOW

GLUCOSE, STRIPS = Stream.GLUCOSE, Stream.CAPILLARY
WHOLE: Final = PeriodSet((WINDOW,))
EARLY: Final = PeriodSet((Period(WINDOW.start, WINDOW.start + 4 * DAY),))
MIDDLE: Final = PeriodSet((Period(WINDOW.start + 2 * DAY, WINDOW.start + 8 * DAY),))
NOTHING: Final[Mapping[Stream, PeriodSet]] = {GLUCOSE: EMPTY, STRIPS: EMPTY}


PUSHED = ("pushed", "messaged", "filed", "bound", "leafed", "recorded", "notified")
"""Ways by delivery, and by notification."""


@dataclass(frozen=True)
class Attacker:
    """One who asks for all of Ada's. `may`: what it may be told of single readings; `means`: whether it may be
    told hourly means instead; `client`: who it is; `consents`: how many of Ada's grants concern it;
    `sent`: what a delivery may hold, where that is something else; `is_of_a_person`: a person approved the token;
    `is_bobs`: Bob shares with it, so an export of everybody has his."""

    token: str
    client: str
    by_grant: str
    may: Mapping[Stream, PeriodSet]
    means: bool = False
    consents: int = 1
    sent: Mapping[Stream, PeriodSet] | None = None
    is_of_a_person: bool = False
    is_bobs: bool = False

    def open(self, way: str) -> Mapping[Stream, PeriodSet]:
        """What it may be told by that way: a delivery needs no token."""
        return self.sent if way in PUSHED and self.sent is not None else self.may
