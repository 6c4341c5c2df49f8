"""Alert settings of the API's devices: from when each holds, what of it is outdone, and what is switched off.

Law (`dexcom.md` A1.7): the default schedule holds the whole day whatever its times say; other ones start at
`0:00` or `10:30 PM` and may end at hour 30, past midnight. An alert that stands twice in one schedule was changed:
the newest counts. An alert that is off, or whose schedule is, has no level, and its note says which it would be.
A schedule's name is free text and is not kept.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from bridge.mapping.json_cells import texts
from bridge.mapping.sheet import Sheet
from bridge.mapping.stamps import read_forms

OFF: Final = "off"
EVERY_DAY: Final = 7
ALSO: Final = {"noreadings": "no readings", "fixedlow": "fixed low"}
"""Alerts that share their kind of setting with another one, as their notes tell them apart."""
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?(?: *([AaPp])\.?[Mm]\.?)?")
_PLACE: Final = ("transmitter", "shown_by", "app", "schedule", "default", "starts", "ends", "days", "name")


def alert_schedules(sheet: Sheet) -> Sheet:
    """The sheet with fields `from` and `remark`, `off` for levels that do not hold, and the mark `outdone`."""
    said = {name: sheet.column(name).texts() for name in (*_PLACE, "value", "unit", "enabled", "in_use")}
    rows = range(len(sheet))
    is_default = [said["default"][row].casefold() == "true" for row in rows]
    off = np.array(
        [_is_off(said["enabled"][row], said["in_use"][row], is_default[row]) for row in rows], np.bool_
    )
    levels = [f"{_plain(said['value'][row])} {said['unit'][row]}".strip() for row in rows]
    spans = [
        "" if is_default[row] else _span(said["starts"][row], said["ends"][row], said["days"][row])
        for row in rows
    ]
    remarks = [
        _remark(ALSO.get(said["name"][row].casefold(), ""), levels[row] if off[row] else None, spans[row])
        for row in rows
    ]
    begins = ["0:00" if is_default[row] else _written(said["starts"][row]) for row in rows]
    rows_off = np.flatnonzero(off)
    value = sheet.column("value").replaced(rows_off, [OFF] * len(rows_off))
    changed = sheet.with_columns({"from": texts(begins), "remark": texts(remarks), "value": value})
    return changed.with_mark("outdone", _outdone(sheet, said))


def _is_off(enabled: str, in_use: str, is_default: bool) -> bool:
    return enabled.casefold() == "false" or (in_use.casefold() == "false" and not is_default)


def _plain(number: str) -> str:
    """A number without the noise of binary fractions."""
    whole, point, rest = number.partition(".")
    return f"{float(number):.2f}".rstrip("0").rstrip(".") if point and (whole + rest).isdigit() else number


def _remark(also: str, level: str | None, span: str) -> str:
    off = "" if level is None else f"switched off (set to {level})" if level else "switched off"
    return "; ".join(part for part in (also, off, span) if part)


def _span(starts: str, ends: str, days: str) -> str:
    """When a schedule of its own holds, in words."""
    begin, end = _written(starts), _written(ends)
    hours = f"{begin} to {end}" if starts and ends and begin != end else ""
    named = days.split()
    return " ".join(part for part in (hours, "" if len(named) == EVERY_DAY else " ".join(named)) if part)


def _written(clock: str) -> str:
    """A time of day as h:mm of 24 hours; what is none stays as it is."""
    found = _CLOCK.fullmatch(clock.strip())
    if found is None:
        return clock
    hour = int(found[1])
    if found[3]:
        hour = hour % 12 + (12 if found[3] in "Pp" else 0)
    return f"{hour % 24}:{found[2]}"


def _outdone(sheet: Sheet, said: dict[str, list[str]]) -> np.typing.NDArray[np.bool_]:
    """Settings of which their schedule has a newer one; of equally old ones the last stands."""
    when = read_forms(sheet.column("system"), ["iso"]).instant
    newest: dict[tuple[str, ...], int] = {}
    for row in range(len(sheet)):
        place = tuple(said[name][row] for name in _PLACE)
        if place not in newest or when[row] >= when[newest[place]]:
            newest[place] = row
    found = np.ones(len(sheet), np.bool_)
    found[list(newest.values())] = False
    return found
