"""Stamps of a CareLink answer: what the pump's clock showed, written again with the offset of that clock.

Law (`carelink.md` B1): the cloud writes local time in three ways, `Oct 19, 2015 08:20:00` (2015), ISO 8601 with a
Z or -00:00 that is not true (2020-24), ISO 8601 without an offset (since 2025). So what stands behind the seconds
tells nothing, and is not looked at. A cell that is no stamp stays as it is: the judge quotes it.
Rejected: a mask of the mapping (the offset has to be found out before any stamp means an instant).
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from bridge.mapping.cells import PADDING, Column, Ints, Mask
from bridge.mapping.json_cells import first_filled, texts
from bridge.mapping.stamps import FARTHEST, read_forms
from bridge.period import MINUTE

MONTHS: Final = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())
_OF_2015: Final = re.compile(r"([A-Za-z]{3})[a-z]* (\d{1,2}), (\d{4}) (\d{1,2}:\d{2}:\d{2})")


def walls(column: Column) -> tuple[Ints, Mask]:
    """What the clock showed in each cell (int64[n] ms, as if it stood in UTC), and which cells are a stamp."""
    found = read_forms(column, ("iso-local",))
    wall, ok = found.wall.copy(), found.ok.copy()
    old = np.flatnonzero(~ok & column.filled)
    if len(old):
        more = read_forms(texts([_iso(text) for text in column.at(old).texts()]), ("iso-local",))
        wall[old], ok[old] = more.wall, more.ok
    return np.where(ok, wall, 0), ok


def _iso(text: str) -> str:
    """A stamp of 2015 as ISO 8601; any other text as it is."""
    found = _OF_2015.fullmatch(text)
    if found is None or found[1].lower() not in MONTHS:
        return text
    return f"{found[3]}-{MONTHS.index(found[1].lower()) + 1:02d}-{found[2]:0>2}T{found[4]}"


def written(column: Column, wall: Ints, ok: Mask, offset: Ints | None) -> Column:
    """Stamps with the offset of their clock (minutes east, int64[n]; None: not known). A clock that no zone of
    the world explains, because its date was never set, is written in UTC."""
    minutes = np.zeros(len(wall), np.int64) if offset is None else offset
    far = np.abs(minutes) > FARTHEST
    shown = np.where(far, wall - minutes * MINUTE, wall).astype("datetime64[ms]")
    stamps = np.datetime_as_string(shown).astype(np.bytes_)
    if offset is not None:
        known, code = np.unique(np.where(far, FARTHEST + 1, minutes), return_inverse=True)
        stamps = np.char.add(stamps, np.array([_tail(each) for each in known.tolist()], np.bytes_)[code])
    width = stamps.itemsize
    start = np.arange(len(stamps), dtype=np.int32) * np.int32(width)
    end = np.where(ok, start + np.char.str_len(stamps), start).astype(np.int32)
    found = Column(np.frombuffer(stamps.tobytes() + PADDING, np.uint8), start, end)
    return found if ok.all() else first_filled([found, column])


def _tail(minutes: int) -> bytes:
    if abs(minutes) > FARTHEST:
        return b"Z"
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}".encode()


def instants(column: Column) -> tuple[Ints, Mask]:
    """Written stamps as ms UTC, or as wall times where no offset was known; and which cells are a stamp."""
    found = read_forms(column, ("iso",))
    return np.where(found.known, found.instant, found.wall), found.ok
