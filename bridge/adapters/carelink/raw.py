"""`Raw-Values` of the exports until 2015: `K=V, K=V`, told as fields.

Law (`carelink.md` A7): there a row's meaning is its `Raw-Type`; what has a column of its own is in it, settings and
the steps of the basal program are in `Raw-Values` alone, with times in ms. Members of a pattern name it by the
`Raw-ID` of its row, which tells the pattern's name or the unit of its amounts. `null` is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from bridge.adapters.carelink.pages import Page, with_fields
from bridge.mapping.cells import blank
from bridge.mapping.sheet import Sheet

STEP: Final = "BasalProfileStart"
FIELDS: Final = {
    "RATE": "raw_rate",
    "START_TIME": "raw_start",
    "AMOUNT": "raw_amount",
    "AMOUNT_LOW": "raw_low",
    "AMOUNT_HIGH": "raw_high",
    "UNITS": "raw_unit",
}
TOLD: Final = frozenset({"raw_values", "raw_id"})
UNITS: Final = {"mg dl": "mg/dL", "mmol l": "mmol/L", "grams": "grams", "exchanges": "exchanges"}
_PAIR: Final = re.compile(r"([A-Z_]+)=([^,]*)")


def raw_values(sheet: Sheet) -> Sheet:
    """The sheet with the fields of `FIELDS`, `pattern`, `raw_record`, and `basal` at each step of the basal program,
    instead of those in `TOLD`."""
    sheet = with_fields(sheet, {"basal": blank(len(sheet))})
    page = Page.of("legacy", sheet)
    told = {row: dict(_PAIR.findall(text)) for row, text in page.texts("raw_values").items()}
    patterns = {name: told[row] for row, name in page.texts("raw_id").items() if row in told}
    types = page.texts("raw_type")
    for row, values in told.items():
        for key, name in FIELDS.items():
            if (text := values.get(key, "null").strip()) != "null":
                page.put(name, row, UNITS.get(text, text))
        _pattern(page, row, values, patterns.get(values.get("PATTERN_DATUM", ""), {}))
        if types.get(row) == STEP and "RATE" in values:
            page.put("basal", row, values["RATE"])
    for row, name in page.texts("raw_id").items():
        page.put("raw_record", row, name)
    done = page.done()
    return replace(done, columns={name: cells for name, cells in done.columns.items() if name not in TOLD})


def _pattern(page: Page, row: int, values: Mapping[str, str], pattern: Mapping[str, str]) -> None:
    if name := pattern.get("PATTERN_NAME", values.get("PATTERN_NAME", "")).strip():
        page.put("pattern", row, name)
    if unit := pattern.get("ORIGINAL_UNITS", "").strip():
        page.put("raw_unit", row, UNITS.get(unit, unit))
