"""Answers of the Dexcom API v3 as it gives them (dexcom.md A1): every endpoint, generation and quirk of the sheet.

Law: exact in form, invented in content: names and their order, stamps, words, missing fields and odd texts are those
of real answers; accounts, ids and curves are not. Everything is made from fixed numbers: the same bytes each time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.adapters.curve import Curve, Dice

Record = dict[str, Any]
MIA = "3f6c1d" * 10 + "0a7b"
G7, NEXT_G7, G6 = "7a" * 32, "7b" * 32, "c6" * 32
"""What the API tells of two sensors and a transmitter: 64 letters of a hash."""
PHONE = {"displayDevice": "iOS", "transmitterGeneration": "g7", "displayApp": "G7"}
RECEIVER = {"displayDevice": "receiver", "transmitterGeneration": "g6", "displayApp": "receiver"}
TRENDS = ("flat", "fortyFiveUp", "singleUp", "doubleUp", "fortyFiveDown", "singleDown", "doubleDown")


def envelope(kind: str, records: Iterable[Record], user: str = MIA) -> Record:
    """An answer, the newest record first."""
    return {"recordType": kind, "recordVersion": "3.0", "userId": user, "records": list(records)}


def written(document: object) -> bytes:
    """A document as a program saves it."""
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def uid(number: int) -> str:
    """A record id."""
    return f"5e0c0000-0000-5000-8000-{number:012d}"


def phone_times(system: datetime, hours: float) -> Record:
    """Both clocks as phones write them."""
    sign, minutes = "-" if hours < 0 else "+", round(abs(hours) * 60)
    shown = system + timedelta(hours=hours)
    return {
        "systemTime": f"{system:%Y-%m-%dT%H:%M:%S}Z",
        "displayTime": f"{shown:%Y-%m-%dT%H:%M:%S}{sign}{minutes // 60:02d}:{minutes % 60:02d}",
    }


def receiver_times(system: datetime, shown: datetime) -> Record:
    """Both clocks as receivers write them."""
    return {"systemTime": f"{system:%Y-%m-%dT%H:%M:%S}", "displayTime": f"{shown:%Y-%m-%dT%H:%M:%S}"}


def egv(
    number: int, times: Record, ticks: object, value: int | None, more: Mapping[str, Any] = PHONE
) -> Record:
    """One reading, with the names in their order."""
    shown = value if value is None else min(max(value, 39), 401)
    return {
        "recordId": uid(number),
        **times,
        "transmitterId": G7,
        "transmitterTicks": ticks,
        "value": shown,
        "status": {39: "low", 401: "high"}.get(shown or 0),
        "trend": TRENDS[number % len(TRENDS)] if value is not None else None,
        "trendRate": (number % 41 - 20) / 10 if value is not None else None,
        "unit": "mg/dL",
        "rateUnit": "mg/dL/min",
        **more,
    }


def wearing(start: datetime, count: int, hours: float, first: int, tick: int, seed: int = 7) -> list[Record]:
    """Readings five minutes apart, the newest first, with the second of jitter that the API shows."""
    curve = Curve(Dice(seed))
    found = []
    for index in range(count):
        system = start + timedelta(seconds=300 * index + (index % 5 == 3))
        found.append(egv(first + index, phone_times(system, hours), tick + 300 * index, curve.step()))
    return found[::-1]


def g7_day() -> Record:
    """A day in Berlin with the end of winter time in it; one reading missed its value."""
    winter = wearing(datetime(2026, 3, 28, 12, 0, 7), 156, 1, 1, 1_700)
    summer = wearing(datetime(2026, 3, 29, 1, 0, 7), 132, 2, 157, 1_700 + 300 * 156, seed=8)
    summer[10] = {**summer[10], "value": None, "status": None, "trend": None, "trendRate": None}
    summer[3] = {**summer[3], "value": 39, "status": "low"}
    summer[4] = {**summer[4], "value": 401, "status": "high"}
    return envelope("egv", [*summer, *winter])


def sandbox_day() -> Record:
    """The shape of the sandbox: ticks as texts, no unit, no app; two sessions repeat the same ticks."""
    kept = ("recordId", "systemTime", "displayTime", "transmitterId", "transmitterTicks", "value", "status")
    found = []
    for session in range(2):
        for record in wearing(
            datetime(2026, 2, 1 + 10 * session, 8, 0, 3), 12, -8, 300 + 12 * session, 1_707_600
        ):
            short = {name: record[name] for name in kept} | {"trend": record["trend"], "trendRate": 0.1}
            short |= {"displayDevice": "iOS", "transmitterGeneration": "g6"}
            found.append(short | {"transmitterId": G6, "transmitterTicks": str(record["transmitterTicks"])})
    return envelope("egvs", found[::-1])


def receiver_day() -> Record:
    """A receiver's clocks: 12 seconds apart, a quarter of an hour apart, days apart, and not at all."""
    start, rest = datetime(2026, 1, 5, 3, 59, 11), []
    for index, apart in enumerate(
        (
            timedelta(hours=-8),
            timedelta(hours=-8, seconds=12),
            timedelta(hours=-8, minutes=13),
            timedelta(hours=5, minutes=30),
            timedelta(hours=14),
            timedelta(days=-3, hours=1),
            timedelta(0),
            timedelta(seconds=4),
        )
    ):
        system = start + timedelta(minutes=5 * index)
        times = receiver_times(system, system + apart)
        rest.append(egv(400 + index, times, 1_162_073 + 300 * index, 140 + index, RECEIVED_BY))
    return envelope("egv", rest[::-1])


RECEIVED_BY = {**RECEIVER, "transmitterId": G6}


def phone_and_receiver() -> Record:
    """Both show one transmitter: the receiver repeats what the phone has and alone has the rest, by a clock that
    was reset to 2009."""
    start = datetime(2026, 1, 10, 9, 0, 30)
    phone = {
        "displayDevice": "android",
        "transmitterGeneration": "g6",
        "displayApp": "G6",
        "transmitterId": G6,
    }
    found = []
    for index in range(12):
        times = phone_times(start + timedelta(minutes=5 * index), 1)
        found.append(egv(500 + index, times, 2_000_000 + 300 * index, 110 + index, phone))
    for index in range(8, 16):
        system = start + timedelta(minutes=5 * index, seconds=40)
        found.append(
            egv(
                520 + index,
                receiver_times(system, system + timedelta(hours=1)),
                2_000_000 + 300 * index,
                110 + index,
                RECEIVED_BY,
            )
        )
    for index in range(16, 20):
        system = datetime(2009, 1, 1) + timedelta(minutes=5 * (index - 16))
        found.append(
            egv(
                520 + index,
                receiver_times(system, system),
                2_000_000 + 300 * index,
                110 + index,
                RECEIVED_BY,
            )
        )
    return envelope("egv", found[::-1])


def reset_receiver_alone() -> Record:
    """A receiver without a phone beside it, whose clock was reset to a day that was not."""
    start, found = datetime(2026, 1, 15, 9, 0, 30), []
    for index in range(8):
        system = start + timedelta(minutes=5 * index) - timedelta(days=2 if index > 5 else 0)
        times = receiver_times(system, system + timedelta(hours=1))
        found.append(egv(560 + index, times, 3_000_000 + 300 * index, 120 + index, RECEIVED_BY))
    return envelope("egv", found[::-1])


def odd_records() -> Record:
    """Stamps that are no clean ISO, transmitters without an id, words that nobody knows, wrong numbers."""
    plain = phone_times(datetime(2026, 4, 1, 10, 0, 0), 2)
    stamps = [
        ("2026-04-01T10:00Z", "2026-04-01T12:00:00+02:00"),
        ("2026-04-01 10:05:00Z", "2026-04-01 03:05:02-06:59:58"),
        ("2026-4-1T10:10:0Z", "2026-04-01T03:09:45-06:59:59"),
        ("2026-04-01T10:15:00.438Z", "2026-04-01T10:15:00.438Z"),
        ("2026-04-01T10:20:00+00:00", "2026-04-01T12:20:00+02:00"),
    ]
    found = [
        egv(600 + place, {"systemTime": system, "displayTime": shown}, 90_000 + 300 * place, 101 + place)
        for place, (system, shown) in enumerate(stamps)
    ]
    later = [phone_times(datetime(2026, 4, 1, 11, 5 * place), 2) for place in range(12)]
    found += [
        egv(610, later[0], 90_000, 110, {**PHONE, "transmitterId": "", "transmitterGeneration": "g6 pro"}),
        egv(
            611,
            later[1],
            90_000,
            112,
            {**PHONE, "transmitterId": None, "transmitterGenerationVariant": "g715day"},
        ),
        egv(612, later[2], 93_900, 113, {**PHONE, "trend": "sideways", "displayApp": "D1G7"}),
        egv(613, later[3], 94_200, 114, {**PHONE, "transmitterGeneration": "g8", "transmitterId": "88" * 32}),
        egv(614, later[4], 94_500, 115, {**PHONE, "unit": "unknown", "rateUnit": "unknown", "status": "ok"}),
        egv(
            615,
            later[5],
            94_800,
            116,
            {**PHONE, "status": "unknown", "trend": "notComputable", "trendRate": None},
        ),
        egv(616, later[6], 95_100, 117, {**PHONE, "trend": "rateOutOfRange", "sensorBatch": "new"}),
        egv(617, later[7], 95_400, 39, {**PHONE, "value": 12}),
        egv(618, later[8], 95_700, 120, {**PHONE, "value": 5.6, "unit": "mmol/L"}),
        egv(619, later[9], 96_000, 120, {**PHONE, "value": None, "status": "low"}),
        egv(620, later[10], 96_300, 120, {**PHONE, "unit": "stone"}),
        egv(621, {**plain, "systemTime": "yesterday"}, 96_600, 121),
    ]
    return envelope("egv", found[::-1])


def entry(number: int, kind: str, value: object = None, unit: str | None = None, **more: Any) -> Record:
    """One event; `sub` is its subtype."""
    at = datetime(2026, 5, 3, 10) + timedelta(minutes=number % 100)
    times, later = phone_times(at, 2), phone_times(at + timedelta(minutes=5), 2)
    return {
        "recordId": uid(number),
        **times,
        "recordedSystemTime": later["systemTime"],
        "recordedDisplayTime": later["displayTime"],
        "eventStatus": more.pop("status", "created"),
        "eventType": kind,
        "eventSubType": more.pop("sub", None),
        "value": value,
        "unit": unit,
        "transmitterId": G7,
        "transmitterGeneration": "g7",
        "displayDevice": "iOS",
        **more,
    }


def all_events() -> Record:
    """Every kind of event, with what is missing or stray."""
    health = ("illness", "stress", "highSymptoms", "lowSymptoms", "cycle", "alcohol")
    found = [
        entry(700, "insulin", "4.5", "units", sub="fastActing"),
        entry(701, "insulin", 12, "units", sub="longActing"),
        entry(702, "insulin", "", "units"),
        entry(703, "insulin", "0", None, sub="fastActing"),
        entry(704, "carbs", "45", "grams"),
        entry(705, "carbs"),
        entry(706, "exercise", "30", "minutes", sub="medium"),
        entry(707, "exercise", "-1", "minutes", sub="light"),
        entry(708, "exercise", "-1.00", "minutes", sub="heavy"),
        entry(709, "exercise", None, None),
        entry(710, "exercise", "1", "hours", sub="light"),
        *(
            entry(711 + place, "health", "1" if place == 1 else None, sub=sub)
            for place, sub in enumerate(health)
        ),
        entry(718, "health", sub="pregnancy"),
        entry(719, "bloodGlucose", "118", "mg/dL"),
        entry(720, "bloodGlucose", "6.4", "mmol/L"),
        entry(721, "notes", "party at Ben's"),
        entry(722, "note", "the other spelling"),
        entry(723, "notes", ""),
        entry(724, "unknown"),
        entry(725, "sleep", "420", "minutes"),
    ]
    return envelope("event", found[::-1])


def changed_events() -> Record:
    """Entries that were changed and deleted, with every word about them in one answer."""
    found = [
        entry(740, "insulin", "5.0", "units", sub="fastActing", status="updated"),
        entry(740, "insulin", "4.0", "units", sub="fastActing"),
        entry(741, "carbs", "45", "grams", status="deleted"),
        entry(741, "carbs", "45", "grams"),
        entry(742, "notes", None, status="deleted"),
        entry(743, "unknown", status="deleted"),
        entry(744, "carbs", "20", "grams"),
        entry(745, "carbs", "25", "grams"),
        entry(746, "carbs", "30", "grams"),
    ]
    return envelope("events", found)


def calibrations() -> Record:
    """Fingersticks entered into sensors, by phone and receiver."""
    named = ("recordId", "systemTime", "displayTime", "unit", "value", "displayDevice")
    more = ("transmitterId", "transmitterTicks", "transmitterGeneration", "displayApp")
    at = datetime(2026, 6, 1, 6, 0, 30)
    found = [
        egv(760, phone_times(at, 2), 76_385, 124),
        egv(761, phone_times(at + timedelta(hours=2), 2), 83_585, 96),
        egv(762, receiver_times(at, at + timedelta(hours=2)), 1_162_073, 101, RECEIVED_BY),
        egv(763, phone_times(at + timedelta(hours=4), 2), None, 105, {**PHONE, "transmitterId": None}),
        egv(764, phone_times(at + timedelta(hours=5), 2), 84_000, None),
        egv(
            765,
            phone_times(at + timedelta(hours=6), 2),
            84_300,
            110,
            {**PHONE, "value": 7.1, "unit": "mmol/L"},
        ),
    ]
    short = [{name: each[name] for name in (*named, *more)} for each in found]
    return envelope("calibrations", short[::-1])


def alerts() -> Record:
    """Alarms and how they went on."""
    said = [
        ("high", "activeAlarming"),
        ("high", "activeSnoozed"),
        ("high", "inactive"),
        ("low", "activeAlarming"),
        ("urgentLow", "activeAlarming"),
        ("urgentLowSoon", "activeAlarming"),
        ("rise", "activeAlarming"),
        ("fall", "activeAlarming"),
        ("outOfRange", "activeAlarming"),
        ("noReadings", "activeAlarming"),
        ("fixedLow", "unknown"),
        ("unknown", "activeAlarming"),
        ("sensorAsleep", "activeAlarming"),
    ]
    found = []
    for place, (name, state) in enumerate(said):
        times = phone_times(datetime(2026, 6, 2, 20, place), 2)
        found.append(
            {"recordId": uid(780 + place), **times, "alertName": name, "alertState": state}
            | {**PHONE, "transmitterId": G7}
        )
    # a receiver writes Z on both of its stamps here
    same = phone_times(datetime(2026, 6, 3, 15, 0, 25), 0)["systemTime"].replace("Z", ".438Z")
    found.append({**found[0], "recordId": uid(799), "systemTime": same, "displayTime": same, **RECEIVED_BY})
    return envelope("alert", found[::-1])


def alert(name: str, value: object, unit: str = "mg/dL", **more: Any) -> Record:
    """One setting of an alert."""
    return {
        **phone_times(datetime(2026, 5, 14, 20, 8, more.pop("minute", 0)), 2),
        "alertName": name,
        "value": value,
        "unit": unit,
        "snooze": more.pop("snooze", 30),
        "enabled": more.pop("enabled", True),
        "delay": None,
        "secondaryTriggerCondition": None,
        "soundTheme": "modern",
        "soundOutputMode": "sound",
    }


def devices() -> Record:
    """A phone with the schedules that the sheet tells of, and two receivers without any."""
    week = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
    default = {
        "alertScheduleSettings": {
            "alertScheduleName": "",
            "isEnabled": True,
            "isDefaultSchedule": True,
            "isActive": True,
            "startTime": "6:30",
            "endTime": "0:00",
            "daysOfWeek": [*week, ""],
            "override": {
                "isOverrideEnabled": True,
                "mode": "quiet",
                "endTime": "2026-06-01T01:00:00.123-08:00",
            },
        },
        "alertSettings": [
            alert("high", 250),
            alert("low", 70),
            alert("urgentLow", 55, snooze=28),
            alert("urgentLowSoon", 55),
            alert("rise", 3, "mg/dL/min", enabled=False),
            alert("fall", -2, "mg/dL/min"),
            alert("outOfRange", 20, "minutes"),
            alert("noReadings", 20, "minutes", snooze=None),
            alert("high", 240),
            alert("low", 75, minute=1),
            alert("gravity", 1, "unknown"),
        ],
    }
    night = {
        "alertScheduleSettings": {
            "alertScheduleName": "Ben's night shift",
            "isEnabled": True,
            "isDefaultSchedule": False,
            "startTime": "10:30 PM",
            "endTime": "30:00",
            "daysOfWeek": ["monday", "friday"],
        },
        "alertSettings": [alert("low", 80), alert("low", 85, minute=2), alert("high", 13.9, "mmol/L")],
    }
    holiday = {
        "alertScheduleSettings": {
            "alertScheduleName": "Holiday",
            "isEnabled": False,
            "isDefaultSchedule": False,
            "startTime": "08:00",
            "endTime": "08:00",
            "daysOfWeek": week,
        },
        "alertSettings": [alert("low", 3.9000000000000004, "mmol/L")],
    }
    phone = {"lastUploadDate": "2026-06-01T23:51:02Z", **PHONE, "transmitterId": G7}
    receiver = {"lastUploadDate": "2026-01-09T15:57:34", **RECEIVED_BY, "alertSchedules": []}
    pro: Record = {"lastUploadDate": None, "transmitterGeneration": "dexcomPro", "transmitterId": ""}
    pro |= {"displayDevice": "touchscreenReceiver", "displayApp": "unknown", "alertSchedules": []}
    return envelope("device", [{**phone, "alertSchedules": [default, night, holiday]}, receiver, pro])


def data_range() -> Record:
    """From when to when there is anything: calibrations there are none."""
    first, last = phone_times(datetime(2026, 3, 28, 12), 1), phone_times(datetime(2026, 6, 2, 20), 2)
    asked = {"egvs": {"start": first, "end": last}, "events": {"start": first, "end": first}}
    return {name: value for name, value in envelope("dataRange", []).items() if name != "records"} | asked


def pulled() -> list[Record]:
    """What a program asks for in one go; of a Dexcom ONE, whose events and calibrations are empty."""
    one = {**PHONE, "displayApp": "DexcomOne", "transmitterGeneration": "g6", "transmitterId": "d1" * 32}
    readings = [
        egv(
            800 + place,
            phone_times(datetime(2026, 6, 5, 7, 5 * place, 9), 2),
            7_573 + 300 * place,
            95 + place,
            one,
        )
        for place in range(6)
    ]
    return [
        envelope("egv", readings[::-1]),
        envelope("event", []),
        envelope("calibration", []),
        envelope("alert", alerts()["records"][:2]),
        envelope("device", devices()["records"][:1]),
        data_range(),
        envelope("sneezes", [{"recordId": uid(899), "loudness": 3}]),
    ]


def files() -> dict[str, bytes]:
    """Every recording by its name."""
    answers = pulled()
    names = ("egvs", "events", "calibrations", "alerts", "devices", "dataRange")
    lines = "\n".join(json.dumps(each, separators=(",", ":")) for each in answers)
    return {
        "egvs-g7-a-day.json": written(g7_day()),
        "egvs-g6-sandbox.json": written(sandbox_day()),
        "egvs-receiver.json": written(receiver_day()),
        "egvs-phone-and-receiver.json": written(phone_and_receiver()),
        "egvs-receiver-reset.json": written(reset_receiver_alone()),
        "egvs-odd.json": written(odd_records()),
        "events-all.json": written(all_events()),
        "events-changed.json": written(changed_events()),
        "calibrations.json": written(calibrations()),
        "alerts.json": written(alerts()),
        "devices.json": written(devices()),
        "data-range.json": written(data_range()),
        "pulled-in-a-list.json": written(answers),
        "pulled-one-after-the-other.json": b"".join(map(written, answers)),
        "pulled-a-line-each.ndjson": (lines + "\n").encode(),
        "pulled-by-name.json": written(dict(zip(names, answers, strict=False))),
    }
