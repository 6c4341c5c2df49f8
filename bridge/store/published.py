"""Means as each recipient holds them: frozen, so that no difference of two answers tells a reading.

Law: a mean that left is the same for that recipient until at least three more readings of its bucket
arrived, changed or went (`consent.md`, a mean cannot be undone). One row holds the buckets of one week,
sealed under the patient's key; it is written in the transaction of the intent and only over the version
that was read. Rejected: computing the same number again and trusting that it is the same.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.period import DAY
from bridge.store.db import Database
from bridge.store.keys import Box, place

BLOCK: Final = 7 * DAY
FIELDS: Final = ("start", "end", "value", "count", "expected", "off_scale", "changed", "version", "told")
"""Columns of a frozen mean, each int64. `changed`: its last change as its recipient knows it; `told`: when it
left first as it is, so what stood then is what it was made of."""
_FORM: Final = b"\x09"
"""What rows of that many columns rest behind; rows of eight, without `told`, began with the 0x78 of zlib (RFC 1950)."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Whose means of what: the key that all rows of one series, grain and recipient share."""

    patient: int
    recipient: str
    series: int
    grain: int


@dataclass(frozen=True, slots=True)
class Week:
    """The frozen means of one week of bucket starts: int64[n, 9], sorted by start. `version` 0: none yet."""

    shelf: Shelf
    block: int
    version: int
    rows: NDArray[np.int64]


def nothing() -> NDArray[np.int64]:
    """No rows."""
    return np.zeros((0, len(FIELDS)), np.int64)


def load(db: Database, box: Box, shelf: Shelf, first: int, last: int) -> dict[int, Week]:
    """The weeks from block `first` to block `last` that hold something, by block."""
    found = db.reader("ledger").execute(
        "SELECT block, version, sealed FROM published"
        " WHERE patient = ? AND recipient = ? AND series = ? AND grain = ? AND block BETWEEN ? AND ?",
        (shelf.patient, shelf.recipient, shelf.series, shelf.grain, first, last),
    )
    return {
        block: Week(shelf, block, version, _opened(box, shelf, block, sealed))
        for block, version, sealed in found.fetchall()
    }


def freezing(box: Box, weeks: Sequence[Week]) -> Callable[[sqlite3.Connection], bool]:
    """What writes weeks over the versions that they were read at, inside the transaction of the intent;
    it answers False where another writer came first."""
    return partial(_freeze, box, tuple(weeks))


def _freeze(box: Box, weeks: Sequence[Week], con: sqlite3.Connection) -> bool:
    for week in weeks:
        sealed = box.seal(_FORM + zlib.compress(week.rows.tobytes(), 1), _aad(week.shelf, week.block))
        shelf = week.shelf
        key = (shelf.patient, shelf.recipient, shelf.series, shelf.grain, week.block)
        if week.version == 0:
            done = con.execute(
                "INSERT OR IGNORE INTO published (patient, recipient, series, grain, block, version, sealed)"
                " VALUES (?, ?, ?, ?, ?, 1, ?)",
                (*key, sealed),
            ).rowcount
        else:
            done = con.execute(
                "UPDATE published SET version = version + 1, sealed = ? WHERE version = ?"
                " AND patient = ? AND recipient = ? AND series = ? AND grain = ? AND block = ?",
                (sealed, week.version, *key),
            ).rowcount
        if not done:
            return False
    return True


def _opened(box: Box, shelf: Shelf, block: int, sealed: bytes) -> NDArray[np.int64]:
    kept = box.open(sealed, _aad(shelf, block))
    if kept.startswith(_FORM):
        return np.frombuffer(zlib.decompress(kept[len(_FORM) :]), np.int64).reshape(-1, len(FIELDS))
    rows = np.frombuffer(zlib.decompress(kept), np.int64).reshape(-1, len(FIELDS) - 1)
    return np.column_stack((rows, rows[:, FIELDS.index("changed")]))


def _aad(shelf: Shelf, block: int) -> bytes:
    return place("published", shelf.patient, shelf.recipient, shelf.series, shelf.grain, block)
