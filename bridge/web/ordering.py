"""Orders over HTTP: a client says what it wants to be sent about one person, reads its own orders, and ends them.

Law (`consent.md`, what the asker learns; `smart-consent.md` 7.2): an order opens nothing. It is taken of a client with
whom the person shares at this moment, under the id by which the client knows the person; one who shares nothing, one
who ended it and nobody are one refusal. Another client's order, and one of somebody who shares no more, is absent. No
ledger row: nothing about the person leaves, a client reads what it wrote. Scopes decide first, granular ones too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.routing import Route

from bridge.consent.gate import Gate
from bridge.consent.permit import RecipientPermit
from bridge.fhir.filters import ONE_PATIENT
from bridge.fhir.orders import KIND, SEARCHED, Ordered
from bridge.fhir.outcome import ABSENT, NOT_READABLE, OUT_OF_SCOPE, Problem, bad_parameter, problem
from bridge.fhir.render import Renderer
from bridge.order import Order
from bridge.people.throttle import Of, attempt_all
from bridge.period import Instant
from bridge.receive.bundle import Unfit, parsed
from bridge.receive.entry import is_inside, of_profile
from bridge.receive.node import Node, node, pair, text
from bridge.receive.order import order
from bridge.receive.subject import Named, local
from bridge.smart.scopes import Fence
from bridge.smart.tokens import Bearer
from bridge.store.db import Database
from bridge.store.keys import Erased
from bridge.store.orders import Kept
from bridge.web.call import Call, Pairs, Refused
from bridge.web.desk import Desk
from bridge.web.fence import READ, SEARCH, reached
from bridge.web.meters import Meters
from bridge.web.negotiate import is_strict, sent_as
from bridge.web.ordered import Orderer, id_of, mine, renewed, shares, taken, told
from bridge.web.receiving import CREATE
from bridge.web.response import FhirResponse
from bridge.web.route import Guard, route
from bridge.web.submitting import NOT_TAKEN

UPDATE: Final = "u"
MOST_BYTES: Final = 64 * 1024
OTHER: Final = problem(
    422, "The resource has another id or another subject than the order.", "ServiceRequest.id"
)
TOO_OFTEN: Final = problem(429, "Orders for this person come too often: wait, and change one seldom.")
_NAMES: Final = frozenset(name for name, _ in SEARCHED)


def routes(
    gate: Gate, renderer: Renderer, db: Database, clock: Callable[[], Instant], meters: Meters
) -> list[Route]:
    """Create, read, update and search of orders."""
    desk, permit = Desk(gate, renderer, db, clock, meters), Guard(db, clock)
    ordering = Ordering(desk)
    return [
        route(f"/fhir/{KIND}", {"GET": ordering.get, "POST": ordering.create}, desk=desk, permit=permit),
        route(f"/fhir/{KIND}/_search", {"POST": ordering.post}, desk=desk, permit=permit),
        route(
            f"/fhir/{KIND}/{{id}}", {"GET": ordering.read, "PUT": ordering.update}, desk=desk, permit=permit
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Sent:
    """An order as it was sent, and whom it names."""

    order: Order
    resource: Node
    named: Named


class Ordering:
    """Answers what is asked about orders."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def create(self, call: Call) -> FhirResponse:
        """POST [base]/ServiceRequest"""
        permit, fences = _recipient(call.bearer), reached(call.bearer, KIND, CREATE)
        sent = await self._sent(call, fences)
        made = await asyncio.to_thread(self._created, permit, sent)
        return self._answer(call, 201, made, {"Location": f"{self._desk.renderer.base}/{KIND}/{made.id}"})

    async def update(self, call: Call) -> FhirResponse:
        """PUT [base]/ServiceRequest/[id]"""
        permit, fences = _recipient(call.bearer), reached(call.bearer, KIND, UPDATE)
        sent = await self._sent(call, fences)
        done = await asyncio.to_thread(self._updated, permit, call.params["id"], sent, fences)
        return self._answer(call, 200, done)

    async def read(self, call: Call) -> FhirResponse:
        """GET [base]/ServiceRequest/[id]"""
        permit, fences = _recipient(call.bearer), reached(call.bearer, KIND, READ)
        found = await asyncio.to_thread(self._own, permit, call.params["id"], fences)
        return self._answer(call, 200, told(Orderer(self._desk, permit), found))

    async def get(self, call: Call) -> FhirResponse:
        """GET [base]/ServiceRequest?…"""
        return await self._found(call, call.pairs())

    async def post(self, call: Call) -> FhirResponse:
        """POST [base]/ServiceRequest/_search"""
        return await self._found(call, call.pairs() + await call.form())

    # ------------------------------------------------------------------------------------------- parts

    def _answer(
        self, call: Call, status: int, one: Ordered, headers: dict[str, str] | None = None
    ) -> FhirResponse:
        return FhirResponse(status, self._desk.renderer.order(one, call.notation), (), headers)

    async def _sent(self, call: Call, fences: Sequence[Fence]) -> _Sent:
        """The order in the body; Refused where it is none, or outside of the scopes."""
        written = sent_as(call.media_type())
        if written is None:
            raise Refused(NOT_READABLE)
        body = await call.body(MOST_BYTES)
        try:
            resource = parsed(body, written.media_type)
        except Unfit as unfit:
            raise Refused(unfit.problem) from None
        if text(resource, "resourceType") != KIND:
            raise Refused(Problem(400, "structure", f"The body is no {KIND}."))
        if not any(is_inside(fence, resource) for fence in fences):
            raise Refused(OUT_OF_SCOPE)
        judged, found = of_profile(resource, KIND), order(resource)
        if isinstance(judged, Problem):
            raise Refused(judged)
        if not isinstance(found, Order):
            where, why = found[0]
            raise Refused(Problem(422, "invariant", f"{KIND}.{where} {why}.", (f"{KIND}.{where}",)))
        return _Sent(found, resource, self._named(resource))

    def _named(self, resource: Node) -> Named:
        subject = node(resource, "subject")
        written, logical = text(subject, "reference"), pair(node(subject, "identifier"))
        if written:
            return Named(local(written, "Patient", self._desk.renderer.base))
        return Named("", (logical,)) if logical else Named()

    def _created(self, permit: RecipientPermit, sent: _Sent) -> Ordered:
        whose = Orderer(self._desk, permit)
        patient = self._whom(permit, whose, sent.named)
        self._often(permit, patient)
        if patient is None:
            raise Refused(NOT_TAKEN)
        try:
            kept = taken(whose, patient, sent.order)
        except Erased:
            raise Refused(NOT_TAKEN) from None
        if isinstance(kept, Problem):
            raise Refused(kept)
        return told(whose, kept)

    def _whom(self, permit: RecipientPermit, whose: Orderer, named: Named) -> int | None:
        """The person who shares with this client, by the id by which it knows them, or by an identifier that the share
        shows; None where there is nobody."""
        found = whose.of(named)
        if found is None or not shares(self._desk, permit, found):
            return None
        is_shown = named.id or all(
            self._desk.gate.identified(permit, *each) == found for each in named.identifiers
        )
        return found if is_shown else None

    def _updated(self, permit: RecipientPermit, id_: str, sent: _Sent, fences: Sequence[Fence]) -> Ordered:
        kept, whose = self._mine(permit, id_, fences), Orderer(self._desk, permit)
        self._often(permit, None if kept is None else kept.patient)
        if kept is None:
            raise Refused(ABSENT)
        if text(sent.resource, "id") != id_ or self._whom(permit, whose, sent.named) != kept.patient:
            raise Refused(OTHER)
        changed = renewed(whose, kept, sent.order)
        if isinstance(changed, Problem):
            raise Refused(changed)
        return told(whose, changed)

    def _own(self, permit: RecipientPermit, id_: str, fences: Sequence[Fence]) -> Kept:
        kept = self._mine(permit, id_, fences)
        if kept is None:
            raise Refused(ABSENT)
        return kept

    def _mine(self, permit: RecipientPermit, id_: str, fences: Sequence[Fence]) -> Kept | None:
        """The order of that id, where it is this client's own and the person shares with it; None: absent."""
        patient = self._desk.gate.patient(permit, id_, KIND)
        if patient is not None and shares(self._desk, permit, patient):
            whose = Orderer(self._desk, permit)
            for kept, one in mine(whose, patient):
                if id_of(whose, kept) == id_ and any(is_inside(each, _coded(one)) for each in fences):
                    return kept
        return None

    async def _found(self, call: Call, pairs: Pairs) -> FhirResponse:
        permit, fences = _recipient(call.bearer), reached(call.bearer, KIND, SEARCH)
        asked = _asked(self._desk.in_context(permit, KIND, pairs), is_strict(call.header(b"prefer")))
        matching = await asyncio.to_thread(self._matching, permit, fences, dict(asked))
        url = f"{self._desk.renderer.base}/{KIND}?{urlencode(asked)}"
        return FhirResponse(200, self._desk.renderer.orders(matching, url, call.notation))

    def _matching(
        self, permit: RecipientPermit, fences: Sequence[Fence], asked: dict[str, str]
    ) -> list[Ordered]:
        base = self._desk.renderer.base
        named = [asked[name] for name in ("patient", "subject") if name in asked]
        names = {local(each, "Patient", base) or each for each in named}
        if len(names) != 1:
            raise Refused(bad_parameter("patient", ONE_PATIENT))
        patient = self._desk.patient(permit, "Patient", *names)
        if patient is None or not shares(self._desk, permit, patient):
            return []
        whose = Orderer(self._desk, permit)
        every = (
            told(whose, kept)
            for kept, one in mine(whose, patient)
            if any(is_inside(each, _coded(one)) for each in fences)
        )
        return [each for each in every if _fits(each, asked)]

    def _often(self, permit: RecipientPermit, patient: int | None) -> None:
        """Refused with 429 where this client orders too often for a person, under whatever name; all for whom it may
        not are one, so that nobody learns who is known here by being counted apart."""
        who = "nobody" if patient is None else patient
        later = attempt_all(
            self._desk.db, Of.SUBMISSION, [f"order\0{permit.client}\0{who}"], self._desk.clock()
        )
        if later is not None:
            raise Refused(TOO_OFTEN, {"Retry-After": str(later.seconds)})


def _recipient(bearer: Bearer) -> RecipientPermit:
    """Who orders; Refused where it is no client."""
    if not isinstance(bearer.permit, RecipientPermit):
        raise Refused(OUT_OF_SCOPE)
    return bearer.permit


def _asked(pairs: Pairs, strict: bool) -> Pairs:
    """The parameters that are used; Refused where one cannot be honoured."""
    used: list[tuple[str, str]] = []
    for name, value in pairs:
        if name in _NAMES:
            if not value or name in {known for known, _ in used}:
                raise Refused(bad_parameter(name, "write one value, once"))
            used.append((name, value))
        elif strict and name != "_format":
            raise Refused(bad_parameter(name[:40], "this parameter is not known for this type"))
    if not {"patient", "subject"} & {name for name, _ in used}:
        raise Refused(bad_parameter("patient", "say whose orders are meant"))
    return tuple(used)


def _fits(one: Ordered, asked: dict[str, str]) -> bool:
    ids, statuses = asked.get("_id", one.id), asked.get("status", one.order.status.value)
    said: Iterable[str] = (each.rpartition("|")[2] for each in statuses.split(","))
    is_named = one.id in ids.split(",") and one.order.status.value in said
    return (
        is_named and is_inside(frozenset({("code", asked["code"])}), _coded(one.order))
        if "code" in asked
        else is_named
    )


def _coded(one: Order) -> Node:
    """What a granular scope looks at."""
    system, code = one.code
    return {"code": {"coding": [{"system": system, "code": code}]}}
