"""Who asked and may hold readings of an upload: by the ledger, in numbers, without a value.

Law (`safety.md`, corrections travel): who was pushed to is known item by item; who asked is known by spans, so
this says how many of an upload's items may be held at most, in which entries of the ledger they left, and of
how many it was told that they were taken away. It is the same account by which a retraction is told
(`told.py`); nothing is disclosed here and nobody is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

import bridge.store.tellings as tellings
from bridge.consent import grants, told
from bridge.consent.asked import KIND_OF
from bridge.consent.asker import OPERATOR, OWNER
from bridge.consent.grant import Grant
from bridge.consent.strands import Mask
from bridge.consent.told import Holding, Tellings
from bridge.period import Instant, ZoneHistory
from bridge.store.artifacts import load as load_artifact
from bridge.store.blocks import retracted
from bridge.store.columns import RANKS, Table, among, ints, names
from bridge.store.db import Database
from bridge.store.patients import load
from bridge.store.series import SeriesRow
from bridge.store.stood import brought

_NOBODY: Final = frozenset({OWNER, OPERATOR})
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Asker:
    """A recipient (organisation or lone client) that asked: `items` of the upload it may hold, measured from
    `first` to `last`; `entries`: rows of the ledger; `told`: of how many it knows that they were taken away;
    `due`: of how many it is to learn it when it asks next."""

    recipient: str
    items: int
    first: Instant
    last: Instant
    entries: tuple[int, ...]
    told: int
    due: int


def askers(db: Database, patient: int, artifact: int) -> tuple[Asker, ...]:
    """Everybody who asked and may hold something of an upload, also of one that was removed."""
    found = brought(db, patient, artifact)
    zones, source = load(db, patient).zones, load_artifact(db, patient, artifact).source
    signed = [standing.grant for standing in grants.listed(db, patient, with_names=False)]
    made = (
        _asker(db, patient, each, found, [g for g in signed if g.recipient.key == each], zones, source)
        for each in tellings.recipients(db, patient)
        if each not in _NOBODY
    )
    return tuple(each for each in made if each is not None)


def _asker(
    db: Database,
    patient: int,
    recipient: str,
    found: Sequence[tuple[SeriesRow, Table]],
    signed: Sequence[Grant],
    zones: ZoneHistory,
    source: str,
) -> Asker | None:
    said = tellings.told(db, patient, recipient)
    known = told.polled(told.extended(told.NOTHING, said))
    lost = {row.number: _packed(db, patient, row.number) for row, _ in found}
    parts = [_held(row, stood, known, signed, zones, source, lost[row.number]) for row, stood in found]
    instants = np.concatenate([np.zeros(0, np.int64), *(instants for instants, _ in parts)])
    gone = np.concatenate([np.zeros(0, np.int64), *(gone for _, gone in parts)])
    if not len(instants):
        return None
    taken = sum(_is_in(at, said.tellings) for at in gone.tolist())
    return Asker(
        recipient=recipient,
        items=len(instants),
        first=int(instants.min()),
        last=int(instants.max()),
        entries=tuple(_entries(known, np.sort(instants))),
        told=taken,
        due=len(gone) - taken,
    )


def _held(
    row: SeriesRow,
    stood: Table,
    known: Tellings,
    signed: Sequence[Grant],
    zones: ZoneHistory,
    source: str,
    gone: Ints,
) -> tuple[Ints, Ints]:
    """The instants of what may be held, and of what of it is gone (names)."""
    by = {(grant.id, grant.version): grant for grant in signed}
    held: Mask = np.zeros(len(stood["instant"]), np.bool_)
    for pairing in {grant.pairing for grant in signed}:
        holding = Holding(stood, KIND_OF[row.key.stream], by, pairing, zones, lambda _: source)
        held |= holding.held(known)
    instants, lost = ints(stood, "instant"), held & among(names(stood), gone)
    _, once = np.unique(names(stood)[held], return_index=True)
    _, then = np.unique(names(stood)[lost], return_index=True)
    return instants[held][once], instants[lost][then]


def _packed(db: Database, patient: int, series: int) -> Ints:
    found = [name for name, _ in retracted(db, patient) if name.series == series]
    return np.array([name.instant * RANKS + name.rank for name in found], np.int64)


def _is_in(instant: Instant, said: Sequence[tellings.Telling]) -> bool:
    """Whether a retraction that was asked for covers it."""
    return any(each.retracts and not each.is_push and each.first <= instant <= each.last for each in said)


def _entries(known: Tellings, instants: Ints) -> Iterator[int]:
    """The entries in whose span one of the instants lies."""
    for entry, _, first, last, _ in known.rows.tolist():
        low, high = np.searchsorted(instants, (first, last + 1)).tolist()
        if high > low:
            yield entry
