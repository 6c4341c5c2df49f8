"""Basal delivery as intervals: each from the row that begins it to the next, and never over a gap.

Law (`carelink.md` A4; `safety.md`): a pump writes a rate at least once a day. Where the next row is farther the
interval ends with the last row of any kind that the device wrote within the day: nobody knows what came then; at
the end of an export it lasts as long as the export shows. In a closed loop the program's rate is not delivered,
the controller doses every five minutes, of which the file tells the sum of a day alone (`Aggregated Auto Insulin
Data`): the interval says automated, its amount was not recorded, and the program's rate is what was programmed.
The mode of the device is told at midnight and where it turns, so that two exports tell it alike.
Rejected: the program's rate as delivered in a closed loop (a third of all insulin, invented); the daily sum as a
dose at midnight.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final

import numpy as np

from bridge.adapters.carelink.doses import DAILY_TOTAL
from bridge.adapters.carelink.estimates import amount
from bridge.adapters.carelink.modes import Signs, closes
from bridge.adapters.carelink.pages import AGGREGATED, Page, by_device, pages_of, sheets_of
from bridge.adapters.carelink.rates import Stretch, stretches
from bridge.mapping.sheet import Sheet
from bridge.period import DAY, HOUR

LONGEST: Final = 25 * HOUR
"""A day, the longest one of the year."""


def basal(parts: Sequence[tuple[str, Sheet]]) -> Sequence[Sheet]:
    """The sheets with `rate_kind`, `rate`, `program`, `length`, `temporary`, `mode`, `mode_length`, and the marks
    `automatic`, `rate_again`, `program_rate`, `temporary_told`."""
    pages = pages_of(parts)
    for mine in by_device(pages):
        found = stretches(mine)
        lasting = list(zip(found, _ends(found, mine), strict=True))
        signs = Signs(mine, found) if closes(pages, mine[0].device) else None
        closed = [signs.at(stretch) if signs else None for stretch in found]
        for (stretch, end), loop in zip(lasting, closed, strict=True):
            if stretch.kind:
                _write(stretch, end, loop, may_close=signs is not None)
        _modes(lasting, closed)
    sheets = list(sheets_of(pages))
    return _told(pages, sheets)


def _ends(found: Sequence[Stretch], pages: Sequence[Page]) -> Iterator[int]:
    """Where each stretch ends."""
    rows = np.sort(
        np.concatenate([page.time[page.dated & ~page.sheet.marks["unset"]] for page in pages])
    ).tolist()
    for stretch, following in zip_longest(found, found[1:]):
        last = rows[bisect_right(rows, stretch.time + DAY) - 1]
        end = following.time if following is not None else last
        if end - stretch.time > LONGEST:
            end = last
        yield end if stretch.until is None else min(end, stretch.until)


def _write(stretch: Stretch, end: int, closed: bool | None, *, may_close: bool) -> None:
    page, row = stretch.spot.page, stretch.spot.row
    kind, rate = stretch.kind, stretch.rate
    if kind == "scheduled" and may_close and closed is not False:
        page.put("program", row, rate)
        kind, rate = ("automated" if closed else "unknown"), ""
    page.put("rate_kind", row, kind)
    if rate:
        page.put("rate", row, rate)
    if kind == "automated" or stretch.by_pump:
        page.mark("automatic", row)
    if stretch.text:
        page.put("temporary", row, stretch.text)
    page.put("length", row, str(max(end - stretch.time, 0)))


def _modes(lasting: Sequence[tuple[Stretch, int]], closed: Sequence[bool | None]) -> None:
    """The mode, at midnight and where it turns, until it is told again or the rows end."""
    told: list[int] = []
    for number, (stretch, _) in enumerate(lasting):
        before = closed[number - 1] if number else None
        turns = before is not None and before != closed[number]
        if closed[number] is not None and (turns or stretch.spot.wall % DAY == 0):
            told.append(number)
    for number, after in zip_longest(told, told[1:], fillvalue=len(lasting)):
        start = end = lasting[number][0].time
        for place in range(number, after):
            stretch, until = lasting[place]
            if stretch.time > end or closed[place] is None:
                break
            end = until
        page, row = lasting[number][0].spot.page, lasting[number][0].spot.row
        page.put("mode", row, "closed" if closed[number] else "open")
        page.put("mode_length", row, str(end - start))


def _told(pages: Sequence[Page], sheets: list[Sheet]) -> Sequence[Sheet]:
    """What a pump dosed by itself, as a warning: days and units."""
    days, units = 0, 0.0
    for page in (page for page in pages if page.kind == AGGREGATED):
        sources = page.texts("source")
        for row, text in page.texts("delivered").items():
            if sources.get(row) == DAILY_TOTAL and amount(text):
                days, units = days + 1, units + amount(text)
    if days:
        sheets[0] = sheets[0].warned(
            f"the pump's controller gave {units:.3f} U that the file tells as daily sums alone ({days} days): they are "
            "no doses and no readings, and totals of insulin lack them"
        )
    return sheets
