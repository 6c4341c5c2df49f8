"""Under which pairing something is taken back.

Law: a retraction is no disclosure (`consent.md`, the decision): it may be told even after the grant ended, and only
under the ids by which the item left. What is held is told by `told.py`, what of it is taken back by
`withdrawn.py`. Rejected: leaving it to the sink to forget.
"""

from __future__ import annotations

from bridge.consent.asked import Asked
from bridge.consent.asker import Asker
from bridge.consent.named import named
from bridge.store.db import Database
from bridge.store.grants import pairings


def pairing_of(db: Database, who: Asker, asked: Asked) -> bytes:
    """The pairing under which the ids asked for were minted for this asker; b'' where none reads."""
    for pairing in (b"", *pairings(db, who.organization), *pairings(db, who.client)):
        if any(named(db.ids, text, pairing) is not None for text in asked.ids or ()):
            return pairing
    return b""
