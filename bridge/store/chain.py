"""Hash chains: how a row of the ledger is tied to all rows before it, and how that is checked.

Law: h = HMAC-SHA-256(ledger key, previous h | stored bytes); the first previous h is made of the chain's
name, so a chain cannot be passed off as another's (`data.md`, ledger). Only rows that are closed are
packed, and packing changes neither bytes nor h. The head of a chain is its last row, which is never packed.
Rejected: a plain hash (whoever can write the file can recompute it), one chain for everybody (a patient
could not check their own), a table of heads (a second tree to write in every commit that an answer waits
for; what it would prove, the anchors prove).
"""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_HEADER: Final = struct.Struct(">QI32s")
_LAST: Final = "SELECT seq, CAST(h AS BLOB) FROM ledger WHERE chain = ? ORDER BY seq DESC LIMIT 1"
_CHAINS: Final = """
WITH RECURSIVE names (chain) AS (
  SELECT min(chain) FROM ledger
  UNION ALL
  SELECT (SELECT min(chain) FROM ledger WHERE chain > names.chain) FROM names WHERE chain IS NOT NULL
)
SELECT chain FROM names WHERE chain IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Link:
    """One row of a chain."""

    seq: int
    body: bytes
    h: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain."""

    seq: int
    h: bytes


class Broken(Exception):
    """A chain cannot be read; the sentence says where."""


def patients_chain(patient: int) -> str:
    """The chain of one patient."""
    return f"p{patient}"


def clients_chain(client: str) -> str:
    """The chain of a client's requests that named no known patient."""
    return f"c{client}"


def beginning(key: bytes, chain: str) -> Head:
    """The head of a chain without rows."""
    return Head(0, hmac.digest(key, b"chain|" + chain.encode(), hashlib.sha256))


def follow(key: bytes, previous: bytes, body: bytes) -> bytes:
    """The h of a row with `body` after `previous`."""
    return hmac.digest(key, previous + body, hashlib.sha256)


def head(con: sqlite3.Connection, key: bytes, chain: str) -> Head:
    """Where the chain ends now."""
    row = con.execute(_LAST, (chain,)).fetchone()
    return Head(*row) if row else beginning(key, chain)


def heads(con: sqlite3.Connection) -> dict[str, Head]:
    """Where every chain ends now."""
    names = [chain for (chain,) in con.execute(_CHAINS)]
    return {chain: Head(*con.execute(_LAST, (chain,)).fetchone()) for chain in names}


def append(con: sqlite3.Connection, key: bytes, chain: str, body: bytes) -> int:
    """Add one row inside the caller's transaction; its number in the chain."""
    last = head(con, key, chain)
    con.execute(
        "INSERT INTO ledger (chain, seq, body, h) VALUES (?, ?, ?, ?)",
        (chain, last.seq + 1, body, follow(key, last.h, body)),
    )
    return last.seq + 1


def links(con: sqlite3.Connection, chain: str, after: int = 0) -> Iterator[Link]:
    """Every row of a chain behind seq `after` in order, through the packed months. Raises Broken."""
    months = "SELECT packed FROM months WHERE chain = ? AND last > ? ORDER BY first"
    for (packed,) in con.execute(months, (chain, after)):
        try:
            yield from (link for link in _unpacked(packed) if link.seq > after)
        except (zlib.error, struct.error, TypeError) as wrong:
            raise Broken(f"a packed month of chain {chain} cannot be read: restore ledger.db") from wrong
    rows = con.execute(
        "SELECT seq, CAST(body AS BLOB), CAST(h AS BLOB) FROM ledger WHERE chain = ? AND seq > ? ORDER BY seq",
        (chain, after),
    )
    for seq, body, h in rows:
        yield Link(seq, body, h)


def pack(con: sqlite3.Connection, chain: str, last: int) -> int:
    """Pack the loose rows up to seq `last`, but for the head, into one block; how many there were."""
    rows = con.execute(
        "SELECT seq, body, h FROM ledger WHERE chain = ? AND seq <= ?"
        " AND seq < (SELECT max(seq) FROM ledger WHERE chain = ?) ORDER BY seq",
        (chain, last, chain),
    ).fetchall()
    if not rows:
        return 0
    plain = b"".join(_HEADER.pack(seq, len(body), h) + body for seq, body, h in rows)
    con.execute(
        "INSERT INTO months (chain, first, last, packed) VALUES (?, ?, ?, ?)",
        (chain, rows[0][0], rows[-1][0], zlib.compress(plain, 6)),
    )
    con.execute("DELETE FROM ledger WHERE chain = ? AND seq <= ?", (chain, rows[-1][0]))
    return len(rows)


def _unpacked(packed: bytes) -> Iterator[Link]:
    plain, place = zlib.decompress(packed), 0
    while place < len(plain):
        seq, length, h = _HEADER.unpack_from(plain, place)
        place += _HEADER.size
        yield Link(seq, plain[place : place + length], h)
        place += length
