"""A report in words: every line that its sheet shows, out of what was computed.

Law (`safety.md`): a figure that may not leave is named with the reason and has no number; what the data lack of 14 days
and 70 % is said as a warning, as are times that are not settled; readings beyond what the sensor measures are counted;
goals stand only where a profile was chosen, which is named. Every report says who supplied the data and by which class
of route, what it is for, and that it is no complete record. Who may not know the person is told no zone by its name.
Figures are rounded here and nowhere before, and times in ranges so that they add to 100.0. What a person or a vendor
wrote is a text among texts, never markup. English.

Rejected: whole percents where no site asks for them (the sum can be 101, and 0.4 % of a day is six minutes), a number
in place of a missing one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from bridge.metrics.brief import Brief
from bridge.metrics.ranges import Ranges
from bridge.metrics.wear import ACTIVE, DAYS
from bridge.period import HOUR, MINUTE, Instant, ZoneHistory
from bridge.reading import SourceClass, Unit
from bridge.report.content import Content, Readings
from bridge.report.days import said
from bridge.report.drawing import AXES, Axis
from bridge.report.targets import Targets

PURPOSE: Final = (
    "Intended purpose: retrospective transfer and display for a visit. No alarms, no dosing advice, not real-time "
    "monitoring. Nobody watches this data between visits."
)
CLASSES: Final = {
    SourceClass.MAKER: "cleared device, by its maker's route",
    SourceClass.FOLLOWER: "cleared device, by a follower or an aggregator",
    SourceClass.PROCESSED: "made by an app of the person's own (DIY) or processed",
    SourceClass.TYPED: "typed in",
    SourceClass.UNKNOWN: "unknown",
}
METHOD: Final = (
    "Readings are classed in the unit in which they were recorded and never filled in; ranges are shares of the time "
    "that readings stand for. GMI is an estimate from sensor glucose (3.31 + 0.02392 x mean in mg/dL) and no HbA1c."
)

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shares:
    """Times in ranges: shares in tenths of a percent, lowest first, and of each its name, percentage, time a day and
    goal."""

    tenths: tuple[int, ...]
    rows: tuple[Row, ...]


def title(content: Content) -> str:
    """What the document is called; it names nobody."""
    first, last = dates(content)
    return f"CGM report, {first} to {last}"


def dates(content: Content) -> tuple[str, str]:
    """First and last day of the period, with the time where it does not cover the whole day."""
    start, end = content.period.start, content.period.end
    if content.summary.days is not None:
        first, last = content.summary.days
        return said(first, with_year=True), said(last, with_year=True)
    return _moment(content, start), _moment(content, end)


def _moment(content: Content, at: Instant) -> str:
    zones = content.zones
    clock = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at + zones.offset(at) * MINUTE)
    return f"{said(clock.date(), with_year=True)} {clock:%H:%M}"


def who(content: Content) -> Iterator[Row]:
    """Whose data it is, as the identity allows, and of when."""
    subject, (first, last) = content.subject, dates(content)
    if subject.name is not None:
        yield "Person", subject.name
    if subject.birth_date is not None:
        yield "Born", subject.birth_date.isoformat()
    for system, value in subject.identifiers[:3]:
        yield "Identifier", f"{value} ({system})"
    if subject.name is None:
        yield "Person", f"known to the recipient as {subject.id}"
    found = content.summary.figures
    days = "" if found is None else f" ({_floored(found.period_days)} days)"
    yield "Period", f"{first} to {last}{days}"
    edges = (content.period.start, content.period.end - 1)
    is_named = subject.name is not None or subject.birth_date is not None
    yield "Time zone", ", ".join(dict.fromkeys(_zone(content.zones, at, is_named) for at in edges))
    yield "Data as of", _moment(content, content.report.last_updated)


def _zone(zones: ZoneHistory, at: Instant, is_named: bool) -> str:
    """By its name, which says where somebody lives, for who is told who they are; else what each time says anyway."""
    if is_named:
        return zones.zone_at(at)
    east = zones.offset(at)
    return f"UTC{'-' if east < 0 else '+'}{abs(east) // 60:02d}:{abs(east) % 60:02d}"


def figures(content: Content, targets: Targets | None) -> Iterator[Row]:
    """Name, value and remark of each figure."""
    found, readings = content.summary.figures, content.readings
    if found is None:
        return
    told = {part for part, _ in content.summary.members}
    lacks = lacking(found)
    yield "Days of wear", f"{found.days} of {_floored(found.period_days)}", ""
    yield "Sensor active", f"{_floored(found.active)} %", "of the period"
    if "mean" in told:
        yield "Mean glucose", *_mean(found, content.unit)
    if "gmi" in told and found.gmi is not None:
        yield "GMI", f"{found.gmi:.1f} %", "estimate, no HbA1c"
    else:
        yield "GMI", "not shown", "; ".join(lacks) or "no mean"
    if found.cv is not None:
        yield "Variation (CV)", f"{found.cv:.1f} %", f"goal {targets.cv}" if targets else ""
    if readings is not None:
        yield from _more(readings, content.unit)
    if readings is not None or found.off_scale:  # of a block a note tells their number, and only then
        yield "Readings", f"{found.readings:,}", _off_scale(found, readings)


def _mean(found: Brief, unit: Unit) -> tuple[str, str]:
    if found.mean is None or found.mean_molar is None:
        return "", ""
    mass, molar = f"{found.mean:.0f} mg/dL", f"{found.mean_molar:.1f} mmol/L"
    return (molar, mass) if unit is Unit.MMOL_L else (mass, molar)


def _more(readings: Readings, unit: Unit) -> Iterator[Row]:
    summary, axis = readings.summary, AXES[unit]
    if summary.averages.sd.value is not None:
        yield "Standard deviation", f"{axis.said(summary.averages.sd.value * axis.factor)} {unit}", ""
    if summary.tight.value is not None:
        edges = "3.9-7.8" if unit is Unit.MMOL_L else "70-140"
        yield "Time in tight range", f"{summary.tight.value:.1f} %", f"{edges} {unit}"
    gaps, longest = summary.wear.gaps, summary.wear.longest_gap
    if longest is not None:
        hours = (longest.end - longest.start) / HOUR
        yield "Gaps of 30 min or more", str(len(gaps)), f"longest {hours:.1f} h"


def _off_scale(found: Brief, readings: Readings | None) -> str:
    if readings is not None:
        low, high = readings.summary.off_low, readings.summary.off_high
        return f"{low} LOW, {high} HIGH, counted with the limit" if low or high else "no LOW, no HIGH"
    return f"{found.off_scale} LOW or HIGH" if found.off_scale else "no LOW, no HIGH"


def lacking(found: Brief) -> list[str]:
    """What the data lack of being enough."""
    lacks = []
    if found.period_days < DAYS:
        lacks.append(f"insufficient data: {_floored(found.period_days)} of {DAYS} days")
    if found.active < ACTIVE:
        lacks.append(f"insufficient data: sensor active {_floored(found.active)} of {ACTIVE:.0f} %")
    return lacks


def warnings(content: Content) -> Iterator[str]:
    """What whoever reads the figures must know first."""
    found = content.summary.figures
    if found is None:
        return
    yield from lacking(found)
    if found.uncertain:
        yield (
            f"The clock of {found.uncertain} readings is not certain: their time of day, and on which day they count, "
            "may be another."
        )
    if content.summary.is_amended:
        yield "Corrected: this report was told otherwise before."
    doses = None if content.readings is None else content.readings.insulin
    if doses is not None and doses.is_sparse:
        yield f"Insulin is told of {doses.days} of {doses.period_days} whole days alone."


def shares(
    found: Ranges, unit: Unit, targets: Targets | None, rounding: Literal["tenths", "icode"] = "tenths"
) -> Shares:
    """Times in ranges in words; the goals of low and high include what lies beyond."""
    axis = AXES[unit]
    tenths = apportioned([found.very_low, found.low, found.in_range, found.high, found.very_high], 1000)
    goals = _goals(targets)
    rows = tuple(
        (name, _percent(share, rounding), _time(share), goal)
        for name, share, goal in zip(_classes(axis), tenths, goals, strict=True)
    )
    return Shares(tuple(tenths), rows)


def _percent(tenths: int, rounding: Literal["tenths", "icode"]) -> str:
    return f"{tenths / 10:.{0 if rounding == 'icode' and tenths >= 10 else 1}f} %"


def _classes(axis: Axis) -> Iterator[str]:
    step = 10.0**-axis.decimals
    say = axis.said
    yield f"Very low: below {say(axis.very_low)}"
    yield f"Low: {say(axis.very_low)}-{say(axis.low - step)}"
    yield f"In range: {say(axis.low)}-{say(axis.high)}"
    yield f"High: {say(axis.high + step)}-{say(axis.very_high)}"
    yield f"Very high: above {say(axis.very_high)}"


def _goals(targets: Targets | None) -> tuple[str, ...]:
    if targets is None:
        return ("",) * 5
    below = f"{targets.below} with very low" if targets.below else ""
    above = f"{targets.above} with very high" if targets.above else ""
    found = (targets.very_low, below, targets.in_range, above, targets.very_high)
    return tuple(f"goal {each}" if each else "" for each in found)


def _time(tenths: int) -> str:
    """A share of the day in hours and minutes; one percent is 14.4 minutes."""
    minutes = round(tenths * 1.44)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def apportioned(percents: Sequence[float], whole: int) -> list[int]:
    """Percentages in parts of `whole`, by largest remainder, so that they add to it."""
    exact = [percent * whole / 100 for percent in percents]
    floors = [int(each) for each in exact]
    order = sorted(range(len(exact)), key=lambda at: floors[at] - exact[at])
    for at in order[: whole - sum(floors)]:
        floors[at] += 1
    return floors


def sources(content: Content) -> str:
    """By whom and how the data came."""
    ways = "; ".join(CLASSES[each] for each in content.summary.classes) or CLASSES[SourceClass.UNKNOWN]
    devices = ", ".join(dict.fromkeys(each.name for each in content.devices))
    told = f"Devices: {devices}. " if devices else ""
    return f"patient-supplied. Source class: {ways}. {told}"


def _floored(value: float) -> str:
    """To a tenth, never up: what is not enough must not look as if it were; whole numbers without it."""
    tenths = math.floor(value * 10 + 1e-9)
    return f"{tenths // 10}" if tenths % 10 == 0 else f"{tenths / 10:.1f}"


def last_day(content: Content) -> Instant:
    """An instant of the last day of the period."""
    return max(content.period.start, content.period.end - 1)
