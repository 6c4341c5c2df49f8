"""Day by day: one small picture for each local day of the period.

Law: the readings that count and no others, never joined over a loss; a value beyond what the sensor measures is a mark
on the edge and no point of a line. A day lies where the person's calendar had it, by the clock at each reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np

from bridge.metrics.trace import Counted
from bridge.period import DAY, MINUTE
from bridge.reading import Flag
from bridge.report.drawing import (
    GREY,
    GRID,
    INK,
    LOW,
    TARGET,
    VERY_HIGH,
    WITHIN,
    Axis,
    Plot,
    Point,
    box,
    label,
    path,
    rule,
    svg,
)

WIDTH: Final = 516
COLUMNS: Final = 7
ROW: Final = 66
LEFT: Final = 22
LONGEST: Final = 30 * MINUTE
"""A loss over which no line is drawn, ms; at least twice what a reading stands for."""
_EPOCH: Final = date(1970, 1, 1)
_NAMES: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def drawn(readings: Counted, days: Sequence[date], axis: Axis) -> str:
    """These days in rows of seven; a day without readings is an empty frame."""
    rows = -(-len(days) // COLUMNS)
    width = (WIDTH - LEFT) / COLUMNS
    parts = list[str]()
    dates = readings.dates
    for place, day in enumerate(days):
        left, top = LEFT + width * (place % COLUMNS), ROW * (place // COLUMNS)
        plot = Plot(left, top + 10, width - 3, ROW - 15, axis)
        parts += _frame(plot, day, is_first=place % COLUMNS == 0)
        number = (day - _EPOCH).days
        first, last = np.searchsorted(dates, (number, number + 1)) if _is_sorted(dates) else (0, 0)
        which = np.arange(first, last) if _is_sorted(dates) else np.flatnonzero(dates == number)
        parts += _curve(readings.taken(which), plot)
    return svg(WIDTH, ROW * rows, parts)


def _is_sorted(dates: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> bool:
    return bool((np.diff(dates) >= 0).all())


def _frame(plot: Plot, day: date, is_first: bool) -> Iterator[str]:
    yield plot.band(WITHIN)
    for hour in (6, 12, 18):
        yield rule((plot.x(hour * 60), plot.top), (plot.x(hour * 60), plot.top + plot.height))
    for value in (plot.axis.low, plot.axis.high):
        y = plot.y(value)
        yield rule((plot.left, y), (plot.left + plot.width, y), TARGET, 0.4)
        if is_first:
            yield label((plot.left - 3, y + 2.2), plot.axis.said(value), 6.5, "end", GREY)
    yield box(plot.left, plot.top, plot.width, plot.height, "none", GRID)
    yield label((plot.left, plot.top - 3), said(day), 7, "start", INK)


def said(day: date, with_year: bool = False) -> str:
    """A day in words, the same in every locale of the machine."""
    year = f" {day.year}" if with_year else ""
    return f"{_NAMES[day.weekday()]} {day.day} {MONTHS[day.month - 1]}{year}"


def _curve(readings: Counted, plot: Plot) -> Iterator[str]:
    minutes = (readings.walls % DAY / MINUTE).tolist()
    values = (readings.mg_dl * plot.axis.factor).tolist()
    steps, at, flags = readings.steps.tolist(), readings.instants.tolist(), readings.flags.tolist()
    run, before, loss = list[Point](), 0, 0
    beyond = list[str]()
    for minute, value, step, instant, flag in zip(minutes, values, steps, at, flags, strict=True):
        if flag & int(Flag.LOW | Flag.HIGH):
            beyond.append(_mark(plot, minute, bool(flag & int(Flag.LOW))))
        is_number = value == value and not flag & int(Flag.LOW | Flag.HIGH)
        if run and (not is_number or instant - before > loss or minute < run[-1][0]):
            yield from _stretch(run, plot)
            run = []
        if is_number:
            run.append((minute, value))
        before, loss = instant, max(LONGEST, 2 * step)
    if run:
        yield from _stretch(run, plot)
    yield from beyond


def _stretch(run: Sequence[Point], plot: Plot) -> Iterator[str]:
    """A line without a loss; what of it is out of range is drawn over it."""
    points = [(plot.x(minute), plot.y(value)) for minute, value in run]
    if len(run) == 1:
        yield box(points[0][0] - 0.5, points[0][1] - 0.5, 1, 1, INK)
        return
    yield path(points, INK, 0.7)
    for colour, is_out in (
        (LOW, [value < plot.axis.low for _, value in run]),
        (VERY_HIGH, [value > plot.axis.high for _, value in run]),
    ):
        for start, end in _spans(is_out):
            if end - start > 1:
                yield path(points[start:end], colour, 1.1)


def _spans(which: Sequence[bool]) -> Iterator[tuple[int, int]]:
    start = None
    for place, is_in in enumerate([*which, False]):
        if is_in and start is None:
            start = place
        elif not is_in and start is not None:
            yield start, place
            start = None


def _mark(plot: Plot, minute: float, is_low: bool) -> str:
    """A triangle on the edge, pointing beyond it."""
    x, y = plot.x(minute), plot.top + (plot.height if is_low else 0)
    up = -2.2 if is_low else 2.2
    return (
        f'<path d="M{x - 1.3:.2f} {y + up:.2f}L{x + 1.3:.2f} {y + up:.2f}L{x:.2f} {y:.2f}Z" '
        f'fill="{LOW if is_low else VERY_HIGH}"/>'
    )


def latest(first: date, last: date, most: int) -> list[date]:
    """The days from `first` to `last`, at most the newest `most` of them."""
    count = (last - first).days + 1
    begin = max(0, count - most)
    return [first + timedelta(days=place) for place in range(begin, count)]
