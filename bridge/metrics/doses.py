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
    determined = ~contested(claims, edges)
    for claim in claims:
        rows, where, shares = _shares(claim, edges)
        given = claim.amounts[rows] * shares
        amounts += np.bincount(where, weights=np.nan_to_num(given), minlength=days)
        told[where] = True
        determined[where[np.isnan(given)]] = False
    return Totals(amounts, told, determined)


def _shares(
    claim: Claim, edges: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Which row has which part of its amount in which day; parts of nothing are left out."""
    starts, ends = claim.starts, np.maximum(claim.ends, claim.starts + 1)
    first = np.maximum(np.searchsorted(edges, starts, side="right") - 1, 0)
    last = np.minimum(np.searchsorted(edges, ends, side="left") - 1, len(edges) - 2)
    rows, days = _expanded(first, np.maximum(last - first + 1, 0))
    inside = np.minimum(ends[rows], edges[days + 1]) - np.maximum(starts[rows], edges[days])
    there = inside > 0
    rows, days = rows[there], days[there]
    return rows, days, np.asarray(inside[there] / (ends[rows] - starts[rows]), np.float64)


def contested(claims: Sequence[Claim], edges: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Days (bool[k]) with an hour that two sources claim."""
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
    return _expanded(first, np.minimum(last - first + 1, SPREAD))[1]


def _expanded(
    first: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row numbers and the numbers `first`, `first + 1` …, as many of each row as its length."""
    rows = np.repeat(np.arange(len(first)), lengths)
    offsets = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return rows, np.asarray(first[rows] + offsets, np.int64)
