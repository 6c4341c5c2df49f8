"""Which summaries are due without being asked for: fixed blocks of a person's days, each told once.

Law (`consent.md`, means and summaries; `safety.md`, default content): a block is told when it is over, and wholly
permitted. Under a grant of summaries they are the grant's own (`blocks.py`); under single readings they are counted
from the first day of a grant, or from its signature where it says no first day or one that moves. Where a grant ends
inside a block, its last days are a shorter one. What stands stays as it is cut, whatever the zone, the grants or the
pace became, and is looked at again; a block that would say a day twice is not begun (a frozen block goes first), unless
the pace itself laps over. Means give no summary. Pure.

Rejected: the last so many days before each look (a new row every time, each almost the one before); counting from a
fixed date for everybody (a grant of fourteen days would hardly ever hold a block).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from bridge.consent.asked import Grain, Kind
from bridge.consent.blocks import Reported, Seen, reported
from bridge.consent.decide import Box, Decision
from bridge.consent.reporting import Paced
from bridge.period import BEGINNING, DAY, HOUR, Instant, Period, PeriodSet, ZoneHistory, union

ONE: Final = timedelta(days=1)
SLACK: Final = 2 * HOUR
"""A block of local days may be an hour shorter, and begin an hour earlier, than so many days."""


def due(decision: Decision, zones: ZoneHistory, now: Instant, wish: Paced, seen: Seen) -> Iterator[Reported]:
    """The blocks to be looked at, sorted: what stands and may still be told, and what is due."""
    standing = {(each.period, each.is_frozen) for each in wish.standing}
    taken = [(each.period, each.is_frozen) for each in wish.standing]
    found: dict[tuple[Period, bool], Reported] = {}
    for each in (*_fixed(decision, zones, now, seen), *_open(decision, zones, now, wish)):
        key = each.period, each.is_frozen
        if key not in standing:
            is_over = each.period.end <= now and _is_its_day(each.period, zones, now, wish.weekday)
            if not is_over or not all(_are_apart(key, other, wish) for other in taken):
                continue
            taken.append(key)
        found.setdefault(key, each)
    yield from (found[key] for key in sorted(found))


def _fixed(decision: Decision, zones: ZoneHistory, now: Instant, seen: Seen) -> tuple[Reported, ...]:
    return reported(decision, zones, now, None, seen, fixed=True)


def _open(decision: Decision, zones: ZoneHistory, now: Instant, wish: Paced) -> Iterator[Reported]:
    """What stands of what single readings are open of, and the blocks that they give; grants in order of signature."""
    boxes = [box for box in decision.boxes if box.grain is Grain.RAW and Kind.GLUCOSE in box.kinds]
    permitted = union(box.periods for box in boxes)
    for each in wish.standing:
        if not each.is_frozen and permitted.covers(each.period):
            yield Reported(each.period, tuple(boxes), is_frozen=False)
    for box in sorted((box for box in boxes if box.grant), key=_signed):
        for period in box.periods:
            for block in _blocks(box, period, permitted, zones, now, wish):
                yield Reported(block, tuple(boxes), is_frozen=False)


def _signed(box: Box) -> tuple[Instant, str]:
    return (0, "") if box.grant is None else (box.grant.signed, box.grant.id)


def _blocks(
    box: Box, period: Period, permitted: PeriodSet, zones: ZoneHistory, now: Instant, wish: Paced
) -> Iterator[Period]:
    """The blocks of one stretch of a grant that have begun."""
    grant = box.grant
    if grant is None:
        return
    signed, moves = zones.local_date(grant.signed), grant.rolling_days
    is_counted_from_signature = bool(moves) or period.start <= BEGINNING
    length, step = timedelta(days=wish.days), timedelta(days=wish.every)
    if moves and moves <= wish.days:  # today is in the window and is not over
        length = step = timedelta(days=max(1, moves - 1))
    earliest = _earliest(period, signed, length, zones, wish)
    start = signed if is_counted_from_signature else _first_day(period, zones)
    start += -((start - earliest) // step) * step
    last = zones.local_date(min(period.end, now))
    while start <= last:
        block = _cut(start, length, permitted, zones)
        if block is not None:
            yield block
        start += step


def _earliest(period: Period, signed: date, length: timedelta, zones: ZoneHistory, wish: Paced) -> date:
    back = timedelta(days=wish.back) if wish.back is not None else length
    if period.start <= BEGINNING:
        return signed - back
    first = _first_day(period, zones)
    return first if wish.back is None else max(first, signed - back)


def _first_day(period: Period, zones: ZoneHistory) -> date:
    day = zones.local_date(period.start)
    return day if zones.day(day).start >= period.start else day + ONE


def _cut(start: date, length: timedelta, permitted: PeriodSet, zones: ZoneHistory) -> Period | None:
    """The block from that day on, shorter where what is permitted ends before; None where it does not hold the day."""
    whole = zones.days(start, start + length - ONE)
    stretch = next((each for each in permitted if each.start <= whole.start < each.end), None)
    if stretch is None or whole.end <= stretch.end:
        return whole if stretch is not None else None
    last = zones.local_date(stretch.end) - ONE
    return zones.days(start, last) if last >= start else None


def _is_its_day(block: Period, zones: ZoneHistory, now: Instant, weekday: int | None) -> bool:
    """Whether the day of the week has come since the block was over."""
    over = zones.local_date(block.end)
    wait = 0 if weekday is None else (weekday - over.weekday()) % 7
    return zones.local_date(now) >= over + timedelta(days=wait)


def _are_apart(one: tuple[Period, bool], other: tuple[Period, bool], wish: Paced) -> bool:
    """Whether two blocks may both be told: they have no day in common, or the pace laps over."""
    mine, theirs = one[0], other[0]
    laps = wish.every < wish.days and not (one[1] or other[1])
    if laps and abs(mine.start - theirs.start) >= wish.every * DAY - SLACK:
        return True
    return mine.end <= theirs.start or theirs.end <= mine.start
