"""Columns: their names, dtypes and defaults, and how equally long ones are checked and cut.

Law: `COLUMNS` is all that a reading can say; a missing column has its default, so that a block keeps only
what is told. Adapters write the first part, the store alone the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

NO_OFFSET: Final = -(2**15)
"""`offset` of a reading whose source told none: the person's zone history speaks."""
NO_COUNTER: Final = -1
NONE_PROGRAMMED: Final = -1


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its dtype, what a missing column means, and what it holds."""

    dtype: str
    default: int | str
    meaning: str


COLUMNS: Final[Mapping[str, Column]] = {
    "instant": Column("int64", 0, "ms UTC"),
    "value": Column("int64", 0, "amount times 10**scale in the series' unit"),
    "flags": Column("uint16", 0, "Flag"),
    "trend": Column("uint8", 0, "Trend"),
    "rate": Column("int16", 0, "rate of change times 10, in the series' unit per minute"),
    "counter": Column("int64", NO_COUNTER, "the device's own counter; -1 none"),
    "row": Column("int32", 0, "row (1 = first line) or record (1 = first) in the artifact"),
    "offset": Column("int16", NO_OFFSET, "minutes east of UTC where the source told it"),
    "bound": Column("int32", 0, "error bound of the instant in ms"),
    "witness": Column("uint8", 0, "Witness"),
    "end": Column("int64", 0, "end of an interval, ms UTC"),
    "kind": Column("uint16", 0, "code of the stream's own table: BolusKind, EventKind …"),
    "record": Column("object", "", "the source's record id (str), event streams only"),
    "text": Column("object", "", "free text (str): a note, a name"),
    "programmed": Column("int64", NONE_PROGRAMMED, "amount that was programmed, as `value`; -1 not told"),
    "minute": Column("int16", 0, "minute of the local day from which a setting holds"),
    # Written by the store, never by an adapter:
    "artifact": Column("int32", 0, "number of the artifact that brought the reading"),
    "changed": Column("int64", 0, "ms UTC of receipt or of the last amendment"),
    "version": Column("uint8", 0, "amendments so far"),
    "origin": Column("int64", 0, "instant of first storage minus `instant`, ms; 0 nearly always"),
    "rank": Column("uint8", 0, "rank among readings of one first instant in one series"),
}


def check(columns: Mapping[str, NDArray[np.generic]]) -> None:
    """Raise ValueError unless `columns` obey `COLUMNS` and lie in order of time."""
    if "instant" not in columns:
        raise ValueError("readings have an instant column")
    instants = np.asarray(columns["instant"], np.int64)
    for name, values in columns.items():
        if name not in COLUMNS:
            raise ValueError(f"no column is called {name!r}; there are {', '.join(COLUMNS)}")
        if values.dtype != np.dtype(COLUMNS[name].dtype):
            raise ValueError(f"column {name} is {COLUMNS[name].dtype}, not {values.dtype}")
        if len(values) != len(instants):
            raise ValueError(f"column {name} has {len(values)} entries beside {len(instants)} instants")
    if len(instants) > 1 and bool(np.any(instants[1:] < instants[:-1])):
        raise ValueError("readings are sorted by instant")


def column(columns: Mapping[str, NDArray[np.generic]], name: str) -> NDArray[np.generic]:
    """The named column, or one of its default value and right length."""
    if name in columns:
        return columns[name]
    spec = COLUMNS[name]
    return np.full(len(columns["instant"]), spec.default, dtype=spec.dtype)


def take(
    columns: Mapping[str, NDArray[np.generic]], which: NDArray[np.generic] | slice
) -> dict[str, NDArray[np.generic]]:
    """The same columns at the places `which` (bool mask, index array or slice)."""
    return {name: values[which] for name, values in columns.items()}
