"""Episodes, insulin and carbohydrates of a report in words.

Law (`safety.md`, duplicates): where two sources claim the same hours and cannot be joined there is no total, and the
line says so; days that are undetermined are counted and left out. Of a day that lies in the period in part nothing is
in a figure a day. Insulin stands here only where it is open over the whole period and anything of it was told. Units
are the pump's or the pen's. A display, no advice for dosing.
"""

from __future__ import annotations

from collections.abc import Iterator

from bridge.metrics.carbs import Carbs
from bridge.metrics.figure import Figure
from bridge.metrics.insulin import Insulin
from bridge.report.content import Content
from bridge.report.drawing import AXES
from bridge.report.words import Row


def episodes(content: Content) -> Iterator[Row]:
    """Kind, number, number in a week of readings, and how long in the middle, of low and high episodes."""
    if content.readings is None:
        return
    axis, unit = AXES[content.unit], content.unit
    names = {
        "low": f"Low, below {axis.said(axis.low)}",
        "very-low": f"Very low, below {axis.said(axis.very_low)}",
        "low-extended": f"Below {axis.said(axis.low)} for over 2 h",
        "high": f"High, above {axis.said(axis.high)}",
        "very-high": f"Very high, above {axis.said(axis.very_high)}",
    }
    for each in content.readings.summary.happened:
        if (name := names.get(each.kind.value)) is None:
            continue
        rate, middle = each.per_day.value, each.median_minutes.value
        yield (
            f"{name} {unit}",
            str(len(each.episodes)),
            "" if rate is None else f"{7 * rate:.1f}",
            "" if middle is None else f"{middle:.0f} min",
        )


def doses(content: Content) -> Iterator[Row]:
    """Name, value and remark of insulin and carbohydrates, where these are shared over the whole period."""
    readings = content.readings
    if readings is None:
        return
    if readings.insulin is not None:
        yield from _insulin(readings.insulin)
    if readings.automation is not None and readings.automation.share.value:
        known = readings.automation.known_hours
        yield "Automated delivery", f"{readings.automation.share.value:.0f} %", f"of {known:.0f} known hours"
    if readings.carbs is not None:
        yield from _carbs(readings.carbs)


def _insulin(found: Insulin) -> Iterator[Row]:
    days = f"{found.days} of {found.period_days} whole days told"
    if found.undetermined:
        days += f", {found.undetermined} undetermined and left out"
    yield "Total a day", *_figure(found.total, 1, "U", days)
    yield "Basal a day", *_figure(found.basal, 1, "U")
    yield "Bolus a day", *_figure(found.bolus, 1, "U")
    if found.other.value is not None:
        yield "Of untold kind a day", *_figure(found.other, 1, "U")
    yield "Basal share", *_figure(found.basal_share, 0, "%")


def _carbs(found: Carbs) -> Iterator[Row]:
    days = f"{found.days} of {found.period_days} whole days told"
    if found.grams.value is not None or found.servings.value is None:
        yield "Carbohydrates a day", *_figure(found.grams, 0, "g", days)
    if found.servings.value is not None:
        yield "Servings a day", *_figure(found.servings, 1, "servings", days)


def _figure(found: Figure[float], decimals: int, unit: str, remark: str = "") -> tuple[str, str]:
    if found.value is None:
        return "not shown", str(found.why)
    return f"{found.value:.{decimals}f} {unit}", remark
