"""What leaves equals an independent oracle: no reading more, no reading fewer, each item once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.consent import grants
from bridge.consent.asked import Asked, DateTest, Grain, Kind, Order, Selector, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.permit import OwnerPermit
from bridge.period import Period, PeriodSet
from bridge.reading import Device, Flag, SeriesKey, SourceClass, Stream, Unit
from tests.consent import oracle
from tests.consent.world import CLINIC, DAY, HOUR, MINUTE, World, ids, opened, wish

ZONE = "Europe/Berlin"
START = 1_761_343_200_000  # 2025-10-25T00:00 in Berlin; the clocks go back in the night that follows
HORIZON = 3 * DAY + HOUR
LATER = START + 5 * DAY  # grants are signed and imports happen after the readings, on the way to `now`

SERIES = (
    (SeriesKey(Stream.GLUCOSE, "dexcom-clarity", "TX1", Unit.MG_DL, 0), "TX1", SourceClass.MAKER),
    (SeriesKey(Stream.GLUCOSE, "nightscout", "TX1", Unit.MG_DL, 0), "TX1", SourceClass.FOLLOWER),
    (SeriesKey(Stream.GLUCOSE, "libreview", "", Unit.MMOL_L, 1), "", SourceClass.MAKER),
    (SeriesKey(Stream.CAPILLARY, "libreview", "M1", Unit.MG_DL, 0), "", SourceClass.MAKER),
    (SeriesKey(Stream.EVENT, "dexcom-clarity", "TX1", Unit.NONE, 0), "TX1", SourceClass.MAKER),
    (SeriesKey(Stream.BASAL, "nightscout", "P1", Unit.UNITS_PER_HOUR, 2), "P1", SourceClass.FOLLOWER),
    (SeriesKey(Stream.CAPILLARY, "nightscout", "", Unit.MG_DL, 0), "", SourceClass.FOLLOWER),
)
SOURCES = ("alpha", "beta")
PREFIXES = ("eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap")
KINDS = ("glucose", "capillary", "events", "illness", "stress", "insulin", "device")


@dataclass(frozen=True)
class Told:
    """One reading of the plan: which series, when (5-minute place and offset), what."""

    series: int
    place: int
    shift: int
    value: int
    bound: int
    no_value: bool
    code: int


@dataclass(frozen=True)
class Run:
    """Readings of one series, one every five minutes."""

    series: int
    first: int
    shift: int
    count: int
    seed: int

    def told(self) -> list[Told]:
        values = (80 + self.seed * i // 3 % 4 for i in range(self.count))
        return [
            Told(self.series, self.first + i, self.shift, value, 0, False, 0)
            for i, value in enumerate(values)
        ]


@dataclass(frozen=True)
class Case:
    told: tuple[tuple[str, tuple[Run | Told, ...]], ...]  # one import each: source, readings
    grants: tuple[oracle.Grant, ...]
    way: str
    zone: str


places = st.integers(0, HORIZON // (5 * MINUTE))
edges = st.one_of(
    st.integers(0, 73).map(lambda hour: START + hour * HOUR),
    st.tuples(places, st.sampled_from([0, 1, 30_000])).map(lambda p: START + p[0] * 5 * MINUTE + p[1]),
)


@st.composite
def tellings(draw: st.DrawFn) -> tuple[Run | Told, ...]:
    """A run or two that are likely to be copies of each other, and a few strays."""
    first, seed = draw(st.integers(0, 150)), draw(st.integers(1, 3))
    runs = [
        Run(
            series,
            first,
            draw(st.sampled_from([0, 30_000, 61_000])),
            draw(st.sampled_from([400, 150, 40])),
            seed,
        )
        for series in draw(st.lists(st.integers(0, 2), min_size=1, max_size=2, unique=True))
    ]
    strays = st.builds(
        Told,
        series=st.integers(0, len(SERIES) - 1),
        place=places,
        shift=st.sampled_from([0, 0, 1, 30_000, 59_000, 61_000]),
        value=st.integers(78, 84),
        bound=st.sampled_from([0, 0, 0, 90_000, HOUR]),
        no_value=st.sampled_from([False, False, True]),
        code=st.sampled_from([10, 100, 101, 102, 120]),
    )
    place = draw(places)
    strips = st.builds(
        Told,
        series=st.sampled_from([3, 6]),
        place=st.just(place),
        shift=st.sampled_from([0, 3_000, 30_000, 59_000, 61_000, 100_000]),
        value=st.integers(78, 80),
        bound=st.just(0),
        no_value=st.just(False),
        code=st.just(0),
    )
    return (*runs, *draw(st.lists(strays, min_size=1, max_size=12)), *draw(st.lists(strips, max_size=6)))


@st.composite
def windows(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """One or two data windows, apart."""
    start = START + draw(st.integers(0, 20)) * HOUR + draw(st.sampled_from([0, 300_000, 300_001]))
    first = (
        start,
        start + draw(st.sampled_from([60, 26, 6])) * HOUR + draw(st.sampled_from([0, 0, 420_000])),
    )
    second = (first[1] + HOUR, first[1] + 13 * HOUR)
    return draw(st.sampled_from([(first,), (first, second)]))


@st.composite
def plans(draw: st.DrawFn) -> oracle.Grant:
    """A grant with its later steps."""
    rolling = draw(st.sampled_from([0, 0, 0, 9, 12]))
    begins = LATER + draw(st.integers(0, 3)) * DAY
    steps: list[tuple[str, int, int | None]] = [("sign", begins, None)]
    at = begins + HOUR
    for step in draw(st.sampled_from([(), (), (), (), ("pause",), ("pause", "resume"), ("revoke",)])):
        at += draw(st.sampled_from([HOUR, DAY]))
        until = at + DAY if step == "pause" and draw(st.booleans()) else None
        steps.append((step, at, until))
    kinds = draw(
        st.sampled_from([set(KINDS), {"glucose"}, {"glucose", "device"}, {"capillary", "illness", "events"}])
    )
    return oracle.Grant(
        periods=() if rolling else draw(windows()),
        rolling=rolling,
        kinds=frozenset(kinds),
        sources=frozenset(draw(st.sampled_from([SOURCES, SOURCES, ("alpha",), ("beta",)]))),
        later=draw(st.booleans()),
        withheld=frozenset(draw(st.sampled_from([(), (), ("beta",)]))),
        ways=frozenset(draw(st.sampled_from([*[("look", "bulk")] * 3, ("look",), ("bulk",)]))),
        grain=draw(st.sampled_from([2, 3, 1, 0, 0, 0, 4])),
        begins=begins,
        ends=begins + draw(st.sampled_from([20, 20, 2])) * DAY,
        steps=tuple(steps),
    )


cases = st.builds(
    Case,
    told=st.lists(st.tuples(st.sampled_from(SOURCES), tellings()), min_size=1, max_size=3).map(tuple),
    grants=st.lists(plans(), min_size=1, max_size=4).map(tuple),
    way=st.sampled_from(["look", "look", "bulk"]),
    zone=st.sampled_from([ZONE, "Australia/Lord_Howe", "Asia/Kathmandu"]),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    found = opened(tmp_path_factory.mktemp("exact"))
    with found.db:
        yield found


def played(world: World, case: Case) -> tuple[int, oracle.World]:
    """Carry the case out on the real store; the patient, and what the oracle knows of it."""
    world.clock.now = START
    patient = world.person(zone=case.zone)
    deeds: list[tuple[int, int, object]] = [(LATER + i * DAY + 7, 0, i) for i in range(len(case.told))]
    deeds += [(at, 1, (g, step, until)) for g in case.grants for step, at, until in g.steps]
    readings: list[oracle.Reading] = []
    numbers: dict[int, int] = {}
    signed: dict[int, str] = {}
    for at, what, deed in sorted(deeds, key=lambda d: d[:2]):
        world.clock.now = at
        if what == 0:
            assert isinstance(deed, int)
            source, runs = case.told[deed]
            told = [t for run in runs for t in (run.told() if isinstance(run, Run) else [run])]
            _import(world, patient, source, told, at, readings, numbers)
        else:
            assert isinstance(deed, tuple)
            plan, step, until = deed
            _step(world, patient, plan, step, until, signed)
    world.clock.now = max([at for at, _, _ in deeds]) + 3 * HOUR
    known = tuple(replace(r, series=numbers[r.series]) for r in readings)
    zone = ZoneInfo(case.zone)
    return patient, oracle.World(known, case.grants, zone, world.clock.now, case.way)


def _import(
    world: World,
    patient: int,
    source: str,
    told: list[Told],
    at: int,
    readings: list[oracle.Reading],
    numbers: dict[int, int],
) -> None:
    for series in sorted({t.series for t in told}):
        key, serial, route = SERIES[series]
        taken = {r.instant for r in readings if r.series == series}
        fresh = {START + t.place * 5 * MINUTE + t.shift: t for t in told if t.series == series}
        fresh = {instant: t for instant, t in sorted(fresh.items()) if instant not in taken}
        if not fresh:
            continue
        numbers.setdefault(series, len(numbers) + 1)
        columns: dict[str, list[object]] = {"bound": [t.bound for t in fresh.values()]}
        columns["flags"] = [int(Flag.NO_VALUE) if t.no_value else 0 for t in fresh.values()]
        if key.stream is Stream.EVENT:
            columns["kind"] = [t.code for t in fresh.values()]
        ends = dict.fromkeys(fresh, 0)
        if key.stream is Stream.BASAL:
            ends = {instant: instant + (40 + t.value) * MINUTE for instant, t in fresh.items()}
            columns |= {"end": list(ends.values()), "bound": [0] * len(fresh)}
        device = Device("Maker", "Model", serial, "", "transmitter")
        pairs = [(instant, t.value) for instant, t in fresh.items()]
        world.bring(patient, pairs, key, source, device, route, columns)
        readings += [
            oracle.Reading(
                series=series,
                stream=key.stream,
                family=key.family,
                source=source,
                unit=key.unit,
                scale=key.scale,
                route=route,
                serial=serial,
                instant=instant,
                value=t.value,
                changed=at,
                bound=0 if ends[instant] else t.bound,
                no_value=t.no_value,
                code=t.code if key.stream is Stream.EVENT else 0,
                end=ends[instant],
            )
            for instant, t in fresh.items()
        ]


def _step(
    world: World, patient: int, plan: oracle.Grant, step: str, until: int | None, signed: dict[int, str]
) -> None:
    if step == "sign":
        standing = world.grant(
            patient,
            PeriodSet.of(*(Period(a, b) for a, b in plan.periods)),
            kinds=frozenset(map(Kind, plan.kinds)),
            rolling_days=plan.rolling,
            sources=plan.sources,
            later_sources=plan.later,
            withheld=plan.withheld,
            ways=frozenset(map(Way, plan.ways)),
            grain=Grain(plan.grain),
            begins=plan.begins,
            ends=plan.ends,
        )
        signed[id(plan)] = standing.grant.id
    elif world.clock.now < plan.ends:
        steps: dict[str, Callable[[], object]] = {
            "pause": lambda: grants.pause(world.db, signed[id(plan)], until),
            "resume": lambda: grants.resume(world.db, signed[id(plan)]),
            "revoke": lambda: grants.revoke(world.db, signed[id(plan)]),
        }
        steps[step]()


def seen(disclosure: Disclosure, numbers: dict[str, int] | None = None) -> list[oracle.Item]:
    """The items of a disclosure in page order, as the oracle spells them."""
    found: dict[int, oracle.Item] = {}
    for group in disclosure.groups:
        columns = {name: values.tolist() for name, values in group.columns.items()}
        for row, at in enumerate(group.at.tolist()):
            found[at] = oracle.Item(
                start=columns["instant"][row],
                stream=group.stream,
                series=0,
                grain=int(group.grain),
                end=columns["end"][row] if "end" in columns else 0,
                value=columns["value"][row],
                count=columns["count"][row] if "count" in columns else 0,
                updated=int(group.last_updated[row]),
            )
    assert sorted(found) == list(range(disclosure.count))
    return [found[at] for at in sorted(found)]


def bare(items: list[oracle.Item]) -> list[tuple[int, str, int, int, int, int]]:
    return sorted((i.start, i.stream, i.grain, i.end, i.value, i.count) for i in items)


def dated(items: list[oracle.Item]) -> list[tuple[int, ...]]:
    return sorted((i.start, i.grain, i.end, i.value, i.updated) for i in items)


def paged(world: World, asked: Asked, size: int) -> tuple[list[oracle.Item], list[str]]:
    """All pages of a wish, one after the other."""
    found, names, after = list[oracle.Item](), list[str](), None
    while True:
        page = world.ask(CLINIC, replace(asked, limit=size, after=after))
        assert page.count == min(size, page.count)
        found += seen(page)
        names += ids(page)
        if page.more is None:
            return found, names
        assert page.count == size
        after = page.more


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
)
@given(
    case=cases,
    size=st.integers(1, 50),
    order=st.sampled_from(["date", "-date", "lastUpdated", "-lastUpdated"]),
)
def test_what_leaves_is_exactly_what_the_oracle_permits(
    store: World, case: Case, size: int, order: Order
) -> None:
    patient, known = played(store, case)
    asked = wish(patient, way=Way(case.way), order=order)
    whole = store.ask(CLINIC, asked)
    expected = known.items()
    assert bare(seen(whole)) == bare(expected)
    assert whole.total == len(expected)
    if not any(grant.rolling for grant in case.grants):
        assert dated(seen(whole)) == dated(expected)
    keys = [i.updated if order.endswith("Updated") else i.start for i in seen(whole)]
    assert keys == sorted(keys, reverse=order.startswith("-"))
    pages, names = paged(store, asked, max(size, len(expected) // 8))
    assert pages == seen(whole)
    assert names == ids(whole)
    assert len(set(names)) == len(names)
    assert seen(store.gate.disclose_now(CLINIC, asked)) == seen(whole)
    streamed, streamed_names = asyncio.run(_streamed(store, asked, size + 20))
    assert (streamed, streamed_names) == (pages, names)


async def _streamed(world: World, asked: Asked, chunk: int) -> tuple[list[oracle.Item], list[str]]:
    found, names = list[oracle.Item](), list[str]()
    async for page in world.gate.stream(CLINIC, asked, chunk):
        found += seen(page)
        names += ids(page)
    return found, names


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
)
@given(
    case=cases,
    tests=st.lists(
        st.tuples(st.sampled_from(PREFIXES), edges, st.sampled_from([1, HOUR, DAY])),
        max_size=2,
    ),
    stream=st.sampled_from([None, Stream.GLUCOSE, Stream.CAPILLARY, Stream.EVENT]),
    grain=st.sampled_from([None, None, Grain.RAW, Grain.HOUR]),
    unit=st.sampled_from([None, None, Unit.MMOL_L]),
    size=st.integers(1, 40),
)
def test_a_narrow_question_is_a_part_of_the_wide_answer(
    store: World,
    case: Case,
    tests: list[tuple[str, int, int]],
    stream: Stream | None,
    grain: Grain | None,
    unit: Unit | None,
    size: int,
) -> None:
    patient, known = played(store, case)
    selectors = None if stream is None else frozenset({Selector(stream, unit, grain)})
    dates = tuple(DateTest(prefix, Period(at, at + length)) for prefix, at, length in tests)  # type: ignore[arg-type]
    asked = wish(patient, way=Way(case.way), dates=dates, selectors=selectors)
    expected = [
        item
        for item in known.items()
        if (stream is None or item.stream == stream)
        and (stream is None or grain is None or item.grain == grain)
        and (stream is None or unit is None or _unit(known, item) == unit)
        and all(_passes(prefix, at, at + length, item) for prefix, at, length in tests)
    ]
    whole = store.ask(CLINIC, asked)
    assert bare(seen(whole)) == bare(expected)
    pages, names = paged(store, asked, size)
    assert pages == seen(whole)
    for name, item in list(zip(names, pages, strict=True))[:: max(1, len(names) // 6)]:
        one = store.ask(CLINIC, wish(patient, way=Way(case.way), ids=frozenset({name})))
        assert bare(seen(one)) == bare([item])
    counted = store.ask(CLINIC, replace(asked, limit=1, total=True))
    assert counted.total == len(expected)
    assert store.ask(CLINIC, replace(asked, limit=0, total=True)).total == len(expected)


def _unit(known: oracle.World, item: oracle.Item) -> str:
    return next(r.unit for r in known.readings if r.series == item.series)


def _passes(prefix: str, low: int, high: int, item: oracle.Item) -> bool:
    """FHIR R4 3.1.1.4.4 in the words of the page: the search value is [low, high)."""
    start, end = item.start, item.end or item.start + 1
    contained = low <= start and end <= high
    return {
        "eq": contained,
        "ne": not contained,
        "gt": end > high,
        "lt": start < low,
        "ge": end > high or contained,
        "le": start < low or contained,
        "sa": start >= high,
        "eb": end <= low,
        "ap": start < high and end > low,
    }[prefix]


@settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
)
@given(case=cases)
def test_hidden_readings_are_absent_under_their_own_ids(store: World, case: Case) -> None:
    """Every reading is asked for by the id that the owner sees."""
    patient, _ = played(store, case)
    own = store.ask(OwnerPermit(patient), wish(patient))
    shown = set(ids(store.ask(CLINIC, wish(patient, way=Way(case.way)))))
    for name in ids(own)[:: max(1, own.count // 10)]:
        found = store.ask(CLINIC, wish(patient, way=Way(case.way), ids=frozenset({name})))
        assert ids(found) == ([name] if name in shown else [])


def test_the_owner_sees_everything_once(store: World) -> None:
    told = tuple(Told(0, i, 0, 100, 0, False, 0) for i in range(30))
    copies = tuple(Told(1, i, 30_000, 100, 0, False, 0) for i in range(20, 40))
    patient, known = played(store, Case((("alpha", told), ("beta", copies)), (), "look", ZONE))
    everything = store.ask(OwnerPermit(patient), wish(patient))
    assert len(everything.groups[0].ids) == 30
    assert everything.count == 40
    assert everything.owner
    assert len(known.readings) == 50
