"""Keys: the installation's secrets, one data key per patient, and the sealed box made of it.

Law: a key rests only wrapped by the master key (AES-256-GCM), only in keys.db. A patient's key is
unwrapped for one use and never cached; destroying it is the erasure (data.md, keys). What was sealed
for one place does not open at another: the place is in the associated data (NIST SP 800-38D, 5.2.1.1).

Rejected: one key for all patients; wrapped keys beside the data; deriving patient keys from the master
key (a derived key cannot be destroyed).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE: Final = 12
OVERHEAD: Final = NONCE + 16
SECRETS: Final = ("id", "index", "ledger", "page")


class Erased(Exception):
    """The patient's key was destroyed, or there never was one."""


class Tampered(Exception):
    """Sealed bytes are not what was sealed for this place with this key."""


class WrongMaster(Exception):
    """The master key is not the one that wrapped this key store."""


class Box:
    """One patient's key, unwrapped: seals and opens bytes for a named place."""

    __slots__ = ("_cipher", "_key", "version")

    def __init__(self, key: bytes, version: int) -> None:
        self._cipher, self._key = AESGCM(key), key
        self.version = version

    def seal(self, plain: bytes, aad: bytes) -> bytes:
        """12 random bytes of nonce, then the ciphertext with its tag."""
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """What was sealed with the same `aad`; raises Tampered."""
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], aad)
        except (InvalidTag, ValueError) as wrong:
            place = aad.split(b"|", 1)[0].decode("ascii", "replace")
            raise Tampered(f"sealed bytes of kind {place} do not open: changed, moved or cut") from wrong

    def derived(self, use: str) -> bytes:
        """32 bytes of the patient's for one use (HKDF, RFC 5869): the same at every start, and gone with the key."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"patient|{use}".encode()).derive(
            self._key
        )


def place(kind: str, *numbers: int | str) -> bytes:
    """Associated data: what the bytes are and where they rest."""
    return "|".join((kind, *map(str, numbers))).encode()


@dataclass(frozen=True, slots=True)
class _Secrets:
    id: bytes
    index: bytes
    ledger: bytes
    page: bytes


class Keyring:
    """The key store: `reader` and `write` give connections to keys.db."""

    def __init__(
        self,
        reader: Callable[[], sqlite3.Connection],
        write: Callable[[], AbstractContextManager[sqlite3.Connection]],
        master: bytes,
        installation: str,
    ) -> None:
        if len(master) != 32:
            raise ValueError(f"the master key has 32 bytes, not {len(master)}")
        self._reader, self._write, self._installation = reader, write, installation
        self._master = AESGCM(master)
        self._secrets = self._load()

    @property
    def id_key(self) -> bytes:
        """Makes logical ids; never rotated."""
        return self._secrets.id

    @property
    def index_key(self) -> bytes:
        """Blinds identifiers, serials and hashes."""
        return self._secrets.index

    @property
    def ledger_key(self) -> bytes:
        """Chains the ledger."""
        return self._secrets.ledger

    @property
    def page_key(self) -> bytes:
        """Seals page links."""
        return self._secrets.page

    def blind(self, system: str, value: str) -> bytes:
        """HMAC-SHA-256(index key, system|value): how a text is found without being kept in clear."""
        return hmac.digest(self.index_key, f"{system}|{value}".encode(), hashlib.sha256)

    def create(self, patient: int) -> Box:
        """Make the patient's key; one left over from a patient that was never stored is replaced."""
        key = AESGCM.generate_key(256)
        with self._write() as con:
            if con.execute("SELECT 1 FROM erased WHERE patient = ?", (patient,)).fetchone():
                raise Erased(f"patient {patient} was erased; the number is not given again")
            con.execute(
                "INSERT OR REPLACE INTO patient_keys (patient, version, wrapped) VALUES (?, 1, ?)",
                (patient, self._wrap(key, f"patient|{patient}|1")),
            )
        return Box(key, 1)

    def box(self, patient: int) -> Box:
        """The patient's box, unwrapped now; raises Erased."""
        row = (
            self._reader()
            .execute("SELECT version, wrapped FROM patient_keys WHERE patient = ?", (patient,))
            .fetchone()
        )
        if row is None:
            raise Erased(f"there is no key for patient {patient}")
        version, wrapped = row
        return Box(self._unwrap(wrapped, f"patient|{patient}|{version}"), version)

    def destroy(self, patient: int, at: int) -> None:
        """Destroy the patient's key for good, in the file and in its write-ahead log."""
        with self._write() as con:
            con.execute("DELETE FROM patient_keys WHERE patient = ?", (patient,))
            con.execute("INSERT OR IGNORE INTO erased (patient, at) VALUES (?, ?)", (patient, at))
        with self._write() as con:
            con.execute("COMMIT")
            con.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def destroyed(self) -> tuple[int, ...]:
        """The patients whose keys were destroyed."""
        rows = self._reader().execute("SELECT patient FROM erased ORDER BY patient")
        return tuple(number for (number,) in rows)

    def _load(self) -> _Secrets:
        with self._write() as con:
            found = dict(con.execute("SELECT name, wrapped FROM secrets").fetchall())
            if not found:
                for name in SECRETS:
                    found[name] = self._wrap(os.urandom(32), f"secret|{name}")
                con.executemany("INSERT INTO secrets (name, wrapped) VALUES (?, ?)", found.items())
        return _Secrets(*(self._unwrap(found[name], f"secret|{name}") for name in SECRETS))

    def _wrap(self, key: bytes, what: str) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._master.encrypt(nonce, key, f"{self._installation}|{what}".encode())

    def _unwrap(self, wrapped: bytes, what: str) -> bytes:
        try:
            aad = f"{self._installation}|{what}".encode()
            return self._master.decrypt(wrapped[:NONCE], wrapped[NONCE:], aad)
        except InvalidTag as wrong:
            raise WrongMaster(
                "the key store does not open with this master key: give the master key it was made with"
            ) from wrong
