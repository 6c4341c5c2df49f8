"""Earlier versions of readings, for instance history and vread.

Law: a version is told only where what it said lies inside what is open: an amended reading that once stood
outside the permitted time shows no such version (`smart-consent.md`, L20). The newest comes first (R4
3.1.0.13). Versions have the numbers of `versions.py`. Means have no past here: their recipients hold it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from bridge.consent.asked import Grain
from bridge.consent.batches import Batch
from bridge.consent.page import Page
from bridge.consent.rows import admit
from bridge.consent.strands import View
from bridge.consent.versions import Earlier, ordinals, standing_now
from bridge.period import Instant
from bridge.reading import COLUMNS, take
from bridge.store.columns import Table, ints, joined, names
from bridge.store.ids import Name
from bridge.store.lifetimes import standing

Past: TypeAlias = Callable[[Name], Sequence[Mapping[str, int | str]]]


def with_past(
    view: View, page: Page, past: Past, earlier: Earlier, fhir_changed: Callable[[str], Instant]
) -> Page:
    """The same items, each followed by its earlier versions that may be told."""
    found: list[Batch] = []
    for batch, _ in page.batches:
        found.append(batch)
        if batch.grain is Grain.RAW and not (batch.is_sampled or batch.is_lost):
            fhir = fhir_changed(batch.strand.series.key.family)
            for place in range(len(batch)):
                counts = _counts(view, batch, place, earlier)
                found.append(_earlier(view, batch, place, past, counts, fhir))
    found = [batch for batch in found if len(batch)]
    keys = [(-int(v), i, j) for i, batch in enumerate(found) for j, v in enumerate(batch.versions)]
    places = {(i, j): at for at, (_, i, j) in enumerate(sorted(keys))}
    at = [np.array([places[i, j] for j in range(len(b))], np.int32) for i, b in enumerate(found)]
    return Page(tuple(zip(found, at, strict=True)), len(keys), page.has_more)


def _earlier(
    view: View, batch: Batch, place: int, past: Past, counts: Mapping[int, int] | None, fhir: Instant
) -> Batch:
    first, slot = int(batch.first[place]), int(batch.slots[place])
    name = Name(0, batch.strand.series.number, first, slot)
    versions = past(name)
    told = versions if counts is None else [each for each in versions if int(each["version"]) in counts]
    table = joined([_table(version) for version in told])
    opened = admit(view, batch.strand, [table])
    if "part" in opened:
        opened = take(opened, ints(opened, "part") == name.part)
    size = len(opened["instant"])
    since = opened["since"] if size else np.zeros(0, np.int64)
    updated = np.maximum(np.maximum(ints(opened, "changed"), since), fhir)
    firsts, slots = np.full(size, first, np.int64), np.full(size, slot, np.uint16)
    numbers = ints(opened, "version").tolist()
    if counts is not None:
        numbers = [counts[number] for number in numbers]
    return Batch(batch.strand, batch.grain, opened, firsts, slots, updated, np.array(numbers, np.int64))


def _counts(view: View, batch: Batch, place: int, earlier: Earlier) -> dict[int, int] | None:
    """The asker's number of each version that it could see; None: the owner's are the store's."""
    if view.is_owner:
        return None
    now = standing_now(take(batch.rows, np.array([place])))
    stood = standing(earlier(batch.strand.series.number, names(now)), now)
    told = ordinals(view, batch.strand, stood)
    numbers = zip(ints(stood, "version").tolist(), told.before.tolist(), told.seen.tolist(), strict=True)
    return {version: number for version, number, is_seen in numbers if is_seen}


def _table(version: Mapping[str, int | str]) -> Table:
    return {
        name: np.array([value], COLUMNS[name].dtype) for name, value in version.items() if name in COLUMNS
    }
