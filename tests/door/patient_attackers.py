"""Attackers whose token is about one patient, as an app has it that a person launched (SMART App Launch 2.2).

Law: as in `attackers.py`, what may be told is written by hand. Each token comes out of a whole launch through the
authorization server; what is narrowed is narrowed where a person would: in the grant, or in the scopes of the answer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final

from bridge.consent import grants
from bridge.consent.asked import WILDCARD, Grain, Kind
from bridge.period import DAY, EMPTY, PeriodSet
from bridge.reading import Stream
from bridge.smart.scopes import parse
from tests.door.who import EARLY, GLUCOSE, MIDDLE, NOTHING, STRIPS, WHOLE, Attacker
from tests.smart.launched import App, app
from tests.web.world import World

ALL: Final = {GLUCOSE: WHOLE, STRIPS: WHOLE}
BOBS: Final = frozenset({"dexcom-clarity"})


def _attacker(one: App, may: Mapping[Stream, PeriodSet], **more: Any) -> Attacker:
    """With the token that the app was given."""
    token = str(one.said["access_token"])
    return Attacker(token, one.client.id, one.grant, may, is_of_a_person=True, **more)


def launched_by_ada(world: World) -> Attacker:
    """No attacker: whom Ada launched and gave her window to."""
    one = app(world, "public")
    one.launched()
    return _attacker(one, ALL)


def launched_by_bob(world: World) -> Attacker:
    """A token about Bob, of an organisation that Ada gave her whole window to: its deliveries may have it."""
    grant = world.grant()
    one = app(world, "public", organization="Clinic")
    one.launched(patient=world.bob, sources=BOBS)
    found = _attacker(one, NOTHING, consents=0, sent=ALL)
    return dataclasses.replace(found, by_grant=grant, client=world.clinic.id)


def launched_and_refreshed_by_bob(world: World) -> Attacker:
    """The same after a refresh that asks for more than was given."""
    grant = world.grant()
    one = app(world, organization="Clinic")
    one.launched(patient=world.bob, sources=BOBS)
    one.refresh(scope="launch/patient patient/*.rs user/*.rs system/*.rs")
    found = _attacker(one, NOTHING, consents=0, sent=ALL)
    return dataclasses.replace(found, by_grant=grant, client=world.clinic.id)


def launched_for_early_days(world: World) -> Attacker:
    """Ada gave four days and everything in them."""
    one = app(world, "public")
    one.launched(periods=EARLY)
    return _attacker(one, {GLUCOSE: EARLY, STRIPS: EARLY})


def launched_for_one_kind(world: World) -> Attacker:
    """Ada gave fingersticks alone."""
    one = app(world, "public")
    one.launched(kinds=frozenset({Kind.CAPILLARY}))
    return _attacker(one, {GLUCOSE: EMPTY, STRIPS: WHOLE})


def launched_with_less_scope(world: World) -> Attacker:
    """Ada gave everything, and the answer's scopes were cut to fingersticks. A delivery has no scopes."""
    one = app(world, "public")
    asked = one.pending()
    cut = parse("launch/patient patient/Observation.rs?code=http://loinc.org|14743-9 patient/Provenance.rs")
    answer = one.exchange(one.approved(asked, scopes=cut)["code"])
    one.said = answer.json()
    return _attacker(one, {GLUCOSE: EMPTY, STRIPS: WHOLE}, consents=0, sent=ALL)


def launched_before_it_narrowed(world: World) -> Attacker:
    """A token from before the share became narrower."""
    one = app(world, "public")
    one.launched()
    world.clock.now += 1000
    old = grants.load(world.db, one.grant).grant
    narrow = dataclasses.replace(old, periods=MIDDLE, kinds=frozenset({Kind.GLUCOSE}), signed=world.clock())
    grants.supersede(world.db, one.grant, narrow)
    return _attacker(one, {GLUCOSE: MIDDLE, STRIPS: EMPTY})


def launched_and_revoked(world: World) -> Attacker:
    """Whose share was ended a moment ago."""
    one = app(world, "public")
    one.launched()
    world.clock.now += 1000
    grants.revoke(world.db, one.grant)
    return _attacker(one, NOTHING, consents=0)


def launched_and_over(world: World) -> Attacker:
    """Whose grant has run out."""
    one = app(world, "public")
    one.launched(ends=world.clock() + DAY)
    world.clock.now += DAY
    return _attacker(one, NOTHING, consents=0)


def launched_an_hour_ago(world: World) -> Attacker:
    """Whose token has run out, while the grant is in force: deliveries go on."""
    one = app(world, "public")
    one.launched()
    world.clock.pass_seconds(3600)
    return _attacker(one, NOTHING, consents=0, sent=ALL)


def launched_for_means(world: World) -> Attacker:
    """Who may have hourly means and no reading."""
    one = app(world, "public")
    one.launched(grain=Grain.HOUR, kinds=WILDCARD)
    return _attacker(one, NOTHING, means=True)


PATIENT_ATTACKERS: Final[Mapping[str, Callable[[World], Attacker]]] = {
    each.__name__: each
    for each in (
        launched_by_bob, launched_and_refreshed_by_bob, launched_for_early_days, launched_for_one_kind,
        launched_with_less_scope, launched_before_it_narrowed, launched_and_revoked, launched_and_over,
        launched_an_hour_ago, launched_for_means,
    )
}  # fmt: skip
