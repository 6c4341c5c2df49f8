"""When the alert levels of a CareLink answer begin: a schedule of the day, laid on slots of five minutes.

Law (`carelink.md` B4, measured): `limits` tell from which slot on a level holds: by a stamp, or until 2024 by the place
of a glucose value. The first one held before the window, so it has no beginning here. The others come each day at
the same time; the schedule behind them is taken to change at quarters of an hour, so that a reading keeps its
instant while the slots move by a minute with each new sensor.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bridge.adapters.carelink.cloud_moves import Stamped
from bridge.adapters.carelink.cloud_offset import QUARTER, PumpClock, begins
from bridge.mapping.cells import Column, Mask
from bridge.mapping.json_cells import texts
from bridge.mapping.sheet import Sheet
from bridge.period import DAY, MINUTE


def before_window(sheet: Sheet, plain: Stamped, clock: PumpClock) -> Mask:
    """Limits that held before the window: those of its start."""
    slot, numbered = sheet.column("slot").wholes()
    return np.asarray((numbered & (slot == 0) & ~plain.ok) | (plain.ok & begins(plain.wall, clock)))


def on_the_schedule(sheet: Sheet, plain: Stamped, glucose: Stamped) -> Stamped:
    """Limits in time, at the nearest quarter of an hour."""
    wall, ok, shift = plain.wall, plain.ok, plain.shift
    slot, numbered = sheet.column("slot").wholes()
    there = ~ok & numbered & (slot < len(glucose.wall))
    if there.any():
        place = np.where(there, slot, 0)
        wall, ok = np.where(there, glucose.wall[place], wall), ok | (there & glucose.ok[place])
        shift = np.where(there, glucose.shift[place], shift)
    return Stamped(np.rint(wall / QUARTER).astype(np.int64) * QUARTER, ok, shift)


def minutes(limits: Stamped) -> Mapping[str, Column]:
    """The field with the minute of the day from which a limit holds."""
    found = limits.wall // MINUTE % (DAY // MINUTE)
    return {"minute": texts([str(each) for each in found.tolist()])}
