"""Dexcom's names for what is worn and what shows it: products behind the API's codes.

Law (`dexcom.md` A1.5, A1.7, B): a generation is no product (ONE and ONE+ report g6 and g7), so the app and the
variant speak first; every list is open, and a code that is not known stays as it is written. The API's id of a
transmitter is a hash, no serial: it tells devices apart and is never printed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from bridge.mapping.cells import Words
from bridge.mapping.json_cells import texts
from bridge.mapping.sheet import Sheet
from bridge.reading import Device

GENERATIONS: Final = {
    "g4": "Dexcom G4",
    "g5": "Dexcom G5",
    "g6": "Dexcom G6",
    "g6+": "Dexcom G6",
    "g6pro": "Dexcom G6 Pro",
    "g6 pro": "Dexcom G6 Pro",
    "dexcompro": "Dexcom Pro",
    "g7": "Dexcom G7",
    "g715day": "Dexcom G7 15 Day",
    "d1+": "Dexcom ONE+",
    "unknown": "",
}
APPS: Final = {"dexcomone": "Dexcom ONE", "d1g7": "Dexcom ONE+"}
"""Apps that say more than the generation."""
SENSORS: Final = frozenset({"Dexcom G7", "Dexcom G7 15 Day", "Dexcom ONE+", "Stelo"})
"""Products whose sensor and transmitter are one thing."""
RECEIVERS: Final = frozenset({"receiver", "sharereceiver", "touchscreenreceiver"})


def product(sheet: Sheet) -> Sheet:
    """The sheet with a field `product`, from `generation` (or variant) and `app`."""
    generation, app = sheet.column("generation").words(), sheet.column("app").words()
    named: dict[str, int] = {}
    pairs = [_product(each, other) for each in generation.texts for other in app.texts]
    code = np.array([named.setdefault(name, len(named)) for name in pairs] or [0], np.int32)
    words = Words(tuple(named), code[generation.codes * np.int32(len(app.texts)) + app.codes])
    return sheet.with_columns({"product": replace(texts(words.texts).at(words.codes), known=words)})


def _product(generation: str, app: str) -> str:
    return APPS.get(app.casefold(), GENERATIONS.get(generation.casefold(), generation))


def transmitter(sheet: Sheet, manufacturer: str, serial: str, model: str) -> tuple[str, Device]:
    """The transmitter, or sensor, behind a hash; without one, what is known of all that have none."""
    if not serial:
        unnamed = np.flatnonzero(~sheet.column("transmitter").filled)
        models = sheet.column("product").at(unnamed).words().texts
        model = models[0] if len(models) == 1 else ""
    kind = "sensor" if model in SENSORS else "transmitter"
    return serial.casefold(), Device(manufacturer, model, install=serial, kind=kind)


def display(sheet: Sheet, manufacturer: str, serial: str, model: str) -> tuple[str, Device]:
    """What an entry was made in. `serial`: what the API calls the device that showed it. All apps of a person are
    one, for entries follow their person to the next phone."""
    kind = "receiver" if serial.casefold() in RECEIVERS else "app"
    return kind, Device(manufacturer, f"{model} {kind}" if model else kind, kind=kind)
