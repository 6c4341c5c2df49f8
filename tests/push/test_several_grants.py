"""Several grants to one chart: together they say what it may have, whichever delivery runs first (`consent.md`,
the decision: a union of boxes, each item once and at its finest grain)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest

from bridge.consent.asked import WILDCARD, Grain, Kind, Way
from bridge.consent.grant import Identity, NotPossible
from bridge.period import HOUR, PeriodSet, union
from bridge.store.blocks import withdraw
from tests.push.house import House, furnished
from tests.push.test_given import START, given
from tests.push.test_worker import values
from tests.push.twin import Torn, Twin, hospital

GLUCOSE = frozenset({Kind.GLUCOSE})
POOR = WILDCARD - {Kind.DEVICE}
MEAN = "entered-in-error"


@pytest.fixture
def twin() -> Iterator[Twin]:
    with hospital() as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, twin: Twin) -> Iterator[House]:
    made = furnished(tmp_path / "home", twin.url)
    made.link()
    yield made
    made.db.close()


def hours(low: float, high: float) -> PeriodSet:
    return PeriodSet.between(START + round(low * HOUR), START + round(high * HOUR))


def pieces(twin: Twin) -> list[tuple[float, float]]:
    """From which to which hour each basal segment of the chart ran."""
    found = []
    for each in given(twin):
        period = each["effectivePeriod"]
        low, high = (datetime.fromisoformat(period[name]).timestamp() for name in ("start", "end"))
        found.append((round(low - START / 1000) / 3600, round(high - START / 1000) / 3600))
    return sorted(found)


def named(twin: Twin) -> list[bool]:
    """Which readings of the chart name their device."""
    return ["device" in each for each in twin.observations()]


def settled(house: House) -> tuple[int, int]:
    """Rounds until nothing more goes; how many readings were sent and updated."""
    sent = updated = 0
    for _ in range(5):
        house.wait()
        report = house.push()
        assert not report.failed
        sent, updated = sent + report.sent, updated + report.updated
        if not (report.sent or report.updated):
            return sent, updated
    raise AssertionError("the chart never comes to rest")


# ---------------------------------------------------------------------------------- what a copy says


@pytest.mark.parametrize("order", [(POOR, WILDCARD), (WILDCARD, POOR)])
@pytest.mark.parametrize("pushes_between", [True, False])
def test_the_chart_ends_with_what_the_grants_permit_together(
    house: House, twin: Twin, order: Sequence[frozenset[Kind]], pushes_between: bool
) -> None:
    house.bring(0, list(range(100, 106)))
    for kinds in order:
        house.grant(kinds=kinds)
        if pushes_between:
            house.push()
        house.wait()
    settled(house)
    assert named(twin) == [True] * 6 and values(twin) == list(range(100, 106))
    posts = len(twin.posts)
    assert settled(house) == (0, 0) and len(twin.posts) == posts


def test_a_revoked_grant_takes_nothing_out_of_the_chart_and_nothing_more_goes_by_it(
    house: House, twin: Twin
) -> None:
    house.bring(0, [100, 101])
    house.grant(kinds=GLUCOSE)
    rich = house.grant(kinds=WILDCARD)
    settled(house)
    house.revoke(rich)
    house.bring(2, [102])
    house.give(0, [350])
    assert settled(house) == (1, 0)
    assert sorted(named(twin)) == [False, True, True] and given(twin) == []
    house.grant(kinds=POOR)  # whose delivery begins at the beginning
    assert settled(house) == (1, 0)  # the dose
    assert sorted(named(twin)) == [False, True, True]


def test_a_feed_into_a_chart_brings_what_is_filed_there_as_well(tmp_path: Path, twin: Twin) -> None:
    made = furnished(tmp_path / "watched", twin.url, monitored="the nurse, on weekdays")
    made.link()
    made.run(0, 6)
    made.grant(periods=hours(0, 3))
    settled(made)
    made.grant(ways=frozenset({Way.FEED}), periods=hours(2, 6))
    settled(made)
    covered = pieces(twin)
    made.db.close()
    assert covered == [(0, 6)]


def test_nothing_goes_under_another_identity_into_a_chart_that_has_things_under_one(
    house: House, twin: Twin
) -> None:
    house.bring(0, [100, 101])
    named_one = house.grant()
    settled(house)
    house.revoke(named_one)
    house.grant(identity=Identity.PSEUDONYMOUS)
    report = house.push()
    assert report.sent == 0 and "pseudonym" in report.held[0]
    assert values(twin) == [100, 101]


def test_a_correction_goes_with_what_is_permitted_when_it_goes(house: House, twin: Twin) -> None:
    house.bring(0, [100, 101])
    house.grant(kinds=GLUCOSE)
    rich = house.grant(kinds=WILDCARD)
    settled(house)
    house.revoke(rich)
    house.bring(0, [150], name="corrected")
    assert settled(house) == (0, 1)
    assert {each["valueQuantity"]["value"]: "device" in each for each in twin.observations()} == {
        150: False,
        101: True,
    }


def test_a_paused_grant_adds_nothing_and_goes_on_when_it_is_resumed(house: House, twin: Twin) -> None:
    house.bring(0, [100])
    house.grant(kinds=GLUCOSE)
    rich = house.grant(kinds=WILDCARD)
    settled(house)
    house.pause(rich)
    house.bring(1, [101])
    house.give(0, [350])
    settled(house)
    assert sorted(named(twin)) == [False, True] and given(twin) == []
    house.resume(rich)
    settled(house)
    assert named(twin) == [True, True] and len(given(twin)) == 1


# ------------------------------------------------------------------------- intervals that edges cut


@pytest.mark.parametrize("order", list(permutations(((0, 1), (1, 3), (4, 5)))))
@pytest.mark.parametrize("pushes_between", [True, False])
def test_pieces_of_one_segment_that_grants_open_one_by_one_arrive_each_once(
    house: House, twin: Twin, order: Sequence[tuple[int, int]], pushes_between: bool
) -> None:
    house.run(0, 6)
    for low, high in order:
        house.grant(periods=hours(low, high))
        if pushes_between:
            house.push()
        house.wait()
    settled(house)
    assert pieces(twin) == [(0, 3), (4, 5)]
    assert settled(house) == (0, 0)


def test_a_segment_that_was_told_whole_is_not_cut_by_a_narrower_grant(house: House, twin: Twin) -> None:
    house.run(0, 6)
    house.grant(periods=hours(0, 2))
    house.push()
    assert pieces(twin) == [(0, 2)]
    whole = house.grant()
    settled(house)
    assert pieces(twin) == [(0, 6)]
    house.revoke(whole)
    house.grant(periods=hours(0, 1))
    assert settled(house) == (0, 0) and pieces(twin) == [(0, 6)]


def test_what_two_grants_join_is_not_told_beside_its_parts(house: House, twin: Twin) -> None:
    """The second piece would have no name of its own any more: both stay as they were filed."""
    house.run(0, 6)
    house.grant(periods=hours(0, 1) | hours(2, 3))
    settled(house)
    house.grant(periods=hours(1, 2))
    assert settled(house) == (0, 0) and pieces(twin) == [(0, 1), (2, 3)]


@pytest.mark.parametrize("again", [hours(4, 5), hours(4, 6), hours(1, 2) | hours(4, 5)])
def test_pieces_that_a_revocation_moves_to_another_name_are_not_told_twice(
    house: House, twin: Twin, again: PeriodSet
) -> None:
    house.run(0, 6)
    house.grant(periods=hours(4, 5))
    first = house.grant(periods=hours(0, 1))
    settled(house)
    assert pieces(twin) == [(0, 1), (4, 5)]
    house.revoke(first)
    house.grant(periods=again)
    settled(house)
    assert not [one for one in pieces(twin) for two in pieces(twin) if one[0] < two[0] < one[1]]
    assert len(set(pieces(twin))) == len(pieces(twin)) == 2


def test_after_a_whole_segment_was_told_no_piece_of_it_is_told_beside_it(house: House, twin: Twin) -> None:
    house.run(0, 6)
    whole = house.grant()
    settled(house)
    house.revoke(whole)
    house.grant(periods=hours(0, 1) | hours(4, 5))
    assert settled(house) == (0, 0) and pieces(twin) == [(0, 6)]


def test_a_segment_that_was_another_persons_is_taken_back_in_the_pieces_of_all_grants(
    house: House, twin: Twin
) -> None:
    wrong = house.run(0, 6)
    for low in (0, 2, 4):
        house.grant(periods=hours(low, low + 1))
    settled(house)
    assert pieces(twin) == [(0, 1), (2, 3), (4, 5)]
    withdraw(house.db, house.patient, wrong)
    house.wait()
    assert house.push().retracted == 3
    assert {each["status"] for each in given(twin)} == {"entered-in-error"}


def test_a_feed_that_nobody_looks_at_adds_nothing_to_what_is_filed(house: House, twin: Twin) -> None:
    house.bring(0, [100])
    house.give(0, [350])
    house.grant(kinds=GLUCOSE)
    house.grant(ways=frozenset({Way.FEED, Way.LOOK}))
    assert settled(house) == (1, 0)
    assert named(twin) == [False] and given(twin) == []


@pytest.mark.parametrize("seed", range(10))
def test_whatever_begins_and_ends_no_minute_is_told_twice_and_no_reading_is_missing(
    house: House, twin: Twin, seed: int
) -> None:
    """Grants are signed, paused, resumed and revoked as they come; nothing that was never permitted is in the chart,
    what is permitted by a first grant at the latest now is, and insulin stands there once."""
    chance, signed, ever = random.Random(seed), list[str](), list[PeriodSet]()
    house.run(0, 6)
    house.bring(0, [100 + place for place in range(72)])
    for _ in range(8):
        deed = chance.choice((house.revoke, house.pause, house.resume)) if len(signed) > 1 else None
        if deed is None or chance.random() < 0.5:
            low = chance.randrange(6)
            ever.append(hours(low, chance.randint(low + 1, 6)))
            signed.append(house.grant(periods=ever[-1]))
        else:
            with suppress(NotPossible):
                deed(chance.choice(signed))
        if chance.random() < 0.6:
            settled(house)
            told = pieces(twin)
            assert all(one[1] <= two[0] for one, two in pairwise(told)), told
            assert all(not (hours(*each) - union(ever)) for each in told)
    last = house.grant(periods=hours(0, 6))
    settled(house)
    assert values(twin) == [100 + place for place in range(72)] and last
    assert all(one[1] <= two[0] for one, two in pairwise(pieces(twin)))


def test_an_unknown_outcome_between_two_grants_leaves_one_copy(house: House, twin: Twin) -> None:
    house.run(0, 6)
    house.grant(periods=hours(0, 2))
    twin.script.append(Torn())
    house.push()
    house.grant(periods=hours(2, 3))
    house.wait(60)
    settled(house)
    assert pieces(twin) == [(0, 3)]


# -------------------------------------------------------------------------------- means beside readings


def means(twin: Twin) -> list[dict[str, Any]]:
    return [each for each in twin.observations() if "effectivePeriod" in each]


def test_where_two_grants_overlap_the_finest_grain_goes_alone(house: House, twin: Twin) -> None:
    house.bring(0, [100 + place for place in range(36)])
    house.grant(periods=hours(0, 1))
    house.grant(grain=Grain.HOUR)
    settled(house)
    raw = [each for each in twin.observations() if "effectiveDateTime" in each]
    edge = datetime.fromtimestamp(START / 1000 + 3600).astimezone()
    starts = [datetime.fromisoformat(each["effectivePeriod"]["start"]) for each in means(twin)]
    assert len(raw) == 12 and len(starts) == 2 and min(starts) >= edge


def test_a_mean_in_the_chart_stays_when_readings_of_its_hour_follow(house: House, twin: Twin) -> None:
    house.bring(0, [100 + place for place in range(36)])
    house.grant(grain=Grain.HOUR)
    settled(house)
    before = means(twin)
    assert len(before) >= 3
    house.grant(periods=hours(0, 1))
    assert settled(house) == (12, 0)
    assert means(twin) == before


@pytest.mark.parametrize("ends", [True, False])
def test_a_mean_whose_readings_were_another_persons_is_taken_back_when_it_can_not_be_made_anew(
    house: House, twin: Twin, ends: bool
) -> None:
    wrong = house.bring(0, [100 + place for place in range(36)])
    grant = house.grant(grain=Grain.HOUR)
    settled(house)
    count = len(means(twin))
    house.wait()
    if ends:
        house.revoke(grant)
    else:
        house.grant(periods=hours(0, 3))
    settled(house)
    assert MEAN not in {each["status"] for each in means(twin)}
    withdraw(house.db, house.patient, wrong)
    house.wait()
    house.push()
    settled(house)
    assert [each["status"] for each in means(twin)] == [MEAN] * count
    assert not any("valueQuantity" in each for each in means(twin))
    posts = len(twin.posts)
    settled(house)
    assert len(twin.posts) == posts
