"""A token about one patient at the gate itself: closed for everybody else, whatever they share with its holder."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

from bridge.consent.disclosure import Disclosure
from bridge.consent.permit import RecipientPermit
from bridge.store.ids import Name
from tests.consent.world import CLINIC, DAY, NOON, World, between, every, ids, items, opened, wish

ALL = between(NOON - 30 * DAY, NOON + DAY)


def two(folder: Path) -> tuple[World, int, int, RecipientPermit]:
    """Two people who share everything with the clinic, and a token about the first."""
    world = opened(folder)
    ada, bob = world.person("Ada Beispiel"), world.person("Bob Beispiel")
    for each in (ada, bob):
        world.bring(each, every(5, 50))
        world.grant(each, ALL)
    return world, ada, bob, dataclasses.replace(CLINIC, patient=ada)


def streamed(world: World, permit: RecipientPermit, patient: int) -> list[Disclosure]:
    async def pages() -> list[Disclosure]:
        return [each async for each in world.gate.stream(permit, wish(patient))]

    return asyncio.run(pages())


def test_the_patient_in_context_is_open_and_another_is_absent(tmp_path: Path) -> None:
    world, ada, bob, permit = two(tmp_path)
    assert len(items(world.ask(permit, wish(ada)))) == 50
    hidden, nobody = world.ask(permit, wish(bob)), world.ask(permit, wish(None))
    assert (
        (hidden.count, hidden.total, hidden.subject)
        == (nobody.count, nobody.total, nobody.subject)
        == (0, 0, None)
    )
    assert len(items(world.ask(CLINIC, wish(bob)))) == 50
    assert len(items(world.ask(dataclasses.replace(permit, patient=bob), wish(bob)))) == 50


def test_no_other_way_through_the_gate_leads_to_another(tmp_path: Path) -> None:
    world, ada, bob, permit = two(tmp_path)
    theirs = frozenset(ids(world.ask(CLINIC, wish(bob))))
    assert world.ask(permit, wish(bob, ids=theirs)).count == 0
    assert world.ask(permit, wish(ada, ids=theirs)).count == 0
    assert [each.count for each in streamed(world, permit, bob)] == [0]
    assert sum(each.count for each in streamed(world, permit, ada)) == 50
    assert asyncio.run(world.gate.retract(permit, bob, theirs)).count == 0


def test_another_patient_is_not_found_by_id_or_identifier(tmp_path: Path) -> None:
    world, ada, bob, permit = two(tmp_path)
    named = {each: world.db.ids.one("Patient", Name(each, 0, 0, 0)) for each in (ada, bob)}
    assert world.gate.patient(permit, named[ada]) == ada
    assert world.gate.patient(permit, named[bob]) is None
    assert world.gate.patient(CLINIC, named[bob]) == bob
    (theirs,) = sorted(ids(world.ask(CLINIC, wish(bob))))[:1]
    assert world.gate.patient(permit, theirs, "Observation") is None
    assert world.gate.identified(permit, "urn:mrn", "mrn-Ada Beispiel") == ada
    assert world.gate.identified(permit, "urn:mrn", "mrn-Bob Beispiel") is None
    assert world.gate.context(permit) == named[ada] and world.gate.context(CLINIC) is None
