"""What an item says beside its version: where it was cut, what of a day it holds, whose words and device it names.

Law: pure. A grant whose edges move, or that adds a kind, makes another content of a reading that nobody amended; the
number from here stands in its versionId, so one versionId never names two contents (RFC 9110 8.8.1: a
validator that does not change with the content is none). It is made of what is told and of nothing that is held
back: a withheld note, or a withheld device, counts as none. Rejected: counting the moves of grants (a rolling
window moves each second), a digest of the rendered bytes (two notations, two validators, no columns).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bridge.reading import Flag
from bridge.store.columns import Table, ints

Numbers: TypeAlias = NDArray[np.uint32]

_NO_DEVICE: Final = 1
_RETRACTED: Final = int(Flag.RETRACTED)
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
_LOW: Final = np.uint64(32)
_CHUNK: Final = ("instant", "end", "flags", "period", "lower", "upper", "open")


def contents(columns: Table, names_device: bool) -> Numbers | None:
    """A number for the content of each item: uint32[n]; 0: whole and with its device, as most are, or taken back. None:
    all are. `columns`: as they leave (`disclosure.Group`)."""
    is_told = ints(columns, "flags") & _RETRACTED == 0
    found = np.where(is_told, np.uint64(0 if names_device else _NO_DEVICE), np.uint64(0))
    for part in _parts(columns):
        told = part != 0
        found[told] = (found[told] * _SPREAD ^ part[told]) * _SPREAD >> _LOW
        found[told] |= np.uint64(1) << np.uint64(31)
    return found.astype(np.uint32) if found.any() else None


def _parts(columns: Table) -> Iterator[NDArray[np.uint64]]:
    cut = ints(columns, "cut") if "cut" in columns else np.zeros(0, np.int64)
    if cut.any():
        edges = ints(columns, "instant").astype(np.uint64) * _SPREAD ^ ints(columns, "end").astype(np.uint64)
        yield np.where(cut > 0, edges, np.uint64(0))
    if "text" in columns:
        yield _digests([str(each).encode() for each in columns["text"]])
    if "samples" in columns:
        told = np.stack([ints(columns, name) for name in _CHUNK], axis=1)
        samples = (values.tobytes() + marks.tobytes() for values, marks in columns["samples"])
        yield _digests([row.tobytes() + each for row, each in zip(told, samples, strict=True)])


def _digests(told: list[bytes]) -> NDArray[np.uint64]:
    return np.array([crc32(each) for each in told], np.uint64)
