"""The accounting of disclosures: what left, to whom, under which grant, before its first byte went.

Law: an intent is durable before anything leaves; where it cannot be written, `LedgerUnavailable` and no
bytes. Intents of requests in flight share one commit (`architecture.md`, decisions). An intent is inserted
only while the patient's epoch is the one that was decided on. Answers without any item are counted in
memory per (client, patient, hour) and written at the hour's end: a crash loses an hour's count of empties,
never a disclosure (`data.md`, ledger). An intent without an outcome counts as sent.

Rejected: a commit per request, a writer thread (15-35 % slower), writing afterwards.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

import bridge.store.chain as chain
from bridge.period import HOUR, Instant
from bridge.store.db import Database
from bridge.store.entries import Act, Empties, Intent, Outcome, Reader, Row, decode, encode

_OUTCOME_DELAY: Final = 0.05


class LedgerUnavailable(Exception):
    """The ledger cannot be written: nothing may leave until it can."""


Also = Callable[[sqlite3.Connection], bool]
"""Something to write in the same transaction; False where it was overtaken and all must be decided again."""


@dataclass(slots=True)
class _Waiting:
    chain: str
    body: bytes
    patient: int | None = None
    epoch: int | None = None
    also: Also | None = None
    done: asyncio.Future[int | None] | None = None
    before: bytes | None = None


@dataclass(slots=True)
class _Queue:
    waiting: list[_Waiting] = field(default_factory=list)
    scheduled: bool = False


class Ledger:
    """Writes entries of one database. Made once per process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._queues: WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue] = WeakKeyDictionary()
        self._empties: Counter[tuple[str, int | None, Instant]] = Counter()

    async def intend(
        self, intent: Intent, epoch: int, also: Also | None = None, before: Intent | None = None
    ) -> int | None:
        """The entry's number once it is durable; None where the epoch moved. `before`: an entry that goes with
        it, as the row right before it. LedgerUnavailable."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[int | None] = loop.create_future()
        queue = self._queues.setdefault(loop, _Queue())
        queue.waiting.append(_waiting(intent, epoch, also, before, done))
        if not queue.scheduled:
            queue.scheduled = True
            loop.call_soon(self._flush, queue)
        return await done

    def intend_now(
        self, intent: Intent, epoch: int, also: Also | None = None, before: Intent | None = None
    ) -> int | None:
        """The same at once, for callers without an event loop."""
        return self._write([_waiting(intent, epoch, also, before, None)])[0]

    def settle(self, outcome: Outcome) -> None:
        """What came of an intent: joins the next commit, within 50 ms; at once without an event loop."""
        row = _Waiting(outcome.chain, encode(outcome))
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write([row])
            return
        queue = self._queues.setdefault(loop, _Queue())
        queue.waiting.append(row)
        loop.call_later(_OUTCOME_DELAY, self._flush, queue)

    def count_empty(self, client: str, patient: int | None, now: Instant) -> None:
        """One more answer without any item; hours that are over are written."""
        hour = now - now % HOUR
        if any(key[2] < hour for key in self._empties):
            self.flush_empties(hour)
        self._empties[client, patient, hour] += 1

    def flush_empties(self, before: Instant | None = None) -> None:
        """Write the counts of hours before `before`, or all of them (shutdown). LedgerUnavailable."""
        due = [key for key in self._empties if before is None or key[2] < before]
        rows = [Empties(*key, self._empties[key]) for key in due]
        self._write([_Waiting(row.chain, encode(row)) for row in rows])
        for key in due:
            del self._empties[key]

    def flush(self) -> None:
        """Write every outcome that still waits (shutdown)."""
        for queue in list(self._queues.values()):
            self._flush(queue)

    def _flush(self, queue: _Queue) -> None:
        waiting, queue.waiting, queue.scheduled = queue.waiting, [], False
        waiting = [each for each in waiting if each.done is None or not each.done.done()]
        try:
            results = self._write(waiting)
        except LedgerUnavailable as failed:
            # Outcomes wait for a better moment; whoever waits for an intent is told at once.
            queue.waiting.extend(each for each in waiting if each.done is None)
            for each in waiting:
                if each.done is not None:
                    each.done.set_exception(failed)
            return
        for each, entry in zip(waiting, results, strict=True):
            if each.done is not None:
                each.done.set_result(entry)

    def _write(self, waiting: Sequence[_Waiting]) -> list[int | None]:
        """One transaction, chains in order of their names."""
        results: list[int | None] = [None] * len(waiting)
        if not waiting:
            return results
        key = self._db.keys.ledger_key
        with writing(self._db) as con:
            for place in sorted(range(len(waiting)), key=lambda i: waiting[i].chain):
                results[place] = _insert(con, key, waiting[place])
        return results


def _waiting(
    intent: Intent,
    epoch: int,
    also: Also | None,
    before: Intent | None,
    done: asyncio.Future[int | None] | None,
) -> _Waiting:
    ahead = None if before is None else encode(before)
    return _Waiting(intent.chain, encode(intent), intent.patient, epoch, also, done, ahead)


def _insert(con: sqlite3.Connection, key: bytes, each: _Waiting) -> int | None:
    if each.epoch is not None and each.patient is not None and current_epoch(con, each.patient) != each.epoch:
        return None
    if each.also is None and each.before is None:
        return chain.append(con, key, each.chain, each.body)
    con.execute("SAVEPOINT entry")
    if each.also is not None and not each.also(con):
        con.execute("ROLLBACK TO entry")
        con.execute("RELEASE entry")
        return None
    if each.before is not None:
        chain.append(con, key, each.chain, each.before)
    entry = chain.append(con, key, each.chain, each.body)
    con.execute("RELEASE entry")
    return entry


def together(kept: Sequence[Also]) -> Also:
    """All of these in one transaction, or none of them."""
    return lambda con: all(keep(con) for keep in kept)


@contextmanager
def writing(db: Database) -> Iterator[sqlite3.Connection]:
    """One transaction of the ledger's file; LedgerUnavailable where it cannot be written."""
    try:
        with db.write("ledger") as con:
            yield con
    except sqlite3.Error as failed:
        raise LedgerUnavailable(f"the ledger cannot be written ({failed}): see to its disk") from failed


def note(db: Database, act: Act) -> int:
    """Write down what an operator is about to do; the entry's number once it is durable. LedgerUnavailable."""
    with writing(db) as con:
        return chain.append(con, db.keys.ledger_key, act.chain, encode(act))


def current_epoch(con: sqlite3.Connection, patient: int) -> int:
    """The patient's consent epoch, 0 before the first grant."""
    row = con.execute("SELECT epoch FROM epochs WHERE patient = ?", (patient,)).fetchone()
    return int(row[0]) if row else 0


def listed(db: Database, patient: int) -> tuple[Row, ...]:
    """The patient's entries, oldest first, with sealed fields opened while the patient's key exists."""
    reader = Reader(db, patient)
    return tuple(reader.row(link) for link in chain.links(db.reader("ledger"), chain.patients_chain(patient)))


def close_months(db: Database, before: Instant) -> int:
    """Pack the entries older than `before` (the start of a month); how many there were."""
    packed = 0
    for name in chain.heads(db.reader("ledger")):
        with db.write("ledger") as con:
            packed += chain.pack(con, name, _last_before(con, name, before))
    return packed


def _last_before(con: sqlite3.Connection, name: str, before: Instant) -> int:
    last = 0
    for seq, body in con.execute("SELECT seq, body FROM ledger WHERE chain = ? ORDER BY seq", (name,)):
        at = decode(body)["at"]
        if not isinstance(at, int) or at >= before:
            break
        last = seq
    return last


def disclosures(db: Database, patient: int) -> tuple[Row, ...]:
    """The intents alone: what left, or may have."""
    return tuple(row for row in listed(db, patient) if row.kind == "intent")
