"""One submission of one patient: what is new of it is kept, whole or not at all, and what became of each entry.

Law (`consent.md`, custody; HL7 CGM IG 1.0.0, receiver): only what was taken is kept, as one artifact that the mapping
`cgm-submission` reads, so readings, shadowing, removal and re-reading go the way of every upload. Conditional create
looks in the submitter's own index, in order of the entries; the same reading twice is one; the same bytes again
change nothing. What the mapping rejects is refused and not kept. Identifiers and readings are one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final

import msgspec

from bridge.adapters import Decoded, Person, Unreadable, decode
from bridge.consent.collecting import required
from bridge.consent.intake import source
from bridge.ingest.kinds import held
from bridge.ingest.upload import doubt, packed
from bridge.mapping import Mappings
from bridge.receive.entry import Fit
from bridge.receive.profiles import What
from bridge.receive.record import Thing, record
from bridge.store import submitted
from bridge.store.artifacts import by_hash, quarantine
from bridge.store.blocks import absorb
from bridge.store.columns import TooMany
from bridge.store.db import Database
from bridge.store.patients import Patient
from bridge.store.series import SUBMITTED
from bridge.store.submitted import Became, Record

FORMAT: Final = SUBMITTED
FILE: Final = "$submit-cgm-bundle"
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_READ: Final = frozenset({What.READING})


class Fate(Enum):
    """What became of an entry."""

    CREATED = auto()  # a reading that was not here
    HELD = auto()  # it was here, or is by an entry before it
    KEPT = auto()  # no reading: it rests as it came
    WAITING = auto()  # in quarantine, until somebody has looked
    SEVERAL = auto()  # its condition fits several
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Offered:
    """An entry to keep. `worn`: the device of a reading, or the one that the entry is."""

    fit: Fit
    worn: Thing


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry. `became`: the reading, where it is one; `why`: of a refusal."""

    fate: Fate
    became: Became | None = None
    why: str = ""


@dataclass(slots=True)
class _Sorted:
    """The entries by what is to be done: rows to take (places in what was offered), and of which earlier entry or
    which record here the others are."""

    rows: list[int] = field(default_factory=list)
    same: dict[int, int] = field(default_factory=dict)
    here: dict[int, Sequence[Record]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What was kept: the artifact, whether its bytes were here, whether it waits, and what was rejected."""

    artifact: int = 0
    already: bool = False
    waits: bool = False
    rows: Sequence[int] = ()
    rejected: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Keeping:
    """What goes with one submission. `client`: the program of the submitter that sent it; `person`: whom it names, to
    be compared and dropped."""

    db: Database
    mappings: Mappings
    patient: Patient
    submitter: str
    client: str
    offered: Sequence[Offered]
    person: Person | None = None

    def blind(self, at: int, identifier: tuple[str, str]) -> bytes:
        """How an identifier of an entry is found."""
        kind = self.offered[at].fit.entry.type
        return submitted.blind(self.db, self.patient.number, self.submitter, kind, identifier)

    def record(self, at: int) -> dict[str, object]:
        """The kept record of an entry."""
        fit, worn = self.offered[at].fit, self.offered[at].worn
        return record(fit.what, fit.entry.at, fit.entry.resource, self.submitter, worn)

    def content(self, at: int) -> bytes:
        """What makes an entry the same as another: a reading by what is read of it, anything else by all of it."""
        left_out = {"entry", "resource"} if self.offered[at].fit.what in _READ else {"entry"}
        return _ENCODER.encode(
            {name: value for name, value in self.record(at).items() if name not in left_out}
        )

    def read(self, rows: Sequence[int]) -> tuple[bytes, Decoded]:
        """The bytes to keep of these entries, and what the mapping reads of them."""
        from_ = {"by": self.submitter, "client": self.client}
        told = {"submission": from_, "received": [self.record(at) for at in rows]}
        data = _ENCODER.encode(told)
        return data, decode(data, self.mappings.formats[FORMAT], self.patient.zones, self.db.clock())


def keep(one: Keeping) -> tuple[Outcome, ...]:
    """Keep what is new of a submission; what became of each entry, in order. NotCollected where nothing may be
    taken, Unreadable where nothing can be, Erased where there is no such patient."""
    found = _sorted(one)
    stored = _taken(one, found) if found.rows else _Stored()
    artifacts = {artifact for records in found.here.values() for artifact, _ in records}
    made = submitted.became(one.db, one.patient.number, FORMAT, artifacts | {stored.artifact} - {0})
    return tuple(_outcomes(one, found, stored, made))


def _sorted(one: Keeping) -> _Sorted:
    """Conditions first, then what an entry before says too."""
    wanted = {at: each.fit.condition for at, each in enumerate(one.offered) if each.fit.condition}
    asked = {at: one.blind(at, condition) for at, condition in wanted.items()}
    known = submitted.find(one.db, one.patient.number, asked.values())
    found, before = _Sorted(), dict[bytes, int]()
    for at in range(len(one.offered)):
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


def _taken(one: Keeping, found: _Sorted) -> _Stored:
    """Keep the new entries, without those that the mapping rejects."""
    rows, rejected = found.rows, dict[int, str]()
    data, decoded = one.read(rows)
    if decoded.account.rejected:
        rejected = {rows[each.row - 1]: each.reason for each in decoded.account.rejected}
        rows = [at for at in rows if at not in rejected]
        if not rows:
            return _Stored(rejected=rejected)
        data, decoded = one.read(rows)
    db, number, from_ = one.db, one.patient.number, source(one.submitter)
    required(db, number, from_, held(decoded.readings))
    new = packed(decoded, data, FILE, from_)
    known = by_hash(db, number, new.sha256)
    if known is not None:
        return _Stored(known.number, True, known.state != "stored", rows, rejected)
    reason = doubt(db, one.patient, replace(decoded, person=one.person))
    if reason is not None:
        return _Stored(quarantine(db, number, new, reason), False, True, rows, rejected)
    try:
        done = absorb(db, number, new, decoded.readings, identified=_identified(one, found, rows))
    except TooMany as crowd:
        raise Unreadable(f"{crowd}: no sensor reports so much at once, nothing was kept") from crowd
    return _Stored(done.artifact, done.already, False, rows, rejected)


def _identified(one: Keeping, found: _Sorted, rows: Sequence[int]) -> list[tuple[bytes, int]]:
    """The identifiers of the records to keep, also those that other entries give the same thing."""
    place = {at: row for row, at in enumerate(rows, 1)}
    whole = [*place.items(), *((at, place[first]) for at, first in found.same.items() if first in place)]
    return [(one.blind(at, each), row) for at, row in whole for each in one.offered[at].fit.identifiers]


# ------------------------------------------------------------------------------------------- outcomes


def _outcomes(
    one: Keeping, found: _Sorted, stored: _Stored, made: Mapping[Record, Became]
) -> Iterator[Outcome]:
    told: dict[int, Outcome] = {at: Outcome(Fate.REFUSED, why=why) for at, why in stored.rejected.items()}
    for row, at in enumerate(stored.rows, 1):
        told[at] = _of_row(one.offered[at], stored, made.get((stored.artifact, row)))
    for at, records in found.here.items():
        told[at] = _of_known(records, made)
    for at, earlier in found.same.items():
        first = told[earlier]
        told[at] = replace(first, fate=Fate.HELD) if first.fate is Fate.CREATED else first
    yield from (told[at] for at in range(len(one.offered)))


def _of_row(each: Offered, stored: _Stored, became: Became | None) -> Outcome:
    if stored.waits:
        return Outcome(Fate.WAITING)
    if each.fit.what not in _READ:
        return Outcome(Fate.HELD if stored.already else Fate.KEPT)
    is_new = became is not None and became.is_first and not stored.already
    return Outcome(Fate.CREATED if is_new else Fate.HELD, became)


def _of_known(records: Sequence[Record], made: Mapping[Record, Became]) -> Outcome:
    """One thing, or several: records of one reading are one."""
    things = {made[each].name if each in made else each for each in records}
    return Outcome(Fate.HELD if len(things) == 1 else Fate.SEVERAL, made.get(records[0]))
