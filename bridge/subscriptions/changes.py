"""A subscription made, and changed, as its client asks: pure.

Law (R5 Backport IG, workflow): a client asks for `requested` or `off`; whether it is `active` the handshake finds.
What came while it was off is no event; what came while it was in error is told once it is active again. Another person
or filter is another subscription, for its events would have numbers of both. Headers are meant for the origin that they
were given with, and for no other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import uuid4

from bridge.fhir.outcome import Problem
from bridge.net.endpoint import origin
from bridge.period import DAY, Instant
from bridge.store.subscriptions import Subscription, Terms
from bridge.subscriptions.asking import Request, unfit

LONGEST: Final = 366 * DAY
"""No subscription lasts longer, as no grant does; one without an end gets this one."""
NO_END: Final = unfit("end", "an instant to come, within 366 days")
NEW: Final = unfit("status", "a new subscription is requested")
OTHER: Final = unfit("criteria", "another person or filter is another subscription: create one")
NEITHER: Final = unfit("status", "send requested to begin anew, or off")


def begun(client: str, asked: Request, scopes: str, now: Instant) -> Subscription | Problem:
    """A new subscription."""
    ends = now + LONGEST if asked.ends is None else asked.ends
    if asked.status not in ("requested", "active"):
        return NEW
    if not now < ends <= now + LONGEST:
        return NO_END
    return Subscription(str(uuid4()), client, "requested", _terms(asked, scopes), ends, now, now, now)


def changed(before: Subscription, asked: Request, scopes: str, now: Instant) -> Subscription | Problem:
    """The subscription as it is asked to be now."""
    wanted, ends = _terms(asked, scopes), before.ends if asked.ends is None else asked.ends
    if (wanted.whom, wanted.filters) != (before.terms.whom, before.terms.filters):
        return OTHER
    if ends > now + LONGEST or (ends <= now and asked.status != "off"):
        return NO_END
    after = replace(before, terms=wanted, ends=ends, changed=now)
    if asked.status == "off":
        return replace(after, status="off", beat=None)
    is_active = asked.status == before.status == "active"
    if is_active and wanted.endpoint == before.terms.endpoint:
        return after if wanted.heartbeat == before.terms.heartbeat else replace(after, beat=beat(wanted, now))
    if not is_active and asked.status != "requested":
        return NEITHER
    anew = replace(after, status="requested", beat=None, failures=0, due=0, problem="")
    return replace(anew, start=now, since=now) if before.status == "off" else anew


def headers(before: Subscription, asked: Request) -> tuple[str, ...] | None:
    """The headers of a changed subscription: those that were sent; where none were, as they were (None) at the same
    origin, and none at another, which would learn the secret of the first."""
    if asked.headers is not None or origin(asked.endpoint) == origin(before.terms.endpoint):
        return asked.headers
    return ()


def _terms(asked: Request, scopes: str) -> Terms:
    """What rests of a request."""
    told = asked.settings
    return Terms(
        asked.whom, asked.filters, asked.endpoint, asked.reason, asked.content, asked.payload,
        told["heartbeat"], told["timeout"], told["most"], scopes,
    )  # fmt: skip


def beat(wanted: Terms, now: Instant) -> Instant | None:
    """When the first heartbeat is due."""
    return now + int(wanted.heartbeat) * 1000 if wanted.heartbeat else None
