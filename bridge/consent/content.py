"""What an item says beside its version: where it was cut, what of a day it holds, whose words and device it names.

Law: pure. A grant whose edges move, or that adds a kind, makes another content of a reading that nobody amended; the
number from here stands in its versionId, so one versionId never names two contents (RFC 9110 8.8.1: a
validator that does not change with the content is none). It is made of what is told and of nothing that is
held back: a withheld note, or a withheld device, counts as none. A versionId stands in logs, and a note is short: the
number is a MAC (BLAKE2b, RFC 7693 2.9) over id and content under a secret that is erased with the patient's key, so
nobody who has it can try out words, or see that two items say the same.
Rejected: counting the moves of grants (a rolling window moves each second), a digest of the rendered bytes
(two notations, two validators, no columns), a checksum (every four-letter note is found in a second).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.reading import Flag
from bridge.store.columns import Table, ints

Numbers: TypeAlias = NDArray[np.uint32]
Secret: TypeAlias = Callable[[], bytes]

_NO_DEVICE: Final = 1
_MARKED: Final = 1 << 31
_ID: Final = 16
_RETRACTED: Final = int(Flag.RETRACTED)
_EDGES: Final = ("instant", "end")
_CHUNK: Final = (*_EDGES, "offset", "flags", "period", "lower", "upper", "open")


def contents(
    columns: Table,
    names_device: bool,
    ids: NDArray[np.uint8],
    secret: Secret,
    moved: NDArray[np.intp] | None = None,
) -> Numbers | None:
    """A number for the content of each item: uint32[n]; 0: whole and with its device, as most are, or taken back. None:
    all are. `columns`: as they leave (`disclosure.Group`); `ids` uint8[n, 16]; `secret`: asked for where needed;
    `moved`: places whose offset a corrected zone history made another one."""
    is_told = ints(columns, "flags") & _RETRACTED == 0
    found = np.where(is_told, np.uint32(0 if names_device else _NO_DEVICE), np.uint32(0))
    said: dict[int, bytes] = {}
    zoned = [] if moved is None else [(moved.tolist(), _rows(columns, ("offset",), moved))]
    for places, texts in (*_parts(columns), *zoned):
        for place, text in zip(places, texts, strict=True):
            said[place] = said.get(place, b"") + len(text).to_bytes(8, "big") + text
    if said:
        key, names, marks = secret(), ids.tobytes(), found.tolist()
        for place, text in said.items():
            name = names[place * _ID : place * _ID + _ID]
            marks[place] = _MARKED | int.from_bytes(mac(key, name + bytes([marks[place]]) + text, 4), "big")
        found = np.array(marks, np.uint32)
    return found if found.any() else None


def mac(secret: bytes, told: bytes, size: int) -> bytes:
    """So many bytes that nobody can make, or compare with a guess, without the secret (32 bytes)."""
    return blake2b(told, digest_size=size, key=secret).digest()


def _parts(columns: Table) -> Iterator[tuple[list[int], Iterable[bytes]]]:
    """What makes a content another one, one reason after the other: places, and what stands there."""
    if "cut" in columns and (cut := np.flatnonzero(ints(columns, "cut"))).size:
        yield cut.tolist(), _rows(columns, _EDGES, cut)
    if "text" in columns:
        texts = {place: str(text).encode() for place, text in enumerate(columns["text"]) if text}
        yield list(texts), (b"text" + text for text in texts.values())
    if "samples" in columns:
        every = np.arange(len(columns["samples"]))
        samples = (values.tobytes() + marks.tobytes() for values, marks in columns["samples"])
        yield every.tolist(), map(bytes.__add__, _rows(columns, _CHUNK, every), samples)


def _rows(columns: Table, names: tuple[str, ...], places: NDArray[np.intp]) -> Iterator[bytes]:
    told, size = np.stack([ints(columns, name)[places] for name in names], axis=1).tobytes(), 8 * len(names)
    return (told[at : at + size] for at in range(0, len(told), size))
