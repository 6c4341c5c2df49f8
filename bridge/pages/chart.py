"""A chart of glucose as inline SVG: places computed here, drawn by a template, told in words beside it.

Law: pure. What is drawn is what leaves: single values as dots, or of a day its lowest, middle and highest value where
dots would hide one another. A chart has a text that says the same (WCAG 2.2, 1.1.1). No script, no style attribute.

Rejected: a chart library (a script of 200 kB for one picture), an image (no text in it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Final, final

WIDTH: Final = 640
HEIGHT: Final = 240
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 14, 30
MOST_DOTS: Final = 900
LABELS: Final = 6
TICKS: Final = {"mg/dL": (50, 100, 150, 200, 250, 300, 350, 400), "mmol/L": (3, 6, 9, 12, 15, 18, 21, 24)}


@final
@dataclass(frozen=True, slots=True)
class Dot:
    """One value at its place."""

    x: float
    y: float


@final
@dataclass(frozen=True, slots=True)
class Bar:
    """A day: from its highest to its lowest value, and the middle one."""

    x: float
    top: float
    bottom: float
    middle: float


@final
@dataclass(frozen=True, slots=True)
class Line:
    """A line of the grid with its words: `label` is a number, or a day."""

    at: float
    label: int | date


@final
@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn chart. `lowest`, `middle`, `highest`: of all values, for the words beside it."""

    unit: str
    dots: tuple[Dot, ...]
    bars: tuple[Bar, ...]
    rows: tuple[Line, ...]
    columns: tuple[Line, ...]
    lowest: float
    middle: float
    highest: float
    first: date
    last: date
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def drawn(values: Sequence[tuple[datetime, float]], unit: str, decimals: int) -> Chart | None:
    """The chart of local times and amounts, in order of time; None where there is nothing to draw."""
    if not values:
        return None
    first, last = values[0][0].date(), values[-1][0].date()
    days = (last - first).days + 1
    ticks = TICKS[unit]
    highest = max(amount for _, amount in values)
    top = next((tick for tick in ticks if tick >= highest), ticks[-1])
    inner, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def across(at: datetime) -> float:
        midnight = datetime.combine(first, time(), at.tzinfo)
        return round(LEFT + inner * ((at - midnight) / timedelta(days=days)), 1)

    def up(amount: float) -> float:
        return round(TOP + tall * (1 - min(amount, top) / top), 1)

    is_dots = len(values) <= MOST_DOTS
    amounts = [amount for _, amount in values]
    return Chart(
        unit=unit,
        dots=tuple(Dot(across(at), up(amount)) for at, amount in values) if is_dots else (),
        bars=() if is_dots else tuple(_bars(values, first, inner / days, up)),
        rows=tuple(Line(up(tick), tick) for tick in ticks if tick <= top),
        columns=tuple(_columns(first, days, inner)),
        lowest=round(min(amounts), decimals),
        middle=round(median(amounts), decimals),
        highest=round(highest, decimals),
        first=first,
        last=last,
    )


def _columns(first: date, days: int, inner: int) -> Iterator[Line]:
    step = -(-days // LABELS)
    for day in range(0, days, step):
        yield Line(round(LEFT + inner * day / days, 1), first + timedelta(days=day))


def _bars(
    values: Sequence[tuple[datetime, float]], first: date, wide: float, up: Callable[[float], float]
) -> Iterator[Bar]:
    by_day: dict[date, list[float]] = {}
    for at, amount in values:
        by_day.setdefault(at.date(), []).append(amount)
    for day, amounts in sorted(by_day.items()):
        place = round(LEFT + wide * ((day - first).days + 0.5), 1)
        yield Bar(place, up(max(amounts)), up(min(amounts)), up(median(amounts)))
