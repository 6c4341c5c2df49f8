"""Which summaries a clinic's order asks for now: its own periods, as far as they are permitted.

Law (`consent.md`, means and summaries; `safety.md`, corrections travel): an order is a wish. Under single readings each
of its periods is told when it is over, one block for each stretch of whole days that is permitted; under a grant of
summaries the grant's own blocks, those alone (`blocks.py`). What stands is looked at again where it is one of them, and
wherever nothing is ordered but what corrects it. A block that stands with other edges inside a day of these is the same
one, cut where the clock stood elsewhere; with a block that a grant fixed none may have a day in common. Pure.

Rejected: the blocks that a destination's file counts (`paces.py`) at the order's cadence (none would end on its day).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from bridge.consent.asked import Grain, Kind
from bridge.consent.blocks import Reported, Seen, reported
from bridge.consent.decide import Decision
from bridge.consent.reporting import Ordered, Paced
from bridge.period import BEGINNING, DAY, HOUR, Instant, Period, PeriodSet, ZoneHistory, union

ONE: Final = timedelta(days=1)
NEAR: Final = DAY - 2 * HOUR
"""Edges that are nearer than this are those of one block: the shortest step between two is a day of 23 hours."""
Key = tuple[Period, bool]


def due_as_ordered(
    decision: Decision, zones: ZoneHistory, now: Instant, wish: Paced, order: Ordered, seen: Seen
) -> Iterator[Reported]:
    """The blocks to be looked at, sorted: what is ordered and due, and what stands of it; under an order for what
    stands alone (`again`) all of that."""
    fixed = reported(decision, zones, now, None, seen, fixed=True)
    boxes = tuple(box for box in decision.boxes if box.grain is Grain.RAW and Kind.GLUCOSE in box.kinds)
    permitted = union(box.periods for box in boxes)
    there = {(each.period, each.is_frozen): each for each in fixed}
    there |= {
        (each.period, False): Reported(each.period, boxes, is_frozen=False)
        for each in wish.standing
        if not each.is_frozen and permitted.covers(each.period)
    }
    standing = [(each.period, each.is_frozen) for each in wish.standing]
    found = {key: there[key] for key in standing if order.again and key in there}
    fresh = [each for each in fixed if order.takes(each.period)]
    for period in order.periods:
        fresh += [Reported(each, boxes, is_frozen=False) for each in _cut(period, permitted, zones)]
    taken = list(standing)
    for one in (each for each in fresh if each.period.end <= now):
        key = one.period, one.is_frozen
        same = [other for other in taken if not _are_apart(key, other)]
        if not same:
            taken.append(key)
            found[key] = one
        found |= {other: there[other] for other in same if other in there and other in standing}
    yield from (found[key] for key in sorted(found))


def begun(periods: tuple[Period, ...], has: Callable[[Period], bool]) -> tuple[Period, ...]:
    """Those that do not end before the first reading; by their ends. `has`: whether a period may have one."""
    after = bisect_left(periods, True, key=lambda each: has(Period(BEGINNING, each.end)))
    return periods[after:]


def _cut(period: Period, permitted: PeriodSet, zones: ZoneHistory) -> Iterator[Period]:
    """The whole local days of a period that are permitted, one block a stretch."""
    for stretch in permitted:
        start, end = max(period.start, stretch.start), min(period.end, stretch.end)
        if start >= end:
            continue
        day = zones.local_date(start)
        first = day if zones.day(day).start >= start else day + ONE
        last = zones.local_date(end) - ONE
        if first <= last:
            yield zones.days(first, last)


def _are_apart(one: Key, other: Key) -> bool:
    """Whether two blocks may both be told."""
    mine, theirs = one[0], other[0]
    if mine.end <= theirs.start or theirs.end <= mine.start:
        return True
    if one[1] or other[1]:
        return False
    return abs(mine.start - theirs.start) >= NEAR or abs(mine.end - theirs.end) >= NEAR
