"""Which ticks of API records are counters, and which records a receiver only shows once more.

Law (`dexcom.md` A1.5, A1.8): seconds since the transmitter's start identify a reading of it whoever shows it. So a
tick without a transmitter is none; where a phone and a receiver show one tick the phone's record is the reading,
for a receiver's clock is set by hand; a tick that stands for times far apart is no counter.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.adapters.dexcom.models import RECEIVERS
from bridge.mapping.cells import Column, Ints, Mask
from bridge.mapping.sheet import Sheet
from bridge.mapping.stamps import read_forms
from bridge.period import MINUTE

MOST: Final = 1 << 40
SAME: Final = 15 * MINUTE
"""ms that two clocks may show one tick apart."""


def counted(sheet: Sheet) -> Sheet:
    """The sheet with `ticks` where they are counters, and the mark `shown_twice`."""
    column = sheet.column("ticks")
    ticks, ok = column.wholes()
    owner = sheet.column("transmitter")
    ok &= owner.filled & (ticks < MOST)
    twice = np.zeros(len(sheet), np.bool_)
    rows, group = _repeated(owner, ticks, np.flatnonzero(ok))
    again = _far_apart(sheet, rows, group, twice)
    ok[again] = False
    if len(again):
        sheet = sheet.warned(
            f"{len(again)} {sheet.part} have a transmitter time that stands for several times; "
            "their own time identifies them"
        )
    if not ok.all():
        sheet = sheet.with_columns({"ticks": column.blanked(~ok)})
    return sheet.with_mark("shown_twice", twice)


def _repeated(owner: Column, ticks: Ints, places: NDArray[np.intp]) -> tuple[NDArray[np.intp], Ints]:
    """Rows whose tick another row of the same transmitter has, and a number for each such tick, in order."""
    few = owner if len(places) == len(owner) else owner.at(places)
    first, count = few.words().codes.astype(np.int64) << 40, ticks[places]
    key = first | count
    # one transmitter after the other, newest or oldest first, as the API answers: nothing can repeat
    if (np.diff(key) > 0).all() or (np.diff(count - first) < 0).all():
        return places[:0], key[:0]
    order = np.argsort(key, kind="stable")
    same = np.diff(key[order]) == 0
    if not same.any():
        return places[:0], key[:0]
    group = np.cumsum(np.concatenate(([0], ~same)))
    shared = np.concatenate(([False], same)) | np.concatenate((same, [False]))
    return places[order[shared]], np.unique(group[shared], return_inverse=True)[1]


def _far_apart(sheet: Sheet, rows: NDArray[np.intp], group: Ints, twice: Mask) -> NDArray[np.intp]:
    """Rows whose tick stands for times far apart. What receivers show of other displays' ticks is put into
    `twice` and is no reason."""
    if not len(rows):
        return rows
    by_receiver = receivers(sheet, rows)
    others = np.bincount(group, ~by_receiver) > 0
    copies = by_receiver & others[group]
    twice[rows[copies]] = True
    rows, group = rows[~copies], group[~copies]
    told = read_forms(sheet.column("system").at(rows), ["iso"])
    first = np.full(int(group.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    last = np.full(len(first), np.iinfo(np.int64).min)
    np.minimum.at(first, group[told.ok], told.instant[told.ok])
    np.maximum.at(last, group[told.ok], told.instant[told.ok])
    apart = (last > first) & (last - first > SAME)
    return np.asarray(rows[apart[group]], np.intp)


def receivers(sheet: Sheet, rows: NDArray[np.intp]) -> Mask:
    """Which of some rows a receiver showed."""
    words = sheet.column("shown_by").at(rows).words()
    return words.mask([text.casefold() in RECEIVERS for text in words.texts])
