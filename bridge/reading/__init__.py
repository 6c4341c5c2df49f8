"""What a device said, as columns: streams, series, flags, and the one glucose constant.

Law: nothing here knows a vendor, a file, FHIR or a person. A value is an integer in the unit and with
the decimals that the vendor wrote (`value / 10**scale`), because 5.0 mmol/L is not 5 and not 90 mg/dL
(FHIR R4 2.24.0.1: precision is significant). Out-of-range marks are flags beside the limit, never a
bare number; sentinels of a vendor never rest as values.

Rejected: an object per reading (a thousand times the cost), float mg/dL everywhere (loses 5.0).
"""

from __future__ import annotations

from bridge.reading.columns import (
    COLUMNS,
    NO_COUNTER,
    NO_OFFSET,
    NONE_PROGRAMMED,
    Column,
    check,
    column,
    take,
)
from bridge.reading.kinds import (
    KINDS,
    ActivityKind,
    BasalKind,
    BolusKind,
    CalibrationKind,
    EventKind,
    ModeKind,
    SettingKind,
)
from bridge.reading.names import INTERVALS, MG_DL_PER_MMOL_L, Flag, SourceClass, Stream, Trend, Unit, Witness
from bridge.reading.series import Device, Readings, SeriesKey

__all__ = [
    "COLUMNS",
    "INTERVALS",
    "KINDS",
    "MG_DL_PER_MMOL_L",
    "NONE_PROGRAMMED",
    "NO_COUNTER",
    "NO_OFFSET",
    "ActivityKind",
    "BasalKind",
    "BolusKind",
    "CalibrationKind",
    "Column",
    "Device",
    "EventKind",
    "Flag",
    "ModeKind",
    "Readings",
    "SeriesKey",
    "SettingKind",
    "SourceClass",
    "Stream",
    "Trend",
    "Unit",
    "Witness",
    "check",
    "column",
    "take",
]
