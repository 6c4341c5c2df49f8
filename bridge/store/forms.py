"""The forms that columns take at rest: the numbers on disk, and the walk that reads them back.

Law: a number of a name, dtype or form is never used again for something else: both tables are append only
(data.md, blocks). `codec` writes what is read here. Pure.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.generic]
Ints: TypeAlias = NDArray[np.int64]

# Places in these two tables are what rests on disk: append only.
NAMES: Final = (
    "instant", "value", "flags", "trend", "rate", "counter", "row", "offset", "bound", "witness", "end",
    "kind", "record", "text", "artifact", "changed", "version", "origin", "rank", "programmed", "minute",
)  # fmt: skip
DTYPES: Final = (
    *map(np.dtype, ("i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "f8", "f4")),
    np.dtype(bool),
    np.dtype(object),
)
NAME_CODE: Final = {name: code for code, name in enumerate(NAMES)}
DTYPE_CODE: Final = {dtype: code for code, dtype in enumerate(DTYPES)}
OBJECT: Final = np.dtype(object)
OTHER: Final = 255

CONST, RUNS, PLAIN, DELTA, SLOPE, LINEAR, TEXT, BYTES = range(8)

HEAD: Final = struct.Struct("<IH")
COLUMN: Final = struct.Struct("<BBI")
ONE: Final = struct.Struct("<q")
TWO: Final = struct.Struct("<qq")
STEPS: Final = struct.Struct("<qBI")
COUNT: Final = struct.Struct("<I")
LOW: Final = struct.Struct("<qB")


def walk(reader: Walk, count: int, names: Collection[str] | None) -> dict[str, Array]:
    """The next `count` columns, all or those in `names`."""
    found: dict[str, Array] = {}
    for _ in range(count):
        code, kind, size = reader.unpack(COLUMN)
        name = NAMES[code] if code != OTHER else reader.take(reader.byte()).decode()
        if names is not None and name not in names and name != "instant":
            reader.at += size
            continue
        values = reader.values(DTYPES[kind])
        if name == "instant" and values.dtype == np.int64:
            reader.instants = values.astype(np.int64, copy=False)
        if names is None or name in names:
            found[name] = values
    return found


class Walk:
    """Walks through one uncompressed block."""

    __slots__ = ("at", "instants", "length", "plain")

    def __init__(self, plain: bytes, length: int) -> None:
        self.plain, self.at, self.length = plain, HEAD.size, length
        self.instants: Ints = np.zeros(0, np.int64)

    def values(self, dtype: np.dtype[np.generic]) -> Array:
        """The next column, writable."""
        form = self.byte()
        if form in (TEXT, BYTES):
            return self._words(form == BYTES)
        if dtype.kind == "f":
            return self._numbers(form, np.dtype(f"i{dtype.itemsize}")).view(dtype)
        return self._numbers(form, dtype)

    def _numbers(self, form: int, dtype: np.dtype[np.generic]) -> Array:
        if form == CONST:
            return np.full(self.length, np.int64(self.unpack(ONE)[0]).astype(dtype))
        if form == PLAIN:
            low, width = self.unpack(LOW)
            above = self._lanes("u", self.length, width)
            return above.astype(dtype) if low == 0 else (above.astype(np.int64) + low).astype(dtype)
        if form == RUNS:
            (count,) = self.unpack(COUNT)
            values = self._array("<i8", count).astype(dtype)
            return np.repeat(values, self._array("<u4", count).astype(np.int64))
        if form == LINEAR:
            (pace,) = self.unpack(ONE)
            ahead = self._numbers(self.byte(), np.dtype(np.int64)).astype(np.int64, copy=False)
            ahead += self.instants
            return (ahead // pace if pace != 1 else ahead).astype(dtype, copy=False)
        return self._moved(form).astype(dtype, copy=False)

    def _moved(self, form: int) -> Ints:
        if form == DELTA:
            first, usual = self.unpack(TWO)
            steps = self._steps()
            if usual:
                steps += usual
        elif form == SLOPE:
            (first,), steps = self.unpack(ONE), self._steps()
            np.add.accumulate(steps, out=steps)
        else:
            raise ValueError(f"column form {form} is unknown")
        np.add.accumulate(steps, out=steps)
        steps += first
        return steps

    def _steps(self) -> Ints:
        divisor, width, wide = self.unpack(STEPS)
        steps = self._lanes("i", self.length, width).astype(np.int64)
        if wide:
            places = self._array("<u4", wide)
            steps[places] = self._array("<i8", wide)
        if divisor != 1:
            steps *= divisor
        return steps

    def _lanes(self, kind: str, count: int, width: int) -> Array:
        if width == 1:
            return self._array(f"{kind}1", count)
        planes = self._array("u1", count * width).reshape(width, count)
        return np.ascontiguousarray(planes.T).view(f"<{kind}{width}").reshape(count)

    def _words(self, binary: bool) -> NDArray[np.object_]:
        (count,) = self.unpack(COUNT)
        lengths = self._array("<u4", count)
        table = np.empty(count, object)
        for index, length in enumerate(lengths.tolist()):
            word = self.take(length)
            table[index] = word if binary else word.decode("utf-8", "surrogatepass")
        codes = self._numbers(self.byte(), np.dtype(np.int64))
        return table[codes] if count else table

    def byte(self) -> int:
        self.at += 1
        return self.plain[self.at - 1]

    def unpack(self, form: struct.Struct) -> tuple[int, ...]:
        at = self.at
        self.at += form.size
        return form.unpack_from(self.plain, at)

    def take(self, length: int) -> bytes:
        self.at += length
        if self.at > len(self.plain):
            raise IndexError("cut short")
        return self.plain[self.at - length : self.at]

    def _array(self, dtype: str, count: int) -> Array:
        at = self.at
        found = np.frombuffer(self.plain, dtype, count, at)
        self.at += found.nbytes
        return found
