"""What goes to a destination now, as it was ordered: order intersected with grant.

Law (`smart-consent.md` 7.2; `safety.md`, corrections travel): an order only narrows what the gate is asked for: kinds,
how far back, how often. Where the file says `required`, nothing goes without one that is in force; where it does not,
one that is in force counts all the same. Whatever is due is looked for anew before it goes, so a revoked order acts on
the very next round. Readings go at their time; a summary whose time came goes when there is something in it, also later
(`order_days.py`). `send now` leaves out the cadence and nothing else. What a chart holds is corrected whatever is
ordered, and only that. What its file does not send is never taken for delivered. An order with which nothing can be
reckoned where the person's clocks stand is held, and stops neither the others nor what corrects a chart.

Rejected: one cursor for all orders (an older period that is ordered later would lie behind it).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import bridge.store.orders as orders
from bridge.consent.asked import DateTest
from bridge.consent.reporting import Ordered
from bridge.mapping.ordering import Orders
from bridge.order import Content, Order, Schedule
from bridge.period import MINUTE, Instant, Period, ZoneHistory
from bridge.push import finding
from bridge.push.order_days import blocks, fixed
from bridge.push.receiver import Receiver
from bridge.receive.order import Codes
from bridge.store import patients
from bridge.store.db import Database
from bridge.store.lanes import Lane
from bridge.store.links import Link
from bridge.store.orders import Kept, Look

NO_ORDER: Final = "its file wants data only under an order, and no order for this person is in force"
UNRECKONED: Final = (
    "an order's dates and lengths cannot be reckoned where this person's clocks stand: write it anew"
)
UNSENT: Final = "what was ordered is nothing that its file sends there"
MOST: Final = 40
"""Schedules that count at once for a person and a destination: each is a question to the gate."""
TOO_MANY: Final = (
    f"more than {MOST} schedules are in force for this person: the oldest count, end some of them"
)
CORRECTIONS: Final = "corrections"
"""The cursor of what corrects a chart beside all orders."""


@dataclass(frozen=True, slots=True)
class Course:
    """One thing to be delivered. `part`: its cursor; `number`, `key`: of the order's schedule (0: no order);
    `contents` None: whatever the file wants; `window` None: any time; `figures` of a summary, None: those that the file
    wants; `summed`: which summaries, None: those of the file's pace; `only_held`: nothing that is not there."""

    part: str = ""
    number: int = 0
    key: str = ""
    contents: frozenset[Content] | None = None
    window: Period | None = None
    figures: frozenset[str] | None = None
    summed: Ordered | None = None
    only_held: bool = False

    def wants(self, content: Content) -> bool:
        """Whether it is about such things."""
        return self.contents is None or content in self.contents

    @property
    def dates(self) -> tuple[DateTest, ...]:
        """The window as a wish."""
        return () if self.window is None else (DateTest("eq", self.window),)


WHOLE: Final = Course()
"""Everything that the file wants."""
AMENDED: Final = Course(CORRECTIONS, summed=Ordered(again=True), only_held=True)


@dataclass(frozen=True, slots=True)
class Courses:
    """What goes now; `hold`: why nothing else does, '' no reason."""

    due: tuple[Course, ...]
    hold: str = ""


@dataclass(frozen=True, slots=True)
class _Planned:
    """A schedule of an order in force: when it is due next, and after which submission (None: there was none)."""

    kept: Kept
    schedule: Schedule
    since: Instant
    last: Instant | None
    due: Instant

    def course(self, desk: Desk, now: Instant, at_once: bool) -> Course:
        """What of it goes now: everything where it is due, else the summaries whose time came before."""
        one, is_due = self.schedule, at_once or self.due <= now
        contents = one.contents & desk.takes
        meant = now if self.last is None else min(now, self.due)
        return Course(
            part=f"{self.kept.number}.{one.key}",
            number=self.kept.number if is_due else 0,
            key=one.key,
            contents=contents if is_due else contents & {Content.SUMMARY},
            window=one.window(self.since, meant, desk.zones),
            figures=one.figures,
            summed=self._summed(desk.zones, now, at_once),
        )

    def _summed(self, zones: ZoneHistory, now: Instant, at_once: bool) -> Ordered:
        periods = blocks(self.schedule, self.since, self.kept.changed, now, zones, at_once)
        begins = max(self.since, min(now, self.kept.changed))
        return Ordered(periods, *fixed(self.schedule, begins, zones))


@dataclass(frozen=True, slots=True)
class Desk:
    """What is needed to see what was ordered on a lane. `codes`: what the file's names mean; `takes`: what can be sent
    there at all."""

    db: Database
    receiver: Receiver
    lane: Lane
    client: str
    link: Link
    said: Orders
    codes: Codes
    takes: frozenset[Content] = frozenset(Content)
    zones: ZoneHistory = field(default_factory=lambda: ZoneHistory.always("UTC"))


def codes_of(said: Orders, coded: Mapping[str, tuple[str, str]]) -> Codes:
    """The codes that a file names; one that codes.yaml has not any more is nobody's."""
    start = frozenset(coded[name] for name in said.codes.start if name in coded)
    stop = frozenset(coded[name] for name in said.codes.stop if name in coded)
    return Codes(start, stop, None if said.usual is None else said.usual.schedule)


async def courses(desk: Desk, now: Instant, is_named: bool, at_once: bool) -> Courses:
    """What goes on a lane now. `is_named`: somebody asks for this very lane; `at_once`: whatever the cadence."""
    planned, problem, is_seen = _planned(desk, now), "", not desk.said.find
    if desk.said.find and (
        is_named or _is_stale(desk, now) or any(_is_due(desk, each, now) for each in planned)
    ):
        problem = await finding.look(
            desk.db, desk.receiver, desk.lane, desk.client, desk.link, desk.codes, now
        )
        planned, is_seen = _planned(desk, now), not problem
    hold = UNRECKONED if _has_unreckoned(desk, now) else TOO_MANY if len(planned) > MOST else ""
    planned = planned[:MOST]
    _wake(desk, planned)
    if not planned:
        problem = problem or hold
        why = f"{NO_ORDER}{f' ({problem})' if problem else ''}"
        return Courses((AMENDED,), why) if desk.said.required else Courses((WHOLE,), hold)
    going = [each for each in planned if each.schedule.contents & desk.takes and each.since <= now]
    if not going and all(not each.schedule.contents & desk.takes for each in planned):
        return Courses((AMENDED,), UNSENT)
    sure = [each for each in going if is_seen or each.kept.destination is None]
    unsure = [each for each in going if each not in sure and (at_once or _is_due(desk, each, now))]
    found = await asyncio.to_thread(lambda: [each.course(desk, now, at_once) for each in sure])
    return Courses((AMENDED, *(each for each in found if each.contents)), problem if unsure else hold)


def delivered(desk: Desk, course: Course, at: Instant) -> None:
    """A course was delivered to its end; when the order is due next is reckoned anew."""
    if course.number:
        orders.delivered(desk.db, desk.lane, course.number, course.key, at)
        _wake(desk, _planned(desk, at)[:MOST])


def in_force(
    db: Database, patient: int, client: str, destination: int, link: int | None, now: Instant
) -> Iterator[tuple[Kept, Order]]:
    """The orders of a client that hold now at a destination, but those that cannot be reckoned. Those found there count
    where they were found over this very link."""
    zones = patients.load(db, patient).zones
    every = [
        each for each in _shown(db, patient, client, destination, link) if is_reckonable(*each, zones, now)
    ]
    for kept, one in every:
        if one.is_open and now < one.until(zones) and not _is_stopped(kept, one, every, zones):
            yield kept, one


def is_reckonable(kept: Kept, one: Order, zones: ZoneHistory, now: Instant) -> bool:
    """Whether its dates and lengths are some where the person's clocks stand: a period whose one end has an offset and
    the other none may end before it begins."""
    try:
        since, _ = one.since(kept.first, zones), one.until(zones)
        for each in one.schedules:
            for last in (None, now):
                each.due(since, last, zones)
            each.window(since, now, zones)
            fixed(each, since, zones)
            blocks(each, now, now, now, zones) if each.every else each.whole(zones)
    except (ValueError, ArithmeticError, LookupError):
        return False
    return True


def _has_unreckoned(desk: Desk, now: Instant) -> bool:
    lane = desk.lane
    shown = _shown(desk.db, lane.patient, desk.client, lane.destination, desk.link.number)
    return any(one.is_open and not is_reckonable(kept, one, desk.zones, now) for kept, one in shown)


def _shown(
    db: Database, patient: int, client: str, destination: int, link: int | None
) -> list[tuple[Kept, Order]]:
    """The orders of a client that are there, sent here or shown at a destination: by name, as all that is delivered."""
    seen = orders.look(db, Lane(patient, destination))
    is_seen = seen is not None and seen.link == link
    return [
        (kept, kept.written.order)
        for kept in orders.of(db, patient, client)
        if kept.is_standing
        and not kept.pairing
        and (kept.destination is None or (kept.destination == destination and is_seen))
        if kept.written.order is not None
    ]


def _planned(desk: Desk, now: Instant) -> list[_Planned]:
    """Every schedule that is in force and not over, of the oldest order first."""
    found = list[_Planned]()
    lane = desk.lane
    lasts = orders.lasts(desk.db, lane)
    for kept, one in in_force(desk.db, lane.patient, desk.client, lane.destination, desk.link.number, now):
        since = one.since(kept.first, desk.zones)
        for schedule in one.schedules:
            last = lasts.get((kept.number, schedule.key))
            due = schedule.due(since, last, desk.zones)
            if due is not None:
                found.append(_Planned(kept, schedule, since, last, due))
    return found


def _is_stopped(kept: Kept, one: Order, every: Sequence[tuple[Kept, Order]], zones: ZoneHistory) -> bool:
    """Whether the same clinic ordered later that it ends."""
    began = one.since(kept.first, zones)
    return any(
        other.stops and other.status == "active" and other.since(by.first, zones) >= began
        for by, other in every
    )


def _is_due(desk: Desk, planned: _Planned, now: Instant) -> bool:
    return planned.due <= now and bool(planned.schedule.contents & desk.takes)


def _is_stale(desk: Desk, now: Instant) -> bool:
    seen = orders.look(desk.db, desk.lane)
    return seen is None or _other(seen, desk) or not 0 <= now - seen.at < desk.said.every * MINUTE


def _other(seen: Look, desk: Desk) -> bool:
    return seen.link != desk.link.number


def _wake(desk: Desk, planned: Sequence[_Planned]) -> None:
    """When each order of this client is due next: the soonest of its schedules."""
    wakes: dict[int, Instant | None] = {
        kept.number: None
        for kept in orders.of(desk.db, desk.lane.patient, desk.client)
        if kept.destination in (None, desk.lane.destination)
    }
    for each in planned:
        before = wakes.get(each.kept.number)
        if each.schedule.contents & desk.takes and (before is None or each.due < before):
            wakes[each.kept.number] = each.due
    orders.wake(desk.db, wakes)
