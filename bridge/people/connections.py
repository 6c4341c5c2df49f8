"""Connections: what ties a person and a recipient together, how either side ends it, and how the other hears of it.

Law (issue: either side can end the link; the other is told): a connection is a grant in force, a confirmed record or
an EHR's record; nothing is stored of it besides. Ending it revokes every grant to that client, ends the records and
withdraws what was asked, all by the side that ends. A recipient ends by giving up what it was granted: it can never
widen anything, so no signature of the person is needed. Whoever acts for the person is told, and the staff who look
after codes.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import bridge.store.arrivals as arrivals
import bridge.store.clients as clients
import bridge.store.ehrs as ehrs
import bridge.store.links as links
from bridge.consent import grants
from bridge.consent.grant import Grant, NotPossible, State, state_at
from bridge.people import requests
from bridge.people.notices import What, tell, tell_others
from bridge.people.representation import Power, may
from bridge.people.requests import recipient_name
from bridge.people.roles import Deed, deeds
from bridge.people.staff import members, programs
from bridge.period import Instant
from bridge.store import accounts
from bridge.store.arrivals import EhrRecord
from bridge.store.db import Database
from bridge.store.patients import load

LIVING: Final = frozenset({State.ACTIVE, State.WAITING, State.PAUSED})


@dataclass(frozen=True, slots=True)
class Connection:
    """A person and a recipient. `grants`: how many are in force, waiting or paused; `identifier`: of the confirmed
    record, '' where there is none; `since`: of the oldest of them."""

    patient: int
    client: str
    name: str
    grants: int
    identifier: str
    since: Instant


def of_patient(db: Database, patient: int, now: Instant) -> tuple[Connection, ...]:
    """A person's connections, by name of the recipient."""
    known = [each.id for each in clients.listed(db)]
    found = (between(db, patient, each, now) for each in known)
    return tuple(sorted(filter(None, found), key=lambda each: (each.name, each.client)))


def of_client(db: Database, client: str, now: Instant) -> tuple[Connection, ...]:
    """A recipient's connections that came of requests, newest first."""
    patients = dict.fromkeys(each.patient for each in requests.of_client(db, client))
    return tuple(filter(None, (between(db, each, client, now) for each in patients)))


def between(db: Database, patient: int, client: str, now: Instant) -> Connection | None:
    """What ties a person and a recipient together now; None where nothing does."""
    living, link = _living(db, patient, client, now), links.of(db, patient, client)
    held = [each for each in arrivals.of_patient(db, patient) if _client_of(db, each) == client]
    if not living and link is None and not held:
        return None
    since = [each.signed for each in living] + ([link.confirmed] if link else []) or [now]
    identifier = "" if link is None else f"{link.system}|{link.value}"
    return Connection(patient, client, recipient_name(db, client), len(living), identifier, min(since))


def end_by_person(
    db: Database, account: str, patient: int, client: str, now: Instant
) -> tuple[EhrRecord, ...] | None:
    """Somebody who acts for the person ends it: the EHR records whose tokens are to be given back. None where the
    account may not, or nothing ties them."""
    by = accounts.load(db, account)
    if by is None or not may(db, account, patient, Power.REVOKE, now):
        return None
    if between(db, patient, client, now) is None:
        return None
    held = _ended(db, patient, client, by.name, "the person ended the connection", now)
    tell_others(db, patient, account, What.LINK_ENDED, by.name, recipient_name(db, client), now=now)
    tell_staff(db, patient, client, by.name)
    return held


def end_by_recipient(
    db: Database, by: str, patient: int, client: str, now: Instant
) -> tuple[EhrRecord, ...] | None:
    """The recipient gives up what it was granted; None where nothing ties them."""
    if between(db, patient, client, now) is None:
        return None
    name = recipient_name(db, client)
    held = _ended(db, patient, client, f"{by}, {name}", "the recipient ended the connection", now)
    tell_others(db, patient, "", What.LINK_ENDED, name, name, now=now)
    return held


def told_end(db: Database, patient: int, client: str, by: str, now: Instant) -> None:
    """After a grant was revoked elsewhere: tell the staff, where nothing of the person is open to them any more."""
    if not _living(db, patient, client, now):
        tell_staff(db, patient, client, by)


def tell_staff(db: Database, patient: int, client: str, by: str) -> None:
    """Tell the staff who look after that recipient's codes that a connection is over, and whose."""
    name, recipient = load(db, patient).name, recipient_name(db, client)
    who = by if by == name else f"{by} ({name})"
    for each in members(db):
        looks_after = deeds(each.roles) & {Deed.MAKE_CODES, Deed.ENTER_CODES}
        if looks_after and any(one.id == client for one in programs(db, each.account)):
            tell(db, each.account, patient, What.LINK_ENDED, who, recipient)


def _ended(
    db: Database, patient: int, client: str, by: str, reason: str, now: Instant
) -> tuple[EhrRecord, ...]:
    for each in _living(db, patient, client, now):
        with suppress(NotPossible):  # another end was first
            grants.revoke(db, each.id, by, reason)
    if (link := links.of(db, patient, client)) is not None:
        links.remove(db, link.number)
    requests.withdraw(db, patient, client, now)
    held = tuple(each for each in arrivals.of_patient(db, patient) if _client_of(db, each) == client)
    for record in held:
        arrivals.forget(db, record.ehr, patient)
    return held


def _living(db: Database, patient: int, client: str, now: Instant) -> tuple[Grant, ...]:
    """The grants to that client alone, or to it among others of its organisation, that are not over."""
    try:
        organization = clients.recall(db, client).organization
    except KeyError:
        return ()
    standings = grants.listed(db, patient, with_names=False)
    found = (each.grant for each in standings if state_at(each, now) in LIVING)
    return tuple(_of(found, client, organization))


def _of(found: Iterable[Grant], client: str, organization: str) -> Iterable[Grant]:
    return (each for each in found if each.recipient.includes(client, organization))


def _client_of(db: Database, record: EhrRecord) -> str:
    ehr = ehrs.find(db, record.ehr)
    return ehr.client if ehr else ""
