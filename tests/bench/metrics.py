"""What the figures of 90 days cost: 25,920 readings, one summary, as a ratio to its limit.

Law: CPU of this process over the pure function alone, the median of many runs; glucose is made, goes up and down and
has losses, so that episodes and gaps are there.
"""

from __future__ import annotations

import time
from statistics import median

import numpy as np

from bridge.metrics.summary import summary
from bridge.metrics.trace import Trace
from bridge.period import DAY, MINUTE, Period, ZoneHistory
from bridge.reading import Flag, Unit
from tests.bench.figures import Row

DAYS = 90
LIMIT = 20.0
"""Milliseconds."""
START = 20_500 * DAY


def made(days: int = DAYS) -> Trace:
    """A reading each five minutes, some seconds late, with meals, nights and floors."""
    luck = np.random.default_rng(7)
    count = days * 288
    minutes = np.arange(count) * 5
    values = 150 + 45 * np.sin(minutes / 57) + 30 * np.sin(minutes / 411) + luck.normal(0, 8, count)
    amounts = np.clip(values.astype(np.int64), 40, 400)
    instants = START + minutes * MINUTE + luck.integers(0, 5000, count)
    flags = np.where(amounts == 40, int(Flag.LOW), 0).astype(np.uint16)
    return Trace(
        "made", Unit.MG_DL, 0, instants, amounts, flags, np.full(count, 60, np.int16), instants + MINUTE
    )


def figures(runs: int = 25) -> list[Row]:
    """One line of the table."""
    series, zones, period = made(), ZoneHistory.always("Europe/Zurich"), Period(START, START + DAYS * DAY)
    found, spent = summary([series], period, zones, period.end), []
    for _ in range(runs):
        before = time.process_time()
        summary([series], period, zones, period.end)
        spent.append((time.process_time() - before) * 1000)
    took = median(spent)
    told = f"{took:.1f} ms CPU, {sum(len(each.episodes) for each in found.happened)} episodes"
    name = f"figures of 90 days, {found.wear.readings:,} readings, of their limit"
    return [Row(name, f"{took / LIMIT:.0%}", f"< 100 % of {LIMIT:.0f} ms", took < LIMIT, told)]
