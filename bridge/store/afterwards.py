"""What follows an act that is done already: told to others, swept, noted elsewhere.

Law: what was kept stays kept and is said as such, whatever becomes of what follows it. So a follow-up that the store
cannot do, or that comes after the person was erased, is a line of the log of the program and an answer, and no fault:
a page that failed here would say that nothing was signed, or nothing at all, of what is in force.

Rejected: the follow-ups before the act (others told of what then did not happen).
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable

from bridge.store.keys import Erased

_log = logging.getLogger("bridge.store")


def followed(what: str, act: Callable[[], object]) -> bool:
    """Do what follows; False where it could not be done, which the log says. `what`: it, in words that name nobody."""
    try:
        act()
    except (sqlite3.Error, Erased) as failed:
        _log.error("what was decided is done, but not %s (%s): see to the disk", what, failed)
        return False
    return True
