"""The shipped mappings, loaded once."""

from __future__ import annotations

import pytest

from bridge.mapping import Mappings, load
from tests.adapters.recordings import PROJECT


@pytest.fixture(scope="session")
def mappings() -> Mappings:
    """The mappings that the project ships."""
    return load(PROJECT / "mappings")
