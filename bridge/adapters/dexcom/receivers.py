"""API times where a receiver showed the reading: the ticks bear witness for or against its clock.

Law (`dexcom.md` A1.8; `safety.md`, time): a hard reset sets a receiver's clock to another year, and only the
transmitter's ticks stay sane. Where a phone showed readings of the same transmitter their ticks date the
receiver's; where none did, readings that disagree with most others keep their time and are uncertain by the
difference. Rejected: leaving them out (they are true readings), and moving them without a phone's word.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from bridge.adapters.dexcom.counted import receivers
from bridge.mapping.cells import Ints, Mask
from bridge.mapping.clock import by_zone
from bridge.mapping.dated import MOST_BOUND
from bridge.mapping.stages import Clocked, Rows
from bridge.period import MINUTE, ZoneHistory
from bridge.reading import NO_OFFSET, Flag, Witness

SLACK: Final = 30 * MINUTE
"""ms: what crystals of transmitter and receiver may drift apart in a transmitter's life, and a clock set by hand."""


def receiver_clock(rows: Rows, zones: ZoneHistory) -> Clocked:
    """Instants as they are told, but for receivers whose clock the ticks contradict."""
    clocked = by_zone(rows, zones)
    shown = receivers(rows.sheet, rows.row)
    if not shown.any():
        return clocked
    ticks, told = rows.sheet.column("ticks").at(rows.row).wholes()
    names = ("instant", "offset", "flags", "bound", "witness")
    clocked = replace(clocked, **{name: getattr(clocked, name).copy() for name in names})
    begun = clocked.instant - ticks * 1000
    moved = doubted = 0
    for group in np.unique(rows.group[shown & told]).tolist():
        mine = (rows.group == group) & told
        phones = mine & ~shown
        start = int(np.median(begun[phones if phones.any() else mine]))
        far = mine & shown & (np.abs(begun - start) > SLACK)
        spread = int(np.ptp(begun[phones])) if phones.any() else 0
        if phones.any() and spread <= SLACK:
            _move(clocked, far, start + ticks * 1000, spread)
            moved += int(far.sum())
        elif not phones.any():
            _doubt(clocked, far, np.abs(begun - start))
            doubted += int(far.sum())
    return replace(clocked, warnings=clocked.warnings + _said(moved, doubted))


def _move(clocked: Clocked, rows: Mask, instant: Ints, spread: int) -> None:
    """Put rows where the ticks say; `spread` ms: how far a phone's own records lie apart on that axis."""
    clocked.instant[rows], clocked.offset[rows] = instant[rows], NO_OFFSET
    clocked.bound[rows], clocked.witness[rows] = min(spread, MOST_BOUND), Witness.COUNTER
    clocked.flags[rows] &= np.uint16(~Flag.UNCERTAIN & 0xFFFF)


def _doubt(clocked: Clocked, rows: Mask, apart: Ints) -> None:
    clocked.bound[rows] = np.minimum(apart[rows], MOST_BOUND)
    clocked.witness[rows] = Witness.UNDECIDED
    clocked.flags[rows] |= np.uint16(Flag.UNCERTAIN)


def _said(moved: int, doubted: int) -> tuple[str, ...]:
    told = []
    if moved:
        told.append(
            f"{moved} readings of a receiver whose clock was wrong were dated by the transmitter's ticks"
        )
    if doubted:
        told.append(
            f"{doubted} readings of a receiver may be off: its clock disagrees with the transmitter's ticks"
        )
    return tuple(told)
