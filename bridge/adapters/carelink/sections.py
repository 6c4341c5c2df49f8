"""Where the sections of a CareLink export begin, whose they are, and whom the lines above them name.

Law (`carelink.md` A2): a separator of five fields names device, Pump or Sensor, and serial; the header follows,
and may come again without a separator, one block for each upload. What belongs to which device is told by
separators alone: line 1 and 2 list names and serials of several pumps side by side. Columns come and go, so
the header of each block is its own. A spreadsheet turns `-------` into `#NAME?`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np

from bridge.adapters.carelink.pages import AGGREGATED, LEGACY
from bridge.mapping.account import Person, Unreadable
from bridge.mapping.header import plain
from bridge.mapping.sheet import Sheet
from bridge.mapping.stages import Section, Sectioned
from bridge.mapping.table import Table
from bridge.reading import Device

RULE: Final = "-----"
MANGLED: Final = "#NAME?"
SENSOR: Final = "Sensor"
PHONES: Final = ("guardian", "simplera", "instinct")
"""Names of systems that are an app on a phone and have no pump."""
_STARTS: Final = tuple(b'-#iI"\xef')
_DATE: Final = re.compile(r" *(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?= |$)")


def sections(table: Table) -> Sectioned:
    """Every block of rows under a header of its own."""
    edges = [(row, table.cells(row)) for row in _candidates(table) if _is_edge(table.cells(row))]
    first = edges[0][0] if edges else len(table)
    above = tuple(tuple(table.cells(row)) for row in range(first))
    found = list(_blocks(table, edges, _sensors(above, edges)))
    return Sectioned(tuple(found), above)


def _candidates(table: Table) -> list[int]:
    """Rows whose first letter a separator or a header can have."""
    column = table.column(0)
    return np.flatnonzero(column.filled & np.isin(column.buffer[column.start], _STARTS)).tolist()


def _is_edge(cells: Sequence[str]) -> bool:
    return _is_separator(cells) or (plain(cells[0]) == "Index" and len(cells) > 2)


def _is_separator(cells: Sequence[str]) -> bool:
    mark = plain(cells[0])
    return len(cells) > 3 and (mark.startswith(RULE) or mark == MANGLED) and bool(cells[1].strip())


def _blocks(
    table: Table, edges: Sequence[tuple[int, list[str]]], sensors: dict[str, str]
) -> Iterator[Section]:
    told, kind = {"model": "", "serial": "", "part": "", "cgm": ""}, ""
    for (row, cells), (after, _) in pairwise([*edges, (len(table), [])]):
        rows = np.arange(row + 1, after)
        if _is_separator(cells):
            model, part, serial = (cell.strip() for cell in cells[1:4])
            told = {"model": model, "serial": serial, "part": part, "cgm": sensors.get(model, "")}
            kind = AGGREGATED if "Aggregated" in "".join(cells[4:]) else part.casefold()
            if len(rows):
                yield Section(f"{kind} without a header", (), rows, told)
            continue
        found = _generation(kind, cells)
        if not found:
            raise Unreadable(
                f"line {int(table.line[row])} is a header, but no line above it names the device (-------;name;Pump;"
                "serial): use the file as it was downloaded"
            )
        yield Section(found, tuple(cells), rows, told)


def _generation(kind: str, header: Sequence[str]) -> str:
    """Pumps that write two decimals (until the 640G) have a column Alarm instead of Alert."""
    names = {plain(cell) for cell in header}
    if "Raw-Type" in names:
        return LEGACY
    return "older-pump" if kind == "pump" and "Alarm" in names else kind


def _sensors(above: Sequence[Sequence[str]], edges: Sequence[tuple[int, list[str]]]) -> dict[str, str]:
    """Device name -> name of its CGM: the lines above list both in one order, or one CGM for all."""
    models = list(dict.fromkeys(cells[1].strip() for _, cells in edges if _is_separator(cells)))
    for cells in above:
        if "CGM" in cells:
            named = [cell.strip() for cell in cells[list(cells).index("CGM") + 1 :] if cell.strip()]
            if len(named) == 1:
                named *= len(models)
            return dict(zip(models, named, strict=False)) if len(named) == len(models) else {}
    return {}


def device(sheet: Sheet, manufacturer: str, serial: str, model: str) -> tuple[str, Device]:
    """The pump of a section, or the app, whose number is that of an installation; of a Sensor section the CGM,
    whose own serial no separator tells."""
    key = (serial or model).casefold()
    if len(sheet) and sheet.column("part").text(0) == SENSOR:
        return key, Device(manufacturer, sheet.column("cgm").text(0) or model, kind="sensor")
    if is_phone(model):
        return key, Device(manufacturer, model, install=serial, kind="app")
    return key, Device(manufacturer, model, serial, kind="pump")


def is_phone(model: str) -> bool:
    """Whether a system's clock is that of a phone."""
    return model.casefold().startswith(PHONES)


def person(sheet: Sheet, mask: str) -> Person | None:
    """Names and patient id below their labels; the birth date beside its own."""
    name, identifiers, born = "", tuple[tuple[str, str], ...](), None
    for labels, cells in pairwise((*sheet.above, ())):
        told = dict(zip((plain(label) for label in labels), (cell.strip() for cell in cells), strict=False))
        if "Last Name" in told:
            name = " ".join(told[part] for part in ("First Name", "Last Name") if told.get(part))
            identifiers = (("", told["Patient ID"]),) if told.get("Patient ID") else ()
        if labels and plain(labels[0]) == "Patient DOB":
            born = _birth(next((cell for cell in labels[1:] if _DATE.match(cell)), ""), sheet.above)
    return Person(name, born, identifiers) if name or identifiers or born else None


def _birth(text: str, above: Sequence[Sequence[str]]) -> date | None:
    """A date whose day and month are told apart by itself or by the other dates above the rows: all are in
    one order."""
    found = _DATE.match(text)
    if found is None:
        return None
    dated = [match for row in above for cell in row if (match := _DATE.match(cell))]
    others = [match for match in dated if 4 in (len(match[1]), len(match[3]))]  # others are versions
    orders = [order for order in ("YMD", "DMY", "MDY") if all(_dated(each, order) for each in others)]
    options = {_dated(found, order) for order in orders}
    return options.pop() if len(options) == 1 else None


def _dated(found: re.Match[str], order: str) -> date | None:
    parts = {part: int(text) for part, text in zip(order, found.groups(), strict=True)}
    if len(found[1 + order.index("Y")]) != 4:
        return None
    try:
        return date(parts["Y"], parts["M"], parts["D"])
    except ValueError:
        return None
