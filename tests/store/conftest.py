from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.store.db import Database
from bridge.store.patients import add
from tests.store.shelf import opened


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as store:
        yield store


@pytest.fixture
def patient(db: Database) -> int:
    return add(db, "Ada Beispiel", None, "Europe/Berlin")


@pytest.fixture(scope="module")
def shared_db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with opened(tmp_path_factory.mktemp("store")) as store:
        yield store
