"""The streams, units, marks and witnesses that a reading can have.

Law: names of the field (FHIR, UCUM), never of a vendor. Numbers of flags and codes rest on disk: append only; their
texts stand in sealed series keys and in mappings, so a renamed unit would be another series.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag, StrEnum
from typing import Final

MG_DL_PER_MMOL_L: Final = 18.01559
"""Molar mass of glucose / 10 (Tidepool's factor). For display and for joining copies only; nothing at
rest is converted with it."""


class Stream(StrEnum):
    """The kinds of thing that a series holds. One series holds one stream."""

    GLUCOSE = "glucose"  # sensor glucose in interstitial fluid
    CAPILLARY = "capillary"  # fingerstick by strip or meter
    CALIBRATION = "calibration"  # fingerstick entered into a sensor
    KETONE = "ketone"  # beta-hydroxybutyrate by strip
    BOLUS = "bolus"  # a dose by pump or pen, rapid or long-acting; an extended part is an interval
    BASAL = "basal"  # a segment of continuous delivery: interval
    CARBS = "carbs"
    ACTIVITY = "activity"  # interval
    NOTE = "note"  # free text
    EVENT = "event"  # device and alarm events, health events
    MODE = "mode"  # loop mode, overrides with reasons: interval
    SETTINGS = "settings"


INTERVALS: Final = frozenset({Stream.BOLUS, Stream.BASAL, Stream.ACTIVITY, Stream.MODE})
"""Streams whose readings may have an `end`; one that is not after the instant is a point in time."""


class Unit(StrEnum):
    """Units at rest, as UCUM codes."""

    MG_DL = "mg/dL"
    MMOL_L = "mmol/L"
    UNITS = "U"  # insulin as the pump or person counted it; concentration is not known here
    UNITS_PER_HOUR = "U/h"
    GRAMS_PER_UNIT = "g/U"  # carbohydrate ratio
    MG_DL_PER_UNIT = "mg/dL/U"  # insulin sensitivity
    MMOL_L_PER_UNIT = "mmol/L/U"
    MG_DL_PER_MINUTE = "mg/dL/min"  # how fast glucose rises or falls, as alerts are set
    MMOL_L_PER_MINUTE = "mmol/L/min"
    PERCENT = "%"
    HOURS = "h"
    GRAMS = "g"
    MINUTES = "min"
    SERVINGS = "{serving}"
    NONE = "1"


class Flag(IntFlag):
    """Marks of one reading (uint16)."""

    LOW = 1  # below the range; `value` is the limit
    HIGH = 2  # above the range; `value` is the limit
    INCLUSIVE = 4  # the source writes its floor or ceiling as a number: <= and >=
    UNCERTAIN = 8  # the instant is not settled within `bound` ms
    SCAN = 16  # read on demand by the person, not by the clock
    SMOOTHED = 32  # a processed copy
    NO_VALUE = 64  # something was logged without an amount; `value` is 0 and means nothing
    AUTOMATED = 128  # decided by a controller
    RETRACTED = 256  # entered in error: leaves as a status without a value
    INTERRUPTED = 512  # a delivery that ended before what was programmed


class Witness(IntEnum):
    """How a local time became an instant (`safety.md`, time), best first (uint8)."""

    UTC = 0  # the source wrote UTC or an offset
    COUNTER = 1  # a device counter orders it
    CLOCK_CHANGE = 2  # the source recorded its own clock changes
    ZONE = 3  # the patient's zone history, unambiguous
    ROW_ORDER = 4  # the order of rows told the pass of a repeated hour
    UNDECIDED = 5  # both passes are possible; `bound` tells how far apart


class Trend(IntEnum):
    """Trend arrows; thresholds in mg/dL/min as Dexcom's API v3 documents them (uint8)."""

    NONE = 0
    DOUBLE_UP = 1
    SINGLE_UP = 2
    FORTY_FIVE_UP = 3
    FLAT = 4
    FORTY_FIVE_DOWN = 5
    SINGLE_DOWN = 6
    DOUBLE_DOWN = 7
    NOT_COMPUTABLE = 8
    RATE_OUT_OF_RANGE = 9


class SourceClass(StrEnum):
    """How a reading came here (`safety.md`, source class). Unknown is never cleared."""

    MAKER = "cleared-maker-route"
    FOLLOWER = "cleared-follower-or-aggregator"
    PROCESSED = "diy-or-processed"
    TYPED = "typed-in"
    UNKNOWN = "unknown"
