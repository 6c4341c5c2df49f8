"""What a submitter says was entered in error: found among what it sent itself, and taken back.

Law (`safety.md`, corrections travel; `consent.md`, custody): it names a reading, a summary or a report that it sent of
this person under this name, by an identifier, else a reading by device and instant; nothing of anybody else is found.
An identifier that several things share names those of the instant that is said, and nothing where none is said.
Every word that it sent about that instant is taken back, also what repeated or corrected it. The kept bytes stay as
they came, with what says that they are wrong: a second reading of them, or letting them in, leaves out the same. Killed
halfway, the same word again finishes it. Whoever took a reading back may send it anew: it stands again.
Each artifact is read once for all words of a submission, however many name it: the work grows with what is named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from bridge.ingest.offered import Keeping, Moment, moments
from bridge.period import Instant
from bridge.receive.profiles import What, is_timed
from bridge.receive.record import pointed
from bridge.store import submitted
from bridge.store.artifacts import load
from bridge.store.blocks import reabsorb
from bridge.store.submitted import Record

UNKNOWN: Final = "names nothing that was taken here from this submitter"
_Groups: TypeAlias = "Mapping[Instant | None, set[Record]]"
"""Records by the instant that they are readings of, None those that are no reading."""


@dataclass(frozen=True, slots=True)
class Meant:
    """What an entry takes back: all `records`, of them those `standing` that nobody took back yet, and the `moments` of
    those that are readings. `is_several`: it fits several things, and takes none back."""

    records: frozenset[Record] = frozenset()
    standing: frozenset[Record] = frozenset()
    moments: frozenset[Moment] = frozenset()
    is_several: bool = False


def sought(one: Keeping) -> Mapping[int, Meant]:
    """Of each entry that takes something back what it means; nothing where it names nothing."""
    every = [at for at, each in enumerate(one.offered) if each.fit.what is What.WRONG]
    if not every:
        return {}
    named = {at: [one.blind(at, each) for each in one.offered[at].fit.identifiers] for at in every}
    when = _moments(one, every)
    index = submitted.find(one.db, one.patient.number, {key for some in named.values() for key in some})
    measured = _measured(one, {record for some in index.values() for record in some})
    done = _done(one, measured)
    groups = {key: _grouped(records, measured) for key, records in index.items()}
    known = {at: [groups[key] for key in named[at] if groups.get(key)] for at in every}
    chosen = {at: _chosen(known[at], when.get(at), done) for at in every}
    told = {
        at: {*one.besides.get(at, ()), *(() if known[at] or at not in when else (when[at],))} for at in every
    }
    return _whole(one, chosen, told, measured)


def standing(one: Keeping, records: Collection[Record]) -> list[Record]:
    """Those of the records that nobody took back yet."""
    return sorted({*records} - _done(one, records))


def settle(one: Keeping, records: Collection[Record]) -> None:
    """No reading is made any more of what was taken back: the oldest first, so that none comes up again. What was
    removed meanwhile made none."""
    there = submitted.became(one.db, one.patient.number, {artifact for artifact, _ in records})
    for artifact in sorted({each[0] for each in records if each in there}):
        try:
            if load(one.db, one.patient.number, artifact).state == "stored":
                said = one.again(artifact)
                reabsorb(one.db, one.patient.number, artifact, said.revision, said.readings)
        except (KeyError, ValueError):
            if load(one.db, one.patient.number, artifact).state != "removed":
                raise


def _chosen(some: Sequence[_Groups], when: Moment | None, done: Collection[Record]) -> set[Record] | None:
    """What identifiers name: of the moment that is said, else the one thing that there is; None where they fit several.
    What was taken back before stands in nobody's way."""
    found: dict[Instant | None, set[Record]] = {}
    if when is not None:
        for at in (when[1], None):
            found[at] = set[Record]().union(*(each.get(at, ()) for each in some))
        return found[when[1]] or found[None]
    for each in some:
        for at, records in each.items():
            found.setdefault(at, set()).update(records)
    there = [records for records in found.values() if not records <= {*done}]
    if len(there) > 1:
        return None
    return there[0] if there else set[Record]().union(*found.values())


def _whole(
    one: Keeping,
    chosen: Mapping[int, set[Record] | None],
    told: Mapping[int, set[Moment]],
    measured: Mapping[Record, Moment | None],
) -> Mapping[int, Meant]:
    """With each all others of the same instants of the same devices. `told`: instants that are meant besides."""
    when = {at: told[at] | _said(records or (), measured) for at, records in chosen.items()}
    every = {moment for some in when.values() for moment in some}
    places = {each: submitted.blind_place(one.db, one.whom, *each) for each in every}
    index = submitted.find(one.db, one.patient.number, places.values())
    done = _done(one, {*measured, *(record for some in index.values() for record in some)})
    found = dict[int, Meant]()
    for at, records in chosen.items():
        more = (index.get(places[each], ()) for each in when[at])
        whole = frozenset[Record](records or ()).union(*more)
        is_several = records is None and not told[at]
        found[at] = Meant(whole, whole - done, frozenset(when[at]), is_several)
    return found


def _said(records: Iterable[Record], measured: Mapping[Record, Moment | None]) -> set[Moment]:
    return {moment for each in records if (moment := measured.get(each)) is not None}


def _grouped(records: Iterable[Record], measured: Mapping[Record, Moment | None]) -> _Groups:
    found: dict[Instant | None, set[Record]] = {}
    for each in records:
        if each in measured:
            moment = measured[each]
            found.setdefault(None if moment is None else moment[1], set()).add(each)
    return found


def _measured(one: Keeping, records: Collection[Record]) -> Mapping[Record, Moment | None]:
    """When which device measured each record, None of what is no reading; without those that were removed meanwhile."""
    found: dict[Record, Moment | None] = {}
    for artifact in sorted({artifact for artifact, _ in records}):
        try:
            decoded = one.again(artifact)
        except KeyError:
            continue
        rows = range(1, decoded.account.rows + 1)
        when = {(artifact, row): moment for row, moment in moments(rows, decoded)}
        found |= {(artifact, row): when.get((artifact, row)) for row in rows if (artifact, row) in records}
    return found


def _done(one: Keeping, records: Collection[Record]) -> set[Record]:
    """What somebody took back of the artifacts of these records."""
    artifacts = {artifact for artifact, _ in records}
    return {(each, row) for each in artifacts for row in submitted.wrong(one.db, one.patient.number, each)}


def _moments(one: Keeping, every: Sequence[int]) -> Mapping[int, Moment]:
    """Of those that are readings of an instant which device they name, and when."""
    timed = [at for at in every if is_timed(one.offered[at].fit.entry.resource)]
    told = ((one.offered[at].fit.entry.resource, one.offered[at].worn) for at in timed)
    _, decoded = one.of([pointed(resource, one.submitter, worn) for resource, worn in told])
    return dict(moments(timed, decoded))
