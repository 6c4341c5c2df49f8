"""CareLink exports as Medtronic writes them (carelink.md A1-A4): headers of each generation, sections, preambles.

Law: exact in form, invented in content. Rows are given in order of time and written newest first, as the vendor
does; `Index` counts on over all sections. A cell is called by its short name, numbers are written with a point and
become commas where the file's region wants them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

Row = list[str]
Told = Mapping[str, str]

MINIMED_780G = [
    "Index", "Date", "Time", "New Device Time", "BG Source", "BG Reading (mg/dL)", "Linked BG Meter ID",
    "Basal Rate (U/h)", "Temp Basal Amount", "Temp Basal Type", "Temp Basal Duration (h:mm:ss)", "Bolus Type",
    "Bolus Volume Selected (U)", "Bolus Volume Delivered (U)", "Bolus Duration (h:mm:ss)", "Prime Type",
    "Prime Volume Delivered (U)", "Estimated Reservoir Volume after Fill (U)", "Alert", "User Cleared Alerts",
    "Suspend", "Rewind", "BWZ Estimate (U)", "BWZ Target High BG (mg/dL)", "BWZ Target Low BG (mg/dL)",
    "BWZ Carb Ratio (g/U)", "BWZ Insulin Sensitivity (mg/dL/U)", "BWZ Carb Input (grams)",
    "BWZ BG/SG Input (mg/dL)", "BWZ Correction Estimate (U)", "BWZ Food Estimate (U)", "BWZ Active Insulin (U)",
    "BWZ Status", "Sensor Calibration BG (mg/dL)", "Sensor Glucose (mg/dL)", "ISIG Value", "Event Marker",
    "Bolus Number", "Bolus Cancellation Reason", "BWZ Unabsorbed Insulin Total (U)", "Final Bolus Estimate",
    "Scroll Step Size", "Insulin Action Curve Time", "Sensor Calibration Rejected Reason", "Preset Bolus",
    "Bolus Source", "BLE Network Device", "Device Update Event", "Network Device Associated Reason",
    "Network Device Disassociated Reason", "Network Device Disconnected Reason", "Sensor Exception",
    "Preset Temp Basal Name", "Sensor State",
]  # fmt: skip
_LATER = {
    "BG Source",
    "Estimated Reservoir Volume after Fill (U)",
    "User Cleared Alerts",
    "BLE Network Device",
    "Sensor State",
}
MINIMED_640G = [
    "BWZ BG Input (mg/dL)" if name.startswith("BWZ BG/SG") else name
    for name in MINIMED_780G
    if name != "BG Source"
]
GUARDIAN_4 = [
    {"Alert": "Alarm", "BWZ BG/SG Input (mg/dL)": "BWZ BG Input (mg/dL)"}.get(name, name)
    for name in MINIMED_780G
    if name not in _LATER
]
GUARDIAN_CONNECT = [name for name in GUARDIAN_4 if name != "Device Update Event"]
PARADIGM = [name for name in GUARDIAN_CONNECT if name != "BWZ Status"]
RAW = [
    "Index", "Date", "Time", "Timestamp", "New Device Time", "BG Reading (mg/dL)", "Linked BG Meter ID",
    "Temp Basal Amount (U/h)", "Temp Basal Type", "Temp Basal Duration (hh:mm:ss)", "Bolus Type",
    "Bolus Volume Selected (U)", "Bolus Volume Delivered (U)", "Programmed Bolus Duration (hh:mm:ss)", "Prime Type",
    "Prime Volume Delivered (U)", "Suspend", "Rewind", "BWZ Estimate (U)", "BWZ Target High BG (mg/dL)",
    "BWZ Target Low BG (mg/dL)", "BWZ Carb Ratio (grams)", "BWZ Insulin Sensitivity (mg/dL)",
    "BWZ Carb Input (grams)", "BWZ BG Input (mg/dL)", "BWZ Correction Estimate (U)", "BWZ Food Estimate (U)",
    "BWZ Active Insulin (U)", "Alarm", "Sensor Calibration BG (mg/dL)", "Sensor Glucose (mg/dL)", "ISIG Value",
    "Daily Insulin Total (U)", "Raw-Type", "Raw-Values", "Raw-ID", "Raw-Upload ID", "Raw-Seq Num", "Raw-Device Type",
]  # fmt: skip

STARTS: Mapping[str, str | tuple[str, ...]] = {
    "new": "New Device Time", "source_bg": "BG Source", "bg": "BG Reading", "meter": "Linked BG", "basal": "Basal Rate",
    "temp": "Temp Basal Amount", "temp_type": "Temp Basal Type", "temp_for": "Temp Basal Duration",
    "bolus": "Bolus Type", "selected": "Bolus Volume Selected", "delivered": "Bolus Volume Delivered",
    "over": ("Bolus Duration", "Programmed Bolus Duration"), "prime": "Prime Type", "prime_u": "Prime Volume",
    "reservoir": "Estimated Reservoir", "alarm": ("Alert", "Alarm"), "cleared": "User Cleared", "suspend": "Suspend",
    "rewind": "Rewind", "estimate": "BWZ Estimate", "high": "BWZ Target High", "low": "BWZ Target Low",
    "ratio": "BWZ Carb Ratio", "isf": "BWZ Insulin Sensitivity", "carbs": "BWZ Carb Input", "asked": "BWZ BG",
    "correction": "BWZ Correction", "food": "BWZ Food", "active": "BWZ Active", "status": "BWZ Status",
    "calibration": "Sensor Calibration BG", "sg": "Sensor Glucose", "isig": "ISIG", "marker": "Event Marker",
    "number": "Bolus Number", "cancelled": "Bolus Cancellation", "unabsorbed": "BWZ Unabsorbed",
    "final": "Final Bolus", "scroll": "Scroll", "action": "Insulin Action", "rejected": "Sensor Calibration Rejected",
    "source": "Bolus Source", "ble": "BLE", "exception": "Sensor Exception", "raw_type": "Raw-Type",
    "raw": "Raw-Values", "id": "Raw-ID", "device": "Raw-Device",
}  # fmt: skip
WORDS = frozenset({"new", "marker", "temp_for", "over", "raw"})
"""Cells that are not numbers where they hold points."""


def at(text: str) -> datetime:
    """`2024-10-27 09:30:52`."""
    return datetime.fromisoformat(text)


@dataclass
class Section:
    """Rows under a separator. `last`: the fifth field of the separator; '' where only the header comes again."""

    model: str
    part: str
    serial: str
    header: Sequence[str]
    last: str = "------- "
    rows: list[tuple[datetime, Told]] = field(default_factory=list)

    def say(self, stamp: str, **cells: str) -> None:
        """A row, later than all before it."""
        self.rows.append((at(stamp), cells))

    def dose(self, programmed: str, given: str, units: str, number: str, source: str, **more: str) -> None:
        """The two rows of a dose."""
        cells = {"bolus": "Normal", "selected": units, "number": number, "source": source, **more}
        self.say(programmed, **{name: text for name, text in cells.items() if name != "delivered"})
        self.say(given, **{"delivered": units, **cells})

    def sensor(self, start: str, values: Sequence[int | str], isig: bool = True) -> None:
        """Sensor glucose each five minutes; a word is an exception, '' a gap."""
        for number, value in enumerate(values):
            stamp = str(at(start) + timedelta(minutes=5 * number))
            if isinstance(value, int):
                self.say(stamp, sg=str(value), **({"isig": f"{value / 5:.2f}"} if isig else {}))
            elif value:
                self.say(stamp, exception=value)


@dataclass
class Book:
    """An export: lines above, sections, and how the region writes."""

    above: Sequence[Row]
    sections: Sequence[Section]
    delimiter: str = ";"
    mark: bool = True
    first: int = 0

    @property
    def point(self) -> str:
        """The decimal point: a comma beside semicolons."""
        return "," if self.delimiter == ";" else "."

    def table(self) -> Iterator[Row]:
        """All lines as cells; blank lines are []."""
        yield from self.above
        index = self.first
        for section in self.sections:
            yield []
            if section.last:
                yield ["-------", section.model, section.part, section.serial, section.last]
            yield list(section.header)
            for stamp, cells in reversed(section.rows):
                yield self._row(index, stamp, cells, section.header)
                index += 1

    def _row(self, index: int, stamp: datetime, cells: Told, header: Sequence[str]) -> Row:
        raw = "Raw-Type" in header
        row = [""] * len(header)
        row[0] = str(index) if raw else f"{index}.00000".replace(".", self.point)
        day = f"{stamp.month}/{stamp.day}/{stamp:%y}" if raw else f"{stamp:%Y/%m/%d}"
        row[1], row[2] = day, f"{stamp:%H:%M:%S}"
        if raw:
            row[3] = f"{day} {stamp:%H:%M:%S}"
        for name, text in cells.items():
            place = next(n for n, heading in enumerate(header) if heading.startswith(STARTS[name]) and n > 2)
            row[place] = text if name in WORDS else text.replace(".", self.point)
        return row

    def csv(self, end: str = "\r\n") -> bytes:
        """The bytes. In line 2 names and dates are quoted, up to the words Serial Number."""
        lines = []
        for row in self.table():
            quoted = row.index("Serial Number") + 1 if "Serial Number" in row else 0
            cells = [f'"{cell}"' for cell in row[:quoted]]
            cells += [_quoted(cell, self.delimiter) for cell in row[quoted:]]
            lines.append(self.delimiter.join(cells) + end)
        return (b"\xef\xbb\xbf" if self.mark else b"") + "".join(lines).encode()


def _quoted(cell: str, delimiter: str) -> str:
    return f'"{cell}"' if delimiter in cell else cell
