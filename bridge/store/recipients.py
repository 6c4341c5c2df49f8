"""What is known of those who receive, beside their clients: address, verification, who looks and when.

Law: an organisation is verified by somebody, somehow, until a date; without a row, or after that date, it is shown as
not verified (`consent.md`, the grant). Who looks at what arrives is recorded, never guessed (`safety.md`, purpose).
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.period import Instant
from bridge.store.db import Database


@dataclass(frozen=True, slots=True)
class Known:
    """One recipient. `until`: how long the verification holds, None where there never was one."""

    recipient: str
    address: str = ""
    contact: str = ""
    how: str = ""
    verifier: str = ""
    until: Instant | None = None
    watcher: str = ""
    hours: str = ""

    def is_verified(self, now: Instant) -> bool:
        """Whether it counts as verified now."""
        return self.until is not None and now < self.until


def put(db: Database, known: Known) -> None:
    """Record what is known now; it takes the place of what was."""
    with db.write("bridge") as con:
        con.execute(
            "INSERT OR REPLACE INTO recipients (recipient, address, contact, how, verifier, until, watcher, hours)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                known.recipient,
                known.address,
                known.contact,
                known.how,
                known.verifier,
                known.until,
                known.watcher,
                known.hours,
            ),
        )


def find(db: Database, recipient: str) -> Known:
    """What is known of an organisation or lone client; of an unknown one, nothing."""
    row = (
        db.reader("bridge")
        .execute(
            "SELECT recipient, address, contact, how, verifier, until, watcher, hours"
            " FROM recipients WHERE recipient = ?",
            (recipient,),
        )
        .fetchone()
    )
    return Known(recipient) if row is None else Known(*row)
