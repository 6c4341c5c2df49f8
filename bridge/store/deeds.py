"""The admin log: what was done to the installation itself, by whom and why, on a hash chain of its own.

Law: a row is written before the act; rows are never changed and `ledger verify` walks this chain with all others,
because it is one of them (`bridge.store.chain`). Who acted and why rests sealed: names of staff are theirs too.
Whose member of staff a row is about stands in the row, because of who is removed nothing else is left.
A person's things have no place here; what is done to them is on the person's own chain (`bridge.consent.acts`).
"""

from __future__ import annotations

import base64
import json
import sqlite3
from dataclasses import dataclass
from typing import Final

import bridge.store.chain as chain
from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.ledger import LedgerUnavailable
from bridge.store.sealing import opened, sealed

CHAIN: Final = "admin"


@dataclass(frozen=True, slots=True)
class DeedRow:
    """One act. `who`: name; `how`: command line, or the roles; `what`: the object's id; `of`: the organisation that the
    member of staff works for whom it is about, '' for the whole bridge, None where the row does not say."""

    seq: int
    at: Instant
    act: str
    what: str
    who: str
    how: str
    reason: str
    of: str | None = None


def append(
    db: Database, act: str, what: str, who: str, how: str, reason: str = "", of: str | None = None
) -> int:
    """Write down what is about to be done; its number. LedgerUnavailable: then it must not be done."""
    box = base64.b64encode(sealed(db, "deed", act, [who, how, reason])).decode()
    told = {"kind": "admin", "at": db.clock(), "act": act, "what": what, "sealed": box}
    if of is not None:
        told["of"] = of
    body = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    try:
        with db.write("ledger") as con:
            return chain.append(con, db.keys.ledger_key, CHAIN, body)
    except sqlite3.Error as failed:
        raise LedgerUnavailable(f"the admin log cannot be written ({failed}): see to its disk") from failed


def listed(db: Database) -> tuple[DeedRow, ...]:
    """Every act, oldest first."""
    return tuple(_row(db, link) for link in chain.links(db.reader("ledger"), CHAIN))


def _row(db: Database, link: chain.Link) -> DeedRow:
    told = json.loads(link.body)
    who, how, reason = opened(db, "deed", told["act"], base64.b64decode(told["sealed"]))
    return DeedRow(link.seq, told["at"], told["act"], told["what"], who, how, reason, told.get("of"))
