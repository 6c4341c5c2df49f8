"""Real exports, read by the shipped mappings. Skips where the data are not here (`shared` in tests/conftest)."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.mapping import Mappings, load


@pytest.fixture(scope="session")
def mappings(project: Path) -> Mappings:
    """The mappings that the project ships."""
    return load(project / "mappings")
