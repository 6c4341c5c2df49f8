"""Every stamp of a CareLink answer with the offset of the clock that wrote it, over all parts at once.

Law (`carelink.md` B1, B3): a stamp means an instant only by the clock of its time, so each is written again with that
clock's own offset (quarters of an hour), and the instant is what the clock showed minus that offset. So it is the
same in the next poll, before and after the clock was moved: an answer has no ids for glucose, the instant is the
key. What lies after the pump's own time is marked, and so is what the cloud makes up at the window's start.
Rejected: rebased timestamps as instants (they move by the seconds with which a person sets a clock, so each
change of the clock would double a day).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.adapters.carelink.cloud_moves import (
    MarkerStamps,
    by_elapsed,
    by_flag,
    changes,
    of_glucose,
    present,
)
from bridge.adapters.carelink.cloud_offset import QUARTER, PumpClock, pump_clock, settled
from bridge.adapters.carelink.cloud_stamps import walls, written
from bridge.mapping.cells import Ints, Mask
from bridge.mapping.clock import by_zone
from bridge.mapping.json_cells import texts
from bridge.mapping.sheet import Sheet
from bridge.mapping.stages import Clocked, Rows
from bridge.period import DAY, MINUTE, ZoneHistory
from bridge.reading import Flag, Witness

WINDOW: Final = DAY
AT_START: Final = 5_000
"""The cloud writes the modes of the window's beginning with its own time, to the second."""
MADE_UP: Final = frozenset({"AUTO_MODE_STATUS", "LOW_GLUCOSE_SUSPENDED"})


@dataclass(frozen=True, slots=True)
class _Stamped:
    """A part in time: what its clock showed (ms), which records have a stamp, and how far each lies behind the
    newest clock (ms); `unsure`: shifts that two clocks of the answer disagree about."""

    wall: Ints
    ok: Mask
    shift: Ints
    unsure: bool = False


def times(parts: Sequence[tuple[str, Sheet]]) -> Sequence[Sheet]:
    """The parts with the field `at` (ISO with offset) and the marks moved and late; markers also start, limits also
    first and the field minute."""
    sheets = dict(parts)
    clock = pump_clock([sheets["sgs"], sheets["markers"]])
    found, stamps = (
        {name: _plain(sheet) for name, sheet in sheets.items()},
        MarkerStamps.of(sheets["markers"]),
    )
    start = _start(sheets["markers"], stamps, clock)
    found |= _elapsed(sheets, found) or _rebased(sheets, found, stamps, start)
    first = _first(sheets["limits"], found["limits"], clock)
    found["limits"] = _limits(sheets["limits"], found["limits"], found["sgs"])
    done = {name: _timed(sheets[name], found[name], clock) for name in sheets}
    done["markers"] = done["markers"].with_mark("start", start)
    minute = texts([str(each) for each in (found["limits"].wall // MINUTE % (DAY // MINUTE)).tolist()])
    done["limits"] = done["limits"].with_columns({"minute": minute}).with_mark("first", first)
    done["sgs"] = done["sgs"].warned(*clock.warnings, *_moved(done))
    return [done[name] for name, _ in parts]


def _plain(sheet: Sheet) -> _Stamped:
    wall, ok = walls(sheet.column("stamp"))
    return _Stamped(wall, ok, np.zeros(len(wall), np.int64))


def _start(sheet: Sheet, stamps: MarkerStamps, clock: PumpClock) -> Mask:
    """Markers that stand at the beginning of the window and are no events: its modes."""
    types = sheet.column("type").words()
    kinds = types.mask([text in MADE_UP for text in types.texts])
    return kinds & stamps.is_stamped & _begins(stamps.newest, clock)


def _begins(newest: Ints, clock: PumpClock) -> Mask:
    """Which stamps are those of the window's start."""
    if clock.wall is None:
        return np.zeros(len(newest), np.bool_)
    return np.asarray(np.abs(newest - (clock.wall - WINDOW)) <= AT_START)


def _elapsed(sheets: Mapping[str, Sheet], plain: Mapping[str, _Stamped]) -> dict[str, _Stamped]:
    """Glucose, markers and alarms by the seconds that records count back; {} where they count none."""
    presents = (present(sheets[name], plain[name].wall, plain[name].ok) for name in ("sgs", "markers"))
    now = next((each for each in presents if each is not None), None)
    if now is None:
        return {}
    found = dict[str, _Stamped]()
    for name in ("sgs", "markers"):
        wall, ok = plain[name].wall, plain[name].ok
        found[name] = _Stamped(wall, ok, by_elapsed(sheets[name], wall, ok, now), unsure=True)
    return found | {"alarms": _alarms(sheets["alarms"], plain["alarms"], found["sgs"], now)}


def _alarms(sheet: Sheet, plain: _Stamped, glucose: _Stamped, now: int) -> _Stamped:
    """Alarms count back from the time at which they were pressed away. One that is still there counts from something
    else (measured), so only a shift counts that glucose has too."""
    shift = by_elapsed(sheet, *walls(sheet.column("pressed")), now)
    known = np.unique(glucose.shift[glucose.ok])
    near = (np.abs(shift[:, None] - known[None, :]) < MINUTE).any(axis=1)
    return _Stamped(plain.wall, plain.ok, np.where(near, shift, 0), unsure=True)


def _rebased(
    sheets: Mapping[str, Sheet], plain: Mapping[str, _Stamped], stamps: MarkerStamps, start: Mask
) -> dict[str, _Stamped]:
    """Markers by their two stamps, glucose by the changes among them."""
    wall, ok = plain["sgs"].wall, plain["sgs"].ok
    starts, shifts = changes(sheets["markers"], stamps, start)
    if starts:
        glucose = _Stamped(wall, ok, of_glucose(wall, ok, starts, shifts))
    else:
        glucose = _Stamped(wall, ok, by_flag(sheets["sgs"], wall), unsure=True)
    return {"sgs": glucose, "markers": _Stamped(stamps.wall, stamps.ok, stamps.shift)}


def _first(sheet: Sheet, plain: _Stamped, clock: PumpClock) -> Mask:
    """Limits that held before the window: those of its start."""
    slot, numbered = sheet.column("slot").wholes()
    return np.asarray((numbered & (slot == 0) & ~plain.ok) | (plain.ok & _begins(plain.wall, clock)))


def _limits(sheet: Sheet, plain: _Stamped, glucose: _Stamped) -> _Stamped:
    """Limits hold from a stamp, or (until 2024) from the time of a place among the glucose values. The cloud lays
    them on its five-minute slots: the schedule behind them is taken to change at quarters of an hour."""
    wall, ok, shift = plain.wall, plain.ok, plain.shift
    slot, numbered = sheet.column("slot").wholes()
    there = ~ok & numbered & (slot < len(glucose.wall))
    if there.any():
        place = np.where(there, slot, 0)
        wall, ok = np.where(there, glucose.wall[place], wall), ok | (there & glucose.ok[place])
        shift = np.where(there, glucose.shift[place], shift)
    return _Stamped(np.rint(wall / QUARTER).astype(np.int64) * QUARTER, ok, shift)


def _timed(sheet: Sheet, stamped: _Stamped, clock: PumpClock) -> Sheet:
    wall, ok, nothing = stamped.wall, stamped.ok, np.zeros(len(sheet), np.bool_)
    if clock.offset is None:
        at = written(sheet.column("stamp"), wall, ok, None)
        return sheet.with_columns({"at": at}).with_mark("moved", nothing).with_mark("late", nothing)
    own = settled(clock.offset * MINUTE - stamped.shift, (clock.offset, clock.phone))
    moved = ok & (own != clock.offset)
    late = nothing
    if clock.wall is not None:
        late = ok & (wall - own * MINUTE > clock.wall - clock.offset * MINUTE + QUARTER)
    found = sheet.with_columns({"at": written(sheet.column("stamp"), wall, ok, own)})
    found = found.with_mark("moved", moved).with_mark("late", np.asarray(late))
    bound = np.where(moved & stamped.unsure, np.abs(own - clock.offset) * MINUTE, 0)
    return found.with_columns({"bound": texts([str(each) if each else "" for each in bound.tolist()])})


def _moved(done: Mapping[str, Sheet]) -> tuple[str, ...]:
    count = sum(int(done[name].marks["moved"].sum()) for name in ("sgs", "markers"))
    return (
        (f"the pump's clock was moved: {count} records before that were read by the clock that wrote them",)
        if count
        else ()
    )


def clock(rows: Rows, zones: ZoneHistory) -> Clocked:
    """Instants as written by `times`; which clock tells them, and by how much two clocks of the answer disagree."""
    found, sheet = by_zone(rows, zones), rows.sheet
    moved = sheet.filled("moved")[rows.row]
    numbers = sheet.column("bound").at(rows.row).numbers()
    unsure = numbers.ok & (numbers.amount > 0)
    witness = np.where(moved, Witness.CLOCK_CHANGE, found.witness)
    flags: NDArray[np.uint16] = found.flags | np.where(unsure, Flag.UNCERTAIN, 0).astype(np.uint16)
    return Clocked(
        found.instant,
        found.offset,
        flags,
        np.where(unsure, numbers.amount, found.bound).astype(np.int32),
        np.where(unsure, Witness.UNDECIDED, witness).astype(np.uint8),
        warnings=found.warnings,
    )
