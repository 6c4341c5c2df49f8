"""How far each stamp lies behind the pump's newest clock, where the clock was moved inside an answer.

Law (`carelink.md` B3, TIME_CHANGE): after a change the markers' `timestamp` is rebased and `displayTime` keeps what
the clock showed, while `sgs` are not rebased: read alike, insulin and glucose lie hours apart. So a marker's shift
is the difference of its two stamps (seconds are drift), and glucose before a change has the shift of the
markers before it. Answers of 2020-24 count `relativeOffset` seconds back from the pump's time: where it
disagrees with the stamp the clock was moved, by that much. Nothing is guessed where no shift is told.
Shifts are ms, int64[n]: newest clock = what was shown + shift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bridge.adapters.carelink.cloud_stamps import walls
from bridge.mapping.cells import POWERS, Column, Ints, Mask
from bridge.mapping.sheet import Sheet
from bridge.period import MINUTE

STEP: Final = 5 * MINUTE
SLACK: Final = MINUTE
ODD: Final = 10 * MINUTE
"""Slots are five minutes apart, and up to seven where a sensor changes; a clock moves by more than this."""
SOON: Final = 30 * MINUTE


@dataclass(frozen=True, slots=True)
class Stamped:
    """A part in time: what its clock showed (ms), which records have a stamp, and how far each lies behind the
    newest clock (ms); `unsure`: shifts that two clocks of the answer disagree about."""

    wall: Ints
    ok: Mask
    shift: Ints
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class MarkerStamps:
    """The two stamps of each marker, ms: by the newest clock (`timestamp`) and as it was shown (`displayTime`)."""

    newest: Ints
    shown: Ints
    is_stamped: Mask
    is_shown: Mask

    @classmethod
    def of(cls, sheet: Sheet) -> MarkerStamps:
        """Those of a set of markers."""
        newest, stamped = walls(sheet.column("stamp"))
        shown, told = walls(sheet.column("shown"))
        return cls(newest, shown, stamped, told)

    @property
    def wall(self) -> Ints:
        """What the clock showed, else the one stamp."""
        return np.where(self.is_shown, self.shown, self.newest)

    @property
    def ok(self) -> Mask:
        """Which markers have a stamp."""
        return self.is_stamped | self.is_shown

    @property
    def shift(self) -> Ints:
        """How far each lies behind the newest clock; 0 where it has one stamp."""
        return np.where(self.is_stamped & self.is_shown, self.newest - self.shown, 0)


def changes(sheet: Sheet, stamps: MarkerStamps, made_up: Mask) -> tuple[list[int], list[int | None]]:
    """When the clock was moved (newest clock, in order), and the shift before each change: the median of the
    markers there, None where there is none. `made_up`: markers that the cloud puts at the window's start."""
    types = sheet.column("type").words()
    moved = types.mask([text == "TIME_CHANGE" for text in types.texts])
    told = stamps.is_stamped & stamps.is_shown & ~moved & ~made_up
    starts = sorted(stamps.newest[moved & stamps.is_stamped].tolist())
    shifts = list[int | None]()
    for low, high in zip([np.iinfo(np.int64).min, *starts], starts, strict=False):
        among = stamps.shift[told & (stamps.newest >= low) & (stamps.newest < high)]
        shifts.append(int(np.median(among)) if len(among) else None)
    return starts, shifts


def of_glucose(wall: Ints, ok: Mask, starts: Sequence[int], shifts: Sequence[int | None]) -> Ints:
    """The shift of each glucose stamp, in the order of the answer, by the changes among its markers."""
    steps = [*_estimated(wall[ok], starts, shifts), 0]
    found, at, before = np.zeros(len(wall), np.int64), 0, None
    for row in np.flatnonzero(ok).tolist():
        while at < len(starts) and _has_left(int(wall[row]) + steps[at], starts[at], before):
            at += 1
        before = int(wall[row]) + steps[at]
        found[row] = steps[at]
    return found


def _has_left(aligned: int, change: int, before: int | None) -> bool:
    """Whether a stamp lies behind a change: it would be later than it, or earlier than the stamp before."""
    return aligned > change + SLACK or (before is not None and aligned < before - SLACK)


def _estimated(wall: Ints, starts: Sequence[int], shifts: Sequence[int | None]) -> list[int]:
    """The shifts, where no marker tells one by the jump of the glucose stamps themselves."""
    found, after = list[int](), 0
    for start, shift in zip(reversed(starts), reversed(shifts), strict=True):
        after = after + _jump(wall, start - after) if shift is None else shift
        found.append(after)
    return found[::-1]


def _jump(wall: Ints, change: int) -> int:
    """By how much stamps jump at a change, beyond the usual step; 0 where they do not."""
    gaps, later = np.diff(wall) - STEP, wall[1:]
    odd = np.flatnonzero((np.abs(gaps) > ODD) & (later >= change - SLACK) & (later <= change + SOON))
    return int(gaps[odd[0]]) if len(odd) else 0


def present(sheet: Sheet, wall: Ints, ok: Mask) -> int | None:
    """The pump's time from which `relativeOffset` counts back, by the newest record; None where none tells."""
    seconds, told = _seconds(sheet.column("relative"))
    rows = np.flatnonzero(ok & told)
    if not len(rows):
        return None
    newest = int(rows[np.argmax(seconds[rows])])
    return int(wall[newest] - seconds[newest] * 1000)


def by_elapsed(sheet: Sheet, wall: Ints, ok: Mask, now: int) -> Ints:
    """Shifts by the seconds before `now`, 0 where a record tells none."""
    seconds, told = _seconds(sheet.column("relative"))
    return np.where(ok & told, now + seconds * 1000 - wall, 0)


def by_flag(sheet: Sheet, wall: Ints) -> Ints:
    """Shifts by the jumps of stamps at records that say `timeChange`."""
    words = sheet.column("changed").words()
    flagged = words.mask([text == "true" for text in words.texts])
    gaps = np.concatenate((np.zeros(min(len(wall), 1), np.int64), np.diff(wall) - STEP))
    jumps = np.where(flagged & (np.abs(gaps) > ODD), gaps, 0)
    return np.asarray(jumps.sum() - np.cumsum(jumps))


def _seconds(column: Column) -> tuple[Ints, Mask]:
    numbers = column.numbers()
    return numbers.amount // POWERS[numbers.decimals], numbers.ok & (numbers.amount <= 0)
