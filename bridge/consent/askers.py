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
from bridge.consent.asked import Kind
from bridge.consent.asker import OPERATOR, OWNER
from bridge.consent.grant import Grant
from bridge.consent.strands import kinds_of
from bridge.consent.told import Holding, Tellings
from bridge.period import Instant, ZoneHistory
from bridge.reading import INTERVALS
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


def who_asked(db: Database, patient: int) -> tuple[str, ...]:
    """Every recipient (organisation or lone client) to whom something left because it asked, or by a push."""
    return tuple(each for each in tellings.recipients(db, patient) if each not in _NOBODY)


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
    items: list[_Item] = []
    for row, stood in found:
        items += _held(row, stood, known, signed, zones, source, _packed(db, patient, row.number))
    if not items:
        return None
    gone = [each for each in items if each.is_gone]
    taken = sum(_is_in(each, said.tellings) for each in gone)
    instants = np.array(sorted(each.instant for each in items), np.int64)
    return Asker(
        recipient=recipient,
        items=len(items),
        first=int(instants[0]),
        last=int(instants[-1]),
        entries=tuple(_entries(known, instants)),
        told=taken,
        due=len(gone) - taken,
    )


@dataclass(frozen=True, slots=True)
class _Item:
    """One that may be held: as it was told last, and whether it is gone."""

    kind: Kind
    instant: Instant
    is_gone: bool


def _held(
    row: SeriesRow,
    stood: Table,
    known: Tellings,
    signed: Sequence[Grant],
    zones: ZoneHistory,
    source: str,
    gone: Ints,
) -> Iterator[_Item]:
    by, is_cut = {(grant.id, grant.version): grant for grant in signed}, row.key.stream in INTERVALS
    lost, named = among(names(stood), gone), names(stood)
    for kind, codes in kinds_of(row.key.stream, is_owner=False):
        told_at: dict[tuple[bytes, int, int], _Item] = {}
        own = None if codes is None else np.isin(ints(stood, "kind"), np.array(sorted(codes), np.int64))
        for pairing in sorted({grant.pairing for grant in signed}):
            holding = Holding(stood, kind, is_cut, by, pairing, zones, lambda _: source)
            left = holding.left(known)
            for place, part, low in zip(
                left.place.tolist(), left.part.tolist(), left.low.tolist(), strict=True
            ):
                if own is None or own[place]:
                    told_at[pairing, int(named[place]), part] = _Item(kind, low, bool(lost[place]))
        yield from told_at.values()


def _packed(db: Database, patient: int, series: int) -> Ints:
    found = [name for name, _ in retracted(db, patient) if name.series == series]
    return np.array([name.instant * RANKS + name.rank for name in found], np.int64)


def _is_in(item: _Item, said: Sequence[tellings.Telling]) -> bool:
    """Whether a retraction that was asked for covers it."""
    return any(
        each.retracts
        and not each.is_push
        and item.kind in each.kinds
        and each.first <= item.instant <= each.last
        for each in said
    )


def _entries(known: Tellings, instants: Ints) -> Iterator[int]:
    """The entries in whose span one of the instants lies."""
    for entry, _, first, last, _ in known.rows.tolist():
        low, high = np.searchsorted(instants, (first, last + 1)).tolist()
        if high > low:
            yield entry
