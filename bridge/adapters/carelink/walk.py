"""A pump's clock through a file: stretches between its own clock changes, and which rows lie in which.

Law (`carelink.md` A5): a change row has the old clock as its time and the new one in `New Device Time`. Rows
stand newest first, so the walk goes from the foot of each block upwards; where a clock was set back, two rows may
show one time, and only their order tells the pass: the place of the change row in its own section, the one step
back in others, or the five minutes between sensor readings. What stays open is kept with its bound.

A change by quarters of an hour is summer time or travel; up to four minutes more are drift, that grew over months
and is not laid upon the rows before it. A change of days sets a clock that was wrong: rows that lead up to it are
moved with it (a new pump starts in 2016), all earlier ones stand by themselves, as do those before a silence of
months.
Rejected: the zone alone (this clock moves when a hand moves it); rows sorted by their stamps (local disorder of
minutes is common, `carelink.md` A2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.adapters.carelink.clock import FARTHEST
from bridge.adapters.carelink.pages import Page, by_device, pages_of, spelled, walls, with_fields
from bridge.adapters.carelink.sections import is_phone
from bridge.mapping.cells import Ints, Mask, coded
from bridge.mapping.clock import STEP_BACK
from bridge.mapping.sheet import Sheet
from bridge.period import DAY, MINUTE

QUARTER: Final = 15 * MINUTE
DRIFT: Final = 4 * MINUTE
DISORDER: Final = 5 * MINUTE
CADENCE: Final = 6 * MINUTE
SILENCE: Final = 60 * DAY
"""A step over more than this was made by a clock, or nobody knows what the clock did meanwhile."""
MOST_CHAINS: Final = 1000
"""Clocks that were set, before numbers of chains go on after a silence."""
LONG_BEFORE: Final = 400 * DAY
"""No export reaches so far back; a pump that lay in a drawer for half a year does."""
FEW: Final = 0.05


@dataclass(frozen=True, slots=True)
class Change:
    """A clock change. `step`: ms by which it is taken to have moved; `sets`: it set a clock that was wrong."""

    old: int
    new: int
    page: Page
    row: int

    @property
    def sets(self) -> bool:
        return abs(self.new - self.old) > FARTHEST

    @property
    def step(self) -> int:
        whole = self.new - self.old
        near = round(whole / QUARTER) * QUARTER
        return near if abs(whole - near) <= DRIFT else whole


@dataclass(slots=True)
class Walked:
    """What the walk found for the rows of a page: arrays of int64[n], or bool[n]. `wall`: the time shown, or
    what would have been shown had the clock been set already."""

    page: Page
    wall: Ints
    moved: Ints
    chain: Ints
    open: Ints  # ms that the other pass lies later, where it is not decided
    ordered: Mask  # decided by the order of rows
    second: Mask  # in the second pass of a repeated time
    unset: Mask

    @classmethod
    def of(cls, page: Page) -> Walked:
        """A page before the walk."""
        nothing = np.zeros(len(page.sheet), np.int64)
        no = np.zeros(len(page.sheet), np.bool_)
        return cls(page, page.wall.copy(), nothing, nothing.copy(), nothing.copy(), no, no.copy(), no.copy())


def walk(parts: Sequence[tuple[str, Sheet]]) -> Sequence[Sheet]:
    """The sheets with `moved`, `chain`, `open`, `pass` and the marks `ordered`, `unset`."""
    pages = pages_of(parts)
    found = {id(page): Walked.of(page) for page in pages}
    for device in by_device(pages):
        mine = [found[id(page)] for page in device]
        changes = _changes(device)
        for number, change in enumerate(change for change in changes if change.sets):
            _set(change, number + 1, mine)
        for change in changes:
            if not change.sets and change.step:
                _move(change, mine)
        _unset(mine)
        _part_at_silences(mine)
        if is_phone(device[0].sheet.column("model").text(0)):
            for one in mine:
                _twice_shown(one)
    return [_told(found[id(page)]) for page in pages]


def _changes(pages: Sequence[Page]) -> list[Change]:
    """The clock changes of a device, the oldest first."""
    found: list[Change] = []
    for page in sorted(pages, key=_middle):
        column = page.sheet.column("new_time")
        rows = np.flatnonzero(column.filled & page.dated)
        new, ok = walls(column.at(rows), page.kind)
        told = [
            Change(int(page.wall[row]), int(to), page, int(row))
            for row, to, good in zip(rows, new, ok, strict=True)
            if good and abs(int(to) - int(page.wall[row])) >= 1000
        ]
        found += sorted(told, key=lambda change: change.row * change.page.downwards)
    return found


def _middle(page: Page) -> float:
    return float(np.median(page.wall[page.dated])) if page.dated.any() else 0.0


def _set(change: Change, chain: int, mine: Sequence[Walked]) -> None:
    """Rows that a wrong clock dated are moved with the change that set it, and begin a chain of their own with
    what comes after."""
    own = next(one for one in mine if one.page is change.page)
    low = _reaches(change, own.wall)
    for one in mine:
        wrong = one.page.dated & (one.wall >= low) & (one.wall <= change.old)
        one.wall[wrong] += change.new - change.old
        one.moved[wrong] += change.old - change.new
        one.chain[wrong | (one.page.dated & (one.wall >= change.new - DISORDER))] = chain


def _reaches(change: Change, wall: Ints) -> int:
    """The lowest time of the rows that lead up to the setting of a wrong clock."""
    low = last = change.old
    row = change.row - change.page.downwards
    while 0 <= row < len(wall):
        here = int(wall[row])
        if here > change.old + DISORDER or last - here > SILENCE:
            break
        low, last = min(low, here), here
        row -= change.page.downwards
    return low


def _move(change: Change, mine: Sequence[Walked]) -> None:
    """Everything after a change is moved; where the clock was set back, rows of the repeated time are told
    apart."""
    for one in mine:
        wall, dated = one.wall, one.page.dated
        if change.step > 0:
            one.moved[dated & (wall > (change.old + change.new) // 2)] += change.step
            continue
        twice = np.flatnonzero(dated & (wall > change.new) & (wall <= change.old))
        after = dated & (wall > change.old)
        passes = _passes(change, one, twice, after)
        if passes is None:
            one.open[twice] = -change.step
        else:
            after[twice[passes]] = one.second[twice[passes]] = True
            one.ordered[twice] = True
        one.moved[after] += change.step


def _passes(change: Change, one: Walked, twice: NDArray[np.intp], after: Mask) -> Mask | None:
    """Which rows of a repeated time are of the second pass; None where nothing tells."""
    down = one.page.downwards
    if one.page is change.page:
        return np.asarray((twice - change.row) * down > 0)
    if not len(twice):
        return np.zeros(0, np.bool_)
    order = twice[::down]
    back = np.flatnonzero(np.diff(one.wall[order]) < change.step // 2)
    if not len(back):
        return _by_cadence(change, one, order, after)
    if len(back) > 1:
        return None
    later = np.arange(len(order)) > back[0]
    return np.asarray(later[::down], np.bool_)


def _by_cadence(change: Change, one: Walked, order: NDArray[np.intp], after: Mask) -> Mask | None:
    """Rows of one pass alone belong to the side that they follow on within a sensor's five minutes."""
    wall = one.wall
    earlier = wall[one.page.dated & (wall <= change.new) & (wall > change.new - DAY)]
    later = wall[after & (wall < change.old + DAY)]
    before = len(earlier) > 0 and int(wall[order[0]]) - int(earlier.max()) <= CADENCE
    behind = len(later) > 0 and int(later.min()) - int(wall[order[-1]]) <= CADENCE
    return np.full(len(order), behind, np.bool_) if before != behind else None


def _twice_shown(one: Walked) -> None:
    """A phone writes no change rows: where its clock went back, rows that show a time again are of the second
    pass."""
    rows = np.flatnonzero(one.page.dated)[:: one.page.downwards]
    wall = one.wall[rows]
    steps = np.diff(wall)
    for place in np.flatnonzero((steps < -STEP_BACK) & (steps >= -FARTHEST)).tolist():
        beyond = np.flatnonzero(wall[place + 1 :] > wall[place])
        end = place + 1 + int(beyond[0]) if len(beyond) else len(rows)
        one.second[rows[place + 1 : end]] = True


def _part_at_silences(mine: Sequence[Walked]) -> None:
    """Over months without any row nobody knows what became of a clock: what follows is a chain of its own."""
    every = np.sort(np.concatenate([one.wall[one.page.dated] for one in mine]))
    edges = every[1:][np.diff(every) > SILENCE]
    for one in mine:
        one.chain += np.searchsorted(edges, one.wall, side="right") * MOST_CHAINS


def _unset(mine: Sequence[Walked]) -> None:
    """Few rows long before all others, that no change leads to: the clock was not set yet."""
    every = np.sort(np.concatenate([one.wall[one.page.dated] for one in mine]))
    gaps = np.flatnonzero(np.diff(every) > LONG_BEFORE)
    if not len(gaps) or gaps[-1] + 1 > FEW * len(every):
        return
    for one in mine:
        one.unset |= one.page.dated & (one.wall <= every[gaps[-1]])


def _told(one: Walked) -> Sheet:
    page, second = one.page, np.flatnonzero(one.second)
    places = np.zeros(len(page.sheet), np.int64)
    places[second] = np.arange(1, len(second) + 1)
    fields = {
        "moved": spelled(one.moved),
        "chain": spelled(one.chain),
        "open": spelled(one.open),
        "pass": coded(["", *(f"{page.stamp(row)} again" for row in second.tolist())], places),
    }
    sheet = with_fields(page.sheet, fields).with_mark("ordered", one.ordered)
    return sheet.with_mark("unset", one.unset)
