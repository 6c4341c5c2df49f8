"""Which periods a summary of sensor glucose may cover for one asker.

Law (`consent.md`, means and summaries): under a grant of single readings any period, cut to what is permitted: each
stretch without a hole is one. Under a grant of summaries alone the blocks that the grant fixes and no other: its
whole interval, or weeks or fortnights of local days from its first on. A block of summaries exists once it is over;
one that ends today may be asked for today, as it is now, and stays so. It is not told where it overlaps one that the
recipient holds, or lies partly in what it saw finer: a difference of two would tell less than a block. Pure.

Rejected: a block that grows with the day (yesterday's figures taken from today's are a day's); a window that slides
by a day (the same). Edges are whole minutes, because the id of a summary names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, final

from bridge.consent.asked import Grain, Kind
from bridge.consent.decide import Box, Decision
from bridge.consent.grant import Block
from bridge.metrics.wear import DAYS, local_days
from bridge.period import BEGINNING, END_OF_TIME, MINUTE, Instant, Period, PeriodSet, ZoneHistory, union

FINER: Final = (Grain.QUARTER_HOUR, Grain.HOUR, Grain.DAY)
LONGEST: Final = 2**24 * MINUTE
"""No report is as long: an id has no more room, and nobody's data are (31 years)."""
_LENGTH: Final = {Block.WEEK: 7, Block.FORTNIGHT: 14}


@final
@dataclass(frozen=True, slots=True)
class Reported:
    """One period that may be reported. `boxes`: what is open of it, as if for single readings; `is_frozen`: the asker
    may not have the readings themselves, so what it once got stays."""

    period: Period
    boxes: tuple[Box, ...]
    is_frozen: bool


def reported(
    decision: Decision,
    zones: ZoneHistory,
    now: Instant,
    wanted: Period | None,
    held: Sequence[Period],
    fixed: bool = False,
) -> tuple[Reported, ...]:
    """The periods inside `wanted` that may be reported, sorted; None: those that follow from the grants. `held`: the
    blocks that the asker got before; `fixed`: blocks of grants of summaries alone."""
    found = {each.period: each for each in _fixed(decision, zones, now, wanted, held)}
    found |= {} if fixed else {each.period: each for each in _open(decision, now, wanted)}
    return tuple(found[period] for period in sorted(found))


def _open(decision: Decision, now: Instant, wanted: Period | None) -> Iterator[Reported]:
    """What single readings are open of, up to now."""
    boxes = tuple(box for box in decision.boxes if box.grain is Grain.RAW and Kind.GLUCOSE in box.kinds)
    until = PeriodSet.between(BEGINNING, now)
    within = until if wanted is None else until & PeriodSet((wanted,))
    for stretch in union(box.periods for box in boxes) & within:
        period = _in_minutes(stretch)
        if period is not None and stretch.start > BEGINNING and period.end - period.start < LONGEST:
            yield Reported(period, boxes, is_frozen=False)


def _fixed(
    decision: Decision, zones: ZoneHistory, now: Instant, wanted: Period | None, held: Sequence[Period]
) -> Iterator[Reported]:
    """The blocks of grants of summaries; of two that overlap the one that was held, or signed, first."""
    taken = list(held)
    for box in sorted(decision.boxes, key=_signed):
        if box.grain is not Grain.SUMMARY or Kind.GLUCOSE not in box.kinds:
            continue
        for block in _blocks(box, zones, now):
            period = _over(block, zones, now, held)
            if period is None or (wanted is not None and not PeriodSet((wanted,)).covers(period)):
                continue
            if _is_apart(period, taken) and _is_plain(decision, period):
                taken.append(period)
                yield Reported(period, (as_raw(box, period),), is_frozen=True)


def as_raw(box: Box, period: Period) -> Box:
    """The box as it must be read to make a figure of one period: its readings, and no instant beside."""
    return replace(box, grain=Grain.RAW, periods=PeriodSet((period,)), ever=PeriodSet((period,)))


def _signed(box: Box) -> tuple[Instant, str]:
    return (0, "") if box.grant is None else (box.grant.signed, box.grant.id)


def _blocks(box: Box, zones: ZoneHistory, now: Instant) -> Iterator[Period]:
    """The blocks that a grant fixes; a window without an end, or one that moves, has weeks."""
    grant = box.grant
    if grant is None:
        return
    days = _LENGTH.get(grant.block, 0)
    for period in box.periods:
        if days == 0 and not grant.rolling_days and period.end < END_OF_TIME:
            yield period
        elif period.start > BEGINNING:
            first = grant.signed if grant.rolling_days else period.start
            yield from _days(period, first, days or _LENGTH[Block.WEEK], zones, now)


def _days(period: Period, first: Instant, days: int, zones: ZoneHistory, now: Instant) -> Iterator[Period]:
    """Blocks of so many local days, counted from the day of `first`, that lie wholly in the period and have begun."""
    start, length = zones.local_date(first), timedelta(days=days)
    start += (zones.local_date(period.start) - start) // length * length
    last = zones.local_date(min(period.end, now))
    while start <= last:
        block = zones.days(start, start + length - timedelta(days=1))
        if period.start <= block.start and block.end <= period.end:
            yield block
        start += length


def _over(block: Period, zones: ZoneHistory, now: Instant, held: Sequence[Period]) -> Period | None:
    """The block as it is told now: as it was told first; whole once it is over; on its last day until now, unless the
    rest of the day is what it lacks of fourteen."""
    block_in_minutes = _in_minutes(block)
    if block_in_minutes is None:
        return None
    before = [each for each in held if each.start == block_in_minutes.start and each.end <= block.end]
    if before:
        return before[0]
    if block.end <= now:
        return block_in_minutes
    if zones.local_date(now) != zones.local_date(block.end - 1) or now <= block.start:
        return None
    so_far = Period(block.start, now)
    is_early = local_days(so_far, zones) < DAYS <= local_days(block, zones)
    return None if is_early else _in_minutes(so_far)


def _is_apart(period: Period, taken: Sequence[Period]) -> bool:
    """Whether no other block that is held or told reaches into it."""
    return all(each == period or each.end <= period.start or period.end <= each.start for each in taken)


def _is_plain(decision: Decision, period: Period) -> bool:
    """Whether all of it, or none of it, was ever shown as readings, and likewise as means."""
    past = [box for box in (*decision.boxes, *decision.ended) if Kind.GLUCOSE in box.kinds]
    for grains in ((Grain.RAW,), FINER):
        seen = union(box.ever for box in past if box.grain in grains)
        if seen & PeriodSet((period,)) and not seen.covers(period):
            return False
    return True


def _in_minutes(period: Period) -> Period | None:
    """The whole minutes of it."""
    start, end = -(-period.start // MINUTE) * MINUTE, period.end // MINUTE * MINUTE
    return Period(start, end) if start < end else None
