"""A search while its parameters are being read, one after the other.

Law: a draft gathers; it judges nothing beyond one value's own form. Sets that are None have not been
asked for; repeated parameters narrow (and), comma lists widen (or), R4 3.1.1.3.4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from bridge.consent.amounts import AmountTest
from bridge.consent.asked import Order, Selector
from bridge.fhir.outcome import Problem
from bridge.fhir.sought import PAGE, DateText
from bridge.fhir.vocabulary import Token, Vocabulary

Step: TypeAlias = "Problem | bool"
"""A problem, or whether the parameter was used."""


@dataclass(slots=True)
class Draft:
    """What has been read so far. `system`: of our identifiers; `once`: parameters that may not come again; `parts`:
    of a summary, None: none is left out."""

    kind: str
    vocabulary: Vocabulary
    base: str
    strict: bool
    system: str = ""
    patients: set[str] = field(default_factory=set)
    identifier: tuple[str, str] | None = None
    selectors: frozenset[Selector] | None = None
    parts: frozenset[str] | None = None
    dates: list[DateText] = field(default_factory=list)
    updated: list[DateText] = field(default_factory=list)
    ids: frozenset[str] | None = None
    targets: frozenset[str] | None = None
    devices: frozenset[str] | None = None
    device_kinds: frozenset[str] | None = None
    sampled: bool = False
    amounts: list[AmountTest] = field(default_factory=list)
    states: frozenset[str] | None = None
    order: Order = "date"
    count: int = PAGE
    total: bool = False
    count_only: bool = False
    elements: frozenset[str] | None = None
    includes: set[str] = field(default_factory=set)
    once: set[str] = field(default_factory=set)


_VALUE: Final = re.compile(r"(?:[^,\\]|\\.)+", re.DOTALL)
_TOKEN: Final = re.compile(r"((?:[^|\\]|\\.)*\|)?(.*)", re.DOTALL)
_PART: Final = re.compile(r"(?<!\\)\|")
_ESCAPE: Final = re.compile(r"\\([,|$\\])")


def alternatives(value: str) -> list[str]:
    """The values of a comma list (R4 3.1.1.3.4), escapes undone (R4 3.1.1.3.7); none where all are empty."""
    return [_plain(each) for each in _VALUE.findall(value)]


def parts(value: str) -> list[list[str]]:
    """The values of a comma list, each at its bars."""
    return [[_plain(part) for part in _PART.split(each)] for each in _VALUE.findall(value)]


def tokens(value: str) -> list[Token]:
    """The same for tokens: `code`, `system|code`, `|code` or `system|`."""
    found = (_TOKEN.fullmatch(each) for each in _VALUE.findall(value))
    return [Token(None if t[1] is None else _plain(t[1][:-1]), _plain(t[2]) or None) for t in found if t]


def _plain(text: str) -> str:
    return _ESCAPE.sub(r"\1", text)


def narrowed(before: frozenset[str] | None, named: frozenset[str]) -> frozenset[str]:
    """Both, where the parameter had come before."""
    return named if before is None else before & named
