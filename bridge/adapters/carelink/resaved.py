"""Dates and times of day that a spreadsheet rewrote, as the export had them.

Law (`carelink.md` A2): a download writes `YYYY/MM/DD` and `hh:mm:ss` in every region. A spreadsheet makes numbers of
both (days since 1899-12-30, parts of a day), date cells, or dates in the order of its own region; that order is
taken where a day of the file proves it, and otherwise the file is refused: no order is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from bridge.adapters.carelink.pages import LEGACY, recoded
from bridge.mapping.account import Unreadable
from bridge.mapping.sheet import Sheet

FIRST_DAY: Final = date(1899, 12, 30)
DAY_SECONDS: Final = 86_400
_HONEST: Final = re.compile(r"\d{4}/\d{2}/\d{2}")
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})( 0?0:00(:00)?)?")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{2}|\d{4})( 0?0:00(:00)?)?")
_NUMBER: Final = re.compile(r"(\d{5})([.,]\d+)?")
_PART: Final = re.compile(r"[01]?([.,]\d+)?(E-\d+)?")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?( ?[AaPp]\.?[Mm]\.?)?")


def resaved(parts: Sequence[tuple[str, Sheet]]) -> Sequence[Sheet]:
    """The sheets with stamps as they were downloaded. Unreadable where day and month cannot be told apart."""
    days = {
        text for kind, sheet in parts if kind != LEGACY for text in sheet.column("date").words().texts if text
    }
    if all(_HONEST.fullmatch(text) for text in days):
        return [sheet for _, sheet in parts]
    day_first = _order(days)
    return [sheet if kind == LEGACY else _mended(sheet, day_first) for kind, sheet in parts]


def _order(days: Iterable[str]) -> bool:
    found = [(int(match[1]), int(match[2])) for day in days if (match := _YEAR_LAST.fullmatch(day))]
    orders = [all(month <= 12 for _, month in found), all(month <= 12 for month, _ in found)]
    if found and all(orders):
        raise Unreadable(
            "a spreadsheet rewrote the dates of this file, and nothing tells day and month apart: use the file "
            "as it was downloaded"
        )
    return orders[0]


def _mended(sheet: Sheet, day_first: bool) -> Sheet:
    def spell_day(text: str) -> str:
        return _day(text, day_first)

    def spell_both(text: str) -> str:
        days, _, clock = text.partition(" ")
        if (number := _NUMBER.fullmatch(text)) is not None and number[2]:
            return f"{_day(number[1], day_first)} {_clock('0' + number[2])}"
        return f"{_day(days, day_first)} {_clock(clock)}" if clock else text

    spells = {"date": spell_day, "time": _clock, "new_time": spell_both}
    mended = {
        name: recoded(sheet.columns[name], spell) for name, spell in spells.items() if name in sheet.columns
    }
    return sheet.with_columns(mended)


def _day(text: str, day_first: bool) -> str:
    if number := _NUMBER.fullmatch(text):
        return f"{FIRST_DAY + timedelta(days=int(number[1])):%Y/%m/%d}"
    if found := _YEAR_FIRST.fullmatch(text):
        return f"{found[1]}/{int(found[2]):02d}/{int(found[3]):02d}"
    if found := _YEAR_LAST.fullmatch(text):
        day, month = (found[1], found[2]) if day_first else (found[2], found[1])
        year = found[3] if len(found[3]) == 4 else f"20{found[3]}"
        return f"{year}/{int(month):02d}/{int(day):02d}"
    return text


def _clock(text: str) -> str:
    if found := _CLOCK.fullmatch(text):
        hour = int(found[1])
        if found[4]:
            hour = hour % 12 + (12 if "p" in found[4].casefold() else 0)
        return f"{hour:02d}:{found[2]}:{found[3] or '00'}"
    if text and _PART.fullmatch(text):
        seconds = round(float(text.replace(",", ".")) * DAY_SECONDS) % DAY_SECONDS
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return text
