"""Which reading it is that a receiver refuses a whole request for: it is asked to take less and less until that one
stands alone.

Law (`safety.md`, never silence): a message and a transaction are taken whole or not at all, so one content that the
receiver cannot take holds up everything behind it. After a refusal that speaks of content the next request has half as
many readings; what is refused alone waits for a human with the receiver's reason; after each that is taken the next has
twice as many. Who takes nothing at all refuses for another reason: after `STRANGERS` alone, and nothing taken, the
delivery waits for a human as a whole, and so it does after `IN_A_ROW` of which nothing was taken between, and after
`MOST` in a round. It is what was found that counts, not the requests that found it. Nothing is cut from what the gate
gave: each request is asked for anew, and until it is found the delivery waits for nobody. Pure.

Rejected: one by one at once (a hundred messages where fifteen do).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeAlias

from bridge.push.retry import Decision

STRANGERS: Final = 3
"""So many refused alone, and nothing taken, are no matter of their contents."""
IN_A_ROW: Final = 64
"""Refused alone, one after the other."""
MOST: Final = 800
"""Refused alone in one round: a page."""


class Next(Enum):
    """What follows a request."""

    AS_SAID = auto()  # what its answer asks for
    SMALLER = auto()  # the same again, in smaller requests
    ALONE = auto()  # this is what the receiver refuses


@dataclass(slots=True)
class Isolation:
    """What one round on a lane found out. `most`: readings in the next request, None: as many as there may be."""

    most: int | None = None
    whole: int = 0
    alone: int = 0
    in_a_row: int = 0
    has_taken: bool = False

    def taken(self, count: int) -> None:
        """A request was taken, and so many readings of it."""
        if count > 0:
            self.has_taken, self.in_a_row = True, 0
        if self.most is not None:
            self.most = self.most * 2 if self.most * 2 < self.whole else None

    def refused(self, count: int, page: int) -> Next:
        """A request of so many readings was refused for a content in it; `page`: so many were asked for."""
        if count > 1 and page > 1:
            self.most, self.whole = min(count, page) // 2, max(self.whole, page)
            return Next.SMALLER
        self.alone, self.in_a_row = self.alone + 1, self.in_a_row + 1
        is_stranger = not self.has_taken and self.alone >= STRANGERS
        if is_stranger or self.in_a_row > IN_A_ROW or self.alone > MOST:
            return Next.AS_SAID
        self.most = 1
        return Next.ALONE


Apart: TypeAlias = Callable[[Decision, bool, int], Next]
"""Says what follows an attempt: what was decided of it, whether a content was refused, and how many were taken."""


def as_said(_decision: Decision, _is_content: bool, _taken: int) -> Next:
    """What is not looked for."""
    return Next.AS_SAID
