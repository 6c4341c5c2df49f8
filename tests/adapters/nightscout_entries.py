"""Nightscout entries as each uploader writes them, made from fixed numbers; no person, no real value.

Law: exact in form (nightscout.md 3, 4; the uploaders' own code): names, types, order and oddities of the records are
theirs, the glucose is a made-up curve.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

START = datetime(2026, 3, 28, 20, 0, 3, 120_000, tzinfo=UTC)
CURVE = (118, 121, 127, 133, 138, 142, 145, 143, 139, 132, 124, 117, 109, 101, 94, 88, 84, 81, 79, 82)
Record = dict[str, Any]


def ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return round(at.timestamp() * 1000)


def z(at: datetime) -> str:
    """The server's own text of an instant."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def local(at: datetime, hours: float, colon: str = "") -> str:
    """A text with an offset, as phones write it."""
    there = at.astimezone(timezone(timedelta(hours=hours)))
    offset = there.strftime("%z")
    return f"{there:%Y-%m-%dT%H:%M:%S}.{there.microsecond // 1000:03d}{offset[:3]}{colon}{offset[3:]}"


def five(number: int) -> datetime:
    """The instant of the n-th reading of a five-minute sensor."""
    return START + timedelta(minutes=5 * number)


def oid(number: int) -> str:
    """An id as the database makes it."""
    return f"69c8{number:020x}"


def document(found: object, indent: int | None = None) -> bytes:
    """JSON as the server sends it."""
    return json.dumps(found, indent=indent, separators=None if indent else (",", ":")).encode()


def v3(records: list[Record]) -> bytes:
    """An answer of API v3."""
    return document({"status": 200, "result": records})


# ------------------------------------------------------------------------------------------------- xDrip+


def xdrip(number: int, sgv: int, **more: Any) -> Record:
    """A reading of xDrip+ on a phone in Berlin, in the night in which the clocks go forward."""
    at = five(number)
    hours = 1 if at < datetime(2026, 3, 29, 1, tzinfo=UTC) else 2
    found: Record = {
        "_id": oid(number),
        "device": "xDrip-DexcomG6",
        "date": ms(at),
        "dateString": local(at, hours),
        "sgv": sgv,
        "delta": 1.5,
        "direction": "Flat",
        "type": "sgv",
        "filtered": 120_000,
        "unfiltered": 121_000,
        "rssi": 100,
        "noise": 1,
        "sysTime": local(at, hours),
    }
    return {name: value for name, value in (found | more).items() if value is not None}


def entries_xdrip() -> bytes:
    """xDrip+: floor and error values, a fingerstick, a calibration, words without blanks; newest first."""
    records = [xdrip(number, sgv) for number, sgv in enumerate(CURVE)]
    records += [xdrip(60 + number, sgv) for number, sgv in enumerate((44, 40, 39, 38, 13, 41))]
    records[5] |= {"direction": "NotComputable", "noise": 4}
    records[6] |= {"direction": "SingleUp"}
    at = five(8)
    meter = {"_id": oid(90), "device": "xDrip-DexcomG6", "type": "mbg", "date": ms(at), "mbg": 137.0}
    line = {"_id": oid(91), "device": "xDrip-DexcomG6", "type": "cal", "date": ms(at), "slope": 950.1}
    both = {"dateString": local(at, 1), "sysTime": local(at, 1)}
    records += [meter | both, line | both | {"intercept": 28_000.5, "scale": 1}]
    return document(sorted(records, key=lambda record: record["date"], reverse=True))


def entries_xdrip_service() -> bytes:
    """xDrip+'s web service on the phone: no id; the first record says more, and mmol though sgv is mg/dL."""
    records = [xdrip(number, sgv, _id=None) for number, sgv in enumerate(CURVE[:8])][::-1]
    records[0] |= {"units_hint": "mmol", "sensor_status": "Age: 3 days", "collector_status": "BT: ok"}
    records[0] |= {"aaps": "1.25U 60%", "aaps-ts": ms(five(7))}
    return document(records, indent=2)


# --------------------------------------------------------------------------------------------- followers


def entries_share() -> bytes:
    """The Dexcom Share bridge: codes of the receiver in the place of values, HIGH as 401, LOW as 39."""
    values = (140, 150, 399, 400, 401, 401, 390, 5, 5, 12, 9, 3, 0, 42, 39, 41, 110)
    words = ("Flat", "FortyFiveUp", "DoubleUp", "NOT COMPUTABLE", "RATE OUT OF RANGE", "NONE", "SingleDown")
    records = []
    for number, sgv in enumerate(values):
        at = five(number)
        records.append(
            {
                "_id": oid(number),
                "sgv": sgv,
                "date": ms(at),
                "dateString": z(at),
                "trend": 4,
                "direction": words[number % len(words)],
                "device": "share2",
                "type": "sgv",
                "utcOffset": 0,
                "sysTime": z(at),
            }
        )
    return document(records[::-1])


def entries_followers() -> bytes:
    """Bridges to makers' clouds; texts for numbers, seconds for milliseconds, a sensor that counts to 500."""
    devices = (
        "nightscout-connect",
        "nightscout-connect-librelinkup",
        "nightscout-librelink-up",
        "connect-paradigm",
        "nightscout-connect://minimedcarelink/GUARDIAN",
    )
    records: list[Record] = []
    for number, sgv in enumerate((100, 104, 451, 500, 110, 112, 116, 118, 121, 120)):
        at = five(number)
        records.append(
            {
                "_id": oid(number),
                "type": "sgv",
                "sgv": str(sgv) if number % 3 == 0 else sgv,
                "date": str(ms(at)) if number % 4 == 1 else ms(at),
                "dateString": z(at),
                "direction": None if number == 3 else "Flat",
                "device": devices[number % len(devices)],
            }
        )
    records[8]["date"] = ms(five(8)) // 1000
    del records[9]["date"]
    return document(records)


# ------------------------------------------------------------------------------------------ loops and rigs


def entries_v3() -> bytes:
    """AAPS through API v3: identifiers, times of the server, a deleted value."""
    records: list[Record] = []
    for number, sgv in enumerate(CURVE[:10]):
        at = five(number)
        records.append(
            {
                "identifier": f"5a9f{number:02d}c1-0000-5e00-8f00-00000000000{number}",
                "type": "sgv",
                "sgv": float(sgv),
                "date": ms(at),
                "utcOffset": 60,
                "device": "AAPS-DexcomG6",
                "direction": "Flat",
                "noise": 0.0,
                "filtered": 0.0,
                "unfiltered": 0.0,
                "units": "mg/dl",
                "app": "AAPS",
                "isValid": True,
                "isReadOnly": False,
                "srvCreated": ms(at) + 900,
                "srvModified": ms(at) + 900,
                "subject": "aaps",
            }
        )
    records[4] |= {"isValid": False, "srvModified": ms(five(30)), "modifiedBy": "aaps"}
    return v3(records)


def entries_dump() -> bytes:
    """A dump of the database: a record a line, ids and some dates as objects, texts left in local time."""
    lines = []
    for number, sgv in enumerate(CURVE[:12]):
        at = five(number)
        record: Record = {
            "_id": {"$oid": oid(number)},
            "device": "xDrip-LibreReceiver",
            "date": ms(at) if number % 2 else {"$numberLong": str(ms(at))},
            "dateString": local(at, 1),
            "sgv": sgv,
            "delta": 8.031,
            "direction": "Flat",
            "type": "sgv",
            "filtered": (sgv - 4) * 1000,
            "unfiltered": (sgv - 4) * 1000,
            "rssi": 100,
            "noise": 1,
            "sysTime": local(at, 1),
        }
        lines.append(document(record))
    return b"\n".join(lines) + b"\n"


def entries_loop() -> bytes:
    """Loop: fractions of milliseconds and of mg/dL, rates, marks of range, display-only values, a phone's name."""
    records: list[Record] = []
    for number, sgv in enumerate(CURVE[:12]):
        at = five(number)
        records.append(
            {
                "_id": oid(number),
                "date": ms(at) + 0.4561,
                "dateString": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "device": "loop://Wanda's iPhone",
                "type": "sgv",
                "sgv": sgv + (0.00000000000003 if number % 2 else 0.4),
                "trend": 4,
                "direction": "Flat",
                "trendRate": -0.3,
                "isCalibration": False,
                "utcOffset": 0,
                "sysTime": z(at),
            }
        )
    records[2] |= {"sgv": 400, "condition": "aboveRange", "trend": 1, "direction": "DoubleUp"}
    records[3] |= {"sgv": 40, "condition": "belowRange", "trend": 8, "direction": "NotComputable"}
    records[4] |= {"isCalibration": True}
    records[5] = {**records[5], "type": "mbg", "mbg": 141.0, "sgv": None}
    return document(records)


def entries_iaps() -> bytes:
    """iAPS: ids in capitals, no device, lows that no sensor shows, a second source one minute beside the first."""
    records = []
    for number, sgv in enumerate((70, 52, 44, 39, 38, 34, 32, 34, 38, 41, 55)):
        at = five(number)
        records.append((at, sgv))
        if number in (2, 6):
            records.append((at + timedelta(minutes=1), sgv))
    return document(
        [
            {
                "_id": f"DE8B49{number:02X}-82D7-49E4-B0C1-0DD0BFF9258{number % 10}",
                "date": ms(at) // 1000 * 1000,
                "dateString": z(at.replace(microsecond=0)),
                "glucose": sgv,
                "direction": "Flat",
                "type": "sgv",
                "sessionStartDate": z(START - timedelta(days=2)),
                "sgv": sgv,
                "unfiltered": sgv,
                "uncalibrated": sgv,
                "utcOffset": 0,
                "sysTime": z(at.replace(microsecond=0)),
            }
            for number, (at, sgv) in enumerate(reversed(records))
        ],
        indent=2,
    )


def entries_esel() -> bytes:
    """ESEL: smoothed Eversense values beside raw ones, LO as 38 and 39, HI as 400 and 410."""
    return document(
        [
            {
                "_id": oid(number),
                "sgv": sgv,
                "rawbg": sgv + 3,
                "direction": "NONE" if number < 2 else "FortyFiveDown",
                "device": "ESEL",
                "type": "sgv",
                "date": ms(five(number)),
                "dateString": z(five(number)),
                "created_at": z(five(number)),
                "source": "Eversense",
            }
            for number, sgv in enumerate((120, 118, 39, 38, 41, 399, 400, 410, 350))
        ]
    )


def entries_rig() -> bytes:
    """monitor/glucose.json of an OpenAPS rig: its own clock hours off, the receiver's right."""
    return document(
        [
            {
                "trend_arrow": "FLAT",
                "display_time": local(five(number).replace(microsecond=0), -7, ":").replace(".000", ""),
                "noise": 1,
                "direction": "Flat",
                "system_time": local(five(number + 71).replace(microsecond=0), -7, ":").replace(".000", ""),
                "sgv": sgv,
                "dateString": local(five(number).replace(microsecond=0), -7, ":").replace(".000", ""),
                "device": "openaps://cgm",
                "unfiltered": 253_696,
                "rssi": 430,
                "date": float(ms(five(number)) // 1000 * 1000),
                "filtered": 263_232,
                "type": "sgv",
                "glucose": sgv,
            }
            for number, sgv in reversed(list(enumerate(CURVE[:6])))
        ],
        indent=2,
    )


def entries_misconfigured() -> bytes:
    """An uploader that sends mmol/L for a while; other types of entries; values of nothing and of everything."""
    values = (110, 112, 7.8, 6.4, 5, 21, 1001, 7.777777777777778, 119, 121, 123, -1, 124, 126, 127, 130)
    records: list[Record] = [
        {
            "type": "sgv",
            "sgv": sgv,
            "date": ms(five(number)),
            "dateString": z(five(number)),
            "device": "home-made",
        }
        for number, sgv in enumerate(values)
    ]
    records += [
        {"type": "sgv", "date": ms(five(20)), "dateString": z(five(20)), "device": "home-made"},
        {"type": "etc", "date": ms(five(21)), "dateString": z(five(21)), "device": "home-made"},
        {"sgv": 127, "date": ms(five(22)), "dateString": z(five(22)), "device": "home-made"},
        {"mbg": 128, "date": ms(five(22)), "dateString": z(five(22)), "device": "home-made"},
        {"type": "sgv", "sgv": 129, "date": "yesterday", "device": "home-made"},
    ]
    return document(records)


def table(delimiter: str = ",") -> bytes:
    """/api/v1/entries.csv: no header, each cell as in JSON, no line end behind the last row."""
    values = (*CURVE, 451, 401, 39, 33, 12, None)
    rows = []
    for number, sgv in reversed(list(enumerate(values))):
        at = five(number)
        device = '"share2"' if number % 5 else ""
        value = "" if sgv is None else str(sgv)
        rows.append(delimiter.join((f'"{z(at)}"', str(ms(at)), value, '"Flat"', device)))
    return "\r\n".join(rows).encode()


def files() -> dict[str, bytes]:
    """Every recording of entries as JSON."""
    return {
        "entries-aaps-v3.json": entries_v3(),
        "entries-dump.json": entries_dump(),
        "entries-esel.json": entries_esel(),
        "entries-followers.json": entries_followers(),
        "entries-iaps.json": entries_iaps(),
        "entries-loop.json": entries_loop(),
        "entries-misconfigured.json": entries_misconfigured(),
        "entries-openaps-rig.json": entries_rig(),
        "entries-share.json": entries_share(),
        "entries-xdrip.json": entries_xdrip(),
        "entries-xdrip-web-service.json": entries_xdrip_service(),
    }


def tables() -> dict[str, bytes]:
    """Every recording of the table without a header."""
    return {
        "entries.csv": table(),
        "entries-tabs.txt": table("\t"),
        "entries-share.csv": table()[:600].rsplit(b"\r\n", 1)[0],
    }
