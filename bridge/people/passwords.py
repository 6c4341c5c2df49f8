"""Passwords: what is accepted, how they rest, and a check that takes as long for nobody as for somebody.

Law (NIST SP 800-63B, memorized secrets): length counts and composition does not; every character of Unicode may
stand in one, compared after NFKC; nothing expires. A second factor always goes with it, so twelve characters
suffice. What holds the name of the account or of this service, or is one run or one repeated piece, is refused;
no list of stolen passwords is asked, because none can be asked without telling somebody else.
Argon2id (RFC 9106) with its second recommended setting. Rejected: bcrypt (cuts at 72 bytes).
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.profiles import RFC_9106_LOW_MEMORY

SHORTEST: Final = 12
LONGEST: Final = 200
FEWEST_CHARACTERS: Final = 5
RUNS: Final = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm",
               "qwertzuiopasdfghjklyxcvbnm")  # fmt: skip
"""What a hand types along: alphabet, digits, rows of keys."""
LONGEST_RUN: Final = 8
COMMON: Final = ("password", "passwort", "contraseña", "salasana", "cgmbridge", "cgm-bridge", "glucose")

_hasher: Final = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_NOBODY: Final = _hasher.hash("nobody has this password")
"""What is checked where there is no account: the same work for the same answer."""


class Weak(StrEnum):
    """Why a password is not accepted."""

    SHORT = "short"
    LONG = "long"
    NAME = "own-name"
    SIMPLE = "simple"


def weakness(password: str, *names: str) -> Weak | None:
    """Why this password is not accepted from somebody of these names; None where it is."""
    plain = _normal(password)
    if len(plain) < SHORTEST:
        return Weak.SHORT
    if len(plain) > LONGEST:
        return Weak.LONG
    folded = plain.casefold()
    words = [part for name in names for part in (_normal(name).casefold(), name.casefold().partition("@")[0])]
    if any(len(word) > 3 and word in folded and len(folded) - len(word) < SHORTEST for word in words):
        return Weak.NAME
    rest = folded
    for word in COMMON:
        rest = rest.replace(word, "")
    return Weak.SIMPLE if len(set(rest)) < FEWEST_CHARACTERS or _is_run(rest) or _is_repeated(rest) else None


def encoded(password: str) -> str:
    """What rests of a password."""
    return _hasher.hash(_normal(password)[:LONGEST])


def is_right(password: str, kept: str | None) -> bool:
    """Whether it is the password that was kept; with None the same work, and False."""
    try:
        _hasher.verify(kept or _NOBODY, _normal(password)[:LONGEST])
    except (Argon2Error, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether it was encoded with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _is_run(text: str) -> bool:
    """Whether it is little more than a run."""
    runs = [*RUNS, *(run[::-1] for run in RUNS)]
    pieces = {text[i : i + LONGEST_RUN] for i in range(len(text) - LONGEST_RUN + 1)}
    return len(text) < SHORTEST + LONGEST_RUN and any(piece in run for run in runs for piece in pieces)


def _is_repeated(text: str) -> bool:
    """Whether it is a piece of at most four characters again and again."""
    return any(text == (text[:size] * len(text))[: len(text)] for size in range(1, 5))
