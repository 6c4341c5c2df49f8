"""Dexcom Studio's export of a receiver (G4, Seven Plus): four tables side by side in the same rows.

Law (`dexcom.md` A3.7; no real file was at hand, so this obeys the sheet and what public readers of such files
say): what a person and receiver are called, sensor readings, fingersticks and entries each fill their own columns
from the first row on, so rows mean nothing. The file names no unit: numbers with decimals that all lie low are
mmol/L, numbers of 39 and more are mg/dL, and where neither is there nothing is read. Entries are texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np

from bridge.mapping.account import Person, Unreadable
from bridge.mapping.cells import Numbers
from bridge.mapping.header import plain
from bridge.mapping.json_cells import texts
from bridge.mapping.sheet import Sheet
from bridge.mapping.stages import Section, Sectioned
from bridge.mapping.table import Table
from bridge.reading import Device

GROUPS: Final = {"patient": "patientinfo", "glucose": "glucose", "meter": "meter", "entries": "event"}
"""Kind of a table -> how the headings of its columns begin."""
MOST_ABOVE: Final = 40
LEAST_MASS: Final = 39
MOST_MOLAR: Final = 34
_G4: Final = re.compile(r"SM\d+", re.IGNORECASE)


def column_groups(table: Table) -> Sectioned:
    """The tables of the file. What the first of them says of person and receiver is told of all; a column of none
    is unknown beside the sensor readings."""
    top = _header_row(table)
    header = [plain(cell) for cell in table.cells(top)]
    homes = [_home(cell.casefold()) for cell in header]
    below = np.arange(top + 1, len(table))
    told: dict[str, str] = {}
    sections = []
    for kind in GROUPS:
        own = [at for at, home in enumerate(homes) if home == kind]
        filled = np.zeros(len(table), np.bool_)
        for at in own:
            filled |= table.column(at).filled
        rows = below[filled[below]]
        if kind == "patient":
            told = _told(table, own, rows)
        cells = tuple(cell if home == kind else "" for cell, home in zip(header, homes, strict=True))
        sections.append(Section(kind, cells, rows, told, frozenset(own)))
    return Sectioned(tuple(sections))


def _home(heading: str) -> str:
    return next((kind for kind, begin in GROUPS.items() if heading.startswith(begin)), "glucose")


def _header_row(table: Table) -> int:
    for row in range(min(len(table), MOST_ABOVE)):
        if any(cell.casefold().startswith("glucoseinternaltime") for cell in table.cells(row)):
            return row
    raise Unreadable("the header with GlucoseInternalTime was not found: use the file as it was exported")


def _told(table: Table, own: Sequence[int], rows: np.typing.NDArray[np.intp]) -> dict[str, str]:
    """Field -> value, from both columns of the first table."""
    if len(own) < 2:
        return {}
    names, values = (table.column(at).at(rows).texts() for at in own[:2])
    return {name.casefold(): value for name, value in zip(names, values, strict=True) if name}


def units(parts: Sequence[tuple[str, Sheet]]) -> Sequence[Sheet]:
    """The sheets, those with glucose with a field `unit`: that of the whole file, blank where nothing tells."""
    numbers = [sheet.column("value").numbers() for _, sheet in parts if "value" in sheet.columns]
    unit = _unit(numbers)
    return [
        sheet.with_columns({"unit": texts([unit] * len(sheet))}) if "value" in sheet.columns else sheet
        for _, sheet in parts
    ]


def _unit(found: Sequence[Numbers]) -> str:
    amounts = np.concatenate([n.amount[n.ok] / 10.0 ** n.decimals[n.ok] for n in found] or [np.zeros(0)])
    if (amounts >= LEAST_MASS).any():
        return "mg/dL"
    return "mmol/L" if len(amounts) and amounts.max() <= MOST_MOLAR and (amounts % 1 > 0).any() else ""


def receiver(sheet: Sheet, manufacturer: str, serial: str, model: str) -> tuple[str, Device]:
    """The receiver, by the form of its serial."""
    name = "Dexcom G4" if _G4.fullmatch(serial) else "Dexcom Seven Plus" if serial.isdigit() else ""
    return serial.casefold(), Device(manufacturer, name, serial, kind="receiver")


def person(sheet: Sheet, mask: str) -> Person | None:
    """Whom the first table names; Studio's own number of a patient is an identifier."""
    if not len(sheet):
        return None
    said = {name: sheet.column(name).text(0) for name in ("first", "last", "name", "born", "id")}
    name = " ".join(part for part in (said["first"], said["last"]) if part) or said["name"]
    identifiers = (("dexcom-studio", said["id"]),) if said["id"] else ()
    born = _date(said["born"])
    return Person(name, born, identifiers) if name or born or identifiers else None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
