"""Totals of doses and carbohydrates by day, over the sources that tell of them.

Law (`safety.md`, duplicates): where two sources claim the same hour and what they tell could not be joined,
a total is undetermined: never their sum, never a guess which of them is right. Pure over columns of readings
that may be shown; copies are gone before. An amount that is given over a time counts in each day by its share.

Rejected: taking the larger source (it may be the doubled one), leaving the hour out (a total that lacks it
looks like a small one).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.period import HOUR

SPREAD: Final = 1 << 16
"""Hours that one claim can reach over; a segment of seven years is none."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source tells: `starts`, `ends` int64[n] ms UTC (an end not after its start: a point in time)
    and `amounts` float64[n], in one unit for all claims that are added up; NaN: told without an amount."""

    source: str
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    amounts: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Totals:
    """By day: `amounts` float64[k], `told` bool[k] (anything at all), `determined` bool[k]."""

    amounts: NDArray[np.float64]
    told: NDArray[np.bool_]
    determined: NDArray[np.bool_]


def totals(claims: Sequence[Claim], edges: NDArray[np.int64]) -> Totals:
    """Totals of the days between consecutive `edges` (int64[k + 1] ms UTC, ascending)."""
    days = len(edges) - 1
    amounts, told = np.zeros(days), np.zeros(days, np.bool_)
    determined = ~_contested(claims, edges)
    for claim in claims:
        for day in range(days):
            share = _shares(claim, int(edges[day]), int(edges[day + 1]))
            there = share > 0
            amounts[day] += float(np.nansum(claim.amounts * share))
            told[day] |= bool(there.any())
            determined[day] &= not bool(np.isnan(claim.amounts[there]).any())
    return Totals(amounts, told, determined)


def _shares(claim: Claim, low: int, high: int) -> NDArray[np.float64]:
    """Which part of each amount lies in `[low, high)`."""
    starts, ends = claim.starts, np.maximum(claim.ends, claim.starts + 1)
    inside = np.clip(np.minimum(ends, high) - np.maximum(starts, low), 0, None)
    return np.asarray(inside / (ends - starts), np.float64)


def _contested(claims: Sequence[Claim], edges: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Days with an hour that two sources claim."""
    by_source: dict[str, list[NDArray[np.int64]]] = {}
    for claim in claims:
        by_source.setdefault(claim.source, []).append(_hours(claim))
    hours = [np.unique(np.concatenate(found)) for found in by_source.values()]
    every, times = np.unique(np.concatenate(hours or [np.zeros(0, np.int64)]), return_counts=True)
    shared = every[times > 1]
    low = np.searchsorted(shared, edges[:-1] // HOUR, side="left")
    high = np.searchsorted(shared, (edges[1:] - 1) // HOUR, side="right")
    return np.asarray(high > low)


def _hours(claim: Claim) -> NDArray[np.int64]:
    """The hours (ms UTC / HOUR) that the claim says something about."""
    first = claim.starts // HOUR
    last = (np.maximum(claim.ends, claim.starts + 1) - 1) // HOUR
    lengths = np.minimum(last - first + 1, SPREAD)
    offsets = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.asarray(np.repeat(first, lengths) + offsets, np.int64)
