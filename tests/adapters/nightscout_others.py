"""Nightscout device status and profiles, the Data Exporter's table, and a rig's pump history, made from fixed numbers.

Law: exact in form (nightscout.md 6, 7; tidepool-xdrip.md 3; NightscoutKit, oref0, decocare); no person, no real value.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.adapters.nightscout_entries import Record, document, local, oid, v3, z
from tests.adapters.nightscout_treatments import at

# ------------------------------------------------------------------------------------------ device status


def _rig(number: int, minutes: float, acted: float | None, **pump: Any) -> Record:
    told = {
        "temp": "absolute",
        "bg": 145,
        "tick": "+2",
        "rate": 0.6,
        "duration": 30,
        "timestamp": z(at(minutes)),
    }
    openaps: Record = {
        "iob": {"iob": 1.234, "activity": 0.01, "time": z(at(minutes))},
        "suggested": told | {"predBGs": {"IOB": [145, 144], "ZT": [145, 143]}, "reason": "Wanda eats"},
        "version": "0.7.1",
    }
    if acted is not None:
        openaps["enacted"] = told | {"received": True, "timestamp": z(at(acted))}
    status = {"status": "normal", "bolusing": False, "suspended": False, "timestamp": z(at(minutes))} | pump
    return {
        "_id": oid(number),
        "device": "openaps://wanda-rig",
        "openaps": openaps,
        "pump": {
            "clock": z(at(minutes)),
            "battery": {"voltage": 1.45, "string": "normal"},
            "reservoir": 120.5 - minutes / 10,
            "status": status,
        },
        "uploader": {"battery": 76},
        "created_at": z(at(minutes)),
        "utcOffset": 0,
    }


def statuses_rig() -> bytes:
    """oref0: closed for two hours, then only suggesting; the pump suspended for a while; newest first."""
    found = []
    for number in range(60):
        minutes = number * 5
        acted = None if minutes < 10 else minutes - minutes % 15 if minutes < 130 else 120
        suspended = 150 <= minutes < 170
        found.append(_rig(number, minutes, acted, suspended=suspended))
    return document(found[::-1])


def statuses_loop() -> bytes:
    """Loop: an override for an hour, a failure, a pump that stops; another phone beside."""
    found: list[Record] = []
    for number in range(30):
        stamp = at(number * 5).strftime("%Y-%m-%dT%H:%M:%SZ")
        loop: Record = {
            "name": "Loop", "version": "3.4.1", "timestamp": stamp, "iob": {"timestamp": stamp, "iob": 1.2},
            "cob": {"timestamp": stamp, "cob": 12}, "predicted": {"startDate": stamp, "values": [120, 122]},
            "recommendedBolus": 0,
        }  # fmt: skip
        if number in (10, 11):
            loop["failureReason"] = "pumpManagerError(.communicationFailure)"
        else:
            loop["enacted"] = {
                "rate": 0.6,
                "duration": 30,
                "timestamp": stamp,
                "received": True,
                "bolusVolume": 0,
            }
        override: Record = {"timestamp": stamp, "active": 4 <= number < 16}
        if override["active"]:
            override |= {"name": "Wanda runs", "multiplier": 0.7, "duration": (16 - number) * 300}
        pump = {
            "clock": stamp, "pumpID": "12345", "manufacturer": "Insulet", "model": "Dash", "suspended": number >= 20,
            "bolusing": False, "reservoir": None, "secondsFromGMT": -25200, "battery": {"percent": 87}, "iob": None,
        }  # fmt: skip
        found.append(
            {
                "_id": oid(number), "device": "loop://Wanda's iPhone", "created_at": stamp, "pump": pump,
                "uploader": {"name": "Wanda's iPhone", "timestamp": stamp, "battery": 87}, "loop": loop,
                "override": override,
            }
        )  # fmt: skip
    other = {"device": "xDrip-BluetoothWixel", "uploader": {"battery": 55}, "created_at": z(at(33))}
    return document([*found, {"_id": oid(99)} | other])


def statuses_v3() -> bytes:
    """AAPS through API v3, a deleted status among them."""
    found = [_rig(number, number * 5, number * 5) for number in range(4)]
    for number, one in enumerate(found):
        one["identifier"] = f"d0d0{number}000-0000-4000-8000-000000000000"
        one |= {"device": "openaps://samsung SM-G970F", "isValid": number != 2, "srvModified": 1}
        del one["_id"]
    return v3(found)


# ----------------------------------------------------------------------------------------------- profiles


def _times(*pairs: tuple[int, object]) -> list[Record]:
    return [
        {"time": f"{minute // 60:02d}:{minute % 60:02d}", "timeAsSeconds": minute * 60, "value": value}
        for minute, value in pairs
    ]


def _profile(**changed: Any) -> Record:
    plain: Record = {
        "units": "mmol",
        "timezone": "Europe/Berlin",
        "dia": 6,
        "delay": 0,
        "carbs_hr": 6,
        "basal": _times((0, 1), (180, 1.3), (360, 1.55)),
        "carbratio": _times((0, 10)),
        "sens": _times((0, 8)),
        "target_low": _times((0, 5.5), (180, 6)),
        "target_high": _times((0, 5.5), (180, 6)),
    }
    return plain | changed


def _document(number: int, minutes: float, store: Record, default: str, **more: Any) -> Record:
    start = z(at(minutes))
    return {
        "_id": oid(number), "defaultProfile": default, "startDate": start, "mills": 1_774_591_200_000, "units": "mmol",
        "store": store, "created_at": start,
    } | more  # fmt: skip


def profiles_iaps() -> bytes:
    """iAPS: a document for each start of the app, the oldest from the server's editor and in other units."""
    other = _profile(sens=_times((0, 100)), target_low=_times((0, 0)), target_high=_times((0, 0)), dia=3)
    return document(
        [
            _document(3, 300, {"default": _profile()}, "default", enteredBy="iAPS", profile="default"),
            _document(2, 200, {"default": _profile(sens=_times((0, 9)))}, "Default", enteredBy="iAPS"),
            _document(
                1, 0, {"Default": other}, "Default", startDate="1970-01-01T00:00:00.000Z", srvModified=1
            ),
        ],
        indent=2,
    )


def profiles_loop() -> bytes:
    """Loop: secrets of the phone beside the profile, units with joiners, several profiles, texts for numbers."""
    units = "mg\u2060/\u2060dL"
    mine = _profile(
        units=units,
        basal=_times((360, "0.85"), (0, "0.7000000000000001")),
        carbratio=[{"timeAsSeconds": 0, "value": 12}, {"timeAsSeconds": "43200", "value": 8.25}],
        sens=_times((0, 45)),
        target_low=_times((0, 100)),
        target_high=_times((0, 115)),
        dia="6",
    )
    settings = {
        "deviceToken": "f00dbabe" * 8, "bundleIdentifier": "com.TEAM.loopkit.Loop", "dosingEnabled": True,
        "overridePresets": [{"name": "Wanda runs", "duration": 3600}], "maximumBolus": 8,
    }  # fmt: skip
    old = _profile(units=units, basal=_times((0, 9)))
    found = _document(
        1, 0, {"Default": mine, "Wanda's old one": old}, "Default", enteredBy="Loop", loopSettings=settings
    )
    return document(
        [found | {"units": units, "bundleIdentifier": "com.TEAM.Loop", "deviceToken": "f00dbabe" * 8}]
    )


def profiles_flat() -> bytes:
    """The first years: no store, one number where later documents have a list."""
    base = {"startDate": z(at(0)), "dia": 3, "carbs_hr": 30, "timezone": "US/Eastern", "units": "mg/dl"}
    one = base | {"carbratio": 30, "sens": 100, "basal": 0.1, "target_low": 100, "target_high": 120}
    lists = _profile(
        units="mg/dl", sens=_times((0, 50)), target_low=_times((0, 90)), target_high=_times((0, 110))
    )
    return document([{"_id": oid(1)} | one, {"_id": oid(2), "startDate": z(at(60))} | lists])


def profiles_v3() -> bytes:
    """API v3, with a document of which no profile is named as the one in force."""
    store = {"A": _profile(units="mg/dl"), "B": _profile(units="mg/dl")}
    named = _document(1, 0, {"Day": _profile(sens=_times((0, 2.2)))}, "Day", enteredBy="AndroidAPS")
    found = [named, _document(2, 60, store, "C")]
    for number, one in enumerate(found):
        one["identifier"] = f"p{number}"
        del one["_id"]
    return v3(found)


def nightscout() -> dict[str, bytes]:
    """Recordings of device status and profiles."""
    return {
        "profiles-flat.json": profiles_flat(),
        "profiles-iaps.json": profiles_iaps(),
        "profiles-loop.json": profiles_loop(),
        "profiles-v3.json": profiles_v3(),
        "statuses-aaps-v3.json": statuses_v3(),
        "statuses-loop.json": statuses_loop(),
        "statuses-openaps-rig.json": statuses_rig(),
    }


# ----------------------------------------------------------------------------- the exporter, and a pump's history

BERLIN = ZoneInfo("Europe/Berlin")


def _american(when: datetime) -> str:
    hour = when.hour % 12 or 12
    return f'"{when.month}/{when.day}/{when.year}","{hour}:{when:%M:%S} {"AM" if when.hour < 12 else "PM"}"'


def _english(when: datetime) -> str:
    hour = when.hour % 12 or 12
    return f'"{when:%d/%m/%Y}","{hour}:{when:%M:%S} {"am" if when.hour < 12 else "pm"}"'


def _german(when: datetime) -> str:
    return f'"{when.day}.{when.month}.{when.year}","{when:%H:%M:%S}"'


def quoted(text: str) -> str:
    """A text as the exporter puts it between quotes."""
    return text.replace('"', '""')


def exported(write: Any) -> bytes:
    """The exporter's table in one language of the browser; newest first."""
    lines = ["# CGM ENTRIES", "Date,Time,Glucose (mg/dL),Type,Device,Trend,ID"]
    values = (129, 135, 401, 39, 33, 12, 110, 112, 113, 115)
    for number, value in enumerate(values):
        there = at(60 - number * 5).astimezone(BERLIN)
        kind = "mbg" if number == 8 else "sgv"
        lines.append(
            f'{write(there)},"{value}","{kind}","{"share2" if number % 2 else ""}","4","{oid(number)}"'
        )
    lines += [
        "",
        "# TREATMENTS (Insulin, Carbs, Exercise)",
        "Date,Time,Event Type,Insulin (U),Carbs (g),Notes,ID",
    ]
    rows = (
        ("Temp Basal", "", "", ""),
        ("SMB", "0.3", "", ""),
        ("Meal Bolus", "4.5", "40", quoted('lunch, with "Wanda"')),
        ("Sensor Start", "", "", ""),
        ("Note", "", "", quoted('{"guid":1}')),
        ("Carb Correction", "", "12", ""),
    )
    for number, (event, insulin, carbs, notes) in enumerate(rows):
        there = at(50 - number * 7).astimezone(BERLIN)
        lines.append(f'{write(there)},"{event}","{insulin}","{carbs}","{notes}","{oid(70 + number)}"')
    return ("\n".join(lines) + "\n").encode()


def exporter() -> dict[str, bytes]:
    """Recordings of the exporter's table."""
    return {
        "american.csv": exported(_american),
        "australian.csv": exported(_english),
        "german.csv": exported(_german),
    }


def _pump(kind: str, minutes: float, **fields: Any) -> Record:
    stamp = local(at(minutes).replace(microsecond=0), -7, ":").replace(".000", "")
    return {
        "_type": kind,
        "_description": f"{kind} head[2]",
        "timestamp": stamp,
        "_body": "",
        "_head": "16",
    } | fields


def _temporary(minutes: float, rate: float, length: int, temp: str = "absolute") -> list[Record]:
    return [
        _pump("TempBasal", minutes, temp=temp, rate=rate),
        _pump("TempBasalDuration", minutes, **{"duration (min)": length}),
    ]


def history() -> bytes:
    """A rig's pump-history.json: rates and lengths apart, a dose cut short, a square one, a suspension."""
    found = [
        *_temporary(0, 1.1, 30),
        *_temporary(12, 2.35, 30),
        *_temporary(60, 0, 0),
        *_temporary(90, 150, 30, "percent"),
        *_temporary(150, 0.7000000000000001, 60),
        _pump("PumpSuspend", 170),
        _pump("PumpResume", 185),
        _pump("BolusWizard", 20, bg=237, carb_input=45, carb_ratio=15, sensitivity=45, bolus_estimate=2.4),
        _pump("Bolus", 20.1, programmed=2.7, amount=2.7, duration=0, type="normal"),
        _pump("Bolus", 70, programmed=4, amount=1.5, duration=0, type="normal"),
        _pump("Bolus", 100, programmed=3, amount=3, duration=90, type="square"),
        _pump("Bolus", 110, programmed=1, amount=0, duration=0, type="normal"),
        _pump("BolusWizard", 111, bg=120, carb_input=0),
        _pump("CalBGForPH", 19, amount=237),
        _pump("JournalEntryMealMarker", 30, carb_input=12),
        _pump("JournalEntryInsulinMarker", 31, amount=2),
        _pump("JournalEntryExerciseMarker", 32),
        _pump("Prime", 200, type="fixed", amount=0.6, fixed=0.6),
        _pump("Rewind", 199),
        _pump("Battery", 201),
        _pump("LowReservoir", 202, amount=20.0),
        _pump("LowBattery", 203),
        _pump("AlarmPump", 204),
        _pump("ChangeTime", 205),
        _pump("NewTimeSet", 205),
        _pump("ResultDailyTotal", 206, valid_date="2026-03-27"),
        _pump("BasalProfileStart", 207, rate=0.9, profile_index=2, offset=0),
        _pump("SomethingNew", 208),
    ]
    return document(sorted(found, key=lambda one: str(one["timestamp"]), reverse=True), indent=2)


def histories() -> dict[str, bytes]:
    """Recordings of a pump's history."""
    whole = history()
    short = document(
        [*_temporary(0, 1.1, 30), _pump("Bolus", 5, programmed=1.2, amount=1.2, duration=0, type="normal")]
    )
    few = document([*_temporary(30, 0.5, 30), *_temporary(0, 1.1, 60), *_temporary(10, 0.9, 30)])
    return {"pump-history.json": whole, "pumphistory-24h.json": short, "pumphistory-temps.json": few}
