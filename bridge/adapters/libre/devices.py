"""Who made a LibreView row, and whom the file names.

Law (`libre.md` A1.1, A1.4): Serial Number is an app install's UUID or a reader's serial, never the sensor's. A
new phone is a new install and both can overlap, so each is a series. The patient stands in line 2 of a
clinic's report; a person's own download names its account in line 1, a report's line 1 names the clinician.
The desktop text has the patient alone in its first line, which some copies pad with delimiters.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from bridge.mapping.account import Person
from bridge.mapping.sheet import Sheet
from bridge.reading import Device

INSTALL: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_METERS: Final = ("optium", "precision")
_NUMBERS: Final = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})")


def device(sheet: Sheet, manufacturer: str, serial: str, model: str) -> tuple[str, Device]:
    """An app install, a blood meter, or a reader; its key is the serial in lower case."""
    if INSTALL.fullmatch(serial):
        return serial.lower(), Device(manufacturer, model, install=serial.lower(), kind="app")
    is_meter = any(word in model.casefold() for word in _METERS)
    kind = "meter" if is_meter else "receiver" if serial else ""
    return serial.lower(), Device(manufacturer, model, serial, kind=kind)


def person(sheet: Sheet, mask: str) -> Person | None:
    """The patient that the lines above the header name."""
    above = [[cell.strip() for cell in row] for row in sheet.above if any(cell.strip() for cell in row)]
    if len(above) >= 2:
        name = above[1][0]
        births = [cell for cell in above[1][1:] if _NUMBERS.fullmatch(cell)]
        return Person(name, _birth(births[0], mask) if births else None) if name else None
    if not above:
        return None
    filled = [cell for cell in above[0] if cell]
    said = filled[0] if len(filled) == 1 else above[0][4] if len(above[0]) > 4 else ""
    return Person(said) if said else None


def _birth(text: str, mask: str) -> date | None:
    """A birth date in the order of the file's stamps; None where its year has two digits."""
    found = _NUMBERS.fullmatch(text)
    if found is None:
        return None
    parts = dict(zip(sorted("YMD", key=mask.find), found.groups(), strict=True))
    if len(parts["Y"]) != 4:
        return None
    try:
        return date(int(parts["Y"]), int(parts["M"]), int(parts["D"]))
    except ValueError:
        return None
