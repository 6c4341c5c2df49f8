"""Erasing a person, by those who may: asked for, told to the others, done after seven days.

Law (issue: representation): erasing waits seven days and can be called off by anybody who acts for the person,
the person first of all. Whoever asked must still be allowed to when the time has come: a power that ended in
between erases nothing. Carrying out is destroying the key (`bridge.store.patients`); the ledger stays.
"""

from __future__ import annotations

from typing import Final

from bridge.people.notices import What, tell_others
from bridge.people.representation import Power, may, people_of
from bridge.period import DAY, Instant
from bridge.store import accounts, patients
from bridge.store import erasures as kept
from bridge.store.db import Database
from bridge.store.erasures import Erasure

WAIT: Final = 7 * DAY


def ask(db: Database, account: str, patient: int, now: Instant) -> Erasure | None:
    """Ask to erase; the request, also one that was open already. None where the account may not."""
    if not may(db, account, patient, Power.ERASE, now):
        return None
    if kept.add(db, Erasure(patient, account, now, now + WAIT)):
        tell_others(db, patient, account, What.ERASURE_ASKED, _name(db, account), now=now)
    return pending(db, patient)


def call_off(db: Database, account: str, patient: int, now: Instant) -> bool:
    """Call it off; False where the account does not act for the patient, or nothing was asked."""
    if not any(each.patient == patient for each in people_of(db, account, now)):
        return False
    if not kept.call_off(db, patient, now):
        return False
    tell_others(db, patient, account, What.ERASURE_CALLED_OFF, _name(db, account), now=now)
    return True


def pending(db: Database, patient: int) -> Erasure | None:
    """The open request to erase a patient."""
    return next(iter(kept.opened(db, patient)), None)


def carry_out(db: Database, now: Instant) -> tuple[int, ...]:
    """Erase everybody whose time has come; who they were."""
    done = []
    for each in kept.opened(db):
        if now < each.due:
            continue
        if may(db, each.account, each.patient, Power.ERASE, now):
            patients.erase(db, each.patient)
            done.append(each.patient)
        else:
            kept.call_off(db, each.patient, now)
    return tuple(done)


def _name(db: Database, account: str) -> str:
    found = accounts.load(db, account)
    return found.name if found else ""
