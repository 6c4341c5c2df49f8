"""Answers of CareLink's cloud since 2025 (carelink.md B1, B3): stamps without an offset, markers with `data`, numbers
as texts, a wrapper or none.

Law: exact in form: after the clock was moved `timestamp` is rebased, `displayTime` and `sgs` are not; the modes at
the window's start stand there with the cloud's own second. Values, people, serials and ids are ours.
"""

from __future__ import annotations

from typing import Any

from tests.adapters.carelink_cloud_2021 import Answer, iso, noisy
from tests.adapters.carelink_cloud_day import STEP, WINDOW, Alarm, Event, Poll

VIEW = {"action": "DISPLAY", "contents": [], "iconIdentifier": "TBD", "position": -1}
VIEWS = [
    {"viewType": "GRAPH", "items": [VIEW, VIEW | {"action": "ONCLICK"}]},
    {"viewType": "HISTORY", "items": [VIEW]},
]


def _values(poll: Poll, event: Event) -> dict[str, Any]:
    """`dataValues`: numbers of insulin and glucose are texts here, grams are numbers."""
    said = event.said
    if event.type == "AUTO_BASAL_DELIVERY":
        return {"bolusAmount": f"{noisy(said['bolusAmount'])}", "maxAutoBasalRate": "1.3538999557495117"}
    if event.type == "INSULIN":
        texts = {
            k: f"{v:g}" if isinstance(v, int | float) and not isinstance(v, bool) else v
            for k, v in said.items()
        }
        return {"insulinType": "UNKNOWN", **texts}
    if event.type == "MEAL":
        return {"amount": float(said["amount"])}
    if event.type in ("BG_READING", "CALIBRATION"):
        success = {k: v for k, v in said.items() if k == "calibrationSuccess"}
        return {"unitValue": f"{said['value']}", "bgUnits": poll.unit, **success}
    return {}


def _marker(poll: Poll, event: Event) -> Answer:
    clock = poll.day.clock
    return {
        "type": event.type,
        "timestamp": iso(clock.newest(event.at)),
        "displayTime": iso(clock.wall(event.at)),
        "data": {"dataValues": _values(poll, event), "resourceValues": {}},
        "views": VIEWS,
    }


def _made_up(poll: Poll, kind: str) -> Answer:
    """A mode of the window's start, of the cloud's own second and one before."""
    start = poll.day.clock.newest(poll.now) - WINDOW
    found = _marker(poll, Event(0, kind))
    return found | {"timestamp": iso(start), "displayTime": iso(start - 1000)}


def _alarm(poll: Poll, alarm: Alarm) -> Answer:
    wall = poll.day.clock.newest
    return {
        "faultId": f"{alarm.fault}",
        "version": "1",
        "referenceGUID": alarm.guid,
        "dateTime": iso(wall(alarm.cleared or alarm.at)),
        "type": alarm.kind,
        "triggeredDateTime": iso(wall(alarm.at)),
        "additionalInfo": {"pumpDeliverySuspendState": False, "alertSilenced": False},
    }


def _sensor(disposable: bool) -> Answer:
    if not disposable:
        return {"sensorType": "DURABLE"}
    return {
        "sensorType": "DISPOSABLE",
        "sensorSerialNumber": "B500012345",
        "sensorSoftwareRevision": "2.3C.297",
        "sensorFirmwareRevision": "01.30",
        "sensorProductModel": "MMT-5120       ",
    }


def of_2025(poll: Poll, disposable: bool = False) -> Answer:
    """The answer without its wrapper. `disposable`: a Simplera, which has no transmitter."""
    clock = poll.day.clock
    now, start = clock.newest(poll.now), clock.newest(poll.now) - WINDOW
    phone = poll.phone if poll.phone is not None else (clock.newest(0)) // 1000
    backfill = {"isBackfill": False} if disposable else {}
    sgs = [
        {
            "kind": "SG",
            "version": 1,
            "sg": sg,
            "sensorState": state,
            "timestamp": iso(clock.wall(poll.day.at(slot))),
        }
        | backfill
        for slot in poll.slots
        for sg, state in [poll.day.glucose[slot]]
    ]
    alarms = [_alarm(poll, alarm) for alarm in poll.alarms]
    cleared = [told for told, alarm in zip(alarms, poll.alarms, strict=True) if alarm.cleared]
    last = cleared[-1]
    return {
        "clientTimeZoneName": "Central European Standard Time",
        "lastName": "Muster",
        "firstName": "Ada",
        "appModelType": "BLE_20_COMM",
        "appModelNumber": "NA",
        "currentServerTime": poll.server + 135_387,
        "conduitSerialNumber": "00000000AAAA-4000-800000000025",
        "conduitBatteryLevel": 94,
        "conduitBatteryStatus": "FULL",
        "lastConduitDateTime": iso(poll.server + phone * 1000 - 2_247),
        "lastConduitUpdateServerDateTime": poll.server,
        "medicalDeviceFamily": "NGP",
        "medicalDeviceInformation": {
            "manufacturer": "Medtronic",
            "modelNumber": "MMT-1886",
            "hardwareRevision": "A1.01",
            "firmwareRevision": "11.11.7",
            "softwareRevision": "6.21U",
            "systemId": "40000000001 0001",
            "pnpId": "01.2.0",
            "deviceSerialNumber": "NG7800025H",
        },
        "medicalDeviceTime": now,
        "lastMedicalDeviceDataUpdateServerTime": poll.server,
        "cgmInfo": _sensor(disposable),
        "calFreeSensor": True,
        "calibStatus": "UNKNOWN",
        "calibrationIconId": "NO_ICON",
        "timeToNextEarlyCalibrationMinutes": 15555,
        "timeToNextCalibrationMinutes": -1,
        "timeToNextCalibrationRecommendedMinutes": -1,
        "timeToNextCalibHours": 255,
        "finalCalibration": True,
        "sensorDurationMinutes": 9194,
        "sensorDurationHours": 153,
        "transmitterPairedTime": "NA",
        "systemStatusTimeRemaining": -1,
        "gstBatteryLevel": 255 if disposable else 98,
        "pumpBannerState": [],
        "therapyAlgorithmState": {
            "autoModeShieldState": poll.shield,
            "autoModeReadinessState": "NO_ACTION_REQUIRED",
            "plgmLgsState": "FEATURE_OFF",
            "waitToCalibrateDuration": 0,
            "safeBasalDuration": 0,
        },
        "reservoirLevelPercent": 68,
        "reservoirAmount": 300,
        "pumpSuspended": False,
        "pumpBatteryLevelPercent": 75,
        "reservoirRemainingUnits": 204.8,
        "conduitInRange": True,
        "conduitMedicalDeviceInRange": True,
        "conduitSensorInRange": True,
        "systemStatusMessage": "NO_ERROR_MESSAGE",
        "sensorState": "NO_ERROR_MESSAGE",
        "gstCommunicationState": True,
        "pumpCommunicationState": True,
        "timeFormat": "HR_24",
        "bgUnits": poll.unit,
        "maxAutoBasalRate": 1.3539,
        "maxBolusAmount": 25.0,
        "sgBelowLimit": poll.floor,
        "approvedForTreatment": False,
        "lastAlarm": {
            "faultId": last["faultId"],
            "version": "1",
            "GUID": last["referenceGUID"],
            "dateTime": last["dateTime"],
            "type": last["type"],
            "additionalInfo": {"pumpDeliverySuspendState": False, "pnpId": "1.2", "alertSilenced": False},
        },
        "activeInsulin": {
            "amount": noisy(1.275),
            "datetime": iso(now),
            "kind": "INSULIN",
            "version": 1,
            "precision": "THOUSANDS",
        },
        "basal": None,
        "lastSensorTime": 0,
        "lastSG": {key: sgs[-1][key] for key in ("kind", "version", "sg", "sensorState", "timestamp")},
        "lastSGTrend": "NONE",
        "limits": [
            {
                "timestamp": iso(start + place * STEP),
                "highLimit": high,
                "lowLimit": low,
                "kind": "LIMITS",
                "version": 1,
            }
            for place, low, high in poll.changes()
        ],
        "belowHypoLimit": 0,
        "aboveHyperLimit": 7,
        "timeInRange": 93,
        "averageSGFloat": 121.70543,
        "averageSG": 122,
        "markers": [
            _made_up(poll, "AUTO_MODE_STATUS"),
            _made_up(poll, "LOW_GLUCOSE_SUSPENDED"),
            *(_marker(poll, event) for event in poll.events),
        ],
        "sgs": sgs,
        "notificationHistory": {
            "activeNotifications": [each for each in alarms if each not in cleared],
            "clearedNotifications": cleared,
        },
        "sensorLifeText": "LS_DaysHoursGracePeriod",
        "sensorLifeIcon": "sensor_life.png",
    }


def wrapped(answer: Answer) -> Answer:
    """The answer as newer interfaces put it."""
    metadata = {
        "kind": "patientData",
        "version": 1,
        "typeCast": True,
        "clientDateTime": "2026-03-02T07:00:00",
    }
    return {"metadata": metadata, "patientData": answer}
