"""What belongs to no patient rests sealed under a key of the installation, one for each use.

Law: HKDF (RFC 5869) of the installation's secret with the use as its info, so what was sealed for one use does
not open for another; the place is in the associated data besides (`bridge.store.keys`). Names and devices of
accounts are such things: an account may act for several patients and outlive each of them.
"""

from __future__ import annotations

import json
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bridge.store.files import Files
from bridge.store.keys import Box, place

_ACCOUNTS: Final = "accounts of persons and staff"


def derived(db: Files, use: str) -> bytes:
    """32 bytes of the installation for one use."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=use.encode()).derive(db.keys.page_key)


def sealed(db: Files, kind: str, name: str, texts: list[str]) -> bytes:
    """Texts sealed for the row `name` of a kind."""
    plain = json.dumps(texts, ensure_ascii=False).encode()
    return Box(derived(db, _ACCOUNTS), 1).seal(plain, place(kind, name))


def opened(db: Files, kind: str, name: str, kept: bytes) -> list[str]:
    """The texts that were sealed for that row; Tampered."""
    plain = Box(derived(db, _ACCOUNTS), 1).open(kept, place(kind, name))
    return [str(text) for text in json.loads(plain)]
