"""One submission of one patient: what is new of it is kept, whole or not at all, and what became of each entry.

Law (`consent.md`, custody; HL7 CGM IG 1.0.0, receiver): only what was taken is kept, as one artifact that the mapping
`cgm-submission` reads, so readings, shadowing, removal and re-reading go the way of every upload. Conditional create
looks in the submitter's own index, in order of the entries; the same reading twice is one; the same bytes again
change nothing. What the mapping rejects is refused and not kept. Identifiers and readings are one transaction.

What contradicts the person rests in quarantine, and nothing that is told depends on it: the status is that of the
submitter's own index, told under the same name of the person, and the name of a reading is the one that it has or will
have. Whoever could tell what waits could ask who wears a device, or what somebody is called and when they were born.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from bridge.adapters import Decoded, Unreadable
from bridge.consent.collecting import required
from bridge.consent.intake import source
from bridge.ingest.beside import beside
from bridge.ingest.kinds import held
from bridge.ingest.offered import Fate, Keeping, Moment, Outcome, crowded, moments
from bridge.ingest.upload import doubt, packed
from bridge.ingest.wrong import UNKNOWN, Meant, settle, sought, standing
from bridge.reading import SeriesKey
from bridge.store import submitted
from bridge.store.artifacts import NewArtifact, by_hash, load
from bridge.store.blocks import absorb, set_aside
from bridge.store.columns import TooMany
from bridge.store.ids import Name
from bridge.store.received import New
from bridge.store.submitted import Record

FILE: Final = "$submit-cgm-bundle"


@dataclass(slots=True)
class _Sorted:
    """The entries by what is to be done: rows to take (places in what was offered), and of which earlier entry or
    which record here the others are; `wrong`: what those take back that say so."""

    rows: list[int] = field(default_factory=list)
    same: dict[int, int] = field(default_factory=dict)
    here: dict[int, Sequence[Record]] = field(default_factory=dict)
    wrong: Mapping[int, Meant] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What was kept: whether its bytes were here, where its readings stand in time, which of them had been told of, and
    what was rejected."""

    already: bool = False
    rows: Sequence[int] = ()
    rejected: Mapping[int, str] = field(default_factory=dict)
    moments: Mapping[int, Moment] = field(default_factory=dict)
    told: frozenset[int] = frozenset()


def keep(one: Keeping) -> tuple[Outcome, ...]:
    """Keep what is new of a submission; what became of each entry, in order. NotCollected where nothing may be
    taken, Unreadable where nothing can be, Erased where there is no such patient."""
    found = _sorted(one)
    stored = _taken(one, found) if found.rows else _Stored()
    settle(one, {record for meant in found.wrong.values() for record in meant.records})
    artifacts = {artifact for records in found.here.values() for artifact, _ in records}
    return tuple(_outcomes(one, found, stored, _names(one, artifacts)))


def _sorted(one: Keeping) -> _Sorted:
    """Conditions first, then what an entry before says too. A condition does not fit what was taken back, nor what this
    submission takes back."""
    wrong = sought(one)
    conditions = ((at, each.fit.condition) for at, each in enumerate(one.offered) if at not in wrong)
    wanted = {at: condition for at, condition in conditions if condition}
    asked = {at: one.blind(at, condition) for at, condition in wanted.items()}
    known = _standing(one, wrong, submitted.find(one.db, one.patient.number, asked.values()))
    found, before = _Sorted(wrong=wrong), dict[bytes, int]()
    for at in range(len(one.offered)):
        if at in wrong and not wrong[at].standing:
            continue
        keys = [key for key in (asked.get(at), one.content(at)) if key is not None]
        if keys[0] in known:
            found.here[at] = known[keys[0]]
            continue
        earlier = next((before[key] for key in keys if key in before), None)
        if earlier is None:
            found.rows.append(at)
            before |= dict.fromkeys(keys, at)
        else:
            found.same[at] = earlier
    return found


def _standing(
    one: Keeping, wrong: Mapping[int, Meant], known: Mapping[bytes, Sequence[Record]]
) -> Mapping[bytes, Sequence[Record]]:
    """Of what has these identifiers that which nobody took back, nor does now."""
    now = {record for meant in wrong.values() for record in meant.records}
    left = {*standing(one, {record for some in known.values() for record in some})} - now
    found = {key: [each for each in some if each in left] for key, some in known.items()}
    return {key: some for key, some in found.items() if some}


def _taken(one: Keeping, found: _Sorted) -> _Stored:
    """Keep the new entries, without those that the mapping rejects."""
    rows = found.rows
    data, decoded = _read(one, rows)
    rejected = {rows[each.row - 1]: each.reason for each in decoded.account.rejected} | crowded(rows, decoded)
    if rejected:
        rows = [at for at in rows if at not in rejected]
        if not rows:
            return _Stored(rejected=rejected)
        data, decoded = _read(one, rows)
    db, number, from_ = one.db, one.patient.number, source(one.submitter)
    required(db, one.about or number, from_, held(decoded.readings))
    new, when = packed(decoded, data, FILE, from_), dict(moments(rows, decoded))
    places = {at: submitted.blind_place(db, one.whom, *moment) for at, moment in when.items()}
    before = submitted.find(db, number, places.values())
    told = frozenset(at for at, place in places.items() if place in before)
    more = _beside(one, found, rows)
    taken = {record for at in rows if at in found.wrong for record in found.wrong[at].standing}
    already = _kept(one, new, decoded, _identified(one, found, rows, when), more, taken)
    return _Stored(already, rows, rejected, when, told)


def _read(one: Keeping, rows: Sequence[int]) -> tuple[bytes, Decoded]:
    """The bytes to keep. Where the same are here and something of them was taken back, it is said anew: they are kept
    once more, as others."""
    again = 0
    while True:
        data, decoded = one.read(rows, again)
        known = by_hash(one.db, one.patient.number, hashlib.sha256(data).hexdigest())
        if known is None or not submitted.wrong(one.db, one.patient.number, known.number):
            return data, decoded
        again += 1


def _kept(
    one: Keeping,
    new: NewArtifact,
    decoded: Decoded,
    identified: list[tuple[bytes, int]],
    more: list[New],
    taken: Collection[Record],
) -> bool:
    """Keep the bytes and what was read of them, or set both aside; whether the same bytes were here."""
    db, number = one.db, one.patient.number
    wrong = standing(one, taken)
    reason = None if one.about else doubt(db, one.patient, replace(decoded, person=one.person))
    try:
        if reason is not None:
            return set_aside(db, number, new, decoded.readings, reason, identified, more, wrong).already
        agree = partial(_agreed, one, new.source, decoded)
        done = absorb(db, number, new, decoded.readings, agree, identified, more, one.under, wrong)
        return done.already
    except TooMany as crowd:
        raise Unreadable(f"{crowd}: no sensor reports so much at once, nothing was kept") from crowd


def _agreed(one: Keeping, from_: str, decoded: Decoded) -> None:
    """Once more where it is put: the person may have been erased since, or have withdrawn. Raises NotCollected."""
    required(one.db, one.about or one.patient.number, from_, held(decoded.readings))


def _beside(one: Keeping, found: _Sorted, rows: Sequence[int]) -> list[New]:
    """What of the new entries is no reading and may be passed on one day."""
    place = {at: row for row, at in enumerate(rows, 1)}

    def record_of(at: int) -> Record | None:
        first = found.same.get(at, at)
        known = found.here.get(first, ())
        return (0, place[first]) if first in place else known[0] if len(known) == 1 else None

    return beside([each.fit for each in one.offered], place, record_of, f"urn:uuid:{one.db.installation}")


def _identified(
    one: Keeping, found: _Sorted, rows: Sequence[int], when: Mapping[int, Moment]
) -> list[tuple[bytes, int]]:
    """What the records to keep are found by: their identifiers, also those that other entries give the same thing, and
    when which device measured."""
    place = {at: row for row, at in enumerate(rows, 1) if at not in found.wrong}
    same = [(at, place[first]) for at, first in found.same.items() if first in place]
    named = [(one.blind(at, each), row) for at, row in same for each in one.offered[at].fit.identifiers]
    whole = [(each, row) for at, row in place.items() for each in one.blinds(at, when.get(at))]
    return [*whole, *named]


def _names(one: Keeping, artifacts: Collection[int]) -> Mapping[Record, Name]:
    """The names of the readings of these artifacts; of one that waits those that they will have."""
    db, number = one.db, one.patient.number
    found, numbers = dict(submitted.became(db, number, artifacts)), submitted.numbers(db, number)
    for artifact in sorted(artifacts):
        kept = load(db, number, artifact)
        if kept.state == "quarantined":
            decoded = one.again(artifact)
            rows = range(1, decoded.account.rows + 1)
            for row, (key, at) in moments(rows, decoded):
                found[artifact, row] = Name(number, numbers[key], at, 0)
    return found


# ------------------------------------------------------------------------------------------- outcomes


def _outcomes(
    one: Keeping, found: _Sorted, stored: _Stored, made: Mapping[Record, Name]
) -> Iterator[Outcome]:
    told: dict[int, Outcome] = {at: Outcome(Fate.REFUSED, why=why) for at, why in stored.rejected.items()}
    numbers = submitted.numbers(one.db, one.patient.number)
    for at in stored.rows:
        told[at] = _of_row(one.patient.number, numbers, stored, at)
    for at, records in found.here.items():
        told[at] = _of_known(records, made)
    for at, meant in found.wrong.items():
        told[at] = _of_word(meant)
    for at, earlier in found.same.items():
        first = told[earlier]
        told[at] = replace(first, fate=Fate.HELD) if first.fate is Fate.CREATED else first
    yield from (told[at] for at in range(len(one.offered)))


def _of_row(patient: int, numbers: Mapping[SeriesKey, int], stored: _Stored, at: int) -> Outcome:
    if at not in stored.moments:
        return Outcome(Fate.HELD if stored.already else Fate.KEPT)
    key, instant = stored.moments[at]
    return Outcome(
        Fate.HELD if stored.already or at in stored.told else Fate.CREATED,
        Name(patient, numbers[key], instant, 0),
    )


def _of_word(meant: Meant) -> Outcome:
    if meant.is_several:
        return Outcome(Fate.SEVERAL)
    return Outcome(Fate.TAKEN) if meant.records else Outcome(Fate.REFUSED, why=UNKNOWN)


def _of_known(records: Sequence[Record], made: Mapping[Record, Name]) -> Outcome:
    """One thing, or several: records of one reading are one."""
    things = {made.get(each, each) for each in records}
    return Outcome(Fate.HELD if len(things) == 1 else Fate.SEVERAL, made.get(records[0]))
