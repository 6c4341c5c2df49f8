"""All glucose figures of one period: what summary Observations, the panel and the report are made from.

Law: one value, comparable, without a reading in it. The period is the effective one: cut at the moment of reporting,
which is passed in. Below 14 days or 70 % there is no GMI (`safety.md`, sufficiency) and `lacks` says which; the other
figures are there, flagged by it. How many readings are beyond what the sensor measures, of an unsettled time or not
counted is told beside them. Nothing is rounded. Pure: the caller has asked the gate before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bridge.metrics.average import Averages, averages, indicator
from bridge.metrics.counting import Left, counted
from bridge.metrics.episodes import Episode, EpisodeKind, Episodes, episodes
from bridge.metrics.figure import Figure, Lack
from bridge.metrics.hours import PartOfDay, parts_of_day
from bridge.metrics.pattern import Pattern, pattern
from bridge.metrics.ranges import Ranges, classes, ranges, tight
from bridge.metrics.risk import GlycemiaRisk, Indices, gri, indices
from bridge.metrics.trace import Trace
from bridge.metrics.variability import modd
from bridge.metrics.wear import Wear, effective, wear
from bridge.period import DAY, MINUTE, Instant, Period, ZoneHistory
from bridge.reading import Flag


@dataclass(frozen=True, slots=True)
class Happened:
    """Episodes of one kind. `per_day`: of time that readings stand for, not of the calendar's."""

    kind: EpisodeKind
    episodes: tuple[Episode, ...]
    per_day: Figure[float]
    median_minutes: Figure[float]


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of `period`. `off_low`, `off_high`: readings beyond what the sensor measures, counted with the
    limit in means and in the outer classes; `uncertain`: of which the time is not settled."""

    period: Period
    wear: Wear
    left: Left
    off_low: int
    off_high: int
    uncertain: int
    averages: Averages
    gmi: Figure[float]
    ranges: Figure[Ranges]
    tight: Figure[float]
    risk: Figure[GlycemiaRisk]
    indices: Indices
    modd: Figure[float]
    parts: tuple[PartOfDay, ...]
    happened: tuple[Happened, ...]
    pattern: Figure[Pattern]

    @property
    def lacks(self) -> tuple[Lack, ...]:
        """Why the data are not sufficient; empty where they are."""
        return self.wear.lacks


def summary(traces: Sequence[Trace], period: Period, zones: ZoneHistory, reported: Instant) -> Summary:
    """The figures of `period` at the moment `reported`, over series of one person's sensor glucose."""
    period = effective(period, reported)
    readings, left = counted(traces, period, zones)
    found, worn, average = classes(readings), wear(readings, period, zones), averages(readings)
    shares = ranges(readings, found)
    return Summary(
        period=period,
        wear=worn,
        left=left,
        off_low=readings.marked(Flag.LOW),
        off_high=readings.marked(Flag.HIGH),
        uncertain=readings.marked(Flag.UNCERTAIN),
        averages=average,
        gmi=indicator(average.mean, worn.lacks),
        ranges=shares,
        tight=tight(readings),
        risk=Figure(None, shares.why) if shares.value is None else Figure(gri(shares.value)),
        indices=indices(readings),
        modd=modd(readings),
        parts=parts_of_day(readings, found),
        happened=_happened(episodes(readings, found), worn),
        pattern=pattern(readings, worn.period_days),
    )


def _happened(found: Episodes, worn: Wear) -> tuple[Happened, ...]:
    days = worn.minutes * MINUTE / DAY
    nothing: Figure[float] = Figure(None, Lack.NO_READINGS)
    return tuple(
        Happened(kind, each, Figure(len(each) / days) if days else nothing, _median(each))
        for kind, each in found.items()
    )


def _median(found: tuple[Episode, ...]) -> Figure[float]:
    return Figure(median(each.minutes for each in found)) if found else Figure(None, Lack.NO_EPISODES)
