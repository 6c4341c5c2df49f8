"""`$status` and `$events` of Subscriptions (R5 Backport IG 1.1.0, operations).

Law: a number of events says how many were told to this very client, never how many there are. `$events` tells those of
the consent epoch of now whose readings the gate lets be told to this very token and read at this moment, and with
`empty` it names none of them: it is a disclosure with an entry of its own. Of any other event it says nothing.

Rejected: number and instant of an event whose reading is hidden (they tell that something came, and when).
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

import bridge.store.occurrences as occurrences
import bridge.store.subscriptions as kept
from bridge.consent.disclosure import Disclosure
from bridge.fhir.notices import Event, Notice, Notification, Statuses, Type, items
from bridge.fhir.outcome import bad_parameter
from bridge.fhir.subscriptions import EMPTY, ID_ONLY, SUBSCRIPTION
from bridge.store.occurrences import Occurrence
from bridge.store.subscriptions import STATUSES, Subscription
from bridge.subscriptions.asking import FULL, Grammar
from bridge.subscriptions.news import feed
from bridge.web.bulk import system
from bridge.web.call import Call, Pairs, Refused
from bridge.web.desk import Desk
from bridge.web.fence import READ, reached
from bridge.web.response import FhirResponse
from bridge.web.route import Reply
from bridge.web.subscriptions import Subscriptions

MOST: Final = 1000
"""Events in one answer."""
_NUMBER: Final = re.compile(r"[0-9]{1,15}")
_LAST: Final = 10**15


class Subscribed:
    """Answers the operations of Subscriptions."""

    def __init__(self, desk: Desk, subscriptions: Subscriptions) -> None:
        self._desk = desk
        self._subscriptions = subscriptions
        renderer = desk.renderer
        self._grammar = Grammar(renderer.vocabulary, renderer.base, renderer.system)

    async def status(self, call: Call) -> Reply:
        """GET or POST [base]/Subscription/[id]/$status"""
        one = self._subscriptions.own(call, READ)
        return self._statuses(call, (one,), f"{SUBSCRIPTION}/{one.id}/$status")

    async def every_status(self, call: Call) -> Reply:
        """GET or POST [base]/Subscription/$status"""
        permit = system(call.bearer)
        reached(call.bearer, SUBSCRIPTION, READ)
        pairs = tuple(each for each in await _sent(call) if each[0] in ("id", "status"))
        ids = {value for name, values in pairs if name == "id" for value in values.split(",")}
        states = {value for name, values in pairs if name == "status" for value in values.split(",")}
        if not states <= set(STATUSES):
            raise Refused(bad_parameter("status", f"one of {', '.join(STATUSES)}"))
        found = kept.listed(self._desk.db, permit.client)
        chosen = tuple(
            each for each in found if each.id in (ids or {each.id}) and each.status in (states or STATUSES)
        )
        rest = f"?{urlencode(pairs)}" if pairs else ""
        return self._statuses(call, chosen, f"{SUBSCRIPTION}/$status{rest}")

    async def events(self, call: Call) -> Reply:
        """GET or POST [base]/Subscription/[id]/$events"""
        one = self._subscriptions.own(call, READ)
        reached(call.bearer, "Observation", READ)
        pairs = dict(await _sent(call))
        first, last = _number(pairs, "eventsSinceNumber", 1), _number(pairs, "eventsUntilNumber", _LAST)
        content = _content(pairs.get("content", ""), one.terms.content)
        events = occurrences.between(self._desk.db, one, first, last, MOST)
        told = await self._told(call, one, events)
        ids = items(told)
        named = (Event(each.number, each.at, str(UUID(bytes=each.item))) for each in events)
        said = tuple(each for each in named if each.item in ids)
        notice = _notice(one, "query-event", said, content)
        paper = Notification(notice, told, self._desk.clock())
        body = self._desk.renderer.paper(paper, call.notation)
        return FhirResponse(200, body, () if told is None else (told,))

    async def _told(self, call: Call, one: Subscription, events: tuple[Occurrence, ...]) -> Disclosure | None:
        """The readings of events as far as they may be told to this token now."""
        found = feed(self._desk.gate, one, call.bearer, self._grammar)
        if found is None or not events:
            return None
        ids = await found.readable(frozenset(str(UUID(bytes=each.item)) for each in events))
        return await found.of(ids) if ids else None

    def _statuses(self, call: Call, found: tuple[Subscription, ...], where: str) -> Reply:
        notices = tuple(_notice(each, "query-status", (), each.terms.content) for each in found)
        paper = Statuses(notices, f"{self._desk.renderer.base}/{where}")
        return FhirResponse(200, self._desk.renderer.paper(paper, call.notation))


def _notice(one: Subscription, type: Type, told: tuple[Event, ...], content: str) -> Notice:
    return Notice(one, type, uuid4(), one.events, told, content)


async def _sent(call: Call) -> Pairs:
    """The parameters of an operation, in the URL and as a form."""
    return call.pairs() if call.method in ("GET", "HEAD") else call.pairs() + await call.form()


def _number(pairs: dict[str, str], name: str, usual: int) -> int:
    written = pairs.get(name, "")
    if written and not _NUMBER.fullmatch(written):
        raise Refused(bad_parameter(name, "write a whole number"))
    return int(written) if written else usual


def _content(asked: str, own: str) -> str:
    if asked == "full-resource":
        raise Refused(bad_parameter("content", FULL))
    if asked not in ("", EMPTY, ID_ONLY):
        raise Refused(bad_parameter("content", f"{EMPTY} or {ID_ONLY}"))
    return EMPTY if EMPTY in (asked, own) else ID_ONLY
