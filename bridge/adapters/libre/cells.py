"""LibreView cells that are not what they seem: split decimals, and views that are no scans.

Law (`libre.md` A1.4, A1.6): `13,0` written without quotes falls into two cells and the row still counts 19
fields, so a naive reader turns ketone 0.1 into 0 and books a unit of insulin. Opening the Libre 3 app writes
the current one-minute value again as record type 1; "Libre app" does so too with a Libre 3 Plus, which only
the step of its automatic record betrays.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bridge.mapping.cells import Column, Mask
from bridge.mapping.dates import read_stamps
from bridge.mapping.sheet import Sheet
from bridge.period import DAY, MINUTE
from bridge.reading import Unit

SPLITS: Final = {
    "0": (("historic", "scan"),),
    "1": (("scan", "rapid_unnumbered"),),
    "2": (("strip", "ketone"),),
    "3": (("ketone", "meal"),),
    "4": (("rapid", "food_unnumbered"), ("long", "notes")),
}
"""Record type -> (amount, the cell right of it, which such rows leave blank)."""
OWN_UNIT: Final = frozenset({"historic", "scan", "strip"})
FAST: Final = 6 * MINUTE
"""A step of automatic readings up to this means a sensor that streams each minute."""
_MASKS: Final = (
    "YYYY-MM-DD hh:mm",
    "YYYY-MM-DD hh:mm AM",
    "DD-MM-YYYY hh:mm",
    "MM-DD-YYYY hh:mm",
    "DD-MM-YYYY hh:mm AM",
    "MM-DD-YYYY hh:mm AM",
    "DD/MM/YY hh:mm",
    "MM/DD/YY hh:mm",
)


def split_decimals(sheet: Sheet) -> Sheet:
    """Amounts whose decimals stand in the next cell, rejoined."""
    types = sheet.column("type").words()
    changed: dict[str, Column] = {}
    warnings = []
    for kind, pairs in SPLITS.items():
        mine = types.mask([text == kind for text in types.texts])
        for amount, beside in pairs:
            if amount in OWN_UNIT and sheet.unit(amount) is not Unit.MMOL_L:
                continue
            left, right = changed.get(amount, sheet.column(amount)), changed.get(beside, sheet.column(beside))
            rows = np.flatnonzero(mine & left.filled & right.filled)
            rows = rows[_bare(left.at(rows)) & _bare(right.at(rows), 2)] if len(rows) else rows
            if not len(rows):
                continue
            joined = zip(left.at(rows).texts(), right.at(rows).texts(), strict=True)
            changed[amount] = left.replaced(rows, [f"{a},{b}" for a, b in joined])
            changed[beside] = right.replaced(rows, [""] * len(rows))
            warnings.append(
                f"{len(rows)} amounts in column {sheet.headings[amount]!r} had their decimals in the next cell "
                f"and were rejoined (first: line {sheet.line[rows[0]]})"
            )
    return sheet.with_columns(changed).warned(*warnings) if changed else sheet


def _bare(column: Column, most: int = 9) -> Mask:
    """Which cells are digits alone, `most` at most."""
    numbers = column.numbers()
    short = (column.end - column.start) <= most
    return np.asarray(numbers.ok & (numbers.decimals == 0) & short & (numbers.amount >= 0))


def app_views(sheet: Sheet) -> Sheet:
    """Mark rows of devices that stream each minute: their record type 1 is a view, not a scan."""
    serials, models = sheet.column("serial").words(), sheet.column("device").words()
    marked = models.mask(["libre 3" in text.casefold() for text in models.texts])
    if not len(marked):
        return sheet.with_mark("app_view", np.zeros(len(sheet), np.bool_))
    types = sheet.column("type").words()
    automatic = types.mask([text == "0" for text in types.texts])
    stamps = list(read_stamps(sheet.column("timestamp"), _MASKS).values())
    for code in range(len(serials.texts) if stamps else 0):
        mine = serials.codes == code
        wall = stamps[0].wall[mine & automatic & stamps[0].ok]
        steps = np.diff(wall) % DAY
        if len(steps) and float(np.median(steps)) <= FAST:
            marked = marked | mine
    return sheet.with_mark("app_view", marked)
