"""For how much of the time a controller decided about basal insulin.

Law: hours of automated delivery of the hours of which anything is known, both told; a pump that tells nothing is in
neither. Where a source tells the mode, the mode decides, so a suspension inside automation is automated and one of an
open loop is not; elsewhere the kind of the delivery does. Times that two sources tell count once. Pure.

Rejected: the share of the calendar (a lost pump would look like an open loop).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.metrics.figure import Figure, Lack
from bridge.metrics.given import Given, Mask, is_automated
from bridge.period import HOUR, Period
from bridge.reading import BasalKind, Flag, ModeKind, Stream

Spans: TypeAlias = NDArray[np.int64]

CLOSED: Final = (ModeKind.AUTOMATED, ModeKind.AUTOMATED_SAFE)
DECIDING: Final = (*CLOSED, ModeKind.MANUAL, ModeKind.LOW_SUSPEND)
"""Modes that tell who decides; the others are laid over them."""


@dataclass(frozen=True, slots=True)
class Automation:
    """`share` percent of `known_hours`; `suspended_hours` of delivery that was stopped."""

    share: Figure[float]
    known_hours: float
    automated_hours: float
    suspended_hours: float


def automation(given: Sequence[Given], period: Period) -> Automation:
    """The automation of an effective period, over series of basal delivery and loop modes."""
    modes = [each for each in given if each.stream is Stream.MODE]
    basal = [each for each in given if each.stream is Stream.BASAL]
    told = _spans(modes, period, _of_kinds(*DECIDING))
    closed = _length(_spans(modes, period, _of_kinds(*CLOSED)))
    both = np.concatenate((told, _spans(basal, period, lambda each: np.ones(len(each), np.bool_))))
    elsewhere = _length(np.concatenate((told, _spans(basal, period, is_automated)))) - _length(told)
    known, automated = _length(both), closed + elsewhere
    suspended = _length(_spans(basal, period, _of_kinds(BasalKind.SUSPENDED)))
    if not known:
        return Automation(Figure(None, Lack.NOTHING_TOLD), 0.0, 0.0, suspended / HOUR)
    share = Figure(100 * automated / known)
    return Automation(share, known / HOUR, automated / HOUR, suspended / HOUR)


def _of_kinds(*kinds: int) -> Callable[[Given], Mask]:
    return lambda each: np.isin(each.ints("kind"), kinds)


def _spans(given: Iterable[Given], period: Period, which: Callable[[Given], Mask]) -> Spans:
    """Starts and ends (int64[n, 2] ms UTC) inside the period of the rows that last."""
    found = [np.zeros((0, 2), np.int64)]
    for each in given:
        kept = which(each) & ~each.has(Flag.RETRACTED)
        spans = np.stack((each.ints("instant"), each.ends), axis=1)[kept]
        found.append(np.clip(spans, period.start, period.end))
    every = np.concatenate(found)
    return every[every[:, 1] > every[:, 0]]


def _length(spans: Spans) -> int:
    """How long they last together, ms; what two of them cover counts once."""
    if not len(spans):
        return 0
    ordered = spans[np.argsort(spans[:, 0], kind="stable")]
    reached = np.maximum.accumulate(ordered[:, 1])
    begins = np.maximum(ordered[1:, 0], reached[:-1])
    return int(reached[0] - ordered[0, 0]) + int(np.maximum(ordered[1:, 1] - begins, 0).sum())
