"""Acts of operators: what a named member of staff does to a person's things, told before it is done.

Law (`consent.md`, operators): who, why and on what basis is a row of the patient's own chain; name, reason and
object are sealed under the patient's key. It is no disclosure and no permission: what shows readings or
demographics goes through the gate besides. Where the patient's key is gone (their ledger stays) the row
tells when, what and on what basis, and no longer who.
"""

from __future__ import annotations

from bridge.consent.permit import OperatorPermit
from bridge.store import ledger
from bridge.store.db import Database
from bridge.store.entries import Act, seal
from bridge.store.keys import Erased


def record(db: Database, permit: OperatorPermit, act: str, what: str = "") -> int:
    """Write an act down; its number in the patient's chain. LedgerUnavailable: then it must not be done."""
    told = "; ".join(filter(None, (what, permit.reason)))
    try:
        sealed = seal(db.keys.box(permit.patient), permit.patient, permit.name, told)
    except Erased:
        sealed = b""
    return ledger.note(db, Act(permit.patient, db.clock(), act, permit.basis, sealed))
