"""Three SQLite files, their connections, the key ring and the ids.

Law: SQLite has one writer a file. Whoever writes has computed, compressed and sealed everything before
it asks for `write`, and stays inside it below 50 ms (data.md, SQLite). Everything is synchronous=FULL:
what was reported as stored survives a power cut. Readers never block and never write.

Rejected: a connection pool (a connection a thread is the pool), one file for all (the ledger's commits
would wait for imports), synchronous=NORMAL (may lose the last commits; measured: FULL costs bulk
import nothing).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, TypeAlias

from bridge.period import Instant
from bridge.store.ids import Ids
from bridge.store.installation import FILES, touch
from bridge.store.keys import Keyring

File: TypeAlias = Literal["bridge", "ledger", "keys"]

_PAGE: Final = {"bridge": 16384, "ledger": 4096, "keys": 4096}
_BUSY_MS: Final = 30_000


class Files:
    """Made by `Database.open`. Connections are per thread for reading and one per file for writing."""

    def __init__(self, home: Path, clock: Callable[[], Instant]) -> None:
        self.home, self.clock = home, clock
        self._local = threading.local()
        self._guard = threading.Lock()
        self._opened: list[sqlite3.Connection] = []
        self._locks = {file: threading.Lock() for file in FILES}
        self.writers = {file: self._connect(file) for file in FILES}
        self.installation = ""
        self.keys: Keyring
        self.ids: Ids

    def reader(self, file: File) -> sqlite3.Connection:
        """This thread's connection for reading: query only, each statement its own snapshot."""
        found: sqlite3.Connection | None = getattr(self._local, file, None)
        if found is None:
            found = self._connect(file)
            found.execute("PRAGMA query_only = ON")
            setattr(self._local, file, found)
        return found

    @contextmanager
    def snapshot(self, file: File) -> Iterator[sqlite3.Connection]:
        """This thread's connection for reading, all statements inside seeing one state."""
        con = self.reader(file)
        if con.in_transaction:
            yield con
            return
        con.execute("BEGIN")
        try:
            yield con
        finally:
            con.execute("ROLLBACK")

    @contextmanager
    def write(self, file: File) -> Iterator[sqlite3.Connection]:
        """The writing connection inside BEGIN IMMEDIATE; commits at the end, rolls back on an exception."""
        with self._locks[file]:
            con = self.writers[file]
            con.execute("BEGIN IMMEDIATE")
            try:
                yield con
                if con.in_transaction:
                    con.execute("COMMIT")
            except BaseException:
                if con.in_transaction:
                    con.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close every connection of every thread."""
        with self._guard:
            opened, self._opened = self._opened, []
        for con in opened:
            con.close()
        self._local = threading.local()

    def _connect(self, file: str) -> sqlite3.Connection:
        path = self.home / f"{file}.db"
        touch(path)
        con = sqlite3.connect(path, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
        con.execute(f"PRAGMA page_size = {_PAGE[file]}")
        con.execute("PRAGMA journal_mode = WAL").fetchone()
        con.execute("PRAGMA synchronous = FULL")
        con.execute("PRAGMA temp_store = MEMORY")
        if file == "keys":
            con.execute("PRAGMA secure_delete = ON").fetchone()
        with self._guard:
            self._opened.append(con)
        return con
