"""What a device said, as columns: streams, series, flags, and the one glucose constant.

Law: nothing here knows a vendor, a file, FHIR or a person. A value is an integer in the unit and with
the decimals that the vendor wrote (`value / 10**scale`), because 5.0 mmol/L is not 5 and not 90 mg/dL
(FHIR R4 2.24.0.1: precision is significant). Out-of-range marks are flags beside the limit, never a
bare number; sentinels of a vendor never rest as values.

Rejected: an object per reading (a thousand times the cost), float mg/dL everywhere (loses 5.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag, StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

MG_DL_PER_MMOL_L: Final = 18.01559
"""Molar mass of glucose / 10 (Tidepool's factor). For display and for joining copies only; nothing at
rest is converted with it."""


class Stream(StrEnum):
    """The kinds of thing that a series holds. One series holds one stream."""

    GLUCOSE = "glucose"  # sensor glucose in interstitial fluid
    CAPILLARY = "capillary"  # fingerstick by strip or meter
    CALIBRATION = "calibration"  # fingerstick entered into a sensor
    KETONE = "ketone"  # beta-hydroxybutyrate by strip
    BOLUS = "bolus"  # a dose at an instant: pump or pen, rapid or long-acting
    BASAL = "basal"  # a segment of continuous delivery: interval
    CARBS = "carbs"
    ACTIVITY = "activity"  # interval
    NOTE = "note"  # free text
    EVENT = "event"  # device and alarm events, health events
    MODE = "mode"  # loop mode, overrides with reasons: interval
    SETTINGS = "settings"


INTERVALS: Final = frozenset({Stream.BASAL, Stream.ACTIVITY, Stream.MODE})
"""Streams whose readings have an `end` column."""


class Unit(StrEnum):
    """Units at rest, as UCUM codes."""

    MG_DL = "mg/dL"
    MMOL_L = "mmol/L"
    UNITS = "U"  # insulin as the pump or person counted it; concentration is not known here
    UNITS_PER_HOUR = "U/h"
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


NO_OFFSET: Final = -(2**15)
"""`offset` of a reading whose source told none: the person's zone history speaks."""
NO_COUNTER: Final = -1


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its dtype, what a missing column means, and what it holds."""

    dtype: str
    default: int | str
    meaning: str


COLUMNS: Final[Mapping[str, Column]] = {
    "instant": Column("int64", 0, "ms UTC"),
    "value": Column("int64", 0, "amount times 10**scale in the series' unit"),
    "flags": Column("uint16", 0, "Flag"),
    "trend": Column("uint8", 0, "Trend"),
    "rate": Column("int16", 0, "rate of change times 10, in the series' unit per minute"),
    "counter": Column("int64", NO_COUNTER, "the device's own counter; -1 none"),
    "row": Column("int32", 0, "row (1 = first line) or record (1 = first) in the artifact"),
    "offset": Column("int16", NO_OFFSET, "minutes east of UTC where the source told it"),
    "bound": Column("int32", 0, "error bound of the instant in ms"),
    "witness": Column("uint8", 0, "Witness"),
    "end": Column("int64", 0, "end of an interval, ms UTC"),
    "kind": Column("uint16", 0, "code of the stream's own table: BolusKind, EventKind …"),
    "record": Column("object", "", "the source's record id (str), event streams only"),
    "text": Column("object", "", "free text (str): a note, a name"),
    # Written by the store, never by an adapter:
    "artifact": Column("int32", 0, "number of the artifact that brought the reading"),
    "changed": Column("int64", 0, "ms UTC of receipt or of the last amendment"),
    "version": Column("uint8", 0, "amendments so far"),
    "origin": Column("int64", 0, "instant of first storage minus `instant`, ms; 0 nearly always"),
    "rank": Column("uint8", 0, "rank among readings of one first instant in one series"),
}


class BolusKind(IntEnum):
    """What a dose was."""

    UNKNOWN = 0
    RAPID = 1
    LONG = 2
    MEAL = 3
    CORRECTION = 4
    USER_CHANGE = 5


class ActivityKind(IntEnum):
    """How hard."""

    UNKNOWN = 0
    LIGHT = 1
    MEDIUM = 2
    HEAVY = 3


class EventKind(IntEnum):
    """Device, alarm and health events. 1-49 device and alarm, 100-149 health (sensitive kinds)."""

    UNKNOWN = 0
    SENSOR_START = 1
    SENSOR_STOP = 2
    ALARM = 10
    CLOCK_CHANGE = 20
    ILLNESS = 100
    STRESS = 101
    HIGH_SYMPTOMS = 102
    LOW_SYMPTOMS = 103
    CYCLE = 104
    ALCOHOL = 105


@dataclass(frozen=True, slots=True)
class Device:
    """The thing that measured or showed: all as the source names it, '' where it does not."""

    manufacturer: str = ""
    model: str = ""
    serial: str = ""  # a printed serial or transmitter id (kind `serials`), never an install id
    install: str = ""  # an app installation id
    kind: str = ""  # sensor | transmitter | receiver | app | meter | pump | pen


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Identity of a series inside one patient (`data.md`)."""

    stream: Stream
    family: str  # source account or file family, for example dexcom-clarity
    device: str  # what tells two devices apart in that source; '' unknown
    unit: Unit
    scale: int  # decimals
    by_counter: bool = False  # readings are keyed by (device counter), else by instant


@dataclass(frozen=True, slots=True)
class Readings:
    """A batch of one series: equally long columns sorted by (instant, counter). Which names and dtypes:
    `COLUMNS`; a missing column has its default. ValueError where a column is unknown, of another dtype
    or length, or where `instant` is missing or unsorted."""

    key: SeriesKey
    columns: Mapping[str, NDArray[np.generic]]
    device: Device = field(default_factory=Device)
    source_class: SourceClass = SourceClass.UNKNOWN

    def __post_init__(self) -> None:
        check(self.columns)

    def __len__(self) -> int:
        return len(self.columns["instant"])


def check(columns: Mapping[str, NDArray[np.generic]]) -> None:
    """Raise ValueError unless `columns` obey `COLUMNS` and lie in order of time."""
    if "instant" not in columns:
        raise ValueError("readings have an instant column")
    instants = np.asarray(columns["instant"], np.int64)
    for name, values in columns.items():
        if name not in COLUMNS:
            raise ValueError(f"no column is called {name!r}; there are {', '.join(COLUMNS)}")
        if values.dtype != np.dtype(COLUMNS[name].dtype):
            raise ValueError(f"column {name} is {COLUMNS[name].dtype}, not {values.dtype}")
        if len(values) != len(instants):
            raise ValueError(f"column {name} has {len(values)} entries beside {len(instants)} instants")
    if len(instants) > 1 and bool(np.any(instants[1:] < instants[:-1])):
        raise ValueError("readings are sorted by instant")


def column(columns: Mapping[str, NDArray[np.generic]], name: str) -> NDArray[np.generic]:
    """The named column, or one of its default value and right length."""
    if name in columns:
        return columns[name]
    spec = COLUMNS[name]
    return np.full(len(columns["instant"]), spec.default, dtype=spec.dtype)


def take(
    columns: Mapping[str, NDArray[np.generic]], which: NDArray[np.generic] | slice
) -> dict[str, NDArray[np.generic]]:
    """The same columns at the places `which` (bool mask, index array or slice)."""
    return {name: values[which] for name, values in columns.items()}
