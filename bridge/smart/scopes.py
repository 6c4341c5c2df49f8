"""SMART scopes: read, intersect, print (SMART App Launch 2.2, scopes-and-launch-context).

Law: a scope is the outer fence and never widens; the patient's grant decides. What is not understood in
full (letters out of order, a parameter other than `category` and `code`, a modifier) grants nothing: `.dus`
is not a typo for `.ud`, and `.read` is never `r` and `d`. Absence means no: a token without a matching
scope reaches the empty tuple. Contexts never mix: `patient/` and `user/` belong to a person who signed in,
`system/` to a program alone, and a list is cut to one side before anything is made of it.

Version 1 (`.read`, `.write`, `.*`) maps to `rs`, `cud`, `cruds`; who asked in version 1 is answered in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import quote, unquote

ALL_ACTIONS: Final = "cruds"
WORDS: Final = ("launch", "launch/patient", "openid", "fhirUser", "offline_access", "online_access")
"""Scopes that name no resource: the context of a launch, who signed in, how long access lasts."""
SYSTEM: Final = frozenset({"system"})
PERSON: Final = frozenset({"patient", "user"})
MOST_SCOPES: Final = 100
_LEGACY: Final = {"read": "rs", "write": "cud", "*": ALL_ACTIONS}
_LEGACY_NAMES: Final = {actions: name for name, actions in _LEGACY.items()}
_FENCE_PARAMETERS: Final = {
    "Observation": frozenset({"category", "code"}),
    "MedicationAdministration": frozenset({"code"}),
    "DiagnosticReport": frozenset({"category", "code"}),
    "ServiceRequest": frozenset({"category", "code"}),
}
_GRAMMAR: Final = re.compile(
    r"(patient|user|system)/([A-Z][A-Za-z]{0,63}|\*)\.(read|write|\*|c?r?u?d?s?)(?:\?([\x21-\x7e]+))?"
)
_URI: Final = "http://smarthealthit.org/fhir/scopes/"
"""How a scope is written where only URIs may stand (SMART App Launch 2.2, scopes as URIs)."""

Fence: TypeAlias = frozenset[tuple[str, str]]
"""Search parameters that must all hold; the empty fence holds everything."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope. `actions` is a subset of `cruds` in that order; `resource` may be `*`."""

    context: str
    resource: str
    actions: str
    fence: Fence = frozenset()
    legacy: bool = False

    def covers(self, other: Scope) -> bool:
        """Whether everything that `other` reaches is reached by this one."""
        return (
            self.context == other.context
            and self.resource in ("*", other.resource)
            and set(other.actions) <= set(self.actions)
            and self.fence <= other.fence
        )

    def __str__(self) -> str:
        if self.legacy and not self.fence and self.actions in _LEGACY_NAMES:
            return f"{self.context}/{self.resource}.{_LEGACY_NAMES[self.actions]}"
        terms = "&".join(f"{name}={quote(value, safe='/:|,.-_~')}" for name, value in sorted(self.fence))
        return f"{self.context}/{self.resource}.{self.actions}" + (f"?{terms}" if terms else "")


@dataclass(frozen=True, slots=True)
class Scopes:
    """What one token may ask: scopes of resources, and words of `WORDS`."""

    items: tuple[Scope, ...] = ()
    words: tuple[str, ...] = ()

    def reach(self, resource: str, action: str) -> tuple[Fence, ...]:
        """The fences inside which `action` (one of `cruds`) on `resource` is allowed: an item is inside when
        any one fence holds it. Empty: not allowed at all. An empty fence among them: without limit."""
        fences = tuple(
            scope.fence
            for scope in self.items
            if scope.resource in ("*", resource) and action in scope.actions
        )
        return (frozenset(),) if frozenset() in fences else fences

    def of(self, contexts: frozenset[str]) -> Scopes:
        """Those of these contexts; words go only with a person."""
        kept = tuple(scope for scope in self.items if scope.context in contexts)
        return Scopes(kept, self.words if contexts & PERSON else ())

    def __bool__(self) -> bool:
        return bool(self.items or self.words)

    def __contains__(self, word: str) -> bool:
        return word in self.words

    def __str__(self) -> str:
        return " ".join((*self.words, *map(str, self.items)))


def read(text: str) -> Scope | None:
    """One scope of resources, or None where it is not understood in full."""
    match = _GRAMMAR.fullmatch(text)
    if match is None or not match[3]:
        return None
    context, resource, actions, terms = match.groups()
    if terms is None:
        return Scope(context, resource, _LEGACY.get(actions, actions), legacy=actions in _LEGACY)
    fence = _fence(resource, terms)
    return None if fence is None or actions in _LEGACY else Scope(context, resource, actions, fence)


@lru_cache(maxsize=1024)
def parse(text: str) -> Scopes:
    """The understood scopes of a space-separated list, without repetitions."""
    parts = _parts(text)
    words = tuple(word for word in dict.fromkeys(parts) if word in WORDS)
    return Scopes(shortest([scope for scope in map(read, parts) if scope is not None]), words)


def not_understood(text: str) -> tuple[str, ...]:
    """The parts of a scope list that `parse` leaves out: for telling a person at registration."""
    return tuple(part for part in _parts(text) if part not in WORDS and read(part) is None)


def granted(asked: str, registered: str) -> Scopes:
    """What is asked for, cut to what is registered, in the asker's spelling."""
    return met(parse(asked), parse(registered))


def met(asked: Scopes, held: Scopes) -> Scopes:
    """What both reach, in the spelling of `asked`."""
    items = [_meet(one, other) for one in asked.items for other in held.items]
    words = tuple(word for word in asked.words if word in held.words)
    return Scopes(shortest([scope for scope in items if scope is not None]), words)


def shortest(scopes: list[Scope]) -> tuple[Scope, ...]:
    """The scopes without those that another one covers."""
    kept: list[Scope] = []
    for scope in scopes:
        if not any(other.covers(scope) for other in kept):
            kept = [other for other in kept if not scope.covers(other)] + [scope]
    return tuple(kept)


def _parts(text: str) -> list[str]:
    return [part.removeprefix(_URI) for part in text.split()[:MOST_SCOPES]]


def _fence(resource: str, terms: str) -> Fence | None:
    allowed = _FENCE_PARAMETERS.get(resource, frozenset[str]())
    pairs = [term.partition("=") for term in terms.split("&")]
    if any(name not in allowed or not value for name, _, value in pairs):
        return None
    return frozenset((name, unquote(value)) for name, _, value in pairs)


def _meet(asked: Scope, held: Scope) -> Scope | None:
    resources = {asked.resource, held.resource} - {"*"}
    actions = "".join(letter for letter in asked.actions if letter in held.actions)
    if asked.context != held.context or len(resources) > 1 or not actions:
        return None
    resource = resources.pop() if resources else "*"
    return Scope(asked.context, resource, actions, asked.fence | held.fence, asked.legacy)
