"""One page: items in a total order, taken after a keyset, up to a limit.

Law: pure. The order is (sort key, first instant, series, slot), so every item stands in one place and pages
joined are the whole, each item once. A keyset is the sort key and the id of the last item (24 bytes): it
tells what left, never how much is hidden (`smart-consent.md`, L5). Rejected: offsets.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Order
from bridge.consent.batches import Batch
from bridge.consent.named import named
from bridge.store.columns import ints
from bridge.store.ids import Ids, Name

Ints: TypeAlias = NDArray[np.int64]

_KEYSET: Final = struct.Struct(">q16s")


@final
@dataclass(frozen=True, slots=True)
class Cursor:
    """The last item of the page before."""

    key: int
    name: Name


def keyset(key: int, raw_id: bytes) -> bytes:
    """The 24 bytes that stand for an item."""
    return _KEYSET.pack(key, raw_id)


def cursor(after: bytes, ids: Ids, pairing: bytes, patient: int) -> Cursor | None:
    """The item behind a keyset; None where it is none of this asker's."""
    if len(after) != _KEYSET.size:
        return None
    key, raw = _KEYSET.unpack(after)
    spelled = bytes(raw).hex()
    parts = (spelled[:8], spelled[8:12], spelled[12:16], spelled[16:20], spelled[20:])
    name = named(ids, "-".join(parts), pairing, patient)
    return None if name is None else Cursor(key, name)


def sort_keys(batch: Batch, order: Order) -> Ints:
    """What the items are sorted by first: int64[n]."""
    return batch.updated if order.endswith("lastUpdated") else ints(batch.rows, "instant")


def beyond(batch: Batch, order: Order, last: Cursor) -> NDArray[np.bool_]:
    """Which items stand after the cursor."""
    name = last.name
    series = np.full(len(batch), batch.strand.series.number, np.int64)
    slot = batch.slots.astype(np.int64)
    columns = (sort_keys(batch, order), batch.first, series, slot)
    limits = (last.key, name.instant, name.series, name.slot)
    found = np.zeros(len(batch), np.bool_)
    tied = np.ones(len(batch), np.bool_)
    for column, limit in zip(columns, limits, strict=True):
        found |= tied & (column < limit if order.startswith("-") else column > limit)
        tied &= column == limit
    return found


@final
@dataclass(frozen=True, slots=True)
class Page:
    """The chosen items: batches with the place of each of their items, and whether more follow."""

    batches: tuple[tuple[Batch, NDArray[np.int32]], ...]
    count: int
    has_more: bool


def chosen(batches: Sequence[Batch], order: Order, limit: int | None) -> Page:
    """The first `limit` items of all batches in order."""
    filled = [batch for batch in batches if len(batch)]
    count = sum(map(len, filled))
    taken = count if limit is None else min(limit, count)
    if not taken:
        return Page((), 0, count > 0)
    if len(filled) == 1 and _is_sorted(sort_keys(filled[0], order)):
        return Page(((_single(filled[0], order, taken)),), taken, count > taken)
    order_of = _order(filled, order)[:taken]
    owner = np.repeat(np.arange(len(filled)), [len(batch) for batch in filled])[order_of]
    starts = np.concatenate(([0], np.cumsum([len(batch) for batch in filled])))
    pages = []
    for place, batch in enumerate(filled):
        at = np.flatnonzero(owner == place)
        if len(at):
            pages.append((batch.taken(order_of[at] - starts[place]), at.astype(np.int32)))
    return Page(tuple(pages), taken, count > taken)


def _single(batch: Batch, order: Order, taken: int) -> tuple[Batch, NDArray[np.int32]]:
    at = np.arange(taken, dtype=np.int32)
    if order.startswith("-"):
        return batch.taken(slice(None, len(batch) - taken - 1 if taken < len(batch) else None, -1)), at
    return batch if taken == len(batch) else batch.taken(slice(0, taken)), at


def _is_sorted(keys: Ints) -> bool:
    return bool((keys[1:] > keys[:-1]).all())


def _order(batches: Sequence[Batch], order: Order) -> NDArray[np.intp]:
    keys = np.concatenate([sort_keys(batch, order) for batch in batches])
    first = np.concatenate([batch.first for batch in batches])
    series = np.concatenate([np.full(len(batch), batch.strand.series.number, np.int64) for batch in batches])
    slot = np.concatenate([batch.slots for batch in batches])
    found = np.lexsort((slot, series, first, keys))
    return found[::-1] if order.startswith("-") else found


def in_turn(pages: Sequence[Page]) -> Page:
    """Pages one after the other, as one that is the last."""
    found: list[tuple[Batch, NDArray[np.int32]]] = []
    count = 0
    for page in pages:
        found += [(batch, at + np.int32(count)) for batch, at in page.batches]
        count += page.count
    return Page(tuple(found), count, False)


def last_of(page: Page) -> tuple[Batch, int]:
    """The last item of a page: its batch and place in it."""
    for batch, at in page.batches:
        places = np.flatnonzero(at == page.count - 1)
        if len(places):
            return batch, int(places[0])
    raise AssertionError("a page with more after it has a last item")


def rest_of(pending: Sequence[Batch], order: Order, page: Page) -> list[Batch]:
    """What stands after a page."""
    batch, place = last_of(page)
    name = Name(0, batch.strand.series.number, int(batch.first[place]), int(batch.slots[place]))
    last = Cursor(int(sort_keys(batch, order)[place]), name)
    return [each.taken(beyond(each, order, last)) for each in pending]
