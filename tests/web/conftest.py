"""One world a test, and one that tests which change nothing may share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A fresh installation: nothing is granted yet."""
    made = World(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture(scope="module")
def granted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An installation where Ada shares her window with the clinic; only for reading."""
    made = World(tmp_path_factory.mktemp("granted") / "home")
    made.grant()
    yield made
    made.close()
