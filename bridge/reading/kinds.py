"""What a dose, rate, mode, fingerstick, setting, activity or event was: one table a stream.

Law: the numbers rest on disk (column `kind`): append only. Unknown is 0 and never guessed. Events from 100 on
are health events; each is a sensitive kind of its own (`consent.md`, kinds).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from bridge.reading.names import Stream


class BolusKind(IntEnum):
    """What a dose was."""

    UNKNOWN = 0
    RAPID = 1
    LONG = 2
    MEAL = 3
    CORRECTION = 4
    USER_CHANGE = 5
    EXTENDED = 6  # given over a time: a square bolus, or the square part of a combination


class BasalKind(IntEnum):
    """Why a pump delivered at this rate."""

    UNKNOWN = 0
    SCHEDULED = 1
    TEMPORARY = 2
    AUTOMATED = 3  # set by a controller
    SUSPENDED = 4


class ModeKind(IntEnum):
    """Who decides about insulin, and what was laid over it for a time."""

    UNKNOWN = 0
    MANUAL = 1  # open loop
    AUTOMATED = 2  # closed loop
    AUTOMATED_SAFE = 3  # a controller that falls back to a safe basal
    LOW_SUSPEND = 4  # open loop with suspension at or before low glucose
    OVERRIDE = 10
    TEMPORARY_TARGET = 11
    EXERCISE = 12
    SLEEP = 13


class CalibrationKind(IntEnum):
    """What the sensor made of a fingerstick."""

    UNKNOWN = 0
    ACCEPTED = 1
    REFUSED = 2


class SettingKind(IntEnum):
    """What is set. Ratios, targets and rates hold from `minute` of the local day on."""

    UNKNOWN = 0
    BASAL_RATE = 1
    CARB_RATIO = 2
    SENSITIVITY = 3
    TARGET_LOW = 4
    TARGET_HIGH = 5
    INSULIN_DURATION = 6
    MOST_BOLUS = 7
    MOST_BASAL = 8
    ALERT_URGENT_LOW = 20
    ALERT_LOW = 21
    ALERT_HIGH = 22
    ALERT_FALLING = 23
    ALERT_RISING = 24
    ALERT_SIGNAL_LOSS = 25
    ALERT_URGENT_LOW_SOON = 26


class ActivityKind(IntEnum):
    """How hard."""

    UNKNOWN = 0
    LIGHT = 1
    MEDIUM = 2
    HEAVY = 3


class EventKind(IntEnum):
    """Device, alarm and health events. 1-99 device and alarm, 100-149 health (sensitive kinds)."""

    UNKNOWN = 0
    SENSOR_START = 1
    SENSOR_STOP = 2
    SENSOR_CHANGE = 3
    SENSOR_WARM_UP = 4
    SENSOR_FAULT = 5
    SENSOR_EXPIRED = 6
    SIGNAL_LOSS = 7
    CALIBRATION_NEEDED = 8
    CALIBRATION_REFUSED = 9
    ALARM = 10  # of a kind that the source does not tell, or that has no name here
    ALARM_URGENT_LOW = 11
    ALARM_LOW = 12
    ALARM_HIGH = 13
    ALARM_FALLING = 14
    ALARM_RISING = 15
    ALARM_LOW_SOON = 16
    ALARM_HIGH_SOON = 17
    ALARM_CLEARED = 18
    TRANSMITTER_CHANGE = 19
    CLOCK_CHANGE = 20
    SITE_CHANGE = 30
    RESERVOIR_CHANGE = 31
    BATTERY_CHANGE = 32
    PRIME = 33
    REWIND = 34
    SUSPEND = 35
    RESUME = 36
    DEVICE_ADDED = 37
    DEVICE_REMOVED = 38
    OCCLUSION = 39
    RESERVOIR_LOW = 40
    BATTERY_LOW = 41
    ILLNESS = 100
    STRESS = 101
    HIGH_SYMPTOMS = 102
    LOW_SYMPTOMS = 103
    CYCLE = 104
    ALCOHOL = 105


KINDS: Final[Mapping[Stream, type[IntEnum]]] = {
    Stream.BOLUS: BolusKind,
    Stream.BASAL: BasalKind,
    Stream.MODE: ModeKind,
    Stream.CALIBRATION: CalibrationKind,
    Stream.SETTINGS: SettingKind,
    Stream.ACTIVITY: ActivityKind,
    Stream.EVENT: EventKind,
}
"""The stream's own table for the column `kind`."""
