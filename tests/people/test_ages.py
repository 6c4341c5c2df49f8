"""Ages and powers: what nobody may do, whatever the records say."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.people.ages import ALL, Ages, Birthdays, Power, Stage, anniversary, birth_fault, birthdays
from bridge.people.representation import GIVEN, Kind, changes_at, limit, powers_at
from bridge.period import DAY, Instant, ZoneHistory
from bridge.store.representations import RepresentationRow

ZONES = ZoneHistory.always("Europe/Berlin")
BORN = date(2010, 3, 5)
DAYS = birthdays(BORN, Ages(), ZONES)
INSTANTS = st.integers(DAYS.sight - 2000 * DAY, DAYS.majority + 2000 * DAY)
ages = st.lists(st.integers(1, 30), min_size=3, max_size=3).map(sorted).map(lambda years: Ages(*years))


def test_nobody_is_born_tomorrow_or_before_who_lives() -> None:
    now = ZONES.day(date(2026, 5, 4)).start
    assert all(not birth_fault(each, now) for each in (date(1880, 1, 1), date(2026, 5, 3), date(2026, 5, 4)))
    assert "still to come" in birth_fault(date(2026, 5, 6), now)
    assert "before 1880" in birth_fault(date(1879, 12, 31), now)


@st.composite
def rows(draw: st.DrawFn) -> RepresentationRow:
    kind = draw(st.sampled_from(list(Kind)))
    powers = draw(st.sets(st.sampled_from(list(Power)))) | {Power.REVOKE}
    begins, ends, ended = draw(INSTANTS), draw(st.none() | INSTANTS), draw(st.none() | INSTANTS)
    return RepresentationRow(1, 1, "a", kind, tuple(sorted(powers)), begins, ends, ended)


@given(rows(), INSTANTS)
def test_nobody_may_more_than_the_record_gives_nor_outside_its_time(
    row: RepresentationRow, now: Instant
) -> None:
    found = powers_at(row, DAYS, now)
    assert found <= frozenset(map(Power, row.powers))
    if not row.begins <= now < limit(row):
        assert not found


@given(rows(), INSTANTS)
def test_a_child_has_no_powers_and_an_adult_is_represented_by_nobody_from_before(
    row: RepresentationRow, now: Instant
) -> None:
    found, stage = powers_at(row, DAYS, now), DAYS.stage(now)
    if row.kind == Kind.SELF:
        assert stage is not Stage.CHILD or not found
        assert stage is not Stage.SEEING or found <= {Power.SEE}
    elif row.begins < DAYS.majority:
        assert stage is not Stage.ADULT or not found
        assert stage is not Stage.DECIDING or Power.GRANT not in found


@given(rows(), INSTANTS)
def test_any_representative_may_revoke_while_they_act_at_all(row: RepresentationRow, now: Instant) -> None:
    if row.kind != Kind.SELF and powers_at(row, DAYS, now):
        assert Power.REVOKE in powers_at(row, DAYS, now)


@given(rows(), INSTANTS, INSTANTS)
def test_nothing_changes_before_the_instant_that_was_foreseen(
    row: RepresentationRow, now: Instant, later: Instant
) -> None:
    edge = changes_at(row, DAYS, now)
    if row.begins <= now <= later and (edge is None or later < edge):
        assert powers_at(row, DAYS, later) == powers_at(row, DAYS, now)
    if edge is not None:
        assert edge > now and powers_at(row, DAYS, edge) != powers_at(row, DAYS, now)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), ages)
def test_ages_are_reached_in_their_order_at_local_midnight(born: date, wanted: Ages) -> None:
    found = birthdays(born, wanted, ZONES)
    assert found.sight <= found.say <= found.majority
    assert ZONES.local_date(found.majority) == anniversary(born, wanted.majority)
    assert ZONES.local_date(found.majority - 1) == anniversary(born, wanted.majority) - timedelta(days=1)
    assert found.stage(found.majority) is Stage.ADULT
    assert found.stage(found.majority - 1) is not Stage.ADULT


def test_who_was_born_on_a_leap_day_is_older_on_the_first_of_march() -> None:
    assert anniversary(date(2008, 2, 29), 18) == date(2026, 3, 1)
    assert anniversary(date(2008, 2, 29), 12) == date(2020, 2, 29)


@pytest.mark.parametrize("wrong", [(0, 16, 18), (13, 12, 18), (12, 19, 18)])
def test_ages_that_are_out_of_order_are_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="own sight comes before"):
        Ages(*wrong)


def test_what_each_kind_is_given_has_the_power_to_revoke() -> None:
    assert all(Power.REVOKE in powers <= ALL for powers in GIVEN.values())
    assert set(GIVEN) == set(Kind)
    assert Birthdays(1, 2, 3).stage(0) is Stage.CHILD
