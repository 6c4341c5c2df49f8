"""Cells that hold several things in words: logbook entries, devices added and removed, fills.

Law (`carelink.md` A4): `Insulin: 27,00` and `Meal: 45,00grams` are amounts that a person typed; the words of other
entries are kept as they are. A device's serial in a sentence is cut out: serials have a place of their own, and
who may see events need not see them. Begin and end of a day are no events.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bridge.adapters.carelink.pages import Page, pages_of, sheets_of
from bridge.mapping.sheet import Sheet

DAY_EDGES: Final = ("start of the day", "end of the day")
_DOSE: Final = re.compile(r"insulin: *(\d+(?:[.,]\d+)?) *(?:u|units)?", re.IGNORECASE)
_MEAL: Final = re.compile(r"meal: *(\d+(?:[.,]\d+)?) *(grams|exchanges)?", re.IGNORECASE)
_SERIAL: Final = re.compile(r" *\([^)]*\)")


def telling(parts: Sequence[tuple[str, Sheet]]) -> Sequence[Sheet]:
    """The sheets with `typed_dose`, `typed_grams`, `typed_exchanges`, `entry`, `told`, `changed`, and the marks
    `day_edge`, `unmoved`."""
    pages = pages_of(parts)
    for page in pages:
        for row, text in page.texts("marker").items():
            _entry(page, row, text)
        for row, text in page.texts("ble").items():
            page.put("told", row, _SERIAL.sub("", text))
            page.put("changed", row, text.rsplit(" ", 1)[-1].casefold())
        volumes, left = page.texts("prime_volume"), page.texts("reservoir")
        for row, text in page.texts("prime_type").items():
            filled = f" {_units(volumes[row])}" if row in volumes else ""
            page.put(
                "told", row, f"{text}{filled}" + (f", reservoir {_units(left[row])}" if row in left else "")
            )
        for row, text in page.texts("new_time").items():
            if text == page.stamp(row):
                page.mark("unmoved", row)
    return sheets_of(pages)


def _units(text: str) -> str:
    return f"{text.replace(',', '.')} U"


def _entry(page: Page, row: int, text: str) -> None:
    if text.casefold() in DAY_EDGES:
        page.mark("day_edge", row)
    elif found := _DOSE.fullmatch(text):
        page.put("typed_dose", row, found[1])
    elif found := _MEAL.fullmatch(text):
        page.put(
            "typed_exchanges" if (found[2] or "").casefold() == "exchanges" else "typed_grams", row, found[1]
        )
    else:
        page.put("entry", row, text)
