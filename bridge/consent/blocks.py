"""Which periods a summary of sensor glucose may cover for one asker.

Law (`consent.md`, means and summaries): under a grant of single readings any period, cut to what is permitted: each
stretch without a hole is one. Under a grant of summaries alone the blocks that the grant fixes and no other: its
whole interval, or weeks or fortnights of local days from its first on. A block of summaries exists once it is over;
one that ends today may be asked for today, as it is now, and stays so. One that is held stays as it is cut, whatever
the zone became. None is told that overlaps one that the recipient holds by any of its programs or identities, lies
partly in what it saw as readings by one grant, or touches what it saw as means: a difference of two would tell less
than a block. What a person opens finer later they open themselves. Pure. Rejected: a block that grows with the day,
a window that slides by a day (yesterday's figures taken from today's are a day's). Edges are whole minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, final

from bridge.consent.asked import Grain, Kind
from bridge.consent.decide import Box, Decision
from bridge.consent.grant import Block
from bridge.metrics.wear import DAYS, local_days
from bridge.period import BEGINNING, END_OF_TIME, MINUTE, Instant, Period, PeriodSet, ZoneHistory, union

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


@final
@dataclass(frozen=True, slots=True)
class Seen:
    """What the recipient has: `mine`, the blocks that it holds under this identity; `others`, under another; `finer`,
    what it was ever shown finer, grant by grant."""

    mine: tuple[Period, ...] = ()
    others: tuple[Period, ...] = ()
    finer: tuple[tuple[Grain, PeriodSet], ...] = ()


def reported(
    decision: Decision,
    zones: ZoneHistory,
    now: Instant,
    wanted: Period | None,
    seen: Seen,
    fixed: bool = False,
) -> tuple[Reported, ...]:
    """The periods inside `wanted` that may be reported, sorted; None: those that follow from the grants. `fixed`:
    blocks of grants of summaries alone."""
    found = [*_fixed(decision, zones, now, wanted, seen)]
    found += [] if fixed else _open(decision, now, wanted)
    return tuple(sorted(found, key=lambda each: (each.period, each.is_frozen)))


def _open(decision: Decision, now: Instant, wanted: Period | None) -> Iterator[Reported]:
    """What single readings are open of, up to now."""
    boxes = tuple(box for box in decision.boxes if box.grain is Grain.RAW and Kind.GLUCOSE in box.kinds)
    until = PeriodSet.between(BEGINNING, now)
    within = until if wanted is None else until & PeriodSet((wanted,))
    for stretch in union(box.periods for box in boxes) & within:
        period = _in_minutes(stretch)
        if period is not None and stretch.start > BEGINNING:
            yield Reported(period, boxes, is_frozen=False)


def _fixed(
    decision: Decision, zones: ZoneHistory, now: Instant, wanted: Period | None, seen: Seen
) -> Iterator[Reported]:
    """The blocks of grants of summaries: those that are held, then of two that overlap that which was signed first."""
    boxes = sorted(
        (each for each in decision.boxes if each.grain is Grain.SUMMARY and Kind.GLUCOSE in each.kinds),
        key=_signed,
    )
    found: dict[Period, list[Box]] = {
        block: [as_raw(box, block) for box in boxes if box.periods.covers(block)] for block in seen.mine
    }
    for box in boxes:
        for whole in _blocks(box, zones, now):
            block = _over(whole, zones, now)
            if block is None or block in seen.mine or not _is_apart(block, (*found, *seen.others)):
                continue
            if _is_plain(block, seen.finer):
                found.setdefault(block, []).append(as_raw(box, block))
    for block, some in found.items():
        if some and (wanted is None or PeriodSet((wanted,)).covers(block)):
            yield Reported(block, tuple(some), is_frozen=True)


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


def _over(block: Period, zones: ZoneHistory, now: Instant) -> Period | None:
    """The block as it is told now: whole once it is over; on its last day until now, unless the rest of the day is
    what it lacks of fourteen."""
    if block.end <= now:
        return _in_minutes(block)
    if zones.local_date(now) != zones.local_date(block.end - 1) or now <= block.start:
        return None
    so_far = Period(block.start, now)
    is_early = local_days(so_far, zones) < DAYS <= local_days(block, zones)
    return None if is_early else _in_minutes(so_far)


def _is_apart(period: Period, taken: Iterable[Period]) -> bool:
    """Whether no other block that is held or told reaches into it."""
    return all(each == period or each.end <= period.start or period.end <= each.start for each in taken)


def _is_plain(period: Period, finer: Iterable[tuple[Grain, PeriodSet]]) -> bool:
    """Whether each grant of readings showed all or nothing of it, and no grant of means anything."""
    for grain, ever in finer:
        touches = bool(ever & PeriodSet((period,)))
        if touches and (grain is not Grain.RAW or not ever.covers(period)):
            return False
    return True


def _in_minutes(period: Period) -> Period | None:
    """The whole minutes of it; None where there is none, or it is too long to be named."""
    start, end = -(-period.start // MINUTE) * MINUTE, period.end // MINUTE * MINUTE
    return Period(start, end) if start < end < start + LONGEST else None
