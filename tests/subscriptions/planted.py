"""A subscription whose events were of readings that are hidden now, put where it rests: whoever asks about it must not
be told of them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import bridge.store.occurrences as occurrences
import bridge.store.subscriptions as kept
from bridge.period import DAY
from bridge.store.clients import Client
from bridge.store.occurrences import Occurrence
from bridge.store.subscriptions import Subscription, Terms
from tests.web.world import World

PLANTED: Final = "planted-subscription"


def planted(world: World, who: Client | None = None) -> str:
    """Its id, which is always the same."""
    if kept.found(world.db, PLANTED) is not None:
        return PLANTED
    whom = world.patient_id(world.ada)
    terms = Terms(
        whom, (f"Observation?patient={whom}",), "https://ehr.example/hook", "to look", "id-only",
        "application/fhir+json", "60", "", "", "system/*.rs",
    )  # fmt: skip
    now = world.clock()
    one = Subscription(
        PLANTED, (who or world.clinic).id, "active", terms, now + DAY, now, now, now, b"m" * 16, 1
    )
    assert kept.add(world.db, one, ("Authorization: CANARY-HEADER",), 10)
    names = [world.observation_id(each) for each in world.hidden()[::97]]
    events = [Occurrence(place, world.ada, UUID(name).bytes, 0, now) for place, name in enumerate(names, 1)]
    assert occurrences.intend(world.db, one, one, events) is not None
    return PLANTED
