"""Collecting consents at rest: every step, append-only, in the ledger's file.

Law: a step and its row of the patient's chain are one transaction, so nothing is collected under a consent
that the ledger does not tell (`consent.md`, two consents). Rows stay when the patient is erased; what is
sealed in them no longer opens. What the bytes mean is `bridge.consent.collecting`'s business.
Rejected: a row a source that is updated (who agreed to what would be lost).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import bridge.store.chain as chain
from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.entries import Collected, encode


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: `give` or `withdraw`. `consent`: its number among those of the patient."""

    consent: int
    step: str
    at: Instant
    body: bytes
    sealed: bytes

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the step as it rests."""
        return hashlib.sha256(self.body + self.sealed).hexdigest()


def append(db: Database, patient: int, row: StepRow, words: bytes) -> bool:
    """Keep a step with its row of the ledger (`words`: who and what, sealed for it); False where another step
    of that number came first."""
    with db.write("ledger") as con:
        kept = con.execute(
            "INSERT OR IGNORE INTO collecting (patient, consent, step, at, body, sealed)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (patient, row.consent, row.step, row.at, row.body, row.sealed),
        ).rowcount
        if kept:
            entry = Collected(patient, row.at, row.consent, row.step, row.digest, words)
            chain.append(con, db.keys.ledger_key, entry.chain, encode(entry))
    return bool(kept)


def listed(db: Database, patient: int) -> tuple[StepRow, ...]:
    """Every step of the patient, oldest first."""
    rows = db.reader("ledger").execute(
        "SELECT consent, step, at, body, sealed FROM collecting WHERE patient = ? ORDER BY consent",
        (patient,),
    )
    return tuple(StepRow(*row) for row in rows.fetchall())
