"""`$submit-cgm-bundle` and `$validate`: what others submit about a person (HL7 CGM IG 1.0.0, cgm-data-receiver).

Law (`consent.md`, custody): the scopes say which types may be created, the intake grant whether anything of this
submitter is taken for this person; each entry is judged alone and answered in its place; what was taken is kept
whole or not at all. Only a call that is no submission, comes too often, or is for nobody here is refused whole, with
one OperationOutcome. `$validate` makes the same checks of form, knows nobody and keeps nothing. One submission of an
organisation at a time in a process: two at once could both find that a condition fits nothing. The index is of that
organisation alone, so another one's submission waits for none of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from starlette.routing import Route

from bridge.consent.gate import Gate
from bridge.consent.intake import submitter
from bridge.consent.permit import RecipientPermit
from bridge.fhir.outcome import NOT_READABLE, OUT_OF_SCOPE, Problem, problem
from bridge.fhir.render import Receipt, Renderer
from bridge.mapping import Mappings
from bridge.people.throttle import Of, attempt_all
from bridge.period import Instant
from bridge.receive.bundle import MOST_BYTES, Submission, Unfit, parsed, submission
from bridge.receive.entry import TYPES, judged, of_profile
from bridge.receive.node import Node, node, nodes, text
from bridge.receive.profiles import What
from bridge.receive.subject import NOBODY, subject
from bridge.smart.scopes import Fence
from bridge.smart.tokens import Bearer
from bridge.store.db import Database
from bridge.web.call import Call, Refused
from bridge.web.desk import Desk
from bridge.web.fence import INSUFFICIENT
from bridge.web.meters import Meters
from bridge.web.negotiate import sent_as
from bridge.web.response import FhirResponse
from bridge.web.route import Guard, Reply, route
from bridge.web.submitting import Whose
from bridge.web.taking import Taking

CREATE: Final = "c"
PATH: Final = "/fhir/$submit-cgm-bundle"
READ_AS: Final = {
    "Observation": What.READING,
    "Device": What.DEVICE,
    "Patient": What.PATIENT,
    "DiagnosticReport": What.REPORT,
    "ServiceRequest": What.ORDER,
}
"""As what an entry of a type says whom it is about, before it is judged."""
TOO_OFTEN: Final = problem(429, "Submissions for this person come too often: wait, and send more in each.")
NO_RESOURCE: Final = Problem(
    400, "required", "$validate takes a resource of this type, or Parameters with one as `resource`."
)
_EVERYTHING: Final[Mapping[str, Sequence[Fence]]] = {kind: (frozenset(),) for kind in TYPES}


def routes(
    gate: Gate,
    renderer: Renderer,
    db: Database,
    clock: Callable[[], Instant],
    meters: Meters,
    mappings: Mappings,
) -> list[Route]:
    """The submission, and the validation of each type that it may have."""
    desk, permit = Desk(gate, renderer, db, clock, meters), Guard(db, clock)
    receiver = Receiver(desk, mappings)
    made = [route(PATH, {"POST": receiver.submit}, desk=desk, permit=permit)]
    for kind in ("Bundle", *TYPES):
        handlers = {"POST": partial(receiver.validate, kind)}
        made.append(route(f"/fhir/{kind}/$validate", handlers, desk=desk, permit=permit))
    return made


class Receiver:
    """Answers submissions and validations."""

    def __init__(self, desk: Desk, mappings: Mappings) -> None:
        self._desk = desk
        self._mappings = mappings
        self._one: dict[str, asyncio.Lock] = {}

    async def submit(self, call: Call) -> Reply:
        """POST [base]/$submit-cgm-bundle."""
        permit, reach = _allowed(call.bearer, TYPES)
        body, written = await _sent(call)
        who = submitter(permit.client, permit.organization)
        async with self._one.setdefault(who, asyncio.Lock()):
            done = await asyncio.to_thread(self._taken, permit, reach, body, written)
        return FhirResponse(200, self._desk.renderer.transaction_response(done, call.notation))

    async def validate(self, kind: str, call: Call) -> Reply:
        """POST [base]/[type]/$validate."""
        _allowed(call.bearer, TYPES if kind == "Bundle" else (kind,))
        body, written = await _sent(call)
        found = await asyncio.to_thread(self._faults, kind, body, written)
        return FhirResponse(200, self._desk.renderer.verdict(found, call.notation))

    def _taken(
        self, permit: RecipientPermit, reach: Mapping[str, Sequence[Fence]], body: bytes, written: str
    ) -> list[Receipt]:
        try:
            found = submission(parsed(body, written))
        except Unfit as unfit:
            raise Refused(unfit.problem) from None
        whose = Whose(self._desk, permit)
        self._often(permit, whose, found)
        return Taking(self._desk, self._mappings, permit, reach, found, whose).receipts()

    def _often(self, permit: RecipientPermit, whose: Whose, found: Submission) -> None:
        """Refused with 429 where this client submits too often about one of the persons that any entry names, for whom
        it may; all for whom it may not are one, so that nobody learns who is known here by being counted apart."""
        about = {permit.patient} if permit.patient is not None else set[int]()
        for each in found.entries:
            what = READ_AS.get(each.type)
            named = None if what is None else subject(found, each, what, self._desk.renderer.base)
            who = None if named is None else whose.of(named)
            about |= {who} if who is not None and whose.kinds(who) else set()
        names = [f"{permit.client}\0{who}" for who in sorted(about) or ("nobody",)]
        later = attempt_all(self._desk.db, Of.SUBMISSION, names, self._desk.clock())
        if later is not None:
            raise Refused(TOO_OFTEN, {"Retry-After": str(later.seconds)})

    def _faults(self, kind: str, body: bytes, written: str) -> list[Problem]:
        try:
            found = _resource(parsed(body, written), kind)
            if kind == "Bundle":
                return list(self._of_entries(submission(found)))
        except Unfit as unfit:
            return [unfit.problem]
        judgement = of_profile(found, kind)
        return [judgement] if isinstance(judgement, Problem) else []

    def _of_entries(self, found: Submission) -> Iterator[Problem]:
        base = self._desk.renderer.base
        for each in found.entries:
            judgement = judged(each, _EVERYTHING)
            if isinstance(judgement, Problem):
                yield judgement
            elif subject(found, each, judgement.what, base) == NOBODY:
                yield Problem(
                    422, "business-rule", f"{each.place}: names nobody by an id or identifier.", (each.place,)
                )


def _allowed(bearer: Bearer, kinds: Sequence[str]) -> tuple[RecipientPermit, Mapping[str, Sequence[Fence]]]:
    """The client, and where its scopes let it create each type; Refused with 403 where nowhere."""
    reach = {kind: bearer.scopes.reach(kind, CREATE) for kind in kinds}
    if not isinstance(bearer.permit, RecipientPermit) or not any(reach.values()):
        raise Refused(OUT_OF_SCOPE, INSUFFICIENT)
    return bearer.permit, reach


async def _sent(call: Call) -> tuple[bytes, str]:
    """The body and its media type."""
    written = sent_as(call.media_type())
    if written is None:
        raise Refused(NOT_READABLE)
    return await call.body(MOST_BYTES), written.media_type


def _resource(found: Node, kind: str) -> Node:
    """The resource to validate. Unfit where it is of another type."""
    if text(found, "resourceType") == "Parameters":
        given = (each for each in nodes(found, "parameter") if text(each, "name") == "resource")
        found = node(next(given, {}), "resource")
    if text(found, "resourceType") != kind:
        raise Unfit(NO_RESOURCE)
    return found
