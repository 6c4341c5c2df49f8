"""Insulin of a period by day: basal, bolus and other, their split, and what a controller decided.

Law (`safety.md`, duplicates): a day on which two sources claim one hour, or an amount was not told, is undetermined and
in no average; how many there are is told. Averages are over whole days (`daily.py`) of which anything is told, never
over the calendar's (Tidepool's reports): a pump that tells nothing is no pump that gave nothing. Without basal or
without bolus there is no total, for half a dose must not look like a whole one; with doses of untold kind there is no
split. In units of the pump or pen. Pure; nothing is rounded; a display, no advice for dosing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from bridge.metrics.daily import Days, days_of, per_day
from bridge.metrics.doses import Totals, contested, totals
from bridge.metrics.figure import Figure, Lack
from bridge.metrics.given import Given, Mask, Part, claimed, is_automated, is_part
from bridge.period import Period, ZoneHistory
from bridge.reading import Stream

Which: TypeAlias = Callable[[Given], Mask]

SUFFICIENT: Final = 0.7
"""Share of the period's whole days that insulin is told of; below it a warning stands beside the figures."""


@dataclass(frozen=True, slots=True)
class Insulin:
    """Units a day over the days that are told and determined. `days` with anything told, of `period_days` whole
    local dates; `undetermined` of them have no total. `basal_share` percent of basal and bolus together."""

    period_days: int
    days: int
    undetermined: int
    total: Figure[float]
    basal: Figure[float]
    bolus: Figure[float]
    other: Figure[float]
    basal_share: Figure[float]
    automated: Figure[float]
    by_person: Figure[float]

    @property
    def is_sparse(self) -> bool:
        """Whether fewer than 70 % of the period's whole days have insulin data."""
        return self.days < SUFFICIENT * self.period_days


def insulin(given: Sequence[Given], period: Period, zones: ZoneHistory) -> Insulin:
    """The insulin of an effective period, over all series of doses and basal delivery."""
    given = [each for each in given if each.stream in (Stream.BOLUS, Stream.BASAL)]
    days = days_of(period, zones)
    whole = _added(given, days)
    clear = whole.told & ~contested([claimed(each) for each in given], days.edges)
    parts = {part: _added(given, days, partial(is_part, part=part)) for part in Part}
    said = {part: per_day(each, clear, days) for part, each in parts.items()}
    return Insulin(
        period_days=len(days),
        days=int(whole.told.sum()),
        undetermined=int((whole.told & ~whole.determined).sum()),
        total=_total(whole, clear, days, parts),
        basal=said[Part.BASAL],
        bolus=said[Part.BOLUS],
        other=said[Part.OTHER],
        basal_share=_share(parts, clear & whole.determined) if len(days) else Figure(None, Lack.NO_WHOLE_DAY),
        automated=per_day(_added(given, days, is_automated), clear, days),
        by_person=per_day(_added(given, days, lambda each: ~is_automated(each)), clear, days),
    )


def _added(given: Sequence[Given], days: Days, which: Which | None = None) -> Totals:
    return totals([claimed(each, which and which(each)) for each in given], days.edges)


def _total(whole: Totals, clear: Mask, days: Days, parts: dict[Part, Totals]) -> Figure[float]:
    if whole.told.any() and not all(parts[part].told.any() for part in (Part.BASAL, Part.BOLUS)):
        return Figure(None, Lack.PART_UNTOLD)
    return per_day(whole, clear, days)


def _share(parts: dict[Part, Totals], used: Mask) -> Figure[float]:
    if parts[Part.OTHER].told.any():
        return Figure(None, Lack.KIND_UNTOLD)
    if not all(parts[part].told.any() for part in (Part.BASAL, Part.BOLUS)):
        return Figure(None, Lack.PART_UNTOLD)
    if not used.any():
        return Figure(None, Lack.UNDETERMINED)
    basal, bolus = (float(parts[part].amounts[used].sum()) for part in (Part.BASAL, Part.BOLUS))
    return Figure(100 * basal / (basal + bolus)) if basal + bolus else Figure(None, Lack.NO_AMOUNT)
