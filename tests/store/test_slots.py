"""Slots: every reading and every part of one has its own, and none is a mean's or a chunk's."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.store.columns import TooMany
from bridge.store.slots import MOST, is_named, is_reading, part_of, rank_of, slots


def slot(part: int, rank: int) -> int:
    return int(slots(np.array([part]), np.array([rank]))[0])


def test_every_part_of_every_rank_has_a_slot_of_its_own_that_reads_back() -> None:
    pairs = [(part, rank) for part in range(MOST) for rank in range(256) if is_named(part, rank)]
    told = {slot(*pair): pair for pair in pairs}
    assert len(told) == len(pairs) == 8 * 256 + 96 * 8
    assert all((part_of(each), rank_of(each)) == pair for each, pair in told.items())
    assert all(is_reading(each) and each < 2**12 for each in told)
    others = {grain << 9 for grain in range(1, 5)} | {4 << 9 | 256}
    assert not others & told.keys() and not any(map(is_reading, others))
    many = np.array(pairs)
    assert slots(many[:, 0], many[:, 1]).tolist() == list(told)


@pytest.mark.parametrize(("part", "rank"), [(MOST, 0), (8, 8)])
def test_a_part_without_a_slot_is_refused_and_never_left_out(part: int, rank: int) -> None:
    assert not is_named(part, rank)
    with pytest.raises(TooMany, match="fewer separate periods"):
        slot(part, rank)
