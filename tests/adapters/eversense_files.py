"""Eversense in every form that a person may have: cloud answers, the DMS spreadsheet, ESEL's broadcast (eversense.md).

Law: exact in form, invented people, serials and values, made from fixed numbers. The spreadsheet begins with its
newest row; its clock is local and says no zone.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.adapters.curve import Curve, Dice, walls

Record = dict[str, Any]
Cell = str | float | date | time
WEARER, OTHER = 400_117, 400_118
SENSOR, NEXT = "1048213", "1057740"
HEAD = ("EventDateStr", "EventTimeStr", "Value", "UnitMeasureVal", "SensorID")
START = datetime(2026, 10, 6, 4, 55)


# ------------------------------------------------------------------------------------------------ clouds


def followed(user: int, first: str, last: str, value: int, at: datetime, **more: Any) -> Record:
    """One followed person with the latest value."""
    return {
        "UserID": user,
        "FollowerID": 70_001,
        "FollowerCode": "X",
        "FollowerEmail": "follower@example.org",
        "ReferenceName": first,
        "InvitationDate": "2026-01-02T08:00:00",
        "AcceptedDate": "2026-01-02T09:00:00",
        "RemovedDate": None,
        "Status": 1,
        "UserName": "wearer@example.org",
        "FirstName": first,
        "LastName": last,
        "ProfileImage": None,
        "CurrentGlucose": value,
        "GlucoseTrend": 4,
        "CGTime": f"{at:%Y-%m-%dT%H:%M:%S}",
        "Units": 1,
        "IsTransmitterConnected": True,
        "TxConnectionStatusTimestamp": f"{at + timedelta(seconds=10):%Y-%m-%dT%H:%M:%S}",
    } | more


def event(at: str, value: int, kind: int = 0, **more: Any) -> Record:
    """One event of a history."""
    return {"EventDate": at, "EventTypeID": kind, "EventSubTypeID": 0, "Value": value} | more


def following() -> list[Record]:
    """One person, on the arm."""
    return [followed(WEARER, "Ada", "Muster", 131, START)]


def disconnected() -> list[Record]:
    """The transmitter lies in its charger; the list still shows the value of three hours ago."""
    return [followed(WEARER, "Ada", "Muster", 203, START, IsTransmitterConnected=False)]


def two_people() -> list[Record]:
    """An account that follows two."""
    return [*following(), followed(OTHER, "Kim", "Beispiel", 88, START)]


def current() -> list[Record]:
    """The latest values, each with an arrow."""
    return [
        {
            "CurrentGlucose": 100 + number,
            "TimeStamp": f"2026-10-06T04:{5 * number:02d}:00",
            "GlucoseTrend": number,
        }
        for number in range(9)
    ]


def care() -> list[Record]:
    """A history: no zone but UTC; a copy, an event of another type, a mark for no value, one below and above."""
    curve = Curve(Dice(81))
    values = [min(max(curve.step(), 40), 400) for _ in range(12)]
    found = [
        event(f"2026-10-06T{4 + n // 12:02d}:{n % 12 * 5:02d}:00", each) for n, each in enumerate(values)
    ]
    return [
        *found,
        found[-1],
        event("2026-10-06T05:02:00", 0, 1, EventSubTypeID=2),
        event("2026-10-06T05:05:00", 1001),
    ]


def log() -> list[Record]:
    """A transmitter log over the end of summer time, with the offset, without, and with nothing but a local time."""
    found = []
    for number in range(18):
        utc = datetime(2026, 10, 25, 0, 15, tzinfo=UTC) + timedelta(minutes=5 * number)
        local = utc.astimezone(ZoneInfo("Europe/Berlin"))
        written = local.isoformat() if number % 3 else f"{local:%Y-%m-%dT%H:%M:%S}"
        value = 120 + number
        more: Record = {"EventDateUTC": f"{utc:%Y-%m-%dT%H:%M:%S}", "convertedValue": round(value / 18, 1)}
        found.append(event(written, value, **more))
    return [*found, event("2026-10-25T12:00:00", 111, EventDateUTC=None, convertedValue=6.2)]


def device() -> Record:
    """The devices of an account."""
    return {
        "UserDeviceInfo": {
            "DeviceID": 5,
            "SensorID": SENSOR,
            "TransmitterSNo": "301177",
            "TransmitterName": "Eversense E3",
            "TransmitterModelNo": "FG-3400",
            "DaysSinceInsertion": 41,
            "InsertionDateTime": "2026-08-26T10:30:00",
        }
    }


def text(document: object) -> bytes:
    """A document as it comes over the line."""
    return json.dumps(document).encode()


def cloud_files() -> dict[str, bytes]:
    """Every recording by its name."""
    made = {
        "following.json": following(),
        "following-disconnected.json": disconnected(),
        "current-values.json": current(),
        "care-history.json": care(),
        "transmitter-log-end-of-summer-time.json": log(),
        "device-page.json": device(),
    }
    return {name: text(document) for name, document in made.items()}


NO_DATA: dict[str, object] = {
    "token": {"access_token": "invented", "expires_in": 43_200, "token_type": "Bearer"},
    "profile": [{"UserID": WEARER, "UserName": "w@example.org", "FirstName": "Ada", "LastName": "Muster"}],
    "sent-value": {"CurrentGlucose": 112, "CGTime": "2026-10-06T04:55:00.000Z", "SignalStrength": 4},
    "sent-log": [{"SensorId": "ABCDEF0123456789", "TransmitterId": "000001", "EssentialLog": "AAEC"}],
}
"""Documents in which no readings are, by what they are."""


# ---------------------------------------------------------------------------------------------- broadcast


def broadcast(at: datetime, value: int, raw: int | None, **more: Any) -> Record:
    """One value of ESEL."""
    local = at.replace(tzinfo=UTC).astimezone(ZoneInfo("Europe/Berlin"))
    said = f"{local:%Y-%m-%dT%H:%M:%S.000%z}"
    found: Record = {"sgv": value, "rawbg": raw, "direction": "Flat", "device": "ESEL", "type": "sgv"}
    found |= {"date": int(at.replace(tzinfo=UTC).timestamp() * 1000), "dateString": said, "created_at": said}
    return {name: each for name, each in (found | {"source": "Eversense"} | more).items() if each is not None}


def values() -> list[Record]:
    """Three values, the second smoothed by two, with an arrow."""
    return [
        broadcast(START, 112, 112),
        broadcast(START + timedelta(minutes=5), 114, 116, direction="FortyFiveUp"),
        broadcast(START + timedelta(minutes=10), 118, 119, direction="NONE"),
    ]


def sentinels() -> list[Record]:
    """Numbers that stand for LO and HI, one that is no value, and one that has no raw number."""
    numbers = [(38, 38), (39, 38), (400, 400), (410, 410), (40, 40), (399, 399), (1001, 1001), (150, None)]
    return [broadcast(START + timedelta(minutes=5 * n), *each) for n, each in enumerate(numbers)]


def broadcast_files() -> dict[str, bytes]:
    """Every recording by its name."""
    made = {"broadcast.json": values(), "sentinels.json": sentinels(), "one-value.json": values()[0]}
    return {name: text(document) for name, document in made.items()}


# -------------------------------------------------------------------------------------------- spreadsheet


def english(wall: datetime) -> tuple[str, str]:
    """Day, month's name, year; 12 hours."""
    return f"{wall.day}-{wall:%B}-{wall:%Y}", f"{wall:%I:%M %p}".lstrip("0")


MONTHS = {3: "März", 10: "Oktober", 11: "November"}


def german(wall: datetime) -> tuple[str, str]:
    """The same in German, 24 hours."""
    return f"{wall.day}-{MONTHS[wall.month]}-{wall.year}", f"{wall:%H:%M}"


def resaved(wall: datetime) -> tuple[str, str]:
    """As a spreadsheet shows it: a short month, a short year."""
    return f"{wall.day}-{wall:%b}-{wall:%y}", f"{wall:%I:%M %p}".lstrip("0")


def cells(wall: datetime) -> tuple[date, time]:
    """Cells that a spreadsheet made of the texts."""
    return wall.date(), wall.time()


Form = Callable[[datetime], tuple[Cell, Cell]]


def rows(
    start: datetime,
    count: int,
    seed: int,
    form: Form = english,
    mmol: bool = False,
    zone: str = "Europe/Berlin",
) -> list[Sequence[Cell]]:
    """Readings each five minutes, the newest first."""
    curve, unit = Curve(Dice(seed)), "mmol/L" if mmol else "mg/dL"
    found: list[Sequence[Cell]] = []
    for wall, _ in walls(start, 300, count, zone):
        value = min(max(curve.step(), 40), 400)
        said = f"{value / 18 + 0.0001:.1f}" if mmol else str(value)
        found.append((*form(wall), said, unit, SENSOR))
    return found[::-1]


def csv(table: Sequence[Sequence[Cell]], end: str = "\r\n") -> bytes:
    """Commas, no quotes."""
    return "".join(",".join(map(str, row)) + end for row in (HEAD, *table)).encode()


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="Glucose" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs count="3"><xf numFmtId="0"/>'
    '<xf numFmtId="15" applyNumberFormat="1"/><xf numFmtId="18" applyNumberFormat="1"/></cellXfs></styleSheet>',
}


def workbook(table: Sequence[Sequence[Cell]]) -> bytes:
    """The same as .xlsx: texts, numbers, or cells of dates and times."""
    lines = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in (HEAD, *table))
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in {**_PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 2, 0, 0, 0)), part, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _cell(value: Cell) -> str:
    if isinstance(value, date):
        return f'<c s="1"><v>{(value - date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, time):
        return f'<c s="2"><v>{(value.hour * 60 + value.minute) / 1440:.10f}</v></c>'
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def autumn() -> list[Sequence[Cell]]:
    """The night in which summer time ends: an hour of stamps stands twice."""
    return rows(datetime(2026, 10, 25, 0, 30), 60, 85)


def two_sensors() -> list[Sequence[Cell]]:
    """A new sensor after a day of warm-up."""
    old = rows(datetime(2026, 3, 4, 18, 0), 12, 86)
    new = [(*row[:4], NEXT) for row in rows(datetime(2026, 3, 6, 9, 0), 12, 87)]
    return [*new, *old]


def marked() -> list[Sequence[Cell]]:
    """Words for out of range, a mark for no value, numbers that no sensor says, a blank."""
    table = [list(row) for row in rows(datetime(2026, 3, 5, 9, 0), 20, 88)]
    for place, said in ((2, "LO"), (3, "HI"), (5, "1001"), (7, "12"), (9, "")):
        table[place][2] = said
    return [tuple(row) for row in table]


def dms_files() -> dict[str, bytes]:
    """Every recording by its name."""
    march = datetime(2026, 3, 4, 21, 10)
    return {
        "english-12-hours.csv": csv(rows(march, 60, 82)),
        "english-12-hours.xlsx": workbook(rows(march, 60, 82)),
        "resaved-cells-of-dates.xlsx": workbook(rows(march, 60, 82, cells)),
        "resaved-short-months.csv": csv(rows(march, 60, 82, resaved)),
        "german-24-hours.csv": csv(rows(march, 60, 83, german), end="\n"),
        "mmol.csv": csv(rows(march, 40, 84, mmol=True)),
        "end-of-summer-time.csv": csv(autumn()),
        "two-sensors.csv": csv(two_sensors()),
        "out-of-range.csv": csv(marked()),
    }
