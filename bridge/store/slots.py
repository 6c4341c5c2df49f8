"""The slot of an id: which mean, which of several readings of one instant, which part of an interval.

Law (`data.md`, ids): 12 bits, and every (rank, part) has bits of its own, so that no two items share an id and no
part of an interval that holes cut into many is ever left out. The upper four bits say what it is:

    0 10 12 14 1 11 13 15   a reading, part 0 to 7; below, its rank (0-255)
    3 5 7                   a reading, 32 further parts each; below, part and rank (0-7)
    2 4 6, 8, 9             a mean by its grain, a summary, a chunk of a day

Rejected: naming a part by its own instant (the edge of a grant names no reading), ranks and parts in one number
without a page (8 parts were all).
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.store.columns import TooMany

Ints: TypeAlias = NDArray[np.int64]

_NEAR: Final = np.array([0, 10, 12, 14, 1, 11, 13, 15], np.int64)
_FAR: Final = np.array([3, 5, 7], np.int64)
_PAGE: Final = 32
_RANKS: Final = 8
MOST: Final = len(_NEAR) + len(_FAR) * _PAGE
"""Parts that one interval can have."""


def slots(parts: Ints, ranks: Ints) -> NDArray[np.uint16]:
    """The slots of parts (int64[n], 0 for what is whole) of readings of these ranks. TooMany where there is none."""
    if not parts.any():
        return ranks.astype(np.uint16)
    far = parts >= len(_NEAR)
    if not far.any():
        return np.asarray(_NEAR[parts] << 8 | ranks, np.uint16)
    if bool((parts >= MOST).any() or (ranks[far] >= _RANKS).any()):
        raise TooMany(f"an interval is cut into more than {MOST} parts: grant fewer separate periods")
    beyond = np.where(far, parts - len(_NEAR), 0)
    page = _FAR[beyond // _PAGE] << 8 | beyond % _PAGE << 3 | ranks % _RANKS
    return np.asarray(np.where(far, page, _NEAR[np.where(far, 0, parts)] << 8 | ranks), np.uint16)


def is_named(part: int, rank: int) -> bool:
    """Whether there is a slot for that part of a reading of that rank."""
    return part < len(_NEAR) or (part < MOST and rank < _RANKS)


def is_reading(slot: int) -> bool:
    """Whether it names a reading or a part of one."""
    return slot >> 8 in _PLACES


def part_of(slot: int) -> int:
    """Which part of a reading it names."""
    place = _PLACES[slot >> 8]
    return (
        place if place < len(_NEAR) else len(_NEAR) + (place - len(_NEAR)) * _PAGE + (slot & 0xFF) // _RANKS
    )


def rank_of(slot: int) -> int:
    """The rank of the reading that it names."""
    return slot % _RANKS if slot >> 8 in _FAR else slot & 0xFF


_PLACES: Final = {head: place for place, head in enumerate((*_NEAR.tolist(), *_FAR.tolist()))}
