"""Which kinds a decoded file holds: what a collecting consent must name before any of it is kept.

Law (`consent.md`, two consents): kinds are those that grants speak of, so both consents are read with the same
words. A device's model and serial tell which readings are one series; they come with every file and need no
kind of their own here. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bridge.consent.asked import KIND_OF, SENSITIVE, Kind
from bridge.reading import Readings, Stream, column

_SENSITIVE = {int(code): kind for code, kind in SENSITIVE.items()}


def held(batches: Iterable[Readings]) -> frozenset[Kind]:
    """The kinds of everything that was read."""
    return frozenset(kind for batch in batches if len(batch) for kind in _of(batch))


def _of(batch: Readings) -> Iterator[Kind]:
    if batch.key.stream is Stream.EVENT:
        codes = set(column(batch.columns, "kind").tolist())
        yield from {_SENSITIVE.get(code, Kind.EVENTS) for code in codes}
    else:
        yield KIND_OF[batch.key.stream]
    if "text" in batch.columns and bool((batch.columns["text"] != "").any()):
        yield Kind.NOTES
