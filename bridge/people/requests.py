"""Requests: a recipient asks a person to share; what it showed of them, and what they answered.

Law (issue: sharing codes, launches): staff and clinicians can ask, nobody can approve but whoever may grant for that
person, on the consent page. A request is answered once and runs out. An approval confirms, besides, which record of
the receiver is this person's, where the receiver named one and the person saw it: the person is who confirmed
(`safety.md`, whose chart is it). Who acts for the person is told of a request that they did not begin themselves.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

import bridge.store.answers as answers
import bridge.store.clients as clients
import bridge.store.links as links
import bridge.store.requests as kept
from bridge.consent import authorising
from bridge.people.notices import What, tell_others
from bridge.period import DAY, Instant
from bridge.store import accounts
from bridge.store.answers import AnsweredBefore
from bridge.store.clients import Client
from bridge.store.db import Database
from bridge.store.links import LinkState, Shown
from bridge.store.requests import RequestRow

LIFE: Final = 14 * DAY


class Origin(StrEnum):
    """How a request came to be."""

    CLINIC_CODE = "clinic-code"  # the person entered a code of the clinic
    PERSON_CODE = "person-code"  # the clinic entered a code of the person
    LAUNCH = "launch"  # the person opened us from their EHR's portal
    CLINICIAN = "clinician"  # a clinician asks for a person whose record is linked


BEGUN_BY_PERSON: Final = frozenset({Origin.CLINIC_CODE, Origin.LAUNCH})


@dataclass(frozen=True, slots=True)
class Record:
    """The receiver's record: identifier (system, value), its id there, and how it shows the person; '' unknown."""

    system: str = ""
    value: str = ""
    id: str = ""
    name: str = ""
    birth_date: date | None = None

    def texts(self) -> tuple[str, str, str, str, str]:
        """The record in texts, for rest."""
        born = self.birth_date.isoformat() if self.birth_date else ""
        return self.system, self.value, self.id, self.name, born

    @classmethod
    def of(cls, texts: Sequence[str]) -> Record:
        """The record of its texts."""
        system, value, id_, name, born = texts
        return cls(system, value, id_, name, date.fromisoformat(born) if born else None)


NO_RECORD: Final = Record()


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `who` asks at the recipient; `answer` is '' while it waits; `grant`: what was signed for it."""

    id: str
    patient: int
    client: str
    origin: Origin
    made: Instant
    expires: Instant
    who: str
    visit: date | None
    record: Record
    answer: str
    answered: Instant | None
    grant: str

    def is_open(self, now: Instant) -> bool:
        """Whether it can still be answered."""
        return not self.answer and now < self.expires


def ask(
    db: Database,
    patient: int,
    client: str,
    origin: Origin,
    who: str,
    record: Record,
    visit: date | None,
    now: Instant,
) -> Request:
    """Ask; who acts for the person is told where they did not begin it themselves. Erased."""
    day = visit.isoformat() if visit else ""
    texts = (who, day, *record.texts())
    row = RequestRow(secrets.token_hex(16), patient, client, origin.value, now, now + LIFE, texts)
    kept.add(db, row)
    if origin not in BEGUN_BY_PERSON:
        tell_others(db, patient, "", What.REQUEST, recipient_name(db, client), who, now=now)
    return _request(row)


def find(db: Database, request: str) -> Request | None:
    """The request of that id; None where there is none."""
    row = kept.find(db, request)
    return None if row is None or not row.texts else _request(row)


def of_patient(db: Database, patient: int) -> tuple[Request, ...]:
    """Every request to a person, newest first."""
    return tuple(_request(row) for row in kept.of_patient(db, patient) if row.texts)


def waiting(db: Database, patient: int, now: Instant) -> tuple[Request, ...]:
    """The requests that a person can answer."""
    return tuple(each for each in of_patient(db, patient) if each.is_open(now))


def of_client(db: Database, client: str) -> tuple[Request, ...]:
    """Every request of a recipient, newest first."""
    return tuple(_request(row) for row in kept.of_client(db, client) if row.texts)


def answered(db: Database, request: str, grant: str, account: str) -> None:
    """After the consent page: where it was approved, and the receiver named its record, confirm that record."""
    found, by = find(db, request), accounts.load(db, account)
    if found is None or found.answer != "approved" or found.grant != grant or by is None:
        return
    record, before = found.record, links.of(db, found.patient, found.client)
    if not (record.system and record.value):
        return
    if (
        before is not None
        and before.state is LinkState.CONFIRMED
        and (before.system, before.value)
        == (
            record.system,
            record.value,
        )
    ):
        return
    shown = Shown(record.id, record.name, record.birth_date) if record.id else None
    # Where it is another person's, whoever approves learns nothing of it; the lane waits for whoever compares the two.
    with suppress(links.Anothers):
        links.confirm(
            db, found.patient, found.client, record.system, record.value, f"{by.name} ({found.origin})", shown
        )


def decline(db: Database, asked: Request, to: Client, scopes: str, by: str, now: Instant) -> bool:
    """Say no to a request that waits, by the name `by`; False where it was answered before or ran out. `scopes`: what
    `to` could ask for. The no and its row of the ledger are kept together or not at all: LedgerUnavailable, Erased."""
    told = authorising.declined(db, asked.patient, to, by, scopes)
    try:
        answers.keep(db, kept.of_request(asked.id, "declined", "", now), told)
    except AnsweredBefore:
        return False
    return True


def recipient_name(db: Database, client: str) -> str:
    """How a recipient is called: by the registry, also where it was removed since."""
    try:
        known = clients.recall(db, client)
    except KeyError:
        return ""
    return known.organization or known.name


def _request(row: RequestRow) -> Request:
    who, visit, *record = row.texts
    return Request(
        id=row.id,
        patient=row.patient,
        client=row.client,
        origin=Origin(row.origin),
        made=row.made,
        expires=row.expires,
        who=who,
        visit=date.fromisoformat(visit) if visit else None,
        record=Record.of(record),
        answer=row.answer or "",
        answered=row.answered,
        grant=row.grant,
    )
