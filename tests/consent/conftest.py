from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.consent.world import World, opened


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = opened(tmp_path)
    with found.db:
        yield found
