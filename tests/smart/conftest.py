"""A store in a fresh folder under a clock that the test moves; a whole world with a launched app."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.store.db import Database
from tests.smart.clock import Clock
from tests.smart.launched import App, app
from tests.web.world import World


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def db(tmp_path: Path, clock: Clock) -> Iterator[Database]:
    with Database.open(tmp_path / "home", b"k" * 32, clock) as opened:
        yield opened


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "world")
    yield made
    made.close()


@pytest.fixture
def one(world: World) -> App:
    """A confidential app with a secret."""
    return app(world)


@pytest.fixture
def public(world: World) -> App:
    """A public app, as in a browser."""
    return app(world, "public")
