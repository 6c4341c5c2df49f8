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
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.adapters.carelink.cloud_limits import before_window, minutes, on_the_schedule
from bridge.adapters.carelink.cloud_moves import (
    MarkerStamps,
    Stamped,
    by_elapsed,
    by_flag,
    changes,
    of_glucose,
    present,
)
from bridge.adapters.carelink.cloud_offset import QUARTER, PumpClock, begins, pump_clock, settled
from bridge.adapters.carelink.cloud_stamps import walls, written
from bridge.mapping.cells import Mask
from bridge.mapping.clock import by_zone
from bridge.mapping.json_cells import texts
from bridge.mapping.sheet import Sheet
from bridge.mapping.stages import Clocked, Rows
from bridge.period import MINUTE, ZoneHistory
from bridge.reading import Flag, Witness

MADE_UP: Final = frozenset({"AUTO_MODE_STATUS", "LOW_GLUCOSE_SUSPENDED"})


def times(parts: Sequence[tuple[str, Sheet]]) -> Sequence[Sheet]:
    """The parts with the field `at` (ISO with offset) and the marks moved and late; markers also start, limits also
    first and the field minute."""
    sheets = dict(parts)
    clock = pump_clock([sheets["sgs"], sheets["markers"]])
    stamps = MarkerStamps.of(sheets["markers"])
    found = {name: _plain(sheet) for name, sheet in sheets.items()}
    start = _start(sheets["markers"], stamps, clock)
    found |= _elapsed(sheets, found) or _rebased(sheets, found, stamps, start)
    first = before_window(sheets["limits"], found["limits"], clock)
    found["limits"] = on_the_schedule(sheets["limits"], found["limits"], found["sgs"])
    done = {name: _timed(sheets[name], found[name], clock) for name in sheets}
    done["markers"] = done["markers"].with_mark("start", start)
    done["limits"] = done["limits"].with_columns(minutes(found["limits"])).with_mark("first", first)
    done["sgs"] = done["sgs"].warned(*clock.warnings, *_moved(done))
    return [done[name] for name, _ in parts]


def _plain(sheet: Sheet) -> Stamped:
    wall, ok = walls(sheet.column("stamp"))
    return Stamped(wall, ok, np.zeros(len(wall), np.int64))


def _start(sheet: Sheet, stamps: MarkerStamps, clock: PumpClock) -> Mask:
    """Markers that stand at the beginning of the window and are no events: its modes."""
    types = sheet.column("type").words()
    kinds = types.mask([text in MADE_UP for text in types.texts])
    return kinds & stamps.is_stamped & begins(stamps.newest, clock)


def _elapsed(sheets: Mapping[str, Sheet], plain: Mapping[str, Stamped]) -> dict[str, Stamped]:
    """Glucose, markers and alarms by the seconds that records count back; {} where they count none."""
    presents = (present(sheets[name], plain[name].wall, plain[name].ok) for name in ("sgs", "markers"))
    now = next((each for each in presents if each is not None), None)
    if now is None:
        return {}
    found = dict[str, Stamped]()
    for name in ("sgs", "markers"):
        wall, ok = plain[name].wall, plain[name].ok
        found[name] = Stamped(wall, ok, by_elapsed(sheets[name], wall, ok, now), unsure=True)
    return found | {"alarms": _alarms(sheets["alarms"], plain["alarms"], found["sgs"], now)}


def _alarms(sheet: Sheet, plain: Stamped, glucose: Stamped, now: int) -> Stamped:
    """Alarms count back from the time at which they were pressed away. One that is still there counts from something
    else (measured), so only a shift counts that glucose has too."""
    shift = by_elapsed(sheet, *walls(sheet.column("pressed")), now)
    known = np.unique(glucose.shift[glucose.ok])
    near = (np.abs(shift[:, None] - known[None, :]) < MINUTE).any(axis=1)
    return Stamped(plain.wall, plain.ok, np.where(near, shift, 0), unsure=True)


def _rebased(
    sheets: Mapping[str, Sheet], plain: Mapping[str, Stamped], stamps: MarkerStamps, start: Mask
) -> dict[str, Stamped]:
    """Markers by their two stamps, glucose by the changes among them."""
    wall, ok = plain["sgs"].wall, plain["sgs"].ok
    starts, shifts = changes(sheets["markers"], stamps, start)
    if starts:
        glucose = Stamped(wall, ok, of_glucose(wall, ok, starts, shifts))
    else:
        glucose = Stamped(wall, ok, by_flag(sheets["sgs"], wall), unsure=True)
    return {"sgs": glucose, "markers": Stamped(stamps.wall, stamps.ok, stamps.shift)}


def _timed(sheet: Sheet, stamped: Stamped, clock: PumpClock) -> Sheet:
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
    told = f"the pump's clock was moved: {count} records before that were read by the clock that wrote them"
    return (told,) if count else ()


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
