"""Readings in: artifacts absorbed, taken back and read anew, each whole or not at all.

Law: this module takes values and returns counts and names, never values (architecture.md, laws). Kept
bytes are synced first; merging, compressing and sealing happen on a snapshot; the write transaction puts
finished rows, and only if nothing of the patient changed since the snapshot, else all is merged again
(data.md, blocks and SQLite). Killed at any moment, an import is there whole or not at all; again, it
changes nothing but what it takes back of what came since.

Rejected: locking a patient while parsing (a crashed import would hold it), merging inside the write
transaction (SQLite has one writer).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from bridge.period import Instant
from bridge.reading import Readings, Stream
from bridge.store import artifacts, custody, originals, series, submitted
from bridge.store import received as beside
from bridge.store.artifacts import Artifact, NewArtifact
from bridge.store.checks import verify
from bridge.store.columns import TooMany, ints, joined, names
from bridge.store.custody import Rule
from bridge.store.db import Database
from bridge.store.ids import Name
from bridge.store.keys import Box
from bridge.store.layers import Layer, put, read
from bridge.store.lifetimes import is_back
from bridge.store.merge import is_gone
from bridge.store.plans import Counts, Plan, absorbing, named, recasting
from bridge.store.received import New
from bridge.store.submitted import Record

__all__ = [
    "Absorbed",
    "Contended",
    "Counts",
    "NewArtifact",
    "TooMany",
    "Withdrawn",
    "absorb",
    "reabsorb",
    "resurfaced",
    "retracted",
    "set_aside",
    "verify",
    "withdraw",
]

_TRIES: Final = 50


class Contended(Exception):
    """Other writers of the same patient were always faster."""


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What an import did. `already`: the same bytes were here, nothing changed. `gone`: names that a
    second reading of the same bytes left without a reading."""

    artifact: int
    already: bool
    streams: dict[Stream, Counts]
    gone: Sequence[Name] = ()


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a removal did: readings gone or changed per stream, the names that went, and how many
    readings say again what they said before."""

    streams: dict[Stream, int]
    gone: Sequence[Name]
    restored: int


def absorb(
    db: Database,
    patient: int,
    new: NewArtifact,
    batches: Sequence[Readings],
    agree: Callable[[], None] | None = None,
    identified: Sequence[tuple[bytes, int]] = (),
    received: Sequence[New] = (),
    under: Rule | None = None,
    wrong: Sequence[Record] = (),
) -> Absorbed:
    """Keep an artifact and its readings. `agree` is called where they are put, and what it raises undoes that: a
    consent is neither without its artifact nor an artifact without it. `identified`: blind identifiers of its
    records (`submitted.py`); `received`: those of them that are no readings (`received.py`); `under`: by which rule a
    provider keeps it as its own (`custody.py`); `wrong`: earlier records that it takes back. Raises Erased, TooMany,
    Contended, and ValueError where an instant cannot be named."""
    box = db.keys.box(patient)
    with originals.keeping(db):
        originals.keep(db, box, patient, originals.name(db, patient, new.sha256), new.original)

        def plan(con: sqlite3.Connection) -> Plan | Absorbed:
            known = artifacts.by_hash(db, patient, new.sha256)
            if known is not None:
                return _said_again(known, wrong)
            made = absorbing(db, con, box, artifacts.received(db, con, patient, new, "stored"), batches)
            made.identified += identified
            made.received += received
            made.under, made.wrong = under, list(wrong)
            return made

        done = _swapped(db, box, patient, plan, agree)
    return done if isinstance(done, Absorbed) else Absorbed(done.artifact.number, done.is_known, done.streams)


def set_aside(
    db: Database,
    patient: int,
    new: NewArtifact,
    batches: Sequence[Readings],
    reason: str,
    identified: Sequence[tuple[bytes, int]],
    received: Sequence[New] = (),
    wrong: Sequence[Record] = (),
) -> Absorbed:
    """Keep a submission in quarantine, by the way of `absorb` alike to whoever sent it: its series begin, but without a
    reading, so that its readings are called what they will be called when somebody lets them in. Its devices are
    claimed for nobody. What it takes back its sender brought: that does not wait. Raises as `absorb`."""
    box = db.keys.box(patient)
    with originals.keeping(db):
        originals.keep(db, box, patient, originals.name(db, patient, new.sha256), new.original)

        def plan(con: sqlite3.Connection) -> Plan | Absorbed:
            known = artifacts.by_hash(db, patient, new.sha256)
            if known is not None:
                return _said_again(known, wrong)
            here = {row.number for row in series.listed(con, patient, box)}
            kept = artifacts.received(db, con, patient, new, "quarantined")
            made = absorbing(db, con, box, kept, batches)
            begun = [row for row in made.series if row.number not in here]
            kept = replace(kept, reason=reason)
            return Plan(kept, begun, identified=list(identified), received=list(received), wrong=list(wrong))

        done = _swapped(db, box, patient, plan)
    return done if isinstance(done, Absorbed) else Absorbed(done.artifact.number, done.is_known, {})


def _said_again(known: Artifact, wrong: Sequence[Record]) -> Plan | Absorbed:
    """The same bytes take back what came since, but nothing that came with them: the one transaction said both."""
    since = [record for record in wrong if record[0] != known.number]
    return Plan(known, wrong=since, is_known=True) if since else Absorbed(known.number, True, {})


def reabsorb(
    db: Database,
    patient: int,
    artifact: int,
    revision: str,
    batches: Sequence[Readings],
    account: bytes | None = None,
    agree: Callable[[], None] | None = None,
) -> Absorbed:
    """Put what the kept bytes say now in the place of what they said, and the account of it where one is
    given; also how a confirmed artifact leaves quarantine. What was entered in error is left out, also where that was
    said meanwhile. `agree` as in `absorb`. ValueError where it is removed, or quarantined and not confirmed."""
    box = db.keys.box(patient)

    def plan(con: sqlite3.Connection) -> Plan:
        kept = artifacts.load(db, patient, artifact)
        if kept.state == "removed" or (kept.state == "quarantined" and not kept.confirmed):
            raise ValueError(f"artifact {artifact} is {kept.state}: it brings no readings")
        told = kept.account if account is None else account
        anew = replace(kept, state="stored", revision=revision, account=told)
        return recasting(db, con, box, anew, submitted.right(db, patient, artifact, batches))

    done = _swapped(db, box, patient, plan, agree)
    return Absorbed(artifact, False, done.streams, tuple(done.gone))


def withdraw(db: Database, patient: int, artifact: int) -> Withdrawn:
    """Take exactly what the artifact brought, restore what it displaced, delete its kept bytes."""
    box = db.keys.box(patient)

    def plan(con: sqlite3.Connection) -> Plan:
        kept = artifacts.load(db, patient, artifact)
        return recasting(db, con, box, replace(kept, state="removed", file="", account=b"{}"), ())

    done = _swapped(db, box, patient, plan)
    originals.sweep(db, wait=True)
    return Withdrawn(done.touched, tuple(done.gone), done.restored)


def retracted(db: Database, patient: int) -> tuple[tuple[Name, Instant], ...]:
    """The names whose readings were taken away, and when: what a recipient may have to be told."""
    box, con = db.keys.box(patient), db.reader("bridge")
    found: list[tuple[Name, Instant]] = []
    for row in series.listed(con, patient, box):
        for held in read(con, box, patient, row.number, Layer.AWAY).values():
            gone = is_gone(held.table)
            who = named(patient, row.number, names(held.table)[gone])
            found.extend(zip(who, ints(held.table, "changed")[gone].tolist(), strict=True))
    return tuple(found)


def resurfaced(db: Database, patient: int) -> tuple[tuple[Name, Instant], ...]:
    """The names whose readings say again what they said before an upload that is gone, and since when: what a recipient
    holds of them may be that upload's."""
    box, con = db.keys.box(patient), db.reader("bridge")
    found: list[tuple[Name, Instant]] = []
    for row in series.listed(con, patient, box):
        spent = joined([held.table for held in read(con, box, patient, row.number, Layer.SPENT).values()])
        if len(names(spent)):
            now = joined([held.table for held in read(con, box, patient, row.number, Layer.NOW).values()])
            back = is_back(now, spent)
            who = named(patient, row.number, names(now)[back])
            found.extend(zip(who, ints(now, "changed")[back].tolist(), strict=True))
    return tuple(found)


# ------------------------------------------------------------------------------------- compare and swap

_Planned = TypeVar("_Planned")


def _swapped(
    db: Database,
    box: Box,
    patient: int,
    plan: Callable[[sqlite3.Connection], _Planned],
    agree: Callable[[], None] | None = None,
) -> _Planned:
    """Plan on a snapshot and put the plan, until nothing of the patient changed in between."""
    for _ in range(_TRIES):
        with db.snapshot("bridge") as con:
            revision = artifacts.revision(con, patient)
            planned = plan(con)
        if not isinstance(planned, Plan):
            return planned
        with db.write("bridge") as con:
            if artifacts.revision(con, patient) == revision:
                _write(db, con, box, patient, planned)
                if agree is not None:
                    agree()
                return planned
    raise Contended(f"patient {patient} was changed by others {_TRIES} times in a row: try again later")


def _write(db: Database, con: sqlite3.Connection, box: Box, patient: int, plan: Plan) -> None:
    artifacts.touch(con, patient)
    artifacts.put(db, con, box, plan.artifact)
    for row in plan.series:
        series.put(con, patient, box, row)
    put(con, plan.writes, plan.at, db.clock())
    submitted.put(con, patient, plan.artifact.number, plan.identified)
    beside.put(con, box, patient, plan.artifact.number, plan.received)
    if plan.artifact.state == "stored":
        beside.let_in(con, patient, plan.artifact.number, db.clock())
    submitted.take_back(con, patient, plan.artifact.number, plan.wrong)
    beside.take_back(con, patient, plan.wrong, db.clock())
    if plan.artifact.state == "removed":
        submitted.forget(con, patient, plan.artifact.number)
        beside.forget(con, patient, plan.artifact.number, db.clock())
    artifacts.claim(con, patient, plan.artifact.number, plan.serials)
    if plan.under is not None:
        custody.came(con, patient, plan.under, plan.artifact.received)
