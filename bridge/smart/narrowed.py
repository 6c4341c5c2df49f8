"""Scopes that say what a grant leaves of what was asked: the patient's narrowing, told to the client.

Law: a narrowed list never reaches more than the asked one, and only reading: what a person approves here lets nothing
be submitted, because the page does not say so yet. A system's scopes may create what a submission can have; whether
anything is taken, an intake grant decides (`consent/intake.py`). A type of which no granted kind can be anything is
left out, so that asking for it is 403 (`consent.md`, what the asker learns); where some Observations are granted and
others not, the scope says which categories (SMART App Launch 2.2, finer-grained resource constraints). Days, grain and
sources have no portable spelling in a scope: they are the gate's alone. `*` stays `*` only where every kind is
granted that a wildcard means. A grant without the way `look` opens no type to a token.

Rejected: one code in the scope for each kind (codes are a site's choice; categories are the form's).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from bridge.consent.asked import KIND_OF, SENSITIVE, WILDCARD, Kind, Way
from bridge.consent.summed import REPORTS
from bridge.mapping.resources import OBSERVATION, TYPE_OF
from bridge.smart.scopes import SYSTEM, Fence, Scope, Scopes, shortest

READABLE: Final = "rs"
CREATABLE: Final = "c"
SUBMITTED: Final = ("Device", "DiagnosticReport", "Observation", "Patient", "ServiceRequest")
"""The types that can be created: by a submission, an order also alone."""
ORDERED: Final = "ServiceRequest"
"""What a system also reads back and changes: what it ordered itself (`web/ordering.py`)."""
SUBSCRIPTION: Final = "Subscription"
CATEGORY_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
CATEGORIES: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.GLUCOSE: frozenset({"laboratory"}),
    Kind.CAPILLARY: frozenset({"laboratory", "procedure"}),
    Kind.CARBS: frozenset({"social-history"}),
    Kind.ACTIVITY: frozenset({"activity"}),
    Kind.NOTES: frozenset({"survey"}),
    Kind.EVENTS: frozenset({"procedure"}),
    Kind.MODE: frozenset({"therapy"}),
    Kind.SETTINGS: frozenset({"therapy"}),
    Kind.CYCLE: frozenset({"survey"}),
    Kind.STRESS: frozenset({"survey"}),
    Kind.ILLNESS: frozenset({"survey"}),
    Kind.ALCOHOL: frozenset({"social-history"}),
}
"""The categories that Observations of a kind wear in the shipped shapes; a test holds the two together."""
ALWAYS: Final = frozenset({"Patient", "Provenance", "Consent"})
"""Types that come with any grant: of whom, where from, and what was agreed."""
_OF_STREAMS: Final = {kind: TYPE_OF[stream] for stream, kind in KIND_OF.items()}
OPENED: Final[Mapping[Kind, frozenset[str]]] = {
    **{kind: frozenset({kind_type}) for kind, kind_type in _OF_STREAMS.items()},
    **dict.fromkeys(SENSITIVE.values(), frozenset({OBSERVATION})),
    Kind.GLUCOSE: frozenset({OBSERVATION, *REPORTS}),
    Kind.DEVICE: frozenset({"Device", "DeviceMetric"}),
}
"""The types that resources of a kind are."""
TYPES: Final = tuple(sorted(ALWAYS.union(*OPENED.values())))
"""Every type that a scope can open here."""


def narrowed(asked: Scopes, kinds: frozenset[Kind], ways: Collection[Way]) -> Scopes:
    """What a grant of these kinds and ways leaves of what was asked, never more."""
    if Way.LOOK not in ways or not kinds:
        return Scopes((), asked.words)
    left = [scope for each in asked.items for scope in _left(each, kinds)]
    return Scopes(shortest(left), asked.words)


def served(asked: Scopes) -> Scopes:
    """What of these scopes this server can ever grant: reading of types that are here, creating by systems; the rest
    is dropped (SMART App Launch 2.2: a server may grant fewer scopes than were asked for)."""
    tests = (_is_read, _is_created, _is_ordered, _is_subscribed)
    kept = (each for each in asked.items if any(test(each) for test in tests))
    return Scopes(tuple(kept), asked.words)


def _is_read(asked: Scope) -> bool:
    return asked.resource in ("*", *TYPES) and bool(set(asked.actions) & set(READABLE))


def _is_created(asked: Scope) -> bool:
    """Whether a system may create something by it."""
    is_type = asked.resource in ("*", *SUBMITTED)
    return asked.context in SYSTEM and is_type and CREATABLE in asked.actions


def _is_ordered(asked: Scope) -> bool:
    """Whether a system may read, find or change its own orders by it."""
    return asked.context in SYSTEM and asked.resource == ORDERED and bool(set(asked.actions) & set("rus"))


def _is_subscribed(asked: Scope) -> bool:
    """Whether a system may have itself notified by it."""
    return asked.context in SYSTEM and asked.resource == SUBSCRIPTION


def kinds_of(asked: Scopes) -> frozenset[Kind]:
    """The kinds that a person could grant to these scopes. None: no consent page can be completed for them."""
    return frozenset(kind for kind in Kind if _reaches(asked, kind))


def _reaches(asked: Scopes, kind: Kind) -> bool:
    told = Kind.DEVICE if kind is Kind.SERIALS else kind
    left = narrowed(asked, frozenset({told}), (Way.LOOK,))
    return any(scope.resource in OPENED[told] - ALWAYS for scope in left.items)


def _left(asked: Scope, kinds: frozenset[Kind]) -> Iterator[Scope]:
    actions = "".join(letter for letter in asked.actions if letter in READABLE)
    if not actions:
        return
    cut = replace(asked, actions=actions)
    if asked.resource == "*" and kinds >= WILDCARD:
        yield cut
        return
    opened = ALWAYS.union(*(OPENED.get(kind, frozenset[str]()) for kind in kinds))
    for kind in sorted(opened) if asked.resource == "*" else {asked.resource} & opened:
        for fence in _fences(kind, asked.fence, kinds):
            yield replace(cut, resource=kind, fence=fence)


def _fences(kind: str, asked: Fence, kinds: frozenset[Kind]) -> Iterator[Fence]:
    """The asked fence, or where it names no category one for each category that is granted."""
    granted = frozenset().union(*(CATEGORIES.get(each, frozenset[str]()) for each in kinds))
    if kind != OBSERVATION or kinds >= CATEGORIES.keys() & WILDCARD:
        yield asked
        return
    named = {value.rpartition("|")[2] for name, value in asked if name == "category"}
    if named:
        if all(any(each in granted for each in value.split(",")) for value in named):
            yield asked
        return
    for category in sorted(granted):
        yield asked | {("category", f"{CATEGORY_SYSTEM}|{category}")}
