"""An invented day of an invented pump, as it happened: glucose by slots of five minutes, events, a clock that moves;
and a poll: what of it the cloud answers at one moment.

Law: no random module and no clock of the machine; true time alone here (ms UTC). How a generation of the cloud
writes it is for `carelink_cloud_2021` and `carelink_cloud_2025`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.adapters.curve import Curve, Dice

STEP = 300_000
MINUTE = 60_000
HOUR = 60 * MINUTE
WINDOW = 24 * HOUR
SLOTS = 288


def utc(text: str) -> int:
    """An instant."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@dataclass(frozen=True)
class Clock:
    """A pump's clock: seconds east of UTC, and from when on it stood elsewhere (instant, seconds east)."""

    east: int
    moves: tuple[tuple[int, int], ...] = ()

    def wall(self, instant: int) -> int:
        """What it showed, ms as if it stood in UTC."""
        east = self.east
        for since, moved in self.moves:
            east = moved if instant >= since else east
        return instant + east * 1000

    def newest(self, instant: int) -> int:
        """What it would have shown as it stands at the end."""
        return instant + (self.moves[-1][1] if self.moves else self.east) * 1000


@dataclass(frozen=True)
class Event:
    """What the pump wrote down, and when."""

    at: int
    type: str
    said: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Alarm:
    """What the pump sounded: its number, its words of 2021, when, and when the person pressed it away (0: never)."""

    at: int
    fault: int
    message: str
    kind: str = "ALERT"
    cleared: int = 0

    @property
    def guid(self) -> str:
        """An id that looks like the pump's: running number, fault, seconds."""
        second = f"{self.at // 1000 % 2**32:08X}"
        return f"{self.fault % 200:02X}0A0000-{self.fault % 256:02X}03-0000-{second[4:]}-{second[:4]}00000000"


@dataclass
class Day:
    """More than a day: slot 0 is at `start`."""

    start: int
    clock: Clock
    glucose: list[tuple[int, str]]
    events: list[Event] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)

    def at(self, slot: int, seconds: int = 0) -> int:
        """The instant of a slot, and so many seconds after it."""
        return self.start + slot * STEP + seconds * 1000

    def add(self, slot: int, seconds: int, kind: str, **said: Any) -> Day:
        """One event more."""
        self.events.append(Event(self.at(slot, seconds), kind, said))
        return self

    def state(self, name: str, slots: range) -> Day:
        """Slots without a value."""
        for slot in slots:
            self.glucose[slot] = (0, name)
        return self

    def basal(self, slots: range, amounts: tuple[float, ...] = (0.025, 0.1, 0.125, 0.075, 0.05)) -> Day:
        """A dose of automatic basal in each slot."""
        for place, slot in enumerate(slots):
            self.add(slot, 17 + place % 3, "AUTO_BASAL_DELIVERY", bolusAmount=amounts[place % len(amounts)])
        return self

    def meal(self, slot: int, grams: float, units: float, activation: str = "RECOMMENDED") -> Day:
        """Carbohydrate with its dose, of the same second."""
        self.add(slot, 44, "MEAL", amount=grams)
        return self.dose(slot, units, activation)

    def dose(self, slot: int, units: float, activation: str, **said: Any) -> Day:
        """A dose given at once and whole, unless `said` says otherwise."""
        given = {
            "programmedFastAmount": units,
            "deliveredFastAmount": units,
            "activationType": activation,
            "completed": True,
            "bolusType": "FAST",
        }
        return self.add(slot, 44, "INSULIN", **(given | said))

    def alarm(
        self, slot: int, seconds: int, fault: int, message: str, cleared: int = 90, kind: str = "ALERT"
    ) -> Day:
        """An alarm, pressed away after so many seconds (0: still there)."""
        at = self.at(slot, seconds)
        self.alarms.append(Alarm(at, fault, message, kind, at + cleared * 1000 if cleared else 0))
        return self


def day(start: str, clock: Clock, seed: int, slots: int = 312) -> Day:
    """Glucose between 55 and 330 mg/dL and nothing else."""
    curve = Curve(Dice(seed))
    values = [(min(max(curve.step(), 55), 330), "NO_ERROR_MESSAGE") for _ in range(slots)]
    return Day(utc(start), clock, values)


@dataclass(frozen=True)
class Poll:
    """When an answer was made, and what lies around the day in it."""

    day: Day
    last: int
    """The slot of the last glucose."""
    late: int = 75
    """Seconds from that slot to the pump's time of the answer."""
    sent: int = -50
    """Seconds from the pump's time to the server's receipt: the pump's clock is a little ahead."""
    phone: int | None = None
    """Seconds east of UTC of the phone; None: as the pump."""
    unit: str = "MGDL"
    floor: int = 40
    shield: str = "AUTO_BASAL"
    limits: tuple[tuple[int, float, float], ...] = ((0, 70, 180),)
    """(minute of the pump's day, low, high)."""

    @property
    def now(self) -> int:
        """The true instant of the pump's time."""
        return self.day.at(self.last, self.late)

    @property
    def server(self) -> int:
        """When the server got it."""
        return self.now - self.sent * 1000

    @property
    def slots(self) -> range:
        """The slots of the window."""
        return range(max(self.last - SLOTS + 1, 0), self.last + 1)

    def inside(self, instant: int) -> bool:
        """Whether an event lies in the window."""
        return self.now - WINDOW < instant <= self.now

    @property
    def events(self) -> list[Event]:
        """The events of the window, as the cloud sorts them: by type, then by time."""
        found = [event for event in self.day.events if self.inside(event.at)]
        return sorted(found, key=lambda event: (event.type, event.at))

    @property
    def alarms(self) -> list[Alarm]:
        """The alarms of the window."""
        return [alarm for alarm in self.day.alarms if self.inside(alarm.at)]

    def changes(self) -> list[tuple[int, float, float]]:
        """Limits of the window as (slot from its start, low, high), the first as it held before."""
        start = self.day.clock.newest(self.now - WINDOW)
        day = start - start % (24 * HOUR)
        starts = [
            (day + days * 24 * HOUR + each[0] * MINUTE, *each[1:])
            for days in (-1, 0, 1)
            for each in self.limits
        ]
        inside = [
            ((at - start) // STEP, low, high) for at, low, high in starts if start < at <= start + WINDOW
        ]
        _, low, high = [each for each in starts if each[0] <= start][-1]
        return [(0, low, high), *inside]
