"""Glucose by time of day as a picture: the median, the middle half and nine tenths of all readings.

Law: it draws what `bridge.metrics.pattern` computed and adds nothing; where a part of the day has no reading the curves
break. It has neither the name nor the layout of the licensed report of the International Diabetes Center.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from bridge.metrics.pattern import Pattern
from bridge.report.drawing import (
    GREY,
    GRID,
    INK,
    TARGET,
    WITHIN,
    Axis,
    Plot,
    Point,
    area,
    box,
    curved,
    label,
    path,
    rule,
    svg,
)

WIDTH: Final = 516
HEIGHT: Final = 168
OUTER, MIDDLE, MEDIAN = "#bcccdc", "#7b9ab8", "#102a43"
_LEAST: Final = 7.5
"""Points between two labels of percentiles."""


def drawn(found: Pattern, axis: Axis, unit: str) -> str:
    """The picture."""
    plot = Plot(34, 16, WIDTH - 34 - 34, HEIGHT - 16 - 16, axis)
    parts = [plot.band(WITHIN), *_bands(found, plot), *_grid(plot, unit), *_labels(found, plot)]
    return svg(WIDTH, HEIGHT, parts)


def _grid(plot: Plot, unit: str) -> Iterator[str]:
    right, bottom = plot.left + plot.width, plot.top + plot.height
    for hour in range(0, 25, 3):
        x = plot.x(hour * 60)
        yield rule((x, plot.top), (x, bottom))
        yield label((x, bottom + 10), f"{hour:02d}:00", 7, "middle", GREY)
    for value in (*plot.axis.limits, plot.axis.top):
        is_edge = value in (plot.axis.low, plot.axis.high)
        y = plot.y(value)
        yield rule((plot.left, y), (right, y), TARGET if is_edge else GRID, 0.9 if is_edge else 0.5)
        yield label((plot.left - 4, y + 2.5), plot.axis.said(value), 7, "end", INK if is_edge else GREY)
    yield box(plot.left, plot.top, plot.width, plot.height, "none", GREY)
    yield label((plot.left, plot.top - 5), unit, 7, "start", GREY)


def _bands(found: Pattern, plot: Plot) -> Iterator[str]:
    for run in _runs(found):
        lines = [_line(run, place, found, plot) for place in range(len(found.percents))]
        yield area(lines[4], lines[0], OUTER)
        yield area(lines[3], lines[1], MIDDLE)
        yield path(lines[2], MEDIAN, 1.8)


def _runs(found: Pattern) -> list[list[int]]:
    """Bins in a row that are told; around midnight the next day goes on, half a bin beyond each edge."""
    rows, runs = found.rows, list[list[int]]()
    for place in range(-1, len(rows) + 1):
        if rows[place % len(rows)] is None:
            continue
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return [run for run in runs if len(run) > 1]


def _line(run: list[int], percent: int, found: Pattern, plot: Plot) -> list[Point]:
    points = []
    for place in run:
        row = found.rows[place % len(found.rows)]
        assert row is not None
        points.append(((place + 0.5) * found.bin_minutes, plot.y(row[percent] * plot.axis.factor)))
    smooth = curved(points) if found.bin_minutes > 30 else points
    return [(plot.x(minute), y) for minute, y in _cut(smooth)]


def _cut(points: list[Point]) -> list[Point]:
    """The line inside the day, with what it is at midnight."""
    inside = [each for each in points if 0 <= each[0] <= 1440]
    for edge in (0.0, 1440.0):
        for (x, y), (to_x, to_y) in pairwise(points):
            if x < edge < to_x:
                inside.append((edge, y + (to_y - y) * (edge - x) / (to_x - x)))
    return sorted(inside)


def _labels(found: Pattern, plot: Plot) -> Iterator[str]:
    """Which line is which, at the right edge, none over another."""
    row = found.rows[-1]
    if row is None:
        return
    places = [plot.y(value * plot.axis.factor) for value in row]
    for place in range(len(places) - 2, -1, -1):
        places[place] = max(places[place], places[place + 1] + _LEAST)
    right = plot.left + plot.width
    for percent, y in zip(found.percents, places, strict=True):
        yield label((right + 3, y + 2.5), f"{percent} %", 6.5, "start", INK, percent == 50)
