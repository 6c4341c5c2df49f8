"""Figures of parts of the day: night from 0 to 6, day from 6 to 24 (ATTD 2017).

Law: by the local clock at each reading, so a night of seven hours or five is one night; within a part the figures
are those of the whole. A part that lies beyond every reading has figures that say so. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bridge.metrics.average import Averages, averages
from bridge.metrics.figure import Figure
from bridge.metrics.ranges import Classes, Ranges, ranges
from bridge.metrics.trace import Counted
from bridge.period import DAY, HOUR

PARTS: Final[Mapping[str, tuple[int, int]]] = {"night": (0, 6), "day": (6, 24)}
"""First hour, and the hour at which it is over."""


@dataclass(frozen=True, slots=True)
class PartOfDay:
    """The figures of one part of the day."""

    name: str
    readings: int
    averages: Averages
    ranges: Figure[Ranges]


def parts_of_day(readings: Counted, found: Classes) -> tuple[PartOfDay, ...]:
    """The figures of each part of the day; `found` from `ranges.classes`."""
    hours = readings.walls % DAY // HOUR
    told = []
    for name, (first, end) in PARTS.items():
        inside = (first <= hours) & (hours < end)
        part = readings.taken(inside)
        told.append(PartOfDay(name, len(part), averages(part), ranges(part, found[inside])))
    return tuple(told)
