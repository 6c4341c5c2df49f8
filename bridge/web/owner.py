"""An owner's token at the FHIR door: the person's own app, reading the person's own record.

Law (issue: sign-in): read and search of everything about one person, and nothing else. The permit is the owner's,
made by `bridge.people.owner` from a token that holds now; each look is a row of the ledger as every other.
"""

from __future__ import annotations

from typing import Final

from bridge.people.owner import owner
from bridge.period import Instant
from bridge.smart.scopes import parse
from bridge.smart.tokens import Bearer
from bridge.store.db import Database

SCOPES: Final = parse("system/*.rs")
"""Read and search; the permit holds it to one person."""


def owner_bearer(db: Database, header: str | None, now: Instant) -> Bearer | None:
    """The owner behind an Authorization header; None where it shows no owner's token that holds."""
    found = None if header is None else owner(db, header, now)
    return None if found is None else Bearer(found.permit, SCOPES)
