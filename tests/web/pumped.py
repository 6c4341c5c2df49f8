"""What Ada's pump did, laid into a world: doses and rates inside her window, and canaries outside of it.

Every amount outside the window is 77.77 and occurs nowhere inside; every programmed amount there is 88.88.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bridge.period import DAY, HOUR, MINUTE
from bridge.reading import (
    BasalKind,
    BolusKind,
    Device,
    Flag,
    Readings,
    SeriesKey,
    SourceClass,
    Stream,
    Unit,
)
from tests.web.world import NOW, WINDOW, World, rows_of

PUMP: Final = Device("Tandem", "t:slim X2", "PUMP-SERIAL", kind="pump")
CANARY_DOSE: Final = 7777
CANARY_PROGRAMMED: Final = 8888
CANARIES: Final = ("77.77", "88.88", "PUMP-SERIAL")
FAMILY: Final = "dexcom-clarity"
FIRST: Final = WINDOW.start - 10 * DAY


def pumped(world: World) -> None:
    """Ada's doses and rates."""
    world.upload(world.ada, doses(), rates())


def doses() -> Readings:
    """A dose every six hours. Two extended ones cross the edges of the window: of 8.00 units each, from two
    hours before to two hours after; both were programmed as more and ended early."""
    at = np.array(
        sorted([*range(FIRST, NOW, 6 * HOUR), WINDOW.start - 2 * HOUR, WINDOW.end - 15 * HOUR]), np.int64
    )
    count = len(at)
    inside = (at >= WINDOW.start) & (at < WINDOW.end)
    crossing = at == WINDOW.start - 2 * HOUR
    columns: dict[str, NDArray[np.generic]] = {
        "instant": at,
        "value": np.where(crossing, 800, np.where(inside, 100 + np.arange(count), CANARY_DOSE)),
        "kind": np.where(crossing, BolusKind.EXTENDED, 1 + np.arange(count) % 3).astype(np.uint16),
        "flags": np.where(crossing, Flag.INTERRUPTED, 0).astype(np.uint16),
        "end": np.where(crossing, at + 4 * HOUR, 0),
        "programmed": np.where(inside, -1, CANARY_PROGRAMMED),
        "row": rows_of(at),
    }
    key = SeriesKey(Stream.BOLUS, FAMILY, "pump", Unit.UNITS, 2)
    return Readings(key, columns, PUMP, SourceClass.MAKER)


def rates() -> Readings:
    """An hour at a time, from half past to half past, so that one segment crosses each edge."""
    at = np.arange(FIRST + 30 * MINUTE, NOW, HOUR, dtype=np.int64)
    inside = (at + HOUR > WINDOW.start) & (at < WINDOW.end)
    last = at + HOUR > WINDOW.start
    columns: dict[str, NDArray[np.generic]] = {
        "instant": at,
        "value": np.where(inside, 80 + np.arange(len(at)) % 40, CANARY_DOSE),
        "kind": np.where(np.arange(len(at)) % 24 == 5, BasalKind.SUSPENDED, BasalKind.SCHEDULED).astype(
            np.uint16
        ),
        "flags": np.where(np.arange(len(at)) % 10 == 0, Flag.AUTOMATED, 0).astype(np.uint16),
        "end": at + HOUR,
        "programmed": np.where(last, -1, CANARY_PROGRAMMED),
        "row": rows_of(at),
    }
    key = SeriesKey(Stream.BASAL, FAMILY, "pump", Unit.UNITS_PER_HOUR, 2)
    return Readings(key, columns, PUMP, SourceClass.MAKER)


def telling(text: str) -> list[str]:
    """The canaries in an answer."""
    return [each for each in CANARIES if each in text]


def dose_of(resource: dict[str, Any]) -> float:
    """Units that were given."""
    return float(resource["dosage"]["dose"]["value"])
