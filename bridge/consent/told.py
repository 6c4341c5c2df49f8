"""What left to one recipient, remembered as columns: which versions of which readings it may hold.

Law (`consent.md`, retraction is no disclosure): what somebody holds is what the ledger says left to it: the
version that stood then, inside the span, kinds and grants of an entry, under ids of the same pairing. An item
that a grant did not open then is not taken for held, whatever span it lies in; of an interval the pieces that the
grants of the entry cut it into, and no instant outside them. Rejected: writing the ids of answers (a second copy
of the person's times, for every page that ever left).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Grain, Kind
from bridge.consent.grant import Grant
from bridge.consent.pieces import cuts
from bridge.consent.strands import Mask
from bridge.period import PeriodSet, ZoneHistory, union
from bridge.reading import Flag
from bridge.store.columns import Table, ints
from bridge.store.tellings import Telling, Told

Ints: TypeAlias = NDArray[np.int64]
Terms: TypeAlias = tuple[frozenset[str], tuple[tuple[str, int], ...], bool]
"""Kinds, (grant, version), and whether they were pushed: of entries."""

_ENTRY, _AT, _FIRST, _LAST, _TERMS = range(5)
_PORTION: Final = 512
_SOME: Final = 4096


@final
@dataclass(frozen=True, slots=True)
class Tellings:
    """Disclosures of single readings up to row `entry`: int64[n, 5] of entry, time, first and last instant,
    and place in `terms`."""

    entry: int
    rows: Ints
    terms: tuple[Terms, ...]


NOTHING: Final = Tellings(0, np.zeros((0, 5), np.int64), ())


def extended(known: Tellings, more: Told) -> Tellings:
    """With what the ledger says since."""
    places = {terms: place for place, terms in enumerate(known.terms)}
    fresh = [_row(each, places) for each in more.tellings if not each.retracts and _has_raw(each)]
    rows = np.concatenate((known.rows, np.array(fresh, np.int64).reshape(-1, 5))) if fresh else known.rows
    terms = tuple(places)
    if more.unsent:  # of a push the outbox knows better: a receiver may hold what it did not acknowledge
        asked = np.array([not is_push for _, _, is_push in terms], np.bool_)[rows[:, _TERMS]]
        rows = rows[~(asked & np.isin(rows[:, _ENTRY], np.array(sorted(more.unsent), np.int64)))]
    return Tellings(more.entry, rows, terms)


def polled(known: Tellings) -> Tellings:
    """Those that were asked for: not the pushes."""
    asked = np.array([not is_push for _, _, is_push in known.terms], np.bool_)
    return Tellings(
        known.entry, known.rows[asked[known.rows[:, _TERMS]]] if len(asked) else known.rows, known.terms
    )


def _has_raw(telling: Telling) -> bool:
    """A stream writes down no grain: it may have been any."""
    return not telling.grains or Grain.RAW.name.lower() in telling.grains


def _row(telling: Telling, places: dict[Terms, int]) -> tuple[int, int, int, int, int]:
    place = places.setdefault((telling.kinds, telling.grants, telling.is_push), len(places))
    return telling.entry, telling.at, telling.first, telling.last, place


@final
@dataclass(frozen=True, slots=True)
class Left:
    """What left: places of versions, which part of each, and from when to when as it was told (int64[k] each);
    one version may have left in several parts, and one part under several grants, the latest last."""

    place: Ints
    part: Ints
    low: Ints
    high: Ints

    def taken(self, which: NDArray[np.generic]) -> Left:
        """The same at the places `which`."""
        return Left(self.place[which], self.part[which], self.low[which], self.high[which])


_NONE: Final = Left(*(np.zeros(0, np.int64) for _ in range(4)))


@final
@dataclass(frozen=True, slots=True)
class Holding:
    """What is asked about: the versions (`lifetimes.standing`) of readings of one kind, whether they are
    intervals, the grants by (id, version), and the pairing under which the recipient knows the person."""

    stood: Table
    kind: Kind
    is_cut: bool
    grants: Mapping[tuple[str, int], Grant]
    pairing: bytes
    zones: ZoneHistory
    source: Callable[[int], str]

    def held(self, tellings: Tellings) -> Mask:
        """Which versions left to the recipient, whole or in part."""
        found = np.zeros(len(self.stood["instant"]), np.bool_)
        found[self.left(tellings).place] = True
        return found

    def left(self, tellings: Tellings) -> Left:
        """What of the versions left to the recipient."""
        found, since = [_NONE], ints(self.stood, "changed")
        until = np.asarray(self.stood["until"], np.int64)
        for rows, covered, periods in self._under(tellings):
            for pieces in self._pieces(covered, periods):
                place = pieces.place
                found.append(pieces.taken(_reached(pieces.low, since[place], until[place], rows)))
        return Left(*(np.concatenate([getattr(each, name) for each in found]) for name in Left.__slots__))

    def _under(self, tellings: Tellings) -> Iterator[tuple[Ints, Mask, PeriodSet]]:
        """The disclosures that may have held any of it, with the versions (by source) and periods of their grants."""
        low, high = int(ints(self.stood, "instant").min()), int(self._ends().max())
        for place, (kinds, named, _) in enumerate(tellings.terms):
            grants = [self.grants[each] for each in named if self.kind in kinds and each in self.grants]
            grants = [grant for grant in grants if self._counts(grant)]
            rows = tellings.rows[tellings.rows[:, _TERMS] == place] if grants else tellings.rows[:0]
            rows = rows[(rows[:, _FIRST] <= high) & (low <= rows[:, _LAST])]
            if len(rows):
                for covered, some in self._by_source(grants):
                    yield from ((each, covered, periods) for each, periods in self._periods(rows, some))

    def _counts(self, grant: Grant) -> bool:
        return grant.grain is Grain.RAW and self.kind in grant.kinds and grant.pairing == self.pairing

    def _by_source(self, grants: Sequence[Grant]) -> Iterator[tuple[Mask, Sequence[Grant]]]:
        """Versions by the grants that cover their sources."""
        real = ints(self.stood, "flags") & int(Flag.RETRACTED) == 0
        artifacts, place = np.unique(ints(self.stood, "artifact"), return_inverse=True)
        names = [self.source(each) for each in artifacts.tolist()]
        covering = [tuple(i for i, grant in enumerate(grants) if grant.covers_source(name)) for name in names]
        for some in dict.fromkeys(covering):
            if some:
                covered = np.array([each == some for each in covering], np.bool_)[place]
                yield real & covered, [grants[i] for i in some]

    def _periods(self, rows: Ints, grants: Sequence[Grant]) -> Iterator[tuple[Ints, PeriodSet]]:
        """The disclosures by what was open at the time."""
        if not any(grant.rolling_days for grant in grants):
            yield rows, union(grant.periods for grant in grants)
            return
        days = np.array([self.zones.local_date(at).toordinal() for at in rows[:, _AT].tolist()], np.int64)
        for day in np.unique(days).tolist():
            some = rows[days == day]
            yield some, union(grant.periods_at(int(some[0, _AT]), self.zones) for grant in grants)

    def _pieces(self, covered: Mask, periods: PeriodSet) -> Iterator[Left]:
        """What of the versions is inside."""
        instants, bounds = ints(self.stood, "instant"), ints(self.stood, "bound")
        if not self.is_cut:
            inside = np.flatnonzero(covered & periods.covers_mask(instants - bounds, instants + bounds))
            yield Left(inside, np.zeros(len(inside), np.int64), instants[inside], instants[inside] + 1)
            return
        for cut in cuts(instants, self._ends(), bounds, periods):
            inside = np.flatnonzero(covered & cut.keep)
            yield Left(inside, cut.part[inside], cut.low[inside], cut.high[inside])

    def _ends(self) -> Ints:
        return np.maximum(ints(self.stood, "end"), ints(self.stood, "instant") + 1)


def _reached(low: Ints, since: Ints, until: Ints, rows: Ints) -> Mask:
    """Which items that begin at `low` and stood from `since` to `until` lie in the span of a disclosure made in that
    time. Where an item stood through many disclosures, their spans are one set and none is looked at alone."""
    found = np.zeros(len(low), np.bool_)
    for start in range(0, len(rows), _PORTION):
        some = rows[start : start + _PORTION]
        first, last, begins, ends = some[:, _FIRST], some[:, _LAST], some[:, _AT].min(), some[:, _AT].max()
        near = (first.min() <= low) & (low <= last.max()) & (since <= ends) & (begins < until)
        open_ = np.flatnonzero(near & ~found)
        steady = (since[open_] <= begins) & (ends < until[open_])
        found[open_[steady]] = _in_any(low[open_[steady]], first, last)
        rest = open_[~steady]
        for each in np.split(rest, range(_SOME, len(rest), _SOME)):
            at, spans = some[:, _AT], (first <= low[each, None]) & (low[each, None] <= last)
            found[each] = (spans & (since[each, None] <= at) & (at < until[each, None])).any(axis=1)
    return found


def _in_any(low: Ints, first: Ints, last: Ints) -> Mask:
    """Which lie in any of the closed spans."""
    order = np.argsort(first)
    furthest = np.maximum.accumulate(last[order])
    place = np.searchsorted(first[order], low, side="right") - 1
    return np.asarray((place >= 0) & (furthest[place] >= low))
