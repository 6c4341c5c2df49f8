"""What a submitter says was entered in error: found among what it sent itself, and taken back.

Law (`safety.md`, corrections travel; `consent.md`, custody): it names a reading, a summary or a report that it sent of
this person under this name, by an identifier, else a reading by device and instant; nothing of anybody else is found.
Every word that it sent about that instant is taken back, also what repeated or corrected it. The kept bytes stay as
they came, with what says that they are wrong: a second reading of them, or letting them in, leaves out the same.
Killed halfway, the same word again finishes it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from bridge.adapters import Decoded
from bridge.ingest.offered import Keeping, Moment, moments
from bridge.reading import Readings, column, take
from bridge.receive.profiles import What, is_timed
from bridge.receive.record import pointed
from bridge.store import submitted
from bridge.store.artifacts import load
from bridge.store.blocks import reabsorb
from bridge.store.db import Database
from bridge.store.submitted import Record

UNKNOWN: Final = "names nothing that was taken here from this submitter"


def sought(one: Keeping) -> Mapping[int, frozenset[Record]]:
    """Of each entry that takes something back the records that it means; none where it means nothing."""
    every = [at for at, each in enumerate(one.offered) if each.fit.what is What.WRONG]
    if not every:
        return {}
    named = {at: [one.blind(at, each) for each in one.offered[at].fit.identifiers] for at in every}
    when = {at: submitted.blind_place(one.db, one.whom, *each) for at, each in _moments(one, every).items()}
    index = submitted.find(
        one.db, one.patient.number, [*when.values(), *(x for each in named.values() for x in each)]
    )
    found = {at: {record for key in named[at] for record in index.get(key, ())} for at in every}
    return _whole(one, {at: found[at] or {*index.get(when.get(at, b""), ())} for at in every})


def standing(one: Keeping, records: Collection[Record]) -> list[Record]:
    """Those of the records that nobody took back yet."""
    artifacts = {artifact for artifact, _ in records}
    done = {artifact: submitted.wrong(one.db, one.patient.number, artifact) for artifact in artifacts}
    return sorted(each for each in records if each[1] not in done[each[0]])


def settle(one: Keeping, records: Collection[Record]) -> None:
    """No reading is made any more of what was taken back: the oldest first, so that none comes up again."""
    there = submitted.became(one.db, one.patient.number, {artifact for artifact, _ in records})
    for artifact in sorted({each[0] for each in records if each in there}):
        if load(one.db, one.patient.number, artifact).state == "stored":
            left = without(one.db, one.patient.number, artifact, one.again(artifact))
            reabsorb(one.db, one.patient.number, artifact, left.revision, left.readings)


def without(db: Database, patient: int, artifact: int, decoded: Decoded) -> Decoded:
    """What was read of an artifact, without what was entered in error."""
    rows = submitted.wrong(db, patient, artifact)
    return (
        replace(decoded, readings=tuple(_left(each, rows) for each in decoded.readings)) if rows else decoded
    )


def _left(batch: Readings, rows: Collection[int]) -> Readings:
    is_right = ~np.isin(column(batch.columns, "row"), sorted(rows))
    return replace(batch, columns=take(batch.columns, is_right))


def _moments(one: Keeping, every: Sequence[int]) -> Mapping[int, Moment]:
    """Of those that are readings of an instant which device they name, and when."""
    timed = [at for at in every if is_timed(one.offered[at].fit.entry.resource)]
    told = ((one.offered[at].fit.entry.resource, one.offered[at].worn) for at in timed)
    _, decoded = one.of([pointed(resource, one.submitter, worn) for resource, worn in told])
    return dict(moments(timed, decoded))


def _whole(one: Keeping, found: Mapping[int, Collection[Record]]) -> Mapping[int, frozenset[Record]]:
    """Of each entry its records, and all others of the same instants of the same devices. Each artifact is read once,
    however many entries name something in it."""
    every = {record for records in found.values() for record in records}
    places = _places(one, every)
    more = submitted.find(one.db, one.patient.number, places.values())
    same = {record: more.get(place, ()) for record, place in places.items()}
    return {
        at: frozenset(records).union(*(same.get(record, ()) for record in records))
        for at, records in found.items()
    }


def _places(one: Keeping, records: Collection[Record]) -> Mapping[Record, bytes]:
    """How the device and instant of each record that is a reading are found."""
    found: dict[Record, bytes] = {}
    for artifact in {artifact for artifact, _ in records}:
        decoded = one.again(artifact)
        for row, moment in moments(range(1, decoded.account.rows + 1), decoded):
            if (artifact, row) in records:
                found[artifact, row] = submitted.blind_place(one.db, one.whom, *moment)
    return found
