"""LibreLinkUp: which sensor made a value, and which current value the graph has too.

Law (`libre.md` B5): an answer names the sensor worn now and those that were active, not who made each point of
twelve hours: a point is of the sensor that was activated last before it, and of none that is known where it is
older than all of them. Safety notices are by serial, so a wrong one is worse than none. The current value may
stand in the graph again: with the same factory time it is one reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from bridge.mapping.cells import Ints
from bridge.mapping.dates import read_stamps
from bridge.mapping.json_cells import texts
from bridge.mapping.sheet import Sheet

MASK: Final = "MM/DD/YYYY hh:mm:ss AM"
MEASURED: Final = ("graph", "current", "current-copies")


def follower_sensors(parts: Sequence[tuple[str, Sheet]]) -> list[Sheet]:
    """The sets of records: measurements with the serial of their sensor, current values marked that the graph
    has. Sets that the document does not have are not among them."""
    there = dict(parts)
    starts, serials = _worn(there["sensors"]) if "sensors" in there else (np.zeros(0, np.int64), [])
    graph = _walls(there["graph"]) if "graph" in there else np.zeros(0, np.int64)
    return [_settled(name, sheet, starts, serials, graph) for name, sheet in parts]


def _settled(name: str, sheet: Sheet, starts: Ints, serials: list[str], graph: Ints) -> Sheet:
    if name not in MEASURED:
        return sheet
    wall = graph if name == "graph" else _walls(sheet)
    worn = texts(["", *serials]).at(np.searchsorted(starts, wall, side="right"))
    made = sheet.with_columns({"serial": worn})
    if name == "graph":
        return made
    twice = [bool(each) and bool((graph == each).any()) for each in wall.tolist()]
    return made.with_mark("in_graph", np.array(twice, np.bool_))


def _worn(sensors: Sheet) -> tuple[Ints, list[str]]:
    """When sensors were activated (ms, sorted), and their serials; one whose activation is not told was worn
    from the beginning."""
    seconds, _ = sensors.column("activated").wholes()
    pairs = sorted(set(zip(seconds.tolist(), sensors.column("serial").texts(), strict=True)))
    named = [(second * 1000, serial) for second, serial in pairs if serial]
    return np.array([start for start, _ in named], np.int64), [serial for _, serial in named]


def _walls(sheet: Sheet) -> Ints:
    """The factory times of measurements; 0 where there is none."""
    column = sheet.column("at")
    stamps = read_stamps(column, [MASK]).get(MASK)
    return np.zeros(len(column), np.int64) if stamps is None else stamps.wall
