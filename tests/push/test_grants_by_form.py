"""Several grants to one chart, in every form in which a receiver takes readings: what it holds is brought up to date
and never overwritten by less, and no minute of insulin stands there twice, also where a request may arrive in part."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from bridge.consent.asked import WILDCARD, Grain, Kind
from bridge.consent.grant import NotPossible
from bridge.period import PeriodSet, union
from bridge.store.blocks import withdraw
from bridge.web.disclosures import uncorrected
from tests.push.ehr import FROZEN, TRANSACTION, Ehr, Rules, standing
from tests.push.house import House, filed
from tests.push.test_given import START, TYPE
from tests.push.test_several_grants import hours
from tests.push.twin import Say

POOR = WILDCARD - {Kind.DEVICE}
FORMS = {
    "submit-cgm-bundle": Rules(operation=True, said=None),
    "transaction": TRANSACTION,
    "batch": Rules(batch=True),
    "single": Rules(),
}
APART = {form: rules for form, rules in FORMS.items() if form != "transaction"}


@contextmanager
def world(home: Path, rules: Rules) -> Iterator[tuple[House, Ehr]]:
    """A bridge with a link, and a receiver with these rules that wants all of it; nothing granted."""
    with standing(rules) as ehr:
        house = filed(home, ehr.url, raw={"daily": 100_000, "streams": ["glucose", "bolus", "basal"]})
        house.link()
        yield house, ehr
        house.db.close()


def settled(house: House) -> tuple[int, int]:
    """Rounds until nothing more goes; how many readings were sent and updated."""
    sent = updated = 0
    for _ in range(8):
        house.wait(30)
        report = house.push()
        sent, updated = sent + report.sent, updated + report.updated
        if not (report.sent or report.updated):
            return sent, updated
    raise AssertionError("the chart never comes to rest")


def pieces(ehr: Ehr) -> list[tuple[float, float]]:
    """From which to which hour each basal segment of the chart runs."""
    found = []
    for each in ehr.shelves.get(TYPE, {}).values():
        if each["status"] != "entered-in-error":
            ends = (each["effectivePeriod"][name] for name in ("start", "end"))
            low, high = (datetime.fromisoformat(end).timestamp() for end in ends)
            found.append((round(low - START / 1000) / 3600, round(high - START / 1000) / 3600))
    return sorted(found)


def named(ehr: Ehr) -> list[bool]:
    """Which readings of the chart name their device."""
    return ["device" in each for each in ehr.readings]


def is_once(told: list[tuple[float, float]]) -> bool:
    return all(one[1] <= two[0] for one, two in pairwise(told))


@pytest.mark.parametrize("form", FORMS)
def test_a_copy_becomes_fuller_and_never_poorer(tmp_path: Path, form: str) -> None:
    with world(tmp_path, FORMS[form]) as (house, ehr):
        house.bring(0, [100, 101])
        house.grant(kinds=POOR)
        assert settled(house) == (2, 0) and named(ehr) == [False, False]
        rich = house.grant()
        assert settled(house) == (0, 2) and named(ehr) == [True, True]
        house.revoke(rich)
        house.grant(kinds=POOR)
        writes = len(ehr.writes())
        assert settled(house) == (0, 0) and named(ehr) == [True, True]
        assert len(ehr.writes()) == writes


@pytest.mark.parametrize("form", FORMS)
def test_a_piece_that_a_second_grant_opens_arrives_beside_the_first(tmp_path: Path, form: str) -> None:
    with world(tmp_path, FORMS[form]) as (house, ehr):
        house.run(0, 6)
        house.grant(periods=hours(0, 1))
        settled(house)
        house.grant(periods=hours(3, 4) | hours(5, 6))
        settled(house)
        assert pieces(ehr) == [(0, 1), (3, 4), (5, 6)]
        house.grant(periods=hours(1, 2))
        settled(house)
        assert pieces(ehr) == [(0, 2), (3, 4), (5, 6)]


@pytest.mark.parametrize("form", FORMS)
def test_pieces_that_a_grant_moves_to_other_names_go_as_one_or_stay(tmp_path: Path, form: str) -> None:
    with world(tmp_path, FORMS[form]) as (house, ehr):
        house.run(0, 6)
        house.grant(periods=hours(2, 3) | hours(4, 5))
        settled(house)
        house.grant(periods=hours(0, 1))
        settled(house)
        before = [(2, 3), (4, 5)]
        assert pieces(ehr) == ([(0, 1), *before] if form == "transaction" else before)
        writes = len(ehr.writes())
        assert settled(house) == (0, 0) and len(ehr.writes()) == writes


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(2))
def test_whatever_begins_ends_and_is_refused_no_minute_is_told_twice(
    tmp_path: Path, form: str, seed: int
) -> None:
    with world(tmp_path, FORMS[form]) as (house, ehr):
        chance, signed, ever = random.Random(seed), list[str](), list[PeriodSet]()
        house.run(0, 6)
        for _ in range(7):
            deed = chance.choice((house.revoke, house.pause, house.resume)) if len(signed) > 1 else None
            if deed is None or chance.random() < 0.6:
                low = chance.randrange(6)
                ever.append(hours(low, chance.randint(low + 1, 6)))
                signed.append(house.grant(periods=ever[-1]))
            else:
                with suppress(NotPossible):
                    deed(chance.choice(signed))
            if chance.random() < 0.3:
                ehr.script.append(Say(chance.choice((422, 503))))
            settled(house)
            told = pieces(ehr)
            assert is_once(told) and all(not (hours(*each) - union(ever)) for each in told), told


@pytest.mark.parametrize("form", APART)
def test_what_is_there_is_amended_before_a_piece_is_added(tmp_path: Path, form: str) -> None:
    """A rate that ran for eight hours and not for six: the piece that stands there moves to another name with it."""
    with world(tmp_path, FORMS[form]) as (house, ehr):
        house.run(0, 6)
        house.grant(periods=hours(3, 4))
        settled(house)
        house.wait()
        house.run(0, 8)
        house.grant(periods=hours(0, 1))
        ehr.script.append(Say(422))
        house.wait()
        house.push()
        assert pieces(ehr) == [(3, 4)]  # the amendment was refused: a human's task, and nothing beside it
        assert settled(house) == (0, 0) and pieces(ehr) == [(3, 4)]


@pytest.mark.parametrize("form", APART)
def test_an_amended_rate_arrives_in_all_its_pieces(tmp_path: Path, form: str) -> None:
    with world(tmp_path, FORMS[form]) as (house, ehr):
        house.run(0, 6)
        house.grant(periods=hours(3, 4))
        settled(house)
        house.wait()
        house.run(0, 8)
        house.grant(periods=hours(0, 1))
        settled(house)
        assert pieces(ehr) == [(0, 1), (3, 4)]


@pytest.mark.parametrize("form", FORMS)
def test_pieces_of_which_a_request_holds_one_come_to_rest(tmp_path: Path, form: str) -> None:
    with world(tmp_path, replace(FORMS[form], entries=1)) as (house, ehr):
        house.run(0, 6)
        house.grant(kinds=POOR, periods=hours(2, 3) | hours(4, 5))
        settled(house)
        assert pieces(ehr) == [(2, 3), (4, 5)]
        house.grant(kinds=POOR, periods=hours(0, 1))
        settled(house)
        assert pieces(ehr) == [(2, 3), (4, 5)]  # they hang together, and that many are not taken
        house.wait()
        house.run(0, 8)
        settled(house)
        assert pieces(ehr) == [(0, 1), (2, 3), (4, 5)]


def test_where_no_update_is_taken_a_poorer_copy_is_no_alarm_and_a_wrong_one_is(tmp_path: Path) -> None:
    with world(tmp_path, FROZEN) as (house, ehr):
        house.bring(0, [100, 101])
        house.run(0, 6)
        house.grant(kinds=POOR, periods=hours(0, 1))
        settled(house)
        house.grant(periods=hours(0, 2))
        assert settled(house) == (0, 0) and uncorrected(house.db, house.patient) == ()
        house.grant(periods=hours(4, 5))
        assert settled(house) == (0, 0) and pieces(ehr) == [(0, 1)]
        house.bring(0, [150], name="corrected")
        settled(house)
        assert uncorrected(house.db, house.patient) == (("Clinic", 1),)


def test_where_no_update_is_taken_a_mean_is_an_alarm_only_when_it_is_wrong(tmp_path: Path) -> None:
    with world(tmp_path, FROZEN) as (house, ehr):
        wrong = house.bring(0, [100 + place for place in range(36)])
        grant = house.grant(grain=Grain.HOUR)
        settled(house)
        count = len(ehr.readings)
        house.revoke(grant)
        house.wait()
        assert house.push().failed == ()
        assert count and uncorrected(house.db, house.patient) == ()
        withdraw(house.db, house.patient, wrong)
        settled(house)
        assert uncorrected(house.db, house.patient) == (("Clinic", count),)
