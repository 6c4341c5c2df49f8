"""Columns as bytes: one codec for all streams.

Law: lossless for every integer, float, bool, text or bytes column of any name; what a reader does not
know by name it still returns, so merging keeps it. The layout carries its own column directory (name,
dtype, form); a number of a name, dtype, form or codec version is never used again for something else
(data.md, blocks). Pure: no key, no file.

    block  = n u32 | columns u16 | column ...                  then deflate (RFC 1951)
    column = name u8 (255: u8 length, text) | dtype u8 | size u32 | form u8 | what the form needs

Integers are little endian and computed modulo 2**64, so no difference can overflow. Measured on real
exports: 0.25 B a reading for instants with a second of jitter, 0.55 value, 0.06 row, 0.03 counter.
Rejected: zstandard (a dependency for a fifth of the speed), Arrow and Parquet (weight), bit packing
(a fifth smaller, ten times slower in numpy).
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping
from typing import Final, cast

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from bridge.store.forms import (
    BYTES,
    COLUMN,
    CONST,
    COUNT,
    DELTA,
    DTYPE_CODE,
    HEAD,
    LINEAR,
    LOW,
    NAME_CODE,
    OBJECT,
    ONE,
    OTHER,
    PLAIN,
    RUNS,
    SLOPE,
    STEPS,
    TEXT,
    TWO,
    Array,
    Ints,
    Walk,
    walk,
)

VERSION: Final = 1
_RAW_DEFLATE: Final = -15
_BAD: Final = cast("type[Exception]", isal_zlib.error)
_LEVEL: Final = 1

_CODES: Final = frozenset(("flags", "trend", "witness", "kind", "rank", "version"))
"""Columns whose neighbours say nothing about them."""
_PACE: Final = {"counter": 1000, "end": 1}
"""Columns that run with the instant: device seconds, and the end of an interval."""
_SAFE: Final = 2**52
"""A bound under which a pace times a value cannot overflow."""


class Unreadable(Exception):
    """Bytes of another codec version, or cut short."""


def encode(columns: Mapping[str, Array]) -> bytes:
    """The bytes of equally long columns; TypeError names a dtype that cannot rest."""
    length = len(next(iter(columns.values()))) if columns else 0
    parts = [HEAD.pack(length, len(columns))]
    instants = columns.get("instant")
    if instants is not None and instants.dtype != np.int64:
        instants = None
    for name, values in sorted(columns.items(), key=lambda item: item[0] != "instant"):
        if values.dtype not in DTYPE_CODE:
            raise TypeError(f"column {name}: {values.dtype} cannot rest")
        text = values.dtype == OBJECT
        body = _texts(values) if text else _integers(_as_ints(values), name, instants)
        parts.append(COLUMN.pack(NAME_CODE.get(name, OTHER), DTYPE_CODE[values.dtype], len(body)))
        if name not in NAME_CODE:
            parts.append(bytes((len(name.encode()),)) + name.encode())
        parts.append(body)
    return isal_zlib.compress(b"".join(parts), _LEVEL, _RAW_DEFLATE)


def decode(data: bytes, names: Collection[str] | None = None) -> dict[str, Array]:
    """The columns of `encode`, all or those in `names`; raises Unreadable."""
    try:
        plain = isal_zlib.decompress(data, _RAW_DEFLATE)
        length, count = HEAD.unpack_from(plain)
        return walk(Walk(plain, length), count, names)
    except (_BAD, struct.error, IndexError, ValueError) as wrong:
        raise Unreadable(f"these bytes are no block of codec version {VERSION}: {wrong}") from wrong


def _as_ints(values: Array) -> Ints:
    if values.dtype.kind == "f":
        values = np.ascontiguousarray(values).view(f"i{values.dtype.itemsize}")
    return values.astype(np.int64)


def _integers(values: Ints, name: str, instants: Array | None) -> bytes:
    if not len(values):
        return bytes((CONST,)) + ONE.pack(0)
    changes = np.flatnonzero(values[1:] != values[:-1])
    if not len(changes):
        return bytes((CONST,)) + ONE.pack(int(values[0]))
    if len(changes) < len(values) >> 5:
        return _runs(values, changes)
    return _plain(values) if name in _CODES else _moving(values, name, instants)


def _runs(values: Ints, changes: NDArray[np.intp]) -> bytes:
    edges = np.concatenate(([-1], changes, [len(values) - 1]))
    lengths = np.diff(edges).astype("<u4")
    head = bytes((RUNS,)) + COUNT.pack(len(lengths))
    return head + values[edges[1:]].astype("<i8").tobytes() + lengths.tobytes()


def _plain(values: Ints) -> bytes:
    low = int(values.min())
    above = (values - low).view(np.uint64)
    width = next(w for w in (1, 2, 4, 8) if int(above.max()) < 1 << 8 * w)
    return bytes((PLAIN,)) + LOW.pack(low, width) + _lanes(above.astype(f"<u{width}"))


def _moving(values: Ints, name: str, instants: Array | None) -> bytes:
    steps = np.diff(values, prepend=values[0])
    usual = _median(steps)
    residue = steps - usual
    pace = _PACE.get(name)
    if pace is not None and instants is not None and -_SAFE < int(values.min()) <= int(values.max()) < _SAFE:
        lag = values * pace - instants.astype(np.int64)
        drift = np.diff(lag)
        if np.count_nonzero(drift - _median(drift)) < np.count_nonzero(residue):
            return bytes((LINEAR,)) + ONE.pack(pace) + _integers(lag, "", None)
    bends = np.diff(steps, prepend=0)
    if _weight(bends) < _weight(residue):
        return bytes((SLOPE,)) + ONE.pack(int(values[0])) + _scaled(bends)
    residue[0] = 0
    start = (int(values[0]) - usual + 2**63) % 2**64 - 2**63
    return bytes((DELTA,)) + TWO.pack(start, usual) + _scaled(residue)


def _median(steps: Ints) -> int:
    middle = len(steps) // 2
    return int(np.partition(steps, middle)[middle])


def _weight(steps: Ints) -> int:
    return int(np.minimum(np.abs(steps), 256).sum())


def _scaled(steps: Ints) -> bytes:
    """Steps by their common divisor, as narrow as nearly all of them; the few others stand beside."""
    divisor = int(np.gcd.reduce(steps))
    divisor = divisor if divisor > 0 else 1  # 2**63 is no int64; 0 where nothing moves
    small = steps // divisor
    width = next(w for w in (1, 2, 4, 8) if len(_wide(small, w)) <= len(steps) >> 6)
    narrow, wide = small.astype(f"<i{width}"), _wide(small, width)
    narrow[wide] = 0
    beside = wide.astype("<u4").tobytes() + small[wide].astype("<i8").tobytes()
    return STEPS.pack(divisor, width, len(wide)) + _lanes(narrow) + beside


def _wide(steps: Ints, width: int) -> NDArray[np.intp]:
    return np.flatnonzero(steps.astype(f"<i{width}") != steps)


def _lanes(values: Array) -> bytes:
    """Byte planes: all lowest bytes, then all second bytes ..."""
    return values.view(np.uint8).reshape(len(values), -1).T.tobytes()


def _texts(values: Array) -> bytes:
    binary = len(values) > 0 and isinstance(values[0], bytes)
    table: dict[object, int] = {}
    codes = np.fromiter((table.setdefault(v, len(table)) for v in values), np.int64, len(values))
    words = [_word(word, binary) for word in table]
    lengths = np.array([len(word) for word in words], "<u4")
    head = bytes((BYTES if binary else TEXT,)) + COUNT.pack(len(words))
    return head + lengths.tobytes() + b"".join(words) + _integers(codes, "kind", None)


def _word(word: object, binary: bool) -> bytes:
    if binary and isinstance(word, bytes):
        return word
    if not binary and isinstance(word, str):
        return word.encode("utf-8", "surrogatepass")
    raise TypeError("an object column holds texts alone or bytes alone")
