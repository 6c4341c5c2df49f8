"""Made glucose for the tests of figures: traces from values, at a step, in a zone; invented all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bridge.metrics.counting import counted
from bridge.metrics.trace import Counted, Trace
from bridge.period import ALL, DAY, MINUTE, Period, ZoneHistory
from bridge.reading import NO_OFFSET, Flag, Unit

UTC = ZoneHistory.always("UTC")
ZURICH = ZoneHistory.always("Europe/Zurich")
MONDAY = 20_604 * DAY
"""2026-05-31T00:00Z, a Sunday in truth; a midnight of UTC."""
EVER = ALL.periods[0]


def trace(
    values: Sequence[float | None],
    step: float = 5,
    start: int = MONDAY,
    unit: Unit = Unit.MG_DL,
    scale: int | None = None,
    name: str = "sensor",
    flags: Sequence[int] | None = None,
    told: float | None = None,
) -> Trace:
    """A series with a value each `step` minutes from `start` (ms UTC); None: no reading. `told`: the step that
    the device tells, minutes."""
    scale = (1 if unit is Unit.MMOL_L else 0) if scale is None else scale
    there = [place for place, value in enumerate(values) if value is not None]
    instants = start + np.array([round(place * step * MINUTE) for place in there], np.int64)
    amounts = np.array([round(float(values[place] or 0) * 10**scale) for place in there], np.int64)
    marks = np.zeros(len(there), np.uint16) if flags is None else np.array(flags, np.uint16)[there]
    return at(instants, amounts, name, unit, scale, marks, None if told is None else round(told * MINUTE))


def at(
    instants: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]],
    values: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]],
    name: str = "sensor",
    unit: Unit = Unit.MG_DL,
    scale: int = 0,
    flags: np.ndarray[tuple[int], np.dtype[np.uint16]] | None = None,
    step: int | None = None,
) -> Trace:
    """A series of readings at these instants (ms UTC), received in this order, without offsets of their own."""
    count = len(instants)
    return Trace(
        name, unit, scale, np.array(instants, np.int64), np.array(values, np.int64),
        np.zeros(count, np.uint16) if flags is None else flags,
        np.full(count, NO_OFFSET, np.int16), np.arange(count, dtype=np.int64), step,
    )  # fmt: skip


def readings(*traces: Trace, zones: ZoneHistory = UTC, period: Period = EVER) -> Counted:
    """The readings of these series that count."""
    return counted(traces, period, zones)[0]


def weighed(mg_dl: Sequence[float], minutes: Sequence[int], scale: int = 0) -> Counted:
    """Readings one after the other, each of which stands for its minutes."""
    starts = MONDAY + np.concatenate(([0], np.cumsum(minutes)[:-1])) * MINUTE
    parts = [
        trace([value], start=int(start), name=str(place), told=told, scale=scale)
        for place, (value, start, told) in enumerate(zip(mg_dl, starts, minutes, strict=True))
    ]
    return readings(*parts)


MARKS = {"low": int(Flag.LOW), "high": int(Flag.HIGH)}
