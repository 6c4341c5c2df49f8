"""The samples of a chunk as text (R4 2.24.0.10, SampledData.data): numbers, and E, L or U where there is none.

Law: pure. A number has all the decimals of its scale; L and U stand for below and above the limit beside the data,
E where nothing is: a pause of the sensor, a reading without an amount, one that was taken back, one that another
source tells. What stands here are integers and these letters alone, so it needs no quoting in either notation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bridge.fhir.cells import Cells, decimal
from bridge.reading import Flag

WIDTH: Final = 128
"""Slots for samples are so many bytes wide, or a multiple of it, so that templates are few."""


def spelled(samples: Sequence[Any] | NDArray[np.generic], scale: int) -> list[str]:
    """The data of each chunk; of each (values, Flags), int64[k]."""
    return [_data(values, flags, scale) for values, flags in samples]


def cells(samples: Sequence[Any] | NDArray[np.generic], scale: int, width: int) -> Cells:
    """The same with the closing quote and blanks behind: uint8[n, width]."""
    texts = "".join(f'{text}"'.ljust(width) for text in spelled(samples, scale))
    return Cells(np.frombuffer(texts.encode("ascii"), np.uint8).reshape(-1, width))


def _data(values: NDArray[np.int64], flags: NDArray[np.int64], scale: int) -> str:
    told = [decimal(value, scale) for value in values.tolist()]
    for place in np.flatnonzero(flags & _UNSAID).tolist():
        mark = int(flags[place])
        told[place] = "L" if mark & Flag.LOW else "U" if mark & Flag.HIGH else "E"
    return " ".join(told)


_UNSAID: Final = int(Flag.LOW | Flag.HIGH | Flag.NO_VALUE)
