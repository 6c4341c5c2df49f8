"""The shipped mappings, parsed and checked once for all tests of a process: they are values and do not change."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bridge.mapping import Mappings, load


@cache
def mappings() -> Mappings:
    """What the project ships."""
    return load(Path(__file__).resolve().parents[1] / "mappings")
