"""An installation with people, a clock that is set by hand, and accounts that act for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import bridge.store.accounts as accounts
import bridge.store.patients as patients
import bridge.store.representations as representations
from bridge.people.representation import GIVEN, Kind
from bridge.period import BEGINNING, Instant
from bridge.store.db import Database
from bridge.store.representations import RepresentationRow
from tests.smart.clock import Clock
from tests.web.world import NOW


class Home:
    """One installation; `acts` makes a record without an invitation."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock(NOW)
        self.db = Database.open(folder, b"k" * 32, self.clock)

    def person(self, born: date | None = date(1980, 1, 2), name: str = "Ada Lovelace") -> int:
        return patients.add(self.db, name, born, "Europe/Berlin")

    def account(self, name: str, persona: accounts.Persona = "person") -> str:
        accounts.add(self.db, name, persona, name.title(), f"{name}@example.org")
        return name

    def acts(
        self, account: str, patient: int, kind: Kind, begins: Instant = BEGINNING, ends: Instant | None = None
    ) -> int:
        powers = tuple(sorted(GIVEN[kind]))
        row = RepresentationRow(
            0, patient, account, kind, powers, begins, ends, None, "birth certificate", "x"
        )
        return representations.add(self.db, row)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    yield made
    made.db.close()
