"""The figures of a period that summary Observations say, and no more: small, and fit to be kept.

Law: as `summary.py`, of which it is the part that leaves as Observations: no instant of a reading, no pattern and no
episode is in it, so what is kept of a summary tells nothing that was not told. Below 14 days or 70 % there is no GMI
(`safety.md`, sufficiency). Nothing is rounded. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.metrics.average import averages, indicator
from bridge.metrics.counting import counted
from bridge.metrics.ranges import Ranges, classes, ranges
from bridge.metrics.trace import Trace
from bridge.metrics.wear import effective, wear
from bridge.period import Instant, Period, ZoneHistory
from bridge.reading import Flag


@dataclass(frozen=True, slots=True)
class Brief:
    """None: there is no such figure. `mean` mg/dL, `mean_molar` mmol/L; `ranges`, `gmi`, `cv`, `active` percent; `days`
    of wear, of `period_days` local ones; of `readings` that counted, `off_scale` beyond what the sensor measures and
    `uncertain` of an unsettled time; `is_enough`: 14 days and 70 % of them."""

    mean: float | None
    mean_molar: float | None
    ranges: Ranges | None
    gmi: float | None
    cv: float | None
    days: int
    active: float
    period_days: float
    readings: int
    off_scale: int
    uncertain: int
    is_enough: bool


def brief(traces: Sequence[Trace], period: Period, zones: ZoneHistory, reported: Instant) -> Brief:
    """The figures of `period` at the moment `reported`, over series of one person's sensor glucose."""
    period = effective(period, reported)
    readings, _ = counted(traces, period, zones)
    worn, average = wear(readings, period, zones), averages(readings)
    return Brief(
        mean=average.mean.value,
        mean_molar=average.mean_mmol_l.value,
        ranges=ranges(readings, classes(readings)).value,
        gmi=indicator(average.mean, worn.lacks).value,
        cv=average.cv.value,
        days=worn.days,
        active=worn.active,
        period_days=worn.period_days,
        readings=worn.readings,
        off_scale=readings.marked(Flag.LOW | Flag.HIGH),
        uncertain=readings.marked(Flag.UNCERTAIN),
        is_enough=not worn.lacks,
    )
