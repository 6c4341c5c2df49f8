"""Who holds what of readings that are in question, and which of it must be taken back.

Law (`safety.md`, corrections travel): every sent item is remembered; this tells for names of readings
which receiver holds, or may hold, them, under whichever pairing they left (`data.md`, ids). It knows
names and versions, never a value, and sends nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

import numpy as np

import bridge.store.blocks as blocks
import bridge.store.destinations as destinations
import bridge.store.outbox as outbox
from bridge.consent import grants
from bridge.mapping.resources import READING_TYPES
from bridge.store.brought import brought
from bridge.store.db import Database
from bridge.store.ids import Name
from bridge.store.lanes import Lane
from bridge.store.outbox import Held

KEPT: Final = "kept"
"""The receiver was told and refused to take it back: a human's task, not tried again by itself."""


@dataclass(frozen=True, slots=True)
class Affected:
    """A destination and how many of the readings it holds, or may hold."""

    destination: int
    client: str
    items: int


def affected(db: Database, patient: int, artifact: int) -> tuple[Affected, ...]:
    """Who holds, or may hold, how much of what an artifact brought. To be asked before it is removed:
    afterwards its readings are among those that `gone` takes back."""
    counts = Counter(held.destination for held in holders(db, patient, brought(db, patient, artifact)))
    return tuple(
        Affected(number, destinations.load(db, number).client, items)
        for number, items in sorted(counts.items())
    )


def holders(db: Database, patient: int, names: Iterable[Name]) -> tuple[Held, ...]:
    """What of these readings is held, or may be held, over all destinations."""
    wanted = tuple(names)
    lanes = [lane for lane in outbox.lanes(db) if lane.patient == patient]
    return tuple(held for lane in lanes for _, held in _holding(db, lane, wanted))


def gone(db: Database, lane: Lane) -> Iterator[tuple[str, int, list[Held]]]:
    """What the destination holds of readings that are gone, by the grant and link that they left under."""
    names = [name for name, _ in blocks.retracted(db, lane.patient)]
    holding = _holding(db, lane, names) if names else ()
    found = sorted((pair for pair in holding if pair[1].state != KEPT), key=_left_under)
    for (grant, link), some in groupby(found, key=_left_under):
        yield grant, link, [held for _, held in some]


def _left_under(pair: tuple[str, Held]) -> tuple[str, int]:
    return pair[0], pair[1].link


def _holding(db: Database, lane: Lane, names: Sequence[Name]) -> Iterator[tuple[str, Held]]:
    holding = outbox.holding(db, lane)
    pairings = {grant: grants.load(db, grant).grant.pairing for grant in {grant for grant, _, _ in holding}}
    minted = {pairing: _minted(db, names, pairing) for pairing in set(pairings.values())}
    for grant, what, held in holding:
        if held.id in minted[pairings[grant]]:
            is_kept = what == "retraction" and held.state == "refused"
            yield grant, replace(held, state=KEPT) if is_kept else held


def _minted(db: Database, names: Sequence[Name], pairing: bytes) -> frozenset[bytes]:
    found: set[bytes] = set()
    for (patient, series), same in groupby(sorted(names), key=lambda name: (name.patient, name.series)):
        some = list(same)
        instants = np.array([name.instant for name in some], np.int64)
        slots = np.array([name.slot for name in some], np.uint16)
        for kind in READING_TYPES:  # of which one was told; the ids of the other nobody holds
            raw = db.ids.mint(kind, patient, series, instants, slots, pairing)
            found.update(bytes(row) for row in raw)
    return frozenset(found)
