"""Whose file is it? The person and devices that a file names, against the patient it was given for.

Law (`safety.md`, whose data is it): a contradiction is a reason, and a reason means quarantine; what the
file names is compared and then dropped. Pure. De-identified exports name nobody: placeholder words are
no name, so they contradict nobody.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Final

from bridge.adapters import Person

PLACEHOLDERS: Final = frozenset(
    "test tester testerson person patient paciente redacted anonymous anonym anon demo unknown sample".split()
)


def contradiction(
    named: Person | None, name: str, birth_date: date | None, identifiers: tuple[tuple[str, str], ...]
) -> str | None:
    """Why the person that a file names cannot be the patient; None where nothing speaks against it."""
    if named is None or (named.name and not _words(named.name)):
        return None
    if named.identifiers and set(named.identifiers) & set(identifiers):
        return None
    if _words(named.name) and not _same_name(_words(named.name), _words(name)):
        return "the file names another person than this patient"
    if named.birth_date and birth_date and named.birth_date != birth_date:
        return "the file names another birth date than this patient's"
    return None


def _same_name(one: frozenset[str], other: frozenset[str]) -> bool:
    return not one or not other or one <= other or other <= one


def _words(name: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(c if c.isalpha() else " " for c in plain if not unicodedata.combining(c))
    words = frozenset(letters.split())
    return words if words - PLACEHOLDERS else frozenset()
