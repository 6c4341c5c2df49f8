"""Subscriptions over HTTP: made, read, found, changed and ended by their own client (R5 Backport IG 1.1.0 for R4).

Law: a system's token alone; a subscription of another client is as absent as none. Scopes are asked first, then the
form; what is refused is so whomever the filter names: a person who shares nothing, an unknown one and one who shares
get the same 201, and from then on the same heartbeats (`consent.md`, what the asker learns). Headers are taken, and
never told; another origin than the one that they were given with does not get them. What was taken with another
endpoint or after an end begins with a handshake. A change asks for what a creation asks for.

Rejected: 404 for a person who shares no feed (it would say who does, and a grant that begins tomorrow would come late).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

import bridge.store.subscriptions as kept
from bridge.consent.permit import RecipientPermit
from bridge.fhir.notices import Found
from bridge.fhir.outcome import ABSENT, NOT_READABLE, Problem, bad_parameter, problem
from bridge.fhir.parameters import FORMS, REFUSED
from bridge.fhir.parameters import SUBSCRIPTION as PARAMETERS
from bridge.fhir.subscriptions import REST_HOOK, SUBSCRIPTION, TOPIC
from bridge.receive.bundle import Unfit, parsed
from bridge.store.clients import load
from bridge.store.subscriptions import Subscription
from bridge.subscriptions.asking import Grammar, Request, read, unfit
from bridge.subscriptions.changes import begun, changed, headers
from bridge.subscriptions.where import NOT_MONITORED, NOT_REGISTERED, is_monitored, may_call
from bridge.web.bulk import system
from bridge.web.call import FORM_BYTES, Call, Pairs, Refused
from bridge.web.desk import Desk
from bridge.web.fence import READ, SEARCH, reached
from bridge.web.instance import SHOWN
from bridge.web.negotiate import is_strict, sent_as
from bridge.web.response import FhirResponse, Nothing
from bridge.web.route import Reply

CREATE: Final = "c"
UPDATE: Final = "u"
DELETE: Final = "d"
MOST: Final = 1000
"""Subscriptions of a client."""
TRIES: Final = 8
FULL: Final = problem(429, f"A client has at most {MOST} subscriptions: delete one.")
ANOTHER: Final = problem(
    400, f"{SUBSCRIPTION}.id: the resource has the id of its address.", f"{SUBSCRIPTION}.id"
)
"""R4, RESTful API, update: an id that is missing or disagrees is answered with 400."""
RESTLESS: Final = problem(409, "The subscription is being changed: send it again.")
_NAMES: Final = frozenset(each.name for each in PARAMETERS)
_WORDS: Final = {"type": REST_HOOK, "criteria": TOPIC}


class Subscriptions:
    """Answers what is asked about Subscriptions themselves."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        renderer = desk.renderer
        self._grammar = Grammar(renderer.vocabulary, renderer.base, renderer.system)

    async def create(self, call: Call) -> Reply:
        """POST [base]/Subscription"""
        permit = _allowed(call, CREATE)
        reached(call.bearer, "Observation", READ)
        asked = await self._asked(call, permit)
        one = begun(permit.client, asked, str(call.bearer.scopes), self._desk.clock())
        if isinstance(one, Problem):
            raise Refused(one)
        if not kept.add(self._desk.db, one, asked.headers or (), MOST):
            raise Refused(FULL)
        where = {"Location": f"{self._desk.renderer.base}/{SUBSCRIPTION}/{one.id}"}
        return FhirResponse(201, self._desk.renderer.subscription(one, call.notation), (), where)

    async def read(self, call: Call) -> Reply:
        """GET [base]/Subscription/[id]"""
        one = self.own(call, READ)
        return FhirResponse(200, self._desk.renderer.subscription(one, call.notation))

    async def update(self, call: Call) -> Reply:
        """PUT [base]/Subscription/[id]"""
        permit = _allowed(call, UPDATE)
        reached(call.bearer, "Observation", READ)
        one = self.own(call, UPDATE)
        asked = await self._asked(call, permit)
        if asked.id != one.id:
            raise Refused(ANOTHER)
        for _ in range(TRIES):
            before = self.own(call, UPDATE)
            after = changed(before, asked, str(call.bearer.scopes), self._desk.clock())
            if isinstance(after, Problem):
                raise Refused(after)
            done = kept.put(self._desk.db, before, after, headers(before, asked))
            if done is not None:
                return FhirResponse(200, self._desk.renderer.subscription(done, call.notation))
        raise Refused(RESTLESS)

    async def delete(self, call: Call) -> Reply:
        """DELETE [base]/Subscription/[id]"""
        one = self.own(call, DELETE)
        kept.drop(self._desk.db, one.id, one.client)
        return Nothing(204, {})

    async def get(self, call: Call) -> Reply:
        """GET [base]/Subscription?…"""
        return self._found(call, call.pairs())

    async def post(self, call: Call) -> Reply:
        """POST [base]/Subscription/_search"""
        _allowed(call, SEARCH)
        return self._found(call, call.pairs() + await call.form())

    def own(self, call: Call, action: str) -> Subscription:
        """The subscription that the address names; 404 where it is none of this client's."""
        permit = _allowed(call, action)
        one = kept.found(self._desk.db, call.params["id"], permit.client)
        if one is None:
            raise Refused(ABSENT)
        return one

    # ------------------------------------------------------------------------------------------- parts

    async def _asked(self, call: Call, permit: RecipientPermit) -> Request:
        """The resource in the body; Refused where it is none that can be served."""
        written = sent_as(call.media_type())
        if written is None:
            raise Refused(NOT_READABLE)
        try:
            asked = read(parsed(await call.body(FORM_BYTES), written.media_type), self._grammar)
        except Unfit as wrong:
            raise Refused(wrong.problem) from None
        if isinstance(asked, Problem):
            raise Refused(asked)
        db = self._desk.db
        if not may_call(db, permit.client, asked.endpoint):
            raise Refused(unfit("channel.endpoint", NOT_REGISTERED))
        if not is_monitored(db, load(db, permit.client)):
            raise Refused(unfit("criteria", NOT_MONITORED))
        return asked

    def _found(self, call: Call, pairs: Pairs) -> Reply:
        permit = _allowed(call, SEARCH)
        asked = _searched(pairs, is_strict(call.header(b"prefer")))
        found = tuple(each for each in kept.listed(self._desk.db, permit.client) if _meets(each, asked))
        url = f"{self._desk.renderer.base}/{SUBSCRIPTION}" + (f"?{urlencode(asked)}" if asked else "")
        return FhirResponse(200, self._desk.renderer.paper(Found(found, url), call.notation))


def _allowed(call: Call, action: str) -> RecipientPermit:
    """The system that asks; Refused with 403 where the token is a person's or its scopes do not reach."""
    permit = system(call.bearer)
    reached(call.bearer, SUBSCRIPTION, action)
    return permit


def _searched(pairs: Pairs, strict: bool) -> Pairs:
    """The parameters that are used; Refused where one cannot be honoured."""
    used: list[tuple[str, str]] = []
    for name, value in pairs:
        shown = name[:SHOWN]
        if name in FORMS:
            continue
        if name.partition(":")[0] in REFUSED or "." in name or ":" in name:
            raise Refused(bad_parameter(shown, "chains, modifiers, filters and lists are not offered"))
        if name not in _NAMES:
            if strict:
                raise Refused(bad_parameter(shown, "this parameter is not known for this type"))
            continue
        if not value:
            raise Refused(bad_parameter(shown, "the value is missing; write one or leave the parameter out"))
        used.append((name, value))
    return tuple(used)


def _meets(one: Subscription, asked: Pairs) -> bool:
    told = {"_id": one.id, "status": one.status, "url": one.terms.endpoint} | _WORDS
    return all(told[name] in value.split(",") for name, value in asked)
