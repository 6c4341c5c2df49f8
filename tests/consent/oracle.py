"""What may leave, worked out the slow way: plain Python over lists, one reading and one instant at a time.

Law: shares nothing with the gate but the shape of its inputs (streams, kinds, grains and ways by name) and
reads the rules anew from the requirement. It is allowed to be slow and long; it is not allowed to be clever.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
UTC = ZoneInfo("UTC")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GRAINS = {0: 0, 1: 15 * MINUTE, 2: HOUR, 3: DAY}
STEP = {"dexcom-clarity": 5 * MINUTE, "libreview": 15 * MINUTE, "nightscout": 15 * MINUTE}
ROUTE = {"cleared-maker-route": 0, "cleared-follower-or-aggregator": 1}
KIND = {
    "glucose": "glucose",
    "capillary": "capillary",
    "note": "notes",
    "basal": "insulin",
    "bolus": "insulin",
}
HEALTH = {100: "illness", 101: "stress", 102: "illness", 103: "illness", 104: "cycle", 105: "alcohol"}


@dataclass(frozen=True)
class Reading:
    """One reading as it rests."""

    series: int
    stream: str
    family: str
    source: str
    unit: str
    scale: int
    route: str
    serial: str
    instant: int
    value: int
    changed: int
    bound: int = 0
    no_value: bool = False
    code: int = 0
    end: int = 0

    @property
    def kind(self) -> str:
        if self.stream != "event":
            return KIND[self.stream]
        return HEALTH.get(self.code, "events" if self.code < 100 else "unheard of")


@dataclass(frozen=True)
class Grant:
    """One grant with the steps that happened to it: (name, at, until)."""

    periods: tuple[tuple[int, int], ...]
    rolling: int
    kinds: frozenset[str]
    sources: frozenset[str]
    later: bool
    withheld: frozenset[str]
    ways: frozenset[str]
    grain: int
    begins: int
    ends: int
    purpose: str = "TREAT"
    steps: tuple[tuple[str, int, int | None], ...] = ()

    def is_active(self, at: int) -> bool:
        state, until = "draft", None
        for step, when, pause in self.steps:
            if when <= at:
                state, until = step, pause
        paused = state == "pause" and (until is None or at < until)
        return state in ("sign", "resume", "pause") and not paused and self.begins <= at < self.ends

    def windows(self, at: int, zone: ZoneInfo) -> tuple[tuple[int, int], ...]:
        if not self.rolling:
            return self.periods
        today = local(at, zone).date()
        return (
            (
                midnight(today - timedelta(days=self.rolling - 1), zone),
                midnight(today + timedelta(days=1), zone),
            ),
        )

    def covers(self, reading_source: str, kind: str) -> bool:
        named = reading_source in self.sources or (self.later and reading_source not in self.withheld)
        return named and kind in self.kinds


@dataclass(frozen=True, order=True)
class Item:
    """One thing that leaves."""

    start: int
    stream: str
    series: int
    grain: int
    end: int
    value: int
    count: int = 0
    updated: int = field(default=0, compare=False)


@dataclass(frozen=True)
class World:
    """Everything that is known when the question comes."""

    readings: tuple[Reading, ...]
    grants: tuple[Grant, ...]
    zone: ZoneInfo
    now: int
    way: str
    purpose: str = "TREAT"

    def counting(self) -> list[Grant]:
        return [g for g in self.grants if g.is_active(self.now) and self.is_alike(g)]

    def is_alike(self, grant: Grant) -> bool:
        return self.way in grant.ways and grant.purpose == self.purpose

    def grain_at(self, reading: Reading, instant: int) -> int | None:
        """The finest grain granted now for one instant of that source and kind."""
        found = [
            g.grain
            for g in self.counting()
            if is_offered(reading, g.grain)
            and g.covers(reading.source, reading.kind)
            and inside(g.windows(self.now, self.zone), instant)
        ]
        return min(found, default=None)

    def edges(self) -> list[int]:
        """Every instant at which some grant's data window begins or ends now."""
        return sorted(
            {edge for g in self.grants for window in g.windows(self.now, self.zone) for edge in window}
        )

    def is_whole(self, reading: Reading, start: int, end: int, grain: int) -> bool:
        """Whether every instant of [start, end) has exactly this grain."""
        places = [start, end - 1, *(edge for edge in self.edges() if start < edge < end)]
        return all(self.grain_at(reading, place) == grain for place in places)

    # --------------------------------------------------------------------------------------- raw or mean

    def grain_of(self, reading: Reading) -> int | None:
        """How this reading may be told, None: not at all."""
        low, high = reading.instant - reading.bound, reading.instant + reading.bound
        if self.is_whole(reading, low, high + 1, 0):
            return 0
        grain = self.grain_at(reading, reading.instant)
        if not grain:
            return None
        span = bucket(reading.instant, grain, self.zone)
        if span is None or not (span[0] <= low and high < span[1] <= self.now):
            return None
        return (
            grain
            if self.is_whole(reading, *span, grain) and not self.would_undo(reading, span, grain)
            else None
        )

    def would_undo(self, reading: Reading, span: tuple[int, int], grain: int) -> bool:
        """Whether something finer was shown before inside that bucket, so that a difference would tell."""
        for g in self.grants:
            if g.grain >= grain or not (
                is_offered(reading, g.grain) and g.covers(reading.source, reading.kind)
            ):
                continue
            for low, high in shown_ever(g, self.now, self.zone):
                touches = low < span[1] and span[0] < high
                holds = low <= span[0] and span[1] <= high
                if touches and (g.grain > 0 or not (holds or self.is_jointly_raw(reading, span))):
                    return True
        return False

    def is_jointly_raw(self, reading: Reading, span: tuple[int, int]) -> bool:
        """Whether several raw windows together held the whole bucket."""
        raw = [
            window
            for g in self.grants
            if g.grain == 0 and g.covers(reading.source, reading.kind)
            for window in shown_ever(g, self.now, self.zone)
        ]
        place = span[0]
        while place < span[1]:
            ends = [high for low, high in raw if low <= place < high]
            if not ends:
                return False
            place = max(ends)
        return True

    # -------------------------------------------------------------------------------------------- items

    def items(self) -> list[Item]:
        told = [(r, self.grain_of(r)) for r in self.readings if r.end == 0]
        shown = left_of_copies([(r, g) for r, g in told if g is not None])
        found = [
            Item(r.instant, r.stream, r.series, 0, 0, r.value, 0, max(r.changed, self.since(r, r.instant, 0)))
            for r, g in shown
            if g == 0
        ]
        buckets: dict[tuple[int, int, tuple[int, int]], list[Reading]] = defaultdict(list)
        for r, g in shown:
            if g and not r.no_value:
                span = bucket(r.instant, g, self.zone)
                assert span is not None
                buckets[r.series, g, span].append(r)
        for (series, grain, span), members in buckets.items():
            if len(members) >= 3:
                total, count = sum(r.value for r in members), len(members)
                mean = (2 * total + count) // (2 * count)
                newest = max(span[1], *(r.changed for r in members))
                since = max(self.since_span(r, span, grain) for r in members)
                found.append(
                    Item(span[0], "glucose", series, grain, span[1], mean, count, max(newest, since))
                )
        return sorted(found + self.pieces())

    def pieces(self) -> list[Item]:
        """Intervals cut to what is open."""
        found = []
        for r in self.readings:
            if r.end == 0:
                continue
            cuts = sorted({r.instant, r.end, *(e for e in self.edges() if r.instant < e < r.end)})
            open_now = [(a, b) for a, b in pairwise(cuts) if self.grain_at(r, a) == 0]
            joined: list[tuple[int, int]] = []
            for a, b in open_now:
                if joined and joined[-1][1] == a:
                    joined[-1] = (joined[-1][0], b)
                else:
                    joined.append((a, b))
            for a, b in joined:
                since = self.since_span(r, (a, b), 0)
                found.append(Item(a, r.stream, r.series, 0, b, r.value, 0, max(r.changed, since)))
        return found

    # -------------------------------------------------------------------------------------------- since

    def since(self, reading: Reading, instant: int, grain: int) -> int:
        """The start of the unbroken stretch of asking time, ending now, in which it was shown."""
        times = {self.now}
        for g in self.grants:
            times |= {
                g.begins,
                g.ends,
                *(t for _, at, until in g.steps for t in (at, until) if t is not None),
            }
        since = self.now
        for at in sorted((t for t in times if t <= self.now), reverse=True):
            if not self.was_shown(reading, instant, grain, at):
                break
            since = at
        return since

    def since_span(self, reading: Reading, span: tuple[int, int], grain: int) -> int:
        places = [span[0], span[1] - 1, *(e for e in self.edges() if span[0] < e < span[1])]
        return max(self.since(reading, place, grain) for place in places)

    def was_shown(self, reading: Reading, instant: int, grain: int, at: int) -> bool:
        open_then = [
            g.grain
            for g in self.grants
            if self.is_alike(g)
            and is_offered(reading, g.grain)
            and g.is_active(at)
            and g.covers(reading.source, reading.kind)
            and inside(g.windows(self.now, self.zone), instant)
        ]
        return min(open_then, default=None) == grain


# --------------------------------------------------------------------------------------------------- time


def local(instant: int, zone: ZoneInfo) -> datetime:
    return (EPOCH + timedelta(milliseconds=instant)).astimezone(zone)


def midnight(day: object, zone: ZoneInfo) -> int:
    start = datetime.combine(day, datetime.min.time(), tzinfo=zone)  # type: ignore[arg-type]
    return int((start.astimezone(UTC) - EPOCH) / timedelta(milliseconds=1))


def bucket(instant: int, grain: int, zone: ZoneInfo) -> tuple[int, int] | None:
    """The bucket of the wall clock that holds an instant."""
    here = local(instant, zone)
    if grain == 3:
        return midnight(here.date(), zone), midnight(here.date() + timedelta(days=1), zone)
    length = GRAINS[grain]
    minutes = (here.minute * MINUTE + here.second * 1000 + here.microsecond // 1000) % length
    start = instant - minutes
    same = local(start, zone).utcoffset() == here.utcoffset() == local(start + length - 1, zone).utcoffset()
    return (start, start + length) if same else None


def is_offered(reading: Reading, grain: int) -> bool:
    """Whether a source can be told at a grain: raw always, means of sensor glucose at three steps or more."""
    if grain in (0, 4):
        return grain == 0
    return reading.stream == "glucose" and GRAINS[grain] >= 3 * STEP[reading.family]


def inside(windows: tuple[tuple[int, int], ...], instant: int) -> bool:
    return any(low <= instant < high for low, high in windows)


def shown_ever(grant: Grant, now: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    """Every data window that the grant showed at some time up to now."""
    times = sorted(
        {grant.begins, now, *(t for _, at, until in grant.steps for t in (at, until) if t is not None)}
    )
    active = [t for t in times if t <= now and grant.is_active(t)]
    if not active:
        return []
    if not grant.rolling:
        return list(grant.periods)
    ended = [t for t in (grant.ends, *times) if t > active[-1] and not grant.is_active(t)]
    last = min([now + 1, *ended]) - 1
    first, latest = grant.windows(active[0], zone)[0], grant.windows(last, zone)[0]
    return [(first[0], latest[1])]


def left_of_copies(told: list[tuple[Reading, int]]) -> list[tuple[Reading, int]]:
    """What no copy stands before. Sensor glucose stays behind any copy; of other streams each reading has at most
    one copy in each other series: the earliest that is free."""
    gone = {id(r) for r, g in told if r.stream == "glucose" and any(hides(o, og, r, g) for o, og in told)}
    events = sorted((each for each in told if each[0].stream != "glucose"), key=lambda each: each[0].instant)
    for mine in {r.series for r, _ in events}:
        for theirs in {r.series for r, _ in events} - {mine}:
            ours, others = (
                [each for each in events if each[0].series == series] for series in (mine, theirs)
            )
            gone |= {id(r) for r in taken(ours, others)}
    return [(r, g) for r, g in told if id(r) not in gone]


def taken(ours: list[tuple[Reading, int]], others: list[tuple[Reading, int]]) -> list[Reading]:
    """Which of ours have a copy among the others for themselves."""
    found = []
    for one, grain in ours:
        for other, finer in others:
            if hides(other, finer, one, grain):
                found.append(one)
                others.remove((other, finer))
                break
    return found


def hides(other: Reading, other_grain: int | None, one: Reading, grain: int | None) -> bool:
    """Whether `one` stays behind because of `other`."""
    if other.stream != one.stream or other.series == one.series or other.no_value or one.no_value:
        return False
    if (ROUTE[other.route], other.series) > (ROUTE[one.route], one.series):
        return False
    if other.serial and one.serial and other.serial != one.serial:
        return False
    assert other_grain is not None
    assert grain is not None
    window = MINUTE if one.stream in ("glucose", "capillary") else 2 * MINUTE if one.stream == "bolus" else -1
    if abs(other.instant - one.instant) > window or other_grain > grain:
        return False
    if one.stream == "glucose" and one.serial and one.serial == other.serial:
        return True
    left, right = one.value / 10**one.scale, other.value / 10**other.scale
    if one.unit == other.unit:
        tolerance = 0 if one.stream == "bolus" else 1 if one.unit == "mg/dL" else 0.1
        return bool(abs(left - right) <= tolerance + 1e-9)
    factor = 18.01559
    left, right = (v * factor if u == "mmol/L" else v for v, u in ((left, one.unit), (right, other.unit)))
    return bool(abs(left - right) <= 0.1 * factor + 1e-9)
