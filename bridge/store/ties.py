"""What ties a person and a recipient besides grants, cut in one step together with the grants.

Law: the confirmed record, the requests that wait and the EHRs' records lie in bridge.db, the grants in ledger.db, and
each file is atomic for itself (sqlite.org/lang_attach.html). So the ties are written first and committed last, around
what ends the grants: where anything fails before that is committed, nothing was done (LedgerUnavailable); where the
ties alone fail after it, the grants are ended, the ties stand, and that is said (Unfinished). It can be done again.

Rejected: the ties first (a record without a link whose grants still let readings go).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.ledger import LedgerUnavailable


class Unfinished(Exception):
    """A part was done, the rest could not be written down: it can be done again."""


def cut(
    db: Database, patient: int, client: str, ehrs: Iterable[str], now: Instant, also: Callable[[], bool]
) -> None:
    """End the record, the waiting requests and the records at `ehrs`, with whatever `also` ends in the ledger (whether
    there was anything). LedgerUnavailable, and what `also` raises: then nothing was done. Unfinished."""
    is_ended = False
    try:
        with db.write("bridge") as con:
            con.execute(
                "UPDATE links SET state = 'removed', reason = '', changed = ?"
                " WHERE patient = ? AND client = ? AND state <> 'removed'",
                (now, patient, client),
            )
            con.execute(
                "UPDATE requests SET answer = 'withdrawn', answered = ?1"
                " WHERE patient = ?2 AND client = ?3 AND answer IS NULL AND expires > ?1",
                (now, patient, client),
            )
            con.executemany(
                "DELETE FROM ehr_records WHERE ehr = ? AND patient = ?", [(each, patient) for each in ehrs]
            )
            is_ended = also()
    except sqlite3.Error as failed:
        said = f"the end of a connection cannot be written ({failed}): see to its disk"
        raise (Unfinished if is_ended else LedgerUnavailable)(said) from failed
