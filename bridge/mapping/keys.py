"""What identifies a reading that has no counter of its device: its record id, else the stamp of a clock.

Law (`data.md`, series): the numbers rest on disk and never change their meaning. A stamp's key is seconds of
the wall clock in the low 36 bits (so that neighbours differ by little at rest), above them an ordinal among
different entries of one stamp, whether there was an amount, the kind, the minute of a setting. A corrected
zone moves the instant and keeps it; both passes of a repeated hour stay two readings, and so do two doses of
one minute; equal entries of one stamp are copies. A record id's key has bit 62 set and 62 bits of a hash, of
the id and of the pass that read it: the same record sent again, or changed, is the same reading.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.cells import Ints
from bridge.period import BEGINNING
from bridge.reading import NO_COUNTER, Flag, column

ORDINAL: Final = 36
KIND: Final = 40
MINUTE: Final = 50
NAMED: Final = 1 << 62
MOST_OF_A_STAMP: Final = (1 << (KIND - ORDINAL)) - 1


def name_keys(names: NDArray[np.object_], pass_name: str) -> Ints:
    """Keys of record ids; NO_COUNTER where there is none."""
    return np.array([_name_key(f"{pass_name}\0{name}") if name else NO_COUNTER for name in names], np.int64)


def _name_key(text: str) -> int:
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return NAMED | (int.from_bytes(digest, "big") >> 2)


def stamp_keys(columns: Mapping[str, NDArray[np.generic]], rows: NDArray[np.intp]) -> Ints:
    """Keys of readings that only a stamp identifies. `columns` have `wall` (ms) and `said` (flags) beside
    those of COLUMNS; missing ones have their defaults."""
    told = {name: column(columns, name)[rows].astype(np.int64) for name in ("kind", "minute", "value")}
    wall, flags = columns["wall"][rows].astype(np.int64), columns["said"][rows].astype(np.int64)
    kind = told["kind"] * 2 + ((flags & Flag.NO_VALUE) > 0)
    keys = (told["minute"] << MINUTE) | (kind << KIND) | ((wall - BEGINNING) // 1000)
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    texts = column(columns, "text")[rows]
    seen: dict[int, dict[tuple[int, int, str], int]] = {}
    for place in sorted({*same.tolist(), *(same + 1).tolist()}):
        at = int(order[place])
        entries = seen.setdefault(int(keys[at]), {})
        entry = (int(told["value"][at]), int(flags[at]), str(texts[at]))
        keys[at] |= min(entries.setdefault(entry, len(entries)), MOST_OF_A_STAMP) << ORDINAL
    return keys
