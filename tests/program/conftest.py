"""A home of its own for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.program.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """The command line in a fresh home."""
    return Shell(tmp_path / "home")
