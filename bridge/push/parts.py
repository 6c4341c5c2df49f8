"""Pieces of one interval in one chart: filed together so that no minute of it stands there twice, or left as they are.

Law (`consent.md`, the decision: cut and recomputed; `safety.md`, duplicates): a piece is named by its place among those
that are permitted, so a grant that begins or ends may move it to another name, or leave a name without a piece. Of a
reading that the receiver holds any piece of, all pieces that may be told now are looked at together: where every
name that it holds still has a piece, and they tell no less time than what it holds, all that differ go in one
Bundle, and the chart is what is permitted. Otherwise nothing of that version goes: what was filed is right as it
stands, and stays (`consent.md`, the grant, text). What was amended is none of this and goes.

Rejected: each piece by itself (insulin would stand twice), taking back what a grant no longer shows (it is no error).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TypeAlias

import numpy as np

import bridge.store.outbox as outbox
import bridge.store.series as series
from bridge.consent import grants
from bridge.fhir.fullness import is_same_amendment, length, moves, says_more
from bridge.push.courier import Parcel, packed
from bridge.push.reconcile import spelled
from bridge.store.db import Database
from bridge.store.ids import Name
from bridge.store.lanes import Lane
from bridge.store.outbox import Held
from bridge.store.slots import MOST, is_named, slots

Ask: TypeAlias = Callable[[frozenset[str]], Awaitable[Parcel]]
"""What may be told now of these ids; nothing of it leaves."""
Copies: TypeAlias = Mapping[str, Held]


async def needed(db: Database, lane: Lane, grant: str, parcel: Parcel, ask: Ask) -> frozenset[str]:
    """The ids that are to be sent of what the parcel needs, pieces of the same readings considered."""
    found, families = parcel.needed, tuple(_families(db, lane, grant, parcel))
    if not families:
        return found
    told = await ask(frozenset(id_ for ids, _ in families for id_ in ids))
    now = {spelled(item.id): item.version for item in told.items}
    for ids, held in families:
        found = (found - ids) | _fitting({id_: now[id_] for id_ in ids & now.keys()}, held)
    return found


def most_parts(db: Database, patient: int) -> int:
    """Into how many parts all grants there ever were can have cut an interval together."""
    signed = grants.listed(db, patient, with_names=False)
    return min(MOST, sum(len(each.grant.periods.periods) for each in signed) or 1)


def _fitting(now: Mapping[str, str], held: Copies) -> frozenset[str]:
    """Which pieces of one reading go."""
    before = {id_: each.version for id_, each in held.items()}
    is_refused = any(each.state == "refused" for each in held.values())
    if is_refused or not before.keys() <= now.keys() or _time(now) < _time(before):
        return frozenset()
    return frozenset(
        id_
        for id_, version in now.items()
        if id_ not in before or says_more(version, before[id_]) or moves(version, before[id_])
    )


def _time(versions: Mapping[str, str]) -> int:
    return sum(map(length, versions.values()))


def _families(
    db: Database, lane: Lane, grant: str, parcel: Parcel
) -> Iterator[tuple[frozenset[str], Copies]]:
    """The names of all parts of each interval that the parcel needs a part of, and those of them that the receiver
    holds, where it holds any in that amendment."""
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
        found = outbox.held(db, lane, map(packed, sorted(ids)))
        held = {
            spelled(each.id): each for each in found.values() if each.version and each.state != "retracted"
        }
        if any(is_same_amendment(item.version, each.version) for each in held.values()):
            yield ids, held


def _parts(db: Database, kind: str, name: Name, most: int, pairing: bytes) -> Iterator[str]:
    for part in (each for each in range(most) if is_named(each, name.rank)):
        (slot,) = slots(np.array([part], np.int64), np.array([name.rank], np.int64)).tolist()
        yield db.ids.one(kind, Name(name.patient, name.series, name.instant, slot), pairing)
