"""Carbohydrates of a period by day, in grams and in servings, which are not converted.

Law: as for insulin: averages over the whole days of which any carbohydrates are told, no sum where two sources claim
one hour or an amount was not told. Every entry counts, of a calculator and of a meal. Pure; nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridge.metrics.daily import days_of, per_day
from bridge.metrics.doses import Claim, contested, totals
from bridge.metrics.figure import Figure
from bridge.metrics.given import Given, claimed
from bridge.period import Period, ZoneHistory
from bridge.reading import Stream, Unit


@dataclass(frozen=True, slots=True)
class Carbs:
    """A day's grams and servings over `days` with entries, of `period_days` whole ones; `undetermined` of them are in
    no average."""

    period_days: int
    days: int
    undetermined: int
    grams: Figure[float]
    servings: Figure[float]


def carbs(given: Sequence[Given], period: Period, zones: ZoneHistory) -> Carbs:
    """The carbohydrates of an effective period, over all series of them."""
    given = [each for each in given if each.stream is Stream.CARBS]
    days = days_of(period, zones)
    by_unit = {
        unit: [_claim(each) for each in given if each.unit is unit] for unit in (Unit.GRAMS, Unit.SERVINGS)
    }
    every = totals([each for claims in by_unit.values() for each in claims], days.edges)
    clear = every.told & ~contested([claimed(each) for each in given], days.edges)
    return Carbs(
        period_days=len(days),
        days=int(every.told.sum()),
        undetermined=int((every.told & ~every.determined).sum()),
        grams=per_day(totals(by_unit[Unit.GRAMS], days.edges), clear, days),
        servings=per_day(totals(by_unit[Unit.SERVINGS], days.edges), clear, days),
    )


def _claim(each: Given) -> Claim:
    """The entries in their own unit."""
    return claimed(replace(each, unit=Unit.GRAMS))
