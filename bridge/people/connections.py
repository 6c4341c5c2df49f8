"""Connections: what ties a person and a recipient together, how either side ends it, and how the other hears of it.

Law (issue: either side can end the link; the other is told): a connection is a grant in force, a confirmed record or
an EHR's record; nothing is stored of it besides. Ending it revokes every grant to that client, ends the records and
withdraws what was asked, in one step (`parting.py`), all by the side that ends. A recipient ends by giving up what it
was granted: it can never widen anything, so no signature of the person is needed. Whoever acts for the person is told,
and the staff who look after codes; that they cannot be told undoes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import bridge.store.clients as clients
import bridge.store.links as links
from bridge.consent.grant import Standing
from bridge.people import requests
from bridge.people.notices import What, tell, tell_others
from bridge.people.parting import living, part, records
from bridge.people.representation import Power, may
from bridge.people.requests import recipient_name
from bridge.people.roles import Deed, deeds
from bridge.people.staff import members, programs
from bridge.period import Instant
from bridge.store import accounts
from bridge.store.afterwards import followed
from bridge.store.arrivals import EhrRecord
from bridge.store.db import Database
from bridge.store.patients import load
from bridge.store.ties import Unfinished


@dataclass(frozen=True, slots=True)
class Connection:
    """A person and a recipient. `grants`: how many are in force, waiting or paused; `identifier`: of the confirmed
    record, '' where there is none; `since`: of the oldest of them; `pairing`: under which the recipient knows the
    person, b'' by name."""

    patient: int
    client: str
    name: str
    grants: int
    identifier: str
    since: Instant
    pairing: bytes = b""


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
    found, link = living(db, patient, client, now), links.of(db, patient, client)
    if not found and link is None and not records(db, patient, client):
        return None
    since = [each.grant.signed for each in found] + ([link.confirmed] if link else []) or [now]
    identifier = "" if link is None else f"{link.system}|{link.value}"
    name, pairing = recipient_name(db, client), _pairing(found)
    return Connection(patient, client, name, len(found), identifier, min(since), pairing)


def end_by_person(
    db: Database, account: str, patient: int, client: str, now: Instant
) -> tuple[EhrRecord, ...] | None:
    """Somebody who acts for the person ends it: the EHR records whose tokens are to be given back. None where the
    account may not, or nothing ties them. Faults as of `parting.part`."""
    by = accounts.load(db, account)
    if by is None or not may(db, account, patient, Power.REVOKE, now):
        return None
    if between(db, patient, client, now) is None:
        return None

    is_named = not _pairing(living(db, patient, client, now))

    def told() -> None:
        tell_others(db, patient, account, What.LINK_ENDED, by.name, recipient_name(db, client), now=now)
        tell_staff(db, patient, client, by.name, is_named)

    end = partial(part, db, patient, client, by.name, "the person ended the connection", now)
    return _ended(end, told)


def end_by_recipient(
    db: Database, by: str, patient: int, client: str, now: Instant
) -> tuple[EhrRecord, ...] | None:
    """The recipient gives up what it was granted; None where nothing ties them. Faults as of `parting.part`."""
    if between(db, patient, client, now) is None:
        return None
    name = recipient_name(db, client)
    told = partial(tell_others, db, patient, "", What.LINK_ENDED, name, name, now=now)
    end = partial(part, db, patient, client, f"{by}, {name}", "the recipient ended the connection", now)
    return _ended(end, told)


def told_end(db: Database, patient: int, client: str, by: str, now: Instant, pairing: bytes) -> None:
    """After a grant was revoked elsewhere: tell the staff, where nothing of the person is open to them any more.
    `pairing`: of that grant."""
    if not living(db, patient, client, now):
        tell_staff(db, patient, client, by, not pairing)


def tell_staff(db: Database, patient: int, client: str, by: str, is_named: bool) -> None:
    """Tell the staff who look after that recipient's codes that a connection is over, and whose where they know it."""
    name, recipient = load(db, patient).name, recipient_name(db, client)
    who = "" if not is_named else by if by == name else f"{by} ({name})"
    for each in members(db):
        looks_after = deeds(each.roles) & {Deed.MAKE_CODES, Deed.ENTER_CODES}
        if looks_after and any(one.id == client for one in programs(db, each.account)):
            tell(db, each.account, patient, What.LINK_ENDED, who, recipient)


def _pairing(living: Iterable[Standing]) -> bytes:
    """The most protective name: who shares under a pseudonym is not named, whatever else is shared."""
    return max((each.grant.pairing for each in living), default=b"")


def _ended(end: Callable[[], tuple[EhrRecord, ...]], told: Callable[[], None]) -> tuple[EhrRecord, ...]:
    """End, and tell; who is concerned is told of an end that is not finished, too: the grants are over."""
    try:
        held = end()
    except Unfinished:
        followed("telling who is concerned", told)
        raise
    followed("telling who is concerned", told)
    return held
