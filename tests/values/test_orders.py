"""When an order is due and what it means, over the calendar; and what of a ServiceRequest is one."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from bridge.mapping.summed import METRICS
from bridge.order import Content, Order, Schedule, Span, Status
from bridge.period import DAY, HOUR, Period, ZoneHistory, spelled
from bridge.push.order_days import MISSED, blocks
from bridge.receive.order import Codes, order
from tests.push.ehr import once, scheduled
from tests.web.ordering import ONE_TIME, STANDING, clinic_order

UTC = ZoneHistory.always("UTC")
BERLIN = ZoneHistory.always("Europe/Berlin")
GLUCOSE = ("cgm-sensor-reading-mass-per-volume",)


def at(text: str, zones: ZoneHistory = UTC) -> int:
    return spelled(text, zones).start


def read(**changed: Any) -> Order | tuple[tuple[str, str], ...]:
    return order(clinic_order("x", **changed))


@pytest.mark.parametrize(
    ("every", "since", "last", "due"),
    [
        (Span("2", "wk"), "2026-09-01", None, "2026-09-01"),
        (Span("2", "wk"), "2026-09-01", "2026-09-01", "2026-09-15"),
        (Span("2", "wk"), "2026-09-01", "2026-09-20", "2026-09-29"),
        (Span("0.5", "d"), "2026-09-01", "2026-09-01T13:00:00Z", "2026-09-02"),
        (Span("1", "mo"), "2026-01-31", "2026-01-31", "2026-02-28"),
        (Span("1", "mo"), "2026-01-31", "2026-02-28", "2026-03-31"),
        (Span("1", "mo"), "1999-01-31", "2026-02-28", "2026-03-31"),
        (Span("1", "a"), "2024-02-29", "2024-03-01", "2025-02-28"),
        (Span("5", "min"), "2020-01-01", "2026-02-28", "2026-02-28T00:05:00Z"),
    ],
)
def test_the_next_one_is_due_on_the_order_s_own_beat(
    every: Span, since: str, last: str | None, due: str
) -> None:
    before = None if last is None else at(last)
    assert Schedule(GLUCOSE, every).due(at(since), before, UTC) == at(due)


def test_a_one_time_order_is_due_at_once_and_at_the_end_of_its_period() -> None:
    one = Schedule(GLUCOSE, period=("2026-09-01", "2026-09-10"))
    since, end = at("2026-09-05"), at("2026-09-11", BERLIN)
    assert one.due(since, None, BERLIN) == since
    assert one.due(since, since, BERLIN) == end
    assert one.due(since, end, BERLIN) is None
    window = one.window(since, since, BERLIN)
    assert (window.start, window.end) == (at("2026-09-01", BERLIN), end)


def test_what_a_summary_is_about_is_the_lookback_else_the_cadence_in_whole_days() -> None:
    now, day = at("2026-09-15") + 7 * HOUR, at("2026-09-15")
    both = blocks(Schedule(GLUCOSE, Span("2", "wk"), Span("90", "d")), now, now, now, UTC)
    alone = blocks(Schedule(GLUCOSE, Span("2", "wk")), now, now, now, UTC)
    month = blocks(Schedule(GLUCOSE, Span("1", "mo")), now, now, now, UTC)
    assert both == (Period(day - 90 * DAY, day),) and alone == (Period(day - 14 * DAY, day),)
    assert month == (Period(at("2026-08-15"), day),)


def test_summaries_that_were_missed_are_made_up_for_and_none_of_the_time_before_the_order_was_seen() -> None:
    since, day = at("2025-01-01"), at("2026-09-15")
    schedule = Schedule(GLUCOSE, Span("1", "wk"))
    found = blocks(schedule, since, day, day + 21 * DAY, UTC)
    assert len(found) == 4 and all(one.end == other.start for one, other in pairwise(found))
    assert found[0].end <= day < found[1].end
    assert len(blocks(schedule, since, since, day, UTC)) == MISSED
    assert not blocks(schedule, day, day, day - 1, UTC)


def test_a_long_one_time_period_is_parted_and_loses_no_day() -> None:
    short = Schedule(GLUCOSE, period=("2026-01-01", "2026-03-31"))
    now = at("2027-01-01")
    (whole,) = blocks(short, 0, 0, now, UTC)
    assert whole == Period(at("2026-01-01"), at("2026-04-01"))
    long = blocks(Schedule(GLUCOSE, period=("2026-01-01", "2026-12-31")), 0, 0, now, UTC)
    assert len(long) == 13 and all(one.end == other.start for one, other in pairwise(long))
    assert (long[0].start, long[-1].end) == (at("2026-01-01"), at("2027-01-01"))
    assert blocks(Schedule(GLUCOSE, period=("2026-01-01", "2026-12-31")), 0, 0, now - 1, UTC) == long[:-1]


def test_an_order_names_figures_and_the_panel_has_all() -> None:
    assert Schedule(("cgm-summary-gmi", "cgm-summary-pdf"), Span("1", "d")).figures == {"gmi"}
    assert Schedule(("cgm-summary",), Span("1", "d")).figures == set(METRICS)
    assert not Schedule(GLUCOSE, Span("1", "d")).figures


@pytest.mark.parametrize("unit", ["s", "min", "h", "d", "wk", "mo", "a"])
def test_every_unit_of_time_moves_on_and_back(unit: str) -> None:
    span, start = Span("3600", unit) if unit == "s" else Span("3", unit), at("2026-01-15")
    assert span.moved(span.moved(start, 2), -2) == start < start + HOUR <= span.moved(start, 20)


def test_the_issue_s_order_is_read() -> None:
    found = read()
    assert isinstance(found, Order) and found.status is Status.ACTIVE
    contents = [each.contents for each in found.schedules]
    assert contents == [frozenset({Content.SUMMARY, Content.DOCUMENT}), frozenset({Content.GLUCOSE})]
    assert found.requester == "Dr. Grace Example"


@pytest.mark.parametrize(
    "changed",
    [
        {"code": {"coding": []}},
        {"code": {"coding": [*STANDING["coding"], *ONE_TIME["coding"]]}},
        {"code": ONE_TIME},
        {"extension": [once("2026-09-01", "2026-09-10")]},
        {"code": ONE_TIME, "extension": [once("2026-09-10", "2026-09-01")]},
        {"code": ONE_TIME, "extension": [once("soon", "2026-09-01")]},
        {"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]},
        {"implicitRules": "urn:x"},
        {"status": "running"},
        {"intent": "original-order"},
        {"subject": None},
        {"authoredOn": "yesterday"},
        {"extension": [scheduled((2, "wk"))] * 21},
        {"occurrenceTiming": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}},
        {"occurrenceTiming": {"code": {"text": "QD"}}},
        {"extension": [scheduled((2, "wk"), (float("inf"), "d"))]},
    ],
)
def test_what_is_not_understood_in_full_is_no_order(changed: dict[str, Any]) -> None:
    found = read(**changed)
    assert not isinstance(found, Order) and all(where and why for where, why in found)


def test_a_hospital_s_own_code_needs_what_its_file_says() -> None:
    own = ("urn:oid:1.2.3", "CGM")
    resource = clinic_order("x", code={"coding": [{"system": own[0], "code": own[1]}]}, extension=[])
    assert not isinstance(order(resource, Codes(frozenset({own}))), Order)
    usual = Schedule(GLUCOSE, Span("1", "d"))
    found = order(resource, Codes(frozenset({own}), usual=usual))
    assert isinstance(found, Order) and found.schedules == (usual,)
    timing = {"repeat": {"frequency": 2, "period": Decimal(1), "periodUnit": "wk"}}
    often = order(resource | {"occurrenceTiming": timing}, Codes(frozenset({own}), usual=usual))
    assert isinstance(often, Order) and often.schedules[0].every == Span("0.5", "wk")
