"""One thing that a CareLink answer tells twice: the last glucose, an alarm; and states of the sensor that go on.

Law (`carelink.md` B2, B4): `lastSG` is the last of `sgs`, `lastAlarm` one of the history (the same GUID): the copy is
marked and ignored by name. A state without glucose is one event, at its first slot; the
slots after it are the same state. Where the window begins inside a state its beginning is not in this answer,
so no event is made of it: each poll would tell another one.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from bridge.adapters.carelink.cloud_stamps import instants
from bridge.mapping.cells import Mask
from bridge.mapping.sheet import Sheet


def repeats(parts: Sequence[tuple[str, Sheet]]) -> Sequence[Sheet]:
    """The parts with the mark `again`; glucose also with goes_on and began_before."""
    marked = {"sgs": _glucose, "alarms": _alarms}
    return [marked[name](sheet) if name in marked else sheet for name, sheet in parts]


def _seen(rows: Sequence[Hashable]) -> Mask:
    """Which rows say what an earlier one says; None says nothing."""
    known: set[Hashable] = set()
    found = np.zeros(len(rows), np.bool_)
    for place, row in enumerate(rows):
        found[place] = row is not None and row in known
        known.add(row)
    return found


def _glucose(sheet: Sheet) -> Sheet:
    amounts, states = sheet.column("sg"), sheet.column("state")
    at, ok = instants(sheet.column("at"))
    said = zip(at.tolist(), ok.tolist(), amounts.texts(), states.texts(), strict=True)
    again = _seen([(when, sg, state) if stamped else None for when, stamped, sg, state in said])
    numbers = amounts.numbers()
    nothing = ~(numbers.ok & (numbers.amount != 0)) & ~again
    codes = np.where(nothing, states.words().codes, -1)
    goes_on, kept = np.zeros(len(sheet), np.bool_), np.flatnonzero(~again)
    if len(kept):
        goes_on[kept[1:]] = (codes[kept[1:]] == codes[kept[:-1]]) & nothing[kept[1:]]
    began_before = nothing & (np.arange(len(sheet)) == 0)
    found = sheet.with_mark("again", again).with_mark("goes_on", goes_on)
    return found.with_mark("began_before", began_before)


def _alarms(sheet: Sheet) -> Sheet:
    return sheet.with_mark("again", _seen([text or None for text in sheet.column("id").texts()]))
