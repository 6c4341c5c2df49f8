"""The readings that count: sorted, each instant once, none inside another's time, of one sensor at a time.

Law (metrics of the consensus, as this project chose them): no reading is interpolated, averaged with another or
converted before it is classed. Of two at one instant the one received last counts; one that begins before the
kept one's end, less ten seconds, does not (the rule of Tidepool's reports). A scan is a moment that a person chose
and does not count beside readings by the clock. Copies of one measurement are gone before; what is retracted, or
has neither a number nor a mark, is no reading. Pure; columns in order of time come out.

Rejected: averaging duplicates (iglu does), filling short gaps (it invents episodes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bridge.metrics.steps import nominal
from bridge.metrics.trace import Counted, Ints, Mask, Trace, displayed
from bridge.metrics.worn import chosen
from bridge.period import Period, ZoneHistory
from bridge.reading import MG_DL_PER_MMOL_L, NO_OFFSET, Flag, Unit

TOLERANCE: Final = 10_000
"""How much earlier than a reading's end the next may begin, ms."""
_OFF: Final = int(Flag.LOW | Flag.HIGH)


@dataclass(frozen=True, slots=True)
class Left:
    """Readings that were not counted: `scans` by hand, `overlapping` another one's time, of a sensor worn beside
    the one that counts (`beside`); and the names of the traces that count."""

    scans: int
    overlapping: int
    beside: int
    names: tuple[str, ...]


def counted(traces: Sequence[Trace], period: Period, zones: ZoneHistory) -> tuple[Counted, Left]:
    """The readings of `traces` in `period` that count, and how many do not."""
    found = [_valid(trace, period) for trace in traces]
    scans = sum(count for _, count in found)
    every = [_columns(trace, zones) for trace, _ in found]
    names = [trace.name for trace in traces]
    masks = chosen([(name, each.instants, each.steps) for name, each in zip(names, every, strict=True)])
    beside = sum(int((~mask).sum()) for mask in masks)
    kept = _joined([each.taken(mask) for each, mask in zip(every, masks, strict=True)])
    apart = unblocked(kept.instants, kept.steps)
    lost = sum(len(trace.instants) for trace, _ in found) - sum(map(len, every)) + int((~apart).sum())
    used = sorted({name for name, mask in zip(names, masks, strict=True) if mask.any()})
    return (kept if apart.all() else kept.taken(apart)), Left(scans, lost, beside, tuple(used))


def _valid(trace: Trace, period: Period) -> tuple[Trace, int]:
    """The readings by the clock inside the period, in order of time and receipt, and how many scans there were."""
    flags = trace.flags
    there = (trace.instants >= period.start) & (trace.instants < period.end)
    there &= (flags & int(Flag.RETRACTED) == 0) & ((flags & int(Flag.NO_VALUE) == 0) | (flags & _OFF != 0))
    is_scan = there & (flags & int(Flag.SCAN) != 0)
    there &= ~is_scan
    rows = np.flatnonzero(there)
    if len(rows) > 1 and (np.diff(trace.instants[rows]) <= 0).any():
        rows = rows[np.lexsort((trace.received[rows], trace.instants[rows]))]
    return _taken(trace, rows), int(is_scan.sum())


def _taken(trace: Trace, rows: Ints) -> Trace:
    return Trace(
        trace.name, trace.unit, trace.scale, trace.instants[rows], trace.values[rows], trace.flags[rows],
        trace.offsets[rows], trace.received[rows], trace.step,
    )  # fmt: skip


def _columns(trace: Trace, zones: ZoneHistory) -> Counted:
    """The last row of each instant, as it counts."""
    last = np.append(
        trace.instants[1:] != trace.instants[:-1], np.ones(min(1, len(trace.instants)), np.bool_)
    )
    trace = trace if last.all() else _taken(trace, np.flatnonzero(last))
    instants, values, flags = trace.instants, trace.values, trace.flags
    is_molar = trace.unit is Unit.MMOL_L
    mg_dl = values / 10.0**trace.scale * (MG_DL_PER_MMOL_L if is_molar else 1.0)
    untold = flags & int(Flag.NO_VALUE) != 0
    if untold.any():
        mg_dl = np.where(untold, np.nan, mg_dl)
    offsets, silent = trace.offsets, trace.offsets == NO_OFFSET
    if silent.any():
        offsets = np.where(silent, zones.offsets(instants), offsets)
    steps = nominal(instants) if trace.step is None else np.full(len(instants), trace.step, np.int64)
    shown = displayed(values, trace.scale, trace.unit)
    return Counted(instants, steps, mg_dl, shown, np.full(len(instants), is_molar), flags, offsets)


def _joined(parts: Sequence[Counted]) -> Counted:
    parts = [each for each in parts if len(each)] or list(parts[:1])
    if not parts:
        none = np.zeros(0, np.int64)
        return Counted(
            none,
            none,
            np.zeros(0),
            none,
            np.zeros(0, np.bool_),
            np.zeros(0, np.uint16),
            np.zeros(0, np.int16),
        )
    if len(parts) == 1:
        return parts[0]
    names = Counted.__slots__
    whole = Counted(*(np.concatenate([getattr(each, name) for each in parts]) for name in names))
    return whole.taken(np.argsort(whole.instants, kind="stable"))


def unblocked(instants: Ints, steps: Ints) -> Mask:
    """Which readings (sorted) begin after the end, less ten seconds, of the one kept before them."""
    keep = np.ones(len(instants), np.bool_)
    if not (np.diff(instants) < steps[:-1] - TOLERANCE).any():
        return keep
    nexts = np.searchsorted(instants, instants + np.maximum(steps - TOLERANCE, 1))
    blocking = np.flatnonzero(nexts > np.arange(1, len(instants) + 1))
    reached = 0
    for place in blocking.tolist():
        if place >= reached:
            reached = int(nexts[place])
            keep[place + 1 : reached] = False
    return keep
