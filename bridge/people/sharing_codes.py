"""Sharing codes: a clinic hands one to a person, or a person to a clinic, and from it comes a request to share.

Law (issue: sharing codes): ten symbols without I, O, 0 and 1, of which the last is a check; a slip of one symbol, or
two that changed places, is seen before anything is looked up. A code works once, ends, and is for a birth date:
entered for a person born on another day it is refused. Unknown, used, run out, of another birth date: the answer is
the same. Attempts are throttled by code, by account and by address. A code opens nothing: the person still decides.

Rejected: codes that link by themselves (whoever finds a print would be linked), longer codes (nobody types them).
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

import bridge.store.sharing_codes as kept
from bridge.people.factors import ALPHABET
from bridge.people.requests import NO_RECORD, Origin, Record, Request, ask
from bridge.people.throttle import Of, TryLater, attempt, succeeded
from bridge.period import DAY, Instant
from bridge.store.db import Database
from bridge.store.keys import Erased
from bridge.store.patients import load
from bridge.store.sharing_codes import CodeRow

LENGTH: Final = 10
LIFE: Final = 14 * DAY
"""Of a clinic's code."""
PERSON_LIFE: Final = 2 * DAY
"""Of a person's code: it is read out at a desk."""
LONGEST: Final = 60 * DAY
MOST_TEXT: Final = 64
_MODULUS: Final = 0b100101
"""x^5 + x^2 + 1, irreducible over GF(2): the 32 symbols are a field."""
_DROPPED: Final = re.compile(r"[\s\-.]")


class Void(StrEnum):
    """Why a code leads nowhere."""

    MISTYPED = "mistyped"  # it cannot be a code at all
    NOT_VALID = "not-valid"  # unknown, used, run out, or of another birth date: not told which


@dataclass(frozen=True, slots=True)
class Offer:
    """What a clinic's code is for. `record`: at the clinic, where its desk named one; `visit`: the day of it."""

    client: str
    birth_date: date
    by: str
    record: Record = NO_RECORD
    visit: date | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A code of a clinic that nobody has entered yet; the code itself is known to nobody any more."""

    birth_date: date
    made: Instant
    expires: Instant
    by: str


# ------------------------------------------------------------------------------------------- spelling


def fresh() -> str:
    """A new code: 45 random bits and the check."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return body + check(body)


def check(body: str) -> str:
    """The symbol that makes the fold of the whole zero (Damm over GF(32)): sees every single slip and every
    exchange of two neighbours."""
    return ALPHABET[_fold(body)]


def read(text: str) -> str | None:
    """A code as somebody typed it, without case, spaces and hyphens; None where it cannot be one."""
    plain = _DROPPED.sub("", text[:MOST_TEXT]).upper()
    is_whole = len(plain) == LENGTH and all(symbol in ALPHABET for symbol in plain)
    return plain if is_whole and _fold(plain) == 0 else None


def spelled(code: str) -> str:
    """A code as it is printed: two groups of five."""
    return f"{code[:5]}-{code[5:]}"


def _fold(symbols: str) -> int:
    folded = 0
    for symbol in symbols:
        folded = (folded ^ ALPHABET.index(symbol)) << 1
        folded ^= _MODULUS if folded & 0b100000 else 0
    return folded


# --------------------------------------------------------------------------------------------- making


def for_person(db: Database, offer: Offer, account: str, now: Instant, life: Instant = LIFE) -> str:
    """A clinic makes a code for one of its patients; shown now and never again."""
    record, visit = offer.record, offer.visit.isoformat() if offer.visit else ""
    texts = (offer.birth_date.isoformat(), visit, offer.by, *record.texts())
    return _kept(db, CodeRow(offer.client, None, account, now, now + min(life, LONGEST), texts))


def for_clinic(db: Database, patient: int, account: str, now: Instant) -> str:
    """A person makes a code for a clinic; shown now and never again."""
    return _kept(db, CodeRow(None, patient, account, now, now + PERSON_LIFE, ()))


def waiting(db: Database, client: str, now: Instant) -> tuple[Waiting, ...]:
    """The codes of a recipient that wait to be entered."""
    return tuple(
        Waiting(date.fromisoformat(row.texts[0]), row.made, row.expires, row.texts[2])
        for row in kept.opened_of(db, client, now)
    )


def _kept(db: Database, row: CodeRow) -> str:
    code = fresh()
    while not kept.add(db, _hashed(db, code), row):
        code = fresh()
    return code


# ------------------------------------------------------------------------------------------- entering


def enter(
    db: Database, text: str, patient: int, account: str, address: str, now: Instant
) -> Request | Void | TryLater:
    """Somebody who acts for a patient enters a clinic's code: the request that it leads to."""
    shown = _shown(db, text, account, address, now)
    if not isinstance(shown, _Shown):
        return shown
    row = shown.row
    if row is None or row.client is None or not _is_born(db, patient, row.texts[0]):
        return Void.NOT_VALID
    if not kept.use(db, shown.hashed, patient, now):
        return Void.NOT_VALID
    succeeded(db, shown.subjects)
    _, visit, by, *record = row.texts
    day = date.fromisoformat(visit) if visit else None
    return ask(db, patient, row.client, Origin.CLINIC_CODE, by, Record.of(record), day, now)


def take(
    db: Database,
    text: str,
    client: str,
    born: date | None,
    record: Record,
    account: str,
    by: str,
    address: str,
    now: Instant,
) -> Request | Void | TryLater:
    """A clinic's desk enters a person's code: the request that they will be shown."""
    shown = _shown(db, text, account, address, now)
    if not isinstance(shown, _Shown):
        return shown
    row = shown.row
    if row is None or row.client is not None or row.patient is None:
        return Void.NOT_VALID
    if born is None or not _is_born(db, row.patient, born.isoformat()):
        return Void.NOT_VALID
    if not kept.use(db, shown.hashed, row.patient, now):
        return Void.NOT_VALID
    succeeded(db, shown.subjects)
    return ask(db, row.patient, client, Origin.PERSON_CODE, by, record, None, now)


def _is_born(db: Database, patient: int, born: str) -> bool:
    try:
        known = load(db, patient).birth_date
    except (KeyError, Erased):
        return False
    return known is not None and known.isoformat() == born


@dataclass(frozen=True, slots=True)
class _Shown:
    """A code that was typed right and may be tried now; `row` None: there is none that is open."""

    hashed: bytes
    subjects: dict[Of, str]
    row: kept.CodeRow | None


def _shown(db: Database, text: str, account: str, address: str, now: Instant) -> _Shown | Void | TryLater:
    """What somebody typed, counted as an attempt."""
    code = read(text)
    if code is None:
        return Void.MISTYPED
    hashed, subjects = _hashed(db, code), _subjects(db, code, account, address)
    if (later := attempt(db, subjects, now)) is not None:
        return later
    return _Shown(hashed, subjects, kept.find(db, hashed))


def _subjects(db: Database, code: str, account: str, address: str) -> dict[Of, str]:
    return {
        Of.INVITATION: f"sharing code {_hashed(db, code).hex()}",
        Of.ACCOUNT: f"sharing codes of {account}",
        Of.ADDRESS: address,
    }


def _hashed(db: Database, code: str) -> bytes:
    return db.keys.blind("sharing code", code)
