"""Who holds what of readings that are in question, and which of it must be taken back.

Law (`safety.md`, corrections travel): every sent item is remembered; this tells for an upload, removed or not,
which receiver holds, or may hold, which item in which version, and how far taking it back has come, under
whichever pairing it left (`data.md`, ids). Of who asked instead of being pushed to, the ledger knows spans: what
it may hold is told as a number with the entries. It knows names and versions, never a value, and sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

import bridge.store.blocks as blocks
import bridge.store.destinations as destinations
import bridge.store.outbox as outbox
import bridge.store.series as series
from bridge.consent import grants
from bridge.consent.opened import MEANS
from bridge.consent.recalled import is_mean
from bridge.mapping.resources import READING_TYPES
from bridge.period import END_OF_TIME, Instant
from bridge.push.copies import (
    CORRECTED,
    DOUBTFUL,
    DUE,
    HELD,
    OUTDATED,
    REFUSED,
    RETIRED,
    RETRACTED,
    TAKEN,
    Copy,
    copies_of,
    documents_of,
    summaries_held,
)
from bridge.push.parts import most_parts
from bridge.push.reconcile import spelled
from bridge.reading import Stream
from bridge.store.columns import Ints, Table, ints, names
from bridge.store.db import Database
from bridge.store.ids import Name
from bridge.store.lanes import Lane, used
from bridge.store.outbox import Held
from bridge.store.plans import named
from bridge.store.series import SeriesRow
from bridge.store.slots import is_named, slots
from bridge.store.stood import brought


@dataclass(frozen=True, slots=True)
class Affected:
    """A destination and the items of an upload that it holds, or may hold, or gave back."""

    destination: int
    client: str
    copies: tuple[Copy, ...]


def affected(db: Database, patient: int, artifact: int) -> tuple[Affected, ...]:
    """Who was sent what of an upload, also of one that was removed."""
    found = tuple(brought(db, patient, artifact))
    over, sensed = _over(patient, found), _sensed(found)
    read = [(row.key.stream, ints(stood, "instant"), ints(stood, "until")) for row, stood in found]
    gone = frozenset(name for name, _ in blocks.retracted(db, patient))
    in_use = {each.number for each in destinations.listed(db)}
    return tuple(
        Affected(lane.destination, destinations.load(db, lane.destination).client, copies)
        for lane in used(db, patient)
        if (
            copies := (
                *_copies(db, lane, over, gone, lane.destination in in_use),
                *copies_of(db, lane, *sensed),
                *documents_of(db, lane, read),
            )
        )
    )


def _over(patient: int, brought: Iterable[tuple[SeriesRow, Table]]) -> dict[Name, Instant]:
    """The names of an upload, each with the instant from which on it says something else, or is gone."""
    found: dict[Name, Instant] = {}
    for row, stood in brought:
        until = np.asarray(stood["until"], np.int64).tolist()
        found.update(zip(named(patient, row.number, names(stood)), until, strict=True))
    return found


def _sensed(brought: Iterable[tuple[SeriesRow, Table]]) -> tuple[Ints, Ints]:
    """When the sensor glucose of an upload was, and until when each stood as the upload says it."""
    some = [stood for row, stood in brought if row.key.stream is Stream.GLUCOSE]
    none = [np.zeros(0, np.int64)]
    return (
        np.concatenate([*none, *(ints(each, "instant") for each in some)]),
        np.concatenate([*none, *(ints(each, "until") for each in some)]),
    )


def _copies(
    db: Database, lane: Lane, over: Mapping[Name, Instant], gone: frozenset[Name], in_use: bool
) -> Iterator[Copy]:
    for _, name, held in _holding(db, lane, tuple(over), with_retracted=True):
        is_gone = name in gone or held.state == RETRACTED or held.kept
        state = _taken(held, in_use) if is_gone else _standing(held, over[name])
        yield Copy(spelled(held.id), held.version or held.tried, held.reference, state)


def _taken(held: Held, in_use: bool) -> str:
    """How far taking it back has come."""
    if held.state == RETRACTED or held.kept:
        return REFUSED if held.kept else TAKEN
    return DOUBTFUL if not held.version else DUE if in_use else RETIRED


def _standing(held: Held, until: Instant) -> str:
    """What it is of a reading that stands, as the upload says it or otherwise since `until`."""
    if not held.version:
        return DOUBTFUL
    if until == END_OF_TIME:
        return HELD
    return CORRECTED if held.changed >= until and not held.tried else OUTDATED


def still_held(db: Database, patient: int) -> tuple[tuple[str, int], ...]:
    """The clients of destinations that hold, or may hold, something of the person, and how many items."""
    found = (
        (destinations.load(db, lane.destination).client, len(outbox.holding(db, lane)))
        for lane in used(db, patient)
    )
    return tuple((client, count) for client, count in found if count)


def holders(db: Database, patient: int, names: Iterable[Name]) -> tuple[Held, ...]:
    """What of these readings is held, or may be held, over all destinations."""
    wanted = tuple(names)
    lanes = used(db, patient)
    return tuple(held for lane in lanes for _, _, held in _holding(db, lane, wanted))


def gone(db: Database, lane: Lane) -> Iterator[tuple[str, int, list[Held]]]:
    """What the destination holds of readings that are gone, by the grant and link that they left under; and what may be
    an upload's that is gone, its means and its summaries: which of those are wrong, the gate alone can say
    (`consent/withdrawn.py`, `consent/recalled.py`, `consent/keeping.py`)."""
    since = dict(blocks.resurfaced(db, lane.patient))
    names = [*(name for name, _ in blocks.retracted(db, lane.patient)), *since]
    holding = _holding(db, lane, names) if names else ()
    open_ = [
        (grant, held)
        for grant, name, held in holding
        if not held.kept and (held.tried or held.changed < since.get(name, END_OF_TIME))
    ]
    found = sorted((*open_, *_means(db, lane), *summaries_held(db, lane)), key=_left_under)
    for (grant, link), some in groupby(found, key=_left_under):
        yield grant, link, [held for _, held in some]


def _means(db: Database, lane: Lane) -> Iterator[tuple[str, Held]]:
    """The means that are known to have arrived and that the receiver did not refuse to take back."""
    signed = [standing.grant for standing in grants.listed(db, lane.patient, with_names=False)]
    if any(grant.grain in MEANS for grant in signed):
        pairings = {grant.id: grant.pairing for grant in signed}
        for grant, held in outbox.holding(db, lane):
            name = db.ids.read(held.kind, spelled(held.id), pairings[grant])
            if name is not None and is_mean(name) and held.reference and not held.kept:
                yield grant, held


def _left_under(pair: tuple[str, Held]) -> tuple[str, int]:
    return pair[0], pair[1].link


def _holding(
    db: Database, lane: Lane, names: Sequence[Name], with_retracted: bool = False
) -> Iterator[tuple[str, Name, Held]]:
    """What the destination holds of the names: the grant that it left by, the name, and what is held."""
    holding = outbox.holding(db, lane, with_retracted)
    signed = {grant: grants.load(db, grant).grant for grant in {grant for grant, _ in holding}}
    pairings = {name: grant.pairing for name, grant in signed.items()}
    most = most_parts(db, lane.patient)
    minted = {pairing: _minted(db, names, pairing, most) for pairing in set(pairings.values())}
    for grant, held in holding:
        name = minted[pairings[grant]].get(held.id)
        if name is not None:
            yield grant, name, held


def _minted(db: Database, names: Sequence[Name], pairing: bytes, most: int) -> Mapping[bytes, Name]:
    """Every id under which the names may have left; an interval may have left in parts."""
    found: dict[bytes, Name] = {}
    cut = {patient: series.intervals(db, patient) for patient in {name.patient for name in names}}
    for (patient, number), same in groupby(sorted(names), key=lambda name: (name.patient, name.series)):
        some = list(same)
        for part in range(most if number in cut[patient] else 1):
            parted = [name for name in some if is_named(part, name.rank)]
            instants = np.array([name.instant for name in parted], np.int64)
            ranks = np.array([name.rank for name in parted], np.int64)
            named = slots(np.full(len(parted), part, np.int64), ranks)
            for kind in READING_TYPES:  # of which one was told; the ids of the other nobody holds
                raw = db.ids.mint(kind, patient, number, instants, named, pairing)
                found.update(zip((bytes(row) for row in raw), parted, strict=True))
    return found
