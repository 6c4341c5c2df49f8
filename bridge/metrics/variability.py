"""How glucose differs from itself at another time: MODD, CONGA, J-index.

Law: pairs are of raw readings, 24 hours or n hours apart in UTC within half the time that the later one stands for;
nothing is put on a grid. Pairs weigh the minutes of the later reading. Pure.

Rejected: iglu's grid (its MODD differs by interpolation), MAGE (definitions differ widely).
"""

from __future__ import annotations

import numpy as np

from bridge.metrics.average import mean, numbered, sd, weights
from bridge.metrics.figure import Figure, Lack
from bridge.metrics.trace import Counted, Floats
from bridge.period import HOUR


def modd(readings: Counted) -> Figure[float]:
    """Mean of daily differences: of abs(g(t) - g(t - 24 h)), mg/dL."""
    differences, by = _differences(readings, 24)
    return Figure(mean(np.abs(differences), by)) if len(by) else Figure(None, Lack.NO_PAIRS)


def conga(readings: Counted, hours: int = 24) -> Figure[float]:
    """The deviation of g(t) - g(t - `hours`), mg/dL."""
    differences, by = _differences(readings, hours)
    return Figure(sd(differences, by)) if len(by) > 1 else Figure(None, Lack.NO_PAIRS)


def j_index(mean_mg_dl: float, sd_mg_dl: float) -> float:
    """0.001 (mean + SD)^2, of mg/dL."""
    return 0.001 * (mean_mg_dl + sd_mg_dl) ** 2


def _differences(readings: Counted, hours: int) -> tuple[Floats, Floats]:
    """What each reading that has a partner `hours` before differs by, and what it weighs."""
    found = numbered(readings)
    if not len(found):
        return np.zeros(0), np.zeros(0)
    sought = found.instants - hours * HOUR
    after = np.minimum(np.searchsorted(found.instants, sought), len(found) - 1)
    before = np.maximum(after - 1, 0)
    is_nearer = sought - found.instants[before] <= np.abs(found.instants[after] - sought)
    partner = np.where(is_nearer & (found.instants[before] <= sought), before, after)
    paired = 2 * np.abs(found.instants[partner] - sought) <= found.steps
    return (found.mg_dl - found.mg_dl[partner])[paired], weights(found)[paired]
