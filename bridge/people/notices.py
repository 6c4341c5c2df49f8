"""Notices: what others are told when something about a person they act for changes.

Law (`consent.md`): widening tells the others, and so does asking to erase; whoever did it is not told by notice
what they did. The words are chosen by the page, in the reader's language; here stands only what happened.
"""

from __future__ import annotations

from enum import StrEnum

from bridge.people.representation import rows_at
from bridge.period import Instant
from bridge.store import notices as kept
from bridge.store.db import Database
from bridge.store.notices import Notice

__all__ = ["Notice", "What", "listed", "saw", "tell", "tell_others"]


class What(StrEnum):
    """What a notice can say; texts of each in brackets."""

    REPRESENTATIVE_ADDED = "representative-added"  # who, as what
    REPRESENTATIVE_ENDED = "representative-ended"  # who, as what
    GRANT_WIDENED = "grant-widened"  # who, recipient
    GRANT_REVOKED = "grant-revoked"  # who, recipient
    LINK_ENDED = "link-ended"  # who, recipient
    ERASURE_ASKED = "erasure-asked"  # who
    ERASURE_CALLED_OFF = "erasure-called-off"  # who
    OF_AGE = "of-age"  # how many grants ended
    RECOVERY_USED = "recovery-used"
    PASSKEY_ADDED = "passkey-added"  # label
    WAYS_CHANGED = "ways-changed"
    REQUEST = "request"  # who asks, for what


listed = kept.listed
saw = kept.saw


def tell(db: Database, account: str, patient: int | None, what: What, *texts: str) -> None:
    """Tell one account."""
    kept.add(db, [account], patient, what, list(texts), db.clock())


def tell_others(db: Database, patient: int, by: str, what: What, *texts: str, now: Instant) -> None:
    """Tell everybody who acts for the patient now, but the account that did it."""
    others = {row.account for row in rows_at(db, patient, now)} - {by}
    kept.add(db, sorted(others), patient, what, list(texts), now)
