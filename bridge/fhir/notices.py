"""What is said about a subscription: searchsets, `$status`, notifications (R5 Backport IG 1.1.0 for R4).

Law: of the person nothing stands here but ids of readings, and these come from a Disclosure alone: an event whose
reading is not in it keeps its number and names nothing. A history Bundle has a request and a response for each entry
(R4 2.36.5, bdl-3 and bdl-4); with `empty` there is the status alone, and no topic in it (IG, payloads).

Rejected: full-resource (readings would rest in queues and logs of whoever runs the endpoint, past any revocation).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, final
from uuid import UUID

from bridge.consent.disclosure import Disclosure
from bridge.fhir.bundle import Head
from bridge.fhir.cells import instant
from bridge.fhir.notation import Notation
from bridge.fhir.subscriptions import EMPTY, ID_ONLY, NOTIFICATION, STATUS, SUBSCRIPTION, TOPIC, resource
from bridge.fhir.tree import Node, Tree, concept
from bridge.mapping.resources import OBSERVATION
from bridge.period import Instant
from bridge.store.subscriptions import Subscription

Type: TypeAlias = Literal["handshake", "heartbeat", "event-notification", "query-status", "query-event"]


@final
@dataclass(frozen=True, slots=True)
class Event:
    """One event: its number, since when, and the reading's id."""

    number: int
    at: Instant
    item: str


@final
@dataclass(frozen=True, slots=True)
class Notice:
    """What is said about a subscription. `name`: of the status; `events`: how many so far; `told`: those that are
    told; `content`: how much of them."""

    subscription: Subscription
    type: Type
    name: UUID
    events: int
    told: tuple[Event, ...] = ()
    content: str = EMPTY


@final
@dataclass(frozen=True, slots=True)
class Found:
    """Subscriptions that were searched for; `url`: the self link."""

    subscriptions: tuple[Subscription, ...]
    url: str

    def written(self, notation: Notation, base: str) -> tuple[Head, list[bytes]]:
        """The Bundle's head and entries."""
        trees: list[Tree] = [
            {
                "fullUrl": f"{base}/{SUBSCRIPTION}/{each.id}",
                "resource": resource(each),
                "search": {"mode": "match"},
            }
            for each in self.subscriptions
        ]
        head = Head("searchset", len(trees), (("self", self.url),))
        return head, [notation.entry(each) for each in trees]


@final
@dataclass(frozen=True, slots=True)
class Statuses:
    """What `$status` answers; `url`: the self link."""

    notices: tuple[Notice, ...]
    url: str

    def written(self, notation: Notation, base: str) -> tuple[Head, list[bytes]]:
        """The Bundle's head and entries."""
        trees: list[Tree] = [
            {
                "fullUrl": f"urn:uuid:{each.name}",
                "resource": _status(each, frozenset()),
                "search": {"mode": "match"},
            }
            for each in self.notices
        ]
        head = Head("searchset", len(trees), (("self", self.url),))
        return head, [notation.entry(each) for each in trees]


@final
@dataclass(frozen=True, slots=True)
class Notification:
    """A notification made `at` that instant; of readings it names those of the disclosure, where it names any."""

    notice: Notice
    disclosure: Disclosure | None
    at: Instant

    def written(self, notation: Notation, base: str) -> tuple[Head, list[bytes]]:
        """The Bundle's head and entries, the status first."""
        ids = items(self.disclosure) if self.notice.content == ID_ONLY else frozenset[str]()
        head = Head("history", timestamp=self.at, profile=NOTIFICATION)
        return head, [notation.entry(each) for each in _entries(self.notice, ids, base)]


Paper: TypeAlias = Found | Statuses | Notification


def items(disclosure: Disclosure | None) -> frozenset[str]:
    """The ids of the readings that were disclosed."""
    groups = () if disclosure is None else disclosure.groups
    return frozenset(str(UUID(bytes=row.tobytes())) for group in groups for row in group.ids)


def _entries(notice: Notice, ids: frozenset[str], base: str) -> Iterator[Tree]:
    asked = f"{base}/{SUBSCRIPTION}/{notice.subscription.id}/$status"
    yield {
        "fullUrl": f"urn:uuid:{notice.name}",
        "resource": _status(notice, ids),
        "request": {"method": "GET", "url": asked},
        "response": {"status": "200"},
    }
    for each in dict.fromkeys(each.item for each in notice.told if each.item in ids):
        named = f"{OBSERVATION}/{each}"
        yield {
            "fullUrl": f"{base}/{named}",
            "request": {"method": "GET", "url": named},
            "response": {"status": "200"},
        }


def _status(notice: Notice, ids: frozenset[str]) -> Tree:
    one = notice.subscription
    error: Tree = {"name": "error", "valueCodeableConcept": concept(text=one.problem or None)}
    told: tuple[Node, ...] = (
        {"name": "subscription", "valueReference": {"reference": f"{SUBSCRIPTION}/{one.id}"}},
        {"name": "topic", "valueCanonical": TOPIC} if notice.content == ID_ONLY else None,
        {"name": "status", "valueCode": one.status},
        {"name": "type", "valueCode": notice.type},
        {"name": "events-since-subscription-start", "valueString": str(notice.events)},
        *(_event(each, ids) for each in notice.told),
        error if one.problem else None,
    )
    return {
        "resourceType": "Parameters",
        "id": str(notice.name),
        "meta": {"profile": (STATUS,)},
        "parameter": told,
    }


def _event(event: Event, ids: frozenset[str]) -> Tree:
    focus: Tree = {"name": "focus", "valueReference": {"reference": f"{OBSERVATION}/{event.item}"}}
    parts: tuple[Node, ...] = (
        {"name": "event-number", "valueString": str(event.number)},
        {"name": "timestamp", "valueInstant": instant(event.at)},
        focus if event.item in ids else None,
    )
    return {"name": "notification-event", "part": parts}
