"""Summaries: of what is permitted, in the blocks that the grant fixes, and frozen where the readings stay behind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.consent.asked import Grain, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.grant import Block, Recipient
from bridge.consent.permit import OwnerPermit, RecipientPermit
from bridge.consent.reporting import Reporting
from bridge.consent.summed import GMI, MEMBERS, PANEL, DisclosedSummary, period_of
from bridge.period import DAY, HOUR, MINUTE, Period, PeriodSet
from bridge.store.blocks import withdraw
from bridge.store.ledger import listed
from tests.consent.world import CLINIC, LIBRE, NOON, World, every, wish

MIDNIGHT = NOON - 13 * HOUR  # 2026-01-01T00:00 in Berlin
FORTNIGHT = Period(MIDNIGHT - 14 * DAY, MIDNIGHT)
OTHER = RecipientPermit("other-ehr", "Other", "TREAT", "token-2", NOON + 300 * DAY)


def summaries(
    world: World, patient: int, period: Period | None = None, permit: RecipientPermit | OwnerPermit = CLINIC
) -> tuple[DisclosedSummary, ...]:
    return answered(world, patient, period, permit).summaries


def answered(
    world: World, patient: int, period: Period | None = None, permit: RecipientPermit | OwnerPermit = CLINIC
) -> Disclosure:
    return world.ask(permit, wish(patient, reporting=Reporting(period)))


def fortnight(world: World, patient: int, **more: object) -> None:
    world.grant(patient, PeriodSet((FORTNIGHT,)), grain=Grain.SUMMARY, **more)


def full(world: World, patient: int) -> None:
    """Readings every five minutes of the fortnight and of two days on both sides."""
    world.bring(patient, every(5, 288 * 18, FORTNIGHT.start - 2 * DAY))


def parts(one: DisclosedSummary) -> tuple[str, ...]:
    return tuple(part for part, _ in one.ids)


def test_a_grant_of_readings_lets_any_period_inside_it_be_reported(world: World) -> None:
    patient = world.person()
    full(world, patient)
    world.grant(patient, PeriodSet((FORTNIGHT,)))
    (whole,) = summaries(world, patient)
    assert (whole.period, parts(whole)) == (FORTNIGHT, (PANEL, *MEMBERS))
    assert whole.days == (date(2025, 12, 18), date(2025, 12, 31))
    assert whole.figures is not None
    assert whole.figures.wear.readings == 288 * 14
    (asked,) = summaries(world, patient, Period(FORTNIGHT.end - 3 * DAY, FORTNIGHT.end + 5 * DAY))
    assert asked.period == Period(FORTNIGHT.end - 3 * DAY, FORTNIGHT.end)
    assert PANEL not in parts(asked)
    assert GMI not in parts(asked)
    assert asked.figures is not None
    values = [100 + i % 200 for i in range(288 * 13, 288 * 16)]
    assert asked.figures.averages.mean.value == pytest.approx(sum(values) / len(values))


def test_a_hole_splits_a_report(world: World) -> None:
    patient = world.person()
    full(world, patient)
    hole = Period(FORTNIGHT.start + 6 * DAY, FORTNIGHT.start + 7 * DAY)
    world.grant(patient, PeriodSet((FORTNIGHT,)) - PeriodSet((hole,)))
    found = [one.period for one in summaries(world, patient)]
    assert found == [Period(FORTNIGHT.start, hole.start), Period(hole.end, FORTNIGHT.end)]


def test_a_grant_of_summaries_gives_no_reading_and_its_own_block_alone(world: World) -> None:
    patient = world.person()
    full(world, patient)
    fortnight(world, patient)
    assert world.ask(CLINIC, wish(patient)).count == 0
    (whole,) = summaries(world, patient)
    assert whole.period == FORTNIGHT
    assert summaries(world, patient, Period(FORTNIGHT.start - DAY, FORTNIGHT.end + DAY)) == (whole,)
    for shorter in (
        Period(FORTNIGHT.start + MINUTE, FORTNIGHT.end),
        Period(FORTNIGHT.start, FORTNIGHT.end - MINUTE),
    ):
        assert summaries(world, patient, shorter) == ()


def test_weeks_are_local_days_from_the_first_on(world: World) -> None:
    patient = world.person()
    full(world, patient)
    fortnight(world, patient, block=Block.WEEK)
    assert [one.days for one in summaries(world, patient)] == [
        (date(2025, 12, 18), date(2025, 12, 24)),
        (date(2025, 12, 25), date(2025, 12, 31)),
    ]


def test_a_window_that_moves_has_weeks_that_stand(world: World) -> None:
    patient = world.person()
    full(world, patient)
    world.grant(patient, PeriodSet(()), rolling_days=21, grain=Grain.SUMMARY)
    before = [one.days for one in summaries(world, patient)]
    world.clock.now += DAY
    after = [one.days for one in summaries(world, patient)]
    assert before == [(date(2025, 12, 18), date(2025, 12, 24)), (date(2025, 12, 25), date(2025, 12, 31))]
    assert after == before


def test_a_block_that_is_not_over_is_absent_until_its_last_day(world: World) -> None:
    patient = world.person()
    full(world, patient)
    last = Period(MIDNIGHT - 2 * DAY, MIDNIGHT + DAY)
    world.grant(patient, PeriodSet((last,)), grain=Grain.SUMMARY)
    world.clock.now = MIDNIGHT - 1
    assert summaries(world, patient) == ()
    world.clock.now = NOON + 30_000
    (today,) = summaries(world, patient)
    assert (today.period, today.days) == (Period(last.start, NOON), None)
    world.clock.now = NOON + 2 * DAY
    assert summaries(world, patient) == (today,)


def test_a_fortnight_that_ends_today_waits_for_the_rest_of_the_day(world: World) -> None:
    patient = world.person()
    full(world, patient)
    world.grant(patient, PeriodSet((Period(MIDNIGHT - 13 * DAY, MIDNIGHT + DAY),)), grain=Grain.SUMMARY)
    assert summaries(world, patient) == ()
    world.clock.now = MIDNIGHT + DAY
    assert PANEL in parts(summaries(world, patient)[0])


def test_what_left_stays_until_three_of_its_readings_are_others(world: World) -> None:
    patient = world.person()
    full(world, patient)
    fortnight(world, patient)
    (first,) = summaries(world, patient)
    world.clock.now += HOUR
    world.bring(patient, [(FORTNIGHT.start + 2 * MINUTE, 400), (FORTNIGHT.start + 32 * MINUTE, 400)], LIBRE)
    assert summaries(world, patient) == (first,)
    world.clock.now += HOUR
    world.bring(patient, [(FORTNIGHT.start + 62 * MINUTE, 400)], LIBRE)
    (second,) = summaries(world, patient)
    assert (second.version, second.is_amended) == ("2", True)
    assert second.ids == first.ids
    assert second.last_updated == world.clock.now > first.last_updated
    assert summaries(world, patient) == (second,)


def test_a_block_whose_readings_went_is_entered_in_error(world: World) -> None:
    patient = world.person()
    brought = world.bring(patient, every(5, 288 * 14, FORTNIGHT.start))
    fortnight(world, patient)
    (first,) = summaries(world, patient)
    world.clock.now += HOUR
    withdraw(world.db, patient, brought.artifact)
    (gone,) = summaries(world, patient)
    assert gone.figures is None
    assert set(first.ids) <= set(gone.ids)
    assert summaries(world, patient, permit=OTHER) == ()


def test_ids_are_the_recipients_own_and_say_the_period(world: World) -> None:
    patient = world.person()
    full(world, patient)
    fortnight(world, patient)
    fortnight(world, patient, recipient=Recipient("Other", frozenset({"other-ehr"})))
    (mine,), (theirs,) = summaries(world, patient), summaries(world, patient, permit=OTHER)
    assert mine.figures == theirs.figures
    assert not set(mine.ids) & set(theirs.ids)
    name = world.db.ids.read("Summary", mine.ids[0][1], b"Clinic")
    assert name is not None
    assert (name.patient, period_of(name)) == (patient, FORTNIGHT)
    one = frozenset({mine.ids[0][1]})
    (alone,) = world.ask(CLINIC, wish(patient, reporting=Reporting(ids=one))).summaries
    assert alone.ids == mine.ids[:1]


def test_the_ledger_says_summary_and_never_that_readings_left(world: World) -> None:
    patient = world.person()
    full(world, patient)
    fortnight(world, patient)
    found = answered(world, patient)
    (row,) = (row for row in listed(world.db, patient) if row.kind == "intent")
    assert row.fields["grains"] == ["summary"]
    assert row.fields["kinds"] == ["glucose"]
    assert row.fields["items"] == found.count == len((PANEL, *MEMBERS))
    assert (row.fields["first"], row.fields["last"]) == (FORTNIGHT.start, FORTNIGHT.end - 1)


def test_who_may_have_one_way_only_gets_nothing_by_another(world: World) -> None:
    patient = world.person()
    full(world, patient)
    fortnight(world, patient, ways=frozenset({Way.FILE}))
    assert summaries(world, patient) == ()


def test_the_owner_reports_any_period(world: World) -> None:
    patient = world.person()
    full(world, patient)
    (mine,) = summaries(world, patient, FORTNIGHT, OwnerPermit(patient))
    assert (mine.period, parts(mine)) == (FORTNIGHT, (PANEL, *MEMBERS))
    assert summaries(world, patient, None, OwnerPermit(patient)) == ()


# -------------------------------------------------------------------------------- nothing by subtraction

_EDGE = st.integers(0, 20).map(lambda day: MIDNIGHT + (day - 20) * DAY)
_PERIOD = st.tuples(_EDGE, _EDGE).filter(lambda e: e[0] < e[1]).map(lambda e: Period(*e))
_GRANT = st.tuples(
    _PERIOD, st.sampled_from([Grain.SUMMARY, Grain.SUMMARY, Grain.DAY, Grain.RAW]), st.sampled_from(Block)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    made=st.lists(_GRANT, min_size=1, max_size=5), moves=st.lists(st.integers(0, 30), min_size=5, max_size=5)
)
def test_no_two_summaries_of_one_recipient_overlap_without_being_one(
    world: World, made: list[tuple[Period, Grain, Block]], moves: list[int]
) -> None:
    patient = world.person()
    world.bring(patient, every(60, 24 * 22, MIDNIGHT - 21 * DAY))
    world.clock.now = NOON
    told, seen = set[Period](), PeriodSet()
    for (period, grain, block), hours in zip(made, moves, strict=False):
        world.clock.now += hours * HOUR
        world.grant(patient, PeriodSet((period,)), grain=grain, block=block)
        seen |= PeriodSet((period,)) if grain is Grain.RAW else PeriodSet(())
        for one in summaries(world, patient):
            if not seen.covers(one.period):
                assert not seen & PeriodSet((one.period,)), "a part of it was seen as readings"
                told.add(one.period)
    assert _are_apart(told)


def _are_apart(periods: Iterable[Period]) -> bool:
    ordered = sorted(periods)
    return all(one.end <= two.start for one, two in pairwise(ordered))
