"""Fingersticks told two or three times, and what the sensor made of them.

Law (`carelink.md` A4): since the 780G one stick is received from the meter, accepted by the person, and sent for
calibration: up to three rows of one value within minutes, of which the accepted or entered one is the reading. A
rejected calibration is a row without a value; the value is that of the stick sent before it. A Paradigm writes
`Sensor Calibration BG` for every stick it knows, with or without a sensor: beside the same stick of a meter it is
that stick, alone it is one that was typed; a calibration it is only where a sensor was worn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bridge.adapters.carelink.pages import Page, Spot, by_device, in_order, pages_of, sheets_of
from bridge.mapping.sheet import Sheet
from bridge.period import MINUTE

TAKEN: Final = ("USER_ACCEPTED_REMOTE_BG", "ENTERED_IN_BG_ENTRY")
SENT: Final = "BG_SENT_FOR_CALIB"
RECEIVED: Final = "BG_READIN_RECEIVED"  # sic
ONE_STICK: Final = 10 * MINUTE
REJECTION: Final = 15 * MINUTE


def sticks(parts: Sequence[tuple[str, Sheet]]) -> Sequence[Sheet]:
    """The sheets with the marks `stick_again`, `typed`, `accepted`, `used`."""
    pages = pages_of(parts)
    for mine in by_device(pages):
        told = _Sticks(in_order(mine, "bg"))
        told.fold()
        for page in mine:
            if _judges(page):
                _judged(page, told)
            else:
                _typed(page, told, worn=any(one.sheet.filled("glucose").any() for one in mine))
    return sheets_of(pages)


def _judges(page: Page) -> bool:
    """Whether this generation writes a calibration only where the sensor took one."""
    return "bwz_status" in page.sheet.columns


class _Sticks:
    """The rows with a fingerstick of one device."""

    def __init__(self, spots: Sequence[Spot]) -> None:
        pages = {id(spot.page): spot.page for spot in spots}
        cells = {place: (page.texts("bg"), page.texts("bg_source")) for place, page in pages.items()}
        self.rows: list[tuple[Spot, str, str]] = []
        for spot in spots:
            values, sources = cells[id(spot.page)]
            self.rows.append((spot, values.get(spot.row, ""), sources.get(spot.row, "")))
        self.known = {(spot.time, value) for spot, value, _ in self.rows}

    def fold(self) -> None:
        """Of the rows of one stick one is kept."""
        groups: dict[str, list[tuple[Spot, str]]] = {}
        for spot, value, source in self.rows:
            group = groups.get(value)
            begins = source == RECEIVED and any(told == RECEIVED for _, told in group or ())
            if source and group and not begins and spot.time - group[0][0].time <= ONE_STICK:
                group.append((spot, source))
                continue
            _keep_one(group or [])
            groups[value] = [(spot, source)]
        for group in groups.values():
            _keep_one(group)

    def sent_before(self, time: int) -> str:
        """The value last sent for calibration; '' where none was lately."""
        sent = [
            value
            for spot, value, source in self.rows
            if source == SENT and time - REJECTION <= spot.time <= time
        ]
        return sent[-1] if sent else ""

    def has(self, time: int, value: str) -> bool:
        """Whether a stick of that second has that value."""
        return (time, value) in self.known


def _keep_one(group: Sequence[tuple[Spot, str]]) -> None:
    best = next((spot for spot, source in group if source in TAKEN), group[0][0] if group else None)
    for spot, _ in group:
        if spot is not best:
            spot.page.mark("stick_again", spot.row)
            spot.page.wipe(spot.row, "bg")


def _judged(page: Page, told: _Sticks) -> None:
    for row in page.texts("calibration"):
        page.mark("accepted", row)
    for row in page.texts("rejected"):
        value = told.sent_before(int(page.time[row]))
        if value:
            page.put("calibration", row, value)


def _typed(page: Page, told: _Sticks, *, worn: bool) -> None:
    for row, value in page.texts("calibration").items():
        alone = not told.has(int(page.time[row]), value)
        if alone:
            page.mark("typed", row)
        if worn:
            page.mark("used", row)
        elif not alone:
            page.mark("stick_again", row)
            page.wipe(row, "calibration")
