"""Which profile of a document is in force, from when, and from which minute of the day each of its entries holds.

Law (`nightscout.md` 7): a document keeps every profile that a person ever wrote; the one named by `defaultProfile`
is in force, in any case of letters, the others are not read as anybody's settings. 1970 is how the editor writes
that nobody said since when: the document's own date tells more. An entry's minute stands in `time` or in
`timeAsSeconds`; a first entry after midnight holds from its own minute, and nothing is put before it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.adapters.nightscout.columns import filled_in, instants, small
from bridge.mapping.cells import Column, Mask
from bridge.mapping.json_cells import first_filled
from bridge.mapping.lengths import UNKNOWN, minutes
from bridge.mapping.sheet import Sheet
from bridge.period import DAY

UNSET: Final = DAY
"""A start before this is the editor's 1970."""


def in_force(sheet: Sheet) -> Sheet:
    """Adds `since` and `minute`, and the mark `in_force`."""
    found = sheet.with_columns({"since": _since(sheet), "minute": _minute(sheet)})
    mark, is_guessed = _in_force(sheet)
    if is_guessed:
        found = found.warned("profiles of which none is named as the one in force were not read")
    return found.with_mark("in_force", mark)


def _since(sheet: Sheet) -> Column:
    start = sheet.column("start")
    at, ok = instants(start)
    unset = ok & (np.abs(at) < UNSET) & sheet.filled("created")
    return first_filled([start.blanked(unset), sheet.column("created")])


def _minute(sheet: Sheet) -> Column:
    time, seconds = sheet.column("time"), minutes(sheet.column("seconds"), "s")
    found = minutes(time, "h:mm")
    rows = np.flatnonzero((found == UNKNOWN) & (seconds != UNKNOWN))
    texts = [f"{each // 60}:{each % 60:02d}" for each in seconds[rows].tolist()]
    return filled_in(time, rows, texts)


def _in_force(sheet: Sheet) -> tuple[Mask, bool]:
    """Entries of the profile in force, and whether a document has several of which none is named."""
    names, name = small(sheet, "name")
    defaults, default = small(sheet, "default")
    said = np.array(names or [""])[name] == np.array(defaults or [""])[default]
    found = np.asarray(said | ~sheet.filled("name"))
    home = _documents(sheet)
    named = np.zeros(int(home.max(initial=-1)) + 1, np.bool_)
    np.logical_or.at(named, home, found)
    for each in np.flatnonzero(~named).tolist():
        alone = len(np.unique(name[home == each])) == 1
        found[home == each] = named[each] = alone
    return found, not bool(named.all())


def _documents(sheet: Sheet) -> NDArray[np.int64]:
    """A number for the document of each entry."""
    (_, one), (starts, two) = small(sheet, "id"), small(sheet, "start")
    code = one.astype(np.int64) * max(len(starts), 1) + two
    return np.asarray(np.unique(code, return_inverse=True)[1], np.int64)
