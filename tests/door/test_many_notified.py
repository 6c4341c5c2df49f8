"""Random grants and readings as in `many.py`; what a subscription tells is what the independent oracle permits.

`BRIDGE_NOTIFIED` says how many cases (40; by hand 1,000). With `id-only` a reading is told where it may go as a feed
and can be read by its id: what the oracle gives by both ways. A mean that was looked at as a feed is known of then, so
it reads as taken back where looking opens its readings (`many.py`, bulk): such a one may be told too, a reading never.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

import bridge.store.recipients as recipients
import bridge.store.subscriptions as kept
from bridge.store.clients import load
from bridge.store.ids import Name
from bridge.store.subscriptions import Subscription, Terms
from bridge.store.verifications import key_of, verify
from bridge.subscriptions.worker import Notifier
from tests.consent import oracle
from tests.consent.world import CLINIC, DAY, opened
from tests.door.many import Asker, Laid, drawn, in_memory
from tests.door.notified import ENDPOINT, Listening, told

CASES = int(os.environ.get("BRIDGE_NOTIFIED", "40"))
WAYS = (("look", "feed"), ("look", "feed"), ("look", "feed"), ("feed",), ("look",))
Thing: TypeAlias = tuple[int, int, int, int]
"""Series, start, end and grain."""


def plans(chance: random.Random) -> tuple[oracle.Grant, ...]:
    """The grants of a case, by ways of which some are a feed."""
    return tuple(replace(each, ways=frozenset(chance.choice(WAYS))) for each in drawn(chance).grants)


def permitted(known: oracle.World) -> tuple[set[Thing], int]:
    """What may be told: glucose that goes as a feed and can be read; and how many means more go as a feed."""
    both = (
        {
            (item.series, item.start, item.end, item.grain)
            for item in replace(known, way=way).items()
            if item.stream == "glucose"
        }
        for way in ("feed", "look")
    )
    feed, look = both
    return feed & look, sum(grain > 0 for *_, grain in feed - look)


def subscribed(asker: Asker, laid: Laid, number: int) -> Subscription:
    """A subscription about the person of a case, from before all readings."""
    whom, now = asker.person(laid), asker.world.clock()
    terms = Terms(
        whom, (f"Observation?patient={whom}",), ENDPOINT, "to look", "id-only", "application/fhir+json", "", "",
        "40", "system/*.rs",
    )  # fmt: skip
    one = Subscription(f"case-{number}", CLINIC.client, "active", terms, now + DAY, now, 0, 0)
    assert kept.add(asker.world.db, one, (), CASES)
    return one


def names(asker: Asker, notifier: Notifier, there: Listening) -> list[str]:
    """What is told until nothing is told any more."""
    many = -1
    while many != len(there.bodies):
        many = len(there.bodies)
        asker.world.clock.now += 1000
        asker.runner.run(notifier.once())
    found = [name for body in there.bodies for name in told(json.loads(body))]
    there.bodies.clear()
    return found


@pytest.mark.timeout(60 + CASES * 3)
def test_what_a_subscription_tells_is_what_the_oracle_permits() -> None:
    wrong: list[str] = []
    events = silent = 0
    with tempfile.TemporaryDirectory(prefix="notified-", dir=in_memory()) as place:
        world = opened(Path(place))
        with world.db:
            asker, there = Asker(world), Listening()
            kept.allow(world.db, CLINIC.client, "https://ehr.example:443")
            who = load(world.db, CLINIC.client)
            verify(world.db, who, recipients.Known(key_of(who), watcher="Dr. Example", hours="9 to 16"))
            notifier = Notifier(world.db, world.gate, asker.renderer, there, world.clock)
            for number in range(CASES):
                chance = random.Random(f"notified {number}")
                laid = asker.laid(replace(drawn(chance), grants=plans(chance), way="look"))
                one = subscribed(asker, laid, number)
                found, (things, more) = names(asker, notifier, there), permitted(laid.known)
                raw = {
                    world.db.ids.one("Observation", Name(laid.patient, series, start, 0))
                    for series, start, _, grain in things
                    if grain == 0
                }
                readings = {
                    world.db.ids.one("Observation", Name(laid.patient, r.series, r.instant, 0))
                    for r in laid.known.readings
                }
                told_once = len(set(found)) == len(found)
                is_many = len(things) <= len(found) <= len(things) + more
                if readings & set(found) != raw or not is_many or not told_once:
                    wrong.append(
                        f"case {number}: more {len(readings & set(found) - raw)}, fewer {len(raw - set(found))}, "
                        f"told {len(found)} of {len(things)}"
                    )
                events, silent = events + len(found), silent + (not found)
                now = kept.found(world.db, one.id)
                assert now is not None and now.events == len(found) and not now.problem
                kept.put(world.db, now, replace(now, status="off"))
            asker.close()
    print(f"{CASES} cases, {events} events, {silent} of them silent")
    assert wrong == [] and events > CASES and 0 < silent < CASES
