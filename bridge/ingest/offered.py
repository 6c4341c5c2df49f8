"""What is offered to be kept of one person, what becomes of each entry, and how it is found again.

Law (`consent.md`, custody; `data.md`, keys): an entry is found by the submitter's own index alone, under the name of
the person under which it was told: what one sent by name is not found under a pseudonym. A reading is the same as
another by what is read of it, anything else by all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, TypeAlias

import msgspec

from bridge.adapters import Decoded, Person, decode
from bridge.mapping import Mappings
from bridge.period import Instant
from bridge.reading import SeriesKey, column
from bridge.receive.entry import Fit
from bridge.receive.profiles import What
from bridge.receive.record import Thing, record
from bridge.store import submitted
from bridge.store.artifacts import load, original
from bridge.store.custody import Rule
from bridge.store.db import Database
from bridge.store.ids import Name
from bridge.store.patients import Patient
from bridge.store.series import SUBMITTED
from bridge.store.submitted import Whom

FORMAT: Final = SUBMITTED
CROWDED: Final = "an entry before it says another amount of the same moment of the same device"
Moment: TypeAlias = tuple[SeriesKey, Instant]
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_READ: Final = frozenset({What.READING})


class Fate(Enum):
    """What became of an entry."""

    CREATED = auto()  # a reading that this submitter had not told of under this name of the person
    HELD = auto()  # it had, or did by an entry before it
    KEPT = auto()  # no reading: it rests as it came
    TAKEN = auto()  # entered in error: what it names is taken back
    SEVERAL = auto()  # its condition fits several
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Offered:
    """An entry to keep. `worn`: the device of a reading, or the one that the entry is."""

    fit: Fit
    worn: Thing


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry. `name`: of the reading, where it is one, also while it waits; `why`: of a refusal."""

    fate: Fate
    name: Name | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Keeping:
    """What goes with one submission. `client`: the program of the submitter that sent it; `person`: whom it names, to
    be compared and dropped; `pairing`: of the pseudonym under which it is told, b'' in clear; `about`: whose consent
    lets it in, where `patient` is the submitter's own record of them: nobody is compared with that (`custody.py`);
    `under`: by which rule it is that; `besides`: of entries that take back the instants that they are known to mean."""

    db: Database
    mappings: Mappings
    patient: Patient
    submitter: str
    client: str
    offered: Sequence[Offered]
    person: Person | None = None
    pairing: bytes = b""
    about: int | None = None
    under: Rule | None = None
    besides: Mapping[int, Collection[Moment]] = field(default_factory=dict)

    @property
    def whom(self) -> Whom:
        """The person as the submitter knows them."""
        return Whom(self.patient.number, self.submitter, self.pairing)

    def blind(self, at: int, identifier: tuple[str, str]) -> bytes:
        """How an identifier of an entry is found."""
        kind = self.offered[at].fit.entry.type
        return submitted.blind(self.db, self.whom, kind, identifier)

    def blinds(self, at: int, moment: Moment | None) -> list[bytes]:
        """Everything by which an entry is found again: what identifies it, and when which device measured it; where it
        has neither, what it says."""
        fit = self.offered[at].fit
        found = [self.blind(at, each) for each in fit.identifiers]
        if moment is not None:
            found.append(submitted.blind_place(self.db, self.whom, *moment))
        if not found:
            said = hashlib.sha256(self.content(at)).hexdigest()
            found.append(submitted.blind(self.db, self.whom, f"{fit.entry.type} said", ("", said)))
        return found

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

    def again(self, artifact: int) -> Decoded:
        """What is read of the kept bytes of an artifact now."""
        kept = load(self.db, self.patient.number, artifact)
        data = original(self.db, self.patient.number, artifact)
        return decode(data, self.mappings.formats[kept.format], self.patient.zones, kept.received)

    def read(self, rows: Sequence[int], again: int = 0) -> tuple[bytes, Decoded]:
        """The bytes to keep of these entries, and what the mapping reads of them. `again`: how often they were
        kept before, where something of them was taken back and is sent anew."""
        return self.of([self.record(at) for at in rows], again)

    def of(self, records: Sequence[Mapping[str, object]], again: int = 0) -> tuple[bytes, Decoded]:
        """The same of such records."""
        from_: dict[str, object] = {"by": self.submitter, "client": self.client}
        if self.pairing:
            from_["as"] = self.pairing.hex()
        if again:
            from_["again"] = again
        data = _ENCODER.encode({"submission": from_, "received": records})
        return data, decode(data, self.mappings.formats[FORMAT], self.patient.zones, self.db.clock())


def moments(rows: Sequence[int], decoded: Decoded) -> Iterator[tuple[int, Moment]]:
    """Of each entry that is a reading its series and instant."""
    for batch in decoded.readings:
        places, instants = column(batch.columns, "row").tolist(), batch.columns["instant"].tolist()
        yield from ((rows[row - 1], (batch.key, at)) for row, at in zip(places, instants, strict=True))


def crowded(rows: Sequence[int], decoded: Decoded) -> dict[int, str]:
    """The readings that say something else of a moment of their device than one before them in the same submission."""
    first: dict[Moment, int] = {}
    for at, moment in sorted(moments(rows, decoded), key=lambda each: each[0]):
        first.setdefault(moment, at)
    return {at: CROWDED for at, moment in moments(rows, decoded) if first[moment] != at}
