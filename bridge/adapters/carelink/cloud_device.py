"""Who made the records of a CareLink answer, and the floor of the glucose that it shows.

Law (`carelink.md` B2, B6): the pump receives the sensor and gives insulin, so every reading is the pump's: the
answer names only the sensor of its last minute, and a serial that changes inside a day would tell a day twice.
A family that is no pump (GUARDIAN, CGM, CC) is a device of no kind that is known here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bridge.mapping.cells import Column
from bridge.mapping.rule import Limit
from bridge.mapping.sheet import Sheet
from bridge.reading import Device, Unit

PUMPS: Final = frozenset({"PARADIGM", "NGP"})
FLOORS: Final = range(40, 61)
"""mg/dL: what `sgBelowLimit` can say."""


def device(sheet: Sheet, manufacturer: str, serial: str, model: str) -> tuple[str, Device]:
    """The pump; its key is its serial in lower case."""
    kind = "pump" if _said(sheet.column("family")).upper() in PUMPS else ""
    return serial.casefold(), Device(manufacturer, model, serial, kind=kind)


def floor(sheet: Sheet, mask: str, field: str, unit: Unit, limit: Limit) -> Limit:
    """Below which limit a value lies that is only marked as low: the answer's own, 40 or 50."""
    said = _said(sheet.column("floor"))
    told = said.isdigit() and int(said) in FLOORS and unit is Unit.MG_DL
    return Limit(low=Decimal(said), high=limit.high) if told else limit


def _said(column: Column) -> str:
    """What the first record says; the same in all of them."""
    return column.text(0) if len(column) else ""
