"""Which readings a Provenance id speaks of.

Law: one name has an id for each type (`data.md`, ids), so a Provenance id is turned into the ids that the same
name has as a reading, of which one was minted, and the gate asked for them: whether the asker may know either is
decided there. Pure arithmetic over ids that the asker brought; what cannot be turned stays as it is and finds
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.consent.permit import OwnerPermit, RecipientPermit
from bridge.mapping.resources import READING_TYPES
from bridge.store.db import Database
from bridge.store.grants import pairings


def targets(db: Database, permit: RecipientPermit | OwnerPermit, evidence: Iterable[str]) -> frozenset[str]:
    """Ids of readings in the place of Provenance ids, under each pairing that the asker may have."""
    named = () if isinstance(permit, OwnerPermit) else (permit.organization, permit.client)
    keys = sorted({*named} - {""})
    known = (b"", *(pairing for key in keys for pairing in pairings(db, key)))
    return frozenset(target for text in evidence for target in _targets(db, text, known))


def _targets(db: Database, text: str, known: tuple[bytes, ...]) -> list[str]:
    for pairing in known:
        name = db.ids.read("Provenance", text, pairing)
        if name is not None:
            return [db.ids.one(kind, name, pairing) for kind in READING_TYPES]
    return [text]
