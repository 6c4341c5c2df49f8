"""A worker that dies at any moment of a delivery to a portal doubles nothing there and loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from bridge.store.blocks import withdraw
from tests.push.house import House, opened
from tests.push.test_faults import Deadly, Killed
from tests.push.test_portal import MAY
from tests.push.test_portal import values as in_shelf
from tests.push.test_portal import world as with_shelf
from tests.push.test_sftp import boxed
from tests.push.test_sftp import values as in_folder
from tests.push.test_tidepool import world as with_platform

Look: TypeAlias = tuple[House, Callable[[], list[int]]]
"""A bridge, and the values that stand at its portal in order of time."""


@contextmanager
def portal(kind: str, home: Path) -> Iterator[Look]:
    """A bridge with ten readings and a portal of that kind."""
    if kind == "https":
        with with_shelf(home) as (house, shelf, _):
            yield house, lambda: in_shelf(shelf)
    elif kind == "sftp":
        with boxed(home) as (house, box):
            yield house, lambda: in_folder(box.files, MAY)
    else:
        with with_platform(home) as (house, there):
            yield house, lambda: [each["value"] for each in there.told()]


def die(house: House, home: Path, at: int, is_after: bool) -> House:
    """A round in a process that ends at its `at`-th call; the process after it."""
    house.worker._net = Deadly(house.worker._net, at, is_after)
    with pytest.raises(Killed):
        house.push()
    house.db.close()
    return opened(home, house.clock)


@pytest.mark.parametrize("kind", ["https", "sftp", "tidepool"])
@pytest.mark.parametrize(("at", "is_after"), [(1, False), (1, True), (2, False), (2, True)])
def test_after_a_death_everything_stands_there_once_and_corrected(
    tmp_path: Path, kind: str, at: int, is_after: bool
) -> None:
    home = tmp_path / "bridge" if kind == "sftp" else tmp_path
    with portal(kind, tmp_path) as (first, seen):
        house = die(first, home, at, is_after)
        house.wait(1)
        second = house.bring(20, [77, 78])
        house.bring(3, [250], name="corrected")
        for _ in range(3):
            house.push()
            house.wait(10)
        assert seen() == [100, 101, 102, 250, *range(104, 110), 77, 78]
        withdraw(house.db, house.patient, second)
        house = die(house, home, at, is_after)
        for _ in range(3):
            house.wait(10)
            house.push()
        assert seen() == [100, 101, 102, 250, *range(104, 110)]
        house.db.close()
