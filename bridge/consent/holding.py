"""What a recipient holds already of means: those that are frozen for it.

Law: it looks up and decides nothing; the gate hands it to an answer. What is held of single readings the ledger
says (`told.py`).
"""

from __future__ import annotations

import bridge.store.published as published
from bridge.consent.asked import Grain
from bridge.consent.means import Held
from bridge.consent.strands import Strand
from bridge.store.db import Database
from bridge.store.keys import Box
from bridge.store.published import Shelf


def means(
    db: Database, box: Box, patient: int, key: str, strand: Strand, grain: Grain, low: int, high: int
) -> Held:
    """The means of one series and grain that the recipient `key` holds, blocks `low` to `high`."""
    shelf = Shelf(patient, key, strand.series.number, int(grain))
    return Held(shelf, published.load(db, box, shelf, low, high))
