"""The process that test_killed kills: imports, corrects, reads anew and removes, then says it is done."""

from __future__ import annotations

import sys
from pathlib import Path

from bridge.store.artifacts import by_hash
from bridge.store.blocks import absorb, reabsorb, withdraw
from bridge.store.db import Database
from tests.store.shelf import COUNTED, TIMED, batch, opened, ticks, upload

WEEKS = 12
LENGTH = 2016 * WEEKS


def imports(db: Database, patient: int) -> None:
    """Four uploads that overlap and correct each other; what is there already stays."""
    for part in range(4):
        content = b"part %d" % part + b"x" * 1_000_000
        rows = ticks(part * LENGTH // 3, (100 + (tick * 7 + part) % 90 for tick in range(LENGTH // 2)))
        absorb(db, patient, upload(content), [batch(COUNTED, rows), batch(TIMED, rows)])


def changes(db: Database, patient: int) -> None:
    """A second reading of the second upload, and the removal of the third."""
    second = by_hash(db, patient, upload(b"part 1" + b"x" * 1_000_000).sha256)
    if second is not None and second.revision == "0123abcd":
        rows = ticks(LENGTH // 3, (100 + tick % 50 for tick in range(LENGTH // 2)), shift=3_600_000)
        reabsorb(db, patient, second.number, "ffffffff", [batch(COUNTED, rows), batch(TIMED, rows)])
    third = by_hash(db, patient, upload(b"part 2" + b"x" * 1_000_000).sha256)
    if third is not None:
        withdraw(db, patient, third.number)


if __name__ == "__main__":
    with opened(Path(sys.argv[1])) as store:
        sys.stdout.write("open\n")
        sys.stdout.flush()
        (imports if sys.argv[2] == "imports" else changes)(store, 1)
