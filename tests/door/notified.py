"""The way out that nobody asks for: what a notifier tells a client of a subscription, from the first event on.

Law: the subscription is laid into the store as if it had stood since before the first reading, with the widest scopes,
so that whatever the gate lets through is told at once. What is told is read from the bytes that would leave; an id that
is no reading's of hers is a mean.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Final

import bridge.store.recipients as recipients
import bridge.store.subscriptions as kept
from bridge.net.message import Answer, Framed, Laid, NetFault, Request
from bridge.period import DAY
from bridge.reading import Stream
from bridge.store.clients import load
from bridge.store.subscriptions import Subscription, Terms
from bridge.store.verifications import key_of, verify
from bridge.subscriptions.worker import Notifier
from tests.door.who import Attacker
from tests.web.world import World

ENDPOINT: Final = "https://ehr.example:443/hook"
SUBSCRIBED: Final = "a-subscription-of-theirs"


@dataclass
class Listening:
    """Takes whatever leaves."""

    bodies: list[bytes] = field(default_factory=list)

    async def fetch(self, request: Request) -> Answer | NetFault:
        """A notification."""
        self.bodies.append(request.body)
        return Answer(200, {}, b"")

    async def exchange(self, message: Framed) -> tuple[bytes, ...] | NetFault:
        raise AssertionError("no interface engine stands here")

    async def lay(self, file: Laid) -> NetFault | None:
        raise AssertionError("no portal stands here")


def notified(world: World, attacker: Attacker) -> tuple[set[tuple[str, int]], bytes]:
    """What is told to this client of Ada's glucose, and the bytes of it."""
    names = {
        world.observation_id(each, world.ada): (str(each.stream), each.instant)
        for each in world.readings(Stream.GLUCOSE)
    }
    bodies = run(world, subscribed(world, attacker.client))
    seen = {names.get(name, ("mean", 0)) for body in bodies for name in told(json.loads(body))}
    return seen, b"\n".join(bodies)


def subscribed(world: World, client: str) -> Subscription:
    """A subscription about Ada that stands since before all her readings, of a client that may be notified."""
    kept.allow(world.db, client, "https://ehr.example:443")
    who, whom = load(world.db, client), world.patient_id(world.ada)
    verify(world.db, who, recipients.Known(key_of(who), watcher="Dr. Example", hours="weekdays 9 to 16"))
    terms = Terms(
        whom, (f"Observation?patient={whom}",), ENDPOINT, "to look", "id-only", "application/fhir+json", "60", "",
        "1000", "system/*.rs",
    )  # fmt: skip
    now = world.clock()
    one = Subscription(SUBSCRIBED, client, "active", terms, now + DAY, now, 0, 0)
    assert kept.add(world.db, one, (), 10)
    return one


def run(world: World, one: Subscription) -> list[bytes]:
    """Turns of the notifier until nothing is told any more; the notifications of events."""
    there = Listening()
    notifier = Notifier(world.db, world.gate, world.renderer, there, world.clock, chance=lambda: 0.5)
    many = -1
    while many != len(there.bodies):
        many = len(there.bodies)
        world.clock.now += 1000
        asyncio.run(notifier.once())
    now = kept.found(world.db, one.id)
    assert now is not None and not now.problem
    return [body for body in there.bodies if b'"event-notification"' in body]


def told(bundle: Any) -> list[str]:
    """The ids of the readings that a notification names."""
    return [
        part["valueReference"]["reference"].partition("/")[2]
        for each in bundle["entry"][0]["resource"]["parameter"]
        for part in each.get("part", ())
        if part["name"] == "focus"
    ]
