"""The life of a grant: one table, two clocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from bridge.consent import grants
from bridge.consent.asked import SINGLY, WILDCARD, Kind
from bridge.consent.grant import (
    DONE,
    LONGEST,
    TRANSITIONS,
    Event,
    Grant,
    Identity,
    NotPossible,
    Recipient,
    Standing,
    State,
    Step,
    active_times,
    after,
    before,
    from_now_on,
    last_days,
    state_at,
)
from bridge.consent.lasting import default_end, end_of, longest_end
from bridge.period import DAY, END_OF_TIME, HOUR, Period, PeriodSet, ZoneHistory, spelled
from bridge.store.db import Database
from tests.consent.world import CLINIC, NOON, World, between, every, items, wish

BERLIN = ZoneHistory.always("Europe/Berlin")
WEEK = between(NOON - 7 * DAY, NOON)


@pytest.fixture
def grant(world: World) -> Grant:
    return world.grant(world.person(), WEEK).grant


def told(grant: Grant, *events: Event) -> Standing:
    return Standing(grant, events)


SIGN = Event(Step.SIGN, NOON)


def test_the_table_is_all_there_is() -> None:
    for state, step in product(State, Step):
        if (state, step) in TRANSITIONS:
            assert after(state, step) is TRANSITIONS[state, step]
        else:
            with pytest.raises(NotPossible, match=f"{state} cannot be {DONE[step]}"):
                after(state, step)


def test_nothing_leads_out_of_an_end() -> None:
    ends = {State.REVOKED, State.SUPERSEDED}
    assert not any(state in ends for state, _ in TRANSITIONS)
    assert {State.ACTIVE, State.EXPIRED, State.WAITING}.isdisjoint(TRANSITIONS.values())


def test_active_and_expired_are_computed_from_now(grant: Grant) -> None:
    standing = told(replace(grant, begins=NOON + HOUR, ends=NOON + DAY), SIGN)
    assert state_at(standing, NOON) is State.WAITING
    assert state_at(standing, NOON + HOUR) is State.ACTIVE
    assert state_at(standing, NOON + DAY - 1) is State.ACTIVE
    assert state_at(standing, NOON + DAY) is State.EXPIRED


def test_a_pause_until_a_date_ends_by_itself(grant: Grant) -> None:
    standing = told(grant, SIGN, Event(Step.PAUSE, NOON + HOUR, NOON + 2 * HOUR))
    assert [state_at(standing, NOON + i * HOUR) for i in (1, 2)] == [State.PAUSED, State.ACTIVE]
    times = active_times(standing)
    assert times == PeriodSet.of(Period(NOON, NOON + HOUR), Period(NOON + 2 * HOUR, grant.ends))


def test_a_clock_that_went_back_does_not_undo_a_revocation(grant: Grant) -> None:
    assert state_at(told(grant, SIGN, Event(Step.REVOKE, NOON + HOUR)), NOON) is State.REVOKED


def test_a_pause_by_hand_lasts_until_it_is_resumed(grant: Grant) -> None:
    paused = told(grant, SIGN, Event(Step.PAUSE, NOON + HOUR))
    assert state_at(paused, grant.ends - 1) is State.PAUSED
    resumed = told(grant, *paused.events, Event(Step.RESUME, NOON + 3 * HOUR))
    assert active_times(resumed) == PeriodSet.of(
        Period(NOON, NOON + HOUR), Period(NOON + 3 * HOUR, grant.ends)
    )


def test_active_times_and_states_agree(grant: Grant) -> None:
    standing = told(
        replace(grant, begins=NOON + HOUR, ends=NOON + 20 * HOUR),
        SIGN,
        Event(Step.PAUSE, NOON + 3 * HOUR, NOON + 5 * HOUR),
        Event(Step.PAUSE, NOON + 6 * HOUR),
        Event(Step.RESUME, NOON + 8 * HOUR),
        Event(Step.REVOKE, NOON + 12 * HOUR),
    )
    times = active_times(standing)
    past = {NOON + i * HOUR // 2: standing.events for i in range(48)}
    for now in past:
        known = told(standing.grant, *(event for event in standing.events if event.at <= now))
        assert (state_at(known, now) is State.ACTIVE) == (now in times)


def test_every_grant_ends_within_twelve_months(grant: Grant) -> None:
    with pytest.raises(ValueError, match="twelve months"):
        replace(grant, ends=grant.begins + LONGEST + 1)
    with pytest.raises(ValueError, match="ends after it begins"):
        replace(grant, ends=grant.begins)
    assert default_end(NOON, BERLIN) == NOON + 90 * DAY
    visit = BERLIN.local_date(NOON)
    assert default_end(NOON, BERLIN, visit) == spelled("2026-01-03", BERLIN).end


def test_twelve_months_end_on_the_same_date_at_the_same_hour() -> None:
    for begins, over in (
        ("2026-11-28T10:00", "2027-11-28T10:00"),
        ("2027-11-28T10:00", "2028-11-28T10:00"),
        ("2028-02-29T10:00", "2029-03-01T10:00"),
        ("2026-03-29T10:00", "2027-03-29T10:00"),
    ):
        longest = longest_end(spelled(begins, BERLIN).start, BERLIN)
        assert longest == spelled(over, BERLIN).start
        last = BERLIN.local_date(longest)
        assert end_of(last, longest, BERLIN) == longest
        assert end_of(last - timedelta(days=1), longest, BERLIN) == BERLIN.day(last).start
        assert end_of(last + timedelta(days=1), longest, BERLIN) is None


def test_a_grant_names_a_way_a_kind_and_a_recipient(grant: Grant) -> None:
    with pytest.raises(ValueError, match="at least one way"):
        replace(grant, ways=frozenset())
    with pytest.raises(ValueError, match="at least one way and one kind"):
        replace(grant, kinds=frozenset())
    with pytest.raises(ValueError, match="organisation"):
        Recipient("", frozenset())
    with pytest.raises(ValueError, match="rolling"):
        replace(grant, rolling_days=3)


def test_a_wildcard_never_implies_what_is_named_singly() -> None:
    assert not WILDCARD & SINGLY
    assert {Kind.NOTES, Kind.SERIALS, Kind.CYCLE, Kind.ALCOHOL, Kind.STRESS, Kind.ILLNESS} == SINGLY


def test_windows_are_whole_local_days() -> None:
    fall_back = spelled("2025-10-26T15:00:00+01:00", BERLIN).start
    assert last_days(1, fall_back, BERLIN) == spelled("2025-10-26", BERLIN)
    assert last_days(1, fall_back, BERLIN).end - last_days(1, fall_back, BERLIN).start == 25 * HOUR
    visit = spelled("2026-01-10T09:30", BERLIN).start
    assert before(visit, 7, BERLIN) == Period(spelled("2026-01-03", BERLIN).start, visit)
    assert from_now_on(NOON) == Period(NOON, END_OF_TIME)


def test_a_rolling_window_moves_with_midnight(world: World) -> None:
    patient = world.person()
    rows = every(60, 24 * 10, start=NOON - 9 * DAY)
    world.bring(patient, rows)
    world.grant(patient, PeriodSet(), rolling_days=3)
    for later in (0, 11 * HOUR - 1, 11 * HOUR, 2 * DAY):
        world.clock.now = NOON + later
        window = last_days(3, world.clock.now, BERLIN)
        assert items(world.ask(CLINIC, wish(patient))) == [row for row in rows if row[0] in window]


@pytest.mark.parametrize("deed", [grants.pause, grants.revoke])
def test_a_step_bites_at_the_very_next_request(
    world: World, deed: Callable[[Database, str], Standing]
) -> None:
    patient = world.person()
    world.bring(patient, every(5, 2000, start=NOON - 7 * DAY))
    grant = world.grant(patient, WEEK).grant
    assert world.ask(CLINIC, wish(patient)).count
    deed(world.db, grant.id)
    found = world.ask(CLINIC, wish(patient))
    assert (found.count, found.subject, found.total) == (0, None, 0)


def test_resuming_opens_again(world: World) -> None:
    patient = world.person()
    world.bring(patient, every(5, 100, start=NOON - DAY))
    grant = world.grant(patient, WEEK).grant
    grants.pause(world.db, grant.id, by="Ada", reason="holiday")
    world.clock.now += HOUR
    standing = grants.resume(world.db, grant.id)
    assert world.ask(CLINIC, wish(patient)).count == 100
    assert [event.step for event in standing.events] == [Step.SIGN, Step.PAUSE, Step.RESUME]
    assert grants.load(world.db, grant.id) == standing
    assert standing.events[1].reason == "holiday"


def test_a_narrowed_grant_supersedes_and_acts_at_once(world: World) -> None:
    patient = world.person()
    rows = every(5, 2000, start=NOON - 7 * DAY)
    world.bring(patient, rows)
    old = world.grant(patient, WEEK).grant
    narrow = between(NOON - 2 * DAY, NOON - DAY)
    world.clock.now += HOUR
    new = grants.supersede(world.db, old.id, replace(old, periods=narrow, signed=world.clock.now)).grant
    assert (new.id, new.version) == (old.id, 2)
    assert items(world.ask(CLINIC, wish(patient))) == [row for row in rows if row[0] in narrow]
    versions = grants.listed(world.db, patient)
    assert [state_at(each, world.clock.now) for each in versions] == [State.SUPERSEDED, State.ACTIVE]
    assert versions[0].grant == old


def test_a_revoked_grant_stays_revoked(world: World) -> None:
    grant = world.grant(world.person(), WEEK).grant
    grants.revoke(world.db, grant.id)
    for step in (grants.pause, grants.resume, grants.revoke):
        with pytest.raises(NotPossible, match="revoked"):
            step(world.db, grant.id)
    with pytest.raises(KeyError):
        grants.load(world.db, "no-such-grant")


def test_an_expired_grant_takes_no_more_steps(world: World) -> None:
    grant = world.grant(world.person(), WEEK).grant
    world.clock.now = grant.ends
    with pytest.raises(NotPossible, match="expired"):
        grants.pause(world.db, grant.id)


def test_what_was_signed_is_read_back_whole(world: World) -> None:
    patient = world.person()
    recipient = Recipient(
        "Clinic", frozenset(), "The Clinic", "1 High Street", "post@clinic.example", "by phone"
    )
    standing = world.grant(
        patient,
        PeriodSet.of(Period(1, 5), Period(9, 12)),
        recipient=recipient,
        identity=Identity.PSEUDONYMOUS,
        withheld=frozenset({"old-phone"}),
        later_sources=True,
        erase_by=NOON + 90 * DAY,
        said="two short spells",
    )
    assert grants.listed(world.db, patient) == (standing,)


def test_two_identities_at_once_for_one_recipient_are_refused(world: World) -> None:
    patient = world.person()
    named = world.grant(patient, WEEK).grant
    with pytest.raises(NotPossible, match="another identity"):
        world.grant(patient, WEEK, identity=Identity.PSEUDONYMOUS)
    grants.revoke(world.db, named.id)
    assert world.grant(patient, WEEK, identity=Identity.PSEUDONYMOUS).grant.pairing


def test_one_recipient_has_one_pairing_and_another_has_another(world: World) -> None:
    one, two = world.person("Ada"), world.person("Ben")
    first = world.grant(one, WEEK, identity=Identity.PSEUDONYMOUS).grant.pairing
    assert world.grant(two, WEEK, identity=Identity.PSEUDONYMOUS).grant.pairing == first
    other = Recipient("Institute", frozenset({"institute"}))
    assert world.grant(one, WEEK, identity=Identity.PSEUDONYMOUS, recipient=other).grant.pairing != first
    lab = Recipient("Lab", frozenset({"lab"}))
    research = world.grant(one, WEEK, identity=Identity.DEIDENTIFIED, recipient=lab).grant
    assert research.pairing not in (first, b"")
