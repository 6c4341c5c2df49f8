"""Clarity's undated first lines: whom the file names, and which devices.

Law (`dexcom.md` A3.2): lines without a time, in any language and number: FirstName, LastName, sometimes
PatientIdentifier, DateOfBirth, then a line for each display device. They are found by place, not by name.
The printed transmitter or sensor id is a serial; the display device is in no key (its spelling changes).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

import numpy as np

from bridge.mapping.account import Person
from bridge.mapping.sheet import Sheet
from bridge.reading import Device

_SENSOR: Final = re.compile(r"\d{12}")
_MODELS: Final = (
    ("G5", "Dexcom G5", False),
    ("G6", "Dexcom G6", False),
    ("G7", "Dexcom G7", True),
    ("ONE+", "Dexcom ONE+", True),
    ("ONE", "Dexcom ONE", False),
    ("Stelo", "Stelo", True),
)
"""(word in the display device's name, model, whether each sensor has a 12-digit id of its own)."""


def device(sheet: Sheet, manufacturer: str, serial: str, model: str) -> tuple[str, Device]:
    """The transmitter or sensor of an id; without an id, the app that the entry was made in, or, in files
    that have no ids, what is known of the sensor."""
    shown = _displays(sheet)
    models = {found for name in shown for found in (_model(name),) if found}
    if not serial and "transmitter" not in sheet.columns:
        return "", Device(manufacturer, next(iter(models)) if len(models) == 1 else "")
    if not serial:
        return "", Device(manufacturer, shown[0] if shown else "", kind="app")
    own_id = _SENSOR.fullmatch(serial) is not None
    fitting = {name for _, name, each in _MODELS if name in models and each == own_id}
    named = next(iter(fitting)) if len(fitting) == 1 else ""
    return serial, Device(manufacturer, named, serial, kind="sensor" if own_id else "transmitter")


def _model(display: str) -> str:
    return next((model for word, model, _ in _MODELS if word.casefold() in display.casefold()), "")


def _displays(sheet: Sheet) -> list[str]:
    info = sheet.column("device_info")
    undated = np.flatnonzero(info.filled & ~sheet.column("timestamp").filled)
    return list(dict.fromkeys(info.at(undated).texts()))


def person(sheet: Sheet, mask: str) -> Person | None:
    """Names, then what is no date as an identifier, then the birth date: by place, whatever the language."""
    info = sheet.column("patient_info")
    undated = np.flatnonzero(info.filled & ~sheet.column("timestamp").filled)
    said = info.at(undated).texts()
    if not said:
        return None
    name, rest = " ".join(said[:2]), said[2:]
    births = [text for text in rest if _is_date(text)]
    identifiers = tuple(("", text) for text in rest if not _is_date(text))
    return Person(name, _birth(births[0]) if births else None, identifiers)


_DATE: Final = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})( .*)?")


def _is_date(text: str) -> bool:
    return _DATE.fullmatch(text) is not None


def _birth(text: str) -> date | None:
    """The date where it can be read in one way alone: a year of four digits, day and month told apart."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    one, two, three = (int(found[part]) for part in (1, 2, 3))
    if len(found[1]) == 4:
        options = {(one, two, three)}
    elif len(found[3]) == 4:
        options = {(three, month, day) for month, day in ((one, two), (two, one)) if month <= 12}
    else:
        return None
    try:
        return date(*options.pop()) if len(options) == 1 else None
    except ValueError:
        return None
