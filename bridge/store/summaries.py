"""Summaries as each recipient holds them: frozen, so that no difference of two answers tells a part of one.

Law: a summary that left to who may not have its readings stays as it is until a correction is announced
(`consent.md`, means and summaries); one that was pushed to who may is kept too (`is_open`), so that it is corrected and
taken back, and freezes nothing. One row holds one block, sealed under the patient's key; it is written in the
transaction of the intent and only over the version that was read. What stands in it is told by the type that the
caller names. Rejected: making the figures again and trusting that they are the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import msgspec

from bridge.period import Instant, Period
from bridge.store.db import Database
from bridge.store.keys import Box, place

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose summaries for whom: the recipient, and the pairing under which it knows the person."""

    patient: int
    recipient: str
    pairing: bytes


@dataclass(frozen=True, slots=True)
class Frozen(Generic[T]):
    """One block as it is held. `version` counts from 0; `changed`: when it was published as it is; `is_open`: of what
    readings are open of, so nothing is frozen by it."""

    period: Period
    version: int
    changed: Instant
    content: T
    is_open: bool = False


def held(db: Database, box: Box, holder: Holder, kind: type[T]) -> tuple[Frozen[T], ...]:
    """Every block that the recipient holds, sorted by its edges; their contents are of the type `kind`."""
    rows = db.reader("ledger").execute(
        "SELECT start, end, version, changed, sealed, open FROM summaries"
        " WHERE patient = ? AND recipient = ? AND pairing = ? ORDER BY start, end, open",
        (holder.patient, holder.recipient, holder.pairing),
    )
    return tuple(
        Frozen(
            Period(start, end),
            version,
            changed,
            msgspec.json.decode(box.open(sealed, _aad(holder, Period(start, end), bool(is_open))), type=kind),
            bool(is_open),
        )
        for start, end, version, changed, sealed, is_open in rows.fetchall()
    )


def edges(db: Database, patient: int, recipient: str) -> tuple[tuple[bytes, Period], ...]:
    """Every frozen block that the recipient holds under any pairing: the pairing and the period."""
    rows = db.reader("ledger").execute(
        "SELECT pairing, start, end FROM summaries WHERE patient = ? AND recipient = ? AND open = 0",
        (patient, recipient),
    )
    return tuple((bytes(pairing), Period(start, end)) for pairing, start, end in rows.fetchall())


def freezing(box: Box, holder: Holder, news: Sequence[Frozen[T]]) -> Callable[[sqlite3.Connection], bool]:
    """What writes blocks that are told for the first time, or anew over the version before theirs, inside the
    transaction of the intent; it answers False where another writer came first."""
    return partial(_freeze, box, holder, tuple(news))


def _freeze(box: Box, holder: Holder, news: Sequence[Frozen[T]], con: sqlite3.Connection) -> bool:
    for each in news:
        key = (*_key(holder), each.is_open, each.period.start, each.period.end)
        sealed = box.seal(msgspec.json.encode(each.content), _aad(holder, each.period, each.is_open))
        if each.version == 0:
            done = con.execute(
                "INSERT OR IGNORE INTO summaries"
                " (patient, recipient, pairing, open, start, end, version, changed, sealed)"
                " VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)",
                (*key, each.changed, sealed),
            ).rowcount
        else:
            done = con.execute(
                "UPDATE summaries SET version = ?, changed = ?, sealed = ? WHERE version = ?"
                " AND patient = ? AND recipient = ? AND pairing = ? AND open = ? AND start = ? AND end = ?",
                (each.version, each.changed, sealed, each.version - 1, *key),
            ).rowcount
        if not done:
            return False
    return True


def _key(holder: Holder) -> tuple[int, str, bytes]:
    return holder.patient, holder.recipient, holder.pairing


def _aad(holder: Holder, period: Period, is_open: bool) -> bytes:
    kind = "summary of readings" if is_open else "summary"
    return place(kind, holder.patient, holder.recipient, holder.pairing.hex(), period.start, period.end)
