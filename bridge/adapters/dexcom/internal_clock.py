"""Dexcom Studio's times as instants: the receiver's internal clock counts, its display clock shows.

Law (`safety.md`, time; `dexcom.md` A3.7): the internal clock is said to be UTC-ish, and was seen three hours off in
a public data set, so it dates nothing. But it never follows summer time or travel: seconds of it order a receiver's
readings as ticks order a transmitter's, and show every move of the display clock, which the zone anchors. All
tables of a file stand on one pair of clocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bridge.adapters.dexcom.ticks import tick_order
from bridge.mapping.cells import Column
from bridge.mapping.json_cells import texts
from bridge.mapping.sheet import Sheet
from bridge.mapping.stages import Clocked, Rows
from bridge.mapping.stamps import read_forms
from bridge.period import ZoneHistory
from bridge.reading import NO_COUNTER

ONE: Sequence[str] = ("receiver",)


def internal_ticks(sheet: Sheet) -> Sheet:
    """The sheet with a field `ticks`: seconds of the internal clock when the row's own time was shown."""
    internal = read_forms(sheet.column("internal"), ["iso"])
    seconds, ok = internal.wall // 1000, internal.ok
    if "logged" in sheet.columns:
        logged, shown = (read_forms(sheet.column(name), ["iso"]) for name in ("logged", "display"))
        seconds = seconds + (shown.wall - logged.wall) // 1000
        ok = ok & logged.ok & shown.ok
    ok = ok & (seconds > 0)
    said = [str(each) if good else "" for each, good in zip(seconds.tolist(), ok.tolist(), strict=True)]
    return sheet.with_columns({"ticks": texts(said)})


def internal_clock(parts: Sequence[Rows], zones: ZoneHistory) -> Sequence[Clocked]:
    """Instants of all tables of a file. Sensor readings and fingersticks are counted, entries are not: two of
    them may be of one second."""
    rows = [each for each in parts if len(each.row)]
    if not rows:
        return [tick_order(each, zones) for each in parts]
    n = sum(len(each.row) for each in rows)
    ticks = _stacked([each.sheet.column("ticks").at(each.row) for each in rows])
    owner = texts(ONE).at(np.zeros(n, np.intp))
    sheet = replace(
        rows[0].sheet, line=np.arange(n, dtype=np.int32), columns={"ticks": ticks, "transmitter": owner}
    )
    wall = np.concatenate([each.wall for each in rows])
    found = tick_order(Rows(sheet, np.arange(n), wall, np.zeros(n, np.int32)), zones)
    cuts = np.cumsum([0, *(len(each.row) for each in parts)])
    return [
        _piece(found, slice(int(start), int(stop)), each.sheet, first=place == 0)
        for place, (start, stop, each) in enumerate(zip(cuts[:-1], cuts[1:], parts, strict=True))
    ]


def _piece(found: Clocked, rows: slice, sheet: Sheet, *, first: bool) -> Clocked:
    counter = found.counter[rows] if found.counter is not None else None
    if counter is not None and "logged" in sheet.columns:
        counter = np.full(len(counter), NO_COUNTER, np.int64)
    return Clocked(
        found.instant[rows],
        found.offset[rows],
        found.flags[rows],
        found.bound[rows],
        found.witness[rows],
        counter,
        found.warnings if first else (),
    )


def _stacked(columns: Sequence[Column]) -> Column:
    """Columns one below the other."""
    starts = np.cumsum([0, *(len(each.buffer) for each in columns)])[:-1]
    return Column(
        np.concatenate([each.buffer for each in columns]),
        np.concatenate([each.start + np.int32(at) for each, at in zip(columns, starts, strict=True)]),
        np.concatenate([each.end + np.int32(at) for each, at in zip(columns, starts, strict=True)]),
    )
