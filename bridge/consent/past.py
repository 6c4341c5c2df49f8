"""Earlier versions of readings, for instance history and vread.

Law: a version is told only where what it said lies inside what is open: an amended reading that once stood
outside the permitted time shows no such version (`smart-consent.md`, L20). The newest comes first (R4
3.1.0.13). Means have no past here: their recipients hold it.
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
from bridge.period import Instant
from bridge.reading import COLUMNS
from bridge.store.columns import Table, ints, joined
from bridge.store.ids import RANKS, Name

Past: TypeAlias = Callable[[Name], Sequence[Mapping[str, int | str]]]


def with_past(view: View, page: Page, past: Past, fhir_changed: Callable[[str], Instant]) -> Page:
    """The same items, each followed by its earlier versions that may be told."""
    found: list[Batch] = []
    for batch, _ in page.batches:
        found.append(batch)
        if batch.grain is Grain.RAW:
            fhir = fhir_changed(batch.strand.series.key.family)
            found += [_earlier(view, batch, place, past, fhir) for place in range(len(batch))]
    found = [batch for batch in found if len(batch)]
    keys = [(-int(v), i, j) for i, batch in enumerate(found) for j, v in enumerate(batch.versions)]
    places = {(i, j): at for at, (_, i, j) in enumerate(sorted(keys))}
    at = [np.array([places[i, j] for j in range(len(b))], np.int32) for i, b in enumerate(found)]
    return Page(tuple(zip(found, at, strict=True)), len(keys), page.has_more)


def _earlier(view: View, batch: Batch, place: int, past: Past, fhir: Instant) -> Batch:
    first, slot = int(batch.first[place]), int(batch.slots[place])
    versions = past(Name(0, batch.strand.series.number, first, slot % RANKS))
    if not view.is_owner:
        versions = _seen(versions, int(batch.rows["since"][place]), int(ints(batch.rows, "changed")[place]))
    table = joined([_table(version) for version in versions])
    opened = admit(view, batch.strand, [table])
    size = len(opened["instant"])
    since = opened["since"] if size else np.zeros(0, np.int64)
    updated = np.maximum(np.maximum(ints(opened, "changed"), since), fhir)
    firsts, slots = np.full(size, first, np.int64), np.full(size, slot, np.uint16)
    return Batch(batch.strand, batch.grain, opened, firsts, slots, updated, ints(opened, "version"))


def _seen(
    versions: Sequence[Mapping[str, int | str]], since: Instant, changed: Instant
) -> list[Mapping[str, int | str]]:
    """Those that still stood when the reading became visible: what was said and taken back before is
    nothing that the asker could ever see."""
    ends = [*(int(version["changed"]) for version in versions[1:]), changed]
    return [version for version, end in zip(versions, ends, strict=False) if end > since]


def _table(version: Mapping[str, int | str]) -> Table:
    return {
        name: np.array([value], COLUMNS[name].dtype) for name, value in version.items() if name in COLUMNS
    }
