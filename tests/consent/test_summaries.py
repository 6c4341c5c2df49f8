"""Summaries: of what is permitted, in the blocks that the grant fixes, and frozen where the readings stay behind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.consent import grants
from bridge.consent.asked import Grain, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.grant import Block, Identity, Recipient
from bridge.consent.permit import OwnerPermit, RecipientPermit
from bridge.consent.reporting import Reporting
from bridge.consent.summed import GMI, MEMBERS, PANEL, DisclosedSummary, period_of
from bridge.period import DAY, HOUR, MINUTE, Period, PeriodSet
from bridge.store.blocks import withdraw
from bridge.store.ledger import listed
from bridge.store.patients import add_zone
from tests.consent.world import CLARITY, CLINIC, LIBRE, NOON, World, every, wish

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
    assert whole.figures.readings == 288 * 14
    (asked,) = summaries(world, patient, Period(FORTNIGHT.end - 3 * DAY, FORTNIGHT.end + 5 * DAY))
    assert asked.period == Period(FORTNIGHT.end - 3 * DAY, FORTNIGHT.end)
    assert PANEL not in parts(asked)
    assert GMI not in parts(asked)
    assert asked.figures is not None
    values = [100 + i % 200 for i in range(288 * 13, 288 * 16)]
    assert asked.figures.mean == pytest.approx(sum(values) / len(values))


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
    assert gone.ids == first.ids
    assert gone.gone == {part for part, _ in first.ids}
    assert summaries(world, patient, permit=OTHER) == ()


def test_what_a_correction_takes_of_a_summary_is_entered_in_error_and_nothing_else(world: World) -> None:
    patient = world.person()
    kept = world.bring(patient, every(5, 288 * 5, FORTNIGHT.start))
    more = world.bring(
        patient, every(5, 288 * 9, FORTNIGHT.start + 5 * DAY), replace(CLARITY, device="second")
    )
    fortnight(world, patient)
    (first,) = summaries(world, patient)
    assert parts(first) == (PANEL, *MEMBERS)
    world.clock.now += HOUR
    withdraw(world.db, patient, more.artifact)
    (second,) = summaries(world, patient)
    assert (second.ids, second.gone) == (first.ids, frozenset({PANEL, GMI}))
    assert second.figures is not None
    assert second.figures.days == 5
    assert kept.artifact != more.artifact


def test_a_block_that_never_told_a_panel_takes_none_back(world: World) -> None:
    patient = world.person()
    brought = world.bring(patient, every(5, 288 * 5, FORTNIGHT.start))
    fortnight(world, patient)
    (first,) = summaries(world, patient)
    assert PANEL not in parts(first)
    world.clock.now += HOUR
    withdraw(world.db, patient, brought.artifact)
    (gone,) = summaries(world, patient)
    assert gone.ids == first.ids


def test_two_grants_of_one_block_are_told_together_and_each_alone_when_the_other_ends(world: World) -> None:
    patient = world.person()
    full(world, patient)
    world.bring(patient, every(15, 96, FORTNIGHT.start + 61_000, 50), LIBRE)
    first = world.grant(
        patient, PeriodSet((FORTNIGHT,)), grain=Grain.SUMMARY, sources=frozenset({"dexcom-clarity"})
    )
    (clarity,) = summaries(world, patient)
    fortnight(world, patient, sources=frozenset({"libreview"}))
    (both,) = summaries(world, patient)
    assert both.figures is not None
    assert clarity.figures is not None
    assert both.figures.readings >= clarity.figures.readings
    assert both.version == "2"
    grants.revoke(world.db, first.grant.id, "Ada")
    (libre,) = summaries(world, patient)
    assert libre.figures is not None
    assert libre.figures.readings == 96


def test_a_source_of_one_or_two_readings_is_never_the_difference_of_two_summaries(world: World) -> None:
    patient = world.person()
    full(world, patient)
    world.bring(patient, [(FORTNIGHT.end - 61_000, 215)], LIBRE)
    first = world.grant(
        patient, PeriodSet((FORTNIGHT,)), grain=Grain.SUMMARY, sources=frozenset({"dexcom-clarity"})
    )
    before = summaries(world, patient)
    fortnight(world, patient)
    assert summaries(world, patient) == before
    grants.revoke(world.db, first.grant.id, "Ada")
    assert [each.figures for each in summaries(world, patient)] == [before[0].figures]


def test_an_upload_that_comes_again_with_one_reading_more_changes_nothing(world: World) -> None:
    patient = world.person()
    brought = world.bring(patient, every(5, 288 * 14, FORTNIGHT.start))
    fortnight(world, patient)
    first = summaries(world, patient)
    world.clock.now += HOUR
    withdraw(world.db, patient, brought.artifact)
    world.clock.now += HOUR
    world.bring(patient, [*every(5, 288 * 14, FORTNIGHT.start), (FORTNIGHT.start + MINUTE, 77)])
    assert summaries(world, patient) == first


def test_what_any_program_of_an_organisation_saw_of_a_part_closes_the_block(world: World) -> None:
    patient = world.person()
    full(world, patient)
    part = PeriodSet((Period(FORTNIGHT.start, FORTNIGHT.end - DAY),))
    elsewhere = Recipient("Clinic", frozenset({"another-program"}))
    for grain in (Grain.RAW, Grain.DAY):
        done = world.grant(patient, part, recipient=elsewhere, grain=grain)
        world.clock.now += HOUR
        grants.revoke(world.db, done.grant.id, "Ada")
        fortnight(world, patient)
        assert summaries(world, patient) == ()


def test_a_block_that_is_held_under_another_identity_is_not_cut_anew(world: World) -> None:
    patient = world.person()
    full(world, patient)
    named = world.grant(patient, PeriodSet((FORTNIGHT,)), grain=Grain.SUMMARY)
    assert len(summaries(world, patient)) == 1
    grants.revoke(world.db, named.grant.id, "Ada")
    shorter = PeriodSet((Period(FORTNIGHT.start, FORTNIGHT.end - DAY),))
    world.grant(patient, shorter, grain=Grain.SUMMARY, identity=Identity.PSEUDONYMOUS)
    assert summaries(world, patient) == ()


def test_what_was_told_stays_where_the_zone_is_corrected(world: World) -> None:
    patient = world.person()
    full(world, patient)
    fortnight(world, patient, block=Block.WEEK)
    before = summaries(world, patient)
    assert len(before) == 2
    add_zone(world.db, patient, "America/New_York", MIDNIGHT - 60 * DAY)
    assert summaries(world, patient) == before


def test_a_number_of_summaries_freezes_them_too(world: World) -> None:
    patient = world.person()
    full(world, patient)
    fortnight(world, patient)
    counted = world.ask(CLINIC, wish(patient, reporting=Reporting(), limit=0))
    assert (counted.count, counted.total) == (0, len((PANEL, *MEMBERS)))
    assert world.db.reader("ledger").execute("SELECT count(*) FROM summaries").fetchone() == (1,)


def test_what_readings_are_open_of_and_a_block_have_ids_of_their_own(world: World) -> None:
    patient = world.person()
    full(world, patient)
    world.grant(patient, PeriodSet((FORTNIGHT,)), sources=frozenset({"dexcom-clarity"}))
    fortnight(world, patient)
    one, two = summaries(world, patient)
    assert one.period == two.period
    assert not {id_ for _, id_ in one.ids} & {id_ for _, id_ in two.ids}


def test_a_window_of_a_hundred_years_is_no_block_and_no_fault(world: World) -> None:
    patient = world.person()
    full(world, patient)
    world.grant(patient, PeriodSet((Period(-(2**42), MIDNIGHT),)), grain=Grain.SUMMARY)
    assert summaries(world, patient) == ()


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
            if one.period not in told and not seen.covers(one.period):
                assert not seen & PeriodSet((one.period,)), "a part of it was seen as readings"
                told.add(one.period)
    assert _are_apart(told)


def _are_apart(periods: Iterable[Period]) -> bool:
    ordered = sorted(periods)
    return all(one.end <= two.start for one, two in pairwise(ordered))
