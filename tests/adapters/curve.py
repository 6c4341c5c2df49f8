"""An invented person's glucose: a curve of meals and nights, the same on every machine.

Law: no random module and no clock, whole numbers alone, so that recordings can be made again byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1)


@dataclass
class Dice:
    """A linear congruential generator (Numerical Recipes' constants)."""

    state: int

    def roll(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both possible."""
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return low + (self.state >> 8) % (high - low + 1)


@dataclass
class Curve:
    """Glucose in mg/dL, step by step: pulled to a target that meals lift and nights lower."""

    dice: Dice
    level: int = 120
    target: int = 130
    left: int = 0
    seen: list[int] = field(default_factory=list)

    def step(self) -> int:
        """The next value: unbounded, so that a sensor's range can cut it."""
        if not self.left:
            self.left = self.dice.roll(6, 30)
            draw = self.dice.roll(1, 100)
            self.target = 30 if draw <= 3 else 440 if draw >= 98 else self.dice.roll(70, 230)
        self.left -= 1
        self.level += (self.target - self.level) * self.dice.roll(5, 14) // 100 + self.dice.roll(-3, 3)
        return self.level


def walls(start: datetime, step: int, count: int, zone: str) -> Iterator[tuple[datetime, int]]:
    """Wall-clock times and seconds since `start` of readings `step` seconds apart; `start` is a wall time."""
    place = ZoneInfo(zone)
    begin = start.replace(tzinfo=place).astimezone(ZoneInfo("UTC"))
    for index in range(count):
        moment = begin + timedelta(seconds=step * index)
        yield moment.astimezone(place).replace(tzinfo=None), step * index
