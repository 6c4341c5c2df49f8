"""Versions of readings in order, each with when it ended. Pure; reads nothing.

Law (`data.md`, versions and times): a name has one version at a time, and the next one ends it. Whoever counts
versions or asks what stood when asks here.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.period import END_OF_TIME
from bridge.reading import Flag, take
from bridge.store.columns import Table, ints, joined, names

STANDS: Final = "stands"
"""A column beside those of a reading that went or moved: 1 where there is a reading of that name now,
BACK where it only says again what it said before an upload that is gone."""
BACK: Final = 2


def standing(earlier: Table, now: Table) -> Table:
    """All versions in order of name and version, each once, with `until`: when the next one came, the end of
    time for the one that stands."""
    table = joined([earlier, now])
    table = take(table, np.lexsort((ints(table, "version"), names(table))))
    twice = (np.diff(names(table)) == 0) & (np.diff(ints(table, "version")) == 0)
    table = take(table, np.flatnonzero(~np.append(twice, False)))
    changed, named = ints(table, "changed"), names(table)
    until = np.full(len(named), END_OF_TIME, np.int64)
    same = np.flatnonzero(named[1:] == named[:-1])
    until[same] = changed[same + 1]
    return {**table, "until": until}


def is_back(now: Table, spent: Table) -> NDArray[np.bool_]:
    """Which readings say again what an earlier upload says, because a later one that had spoken over it is gone.
    `spent`: the versions that removals took back. Claims stand in order of receipt (`claims.py`), so an arrival never
    gives way to an earlier one."""
    real = take(spent, np.flatnonzero(ints(spent, "flags") & int(Flag.RETRACTED) == 0))
    order = np.lexsort((ints(real, "artifact"), names(real)))
    named, artifacts = names(real)[order], ints(real, "artifact")[order]
    if not len(named):
        return np.zeros(len(names(now)), np.bool_)
    place = np.maximum(np.searchsorted(named, names(now), side="right") - 1, 0)
    return np.asarray((named[place] == names(now)) & (artifacts[place] > ints(now, "artifact")))
