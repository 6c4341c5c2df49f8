"""The shipped mappings, loaded once."""

from __future__ import annotations

import pytest

from bridge.mapping import Mappings
from tests import shipped


@pytest.fixture(scope="session")
def mappings() -> Mappings:
    """The mappings that the project ships."""
    return shipped.mappings()
