"""Pieces of one interval in one chart: filed together so that no minute of it stands there twice, or left as they are.

Law (`consent.md`, the decision: cut and recomputed; `safety.md`, duplicates): a piece is named by its place among those
that are permitted, so a grant that begins or ends may move it to another name, or leave a name without a piece. Of a
reading that the receiver holds any piece of, all pieces that may be told now are looked at together: where every
name that it holds still has a piece, and they tell no less time than what it holds, all that differ go in one
request, and the chart is what is permitted. Otherwise nothing of that version goes: what was filed is right as it
stands, and stays (`consent.md`, the grant, text). A receiver that does not take them as one (`is_whole`), or no updates
at all, gets only pieces beside which everything that it holds may stand. What was amended goes, and where it does not
go as one, what is there is amended before anything is added.

Rejected: each piece by itself (insulin would stand twice), taking back what a grant no longer shows (it is no error).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

import bridge.store.outbox as outbox
import bridge.store.series as series
from bridge.consent import grants
from bridge.fhir.fullness import grows, is_same_amendment, length, moves, says_more
from bridge.push.parcel import Parcel, packed
from bridge.push.reconcile import spelled
from bridge.store.db import Database
from bridge.store.ids import Name
from bridge.store.lanes import Lane
from bridge.store.outbox import SEVERAL, Held
from bridge.store.slots import MOST, is_named, slots

Ask: TypeAlias = Callable[[frozenset[str]], Awaitable[Parcel]]
"""What may be told now of these ids; nothing of it leaves."""
NONE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Due:
    """The ids that are to be sent now. `waits`: there are more when these have arrived."""

    ids: frozenset[str]
    waits: bool = False


@dataclass(frozen=True, slots=True)
class _Family:
    """The names of all parts of one interval; in which version the receiver holds which; those that it refused."""

    ids: frozenset[str]
    held: Mapping[str, str]
    refused: frozenset[str]
    is_amended: bool

    def fresh(self, now: Mapping[str, str]) -> frozenset[str]:
        """Pieces that differ from what is there."""
        return frozenset(
            id_
            for id_, version in now.items()
            if id_ not in self.held or says_more(version, self.held[id_]) or moves(version, self.held[id_])
        )


async def needed(db: Database, lane: Lane, grant: str, parcel: Parcel, ask: Ask, is_whole: bool) -> Due:
    """What is to be sent of what the parcel needs, pieces of the same readings considered. `is_whole`: all of a
    request arrives or nothing."""
    families = tuple(_families(db, lane, grant, parcel, is_whole))
    if not families:
        return Due(parcel.needed)
    told = await ask(frozenset(id_ for family in families for id_ in family.ids))
    found, waits = parcel.needed, False
    for family in families:
        fitting = _amended if family.is_amended else _fitting
        due = fitting(family, told, parcel.needed & family.ids, is_whole)
        found, waits = (found - family.ids) | due.ids, waits or due.waits
    return Due(found, waits)


def most_parts(db: Database, patient: int) -> int:
    """Into how many parts all grants there ever were can have cut an interval together."""
    signed = grants.listed(db, patient, with_names=False)
    return min(MOST, sum(len(each.grant.periods.periods) for each in signed) or 1)


def _fitting(family: _Family, told: Parcel, mine: frozenset[str], is_whole: bool) -> Due:
    """Which pieces of one reading go. `mine`: those that the page needs."""
    held, lacking = family.held, family.refused - family.held.keys()
    now = {id_: told.told[id_] for id_ in (family.ids & told.told.keys()) - lacking}
    known = {id_: version for id_, version in held.items() if version != SEVERAL}
    is_less = _time(now) < _time(known)
    if family.refused & held.keys() or not held.keys() <= now.keys() or is_less:
        return Due(NONE)
    fresh = family.fresh(now) | (mine & now.keys())
    changed = fresh & held.keys()
    if changed & told.fixed:
        return Due(NONE)
    if is_whole:
        return Due(fresh)
    # Each of them may arrive without the others: what is there may only become longer.
    is_safe = all(grows(now[id_], known[id_]) for id_ in changed & known.keys())
    return Due(mine & now.keys() if is_safe else NONE)


def _amended(family: _Family, told: Parcel, mine: frozenset[str], is_whole: bool) -> Due:
    """The same of a reading of which the receiver holds another amendment."""
    if is_whole and not told.fixed & family.ids:
        return Due(mine)
    now = {id_: told.told[id_] for id_ in family.ids & told.told.keys()}
    changed = (family.fresh(now) | mine) & family.held.keys()
    goes = changed - told.fixed - family.refused
    added = mine - family.held.keys()
    if not added:
        return Due(goes & mine)
    if goes:
        return Due(goes, waits=True)
    return Due(NONE if changed or family.refused else added)


def _time(versions: Mapping[str, str]) -> int:
    return sum(map(length, versions.values()))


def _families(db: Database, lane: Lane, grant: str, parcel: Parcel, is_whole: bool) -> Iterator[_Family]:
    """Each interval that the parcel needs a part of and the receiver holds any of. Whoever takes all pieces as one may
    hold several amendments of them; of the others, each that is behind is amended first."""
    if not parcel.needed or (most := most_parts(db, lane.patient)) == 1:
        return
    cut, pairing = series.intervals(db, lane.patient), grants.load(db, grant).grant.pairing
    seen: set[str] = set()
    for item in parcel.items:
        name = db.ids.read(item.kind, spelled(item.id), pairing)
        if spelled(item.id) not in parcel.needed - seen or name is None or name.series not in cut:
            continue
        ids = frozenset(_parts(db, item.kind, name, most, pairing))
        seen |= ids
        found = outbox.held(db, lane, map(packed, sorted(ids))).values()
        held = {spelled(each.id): each.version for each in found if _is_there(each)}
        if held:
            refused = frozenset(spelled(each.id) for each in found if each.state == "refused")
            same = [is_same_amendment(item.version, version) for version in held.values()]
            yield _Family(ids, held, refused, is_amended=not (any(same) if is_whole else all(same)))


def _is_there(each: Held) -> bool:
    return bool(each.version) and each.state != "retracted"


def _parts(db: Database, kind: str, name: Name, most: int, pairing: bytes) -> Iterator[str]:
    for part in (each for each in range(most) if is_named(each, name.rank)):
        (slot,) = slots(np.array([part], np.int64), np.array([name.rank], np.int64)).tolist()
        yield db.ids.one(kind, Name(name.patient, name.series, name.instant, slot), pairing)
