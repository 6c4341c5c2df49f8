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

from bridge.mapping.cells import Column, Ints
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
    graph = set(there["graph"].column("at").texts()) if "graph" in there else set()
    return [_settled(name, sheet, starts, serials, graph) for name, sheet in parts]


def _settled(name: str, sheet: Sheet, starts: Ints, serials: list[str], graph: set[str]) -> Sheet:
    if name not in MEASURED:
        return sheet
    made = sheet.with_columns({"serial": _serials(sheet.column("at"), starts, serials)})
    if name == "graph":
        return made
    return made.with_mark(
        "in_graph", np.array([text in graph for text in sheet.column("at").texts()], np.bool_)
    )


def _worn(sensors: Sheet) -> tuple[Ints, list[str]]:
    """When sensors were activated (ms, sorted), and their serials; one whose activation is not told was worn
    from the beginning."""
    seconds, _ = sensors.column("activated").wholes()
    pairs = sorted(set(zip(seconds.tolist(), sensors.column("serial").texts(), strict=True)))
    named = [(second * 1000, serial) for second, serial in pairs if serial]
    return np.array([start for start, _ in named], np.int64), [serial for _, serial in named]


def _serials(at: Column, starts: Ints, serials: list[str]) -> Column:
    """The serial of the sensor activated last before each stamp; blank where none was."""
    stamps = read_stamps(at, [MASK]).get(MASK)
    wall = np.zeros(len(at), np.int64) if stamps is None else stamps.wall
    return texts(["", *serials]).at(np.searchsorted(starts, wall, side="right"))
