"""What of a submission is no reading, kept beside its artifact: what may be passed on one day, and to what it refers.

Law (`consent.md`, custody): it is of records that are kept anyway, and named by them. A reference is followed inside
the submission, and to what its submitter's own identifiers found; to nothing else that is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from bridge.ingest.figures import passed_on
from bridge.receive.bundle import Entry
from bridge.receive.entry import Fit
from bridge.store.received import New, Record


def beside(
    fits: Sequence[Fit], rows: Mapping[int, int], record_of: Callable[[int], Record | None], ours: str
) -> list[New]:
    """Of the entries to keep (by place their record) those that are no readings. `record_of`: which record an entry is,
    artifact 0 for one of these; `ours`: the system of our identifiers."""
    named = {each.entry.full_url: at for at, each in enumerate(fits) if each.entry.full_url}

    def find(entry: Entry, written: str) -> Record | None:
        at = named.get(_in_full(entry, written))
        return None if at is None else record_of(at)

    made = (
        (row, passed_on(fits[at].what, fits[at].entry.resource, ours, partial(find, fits[at].entry)))
        for at, row in rows.items()
    )
    return [New(row, *map(msgspec.json.encode, told)) for row, told in made if told is not None]


def _in_full(entry: Entry, written: str) -> str:
    """A reference as the fullUrl that it means (R4 2.36.4: relative to that of its own entry)."""
    root, marked, _ = entry.full_url.rpartition(f"/{entry.type}/")
    return written if ":" in written or not marked else f"{root}/{written}"
