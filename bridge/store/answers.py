"""A person's answer at rest: the question that it answers, its row of the person's ledger, and what was signed with it.

Law: all or nothing, and of two answers at once the first. The question lies in bridge.db, the row and the grant in
ledger.db, and no transaction spans two files in WAL mode (sqlite.org/lang_attach.html: each file is atomic for itself).
So both are written before either is committed, the question is committed first, and taken back where the ledger then
fails. A power cut between the two commits leaves a question answered and nothing shared: no grant in force without
its row, no row without its answer. Locks are taken in this order everywhere; the ledger's is held for one commit.

Rejected: the ledger first (a grant in force, told as agreed, for a question that somebody else answered).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

import bridge.store.chain as chain
from bridge.store.db import Database
from bridge.store.entries import Authorisation, encode
from bridge.store.ledger import LedgerUnavailable


@dataclass(frozen=True, slots=True)
class Claim:
    """One answer to a question, inside a transaction of bridge.db. `make`: False where the question was answered
    before or ran out; `undo`: the question waits again."""

    make: Callable[[sqlite3.Connection], bool]
    undo: Callable[[sqlite3.Connection], None]


class AnsweredBefore(Exception):
    """The question was answered by another, or ran out: nothing was written."""


def keep(
    db: Database,
    claim: Claim,
    told: Authorisation | None,
    also: Callable[[sqlite3.Connection], None] | None = None,
) -> None:
    """Answer, and tell it in the ledger with whatever `also` writes there. `told` None: there is nobody whose ledger
    could tell it. AnsweredBefore, LedgerUnavailable, and what `also` raises: then nothing was written."""
    is_claimed = False
    try:
        with db.write("bridge") as con:
            if not claim.make(con):
                raise AnsweredBefore("this was answered before, or it has run out")
            if told is None:
                return
            with db.write("ledger") as ledger:
                if also is not None:
                    also(ledger)
                chain.append(ledger, db.keys.ledger_key, told.chain, encode(told))
                con.execute("COMMIT")
                is_claimed = True
    except sqlite3.Error as failed:
        if is_claimed:
            with db.write("bridge") as con:
                claim.undo(con)
        raise LedgerUnavailable(f"the answer cannot be written ({failed}): see to its disk") from failed
