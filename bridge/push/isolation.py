"""Which reading it is that a receiver refuses a whole request for: it is asked to take less and less until that one
stands alone.

Law (`safety.md`, never silence): a message and a transaction are taken whole or not at all, so one content that the
receiver cannot take holds up everything behind it. After a refusal that speaks of content the next request has half as
many readings; what is refused alone waits for a human with the receiver's reason; after each that is taken the next has
twice as many. Who takes nothing at all refuses for another reason: after `STRANGERS` alone, and nothing taken, the
delivery waits for a human as a whole, and so it does after `MOST` refusals in a round. Nothing is cut from what the
gate gave: each request is asked for anew. Pure.

Rejected: one by one at once (a hundred messages where fifteen do).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

STRANGERS: Final = 3
"""So many refused alone, and nothing taken, are no matter of their contents."""
MOST: Final = 64
"""Refusals in one round."""


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
    refusals: int = 0
    alone: int = 0
    has_taken: bool = False

    def taken(self, count: int) -> None:
        """A request was taken, and so many readings of it."""
        self.has_taken = self.has_taken or count > 0
        if self.most is not None:
            self.most = self.most * 2 if self.most * 2 < self.whole else None

    def refused(self, count: int, page: int) -> Next:
        """A request of so many readings was refused for a content in it; `page`: so many were asked for."""
        self.refusals += 1
        if self.refusals > MOST:
            return Next.AS_SAID
        if count > 1 and page > 1:
            self.most, self.whole = min(count, page) // 2, max(self.whole, page)
            return Next.SMALLER
        self.alone += 1
        if not self.has_taken and self.alone >= STRANGERS:
            return Next.AS_SAID
        self.most = 1
        return Next.ALONE
