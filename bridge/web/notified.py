"""Who is notified: for staff the subscriptions of their programs, for a person the programs that are told of them.

Law (`consent.md`, what the person sees): a person sees of a subscription that it is about them, by the door's own word,
under a share that lets new values go by themselves; what its client wrote is never shown to them. Staff see of a
subscription its program, state and last error: not whom it is about, nor how many events there were, nor its headers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

import bridge.store.clients as clients
import bridge.store.destinations as destinations
import bridge.store.subscriptions as kept
from bridge.consent.asked import Way
from bridge.consent.gate import Gate
from bridge.consent.grant import Grant
from bridge.people.remit import Remit
from bridge.smart.tokens import subscriber
from bridge.store.db import Database
from bridge.store.subscriptions import Subscription
from bridge.web.lobby import moment

WORKS: Final = frozenset({"requested", "active"})


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One subscription as staff see it. `program`: its client's name; `since`: UTC; `error`: '' none."""

    program: str
    since: datetime
    state: str
    content: str
    error: str


@final
@dataclass(frozen=True, slots=True)
class Told:
    """A program that a person's share lets be notified. `is_reached`: as far as is known."""

    program: str
    is_reached: bool


def in_remit(db: Database, seen: Remit) -> list[Row]:
    """The subscriptions of the programs that a member of staff sees, by program."""
    rows = [
        Row(_name(db, one.client), moment(one.start), one.status, one.terms.content, one.problem)
        for one in kept.listed(db)
        if seen.client(one.client)
    ]
    return sorted(rows, key=lambda row: (row.program, row.since))


def programs(db: Database, numbers: Iterable[int]) -> dict[int, str]:
    """Whose each destination is, also one that is retired: the program's name."""
    return {each: _name(db, destinations.load(db, each).client) for each in numbers}


def told_under(gate: Gate, db: Database, grant: Grant) -> tuple[Told, ...]:
    """The programs that are notified of this person's new values under a share; one that is off is none."""
    if Way.FEED not in grant.ways:
        return ()
    found: dict[str, bool] = {}
    for client in clients.listed(db):
        if grant.recipient.includes(client.id, client.organization):
            some = [each for each in kept.listed(db, client.id) if each.status != "off"]
            about = [each for each in some if _is_about(gate, db, each, grant)]
            if about:
                is_reached = any(each.status in WORKS for each in about)
                found[client.name] = found.get(client.name, False) or is_reached
    return tuple(Told(name, is_reached) for name, is_reached in sorted(found.items()))


def _is_about(gate: Gate, db: Database, one: Subscription, grant: Grant) -> bool:
    """Whether a subscription of the share's recipient is about its person, as the gate knows ids."""
    bearer = subscriber(db, one.client, one.terms.scopes, one.id, db.clock())
    return bearer is not None and gate.patient(bearer.permit, one.terms.whom) == grant.patient


def _name(db: Database, client: str) -> str:
    try:
        return clients.recall(db, client).name
    except KeyError:
        return client
