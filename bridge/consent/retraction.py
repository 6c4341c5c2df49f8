"""Telling that something was wrong: entered-in-error, without a value.

Law: a retraction is no disclosure (`consent.md`, the decision): for an item that a recipient already holds
and that proved to be another person's, deleted at the source or re-dated, it may be told so even after the
grant ended. What it holds is what the ledger says left to it; nothing else is confirmed. Rejected: leaving it
to the sink to forget.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import KIND_OF, Grain
from bridge.consent.batches import Batch
from bridge.consent.named import named
from bridge.consent.page import Page
from bridge.consent.strands import Mask, Strand
from bridge.period import EMPTY, Instant
from bridge.reading import Flag
from bridge.store.entries import Row
from bridge.store.ids import Ids, Name
from bridge.store.series import SeriesRow


def told_before(
    entries: Iterable[Row], recipient: str, instants: NDArray[np.int64], gone: NDArray[np.int64]
) -> Mask:
    """Which readings (instants, and when they were taken away: int64[n] each) had left to the recipient."""
    found = np.zeros(len(instants), np.bool_)
    for first, last, at in _spans(entries, recipient):
        found |= (first <= instants) & (instants <= last) & (at < gone)
    return found


def _spans(entries: Iterable[Row], recipient: str) -> Iterator[tuple[int, int, int]]:
    for row in entries:
        party, first, last = row.fields.get("party"), row.fields.get("first"), row.fields.get("last")
        if not isinstance(party, Mapping) or not isinstance(first, int) or not isinstance(last, int):
            continue
        if (party.get("organization") or party.get("client")) == recipient:
            yield first, last, row.at


def pairing_of(ids: Ids, texts: Iterable[str] | None, pairings: Iterable[bytes]) -> bytes:
    """The pairing under which these ids were minted; b'' where none reads."""
    for pairing in (b"", *pairings):
        if any(named(ids, text, pairing) is not None for text in texts or ()):
            return pairing
    return b""


def page_of(gone: Mapping[Name, Instant], series: Sequence[SeriesRow]) -> Page:
    """The retracted names (when each was taken away) as a page of items without values."""
    batches: list[tuple[Batch, NDArray[np.int32]]] = []
    count = 0
    for row in series:
        names = sorted(name for name in gone if name.series == row.number and name.grain == Grain.RAW)
        if names:
            at = np.arange(count, count + len(names), dtype=np.int32)
            batches.append((_batch(row, names, gone), at))
            count += len(names)
    return Page(tuple(batches), count, False)


def _batch(row: SeriesRow, names: Sequence[Name], gone: Mapping[Name, Instant]) -> Batch:
    raw = frozenset({Grain.RAW})
    strand = Strand(row, KIND_OF[row.key.stream], EMPTY, raw, raw, None, None)
    instants = np.array([name.instant for name in names], np.int64)
    return Batch(
        strand=strand,
        grain=Grain.RAW,
        rows={
            "instant": instants,
            "value": np.zeros(len(names), np.int64),
            "flags": np.full(len(names), int(Flag.RETRACTED), np.uint16),
        },
        first=instants,
        slots=np.array([name.slot for name in names], np.uint16),
        updated=np.array([gone[name] for name in names], np.int64),
        versions=np.full(len(names), 255, np.int64),
    )
