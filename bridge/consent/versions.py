"""How often a reading changed for one asker: the number behind versionId and ETag.

Law (`data.md`, versions and times): pure but for the look-up that is handed in. A recipient counts the
versions that stood while a grant showed the reading to it, by any way and for any purpose, breaks left out:
the first one it could see is the first, one that came and went unseen is none, and no number is ever given
to two contents. A removal, or a re-dating or an earlier value's return out of sight, counts for who could see what it
took away. The owner counts all. Read, vread, history, ETag and deliveries have their number from here.

Rejected: the store's own count (tells of edits before the grant), starting anew with each grant (one number
for two contents: a correction made in a break would never be fetched).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Grain
from bridge.consent.strands import Mask, Strand, View
from bridge.period import END_OF_TIME, Instant, PeriodSet
from bridge.reading import INTERVALS, Flag, column, take
from bridge.store.columns import Table, ints, names
from bridge.store.lifetimes import standing

Ints: TypeAlias = NDArray[np.int64]
Earlier: TypeAlias = Callable[[int, Ints], Table]
"""The versions that readings of a series (its number) had before, by their names (`store.stood.earlier`)."""


def counted(view: View, strand: Strand, rows: Table, earlier: Earlier) -> Ints:
    """For readings as they stand: how many versions the asker could see before each: int64[n]."""
    versions = ints(rows, "version")
    if view.is_owner or "version" not in rows:
        return versions
    found = np.zeros(len(versions), np.int64)
    amended = np.flatnonzero((versions > 0) & (ints(rows, "changed") > _beginning(view)))
    if not len(amended):
        return found
    now = standing_now(take(rows, amended))
    wanted, places = np.unique(names(now), return_index=True)
    stood = standing(earlier(strand.series.number, wanted), take(now, places))
    before = ordinals(view, strand, stood).before
    last = np.flatnonzero(stood["until"] == END_OF_TIME)
    found[amended] = before[last[np.searchsorted(wanted, names(now))]]
    return found


def standing_now(rows: Table) -> Table:
    """Of readings as they stand (`rows.admit`), what their versions are counted by."""
    origin = ints(rows, "first") - ints(rows, "instant")
    return {name: column(rows, name) for name in _COUNTED} | {"origin": origin}


_COUNTED: Final = ("instant", "rank", "version", "changed", "artifact", "flags", "end", "bound")


def _beginning(view: View) -> Instant:
    """The first instant at which any single reading was shown to the asker."""
    boxes = (*view.decision.boxes, *view.decision.ended)
    starts = (box.acts.periods[0].start for box in boxes if box.grain is Grain.RAW and box.acts)
    return min(starts, default=END_OF_TIME)


@final
@dataclass(frozen=True, slots=True)
class Ordinals:
    """For every version (`lifetimes.standing`): `before`: its number, as the asker counts; `seen`: whether the asker
    could see it; `taken`: the number under which it takes away what was seen before, where it does."""

    before: Ints
    seen: Mask
    taken: Ints


def ordinals(view: View, strand: Strand, stood: Table) -> Ordinals:
    """How the asker counts the versions of each name."""
    named, wrong = names(stood), ints(stood, "flags") & int(Flag.RETRACTED) != 0
    since = ints(stood, "changed")
    seen = _shown(view, strand, stood, np.asarray(stood["until"], np.int64))
    left = (_moved(stood) | _returned(stood)) & ~wrong & ~_shown(view, strand, stood, since + 1)
    gone = _missed(seen, named, wrong | left)
    seen |= gone & wrong
    before = _before(seen, named) + _before(gone & left, named) + (gone & left)
    return Ordinals(before, seen, np.maximum(0, before - left))


def _before(which: Mask, named: Ints) -> Ints:
    """How many of the versions of the same name before each are among them."""
    total = np.cumsum(which, dtype=np.int64) - which
    return np.asarray(total - total[_starts(named)], np.int64)


def _moved(stood: Table) -> Mask:
    """Which versions are of another time than the one before."""
    found = np.zeros(len(stood["until"]), np.bool_)
    for name in ("instant", "end", "bound"):
        found[1:] |= np.diff(ints(stood, name)) != 0
    found[_starts(names(stood))] = False
    return found


def _returned(stood: Table) -> Mask:
    """Which versions an earlier upload says again, because the one that said the version before is gone."""
    found = np.zeros(len(stood["until"]), np.bool_)
    found[1:] = np.diff(ints(stood, "artifact")) < 0
    found[_starts(names(stood))] = False
    return found


def _missed(seen: Mask, named: Ints, gone: Mask) -> Mask:
    """Which removals, and re-datings out of sight, took away something that was seen after the one before."""
    total, places = np.cumsum(seen, dtype=np.int64) - seen, np.flatnonzero(gone)
    starts = _starts(named)[places]
    since = total[starts]
    again = np.flatnonzero(starts[1:] == starts[:-1]) + 1
    since[again] = total[places[again - 1]]
    found = np.zeros(len(named), np.bool_)
    found[places] = total[places] > since
    return found


def _starts(named: Ints) -> NDArray[np.intp]:
    """For each version the place of the first one of its name."""
    first = np.concatenate((np.ones(1, np.bool_), named[1:] != named[:-1]))[: len(named)]
    places = np.flatnonzero(first)
    return np.repeat(places, np.diff(np.append(places, len(named))))


def _shown(view: View, strand: Strand, stood: Table, until: Ints) -> Mask:
    """Which versions stood, where they stood, while a grant showed them, before an instant each."""
    found: Mask = np.zeros(len(stood["until"]), np.bool_)
    for of_source, opened in view.by_source(stood, strand.kind, strand.grains):
        for box in opened.shown:
            mask = _lies(strand, stood, box.ever) & _touches(box.acts, ints(stood, "changed"), until)
            found |= mask if of_source is None else mask & of_source
    found &= ints(stood, "flags") & int(Flag.RETRACTED) == 0
    return found


def _lies(strand: Strand, stood: Table, periods: PeriodSet) -> Mask:
    """Which lie in the periods: readings with their whole range of time, intervals with any part."""
    instants, bounds = ints(stood, "instant"), ints(stood, "bound")
    if strand.stream in INTERVALS:
        return _touches(periods, instants, np.maximum(instants + 1, ints(stood, "end")))
    return periods.covers_mask(instants - bounds, instants + bounds)


def _touches(periods: PeriodSet, starts: Ints, ends: Ints) -> Mask:
    """Which spans `[start, end)` have an instant in the periods."""
    found: Mask = np.zeros(len(starts), np.bool_)
    for period in periods:
        found |= (starts < period.end) & (period.start < ends)
    return found
