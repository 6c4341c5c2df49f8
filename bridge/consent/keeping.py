"""A summary as it is kept for who was told it: as it was, or anew.

Law (`consent.md`, means and summaries): a frozen one is told anew, as corrected, once three of its readings came,
changed or went and its number is the same or another by three; or where other sources of three readings or more are
open now. What readings are open of is told anew whenever its figures are others. What it has no figure for any more is
entered in error for who was told it; of a frozen one with fewer than three readings all of it is. It changed when the
last of its readings did, and no earlier than its period was over, so that a window of times that is over holds what
belongs to it whenever it is asked for. Where it is open no longer, nothing new is made, and that its grant ended makes
no figure wrong: it is taken back where its readings were another person's, went or moved, by the same measure.

Rejected: making a frozen one again (two answers could differ by a reading).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Kind
from bridge.consent.blocks import Reported
from bridge.consent.reader import Reader
from bridge.consent.summed import NOTHING, PARTS, Content
from bridge.metrics.buckets import LEAST
from bridge.period import Instant, Period
from bridge.reading import Stream, take
from bridge.store.columns import Table, ints, joined, names
from bridge.store.lifetimes import BACK, STANDS, standing
from bridge.store.summaries import Frozen

Kept: TypeAlias = "Frozen[Content]"


@final
@dataclass(frozen=True, slots=True)
class Made:
    """The content now, when each of its readings came or changed (int64[n]), and when any of it was last told
    otherwise."""

    content: Content
    changes: NDArray[np.int64]
    updated: Instant


@final
@dataclass(frozen=True, slots=True)
class Keeping:
    """Keeps summaries at `now`. `source`: the name of the source of an artifact."""

    reader: Reader
    now: Instant
    source: Callable[[int], str]

    def kept(self, before: Kept | None, each: Reported, made: Made) -> Kept | None:
        """The block as it is told: as it was, or anew; None where it is not told."""
        keep = self._frozen if each.is_frozen else self._open
        return keep(before, each, made)

    def recalled(self, before: Kept) -> Kept | None:
        """A block that is open no longer, as it is taken back; None where nothing is wrong with it."""
        content = before.content
        if content.figures is None:
            return before if content.told else None
        count, latest = self.went(before.period, before.changed, dict(content.sources).__contains__)
        if not count or (count < LEAST <= content.readings - count):
            return None
        return self._after(before, NOTHING, latest)

    def emptied(self, before: Kept) -> Kept:
        """The block without a figure, for a report of it that is taken back though its figures stand; never kept."""
        return self._after(before, NOTHING, self.now)

    def went(
        self,
        period: Period,
        since: Instant,
        is_meant: Callable[[str], bool] | None = None,
        streams: Collection[Stream] = (Stream.GLUCOSE,),
    ) -> tuple[int, Instant]:
        """How many readings of the period, of these streams, of the sources that are meant or of any, went, moved or
        turned out wrong after that instant, and when the last did."""
        found, latest = 0, 0
        away = self.reader.away(since + 1, None)
        for row in self.reader.series() if away else ():
            if row.key.stream not in streams or row.number not in away:
                continue
            table = away[row.number]
            stood = self._lost(row.number, table, since)
            instants = ints(stood, "instant")
            at = ints(table, "changed")[np.searchsorted(names(table), names(stood))]
            inside = (instants >= period.start) & (instants < period.end)
            if is_meant is not None:
                named = [is_meant(self.source(each)) for each in ints(stood, "artifact").tolist()]
                inside &= np.array(named, np.bool_)
            found, latest = found + int(inside.sum()), max(latest, int(at[inside].max(initial=0)))
        return found, latest

    def _lost(self, series: int, away: Table, since: Instant) -> Table:
        """The versions that those which are away had; of one that only says again what it said before an upload that is
        gone, the one that stood at that instant, where it was that upload's."""
        is_back = ints(away, STANDS) == BACK
        gone, back = take(away, np.flatnonzero(~is_back)), take(away, np.flatnonzero(is_back))
        before = self.reader.earlier(series, names(gone)) if len(names(gone)) else {}
        if not len(names(back)):
            return before
        stood = standing(self.reader.earlier(series, names(back)), back)
        theirs = ints(back, "artifact")[np.searchsorted(names(back), names(stood))]
        then = (ints(stood, "changed") <= since) & (since < np.asarray(stood["until"], np.int64))
        lost = take(stood, np.flatnonzero(then & (ints(stood, "artifact") > theirs)))
        lost.pop("until")
        return joined([before, lost])

    def _frozen(self, before: Kept | None, each: Reported, made: Made) -> Kept | None:
        content = made.content
        if before is None:
            updated = max(made.updated, each.period.end)
            first = replace(content, updated=min(updated, self.now))
            return Frozen(each.period, 0, self.now, first) if content.readings >= LEAST else None
        had, have = dict(before.content.sources), dict(content.sources)
        shut = [source for source in had if not any(box.covers(source, Kind.GLUCOSE) for box in each.boxes)]
        new = [source for source in have if source not in had]
        is_enough = all(had[each] >= LEAST for each in shut) and all(have[each] >= LEAST for each in new)
        if shut and not is_enough:
            return None
        if not shut and not (new and is_enough) and not self._is_corrected(before, each, made):
            return before
        return self._after(before, content if content.readings >= LEAST else NOTHING, made.updated)

    def _open(self, before: Kept | None, each: Reported, made: Made) -> Kept | None:
        if before is not None:
            return self._after(before, made.content, made.updated)
        if not made.content.told:
            return None
        updated = min(max(made.updated, each.period.end), self.now)
        return Frozen(each.period, 0, self.now, replace(made.content, updated=updated), is_open=True)

    def _is_corrected(self, before: Kept, each: Reported, made: Made) -> bool:
        """Whether enough of its data are others: a difference of one or two readings would be theirs alone."""
        if 0 < abs(made.content.readings - before.content.readings) < LEAST:
            return False
        came = int((made.changes > before.changed).sum())
        return came >= LEAST or self.went(each.period, before.changed)[0] >= LEAST

    def _after(self, before: Kept, content: Content, updated: Instant) -> Kept:
        """What is told after another: the same where it says the same."""
        was = before.content
        told = tuple(part for part in PARTS if part in {*was.told, *content.told})
        since = updated if was.updated < updated <= self.now and before.changed < updated else self.now
        after = replace(content, told=told, days=was.days, offsets=was.offsets, updated=was.updated)
        if after == was:
            return before
        return Frozen(
            before.period, before.version + 1, self.now, replace(after, updated=since), before.is_open
        )
