"""Low and high episodes (Battelino 2023, as iglu and cgmguru count them over raw readings).

Law: a run beyond the limit for 15 minutes begins one at its first reading; a recovery of 15 minutes ends it at the
recovery's first reading, a shorter one does not. A reading stands for its minutes: three of five, or one of fifteen. A
loss of up to 45 minutes is bridged; at a longer one and at the end an open episode is kept, truncated, and ends with
its last reading beyond. Nothing is interpolated. Limits are those of the classes, so the unit changes no episode.

Rejected: two values 15 minutes apart (some trial protocols), level 1 without level 2 as the headline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from bridge.metrics.ranges import HIGH, IN_RANGE, LOW, VERY_HIGH, VERY_LOW, Classes
from bridge.metrics.trace import Counted, Ints, Mask
from bridge.period import MINUTE, Instant

BRIDGED: Final = 45 * MINUTE
"""The longest step between two readings over which an episode goes on, ms."""
RECOVERY: Final = 15 * MINUTE


class EpisodeKind(StrEnum):
    """What is counted. Level 2 lies inside level 1; `only` has no level 2 inside."""

    LOW = "low"
    VERY_LOW = "very-low"
    LOW_ONLY = "low-only"
    LOW_EXTENDED = "low-extended"
    HIGH = "high"
    VERY_HIGH = "very-high"
    HIGH_ONLY = "high-only"
    HIGH_EXTENDED = "high-extended"


@dataclass(frozen=True, slots=True)
class Rule:
    """Begins in the classes `beyond` for at least `least` ms (more than, where `is_more`) in a row, or in total
    inside `within` ms; ends after 15 minutes in the classes `recovered`."""

    beyond: tuple[int, ...]
    recovered: tuple[int, ...]
    least: int = 15 * MINUTE
    is_more: bool = False
    within: int | None = None


_NOT_LOW, _NOT_HIGH = (IN_RANGE, HIGH, VERY_HIGH), (VERY_LOW, LOW, IN_RANGE)
RULES: Final[Mapping[EpisodeKind, Rule]] = {
    EpisodeKind.LOW: Rule((VERY_LOW, LOW), _NOT_LOW),
    EpisodeKind.VERY_LOW: Rule((VERY_LOW,), (LOW, *_NOT_LOW)),
    EpisodeKind.LOW_EXTENDED: Rule((VERY_LOW, LOW), _NOT_LOW, 120 * MINUTE, is_more=True),
    EpisodeKind.HIGH: Rule((HIGH, VERY_HIGH), _NOT_HIGH),
    EpisodeKind.VERY_HIGH: Rule((VERY_HIGH,), (*_NOT_HIGH, HIGH)),
    EpisodeKind.HIGH_EXTENDED: Rule((VERY_HIGH,), _NOT_HIGH, 90 * MINUTE, within=120 * MINUTE),
}
ONLY: Final = {
    EpisodeKind.LOW_ONLY: (EpisodeKind.LOW, EpisodeKind.VERY_LOW),
    EpisodeKind.HIGH_ONLY: (EpisodeKind.HIGH, EpisodeKind.VERY_HIGH),
}


@dataclass(frozen=True, slots=True)
class Episode:
    """`[start, end)` in ms UTC; `extreme` in mg/dL, None where the sensor told no number; `is_truncated`: no
    recovery was seen."""

    start: Instant
    end: Instant
    extreme: float | None
    is_truncated: bool

    @property
    def minutes(self) -> float:
        """How long it lasted."""
        return (self.end - self.start) / MINUTE


Episodes = Mapping[EpisodeKind, tuple[Episode, ...]]


def episodes(readings: Counted, found: Classes) -> Episodes:
    """All episodes of each kind, in order of time; `found` from `ranges.classes` with the standard limits."""
    told = {kind: of_rule(readings, found, rule) for kind, rule in RULES.items()}
    for kind, (outer, inner) in ONLY.items():
        told[kind] = _without(told[outer], told[inner])
    return {kind: told[kind] for kind in EpisodeKind}


def of_rule(readings: Counted, found: Classes, rule: Rule) -> tuple[Episode, ...]:
    """The episodes of one rule."""
    beyond = _among(found, rule.beyond)
    if not beyond.any():
        return ()
    pieces = np.concatenate(([0], np.cumsum(np.diff(readings.instants) > BRIDGED)))
    begins = _begins(readings, beyond, pieces, rule)
    recoveries = _runs(readings, _among(found, rule.recovered), pieces, RECOVERY)
    before = np.searchsorted(recoveries, begins)
    is_first = np.ones(len(begins), np.bool_)
    is_first[1:] = (np.diff(before) > 0) | (np.diff(pieces[begins]) > 0)
    begins, before = begins[is_first], before[is_first]
    ends = np.append(recoveries, len(readings))[before]
    last = np.searchsorted(pieces, pieces[begins], side="right")
    return _told(readings, beyond, begins, np.minimum(ends, last), ends < last, VERY_LOW in rule.beyond)


def _begins(readings: Counted, beyond: Mask, pieces: Ints, rule: Rule) -> Ints:
    """Places of readings that an episode may begin with."""
    if rule.within is None:
        return _runs(readings, beyond, pieces, rule.least + rule.is_more)
    places = np.flatnonzero(beyond)
    times = np.concatenate(([0], np.cumsum(np.where(beyond, readings.steps, 0))))
    until = np.searchsorted(readings.instants, readings.instants[places] + rule.within)
    until = np.minimum(until, np.searchsorted(pieces, pieces[places], side="right"))
    return np.asarray(places[times[until] - times[places] >= rule.least])


def _runs(readings: Counted, which: Mask, pieces: Ints, least: int) -> Ints:
    """Places where runs begin that last at least so long: a lost reading inside one counts as told."""
    edge = np.ones(len(which) + 1, np.bool_)
    edge[1:-1] = (which[1:] != which[:-1]) | (pieces[1:] != pieces[:-1])
    edges = np.flatnonzero(edge)
    starts, lasts = edges[:-1], edges[1:] - 1
    starts, lasts = starts[which[starts]], lasts[which[starts]]
    steps = readings.steps[lasts]
    spans = readings.instants[lasts] - readings.instants[starts]
    return np.asarray(starts[(np.rint(spans / steps) + 1) * steps >= least], np.int64)


def _told(
    readings: Counted, beyond: Mask, begins: Ints, stops: Ints, is_ended: Mask, is_low: bool
) -> tuple[Episode, ...]:
    lasts = np.maximum.accumulate(np.where(beyond, np.arange(len(beyond)), -1))[stops - 1]
    ends = readings.instants[lasts] + readings.steps[lasts]
    ends[is_ended] = readings.instants[stops[is_ended]]
    pairs = np.stack((begins, lasts + 1), axis=1).ravel()
    least = (np.fmin if is_low else np.fmax).reduceat(np.append(readings.mg_dl, np.nan), pairs)[::2]
    rows = zip(
        readings.instants[begins].tolist(), ends.tolist(), least.tolist(), is_ended.tolist(), strict=True
    )
    return tuple(
        Episode(start, end, None if np.isnan(worst) else worst, not over) for start, end, worst, over in rows
    )


def _among(found: Classes, which: tuple[int, ...]) -> Mask:
    table = np.zeros(VERY_HIGH + 1, np.bool_)
    table[[*which]] = True
    return np.asarray(table[found])


def _without(outer: tuple[Episode, ...], inner: tuple[Episode, ...]) -> tuple[Episode, ...]:
    """The outer episodes in which no inner one begins."""
    edges = np.array([(each.start, each.end) for each in outer], np.int64).reshape(-1, 2)
    before = np.searchsorted(np.array([each.start for each in inner], np.int64), edges)
    return tuple(each for each, (first, last) in zip(outer, before.tolist(), strict=True) if first == last)
