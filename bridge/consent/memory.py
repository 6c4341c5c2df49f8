"""Grants and decisions remembered between requests, only as long as they hold.

Law: everything here is under the patient's epoch, which is read anew for every request, and a decision also
ends with the first instant at which one of its grants may act differently. Nothing of a reading and nothing
of a person is kept but ids, names of sources, and spans of entries of the ledger, which is read on from
where it was read to. Whatever was remembered is decided again where the ledger finds another epoch
(`data.md`, consent epoch). Rejected: a time to live (a revocation would act late).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, TypeAlias, final

import bridge.store.grants as kept
import bridge.store.tellings as tellings
from bridge.consent import grants, told
from bridge.consent.asked import Asked, Way
from bridge.consent.asker import Asker
from bridge.consent.decide import EVERYTHING, NOTHING, Decision, permitted
from bridge.consent.disclosure import Subject
from bridge.consent.grant import Standing
from bridge.consent.opened import Opened
from bridge.consent.permit import OperatorPermit, OwnerPermit, Permit, RecipientPermit
from bridge.consent.strands import Sight
from bridge.consent.subject import subject
from bridge.consent.told import Tellings
from bridge.period import BEGINNING, END_OF_TIME, Instant, ZoneHistory
from bridge.store.db import Database
from bridge.store.ids import Name
from bridge.store.patients import Patient

_MOST: Final = 4096
AT_ONCE: Final = 2_000
"""Rows of the ledger that one request reads (about 20 ms)."""
_Key: TypeAlias = tuple[int, Asker, Way]


class Behind(Exception):
    """So much of the ledger is still to be read that no other request should wait for it: catch up, try again."""

    def __init__(self, patient: int, key: str) -> None:
        super().__init__(f"the ledger of patient {patient} is to be read first")
        self.patient, self.key = patient, key


@final
@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with what was opened under it so far. It holds in `[since, until)` at one epoch."""

    decision: Decision
    epoch: int
    zones: ZoneHistory | None
    since: Instant
    until: Instant
    opened: dict[Sight, Opened] = field(default_factory=dict)

    def holds(self, epoch: int, now: Instant, zones: ZoneHistory) -> bool:
        """Whether it still is what would be decided."""
        return self.epoch == epoch and self.since <= now < self.until and self.zones == zones


CLOSED: Final = Decided(NOTHING, 0, None, BEGINNING, END_OF_TIME)
OPEN: Final = Decided(EVERYTHING, 0, None, BEGINNING, END_OF_TIME)


@final
class Memory:
    """What one process remembers of one database."""

    __slots__ = ("_db", "_decided", "_publics", "_reading", "_sources", "_standings", "_tellings")

    def __init__(self, db: Database) -> None:
        self._db = db
        self._standings: dict[int, tuple[int, tuple[Standing, ...]]] = {}
        self._decided: dict[_Key, Decided] = {}
        self._sources: dict[int, dict[int, str]] = {}
        self._publics: dict[tuple[int, bytes], str] = {}
        self._tellings: dict[tuple[int, str], Tellings] = {}
        self._reading = Lock()

    def standings(self, patient: int, epoch: int) -> tuple[Standing, ...]:
        """The patient's grants as of that epoch or newer."""
        known = self._standings.get(patient)
        if known is not None and known[0] == epoch:
            return known[1]
        found = grants.listed(self._db, patient, with_names=False) if epoch else ()
        if len(self._standings) >= _MOST:
            self._standings.clear()
        self._standings[patient] = (epoch, found)
        return found

    def grants_for(self, permit: Permit, patient: int | None) -> tuple[int, tuple[Standing, ...]]:
        """The patient's epoch and grants, as far as they can matter to the asker. A patient who never made
        one for it costs the same as a patient who does not exist."""
        number = 0 if patient is None else patient
        if isinstance(permit, OwnerPermit | OperatorPermit):
            return self.epoch(number), ()
        if isinstance(permit, RecipientPermit):
            number = number if permit.concerns(patient) else 0
            epoch = kept.epoch_for(self._db, number, permit.organization, permit.client)
        else:
            epoch = self.epoch(number)
        return epoch, self.standings(number, epoch) if epoch else ()

    def epoch(self, patient: int) -> int:
        """The patient's epoch now."""
        return kept.epoch(self._db, patient)

    def sources(self, patient: int) -> dict[int, str]:
        """Names of the patient's sources by artifact, as far as known; they never change."""
        if len(self._sources) >= _MOST:
            self._sources.clear()
        return self._sources.setdefault(patient, {})

    def tellings(self, patient: int, key: str) -> Tellings:
        """What left to the recipient `key` so far: the ledger is read on from where it was read to. Behind where that
        is too much for one request."""
        known = self._tellings.get((patient, key), told.NOTHING)
        if tellings.behind(self._db, patient, known.entry) > AT_ONCE:
            raise Behind(patient, key)
        return self._read_on(patient, key)

    def catch_up(self, behind: Behind) -> None:
        """Read the ledger on, however much it is: for a thread of its own."""
        with self._reading:
            self._read_on(behind.patient, behind.key)

    def _read_on(self, patient: int, key: str) -> Tellings:
        known = self._tellings.get((patient, key), told.NOTHING)
        if len(self._tellings) >= _MOST:
            self._tellings.clear()
        for some in tellings.portions(self._db, patient, key, known.entry):
            known = told.extended(known, some)
        self._tellings[patient, key] = known
        return known

    def subject(
        self, person: Patient, decision: Decision, asked: Asked, now: Instant, secret: Callable[[], bytes]
    ) -> Subject:
        """The person as the asker may know it."""
        key = (person.number, decision.pairing)
        if len(self._publics) >= _MOST:
            self._publics.clear()
        if key not in self._publics:
            self._publics[key] = self._db.ids.one("Patient", Name(person.number, 0, 0, 0), decision.pairing)
        return subject(self._publics[key], person, decision, asked, now, secret)

    def decided(
        self,
        patient: int,
        epoch: int,
        who: Asker,
        way: Way,
        now: Instant,
        zones: ZoneHistory,
        known: bytes | None = None,
    ) -> Decided:
        """The decision for this asker and way, remembered or made; with `known` made for that pairing."""
        key = (patient, who, way)
        before = None if known is not None else self._decided.get(key)
        if before is not None and before.holds(epoch, now, zones):
            return before
        decision = decision_for(self.standings(patient, epoch), who, way, now, zones, known)
        if known is not None:
            return Decided(decision, epoch, zones, now, decision.until)
        if len(self._decided) >= _MOST:
            self._decided.clear()
        made = self._decided[key] = Decided(decision, epoch, zones, now, decision.until)
        return made


def decision_for(
    standings: Sequence[Standing],
    who: Asker,
    way: Way,
    now: Instant,
    zones: ZoneHistory,
    known: bytes | None = None,
) -> Decision:
    """What these grants permit an asker."""
    return permitted(
        standings,
        client=who.client,
        organization=who.organization,
        purpose=who.purpose,
        way=way,
        now=now,
        zones=zones,
        only=who.only,
        under=who.under,
        known=known,
    )
