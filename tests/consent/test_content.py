"""The number that tells two contents of one version apart: the same for the same, and no use to who would guess."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Never

import numpy as np
import pytest

from bridge.consent.asked import Kind
from bridge.consent.content import contents
from bridge.consent.disclosure import Disclosure
from bridge.consent.grant import Identity
from bridge.reading import Flag, SeriesKey, Stream, Unit
from bridge.store.columns import Table
from bridge.store.keys import Erased
from bridge.store.patients import add_zone, erase
from tests.consent.test_sampled import grid
from tests.consent.world import CLINIC, DAY, HOUR, NOON, World, between, ids, opened, wish

SPAN = between(NOON - 2 * DAY, NOON)
NOTED = SeriesKey(Stream.NOTE, "dexcom-clarity", "8XK2P1", Unit.NONE, 0)
KINDS = frozenset({Kind.GLUCOSE, Kind.NOTES, Kind.DEVICE})


def noted(world: World, name: str, *texts: str) -> int:
    """A person with notes an hour apart, and a clinic that may read them."""
    patient = world.person(name)
    rows = [(NOON - DAY + place * HOUR, 0) for place in range(len(texts))]
    world.bring(patient, rows, NOTED, "dexcom-clarity", text=texts)
    world.grant(patient, SPAN, kinds=KINDS)
    return patient


def numbers(found: Disclosure) -> list[int]:
    told = dict[int, int]()
    for group in found.groups:
        assert group.content is not None
        told.update(zip(group.at.tolist(), group.content.tolist(), strict=True))
    return [told[at] for at in sorted(told)]


def test_the_same_words_of_two_people_have_numbers_that_tell_nothing(world: World) -> None:
    one, two = noted(world, "Ada Beispiel", "rash", "rash"), noted(world, "Bea Beispiel", "rash", "rash")
    found = [number for each in (one, two) for number in numbers(world.ask(CLINIC, wish(each)))]
    assert len(found) == 4 == len(set(found))


def test_the_number_stays_while_the_content_does_also_when_the_bridge_starts_anew(tmp_path: Path) -> None:
    first = opened(tmp_path)
    patient = noted(first, "Ada Beispiel", "rash", "late")
    before = first.ask(CLINIC, wish(patient))
    first.db.close()
    again = opened(tmp_path)
    after = again.ask(CLINIC, wish(patient))
    assert (ids(after), numbers(after)) == (ids(before), numbers(before))
    again.db.close()


def test_other_words_have_another_number_and_who_knows_a_pseudonym_another_one_still(world: World) -> None:
    patient = noted(world, "Ada Beispiel", "rash")
    (before,) = numbers(world.ask(CLINIC, wish(patient)))
    lab = replace(CLINIC, client="lab", organization="Lab")
    recipient = replace(
        world.grant(patient, SPAN).grant.recipient, organization="Lab", clients=frozenset({"lab"})
    )
    world.grant(patient, SPAN, kinds=KINDS, recipient=recipient, identity=Identity.PSEUDONYMOUS)
    (known_otherwise,) = numbers(world.ask(lab, wish(patient)))
    assert known_otherwise != before
    world.clock.now += HOUR
    world.bring(patient, [(NOON - DAY, 0)], NOTED, "dexcom-clarity", text=["itch"])
    (after,) = numbers(world.ask(CLINIC, wish(patient)))
    assert after != before


def test_the_secret_of_the_numbers_goes_with_the_person(world: World) -> None:
    patient = noted(world, "Ada Beispiel", "rash")
    box = world.db.keys.box(patient)
    assert box.derived("content") == world.db.keys.box(patient).derived("content") != box.derived("other")
    erase(world.db, patient)
    with pytest.raises(Erased):
        world.db.keys.box(patient)


def never() -> Never:
    raise AssertionError("the secret was asked for")


@pytest.mark.parametrize("names_device", [True, False])
def test_readings_that_are_whole_ask_for_no_secret(names_device: bool) -> None:
    columns: Table = {"instant": np.arange(1000, dtype=np.int64), "flags": np.zeros(1000, np.uint16)}
    columns["flags"][7] = int(Flag.RETRACTED)
    found = contents(columns, names_device, np.zeros((1000, 16), np.uint8), never)
    assert found is None if names_device else found is not None and found.sum() == 999


def test_a_chunk_whose_offset_is_corrected_is_another_content(world: World) -> None:
    patient = world.person(zone="Europe/Berlin")
    start = NOON - DAY
    world.bring(patient, [*grid(4, start), *grid(4, start + 3 * HOUR)])
    world.grant(patient, SPAN)
    before = world.ask(CLINIC, wish(patient, sampled=True))
    add_zone(world.db, patient, "Europe/Helsinki", NOON - 10 * DAY)
    after = world.ask(CLINIC, wish(patient, sampled=True))
    kept = set(ids(before)) & set(ids(after))
    assert len(kept) == 1  # the other one is named by the day, and the day is another one
    was, now = (dict(zip(ids(each), numbers(each), strict=True)) for each in (before, after))
    assert all(was[name] != now[name] for name in kept)
    offsets = [each.groups[0].columns["offset"].tolist() for each in (before, after)]
    assert offsets == [[60, 60], [120, 120]]
