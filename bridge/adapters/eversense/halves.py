"""Clocks of the DMS spreadsheet: whether hours without AM and PM are of a whole day or of half a day.

Law (`eversense.md`, addendum): seen is a 12-hour clock in English. Elsewhere the hours may go to 23, or the marks
may be words that are not known, or lost by a spreadsheet; then 3:00 is two times of a day, and the file is
refused: twelve hours are a night's low taken for a noon's.
"""

from __future__ import annotations

from typing import Final

from bridge.mapping.account import Unreadable
from bridge.mapping.sheet import Sheet

NOON: Final = 12
UNDECIDED: Final = (
    "no time in the file has AM or PM and none is after 12:59 or before 1:00: hours of a day cannot be told from "
    "those of half a day; export in English, or a longer time"
)


def day_halves(sheet: Sheet) -> Sheet:
    """The sheet as it is. Unreadable where its times may be of either half of a day."""
    texts = [text for text in sheet.column("time").words().texts if text]
    if texts and all(_is_open(text) for text in texts):
        raise Unreadable(UNDECIDED)
    return sheet


def _is_open(text: str) -> bool:
    """Whether a time is of either half of a day: without a mark, from 1:00 to 12:59."""
    hour, _, rest = text.partition(":")
    plain = all(letter.isdigit() or letter == ":" for letter in rest)
    return plain and hour.isdigit() and 1 <= int(hour) <= NOON
