"""Intervals that a grant had cut, kinds, filters and marks: whoever polls is told each part that left, and no other.

`consent.md`, retraction is no disclosure; the decision: never passed whole.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.consent import grants
from bridge.consent.asked import Asked, DateTest, Kind, Selector
from bridge.consent.disclosure import Disclosure
from bridge.consent.grant import NotPossible
from bridge.period import Period, PeriodSet
from bridge.reading import BasalKind, EventKind, Flag, SeriesKey, Stream, Unit
from bridge.store import ledger
from bridge.store.blocks import withdraw
from tests.consent.test_versions import placed
from tests.consent.world import DAY, HOUR, MINUTE, NOON, World, between, every, ids, wish
from tests.door.test_leaks import ask
from tests.door.test_taken_back import since, told

START = NOON - 4 * DAY
BASAL = SeriesKey(Stream.BASAL, "nightscout", "pump", Unit.UNITS_PER_HOUR, 2)
EVENTS = SeriesKey(Stream.EVENT, "nightscout", "pump", Unit.NONE, 0)
HOLES = PeriodSet.of(*(Period(START + i * 4 * HOUR, START + i * 4 * HOUR + 2 * HOUR) for i in range(6)))
INSULIN = frozenset({Kind.INSULIN})
SOURCES = frozenset({"nightscout", "dexcom-clarity"})


def granted(world: World, patient: int, periods: PeriodSet, **more: object) -> str:
    return world.grant(patient, periods, **({"kinds": INSULIN, "sources": SOURCES} | more)).grant.id


def spans(found: Disclosure) -> dict[str, tuple[int, int]]:
    """From when to when each item is told, by id."""
    rows: dict[int, tuple[int, int]] = {}
    for group in found.groups:
        ends = group.columns.get("end", group.columns["instant"])
        rows.update(
            zip(
                group.at.tolist(),
                zip(group.columns["instant"].tolist(), ends.tolist(), strict=True),
                strict=True,
            )
        )
    return {name: rows[place] for place, name in enumerate(ids(found))}


@pytest.mark.parametrize("ends", [False, True])
def test_every_part_of_an_interval_that_left_is_taken_back_inside_what_was_granted(
    world: World, ends: bool
) -> None:
    patient = world.person()
    wrong = world.bring(patient, [(START - HOUR, 80)], BASAL, end=[START + 11 * HOUR])
    grant = granted(world, patient, HOLES)
    before = spans(ask(world, wish(patient)))
    assert [low for low, _ in before.values()] == [START, START + 4 * HOUR, START + 8 * HOUR]
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong.artifact)
    if ends:
        grants.revoke(world.db, grant)
    found = ask(world, since(world.clock.now, patient))
    assert spans(found) == before and set(told(found)) == set(before)
    row = ledger.disclosures(world.db, patient)[-1]
    assert (row.fields["first"], row.fields["last"]) == (START, START + 8 * HOUR)
    for name in before:
        one = ask(world, replace(wish(patient, ids=frozenset({name})), retractions=True))
        assert spans(one) == {name: before[name]} and set(told(one)) == {name}


def test_a_part_that_a_shorter_interval_no_longer_has_is_taken_back_and_the_rest_corrected(
    world: World,
) -> None:
    patient = world.person()
    world.bring(patient, [(START + HOUR, 80)], BASAL, end=[START + 11 * HOUR])
    granted(world, patient, HOLES)
    one, two, three = ids(ask(world, wish(patient)))
    world.clock.now += HOUR
    world.bring(patient, [(START + HOUR, 80)], BASAL, end=[START + 5 * HOUR])
    found = ask(world, since(world.clock.now, patient))
    assert set(told(found)) == {three} and set(ids(found)) == {one, two, three}
    assert spans(found)[two] == (START + 4 * HOUR, START + 5 * HOUR)


def test_only_the_parts_that_a_page_told_are_taken_back(world: World) -> None:
    patient = world.person()
    wrong = world.bring(patient, [(START - HOUR, 80)], BASAL, end=[START + 11 * HOUR])
    granted(world, patient, HOLES)
    page = ask(world, wish(patient, limit=2))
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong.artifact)
    assert set(told(ask(world, since(world.clock.now, patient)))) == set(ids(page))


def test_a_wider_grant_tells_parts_anew_that_have_other_ids_now(world: World) -> None:
    patient = world.person()
    world.bring(patient, [(START - HOUR, 80)], BASAL, end=[START + 11 * HOUR])
    granted(world, patient, between(START + 8 * HOUR, START + 9 * HOUR))
    held = spans(ask(world, wish(patient)))
    world.clock.now += HOUR
    granted(world, patient, between(START, START + HOUR))
    held |= spans(ask(world, since(world.clock.now, patient)))
    assert held == spans(ask(world, wish(patient)))
    assert sorted(held.values()) == [(START, START + HOUR), (START + 8 * HOUR, START + 9 * HOUR)]


def test_no_part_of_an_interval_is_lost_however_many_holes_cut_it(world: World) -> None:
    patient = world.person()
    key = replace(BASAL, stream=Stream.MODE, unit=Unit.NONE)
    wrong = world.bring(patient, [(START, 0)], key, end=[START + 60 * HOUR])
    many = PeriodSet.of(*(Period(START + i * HOUR, START + i * HOUR + 20 * MINUTE) for i in range(60)))
    granted(world, patient, many, kinds=frozenset({Kind.MODE}))
    found = ask(world, wish(patient))
    assert len(set(ids(found))) == 60
    assert sorted(spans(found).values()) == [(each.start, each.end) for each in many]
    for name in ids(found)[7:11]:
        assert ids(ask(world, wish(patient, ids=frozenset({name})))) == [name]
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong.artifact)
    assert set(told(ask(world, since(world.clock.now, patient)))) == set(ids(found))


def test_a_grant_that_could_cut_into_more_parts_than_ids_have_room_for_is_refused(world: World) -> None:
    patient = world.person()
    many = PeriodSet.of(*(Period(START + i * MINUTE, START + i * MINUTE + 1) for i in range(60)))
    granted(world, patient, many)
    with pytest.raises(NotPossible, match="104 separate periods"):
        granted(world, patient, many)
    granted(world, patient, many, kinds=frozenset({Kind.GLUCOSE}))


def of(*selectors: Selector) -> frozenset[Selector]:
    return frozenset(selectors)


def test_who_asks_by_kind_is_told_of_that_kind_alone(world: World) -> None:
    patient = world.person()
    rows = [(START + i * HOUR, 80) for i in range(4)]
    kinds = [BasalKind.SCHEDULED, BasalKind.SUSPENDED] * 2
    wrong = world.bring(patient, rows, BASAL, end=[at + HOUR for at, _ in rows], kind=kinds)
    granted(world, patient, between(START, START + DAY))
    names = ids(ask(world, wish(patient)))
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong.artifact)
    late = world.clock.now
    scheduled = Selector(Stream.BASAL, kinds=frozenset({int(BasalKind.SCHEDULED)}))
    assert set(told(ask(world, since(late, patient, selectors=of(scheduled))))) == {names[0], names[2]}
    elsewhere = Selector(Stream.BOLUS, kinds=frozenset({int(BasalKind.SCHEDULED)}))
    assert told(ask(world, since(late, patient, selectors=of(elsewhere)))) == {}
    wrongly = Selector(Stream.BASAL, marks=(int(Flag.RETRACTED), int(Flag.RETRACTED)))
    assert set(told(ask(world, since(late, patient, selectors=of(wrongly))))) == set(names)
    final = Selector(Stream.BASAL, marks=(int(Flag.RETRACTED), 0), is_amended=False)
    assert told(ask(world, since(late, patient, selectors=of(final)))) == {}


def test_who_asks_by_kind_is_told_of_what_it_held_though_it_was_corrected_to_another_kind(
    world: World,
) -> None:
    patient, rows = world.person(), [(START, 80)]
    one = world.bring(patient, rows, BASAL, end=[START + HOUR], kind=[BasalKind.SCHEDULED])
    granted(world, patient, between(START, START + DAY))
    scheduled = of(Selector(Stream.BASAL, kinds=frozenset({int(BasalKind.SCHEDULED)})))
    (name,) = ids(ask(world, wish(patient, selectors=scheduled)))
    world.clock.now += HOUR
    two = world.bring(patient, rows, BASAL, end=[START + HOUR], kind=[BasalKind.SUSPENDED])
    world.clock.now += HOUR
    withdraw(world.db, patient, two.artifact)
    withdraw(world.db, patient, one.artifact)
    assert set(told(ask(world, since(world.clock.now, patient, selectors=scheduled)))) == {name}


def test_an_illness_is_taken_back_for_whom_illness_was_granted_to_alone(world: World) -> None:
    patient = world.person()
    rows = [(START + i * HOUR, 1) for i in range(3)]
    kinds = [EventKind.SITE_CHANGE, EventKind.ILLNESS, EventKind.SITE_CHANGE]
    wrong = world.bring(patient, rows, EVENTS, kind=kinds)
    granted(world, patient, between(START, START + DAY), kinds=frozenset({Kind.EVENTS}))
    plain = ids(ask(world, wish(patient)))
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong.artifact)
    assert set(told(ask(world, since(world.clock.now, patient)))) == set(plain)
    wrong = world.bring(patient, rows, EVENTS, kind=kinds)
    granted(world, patient, between(START, START + DAY), kinds=frozenset({Kind.ILLNESS}))
    world.clock.now += HOUR
    every_one = ids(ask(world, wish(patient)))
    assert len(every_one) == 3
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong.artifact)
    assert set(told(ask(world, since(world.clock.now, patient)))) == set(every_one)


@pytest.mark.parametrize("ends", [False, True])
def test_a_reading_that_its_source_marks_as_wrong_is_taken_back_also_after_the_grant_ended(
    world: World, ends: bool
) -> None:
    patient = world.person()
    rows = every(60, 4, start=START)
    world.bring(patient, rows)
    grant = world.grant(patient, between(START, START + 2 * HOUR)).grant.id
    held = ids(ask(world, wish(patient)))
    world.clock.now += HOUR
    world.bring(patient, rows, flags=[Flag.RETRACTED] * 4)
    if ends:
        grants.revoke(world.db, grant)
    found = ask(world, since(world.clock.now, patient))
    assert set(told(found)) == set(ids(found)) == set(held)


def test_a_mark_as_wrong_is_not_told_by_spans_of_another_kind_or_source(world: World) -> None:
    patient = world.person()
    rows = every(60, 4, start=START)
    world.bring(patient, rows, source="libreview")
    world.bring(patient, [(START, 1), (START + 3 * HOUR, 1)], EVENTS, kind=[EventKind.SITE_CHANGE] * 2)
    granted(world, patient, between(START, START + DAY), kinds=frozenset({Kind.EVENTS}))
    assert ask(world, wish(patient)).count == 2
    world.clock.now += HOUR
    world.bring(patient, rows, flags=[Flag.RETRACTED] * 4, source="libreview")
    world.grant(patient, between(START, START + DAY))
    assert ask(world, since(0, patient)).count == 2
    assert told(ask(world, since(0, patient))) == {}


def test_what_was_held_back_as_uncertain_is_not_taken_back(world: World) -> None:
    patient = world.person()
    rows = [(START, 99), (START + MINUTE, 100), (START + HOUR, 101)]
    wrong = world.bring(patient, rows, bound=[0, HOUR, 0])
    world.grant(patient, between(START, START + DAY))
    held = ids(ask(world, wish(patient)))
    assert len(held) == 2
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong.artifact)
    assert set(told(ask(world, since(world.clock.now, patient)))) == set(held)


def test_an_interval_is_taken_back_for_whom_a_date_names_any_of_it(world: World) -> None:
    patient = world.person()
    wrong = world.bring(patient, [(START, 80)], BASAL, end=[START + 2 * HOUR])
    granted(world, patient, between(START, START + DAY))
    late: Asked = wish(patient, dates=(DateTest("ge", Period(START + HOUR, START + HOUR + 1)),))
    (name,) = ids(ask(world, late))
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong.artifact)
    assert placed(ask(world, since(world.clock.now, patient, dates=late.dates))) == {name: START}
