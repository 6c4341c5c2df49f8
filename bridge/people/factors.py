"""The second factor: codes of an authenticator app, and recovery codes on paper.

Law: TOTP (RFC 6238) of six digits, thirty seconds, one step of clock error either way; a step works once (5.2).
Its secret rests sealed. A recovery code has 80 random bits, works once and rests as an HMAC; letters and digits
that look alike are not used. The codes are shown once, when they are made.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import Final

import pyotp

from bridge.period import Instant
from bridge.store import accounts
from bridge.store.db import Database

STEP_MS: Final = 30_000
ISSUER: Final = "CGM bridge"
ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""No I, O, 0 and 1."""
CODES: Final = 10
CODE_LENGTH: Final = 16
_TOTP: Final = re.compile(r"[0-9]{6}")


def new_secret() -> str:
    """A secret for an authenticator app: 160 random bits in base32 (RFC 4226 4)."""
    return pyotp.random_base32(32)


def address(secret: str, login: str) -> str:
    """The otpauth address that an app reads from a picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=login or "me", issuer_name=ISSUER)


def step_of(secret: str, code: str, now: Instant) -> int | None:
    """The time step whose code this is, of the three that count now; None where it is none."""
    plain, middle = code.replace(" ", ""), now // STEP_MS
    if not _TOTP.fullmatch(plain):
        return None
    made = pyotp.TOTP(secret)
    steps = [
        step
        for step in (middle - 1, middle, middle + 1)
        if hmac.compare_digest(made.generate_otp(step), plain)
    ]
    return steps[-1] if steps else None


def take(db: Database, account: str, code: str, now: Instant) -> bool:
    """Use a code of the app, or a recovery code; False where it is wrong or was used."""
    secret = accounts.totp(db, account)
    step = None if secret is None else step_of(secret, code, now)
    if step is not None:
        return accounts.take_step(db, account, step)
    return accounts.take_recovery(db, account, _hashed(db, account, code))


def is_recovery(code: str) -> bool:
    """Whether it has the form of a recovery code."""
    return len(_plain(code)) == CODE_LENGTH


def renew_recovery(db: Database, account: str) -> tuple[str, ...]:
    """New recovery codes, shown now and never again; the ones before are void."""
    made = tuple("".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(CODES))
    accounts.set_recovery(db, account, [_hashed(db, account, each) for each in made])
    return tuple("-".join(each[i : i + 4] for i in range(0, CODE_LENGTH, 4)) for each in made)


def _hashed(db: Database, account: str, code: str) -> bytes:
    return db.keys.blind(f"recovery code of {account}", _plain(code))


def _plain(code: str) -> str:
    return re.sub(r"[\s-]", "", code).upper()
