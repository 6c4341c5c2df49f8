"""Pictures as SVG text: axes, lines and labels that all charts of a report share.

Law: pure; a picture is made of numbers and of words of ours, which are escaped. No text of a person, a vendor or a
device gets into one, and it has no script, link or style sheet. Glucose is drawn in the unit of the report.
Colour alone says nothing: lines are labelled and every picture has a table or words beside it (WCAG 2.2, 1.4.1).
Rejected: a chart library (a page of 0.5 s for what takes 1 ms).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import escape

from bridge.reading import MG_DL_PER_MMOL_L, Unit

FONT: Final = 'font-family="DejaVu Sans" font-stretch="condensed"'
INK, GREY, GRID = "#1f2933", "#52606d", "#d5dbe1"
VERY_LOW, LOW, TARGET, HIGH, VERY_HIGH = "#7f0000", "#c62828", "#1b7f4b", "#f0a500", "#d9480f"
"""Told apart in grey too: of the sides of the target the outer one is the darker."""
WITHIN: Final = "#e3f2e9"

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Axis:
    """Glucose upwards, in the unit of the report: the highest value, and where the ranges meet."""

    top: float
    very_low: float
    low: float
    high: float
    very_high: float
    factor: float
    decimals: int

    @property
    def limits(self) -> tuple[float, ...]:
        """Every limit, from below."""
        return (self.very_low, self.low, self.high, self.very_high)

    def said(self, value: float) -> str:
        """A value as it is labelled."""
        return f"{value:.{self.decimals}f}"


AXES: Final = {
    Unit.MG_DL: Axis(350, 54, 70, 180, 250, 1.0, 0),
    Unit.MMOL_L: Axis(19.4, 3.0, 3.9, 10.0, 13.9, 1 / MG_DL_PER_MMOL_L, 1),
}
"""`factor`: what turns mg/dL into the unit."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A rectangle in which a day lies from left to right: `minutes` of the local clock, glucose upwards."""

    left: float
    top: float
    width: float
    height: float
    axis: Axis

    def x(self, minutes: float) -> float:
        """Where a minute of the day lies."""
        return self.left + self.width * minutes / 1440

    def y(self, value: float) -> float:
        """Where a value lies; what is beyond the axis lies on its edge."""
        return self.top + self.height * (1 - min(max(value, 0.0), self.axis.top) / self.axis.top)

    def band(self, colour: str) -> str:
        """The target range."""
        high, low = self.y(self.axis.high), self.y(self.axis.low)
        return box(self.left, high, self.width, low - high, colour)


def svg(width: float, height: float, parts: Iterable[str]) -> str:
    """A picture, in points."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
    return f'{head} viewBox="0 0 {width:g} {height:g}" {FONT}>{"".join(parts)}</svg>'


def box(x: float, y: float, width: float, height: float, fill: str, stroke: str = "none") -> str:
    """A rectangle."""
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="0.5"/>'
    )


def rule(start: Point, end: Point, colour: str = GRID, width: float = 0.5, dash: str = "") -> str:
    """A straight line."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{start[0]:.2f}" y1="{start[1]:.2f}" x2="{end[0]:.2f}" y2="{end[1]:.2f}" '
        f'stroke="{colour}" stroke-width="{width:g}"{dashed}/>'
    )


def path(points: Sequence[Point], colour: str, width: float) -> str:
    """A line through points."""
    return f'<path d="{through(points)}" fill="none" stroke="{colour}" stroke-width="{width:g}" {_ROUND}/>'


def area(upper: Sequence[Point], lower: Sequence[Point], fill: str) -> str:
    """What lies between two lines over the same places."""
    return f'<path d="{through(upper)}L{through(lower[::-1])[1:]}Z" fill="{fill}"/>'


def through(points: Sequence[Point]) -> str:
    """The path data of a line through points."""
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points)


def label(
    at: Point, words: str, size: float = 7, anchor: str = "start", fill: str = INK, bold: bool = False
) -> str:
    """Words of ours."""
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{at[0]:.2f}" y="{at[1]:.2f}" font-size="{size:g}" text-anchor="{anchor}" '
        f'fill="{fill}"{weight}>{escape(words)}</text>'
    )


def curved(points: Sequence[Point], times: int = 4) -> list[Point]:
    """A smooth line through points (Catmull-Rom), so many pieces between two of them."""
    if len(points) < 3:
        return list(points)
    ends = [points[0], *points, points[-1]]
    found = [points[0]]
    for before, start, end, after in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        found += [_between(before, start, end, after, step / times) for step in range(1, times + 1)]
    return found


def _between(before: Point, start: Point, end: Point, after: Point, at: float) -> Point:
    x, y = (
        0.5 * (2 * b + (c - a) * at + (2 * a - 5 * b + 4 * c - d) * at**2 + (3 * b - a - 3 * c + d) * at**3)
        for a, b, c, d in zip(before, start, end, after, strict=True)
    )
    return x, y


_ROUND: Final = 'stroke-linejoin="round" stroke-linecap="round"'
