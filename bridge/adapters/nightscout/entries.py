"""Entries of an uploader that sends mmol/L where Nightscout wants mg/dL.

Law (`nightscout.md` 4): `sgv` is always mg/dL, and whole numbers below 39 stand for errors and for values below the
range. An uploader that is set wrongly sends mmol/L: 7.8 shows it by its fraction, 5 (calibrate!) and 21 (low!) do
not and would mean the opposite of what was measured. One such fraction makes every small number of the same
uploader in the same document mean nothing.

Rejected: converting them (that it is mmol/L is a guess), and refusing its numbers from 39 up, which are mg/dL.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bridge.adapters.nightscout.columns import uploaders
from bridge.mapping.rounding import rounded
from bridge.mapping.sheet import Sheet

LEAST: Final = 39
"""No sensor's number lies below."""
DECIMALS: Final = 3
"""18 does not go into mg/dL: 7.777777777777778 is a fraction as well."""


def mmol_entries(sheet: Sheet) -> Sheet:
    """Adds the mark `mmol` to small numbers of uploaders that send fractions among them."""
    found = rounded(sheet.column("sgv"), DECIMALS)
    one = 10**DECIMALS
    small = found.ok & (found.amount > 0) & (found.amount < LEAST * one)
    broken = np.flatnonzero(small & (found.amount % one != 0))
    if len(broken):
        who = uploaders(sheet)
        small &= np.isin(who, who[broken])
    else:
        small = np.zeros(len(sheet), np.bool_)
    return sheet.with_mark("mmol", small)
