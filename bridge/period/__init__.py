"""Time that a person can grant: periods of instants, sets of them, days in a zone, FHIR's date texts."""

from bridge.period.sets import (
    ALL,
    BEGINNING,
    DAY,
    EMPTY,
    END_OF_TIME,
    HOUR,
    MINUTE,
    Instant,
    Period,
    PeriodSet,
    union,
)
from bridge.period.texts import iso, spelled
from bridge.period.zones import Walls, ZoneHistory, zone

__all__ = [
    "ALL",
    "BEGINNING",
    "DAY",
    "EMPTY",
    "END_OF_TIME",
    "HOUR",
    "MINUTE",
    "Instant",
    "Period",
    "PeriodSet",
    "Walls",
    "ZoneHistory",
    "iso",
    "spelled",
    "union",
    "zone",
]
