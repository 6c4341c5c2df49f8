"""Reading of the published and computed vectors, which stay where they are (`shared`) and are never copied."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

CLOSE = 1e-9
NAMES = ("very_low", "low", "target", "high", "very_high")


def read(path: Path) -> Any:
    """One JSON document of the vectors."""
    return json.loads(path.read_text())


def instant(text: str) -> int:
    """A stamp of a vector, whose clock is UTC here."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def stamp(at: int) -> str:
    """An instant as the vectors write it."""
    return datetime.fromtimestamp(at / 1000, UTC).replace(tzinfo=None).isoformat()


def same_shares(told: Any, percents: dict[str, float], prefix: str = "") -> None:
    """The five classes agree with a vector's."""
    shares = (told.very_low, told.low, told.in_range, told.high, told.very_high)
    assert shares == pytest.approx([percents[prefix + name] for name in NAMES], abs=CLOSE)
