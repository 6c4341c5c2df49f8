"""The id of the Group of a client: those who share with it in bulk.

Law: a client has one, and nobody else finds it; the id says nothing and lasts as long as the installation and the
client do.
"""

from __future__ import annotations

from typing import Final

from bridge.fhir.groups import Circle
from bridge.store.db import Database
from bridge.store.sealing import derived

_BYTES: Final = 16


def circle_of(db: Database, client: str) -> Circle:
    """The Group of that client."""
    return Circle(derived(db, f"group of {client}")[:_BYTES].hex())
