"""A second reading of CareLink exports: lines, cells and arithmetic. No line of it is shared with the bridge.

Law: dull on purpose. Only what a person with a spreadsheet would do: cells by heading, repeated rows left out, sums.
Times are the pump's own; nothing here knows a zone.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """A row: its line in the file, its device and section, its cells by heading without the unit."""

    number: int
    device: str
    part: str
    cells: dict[str, str]

    @property
    def stamp(self) -> str:
        """Date and time as they are written."""
        return f"{self.cells['Date']} {self.cells['Time']}"

    def number_in(self, name: str) -> float:
        """A cell as a number."""
        return float(self.cells[name].replace(",", "."))


def lines(path: Path) -> Iterator[Line]:
    """Every data row."""
    text = path.read_bytes().decode("utf-8-sig")
    delimiter = ";" if text.count(";") > text.count(",") else ","
    head: list[str] = []
    device = part = ""
    for number, line in enumerate(text.splitlines(), 1):
        row = next(csv.reader([line], delimiter=delimiter), [])
        if line.startswith("-------"):
            device, part, head = row[3], "Sums" if "Aggregated" in row[4] else row[2], []
        elif row and row[0] == "Index":
            head = [heading.split(" (")[0] for heading in row]
        elif head and any(row):
            cells = {name: cell for name, cell in zip(head, row, strict=False) if cell and name != "Index"}
            yield Line(number, device, part, cells)


def distinct(path: Path) -> list[Line]:
    """Rows that differ in more than their index."""
    seen: set[tuple[object, ...]] = set()
    found = []
    for line in lines(path):
        said = (line.device, line.part, *sorted(line.cells.items()))
        if said not in seen:
            found.append(line)
        seen.add(said)
    return found


def delivered_by_day(path: Path) -> dict[tuple[str, str], float]:
    """Insulin by device and day: what was delivered in doses, and doses typed into an app."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    for line in distinct(path):
        if (
            "Bolus Volume Delivered" in line.cells
            and line.cells.get("Bolus Source") != "CLOSED_LOOP_AUTO_INSULIN"
        ):
            found[line.device, line.cells["Date"]] += line.number_in("Bolus Volume Delivered")
        entry = line.cells.get("Event Marker", "")
        if entry.startswith("Insulin: "):
            found[line.device, line.cells["Date"]] += float(entry[9:].replace(",", "."))
    return {day: round(units, 3) for day, units in found.items()}


def steady_rates(path: Path, device: str) -> list[tuple[str, str, float]]:
    """(from, to, rate) where two rows with a rate follow each other, and from four hours before the first to the
    second nothing else happened to it: no suspension, no temporary rate, no rewind, no clock change."""
    rows = [line for line in distinct(path) if line.device == device and line.part == "Pump"]
    rated = sorted((line for line in rows if "Basal Rate" in line.cells), key=lambda line: line.stamp)
    touching = {"Suspend", "Temp Basal Type", "Rewind"}
    busy = [_time(line.stamp) for line in rows if touching & line.cells.keys()]
    moved = [line for line in rows if line.cells.get("New Device Time", line.stamp) != line.stamp]
    busy += [_time(stamp) for line in moved for stamp in (line.stamp, line.cells["New Device Time"])]
    found = []
    for one, two in pairwise(rated):
        start, end = _time(one.stamp), _time(two.stamp)
        quiet = not any(start - timedelta(hours=4) <= each <= end for each in busy)
        if quiet and start < end < start + timedelta(days=1):
            found.append((one.stamp, two.stamp, one.number_in("Basal Rate")))
    return found


def _time(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp.replace("/", "-"))
