"""Answers of CareLink's cloud until 2024: Paradigm pumps of 2015, Bluetooth pumps of 2020 to 2024 (carelink.md B1).

Law: exact in form: names, order, the Z and -00:00 that are not true, what is told twice, what the cloud makes up at
the window's start. Values, people, serials and ids are ours.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from tests.adapters.carelink_cloud_day import HOUR, STEP, WINDOW, Alarm, Event, Poll

Answer = dict[str, Any]


def iso(wall: int, tail: str = "") -> str:
    """A stamp as the cloud writes it; with a tail also its thousandths."""
    stamp = datetime.fromtimestamp(wall / 1000, UTC)
    return f"{stamp:%Y-%m-%dT%H:%M:%S}{f'.{wall % 1000:03d}' if tail else ''}{tail}"


def _old(wall: int) -> str:
    return f"{datetime.fromtimestamp(wall / 1000, UTC):%b %d, %Y %H:%M:%S}"


def noisy(amount: float) -> float:
    """A number as a 32-bit float shows it: 0.1 is 0.10000000149011612."""
    return float(np.float32(amount))


# ------------------------------------------------------------------------------------------- 2015


def of_2015(poll: Poll) -> Answer:
    """Connect for Paradigm pumps: flat, `Oct 19, 2015 08:20:00`, no markers; a slot without a value has no time.
    The server moves the pump's time on by itself."""
    clock = poll.day.clock
    sgs = [
        {
            "sg": sg,
            "datetime": _old(clock.wall(poll.day.at(slot))),
            "timeChange": False,
            "kind": "SG",
            "version": 1,
        }
        if sg
        else {"kind": "SG", "version": 1, "sg": 0}
        for slot in poll.slots
        for sg, _ in [poll.day.glucose[slot]]
    ]
    now = _old(clock.wall(poll.now))
    limits = [
        {"index": place, "lowLimit": low, "kind": "Limits", "highLimit": high, "version": 1}
        for place, low, high in poll.changes()
    ]
    alarm = poll.alarms[-1]
    return {
        "conduitSerialNumber": "00000000-aaaa-4000-8000-000000000015",
        "conduitMedicalDeviceInRange": True,
        "version": 1,
        "calibStatus": "LESS_THAN_TWELVE_HRS",
        "medicalDeviceFamily": "PARADIGM",
        "kind": "Main",
        "medicalDeviceTime": 0,
        "lastAlarm": {
            "type": "ALARM",
            "version": 1,
            "flash": False,
            "datetime": _old(clock.wall(alarm.at)),
            "kind": "Alarm",
            "code": alarm.fault,
        },
        "currentServerTime": poll.now + 223_137,
        "sMedicalDeviceTime": now,
        "conduitInRange": True,
        "limits": [*limits, {"highLimit": 0, "kind": "Limits", "version": 1, "lowLimit": 0, "index": 287}],
        "reservoirAmount": 52,
        "timeFormat": "HR_24",
        "sensorState": "NORMAL",
        "lastConduitTime": 0,
        "medicalDeviceBatteryLevelPercent": 100,
        "reservoirLevelPercent": 50,
        "lastSensorTSAsString": now,
        "lastName": "Muster",
        "activeInsulin": {"datetime": now, "version": 1, "amount": 1.275, "kind": "Insulin"},
        "conduitBatteryLevel": 100,
        "conduitBatteryStatus": "FULL",
        "conduitSensorInRange": True,
        "medicalDeviceSerialNumber": "654321",
        "timeToNextCalibHours": 11,
        "sensorDurationHours": 91,
        "firstName": "Ada",
        # the phone was silent for an hour; the server counted on
        "lastConduitUpdateServerTime": poll.now - HOUR,
        "lastMedicalDeviceDataUpdateServerTime": poll.now - HOUR,
        "medicalDeviceSuspended": False,
        "bgunits": poll.unit,
        "bgUnits": poll.unit,
        "sLastSensorTime": now,
        "lastSensorTS": 0,
        "medicalDeviceTimeAsString": now,
        "lastSGTrend": "UP_DOUBLE",
        "lastSensorTime": 0,
        "lastSG": next(each for each in reversed(sgs) if each["sg"]),
        "sgs": sgs,
    }


# ---------------------------------------------------------------------------------------- 2020-24


def _sg_of_2021(poll: Poll, slot: int) -> Answer:
    sg, state = poll.day.glucose[slot]
    at = poll.day.at(slot)
    return {
        "sg": sg,
        "datetime": iso(poll.day.clock.wall(at), "Z"),
        "timeChange": False,
        "sensorState": state,
        "kind": "SG",
        "version": 1,
        "relativeOffset": (at - poll.now) // 1000,
    }


def _marker_of_2021(poll: Poll, event: Event, number: int) -> Answer:
    said = dict(event.said)
    if event.type == "AUTO_BASAL_DELIVERY":
        said = {"id": number % 256, "bolusAmount": noisy(said["bolusAmount"])}
    if event.type == "INSULIN":
        parts = {"programmedExtendedAmount": 0.0, "deliveredExtendedAmount": 0.0, "programmedDuration": 0}
        said = parts | said | {"id": number % 256, "effectiveDuration": said.get("effectiveDuration", 0)}
    return {
        "type": event.type,
        "index": (event.at - poll.now + WINDOW) // STEP,
        "kind": "Marker",
        "version": 1,
        "dateTime": iso(poll.day.clock.wall(event.at), "-00:00"),
        "relativeOffset": (event.at - poll.now) // 1000,
        **said,
    }


def _alarm_of_2021(poll: Poll, alarm: Alarm, number: int) -> Answer:
    wall = poll.day.clock.wall
    found: Answer = {"referenceGUID" if alarm.cleared else "GUID": alarm.guid}
    found |= {"dateTime": iso(wall(alarm.cleared or alarm.at), "-00:00"), "type": alarm.kind}
    found |= {"faultId": alarm.fault, "instanceId": 2400 + number, "messageId": alarm.message}
    # from the pressing away; of an alarm that is still there it says something else (measured)
    elapsed = (alarm.cleared - poll.now) // 1000 if alarm.cleared else -361
    found |= {"pumpDeliverySuspendState": False, "relativeOffset": elapsed}
    return found | ({"triggeredDateTime": iso(wall(alarm.at), "-00:00")} if alarm.cleared else {})


def of_2021(poll: Poll, made_up: bool = False) -> Answer:
    """The answer for Bluetooth pumps: flat, false Z and -00:00. `made_up`: the modes at the window's start, which
    came later."""
    wall = poll.day.clock.wall(poll.now)
    phone = poll.phone if poll.phone is not None else poll.day.clock.east
    sgs = [_sg_of_2021(poll, slot) for slot in poll.slots]
    alarms = [_alarm_of_2021(poll, alarm, number) for number, alarm in enumerate(poll.alarms)]
    pairs = zip(alarms, poll.alarms, strict=True)
    last = next((told, alarm) for told, alarm in reversed(list(pairs)) if alarm.cleared)
    events = poll.events
    markers = [_marker_of_2021(poll, event, number) for number, event in enumerate(events)]
    if made_up:
        start = {"index": 0, "kind": "Marker", "version": 1, "dateTime": iso(wall - WINDOW, "-00:00")}
        start["relativeOffset"] = -86_399
        markers = [
            {"type": "AUTO_MODE_STATUS", **start, "autoModeOn": False},
            {"type": "LOW_GLUCOSE_SUSPENDED", **start, "deliverySuspended": False},
            *markers,
        ]
    sign, minutes = ("-", -phone // 60) if phone < 0 else ("+", phone // 60)
    tail = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    return {
        "lastSensorTS": 0,
        "medicalDeviceTimeAsString": iso(wall, "-00:00"),
        "lastSensorTSAsString": sgs[-1]["datetime"],
        "kind": "BLENGP",
        "version": 2,
        "pumpModelNumber": "MMT-1880",
        "currentServerTime": poll.server + 140_141,
        "lastConduitTime": 0,
        "lastConduitUpdateServerTime": poll.server,
        "lastMedicalDeviceDataUpdateServerTime": poll.server,
        "firstName": "Ada",
        "lastName": "Muster",
        "conduitSerialNumber": "00000000-aaaa-4000-8000-000000000021",
        "conduitBatteryLevel": 68,
        "conduitBatteryStatus": "HIGH",
        "conduitInRange": True,
        "conduitMedicalDeviceInRange": True,
        "conduitSensorInRange": True,
        "medicalDeviceFamily": "NGP",
        "sensorState": "NO_ERROR_MESSAGE",
        "medicalDeviceSerialNumber": "NG7700021H",
        "medicalDeviceTime": 0,
        "sMedicalDeviceTime": iso(wall, "-00:00"),
        "reservoirLevelPercent": 71,
        "reservoirAmount": 300,
        "reservoirRemainingUnits": 213.275,
        "medicalDeviceBatteryLevelPercent": 100,
        "sensorDurationHours": 149,
        "timeToNextCalibHours": 9,
        "calibStatus": "LESS_THAN_TWELVE_HRS",
        "bgUnits": poll.unit,
        "timeFormat": "HR_12",
        "lastSensorTime": 0,
        "sLastSensorTime": sgs[-1]["datetime"],
        "medicalDeviceSuspended": False,
        "lastSGTrend": "NONE",
        "lastSG": dict(sgs[-1]),
        "lastAlarm": {
            "code": last[1].fault,
            "datetime": last[0]["dateTime"],
            "type": last[1].kind,
            "flash": False,
            "instanceId": last[0]["instanceId"],
            "messageId": last[1].message,
            "pumpDeliverySuspendState": False,
            "referenceGUID": last[1].guid,
            "kind": "ALERT",
            "version": 1,
        },
        "activeInsulin": {
            "amount": noisy(1.275),
            "datetime": iso(wall, "Z"),
            "precision": "THOUSANDS",
            "kind": "Insulin",
            "version": 1,
        },
        "sgs": sgs,
        "limits": [
            {"index": place, "highLimit": high, "lowLimit": low, "kind": "Limits", "version": 1}
            for place, low, high in poll.changes()
        ],
        "markers": markers,
        "notificationHistory": {
            "activeNotifications": [each for each in alarms if "GUID" in each],
            "clearedNotifications": [each for each in alarms if "GUID" not in each],
        },
        "therapyAlgorithmState": {
            "autoModeShieldState": poll.shield,
            "autoModeReadinessState": "NO_ACTION_REQUIRED",
            "plgmLgsState": "FEATURE_OFF",
            "safeBasalDuration": 0,
            "waitToCalibrateDuration": 0,
        },
        "pumpBannerState": [],
        "basal": {"activeBasalPattern": "BASAL1", "basalRate": 0.0},
        "systemStatusMessage": "NO_ERROR_MESSAGE",
        "averageSG": 123,
        "belowHypoLimit": 0,
        "aboveHyperLimit": 0,
        "timeInRange": 100,
        "pumpCommunicationState": True,
        "gstCommunicationState": True,
        "gstBatteryLevel": 96,
        "lastConduitDateTime": iso(poll.server + phone * 1000 - 1_943, tail),
        "maxAutoBasalRate": 2.0,
        "maxBolusAmount": 10.0,
        "sensorDurationMinutes": 8994,
        "timeToNextCalibrationMinutes": 584,
        "clientTimeZoneName": "Pacific Daylight Time",
        "sgBelowLimit": poll.floor,
        "averageSGFloat": 123.38095,
    }
