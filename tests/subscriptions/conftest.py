"""One world and one endpoint for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.subscriptions.twin import Feeds, listening


@pytest.fixture
def feeds(tmp_path: Path) -> Iterator[Feeds]:
    """Who subscribes and who is notified."""
    with listening() as twin:
        made = Feeds(tmp_path / "home", twin)
        yield made
        made.world.close()
