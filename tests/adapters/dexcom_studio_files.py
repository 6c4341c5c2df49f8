"""Dexcom Studio's exports of a receiver as the sheet describes them (dexcom.md A3.7); no real file was at hand.

Law: the header is that of public readers of such files; what stands below it is invented, from fixed numbers. The
internal clock of the receivers here stands three hours east of UTC, as it was seen to.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import openpyxl

from tests.adapters.curve import Curve, Dice, walls

Row = list[str]
HEADER = (
    "PatientInfoField",
    "PatientInfoValue",
    "GlucoseInternalTime",
    "GlucoseDisplayTime",
    "GlucoseValue",
    "MeterInternalTime",
    "MeterDisplayTime",
    "MeterValue",
    "EventLoggedInternalTime",
    "EventLoggedDisplayTime",
    "EventTime",
    "EventType",
    "EventDescription",
)
ADA = (
    ("Id", "{4F0C2A11-0000-4000-8000-00000000A0DA}"),
    ("FirstName", "Ada"),
    ("LastName", "Muster"),
    ("DateOfBirth", "1980-04-13"),
    ("SerialNumber", "SM10203040"),
    ("IsDataBlinded", "0"),
    ("IsKeepPrivate", "0"),
)


@dataclass
class Export:
    """Four tables, each filled from its first row on."""

    info: Sequence[tuple[str, str]] = ADA
    glucose: list[Row] = field(default_factory=list)
    meter: list[Row] = field(default_factory=list)
    entries: list[Row] = field(default_factory=list)

    def rows(self) -> list[Row]:
        """The tables side by side."""
        parts = ([list(each) for each in self.info], self.glucose, self.meter, self.entries)
        found = []
        for index in range(max(map(len, parts))):
            row: Row = []
            for part, width in zip(parts, (2, 3, 3, 5), strict=True):
                row += part[index] if index < len(part) else [""] * width
            found.append(row)
        return [list(HEADER), *found]


def written(export: Export, delimiter: str = "\t") -> bytes:
    """The file."""
    return ("\r\n".join(delimiter.join(row) for row in export.rows()) + "\r\n").encode()


def worn(start: datetime, count: int, zone: str, seed: int = 5, *, molar: bool = False) -> Export:
    """Readings of a person in a zone, from a wall time on, with fingersticks and entries between them."""
    out, curve = Export(), Curve(Dice(seed))
    begin = next(walls(start, 300, 1, zone))[0]
    for index, (wall, seconds) in enumerate(walls(start, 300, count, zone)):
        internal = begin + timedelta(hours=1, seconds=seconds)
        level = curve.step()
        out.glucose.append([str(internal), str(wall), _shown(level, molar=molar)])
        if index % 12 == 3:
            later = timedelta(seconds=95)
            out.meter.append([str(internal + later), str(wall + later), _amount(max(level, 45), molar=molar)])
    return out


def _shown(level: int, *, molar: bool) -> str:
    return "Low" if level < 40 else "High" if level > 400 else _amount(level, molar=molar)


def _amount(level: int, *, molar: bool) -> str:
    return f"{level * 10 // 18 / 10:.1f}" if molar else str(level)


def entered(out: Export, place: int, kind: str, words: str, before: int = 0, after: int = 40) -> None:
    """An entry typed in `after` seconds behind a reading, of something that happened `before` minutes earlier than
    the 40th of those seconds."""
    internal, wall, _ = out.glucose[place]
    shown, late = datetime.fromisoformat(wall), timedelta(seconds=after)
    happened = shown + timedelta(seconds=40, minutes=-before)
    logged = datetime.fromisoformat(internal) + late
    out.entries.append([str(logged), str(shown + late), str(happened), kind, words])


def repeated_hour() -> Export:
    """The night on which summer time ends, with every kind of entry."""
    out = worn(datetime(2025, 10, 25, 22, 0, 11), 96, "Europe/Berlin")
    entered(out, 3, "Carbs", "Carbs 35 grams", before=15)
    entered(out, 4, "Insulin", "Insulin 4.50 units")
    entered(out, 4, "Insulin", "Insulin 4.50 units", after=75)
    entered(out, 5, "Insulin", "Long-Acting Insulin 18.00 units")
    entered(out, 9, "Exercise", "Exercise Heavy 30 minutes")
    entered(out, 10, "Exercise", "Exercise Light")
    entered(out, 12, "Health", "Health Stress")
    entered(out, 13, "Health", "Health Moonstruck")
    entered(out, 14, "Carbs", "Carbs")
    entered(out, 15, "Insulin", "Insulin 2.00 or 3.00 units")
    entered(out, 16, "Party", "Party at Ben's 2")
    return out


def errors() -> Export:
    """Values that are no glucose."""
    out = worn(datetime(2025, 11, 3, 8, 0, 2), 20, "Europe/Berlin", seed=9)
    for place, code in enumerate(("1", "2", "3", "5", "6", "9", "10", "12", "7", "39", "401", "")):
        out.glucose[place][2] = code
    return out


def workbook() -> bytes:
    """An export saved as a workbook again, times as date cells and values as numbers: other bytes each time."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for place, row in enumerate(worn(datetime(2025, 11, 5, 8, 0, 2), 30, "Europe/Berlin").rows()):
        cells: list[object] = [cell or None for cell in row]
        if place:
            for at in (2, 3, 5, 6):
                cells[at] = datetime.fromisoformat(row[at]) if row[at] else None
            for at in (4, 7):
                cells[at] = int(row[at]) if row[at].isdigit() else row[at] or None
        sheet.append(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def files() -> dict[str, bytes]:
    """Every recording by its name."""
    plain = worn(datetime(2025, 11, 4, 8, 0, 2), 40, "Europe/Berlin", seed=6)
    plain.meter, plain.info = plain.meter[:2], ADA
    unknown = worn(datetime(2025, 11, 6, 8, 0, 2), 6, "Europe/Berlin")
    for place, row in enumerate(unknown.glucose):
        row[2] = str(4 + place)
    unknown.meter = []
    seven = worn(datetime(2025, 11, 7, 8, 0, 2), 12, "Europe/Berlin")
    seven.info = (("Id", "{00}"), ("SerialNumber", "900200100"))
    return {
        "g4-repeated-hour.txt": written(repeated_hour()),
        "g4-errors.txt": written(errors()),
        "g4-mmol.txt": written(worn(datetime(2025, 11, 8, 8, 0, 2), 30, "Europe/Berlin", molar=True)),
        "g4-no-unit.txt": written(unknown),
        "seven-plus.txt": written(seven),
        "resaved-commas.csv": written(plain, ","),
    }
