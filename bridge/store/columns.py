"""Tables of columns: joined, compared, named. The algebra that merging is made of.

Law: pure. A table is a dict of equally long columns. What one side lacks has its default (`COLUMNS`;
a column unknown here: zero or empty), so a table of a newer writer merges without loss. Readings are
named by the instant of first storage and a rank (data.md, ids): the two packed into one int64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.reading import COLUMNS, column

Array: TypeAlias = NDArray[np.generic]
Ints: TypeAlias = NDArray[np.int64]
Table: TypeAlias = dict[str, Array]

RANKS: Final = 256
"""`rank` is a uint8: so many readings may share one first instant."""
_KEPT_BESIDE: Final = ("row", "artifact", "changed", "version", "origin", "rank", "witness")
CONTENT: Final = tuple(name for name in COLUMNS if name not in _KEPT_BESIDE)
"""The columns whose difference is a correction: what was said, not where it was said."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that are still closed. Each has `low <= instant < high`; `read` opens them, sorted by instant."""

    low: int
    high: int
    read: Callable[[], Table]


class TooMany(Exception):
    """More readings at one instant than can be named."""


def size(table: Table) -> int:
    """How many rows."""
    return len(table["instant"]) if table else 0


def ints(table: Table, name: str) -> Ints:
    """A column as int64, its default where it is missing."""
    return column(table, name).astype(np.int64, copy=False)


def empty() -> Table:
    """No rows."""
    return {"instant": np.zeros(0, np.int64)}


def joined(parts: Sequence[Table]) -> Table:
    """The rows of all parts, one after the other, with every column that any of them has."""
    filled = [part for part in parts if size(part)]
    if len(filled) <= 1:
        return dict(filled[0]) if filled else empty()
    names = {name: part[name] for part in filled for name in part}
    return {
        name: np.concatenate([part[name] if name in part else _lacking(part, name, like) for part in filled])
        for name, like in names.items()
    }


def _lacking(part: Table, name: str, like: Array) -> Array:
    if name in COLUMNS:
        return column(part, name)
    blank: object = 0
    if like.dtype == np.dtype(object):
        blank = b"" if len(like) and isinstance(like[0], bytes) else ""
    return np.full(size(part), blank, like.dtype)


def slim(table: Table) -> Table:
    """Without the known columns that hold nothing but their default."""
    return {
        name: values
        for name, values in table.items()
        if name == "instant" or name not in COLUMNS or bool((values != COLUMNS[name].default).any())
    }


def same(left: Table, right: Table) -> NDArray[np.bool_]:
    """Row by row, whether two equally long tables say the same: bool[n]."""
    equal = np.ones(size(left), bool)
    for name in CONTENT:
        if name in left or name in right:
            equal &= np.asarray(column(left, name) == column(right, name), bool)
    return equal


def content(table: Table, row: int) -> tuple[object, ...]:
    """What one row says."""
    return tuple(table[name][row] if name in table else COLUMNS[name].default for name in CONTENT)


def firsts(table: Table) -> Ints:
    """The instant of first storage of each row."""
    return ints(table, "instant") + ints(table, "origin") if "origin" in table else ints(table, "instant")


def names(table: Table) -> Ints:
    """(first instant, rank) of each row packed into int64[n]; sorts like the pair."""
    ranks = ints(table, "rank") if "rank" in table else np.int64(0)
    return np.asarray(firsts(table) * RANKS + ranks, np.int64)


def in_order(table: Table) -> Table:
    """Sorted by instant, then by name."""
    instants = ints(table, "instant")
    if bool((instants[1:] > instants[:-1]).all()):
        return table
    order = np.lexsort((names(table), instants))
    return {name: values[order] for name, values in table.items()}


def find(sorted_keys: Ints, wanted: Ints) -> Ints:
    """Where each wanted key stands in `sorted_keys`; -1 where it does not."""
    if not len(sorted_keys):
        return np.full(len(wanted), -1, np.int64)
    places = np.minimum(np.searchsorted(sorted_keys, wanted), len(sorted_keys) - 1)
    return np.where(sorted_keys[places] == wanted, places, -1)


def among(values: Ints, others: Ints) -> NDArray[np.bool_]:
    """Which of `values` are also in `others`: bool[n]."""
    return np.asarray(find(np.sort(others), values) >= 0)
