"""Logical ids: one AES-128 block over what a thing is called, printed like a UUID.

Law: an id is stable, needs no index, and reveals neither order nor count; decoding it is the lookup
(data.md, ids). Bits, high to low: patient 36, series 16, instant + 2**43 44, slot 12, zero 20; a block
whose check bits are not zero names nothing. The key is HKDF-SHA-256(id key, kind, pairing): the same
reading has unrelated ids as another FHIR type and for a pseudonymous recipient. FHIR R4 2.24.0.1 (id):
at most 64 of [A-Za-z0-9.-].

Rejected: row numbers, UUIDv7, hashes with an index (architecture.md, decisions).
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from bridge.period import BEGINNING, END_OF_TIME, Instant
from bridge.store.slots import is_reading, part_of, rank_of

Bytes: TypeAlias = NDArray[np.uint8]

PATIENTS: Final = 2**36
SERIES: Final = 2**16
_CHECK: Final = 20
_SLOT: Final = 12
_MOMENT: Final = 44
_MOST: Final = 4096
_TOO_FAR: Final = "no id can name an instant before 1691 or after 2248"
_SHAPE: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEX: Final = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), np.uint16)
_GROUPS: Final = np.dtype(
    {
        "names": list("abcde"),
        "formats": ["S8", "S4", "S4", "S4", "S12"],
        "offsets": [0, 8, 12, 16, 20],
        "itemsize": 32,
    }
)
_SPELLED: Final = np.dtype(
    {
        "names": list("abcde"),
        "formats": ["S8", "S4", "S4", "S4", "S12"],
        "offsets": [0, 9, 14, 19, 24],
        "itemsize": 36,
    }
)
"""The five groups of hex digits without and with the hyphens between them."""


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """What an id stands for. `slot`: which mean, reading or part of one (`slots.py`)."""

    patient: int
    series: int
    instant: Instant
    slot: int

    @property
    def grain(self) -> int:
        """1 15-minute, 2 hourly, 3 daily mean, of what is no reading."""
        return self.slot >> 9

    @property
    def rank(self) -> int:
        """Rank among readings of one first instant in one series."""
        return rank_of(self.slot)

    @property
    def part(self) -> int:
        """Which part of a reading, of those that holes in what is permitted cut it into."""
        return part_of(self.slot)

    @property
    def is_reading(self) -> bool:
        """Whether it names a reading or a part of one."""
        return is_reading(self.slot)


class _Turning(threading.local):
    """The ciphers that a thread has turned to seal or to open."""

    def __init__(self) -> None:
        self.sealing: dict[tuple[str, bytes], CipherContext] = {}
        self.opening: dict[tuple[str, bytes], CipherContext] = {}


class Ids:
    """Mints and reads ids with the keys derived from the installation's id key."""

    def __init__(self, id_key: bytes) -> None:
        self._key = id_key
        self._ciphers: dict[tuple[str, bytes], Cipher[ECB]] = {}
        self._local = _Turning()

    def mint(
        self,
        kind: str,
        patient: int,
        series: int,
        instants: NDArray[np.int64],
        slots: NDArray[np.uint16],
        pairing: bytes = b"",
    ) -> Bytes:
        """Raw ids uint8[n, 16] of n names in one series (instants int64[n] ms UTC, slots uint16[n])."""
        if not 0 <= patient < PATIENTS or not 0 <= series < SERIES:
            raise ValueError(f"no id can name patient {patient}, series {series}")
        if len(instants) == 1:
            name = Name(patient, series, int(instants[0]), int(slots[0]))
            return np.frombuffer(self._sealed(kind, name, pairing), np.uint8).reshape(1, 16)
        moments = instants + np.int64(-BEGINNING)
        if (moments >> _MOMENT).any():
            raise ValueError(_TOO_FAR)
        words = np.empty((len(moments), 2), ">u8")
        words[:, 0] = np.uint64(patient << 28 | series << 12) | (moments >> 32).astype(np.uint64)
        low = (moments & 0xFFFFFFFF).astype(np.uint64) << np.uint64(_SLOT + _CHECK)
        words[:, 1] = low | slots.astype(np.uint64) << np.uint64(_CHECK)
        sealed = self._turned(self._local.sealing, kind, pairing).update(words.tobytes())
        return np.frombuffer(sealed, np.uint8).reshape(-1, 16)

    def one(self, kind: str, name: Name, pairing: bytes = b"") -> str:
        """The id of one name as text."""
        found = self._sealed(kind, name, pairing).hex()
        return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}"

    def read(self, kind: str, text: str, pairing: bytes = b"") -> Name | None:
        """The name behind an id; None where it is malformed or was not minted for this kind and pairing."""
        if not _SHAPE.fullmatch(text):
            return None
        raw = self._turned(self._local.opening, kind, pairing).update(bytes.fromhex(text.replace("-", "")))
        bits = int.from_bytes(raw, "big")
        if bits & (1 << _CHECK) - 1:
            return None
        instant = (bits >> 32 & 2**_MOMENT - 1) + BEGINNING
        return Name(bits >> 92, bits >> 76 & 0xFFFF, instant, bits >> _CHECK & 0xFFF)

    def _sealed(self, kind: str, name: Name, pairing: bytes) -> bytes:
        if not 0 <= name.patient < PATIENTS or not 0 <= name.series < SERIES or name.slot >> _SLOT:
            raise ValueError(f"no id can name patient {name.patient}, series {name.series}, slot {name.slot}")
        moment = name.instant - BEGINNING
        if moment >> _MOMENT:
            raise ValueError(_TOO_FAR)
        bits = name.patient << 92 | name.series << 76 | moment << 32 | name.slot << _CHECK
        return self._turned(self._local.sealing, kind, pairing).update(bits.to_bytes(16, "big"))

    def _turned(
        self, turns: dict[tuple[str, bytes], CipherContext], kind: str, pairing: bytes
    ) -> CipherContext:
        """The cipher of a kind and pairing, turned to seal or to open: whole blocks leave nothing in it."""
        found = turns.get((kind, pairing))
        if found is None:
            cipher = self._cipher(kind, pairing)
            if len(turns) >= _MOST:
                turns.clear()
            found = cipher.encryptor() if turns is self._local.sealing else cipher.decryptor()
            turns[kind, pairing] = found
        return found

    def _cipher(self, kind: str, pairing: bytes) -> Cipher[ECB]:
        found = self._ciphers.get((kind, pairing))
        if found is None:
            info = b"id|" + kind.encode() + b"|" + pairing
            key = HKDF(algorithm=SHA256(), length=16, salt=None, info=info).derive(self._key)
            if len(self._ciphers) >= _MOST:
                self._ciphers.clear()
            # One block a name, every block another name: the mode that repeats is the right one here.
            found = self._ciphers[kind, pairing] = Cipher(AES(key), ECB())
        return found


def text(raw: Bytes) -> Bytes:
    """ASCII uint8[n, 36] (8-4-4-4-12 lower-case hex) of raw ids uint8[n, 16]."""
    out = np.full((len(raw), 36), ord("-"), np.uint8)
    digits = np.ascontiguousarray(_HEX.take(raw)).view(_GROUPS)[:, 0]
    spelled = out.view(_SPELLED)[:, 0]
    for group in "abcde":
        spelled[group] = digits[group]
    return out


assert END_OF_TIME - BEGINNING == 2**44
