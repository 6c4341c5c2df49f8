"""Times in ranges as a bar with a label for each range.

Law: the five standard classes, in shares that were made to add to 100.0 beforehand; a label stands beside each part
and not in it, because a part of half a percent has no room (and colour alone says nothing).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bridge.report.drawing import (
    GREY,
    HIGH,
    INK,
    LOW,
    TARGET,
    VERY_HIGH,
    VERY_LOW,
    box,
    label,
    path,
    svg,
)

WIDTH: Final = 262
HEIGHT: Final = 150
COLOURS: Final = (VERY_LOW, LOW, TARGET, HIGH, VERY_HIGH)
_X, _BAR, _TOP = 4, 34, 8
_LABELS: Final = 62


def drawn(tenths: Sequence[int], words: Sequence[tuple[str, str, str, str]]) -> str:
    """The bar of shares in tenths of a percent, lowest class first; `words` of each class: its name with its limits,
    its percentage, its time a day, and its goal."""
    parts = list(_parts(tenths, words))
    return svg(WIDTH, HEIGHT, parts)


def _parts(tenths: Sequence[int], words: Sequence[tuple[str, str, str, str]]) -> Iterator[str]:
    height, bottom = HEIGHT - 2 * _TOP, HEIGHT - _TOP
    low = float(bottom)
    for place, (share, (name, percent, time, goal)) in enumerate(zip(tenths, words, strict=True)):
        tall = height * share / 1000
        yield box(_X, low - tall, _BAR, tall, COLOURS[place], "#ffffff")
        middle, y = low - tall / 2, _line(place)
        low -= tall
        if share:
            yield path([(_X + _BAR, middle), (_X + _BAR + 8, middle), (_LABELS - 4, y - 2.5)], GREY, 0.5)
        yield box(_LABELS, y - 7, 7, 7, COLOURS[place])
        yield label((_LABELS + 11, y), name, 8, fill=INK)
        yield label((_LABELS + 11, y + 8.5), goal, 6.5, fill=GREY)
        yield label((WIDTH - 70, y), percent, 9, "end", INK, bold=True)
        yield label((WIDTH - 2, y), time, 7, "end", GREY)
    yield box(_X, _TOP, _BAR, height, "none", GREY)


def _line(place: int) -> float:
    """Where the label of a class stands: five lines, the highest class on top."""
    step = (HEIGHT - 2 * _TOP - 18) / 4
    return HEIGHT - _TOP - 9 - place * step
