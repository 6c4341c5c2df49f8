"""The files of an installation: made, migrated, and known to belong together.

Law: a migration that was applied never changes; those that are due run whole or not at all, so that no file
rests between two forms. The key store carries the installation's id; data whose key store is missing or another
one's is refused before anything is written, because a new id key would give every reading a new id (data.md, ids
and keys).
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

from bridge.period import Instant

DatabaseError: TypeAlias = sqlite3.DatabaseError
"""A file that is no database, or a damaged one, in words that need no SQL."""
SCRIPTS: Final = Path(__file__).parent / "sql"
FILES: Final = ("keys", "bridge", "ledger")


class BadStore(Exception):
    """The files in the home folder cannot be used as they are; the sentence says why and what mends it."""


def touch(path: Path) -> None:
    """Make the file readable by its owner alone before a database is opened in it. One that is there is
    left alone: closing any descriptor of a file drops every POSIX lock that the process holds on it, and
    SQLite's with them (SQLite, "How to corrupt", 2.2)."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def migrate(con: sqlite3.Connection, file: str, at: Instant) -> None:
    """Bring one database file to the newest form: scripts `<file>_<nnnn>_<name>.sql` in order, all of them or none."""
    con.execute(
        "CREATE TABLE IF NOT EXISTS migrations"
        " (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID"
    )
    con.execute("BEGIN IMMEDIATE")
    try:
        for script in sorted(SCRIPTS.glob(f"{file}_[0-9][0-9][0-9][0-9]_*.sql")):
            _apply(con, script.stem, script.read_text("utf-8"), at)
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


def _apply(con: sqlite3.Connection, name: str, text: str, at: Instant) -> None:
    digest = hashlib.sha256(text.encode()).hexdigest()
    row = con.execute("SELECT sha256 FROM migrations WHERE name = ?", (name,)).fetchone()
    if row is not None and row[0] != digest:
        raise BadStore(f"{name}.sql was changed after it had been applied: restore it and add a new script")
    if row is not None:
        return
    for statement in _statements(text):
        con.execute(statement)
    con.execute("INSERT INTO migrations (name, sha256, at) VALUES (?, ?, ?)", (name, digest, at))


def _statements(text: str) -> Iterator[str]:
    pending = ""
    for line in text.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


def identify(keys: sqlite3.Connection, bridge: sqlite3.Connection, at: Instant) -> str:
    """The installation's id, made at the first start; BadStore where the two files do not belong together."""
    keys.execute("BEGIN IMMEDIATE")
    try:
        known = keys.execute("SELECT id FROM installation").fetchone()
        data = bridge.execute("SELECT id FROM installation").fetchone()
        if data is not None and known != data:
            missing = "is missing or empty" if known is None else "belongs to another installation"
            raise BadStore(f"keys.db {missing}: put back the key store that belongs to bridge.db")
        found = str(known[0]) if known else str(uuid.uuid4())
        if known is None:
            keys.execute("INSERT INTO installation (id) VALUES (?)", (found,))
    except BaseException:
        keys.execute("ROLLBACK")
        raise
    keys.execute("COMMIT")
    if data is None:
        bridge.execute(
            "INSERT INTO installation (id, made) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM installation)",
            (found, at),
        )
    return found
