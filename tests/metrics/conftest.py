"""The vectors, where they are; skips where they are not (`shared` in tests/conftest)."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def vectors(shared: Path) -> Path:
    """The folder of the vectors."""
    return shared / "data" / "metrics"
