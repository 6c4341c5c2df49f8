"""A second reading of the same exports: the csv module, a loop, and the fact sheets. No line of it is shared.

Law: dull on purpose. A row is a dict of what it holds; what the bridge does in columns is done here cell by
cell. Instants are those of a clock that stands in one zone and never travels; `ticked` says which readings
the ticks settle otherwise, so that those are compared by order alone.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Plain:
    """What a file holds: per stream the (UTC instants, amounts) that a person would read from it."""

    rows: int
    ignored: int
    rejected: int
    streams: dict[str, list[tuple[int, float]]]


def _instant(wall: datetime, zone: str) -> int:
    return round(wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).timestamp() * 1000)


def _lines(path: Path) -> list[list[str]]:
    text = path.read_bytes().decode("utf-8-sig")
    delimiter = "\t" if "\t" in text[:400] else ","
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def clarity(path: Path, zone: str) -> Plain:
    """A Clarity export."""
    streams: dict[str, list[tuple[int, float]]] = defaultdict(list)
    table = _lines(path)[1:]
    ignored = 0
    for line in table:
        row = line + [""] * (14 - len(line))
        if not row[1]:
            ignored += 1
            continue
        instant = _instant(datetime.fromisoformat(row[1]), zone)
        kind = row[2]
        if kind == "EGV":
            low, high = row[3] == "Low" or row[7] == "Low", row[7] == "High"
            value = 40.0 if low else 400.0 if high else float(row[7])
            streams["glucose"].append((instant, min(max(value, 40.0), 400.0)))
        elif kind == "Calibration":
            streams["calibration"].append((instant, float(row[7])))
        elif kind == "Insulin":
            streams["bolus"].append((instant, float(row[8])))
        elif kind == "Carbs":
            streams["carbs"].append((instant, float(row[9])))
        elif kind == "Exercise":
            hours, minutes, _ = row[10].split(":")
            streams["activity"].append((instant, int(hours) * 60.0 + int(minutes)))
        elif kind == "Health":
            streams["event"].append((instant, 0.0))
        else:
            raise AssertionError(f"{path.name}: {row}")
    return Plain(len(table), ignored, 0, dict(streams))


FORMS = {"US": "%m-%d-%Y %I:%M %p", "DMY": "%d-%m-%Y %H:%M", "SHORT": "%m/%d/%y %H:%M"}


def _stamp(text: str, form: str) -> datetime:
    return datetime.strptime(f"{text} +0000", f"{FORMS[form]} %z").replace(tzinfo=None)


def libreview(path: Path, zone: str, form: str) -> Plain:
    """A LibreView download; `form` names its dates."""
    streams: dict[str, list[tuple[int, float]]] = defaultdict(list)
    lines = _lines(path)
    head = next(place for place, row in enumerate(lines) if sum(bool(cell) for cell in row) > 10)
    old = lines[head][0] == "Meter Timestamp"
    ceiling, floor = (27.8, 2.2) if "mmol" in lines[head][4] else (500.0, 40.0)
    ignored = 0
    for line in lines[head + 1 :]:
        # The old form has no device, no serial, and one column more after the servings.
        row = ["", "", *line[:9], *line[10:]] if old else line
        instant = _instant(_stamp(row[2], form), zone)
        type_, found = row[3], ""
        if type_ in "01" and row[4]:
            found, text = "glucose", row[4]
        elif type_ == "1" and "Libre 3" in row[0]:
            ignored += 1
            continue
        elif type_ == "1":
            found, text = "glucose", row[5]
        elif type_ == "2":
            found, text = "capillary", row[14]
        elif type_ == "3":
            found, text = "ketone", f"{row[15]}.{row[16]}"
        elif type_ == "4":
            doses = (
                [f"{row[7]}.{row[8] or 0}"] if row[7] else [f"{row[12]}.{row[13] or 0}"] if row[12] else ["0"]
            )
            found, text = "bolus", doses[0]
        elif type_ == "5":
            found, text = "carbs", row[9] or "0"
        elif row[13]:
            found, text = "note", "0"
        else:
            ignored += 1
            continue
        value = float(text)
        if found == "glucose":
            value = min(max(value, floor), ceiling)
        streams[found].append((instant, value))
    return Plain(len(lines) - head - 1, ignored, 0, dict(streams))
