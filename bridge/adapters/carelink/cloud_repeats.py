"""One thing that a CareLink answer tells twice: the last glucose, an alarm; and states of the sensor that go on.

Law (`carelink.md` B2, B4): `lastSG` is the last of `sgs`, `lastAlarm` one of the history (the same GUID): the copy is
marked and ignored by name. A state without glucose is one event, at its first slot; the
slots after it are the same state. Where the window begins inside a state its beginning is not in this answer,
so no event is made of it: each poll would tell another one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bridge.adapters.carelink.cloud_stamps import instants
from bridge.mapping.cells import Mask
from bridge.mapping.sheet import Sheet


def repeats(parts: Sequence[tuple[str, Sheet]]) -> Sequence[Sheet]:
    """The parts with the mark `again`; glucose also with goes_on and began_before."""
    marked = {"sgs": _glucose, "alarms": _alarms}
    return [marked[name](sheet) if name in marked else sheet for name, sheet in parts]


def _glucose(sheet: Sheet) -> Sheet:
    again = _told_before(sheet)
    numbers, states = sheet.column("sg").numbers(), sheet.column("state").words()
    nothing = ~(numbers.ok & (numbers.amount != 0)) & ~again
    codes = np.where(nothing, states.codes, -1)
    goes_on, kept = np.zeros(len(sheet), np.bool_), np.flatnonzero(~again)
    if len(kept):
        goes_on[kept[1:]] = (codes[kept[1:]] == codes[kept[:-1]]) & nothing[kept[1:]]
    began_before = nothing & (np.arange(len(sheet)) == 0)
    found = sheet.with_mark("again", again).with_mark("goes_on", goes_on)
    return found.with_mark("began_before", began_before)


def _told_before(sheet: Sheet) -> Mask:
    """Glucose that an earlier record tells: the same instant, value and state."""
    at, ok = instants(sheet.column("at"))
    order = np.lexsort((np.arange(len(at)), at))
    twice = np.flatnonzero((np.diff(at[order]) == 0) & ok[order[1:]] & ok[order[:-1]])
    found = np.zeros(len(at), np.bool_)
    for first, second in zip(order[twice].tolist(), order[twice + 1].tolist(), strict=True):
        pairs = (
            (sheet.column(name).text(first), sheet.column(name).text(second)) for name in ("sg", "state")
        )
        found[second] = all(one == other for one, other in pairs)
    return found


def _alarms(sheet: Sheet) -> Sheet:
    """An alarm is told before where an earlier record has its GUID."""
    ids = sheet.column("id").words()
    _, first = np.unique(ids.codes, return_index=True)
    again = sheet.column("id").filled
    again[first] = False
    return sheet.with_mark("again", again)
