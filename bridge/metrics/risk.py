"""Risk of low and high glucose as single numbers: GRI, LBGI and HBGI, ADRR.

Law: the formulas of the sources: Klonoff 2022 for the glycemia risk index, over percents of time and capped at 100;
Kovatchev for the indices, f = ln(g)^1.084 - 5.381 and r = 10 (1.509 f)^2, weighed by minutes. Their scale is made
for 20 to 600 mg/dL; what lies outside counts with its end. A day is a local date. Pure.

Rejected: the factor 22.77 that iglu writes for 10 x 1.509^2.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np

from bridge.metrics.average import mean, numbered, weights
from bridge.metrics.figure import Figure, Lack
from bridge.metrics.ranges import Ranges
from bridge.metrics.trace import Counted, Floats

FACTOR: Final = 10 * 1.509**2
SCALE: Final = (20.0, 600.0)
"""mg/dL that the risk function is made for."""


@dataclass(frozen=True, slots=True)
class GlycemiaRisk:
    """GRI 0-100, its parts before they are weighed, and its zone A to E."""

    gri: float
    hypo: float
    hyper: float
    zone: str


@dataclass(frozen=True, slots=True)
class Indices:
    """Low and high blood glucose index, and the average daily risk range."""

    lbgi: Figure[float]
    hbgi: Figure[float]
    adrr: Figure[float]


def gri(found: Ranges) -> GlycemiaRisk:
    """The glycemia risk index of these percents."""
    hypo = found.very_low + 0.8 * found.low
    hyper = found.very_high + 0.5 * found.high
    index = min(100.0, 3 * hypo + 1.6 * hyper)
    return GlycemiaRisk(index, hypo, hyper, "ABCDE"[max(0, ceil(index / 20) - 1)])


def indices(readings: Counted) -> Indices:
    """LBGI, HBGI and ADRR."""
    found = numbered(readings)
    if not len(found):
        lack: Figure[float] = Figure(None, Lack.NO_NUMBERS if len(readings) else Lack.NO_READINGS)
        return Indices(lack, lack, lack)
    low, high = risks(found.mg_dl)
    by = weights(found)
    return Indices(Figure(mean(low, by)), Figure(mean(high, by)), Figure(_adrr(found, low, high)))


def risks(mg_dl: Floats) -> tuple[Floats, Floats]:
    """The risk of low and of high glucose in each value, float64[n] each; one of both is 0."""
    symmetric = np.log(np.clip(mg_dl, *SCALE)) ** 1.084 - 5.381
    risk = FACTOR * symmetric * symmetric
    return np.where(symmetric < 0, risk, 0.0), np.where(symmetric > 0, risk, 0.0)


def _adrr(readings: Counted, low: Floats, high: Floats) -> float:
    """The mean over local dates of the highest risk of low plus the highest risk of high glucose."""
    dates = readings.dates
    order = np.argsort(dates, kind="stable")
    first = np.flatnonzero(np.diff(dates[order], prepend=dates.min() - 1))
    worst = np.maximum.reduceat(low[order], first) + np.maximum.reduceat(high[order], first)
    return float(worst.mean())
