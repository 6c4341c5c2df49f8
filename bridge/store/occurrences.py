"""Events of subscriptions at rest: which reading was told under which number, and whether the endpoint took it.

Law: events are kept before their notification leaves, in one transaction with the count that they raise; what surely
never left is taken back with it, so no number is ever missing and none stands for two readings. No value, no instant
of a reading. They are forgotten after a month, and with the person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.period import DAY, Instant
from bridge.store.db import Database
from bridge.store.subscriptions import Subscription, changed

KEPT: Final = 31 * DAY
_SOME: Final = 500


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event. `item`: 16 bytes of the reading's id; `version`: which state of it; `at`: since when it is visible
    so."""

    number: int
    patient: int
    item: bytes
    version: int
    at: Instant


def intend(
    db: Database, before: Subscription, after: Subscription, events: Sequence[Occurrence]
) -> Subscription | None:
    """Keep events that are about to leave and the subscription after them; None where somebody was quicker."""
    with db.write("bridge") as con:
        kept = changed(db, con, before, after)
        if kept is None:
            return None
        con.execute(
            "DELETE FROM subscription_events WHERE subscription = ? AND is_taken AND at < ?",
            (before.id, db.clock() - KEPT),
        )
        con.executemany(
            "INSERT INTO subscription_events (subscription, epoch, number, patient, item, version, at, is_taken)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
            [
                (kept.id, kept.epoch, each.number, each.patient, each.item, each.version, each.at)
                for each in events
            ],
        )
    return kept


def settle(
    db: Database, before: Subscription, after: Subscription, numbers: Iterable[int], *, is_taken: bool
) -> Subscription | None:
    """What came of events that were to leave: taken, or (they surely did not leave) forgotten. `after`: the
    subscription then; None where somebody changed it meanwhile, and only the events are kept."""
    named = [(before.id, before.epoch, number) for number in numbers]
    where = "WHERE subscription = ? AND epoch = ? AND number = ?"
    with db.write("bridge") as con:
        kept = changed(db, con, before, after)
        if is_taken:
            con.executemany(f"UPDATE subscription_events SET is_taken = 1 {where}", named)
        elif kept is not None:
            con.executemany(f"DELETE FROM subscription_events {where}", named)
    return kept


def forget_open(db: Database, one: Subscription) -> None:
    """Forget what may have left and was not acknowledged: it is looked for anew under other grants."""
    with db.write("bridge") as con:
        con.execute("DELETE FROM subscription_events WHERE subscription = ? AND is_taken = 0", (one.id,))


def pending(db: Database, one: Subscription) -> tuple[Occurrence, ...]:
    """Events that may have left and were not acknowledged, by number."""
    return _read(db, one, "AND is_taken = 0", ())


def between(db: Database, one: Subscription, first: int, last: int, most: int) -> tuple[Occurrence, ...]:
    """Events of this epoch with numbers in [first, last], at most so many."""
    return _read(db, one, "AND number BETWEEN ? AND ?", (first, last))[:most]


def told(db: Database, one: Subscription, items: Sequence[bytes]) -> frozenset[tuple[bytes, int]]:
    """Which states of these readings were told before, in whatever epoch."""
    known: set[tuple[bytes, int]] = set()
    for start in range(0, len(items), _SOME):
        some = items[start : start + _SOME]
        marks = ", ".join("?" * len(some))
        rows = db.reader("bridge").execute(
            f"SELECT item, version FROM subscription_events WHERE subscription = ? AND item IN ({marks})",
            (one.id, *some),
        )
        known |= set(rows.fetchall())
    return frozenset(known)


def _read(db: Database, one: Subscription, more: str, values: tuple[int, ...]) -> tuple[Occurrence, ...]:
    rows = db.reader("bridge").execute(
        "SELECT number, patient, item, version, at FROM subscription_events"
        f" WHERE subscription = ? AND epoch = ? {more} ORDER BY number",
        (one.id, one.epoch, *values),
    )
    return tuple(Occurrence(*row) for row in rows.fetchall())
