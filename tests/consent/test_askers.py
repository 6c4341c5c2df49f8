"""Who asked and may hold something of an upload, by the ledger alone."""

from __future__ import annotations

from dataclasses import replace

from bridge.consent import grants
from bridge.consent.asked import DateTest
from bridge.consent.askers import askers
from bridge.consent.grant import Identity, Recipient
from bridge.consent.permit import OwnerPermit
from bridge.period import Period
from bridge.store.blocks import withdraw
from tests.consent.world import CLARITY, CLINIC, DAY, HOUR, NOON, World, between, every, wish

START = NOON - 4 * DAY
WINDOW = between(START, START + DAY)


def told(world: World, patient: int, artifact: int) -> list[tuple[str, int, int, int]]:
    found = askers(world.db, patient, artifact)
    return [(each.recipient, each.items, each.told, each.due) for each in found]


def test_who_asked_is_known_before_and_after_a_removal_and_when_it_was_told(world: World) -> None:
    patient = world.person()
    right = world.bring(patient, every(60, 12, start=START)).artifact
    other = replace(CLARITY, device="wrong")
    wrong = world.bring(patient, every(60, 24, start=START + 7), other, "dexcom-clarity").artifact
    grant = world.grant(patient, WINDOW).grant
    assert told(world, patient, wrong) == []
    early = DateTest("lt", Period(START + 6 * HOUR, START + 6 * HOUR + 1))
    world.ask(OwnerPermit(patient), wish(patient))
    world.ask(CLINIC, wish(patient, dates=(early,)))
    assert told(world, patient, wrong) == [("Clinic", 6, 0, 0)]
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong)
    grants.revoke(world.db, grant.id)
    assert told(world, patient, wrong) == [("Clinic", 6, 0, 6)]
    (one,) = askers(world.db, patient, wrong)
    assert (one.first, one.last) == (START + 7, START + 5 * HOUR + 7)
    assert len(one.entries) == 1
    late = DateTest("ge", Period(world.clock.now, world.clock.now + 1))
    assert world.ask(CLINIC, wish(patient, updated=(late,), retractions=True)).count == 6
    assert told(world, patient, wrong) == [("Clinic", 6, 6, 0)]
    assert told(world, patient, right) == [("Clinic", 6, 0, 0)]


def test_who_asked_only_afterwards_holds_nothing_of_it(world: World) -> None:
    patient = world.person()
    world.bring(patient, every(60, 24, start=START + 1))
    other = replace(CLARITY, device="wrong")
    wrong = world.bring(patient, every(60, 24, start=START + 7), other, "dexcom-clarity").artifact
    lab = Recipient("Clinic", frozenset({"clinic-ehr"}))
    world.grant(patient, WINDOW, identity=Identity.PSEUDONYMOUS, recipient=lab)
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong)
    assert world.ask(CLINIC, wish(patient)).count == 24
    assert told(world, patient, wrong) == []
