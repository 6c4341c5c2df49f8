"""One delivery at a time: a lane is one person's way to one destination, and one process has it.

Law (`smart-consent.md` 7.5): one in flight per recipient and patient, over all processes of this
machine. The lock is the operating system's (flock) and ends with the process that held it, however that
ended.

Rejected: a lease with a deadline in the database; after a crash everybody would wait for it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bridge.store.db import Database


@dataclass(frozen=True, slots=True)
class Lane:
    """One person's way to one destination: one delivery at a time."""

    patient: int
    destination: int


@contextmanager
def claimed(db: Database, lane: Lane) -> Iterator[bool]:
    """Whether this caller alone, of all processes on this machine, has the lane until the block ends."""
    with claimed_name(db, f"{lane.patient}-{lane.destination}") as mine:
        yield mine


@contextmanager
def claimed_name(db: Database, name: str) -> Iterator[bool]:
    """The same for what is no lane. `name`: of a file."""
    folder = db.home / "lanes"
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder / name, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def used(db: Database, patient: int | None = None) -> tuple[Lane, ...]:
    """Every lane that ever carried anything, of one patient or of all."""
    where, values = ("", ()) if patient is None else (" WHERE patient = ?", (patient,))
    query = f"SELECT DISTINCT patient, destination FROM carried{where} ORDER BY 1, 2"
    return tuple(Lane(*row) for row in db.reader("bridge").execute(query, values))
