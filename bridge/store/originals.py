"""Kept originals: the uploaded bytes, compressed and sealed, until they are erased.

Law: named by a blind index of their content, so a listing of the folder tells nobody which file it was
(data.md, originals). A file and its folder are synced before the transaction that refers to it; what a
crash left without a reference is swept at the next start. Writers hold a shared lock on the folder from
the file to the commit, the sweeper needs it alone: it never takes a file that is about to be referred to.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from isal import isal_zlib

from bridge.store.files import Files
from bridge.store.keys import Box, place

_LEVEL: Final = 1


def name(db: Files, patient: int, sha256: str) -> bytes:
    """The blind index (32 bytes) of a content with that SHA-256 (hex) for that patient."""
    return db.keys.blind(f"original|{patient}", sha256)


@contextmanager
def keeping(db: Files) -> Iterator[None]:
    """Hold off the sweeper: from writing a file until the transaction that refers to it is over."""
    with _locked(db, fcntl.LOCK_SH) as held:
        assert held
        yield


def keep(db: Files, box: Box, patient: int, blind: bytes, content: bytes) -> None:
    """Write and sync the bytes; a file that is there already is the same bytes."""
    path = _path(db, blind)
    if path.exists():
        return
    sealed = box.seal(isal_zlib.compress(content, _LEVEL), place("original", patient, blind.hex()))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    for folder in (path.parent, path.parent.parent):
        _sync(folder)


def open_(db: Files, box: Box, patient: int, blind: bytes) -> bytes:
    """The kept bytes; KeyError where they are not there, Tampered where they changed."""
    try:
        sealed = _path(db, blind).read_bytes()
    except FileNotFoundError:
        raise KeyError(f"the kept original {blind.hex()[:12]} is not in {_root(db)}") from None
    return isal_zlib.decompress(box.open(sealed, place("original", patient, blind.hex())))


def has(db: Files, blind: bytes) -> bool:
    """Whether the bytes are there."""
    return _path(db, blind).exists()


def sweep(db: Files, wait: bool = False) -> int:
    """Delete every file that no artifact refers to; how many. While a writer is at work it waits, or
    leaves it to the next sweep."""
    if not _root(db).exists():
        return 0
    with _locked(db, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB) as held:
        if not held:
            return 0
        rows = db.reader("bridge").execute("SELECT blind FROM artifacts WHERE state <> 'removed'")
        wanted = {blind.hex() for (blind,) in rows}
        lost = [path for path in _root(db).glob("??/*") if path.name not in wanted]
        for path in lost:
            path.unlink(missing_ok=True)
        for folder in {path.parent for path in lost}:
            _sync(folder)
        return len(lost)


@contextmanager
def _locked(db: Files, how: int) -> Iterator[bool]:
    _root(db).mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(_root(db) / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(descriptor, how)
            held = True
        except BlockingIOError:
            held = False
        yield held
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _root(db: Files) -> Path:
    return db.home / "originals"


def _path(db: Files, blind: bytes) -> Path:
    text = blind.hex()
    return _root(db) / text[:2] / text
