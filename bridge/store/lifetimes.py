"""Versions of readings in order, each with when it ended. Pure; reads nothing.

Law (`data.md`, versions and times): a name has one version at a time, and the next one ends it. Whoever counts
versions or asks what stood when asks here.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bridge.period import END_OF_TIME
from bridge.reading import take
from bridge.store.columns import Table, ints, joined, names

STANDS: Final = "stands"
"""A column beside those of a reading that went or moved: 1 where there is a reading of that name now."""


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
