"""What left to one recipient, remembered as columns: which versions of which readings it may hold.

Law (`consent.md`, retraction is no disclosure): what somebody holds is what the ledger says left to it: the
version that stood then, inside the span, kinds and grants of an entry, under ids of the same pairing. An item
that a grant did not open then is not taken for held, whatever span it lies in. Rejected: writing the ids of
answers (a second copy of the person's times, for every page that ever left).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Grain, Kind
from bridge.consent.grant import Grant
from bridge.consent.strands import Mask
from bridge.period import Instant, ZoneHistory
from bridge.reading import Flag
from bridge.store.columns import Table, ints
from bridge.store.tellings import Telling, Told

Ints: TypeAlias = NDArray[np.int64]
Terms: TypeAlias = tuple[frozenset[str], tuple[tuple[str, int], ...], bool]
"""Kinds, (grant, version), and whether they were pushed: of entries."""

_ENTRY, _AT, _FIRST, _LAST, _TERMS = range(5)


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
    rows = np.concatenate((known.rows, np.array(fresh, np.int64).reshape(-1, 5)))
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
class Holding:
    """What is asked about: the versions (`versions.standing`) of readings of one kind, the grants by (id,
    version), and the pairing under which the recipient knows the person."""

    stood: Table
    kind: Kind
    grants: Mapping[tuple[str, int], Grant]
    pairing: bytes
    zones: ZoneHistory
    source: Callable[[int], str]

    def held(self, tellings: Tellings) -> Mask:
        """Which versions left to the recipient."""
        instants, until = ints(self.stood, "instant"), np.asarray(self.stood["until"], np.int64)
        changed, found = ints(self.stood, "changed"), np.zeros(len(instants), np.bool_)
        real = ints(self.stood, "flags") & int(Flag.RETRACTED) == 0
        order = np.argsort(instants, kind="stable")
        for rows, grant in self._under(tellings):
            allowed = real & self._sources(grant)
            if not grant.rolling_days:
                allowed &= grant.periods.mask(instants)
            for _, at, first, last, _ in rows.tolist():
                low, high = np.searchsorted(instants[order], (first, last + 1)).tolist()
                here = order[low:high]
                fits = allowed[here] & (changed[here] <= at) & (at < until[here])
                if grant.rolling_days:
                    fits &= grant.periods_at(at, self.zones).mask(instants[here])
                found[here[fits]] = True
        return found

    def _under(self, tellings: Tellings) -> Iterator[tuple[Ints, Grant]]:
        """The disclosures that may have held any of it, by each grant that they were made under."""
        low, high = self._edges("instant")
        for place, (kinds, named, _) in enumerate(tellings.terms):
            if self.kind not in kinds:
                continue
            rows = tellings.rows[tellings.rows[:, _TERMS] == place]
            rows = rows[(rows[:, _FIRST] <= high) & (low <= rows[:, _LAST])]
            for grant in (self.grants[each] for each in named if each in self.grants):
                if len(rows) and self._counts(grant):
                    yield rows, grant

    def _counts(self, grant: Grant) -> bool:
        return grant.grain is Grain.RAW and self.kind in grant.kinds and grant.pairing == self.pairing

    def _edges(self, name: str) -> tuple[Instant, Instant]:
        values = ints(self.stood, name)
        return int(values.min()), int(values.max())

    def _sources(self, grant: Grant) -> Mask:
        artifacts, place = np.unique(ints(self.stood, "artifact"), return_inverse=True)
        covered = np.array([grant.covers_source(self.source(each)) for each in artifacts.tolist()], np.bool_)
        found: Mask = covered[place]
        return found
