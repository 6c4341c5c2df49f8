"""Telling that something was wrong: entered-in-error, without a value.

Law: a retraction is no disclosure (`consent.md`, the decision): for an item that a recipient already holds
and that proved to be another person's, deleted at the source or re-dated, it may be told so even after the
grant ended. What it holds is what the ledger says left to it; nothing else is confirmed. Rejected: leaving it
to the sink to forget.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Asked
from bridge.consent.asker import Asker
from bridge.consent.named import named
from bridge.consent.strands import Mask
from bridge.store.db import Database
from bridge.store.entries import Row
from bridge.store.grants import pairings


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


def pairing_of(db: Database, who: Asker, asked: Asked) -> bytes:
    """The pairing under which the ids asked for were minted for this asker; b'' where none reads."""
    for pairing in (b"", *pairings(db, who.organization), *pairings(db, who.client)):
        if any(named(db.ids, text, pairing) is not None for text in asked.ids or ()):
            return pairing
    return b""
