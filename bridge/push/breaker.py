"""When a receiver is left alone: a pause for all lanes after failures in a row, and the calls that fit into a minute.

Law (`smart-consent.md` 7.5): what says something of the whole receiver (no connection, 401, 429, 502, 503, 504) counts;
what it says of an entry does not. The pause is in the database, so it holds for every process; when it is over one lane
goes first, and only when that went well do the others. Retry-After of a 429 or 503 is a pause of its own, because it is
us whom the receiver asks to wait, not one person's lane. The pace is each process's own.

Rejected: counting attempts of lanes that never went out (a night's outage would use up all of them).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import bridge.store.receivers as receivers
from bridge.net.message import Answer, Fault, NetFault
from bridge.period import MINUTE, Instant, iso
from bridge.push.answers import is_out, lost
from bridge.push.retry import pause, retry_after, sentence
from bridge.store.db import Database

TRIPS: Final = 3
"""So many failures in a row make a pause."""
LONGEST: Final = 10 * MINUTE
AT_ONCE: Final = frozenset({Fault.NOT_LET_IN, Fault.OTHER_KEY})
"""Faults of one call that make the longest pause: no other lane shows the same secret there."""
PROBE: Final = 2 * MINUTE
"""How long the others wait for the lane that goes first."""


class Breaker:
    """The pauses and the pace of one destination in this process."""

    def __init__(
        self,
        db: Database,
        destination: int,
        clock: Callable[[], Instant],
        chance: Callable[[], float],
        per_minute: int | None = None,
    ) -> None:
        self._db, self._destination, self._clock, self._chance = db, destination, clock, chance
        self.per_minute = per_minute
        self._calls: deque[Instant] = deque()

    def hold(self) -> str:
        """Why a lane may not go out now; '' where it may. After a pause one caller is let through."""
        kept, now = receivers.circuit(self._db, self._destination), self._clock()
        if kept is None or not kept.until:
            return ""
        if kept.until <= now and receivers.is_first(self._db, self._destination, kept.until, now + PROBE):
            return ""
        return f"the receiver is left alone until {iso(max(kept.until, now))}: {kept.problem}"

    def bars(self) -> Fault | None:
        """Whether one more call fits into this minute; it is counted."""
        if self.per_minute is None:
            return None
        now = self._clock()
        while self._calls and not 0 <= now - self._calls[0] < MINUTE:
            self._calls.popleft()
        if len(self._calls) >= self.per_minute:
            return Fault.PACED
        self._calls.append(now)
        return None

    def stands(self) -> bool:
        """That is not its business."""
        return True

    def saw(self, answer: Answer | NetFault, is_write: bool) -> None:
        """One call came to this. A receiver that is read from and not written to is no use: only a write mends."""
        if not is_out(answer):
            if (
                isinstance(answer, Answer)
                and is_write
                and receivers.circuit(self._db, self._destination) is not None
            ):
                receivers.answered(self._db, self._destination)
            return
        problem = lost(answer).problem if isinstance(answer, NetFault) else sentence(answer.status)
        failures, now = receivers.failed(self._db, self._destination, problem), self._clock()
        asked = retry_after(answer.header("retry-after"), now) if isinstance(answer, Answer) else None
        grown = min(pause(failures - TRIPS + 1, self._chance()), LONGEST) if failures >= TRIPS else 0
        if isinstance(answer, NetFault) and answer.fault in AT_ONCE:
            grown = LONGEST
        if asked or grown:
            receivers.pause(self._db, self._destination, now + max(asked or 0, grown))
