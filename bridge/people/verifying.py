"""Verifying a recipient: somebody says how they made sure that it is who it says, and until when that holds.

Law (issue: recipients are verified; `consent.md`, recipient): how, by whom and until when are said, or there is no
verification; it holds two years at the longest. What is not said about address, contact and who looks at what
arrives stays as it was. The same for the command line and the privacy officer's page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final

from bridge.period import DAY
from bridge.store.clients import Client
from bridge.store.db import Database
from bridge.store.recipients import Known, find
from bridge.store.verifications import key_of, verify

LONGEST: Final = 731 * DAY
MOST_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class Verification:
    """What is said. `until`: the last day on which it holds, in UTC; '' leaves the rest as it was."""

    how: str
    by: str
    until: date | None
    address: str = ""
    contact: str = ""
    watcher: str = ""
    hours: str = ""


class Unfit(Exception):
    """A verification that cannot be recorded: `field`, and a sentence."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def verified(db: Database, client: Client, told: Verification) -> Known:
    """Record it for the client as it is registered now; what is known from then on. Unfit."""
    texts = (told.how, told.by, told.address, told.contact, told.watcher, told.hours)
    if not told.how.strip() or not told.by.strip():
        raise Unfit("how", "a verification says how it was made sure, and by whom")
    if any(len(each) > MOST_TEXT or (each and not each.isprintable()) for each in texts):
        raise Unfit("how", f"each text is one line of at most {MOST_TEXT} printable characters")
    now = db.clock()
    if told.until is None:
        raise Unfit("until", "a verification ends: say until which day it holds")
    until = (
        round(datetime(told.until.year, told.until.month, told.until.day, tzinfo=UTC).timestamp() * 1000)
        + DAY
    )
    if not now < until <= now + LONGEST:
        raise Unfit("until", "a verification holds from today on, and two years at the longest")
    before = find(db, key_of(client))
    known = replace(
        before,
        how=told.how.strip(),
        verifier=told.by.strip(),
        until=until,
        address=told.address.strip() or before.address,
        contact=told.contact.strip() or before.contact,
        watcher=told.watcher.strip() or before.watcher,
        hours=told.hours.strip() or before.hours,
    )
    verify(db, client, known)
    return known
