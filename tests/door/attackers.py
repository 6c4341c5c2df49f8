"""Who attacks: each is a world in which Ada shared something, a token, and what that token may be told.

Law: what may be told is written here by hand, as instants of streams; `everything` of Ada rests in the store, so what
lies outside of it is there to be found. `by_grant` is what a delivery would run under. Those with a token about one
patient are in `patient_attackers.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Final

from bridge.consent import grants
from bridge.consent.asked import Grain, Kind
from bridge.period import DAY, EMPTY
from tests.door.patient_attackers import PATIENT_ATTACKERS, launched_by_ada
from tests.door.who import EARLY, GLUCOSE, MIDDLE, NOTHING, STRIPS, WHOLE, Attacker
from tests.web.world import World


def rightful(world: World) -> Attacker:
    """Whom Ada gave her window to."""
    grant = world.grant()
    return Attacker(world.token(), world.clinic.id, grant, {GLUCOSE: WHOLE, STRIPS: WHOLE})


def narrowed_token(world: World) -> Attacker:
    """A token for fingersticks alone, under a grant of everything."""
    grant = world.grant()
    token = world.token(scope="system/Observation.rs?code=http://loinc.org|14743-9 system/Provenance.rs")
    sent = {GLUCOSE: WHOLE, STRIPS: WHOLE}
    return Attacker(token, world.clinic.id, grant, {GLUCOSE: EMPTY, STRIPS: WHOLE}, consents=0, sent=sent)


def narrowed_grant(world: World) -> Attacker:
    """A token from before the grant became narrower."""
    grant, token = world.grant(), world.token()
    old = grants.load(world.db, grant).grant
    world.clock.now += 1000
    narrow = dataclasses.replace(old, periods=EARLY, kinds=frozenset({Kind.GLUCOSE}), signed=world.clock())
    grants.supersede(world.db, grant, narrow)
    return Attacker(token, world.clinic.id, grant, {GLUCOSE: EARLY, STRIPS: EMPTY})


def another_patients(world: World) -> Attacker:
    """Whom Bob shares with, and Ada does not."""
    world.grant()
    grant = world.grant(world.bob, to="Elsewhere")
    return Attacker(world.token(world.stranger), world.stranger.id, grant, NOTHING, consents=0, is_bobs=True)


def another_recipients(world: World) -> Attacker:
    """A registered client with whom nobody shares, and the id of a grant that is not its own."""
    grant = world.grant()
    return Attacker(world.token(world.stranger), world.stranger.id, grant, NOTHING, consents=0)


def expired(world: World) -> Attacker:
    """Whose grant is over."""
    grant = world.grant(ends=world.clock() + DAY)
    world.clock.now += DAY
    return Attacker(world.token(), world.clinic.id, grant, NOTHING)


def revoked(world: World) -> Attacker:
    """Whose grant was taken back a moment ago."""
    grant, token = world.grant(), world.token()
    world.clock.now += 1000
    grants.revoke(world.db, grant)
    return Attacker(token, world.clinic.id, grant, NOTHING)


def paused(world: World) -> Attacker:
    """Whose grant rests."""
    grant = world.grant()
    world.clock.now += 1000
    grants.pause(world.db, grant)
    return Attacker(world.token(), world.clinic.id, grant, NOTHING)


def overlapping(world: World) -> Attacker:
    """Two grants that overlap, each with its own kind and time: never the product of their sides. A delivery runs
    under the first."""
    grant = world.grant(kinds=frozenset({Kind.GLUCOSE}), periods=EARLY)
    world.grant(kinds=frozenset({Kind.CAPILLARY}), periods=MIDDLE)
    return Attacker(world.token(), world.clinic.id, grant, {GLUCOSE: EARLY, STRIPS: MIDDLE}, consents=2)


def coarse(world: World) -> Attacker:
    """Who may have hourly means and no reading."""
    grant = world.grant(grain=Grain.HOUR)
    return Attacker(world.token(), world.clinic.id, grant, NOTHING, means=True)


RIGHTFUL: Final[Mapping[str, Callable[[World], Attacker]]] = {
    "rightful": rightful,
    "launched_by_ada": launched_by_ada,
}
"""Who gets what Ada gave: the positive twins."""
ATTACKERS: Final[Mapping[str, Callable[[World], Attacker]]] = {
    **PATIENT_ATTACKERS,
    **{each.__name__: each for each in (
        narrowed_token, narrowed_grant, another_patients, another_recipients, expired, revoked, paused, overlapping,
        coarse,
    )},
}  # fmt: skip
