"""The chart: every value at its place, days as bars where dots would hide one another, and the same in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from bridge.pages.chart import MOST_DOTS, drawn

START: Final = datetime(2026, 3, 1, tzinfo=UTC)


def every(minutes: int, count: int, base: float = 100) -> list[tuple[datetime, float]]:
    return [(START + timedelta(minutes=minutes * i), base + i % 50) for i in range(count)]


def test_nothing_is_no_chart() -> None:
    assert drawn([], "mg/dL", 0) is None


def test_few_values_are_dots_in_order_and_inside_the_frame() -> None:
    chart = drawn(every(5, 288), "mg/dL", 0)
    assert chart is not None
    assert (len(chart.dots), chart.bars) == (288, ())
    places = [dot.x for dot in chart.dots]
    assert places == sorted(places)
    assert all(chart.left <= dot.x <= chart.right and 0 < dot.y <= chart.bottom for dot in chart.dots)
    assert (chart.lowest, chart.middle, chart.highest) == (100, 124, 149)


def test_many_values_are_a_bar_for_each_day() -> None:
    chart = drawn(every(5, MOST_DOTS + 100), "mg/dL", 0)
    assert chart is not None
    assert (chart.dots, len(chart.bars)) == ((), 4)
    assert all(bar.top <= bar.middle <= bar.bottom for bar in chart.bars)


def test_a_higher_value_lies_higher_and_beyond_the_scale_at_its_edge() -> None:
    chart = drawn(
        [(START, 70.0), (START + timedelta(hours=1), 180.0), (START + timedelta(hours=2), 999.0)], "mg/dL", 0
    )
    assert chart is not None
    low, high, beyond = chart.dots
    assert low.y > high.y > beyond.y > 0
    assert chart.highest == 999


def test_millimoles_have_a_scale_of_their_own() -> None:
    chart = drawn([(START, 5.5), (START + timedelta(days=9), 11.2)], "mmol/L", 1)
    assert chart is not None
    assert [line.label for line in chart.rows] == [3, 6, 9, 12]
    assert (chart.lowest, chart.highest) == (5.5, 11.2)
