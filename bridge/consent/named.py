"""Which reading an id names, whatever type it left as.

Law (`data.md`, ids): a reading has one id, of the type that its stream leaves as; ids of the other type were never
minted, so an id is read under each and at most one fits. Reading it opens nothing: what may leave is decided
elsewhere. Rejected: a type beside every id (a page, a Provenance search and a push name readings of both types).
"""

from __future__ import annotations

from bridge.mapping.resources import READING_TYPES
from bridge.store.ids import Ids, Name


def named(ids: Ids, text: str, pairing: bytes, patient: int | None = None) -> Name | None:
    """The reading behind an id of this pairing and, where it is given, of this patient; None where there is
    none."""
    read = (ids.read(kind, text, pairing) for kind in READING_TYPES)
    return next((name for name in read if name and patient in (None, name.patient)), None)
