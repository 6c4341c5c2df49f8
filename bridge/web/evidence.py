"""Which Observations a Provenance id speaks of.

Law: one name has an id for each type (`data.md`, ids), so a Provenance id is turned into the Observation id
of the same name and the gate asked for that: whether the asker may know either is decided there. Pure
arithmetic over ids that the asker brought; what cannot be turned stays as it is and finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.consent.permit import RecipientPermit
from bridge.store.db import Database
from bridge.store.grants import pairings


def targets(db: Database, permit: RecipientPermit, evidence: Iterable[str]) -> frozenset[str]:
    """Observation ids in the place of Provenance ids, under each pairing that the asker may have."""
    keys = sorted({permit.organization, permit.client} - {""})
    known = (b"", *(pairing for key in keys for pairing in pairings(db, key)))
    return frozenset(_target(db, text, known) for text in evidence)


def _target(db: Database, text: str, known: tuple[bytes, ...]) -> str:
    for pairing in known:
        name = db.ids.read("Provenance", text, pairing)
        if name is not None:
            return db.ids.one("Observation", name, pairing)
    return text
