"""What a recipient holds already: means that are frozen for it, and what the ledger says left to it.

Law: it looks up and decides nothing; the gate hands it to an answer. What somebody holds is what was written
down before it left (`consent.md`, the ledger), never what is guessed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import bridge.store.ledger as ledger
import bridge.store.published as published
from bridge.consent.asked import Grain
from bridge.consent.means import Held
from bridge.consent.retraction import told_before
from bridge.consent.strands import Mask, Strand
from bridge.store.db import Database
from bridge.store.keys import Box
from bridge.store.published import Shelf


def means(
    db: Database, box: Box, patient: int, key: str, strand: Strand, grain: Grain, low: int, high: int
) -> Held:
    """The means of one series and grain that the recipient `key` holds, blocks `low` to `high`."""
    shelf = Shelf(patient, key, strand.series.number, int(grain))
    return Held(shelf, published.load(db, box, shelf, low, high))


def was_told(
    db: Database, patient: int, key: str, instants: NDArray[np.int64], gone: NDArray[np.int64]
) -> Mask:
    """Which readings (instants, and when they were taken away) had left to the recipient `key` before."""
    return told_before(ledger.disclosures(db, patient), key, instants, gone)
