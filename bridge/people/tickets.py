"""Tickets: what a form must bring back as it was given, sealed to the browser that was shown it.

Law: nothing is stored when a form is shown, so showing forms fills no table; a ticket opens for one use, for the
browser whose cookie it was made with, and for so long. What must work once (a passkey's challenge) is spent when
it succeeds. Rejected: a table of challenges (anybody could fill it).
"""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256
from typing import Final

from bridge.period import HOUR, Instant
from bridge.store import sealing, throttle
from bridge.store.db import Database
from bridge.store.keys import Tampered

LIFE: Final = HOUR
MOST: Final = 4096


def ticket(db: Database, use: str, visit: str, texts: list[str], now: Instant) -> str:
    """Texts for a hidden field, sealed to a use and a browser."""
    sealed = sealing.sealed(db, f"ticket {use}", _browser(visit), [str(now), *texts])
    return base64.urlsafe_b64encode(sealed).decode()


def opened(
    db: Database, use: str, visit: str, text: str, now: Instant, life: Instant = LIFE
) -> list[str] | None:
    """The texts of a ticket; None where it was not made for this use and browser, or is too old."""
    try:
        sealed = base64.b64decode(text[:MOST].encode("ascii", "replace"), altchars=b"-_", validate=True)
        made, *texts = sealing.opened(db, f"ticket {use}", _browser(visit), sealed)
    except (Tampered, binascii.Error):
        return None
    return texts if 0 <= now - int(made) < life else None


def spend(db: Database, text: str, now: Instant) -> bool:
    """Use a ticket that works once; False where it was used."""
    return throttle.spend(db, sha256(text.encode()).digest(), now + LIFE)


def _browser(visit: str) -> str:
    return sha256(visit.encode()).hexdigest()
