"""Mean, standard deviation, coefficient of variation and glucose management indicator.

Law: over readings by the minutes that each stands for, which is plain counting where all stand for as long. The
deviation is that of a sample (n - 1), and needs thirty readings, as its coefficient does. A reading beyond what the
sensor measures counts with the limit (`safety.md`). The unit of display changes no figure: all are of mg/dL, and the
other unit is for showing. A GMI is percent (Bergenstal 2018) and never called an HbA1c. Pure.

Rejected: the population's deviation (Nightscout), eA1c of 2008 (it would be taken for the GMI).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bridge.metrics.figure import Figure, Lack
from bridge.metrics.trace import Counted, Floats
from bridge.reading import MG_DL_PER_MMOL_L

LEAST: Final = 30
"""Readings that a deviation stands on at least."""


@dataclass(frozen=True, slots=True)
class Averages:
    """mg/dL, and the mean in mmol/L too; `cv` percent."""

    mean: Figure[float]
    mean_mmol_l: Figure[float]
    sd: Figure[float]
    cv: Figure[float]


def averages(readings: Counted) -> Averages:
    """The averages of these readings."""
    found = numbered(readings)
    if not len(found):
        lack: Figure[float] = Figure(None, Lack.NO_NUMBERS if len(readings) else Lack.NO_READINGS)
        return Averages(lack, lack, lack, lack)
    average = mean(found.mg_dl, weights(found))
    shown = Figure(average), Figure(average / MG_DL_PER_MMOL_L)
    if len(found) < LEAST:
        few: Figure[float] = Figure(None, Lack.TOO_FEW_READINGS)
        return Averages(*shown, few, few)
    spread = sd(found.mg_dl, weights(found))
    return Averages(*shown, Figure(spread), Figure(100 * spread / average))


def numbered(readings: Counted) -> Counted:
    """The readings that have a number."""
    told = ~np.isnan(readings.mg_dl)
    return readings if told.all() else readings.taken(told)


def weights(readings: Counted) -> Floats:
    """What each reading weighs: its time in parts of the shortest, so that equal times weigh 1 exactly."""
    return np.asarray(readings.steps / readings.steps.min()) if len(readings) else np.zeros(0)


def mean(values: Floats, by: Floats) -> float:
    """The mean of values (float64[n], n >= 1), weighed."""
    return float((values * by).sum() / by.sum())


def sd(values: Floats, by: Floats) -> float:
    """The deviation of a sample (n >= 2); with equal weights the divisor is n - 1."""
    whole = by.sum()
    centre = (values * by).sum() / whole
    return float(np.sqrt((by * (values - centre) ** 2).sum() / (whole - (by * by).sum() / whole)))


def gmi(mean_mg_dl: float) -> float:
    """Percent, of a mean in mg/dL: 3.31 + 0.02392 x (Bergenstal 2018)."""
    return 3.31 + 0.02392 * mean_mg_dl


def indicator(mean: Figure[float], lacks: Sequence[Lack]) -> Figure[float]:
    """The GMI of a mean in mg/dL, or why there is none; `lacks`: what the data lack of being enough."""
    if mean.value is None:
        return mean
    return Figure(None, lacks[0]) if lacks else Figure(gmi(mean.value))


def gmi_mmol_per_mol(mean_mmol_l: float) -> float:
    """The same in mmol/mol, of a mean in mmol/L: 12.71 + 4.70587 x."""
    return 12.71 + 4.70587 * mean_mmol_l
