"""Under which pairing something is taken back.

Law: a retraction is no disclosure (`consent.md`, the decision): it may be told even after the grant ended, and only
under the ids by which the item left. What is held is told by `told.py`, what of it is taken back by
`withdrawn.py`. Rejected: leaving it to the sink to forget.
"""

from __future__ import annotations

from bridge.consent.asked import Asked
from bridge.consent.asker import Asker
from bridge.consent.named import named
from bridge.consent.summed import behind, secret
from bridge.mapping.resources import OBSERVATION
from bridge.store.db import Database
from bridge.store.grants import pairings


def pairing_of(db: Database, who: Asker, asked: Asked) -> bytes:
    """The pairing under which the ids asked for were minted for this asker; b'' where none reads."""
    kind = OBSERVATION if asked.reporting is None else asked.reporting.documents or OBSERVATION
    for pairing in (b"", *pairings(db, who.organization), *pairings(db, who.client)):
        if any(_reads(db, text, pairing, who.key, kind) for text in asked.ids or ()):
            return pairing
    return b""


def _reads(db: Database, text: str, pairing: bytes, recipient: str, kind: str) -> bool:
    """Whether it is an id of a reading, or of a summary or its report as that type, under that pairing."""
    is_summary = behind(db.ids, text, secret(recipient, pairing), kind) is not None
    return is_summary or named(db.ids, text, pairing) is not None
