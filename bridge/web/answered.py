"""What a person answered to apps and clinics that asked, as their pages and files tell it.

Law (`consent/authorising.py`): a no as well as a yes, by whom, what was asked and what was given of it, as the ledger
has it. It reads and cannot change; it counts as nothing that left.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.consent.authorising import AUTHORISED
from bridge.pages.seeing import Answered
from bridge.people.requests import recipient_name
from bridge.period import ZoneHistory, iso
from bridge.store.db import Database
from bridge.store.entries import Row
from bridge.web.stating import local


def answers(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The answers among the rows of a ledger, newest first."""
    return tuple(reversed([row for row in rows if row.kind == "authorisation"]))


def told(db: Database, row: Row, zones: ZoneHistory) -> Answered:
    """One answer as a page shows it."""
    return Answered(
        at=local(row.at, zones),
        who=_who(db, row),
        is_yes=_text(row, "step") == AUTHORISED,
        by=_text(row, "person"),
        grant=_text(row, "grant"),
    )


def fields(db: Database, row: Row) -> dict[str, object]:
    """One answer by the columns of the list of what left; nothing left by it."""
    under = _text(row, "grant")
    return {
        "entry": row.entry,
        "at": iso(row.at),
        "recipient": _who(db, row),
        "client": _text(row, "client"),
        "purpose": _text(row, "purpose"),
        "asked": _text(row, "asked"),
        "person": _text(row, "person"),
        "grants": [under] if under else [],
        "answer": _text(row, "step"),
        "given": _text(row, "given"),
    }


def _who(db: Database, row: Row) -> str:
    client = _text(row, "client")
    return _text(row, "organization") or recipient_name(db, client) or client


def _text(row: Row, name: str) -> str:
    found = row.fields.get(name)
    return found if isinstance(found, str) else ""
