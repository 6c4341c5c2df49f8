"""Summaries as a clinic ordered them: its days and figures, once, at their time, and never more than the grant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import bridge.store.haste as haste
import bridge.store.orders as orders
from bridge.consent.asked import Grain
from bridge.consent.ordered import begun
from bridge.order import Order, Schedule, Span, Status
from bridge.period import DAY, Period, ZoneHistory, iso
from bridge.push.order_days import MOST_PARTS, blocks
from bridge.push.ordered import NO_ORDER, TOO_MANY, UNSENT
from bridge.push.overview import NO_DOCUMENTS, NO_SUMMARIES, UNNAMED, standings
from bridge.receive.order import STANDING
from bridge.store.lanes import Lane
from bridge.store.reported import reported
from tests.push.ehr import CGM_RECEIVER, ORACLE, TRANSACTION, Ehr, Rules, once, scheduled, standing
from tests.push.house import BEGIN, House, filed
from tests.push.test_orders import ONE_TIME
from tests.push.test_summaries import ALL, GMI, PANEL, codes, days, measured, periods
from tests.push.twin import Say

SUMMARY, PDF = "cgm-summary", "cgm-summary-pdf"
FOUND: dict[str, Any] = {"orders": {"required": True, "find": True}}
TODAY = iso(BEGIN)
HOURS = 60


@contextmanager
def world(home: Path, rules: Rules = TRANSACTION, **more: Any) -> Iterator[tuple[House, Ehr]]:
    """Readings of a fortnight that is over, a link, and a record system that is asked for orders; all is granted."""
    with standing(rules) as ehr:
        house = filed(home, ehr.url, **(FOUND | {"raw": False} | more))
        measured(house, -15, 16)
        house.link()
        yield house, ehr
        house.db.close()


def biweekly(ehr: Ehr, **changed: Any) -> None:
    ehr.order(**({"authoredOn": TODAY, "extension": [scheduled((2, "wk"), None, SUMMARY)]} | changed))


def glucose(ehr: Ehr) -> int:
    return sum("valueQuantity" in each and "effectiveDateTime" in each for each in ehr.readings)


@pytest.mark.parametrize("rules", [TRANSACTION, CGM_RECEIVER, ORACLE])
def test_a_summary_every_two_weeks_arrives_once_and_on_time(tmp_path: Path, rules: Rules) -> None:
    with world(tmp_path, rules) as (house, ehr):
        house.grant()
        biweekly(ehr)
        assert house.push().sent == 7 and codes(ehr) == dict.fromkeys(ALL, 1)
        assert periods(ehr) == [("2026-05-14", "2026-05-27")]
        for _ in range(13):
            house.wait(24 * HOURS)
            assert house.push().sent == 0
        measured(house, 1, 13, value=120)
        assert house.push().sent == 0, "its time has not come"
        house.wait(24 * HOURS)
        assert house.push().sent == 7 and len(periods(ehr)) == 2
        assert periods(ehr)[1] == ("2026-05-28", "2026-06-10"), "each day once"


def test_the_issue_s_order_brings_summaries_and_the_raw_data_of_the_visit(tmp_path: Path) -> None:
    with world(tmp_path, raw={"daily": 100_000}) as (house, ehr):
        grant = house.grant()
        biweekly(ehr)
        visit = [once("2026-05-26", "2026-05-27")]
        ehr.order("visit", code=ONE_TIME, authoredOn=TODAY, extension=visit)
        assert house.push().sent == 7 + 2 * 288
        assert codes(ehr) == {**dict.fromkeys(ALL, 1), "99504-3": 2 * 288}
        first = [each["resource"]["code"]["coding"][0]["code"] for each in ehr.bodies[0]["entry"]]
        assert set(first) == ALL, "summaries go before readings"
        measured(house, 1, 14, value=120)
        house.revoke(grant)
        house.wait(14 * 24 * HOURS)
        assert house.push(at_once=True).sent == 0 and codes(ehr)[PANEL] == 1


def test_where_an_order_is_required_summaries_wait_for_it_as_well(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant()
        assert house.push().held == (f"clinic: {NO_ORDER}",) and not ehr.writes()
        ehr.order(authoredOn=TODAY, extension=[scheduled((1, "d"), (30, "d"))])
        assert house.push().held == (f"clinic: {UNSENT}",) and not ehr.writes(), (
            "readings, and its file wants none"
        )
        biweekly(ehr)
        assert house.push().sent == 7


def test_what_its_file_does_not_send_is_never_taken_for_delivered(tmp_path: Path) -> None:
    with world(tmp_path, raw={"daily": 100_000}, summaries=False) as (house, ehr):
        house.grant()
        biweekly(ehr, extension=[scheduled((2, "wk"), None, SUMMARY, PDF)])
        assert house.push().held == (f"clinic: {UNSENT}",) and not ehr.writes()
        assert not orders.lasts(house.db, Lane(house.patient, 1))
        (seen,) = standings(house.db, house.clock(), house.patient)
        assert seen.holds == (NO_SUMMARIES, NO_DOCUMENTS)
        house.register(ehr.url, raw={"daily": 100_000}, summaries={}, **FOUND)
        assert house.push().sent == 7
        assert len(orders.lasts(house.db, Lane(house.patient, 1))) == 1


def test_a_file_that_says_nothing_of_summaries_sends_those_that_are_ordered(tmp_path: Path) -> None:
    with world(tmp_path, raw={"daily": 100_000}, orders={"find": True}) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        biweekly(ehr)
        assert house.push().sent == 7 and glucose(ehr) == 0


def test_only_the_figures_that_were_ordered_go(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant()
        biweekly(ehr, extension=[scheduled((2, "wk"), None, "cgm-summary-gmi")])
        assert house.push().sent == 1 and codes(ehr) == {GMI: 1}
        ehr.order("o2", authoredOn=TODAY, extension=[scheduled((2, "wk"), None, SUMMARY)])
        assert house.push().sent == 6 and codes(ehr) == dict.fromkeys(ALL, 1)
        writes = len(ehr.writes())
        house.wait(90)
        assert house.push().sent == 0 and len(ehr.writes()) == writes
        measured(house, -3, 1, value=250)
        assert house.push().updated == 7 and codes(ehr) == dict.fromkeys(ALL, 1)


def test_the_lookback_is_what_a_summary_is_about(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant()
        biweekly(ehr, extension=[scheduled((1, "wk"), (14, "d"), SUMMARY)])
        assert house.push().sent == 7
        measured(house, 1, 7, value=120)
        house.wait(7 * 24 * HOURS)
        assert house.push().sent == 7, "the pace laps over, as it was ordered"
        assert len(periods(ehr)) == 2


def test_a_one_time_summary_is_of_the_days_that_were_ordered_and_of_no_other(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant()
        ehr.order(code=ONE_TIME, authoredOn=TODAY, extension=[once("2026-05-16", "2026-05-20", SUMMARY)])
        assert house.push().sent == 5, "five days have neither GMI nor panel"
        assert periods(ehr) == [("2026-05-16", "2026-05-20")]
        assert NO_ORDER in str(house.push().held)


def test_a_one_time_period_that_runs_is_summed_up_when_it_is_over(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant()
        ehr.order(code=ONE_TIME, authoredOn=TODAY, extension=[once("2026-05-15", "2026-05-30", SUMMARY)])
        assert house.push().sent == 0 and not ehr.writes()
        measured(house, 1, 2, value=120)
        house.wait(3 * 24 * HOURS)
        assert house.push().sent == 7
        house.wait(24 * HOURS)
        assert NO_ORDER in str(house.push().held)


def test_what_is_uploaded_late_is_summed_up_late_and_once(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant()
        biweekly(ehr)
        house.push()
        house.wait(14 * 24 * HOURS)
        assert house.push().sent == 5, "of this day alone"
        house.wait(14 * 24 * HOURS)
        assert house.push().sent == 0, "nothing was measured"
        house.wait(3 * 24 * HOURS)
        measured(house, 14, 17, value=120)
        assert house.push().sent == 7
        house.wait(24 * HOURS)
        assert house.push().sent == 0
        assert [each[0] for each in periods(ehr)] == ["2026-05-14", "2026-05-28", "2026-06-11"]


def test_a_summary_covers_what_the_grant_opens_of_the_days_that_were_ordered(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant(periods=days(house, -5, 3))
        biweekly(ehr)
        assert house.push().sent == 5
        (period,) = (each.period for each in reported(house.db, Lane(house.patient, 1)))
        assert days(house, -5, 3).covers(Period(period.start, period.end))


def test_a_grant_of_summaries_gives_its_own_blocks_at_the_order_s_time(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant(periods=days(house, -14, 14), grain=Grain.SUMMARY)
        biweekly(ehr, occurrencePeriod={"start": iso(BEGIN + 2 * DAY)})
        assert house.push().sent == 0
        house.wait(2 * 24 * HOURS + 10)
        assert house.push().sent == 7 and codes(ehr) == dict.fromkeys(ALL, 1)
        house.wait(14 * 24 * HOURS)
        assert house.push(at_once=True).sent == 0


def test_a_grant_of_summaries_gives_no_day_that_is_ordered_by_the_clinic_alone(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant(periods=days(house, -14, 14), grain=Grain.SUMMARY)
        ehr.order(code=ONE_TIME, authoredOn=TODAY, extension=[once("2026-05-16", "2026-05-17", SUMMARY)])
        assert house.push().sent == 0 and not ehr.writes()


def test_a_correction_of_a_summary_travels_whatever_is_ordered_and_nothing_else_does(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant()
        biweekly(ehr)
        house.push()
        ehr.order(status="revoked")
        measured(house, -3, 1, value=250)
        measured(house, 1, 14, value=120)
        house.wait(15 * 24 * HOURS)
        done = house.push()
        assert done.updated == 7 and done.sent == 0 and NO_ORDER in str(done.held)
        assert len(periods(ehr)) == 1 and {each["status"] for each in ehr.readings} == {"corrected"}


def test_a_revoked_order_sends_no_summary_that_was_on_its_way(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant()
        biweekly(ehr)
        ehr.script = [Say(503)]
        house.push()
        assert reported(house.db, Lane(house.patient, 1)) and not ehr.readings
        ehr.order(status="revoked")
        house.wait(24 * HOURS)
        assert NO_ORDER in str(house.push().held) and not ehr.readings
        biweekly(ehr)
        house.wait(61)
        assert house.push().sent == 7 and codes(ehr)[PANEL] == 1


def test_send_now_brings_the_days_up_to_today_and_pressing_it_twice_brings_nothing_twice(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant()
        biweekly(ehr)
        house.push()
        measured(house, 1, 5, value=120)
        house.wait(5 * 24 * HOURS)
        assert house.push().sent == 0
        assert house.push(at_once=True).sent == 7
        assert house.push(at_once=True).sent == 0 and len(periods(ehr)) == 2


def test_until_there_is_an_order_the_file_s_own_pace_goes_where_none_is_required(tmp_path: Path) -> None:
    with world(tmp_path, orders={"find": True}, summaries={"days": 7}) as (house, ehr):
        house.grant(periods=days(house, -14, 60))
        assert house.push().sent == 10 and len(periods(ehr)) == 2
        mean = scheduled((4, "wk"), (4, "wk"), "cgm-summary-mean-glucose-mass-per-volume")
        biweekly(ehr, extension=[mean])
        assert house.push().sent == 1
        measured(house, 1, 14, value=120)
        house.wait(14 * 24 * HOURS)
        assert house.push().sent == 0, "the order's pace counts now"


def test_what_a_person_wants_now_goes_in_the_next_round_and_only_once(tmp_path: Path) -> None:
    with world(tmp_path, raw={"daily": 100_000}, summaries={}) as (house, ehr):
        grant = house.grant()
        ehr.order(authoredOn=TODAY, extension=[scheduled((4, "wk"), (1, "d"))])
        house.push()
        house.bring(3200, [255])
        house.wait(30)
        assert house.round().sent == 0
        haste.ask(house.db, Lane(house.patient, 1), house.clock())
        assert house.round().sent == 1 and not haste.asked(house.db, house.clock())
        house.bring(3201, [256])
        assert house.round().sent == 0
        haste.ask(house.db, Lane(house.patient, 1), house.clock())
        house.revoke(grant)
        assert house.round().sent == 0 and 256 not in ehr.values()
        house.wait(25 * HOURS)
        house.grant()
        house.bring(3202, [257])
        assert house.round().sent == 0, "the wish is over"


def test_an_order_that_was_sent_here_drives_summaries_like_one_that_was_found(tmp_path: Path) -> None:
    with world(tmp_path, orders="required") as (house, ehr):
        house.grant()
        assert NO_ORDER in str(house.push().held)
        one = Order(STANDING, Status.ACTIVE, (Schedule((SUMMARY, PDF), Span("2", "wk")),), authored=TODAY)
        kept = orders.receive(house.db, house.patient, house.client, one, house.clock())
        assert house.push().sent == 7 and codes(ehr)[PANEL] == 1
        orders.change(house.db, kept, replace(one, status=Status.REVOKED), house.clock())
        house.wait(15 * 24 * HOURS)
        assert NO_ORDER in str(house.round().held) and len(periods(ehr)) == 1


def test_an_order_that_was_sent_under_a_pseudonym_brings_the_named_chart_nothing(tmp_path: Path) -> None:
    with world(tmp_path, orders="required") as (house, ehr):
        house.grant()
        one = Order(STANDING, Status.ACTIVE, (Schedule((SUMMARY,), Span("2", "wk")),), authored=TODAY)
        orders.receive(house.db, house.patient, house.client, one, house.clock(), pairing=b"a pseudonym")
        assert NO_ORDER in str(house.push().held) and not ehr.writes()
        assert any(each.holds == (UNNAMED,) for each in standings(house.db, house.clock(), house.patient))


def test_an_order_of_another_client_sends_nothing(tmp_path: Path) -> None:
    with world(tmp_path, orders="required") as (house, ehr):
        house.grant()
        one = Order(STANDING, Status.ACTIVE, (Schedule((SUMMARY,), Span("2", "wk")),), authored=TODAY)
        orders.receive(house.db, house.patient, "somebody else", one, house.clock())
        assert NO_ORDER in str(house.push().held) and not ehr.writes()


def test_more_schedules_than_count_at_once_are_said(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant()
        many = [scheduled((1, "wk"), (each + 1, "d"), "cgm-summary-gmi") for each in range(20)]
        for name in ("o1", "o2", "o3"):
            biweekly(ehr, id_=name, extension=many)
        assert TOO_MANY in str(house.push().held)
        assert set(codes(ehr)) == {GMI}


def test_of_a_period_without_an_end_each_part_is_told_once_when_it_is_over(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant()
        ehr.order(code=ONE_TIME, authoredOn=TODAY, extension=[once("2026-04-28", "9999-12-31", SUMMARY)])
        assert house.push().sent == 5, "too few days for a panel"
        house.wait(29 * 24 * HOURS)
        measured(house, 1, 29, value=120)
        assert house.push().sent == 0, "its part is not over"
        house.wait(24 * HOURS)
        assert house.push().sent == 7 and periods(ehr)[1:] == [("2026-05-28", "2026-06-26")]


def test_of_a_period_from_the_year_one_the_newest_parts_are_meant_on_its_own_days() -> None:
    zones, now = ZoneHistory.always("Europe/Berlin"), BEGIN
    for start, end in (("0001-01-01", "2026-05-10"), ("0001", "9999")):
        some = blocks(Schedule((SUMMARY,), period=(start, end)), 0, 0, now, zones)
        assert MOST_PARTS - 1 <= len(some) <= MOST_PARTS
        assert all(before.end == after.start for before, after in pairwise(some))
        assert now - 31 * DAY < some[-1].end <= now
    for start, end in (("9998", "9999"), ("0001", "0002")):
        assert not blocks(Schedule((SUMMARY,), period=(start, end)), 0, 0, now, zones)


def test_parts_before_the_first_reading_are_not_looked_at_one_by_one() -> None:
    parts = tuple(Period(at * DAY, (at + 1) * DAY) for at in range(500))
    asked: list[Period] = []

    def may_have(period: Period) -> bool:
        asked.append(period)
        return period.end > 490 * DAY

    assert begun(parts, may_have) == parts[490:] and len(asked) < 12
    assert not begun(parts, lambda _: False)
