"""What a destination holds of summaries and documents, and how far a copy of anything has come.

Law (`safety.md`, corrections travel): which summaries were told is remembered by period (`store/reported.py`), what of
them is there in `sent`; a summary is one figure of many readings, so an upload that is in question concerns each whose
days it has a reading in. Names, versions and times, never a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

import bridge.store.outbox as outbox
from bridge.consent import grants
from bridge.consent.asked import KIND_OF
from bridge.consent.summed import ids_of, reports_of, secret
from bridge.fhir.summaries import GONE
from bridge.metrics.buckets import LEAST
from bridge.period import END_OF_TIME
from bridge.push.parcel import packed
from bridge.push.reconcile import spelled
from bridge.reading import Stream
from bridge.store.columns import Ints
from bridge.store.db import Database
from bridge.store.documented import Documented, documented
from bridge.store.lanes import Lane
from bridge.store.outbox import Held
from bridge.store.reported import Reported, reported

RETRACTED: Final = "retracted"
HELD: Final = "held"
CORRECTED: Final = "corrected"
OUTDATED: Final = "held, to be corrected"
DOUBTFUL: Final = "may be held: no answer came"
DUE: Final = "held, to be taken back"
RETIRED: Final = "held, and its destination is retired: a human's task"
REFUSED: Final = "held, the receiver refused to take it back: a human's task"
TAKEN: Final = "taken back"


@dataclass(frozen=True, slots=True)
class Copy:
    """One item at a receiver: our identifier, the version it holds, the receiver's own reference ('' unknown),
    and how far taking it back has come."""

    identifier: str
    version: str
    reference: str
    state: str


def summaries_held(db: Database, lane: Lane) -> Iterator[tuple[str, Held]]:
    """The Observations of summaries that are there or may be, with the grant that each left by, but those that are
    told as wrong or that the receiver refused to take back. Which of them are wrong, the gate alone can say."""
    for each, held in _held(db, lane):
        is_gone = held.state == RETRACTED or held.version.endswith(GONE)
        if not is_gone and not held.kept:
            yield each.grant, held


def documents_held(db: Database, lane: Lane) -> Iterator[tuple[Documented, Held]]:
    """The same of documents."""
    for each, held in _filed(db, lane):
        is_gone = held.state == RETRACTED or held.version.endswith(GONE)
        if not is_gone and not held.kept:
            yield each, held


def documents_of(db: Database, lane: Lane, found: Iterable[tuple[Stream, Ints, Ints]]) -> Iterator[Copy]:
    """The documents that readings of an upload are in: of each stream their instants, and until when each stood as the
    upload says it."""
    some = list(found)
    for each, held in _filed(db, lane):
        ends = [
            until[(instants >= each.period.start) & (instants < each.period.end)]
            for stream, instants, until in some
            if KIND_OF[stream] in each.kinds or stream is Stream.GLUCOSE
        ]
        inside = np.concatenate([np.zeros(0, np.int64), *ends])
        if len(inside):
            state = _state(each.is_frozen, held, inside[inside < END_OF_TIME])
            yield Copy(spelled(held.id), held.version or held.tried, held.reference, state)


def _filed(db: Database, lane: Lane) -> Iterator[tuple[Documented, Held]]:
    for each in documented(db, lane):
        grant = grants.load(db, each.grant).grant
        key = secret(grant.recipient.key, grant.pairing)
        ids = dict(reports_of(db.ids, lane.patient, each.period, each.is_frozen, key))
        for held in outbox.held(db, lane, [packed(ids[each.type])]).values():
            if held.version or held.tried:
                yield each, held


def copies_of(db: Database, lane: Lane, instants: Ints, until: Ints) -> Iterator[Copy]:
    """The summaries that readings of these instants are in. `until`: when each began to say something else."""
    for each, held in _held(db, lane):
        inside = (instants >= each.period.start) & (instants < each.period.end)
        if inside.any():
            others = until[inside & (until < END_OF_TIME)]
            state = _state(each.is_frozen, held, others)
            yield Copy(spelled(held.id), held.version or held.tried, held.reference, state)


def _held(db: Database, lane: Lane) -> Iterator[tuple[Reported, Held]]:
    for each in reported(db, lane):
        grant = grants.load(db, each.grant).grant
        key = secret(grant.recipient.key, grant.pairing)
        ids = ids_of(db.ids, lane.patient, each.period, each.is_frozen, key)
        for held in outbox.held(db, lane, map(packed, ids.values())).values():
            if held.version or held.tried:
                yield each, held


def _state(is_frozen: bool, held: Held, others: Ints) -> str:
    if held.state == RETRACTED or held.version.endswith(GONE):
        return TAKEN
    if held.kept:
        return REFUSED
    if not held.version:
        return DOUBTFUL
    if len(others) < (LEAST if is_frozen else 1):  # fewer do not change a frozen one
        return HELD
    return CORRECTED if held.changed >= others.max() and not held.tried else OUTDATED
