"""Random (grants, query, route) cases over the whole program, each held against the independent oracle.

Law: a case is drawn from its number alone, so one that fails can be drawn again (`--from N --cases 1`). The data, the
grants with their later steps and the zone are those of `tests/consent/test_exact.py`; here a question is put to them by
one of the routes over HTTP, with a token, and what its answer holds must be what the oracle permits and the question
selects: no reading more, no reading fewer. Readings and grants are laid in once for every fifty cases.

`python -m tests.door.many --cases 10000` is part of `make soak`; the suite runs some.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx
from lxml import etree
from starlette.applications import Starlette

import bridge.store.clients
import bridge.store.tokens
import bridge.web.fhir
from bridge.bulk.job import Limits
from bridge.fhir.render import Renderer
from bridge.smart.tokens import digest, fresh
from bridge.store.clients import Client, ClientType
from bridge.store.ids import Name
from bridge.web.meters import Meters
from tests.consent import oracle
from tests.consent.test_exact import (
    KINDS,
    LATER,
    SERIES,
    SOURCES,
    START,
    Case,
    Run,
    Told,
    _passes,
    played,
)
from tests.consent.world import CLINIC, DAY, HOUR, MINUTE, World, opened
from tests.shipped import mappings
from tests.web.exporting import ASYNC, exported
from tests.web.world import linked

PROJECT: Final = Path(__file__).resolve().parents[2]
BASE: Final = "http://bridge.test"
TOGETHER: Final = 50
"""Cases that share their readings and grants."""
SUMMARY: Final = 4
"""The grain of summaries."""
MEANS: Final = frozenset({"http://loinc.org|97507-8", "http://loinc.org|105273-7"})
"""Codes of means, which summaries have too."""
SCALES: Final = {"mg/dL": 0, "mmol/L": 1, "U/h": 2, "": 0}
CODES: Final[Mapping[str, Callable[[oracle.Item, str], bool]]] = {
    "http://loinc.org|99504-3": lambda item, unit: (item.stream, unit, item.grain) == ("glucose", "mg/dL", 0),
    "http://loinc.org|105272-9": lambda item, unit: (
        (item.stream, unit, item.grain) == ("glucose", "mmol/L", 0)
    ),
    "http://loinc.org|41653-7": lambda item, unit: item.stream == "capillary",
    "http://loinc.org|97507-8": lambda item, unit: item.grain > 0 and unit == "mg/dL",
    "http://loinc.org|105273-7": lambda item, unit: item.grain > 0 and unit == "mmol/L",
    "http://loinc.org|99504-3,http://loinc.org|41653-7": lambda item, unit: (
        item.stream == "capillary" or (item.stream, unit, item.grain) == ("glucose", "mg/dL", 0)
    ),
}
"""What each code means, said here anew."""
Fact = tuple[int, int, float | None]
"""Start, end (0: a point), amount (None: none is told)."""


# ----------------------------------------------------------------------------------------------- drawing


def drawn(chance: random.Random) -> Case:
    """Readings of one to three imports, and one to four grants."""
    told = [(chance.choice(SOURCES), _told(chance)) for _ in range(chance.randint(1, 3))]
    plans = tuple(_plan(chance) for _ in range(chance.randint(1, 4)))
    zone = chance.choice(["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"])
    return Case(tuple(told), plans, "look", zone)


def _told(chance: random.Random) -> tuple[Run | Told, ...]:
    first, seed = chance.randint(0, 150), chance.randint(1, 3)
    series = chance.sample(range(3), chance.randint(1, 2))
    runs = [
        Run(s, first, chance.choice([0, 30_000, 61_000]), chance.choice([90, 60, 30]), seed) for s in series
    ]
    strays = [
        Told(
            series=chance.randrange(len(SERIES)),
            place=chance.randint(0, 870),
            shift=chance.choice([0, 0, 1, 30_000, 59_000, 61_000]),
            value=chance.randint(78, 84),
            bound=chance.choice([0, 0, 0, 90_000, HOUR]),
            no_value=chance.random() < 0.3,
            code=chance.choice([10, 100, 101, 102, 120]),
        )
        for _ in range(chance.randint(1, 10))
    ]
    return (*runs, *strays)


def _plan(chance: random.Random) -> oracle.Grant:
    rolling = chance.choice([0, 0, 0, 9, 12])
    begins = LATER + chance.randint(0, 3) * DAY
    steps: list[tuple[str, int, int | None]] = [("sign", begins, None)]
    at = begins + HOUR
    for step in chance.choice([(), (), (), (), ("pause",), ("pause", "resume"), ("revoke",)]):
        at += chance.choice([HOUR, DAY])
        steps.append((step, at, at + DAY if step == "pause" and chance.random() < 0.5 else None))
    start = START + chance.randint(0, 20) * HOUR + chance.choice([0, 300_000, 300_001])
    first = (start, start + chance.choice([60, 26, 6]) * HOUR + chance.choice([0, 0, 420_000]))
    windows = chance.choice([(first,), (first, (first[1] + HOUR, first[1] + 13 * HOUR))])
    kinds = chance.choice(
        [set(KINDS), {"glucose"}, {"glucose", "device"}, {"capillary", "illness", "events"}]
    )
    return oracle.Grant(
        periods=() if rolling else windows,
        rolling=rolling,
        kinds=frozenset(kinds),
        sources=frozenset(chance.choice([SOURCES, SOURCES, ("alpha",), ("beta",)])),
        later=chance.random() < 0.5,
        withheld=frozenset(chance.choice([(), (), ("beta",)])),
        ways=frozenset(chance.choice([("look", "bulk"), ("look", "bulk"), ("look",), ("bulk",)])),
        grain=chance.choice([2, 3, 1, 0, 0, 0, 4]),
        begins=begins,
        ends=begins + chance.choice([20, 20, 2]) * DAY,
        steps=tuple(steps),
    )


@dataclass(frozen=True)
class Question:
    """A search of Ada's Observations, and how it selects."""

    pairs: tuple[tuple[str, str], ...]
    code: str | None
    dates: tuple[tuple[str, int, int], ...]

    def selects(self, item: oracle.Item, unit: str) -> bool:
        """Whether the item is meant (R4 3.1.1.4.4, and `CODES`)."""
        is_meant = self.code is None or CODES[self.code](item, unit)
        return is_meant and all(_passes(prefix, low, high, item) for prefix, low, high in self.dates)


def question(chance: random.Random, zone: Any) -> Question:
    """Up to two dates and a code."""
    pairs, dates = list[tuple[str, str]](), list[tuple[str, int, int]]()
    for _ in range(chance.choice([0, 0, 1, 1, 2])):
        prefix = chance.choice(["eq", "ne", "gt", "ge", "lt", "le", "sa", "eb"])
        at = START + chance.randint(0, 73) * HOUR + chance.choice([0, 0, 5, 35]) * MINUTE
        text, low, high = _dated(chance, at, zone)
        pairs.append(("date", prefix + text))
        dates.append((prefix, low, high))
    code = chance.choice([None, None, *CODES])
    if code is not None:
        pairs.append(("code", code))
    return Question(tuple(pairs), code, tuple(dates))


def _dated(chance: random.Random, at: int, zone: Any) -> tuple[str, int, int]:
    moment = datetime.fromtimestamp(at // 1000, UTC)
    match chance.randrange(3):
        case 0:
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ"), at, at + 1000
        case 1:
            return moment.strftime("%Y-%m-%dT%H:%MZ"), at, at + MINUTE
    day = oracle.local(at, zone).date()
    return day.isoformat(), oracle.midnight(day, zone), oracle.midnight(_after(day), zone)


def _after(day: Any) -> Any:
    from datetime import timedelta

    return day + timedelta(days=1)


# ------------------------------------------------------------------------------------------------- asking


@dataclass
class Laid:
    """Readings and grants of some cases in the store, and what the oracle knows of them: each item with its unit and
    as FHIR tells it."""

    patient: int
    known: oracle.World
    items: list[tuple[oracle.Item, str, Fact]]


def spelled(known: oracle.World) -> list[tuple[oracle.Item, str, Fact]]:
    """Every item that may leave, its unit, and what FHIR says of it."""
    units = {r.series: r.unit for r in known.readings}
    bare_ones = [r for r in known.readings if r.no_value]
    found = []
    for item in known.items():
        unit, end = units[item.series], item.end - 1 if item.grain else item.end
        without = (r for r in bare_ones if r.series == item.series)
        is_bare = item.grain == 0 and any(
            r.instant <= item.start < max(r.end, r.instant + 1) for r in without
        )
        is_bare = is_bare or item.stream == "event"
        amount = None if is_bare else item.value / 10 ** SCALES[unit]
        found.append((item, unit, (item.start, end, amount)))
    return found


class Asker:
    """The program over one store, asked with a real token."""

    def __init__(self, world: World) -> None:
        self.world = world
        kind = ClientType.BACKEND
        clinic = Client(CLINIC.client, "EHR", kind, CLINIC.organization, "", CLINIC.purpose, "system/*.rs")
        bridge.store.clients.add(world.db, clinic)
        token = fresh()
        bridge.store.tokens.issue(world.db, digest(token), clinic.id, "system/*.rs", LATER + 4000 * DAY)
        self.renderer = Renderer(mappings(), f"{BASE}/fhir", world.db.installation)
        limits = Limits(jobs=1_000_000, settled=0, pause=0)
        routes = bridge.web.fhir.routes(world.gate, self.renderer, world.db, world.clock, Meters(), limits)
        self.runner = asyncio.Runner()
        transport = httpx.ASGITransport(Starlette(routes=routes), raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        self.web = httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers)

    def close(self) -> None:
        """Put everything away."""
        self.runner.run(self.web.aclose())
        self.runner.close()

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request."""
        return self.runner.run(self.web.request(method, path.removeprefix(BASE), **more))

    def laid(self, case: Case) -> Laid:
        """Carry the case out."""
        patient, known = played(self.world, case)
        return Laid(patient, known, spelled(known))

    def person(self, laid: Laid) -> str:
        """Ada's id."""
        return self.world.db.ids.one("Patient", Name(laid.patient, 0, 0, 0))

    def search(self, laid: Laid, asked: Question, *more: tuple[str, str], kind: str = "Observation") -> str:
        """The address of a question."""
        return f"/fhir/{kind}?" + urlencode((("patient", self.person(laid)), *asked.pairs, *more))


def facts(bundle: Any) -> Counter[Fact]:
    """What the matches of a Bundle tell, summaries aside."""
    return Counter(_fact(each) for each in _matches(bundle) if not _is_summary(each))


def _matches(bundle: Any) -> list[Any]:
    entries = bundle.get("entry", [])
    return [each["resource"] for each in entries if each.get("search", {}).get("mode") != "include"]


def _is_summary(one: Mapping[str, Any]) -> bool:
    """Whether it says what every summary says."""
    return any("not a complete record" in note.get("text", "") for note in one.get("note", ()))


def _stands(laid: Laid, asked: Question, bundle: Any, wanted: Counter[Fact]) -> None:
    """Summaries come where no reading does, of stretches that a grant of summaries opens, or where they are named by
    their code, one of readings; and nowhere else."""
    found = [each for each in _matches(bundle) if _is_summary(each)]
    windows = _stretches(laid, {SUMMARY, 0} if asked.code in MEANS else {SUMMARY})
    spans = [_span(each["effectivePeriod"], laid.known.zone) for each in found]
    assert not (found and wanted), "summaries beside readings"
    assert all(any(low <= start and end <= high for low, high in windows) for start, end in spans), spans


def _stretches(laid: Laid, grains: set[int]) -> list[tuple[int, int]]:
    """What grants of these grains open of glucose: the windows of each, and of those of readings also together."""
    known = laid.known
    mine = [g for g in known.counting() if g.grain in grains and "glucose" in g.kinds]
    found = [window for g in mine for window in g.windows(known.now, known.zone)]
    joined: list[tuple[int, int]] = []
    for low, high in sorted(w for g in mine if g.grain == 0 for w in g.windows(known.now, known.zone)):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return found + joined


def _span(period: Mapping[str, str], zone: Any) -> tuple[int, int]:
    start, end = (datetime.fromisoformat(period[name]) for name in ("start", "end"))
    if end.tzinfo is not None:
        return _ms(period["start"]), _ms(period["end"])
    return oracle.midnight(start.date(), zone), oracle.midnight(_after(end.date()), zone)


def _fact(one: Mapping[str, Any]) -> Fact:
    period = one.get("effectivePeriod")
    start, end = (period["start"], period.get("end")) if period else (one["effectiveDateTime"], None)
    amount = one.get("valueQuantity") or one.get("dosage", {}).get("rateQuantity") or {}
    return _ms(start), _ms(end) if end else 0, amount.get("value")


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _of_xml(body: bytes) -> Counter[Fact]:
    found: Counter[Fact] = Counter()
    for each in etree.fromstring(body).iter("{*}Observation"):
        if any("not a complete record" in str(one.get("value")) for one in each.iterfind("{*}note/{*}text")):
            continue
        told = {
            name: each.find(f"{{*}}{name}")
            for name in ("effectiveDateTime", "effectivePeriod", "valueQuantity")
        }
        when, span, value = told.values()
        amount = None if value is None else value.find("{*}value")
        start = when.get("value") if when is not None else span.find("{*}start").get("value")  # type: ignore[union-attr]
        end = None if span is None else span.find("{*}end").get("value")  # type: ignore[union-attr]
        number = None if amount is None else float(amount.get("value") or "nan")
        found[_ms(str(start)), _ms(str(end)) if end else 0, number] += 1
    return found


# ------------------------------------------------------------------------------------------------- routes

Route = Callable[[Asker, Laid, Question, random.Random], None]


def expected(laid: Laid, asked: Question, kind: str = "Observation") -> Counter[Fact]:
    """What the oracle permits of a question."""
    chosen = (each for each in laid.items if (each[0].stream == "basal") is (kind != "Observation"))
    return Counter(fact for item, unit, fact in chosen if asked.selects(item, unit))


def _same(answer: httpx.Response, wanted: Counter[Fact], found: Counter[Fact] | None = None) -> None:
    assert answer.status_code == 200, answer.text
    got = facts(answer.json()) if found is None else found
    assert got == wanted, f"more: {got - wanted} fewer: {wanted - got}"


def search(asker: Asker, laid: Laid, asked: Question, chance: random.Random) -> None:
    """GET, on one page, in any order."""
    order = ("_sort", chance.choice(["date", "-date", "_lastUpdated", "-_lastUpdated"]))
    answer = asker.ask("GET", asker.search(laid, asked, order))
    wanted = expected(laid, asked)
    _same(answer, wanted)
    _stands(laid, asked, answer.json(), wanted)
    shown = [each for each in _matches(answer.json()) if _is_summary(each)]
    assert answer.json()["total"] == wanted.total() + len(shown)


def post(asker: Asker, laid: Laid, asked: Question, chance: random.Random) -> None:
    """POST _search, some parameters in the body and some in the URL."""
    pairs = [("patient", asker.person(laid)), *asked.pairs]
    cut = chance.randint(0, len(pairs))
    path = "/fhir/Observation/_search" + (f"?{urlencode(pairs[:cut])}" if cut else "")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    _same(asker.ask("POST", path, content=urlencode(pairs[cut:]), headers=headers), expected(laid, asked))


def xml(asker: Asker, laid: Laid, asked: Question, chance: random.Random) -> None:
    """The other notation."""
    answer = asker.ask("GET", asker.search(laid, asked), headers={"Accept": "application/fhir+xml"})
    _same(answer, expected(laid, asked), _of_xml(answer.content))


def pages(asker: Asker, laid: Laid, asked: Question, chance: random.Random) -> None:
    """Page by page."""
    wanted = expected(laid, asked)
    size = max(chance.randint(1, 40), wanted.total() // 5)
    answer = asker.ask("GET", asker.search(laid, asked, ("_count", str(size))))
    found = facts(answer.json())
    while path := linked(answer.json(), "next"):
        answer = asker.ask("GET", path)
        found += facts(answer.json())
    _same(answer, wanted, found)


def large(asker: Asker, laid: Laid, asked: Question, chance: random.Random) -> None:
    """As a stream."""
    _same(asker.ask("GET", asker.search(laid, asked, ("_count", "100000"))), expected(laid, asked))


def count(asker: Asker, laid: Laid, asked: Question, chance: random.Random) -> None:
    """A number alone."""
    form = chance.choice([("_summary", "count"), ("_count", "0")])
    answer = asker.ask("GET", asker.search(laid, asked, form))
    wanted, total = expected(laid, asked).total(), answer.json()["total"]
    may_sum = bool(_stretches(laid, {SUMMARY, 0} if asked.code in MEANS else {SUMMARY}))
    assert (total == wanted or (may_sum and not wanted)) and "entry" not in answer.json()


def edge(asker: Asker, laid: Laid, asked: Question, chance: random.Random) -> None:
    """The first or the last few."""
    most, order = chance.randint(1, 5), chance.choice(["date", "-date"])
    answer = asker.ask("GET", asker.search(laid, asked, ("_sort", order), ("_count", str(most))))
    starts = sorted((fact[0] for fact in expected(laid, asked).elements()), reverse=order == "-date")
    told = [each for each in _matches(answer.json()) if not _is_summary(each)]
    assert [_fact(each)[0] for each in told] == starts[:most]


def batch(asker: Asker, laid: Laid, asked: Question, chance: random.Random) -> None:
    """Two questions at once."""
    other = question(chance, laid.known.zone)
    both = [asker.search(laid, each).removeprefix("/fhir/") for each in (asked, other)]
    entries = [{"request": {"method": "GET", "url": url}} for url in both]
    body = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries})
    answer = asker.ask("POST", "/fhir", content=body, headers={"Content-Type": "application/fhir+json"})
    for entry, each in zip(answer.json()["entry"], (asked, other), strict=True):
        _same(answer, expected(laid, each), facts(entry["resource"]))


def doses(asker: Asker, laid: Laid, asked: Question, chance: random.Random) -> None:
    """The other type, whose date has another name."""
    pairs = tuple(("effective-time", value) for name, value in asked.pairs if name == "date")
    mine = replace(asked, pairs=pairs, code=None)
    answer = asker.ask("GET", asker.search(laid, mine, kind="MedicationAdministration"))
    _same(answer, expected(laid, mine, "MedicationAdministration"))


def everything(asker: Asker, laid: Laid, asked: Question, chance: random.Random) -> None:
    """$everything of both types; a person of whom nothing is open is absent."""
    path = f"/fhir/Patient/{asker.person(laid)}/$everything?_type=Observation,MedicationAdministration"
    answer = asker.ask("GET", path)
    if not laid.known.counting():
        assert answer.status_code == 404
        return
    _same(answer, Counter(fact for _, _, fact in laid.items))


def lastn(asker: Asker, laid: Laid, asked: Question, chance: random.Random) -> None:
    """The newest of one code."""
    code, most = chance.choice(["http://loinc.org|99504-3", "http://loinc.org|41653-7"]), chance.randint(1, 4)
    path = f"/fhir/Observation/$lastn?patient={asker.person(laid)}&code={quote(code)}&max={most}"
    starts = [item.start for item, unit, _ in laid.items if CODES[code](item, unit)]
    told = [_fact(each["resource"])[0] for each in asker.ask("GET", path).json().get("entry", [])]
    assert told == sorted(starts, reverse=True)[:most]


def read(asker: Asker, laid: Laid, asked: Question, chance: random.Random) -> None:
    """Some by their true ids, hidden or not: alone, their history, and as a list."""
    there = [r for r in laid.known.readings if r.stream != "basal"]
    some = chance.sample(there, min(4, len(there)))
    shown = {(item.series, item.start) for item, _, _ in laid.items if item.grain == 0}
    names = {
        asker.world.db.ids.one("Observation", Name(laid.patient, r.series, r.instant, 0)): r for r in some
    }
    for name, one in names.items():
        tail = chance.choice(["", "/_history"])
        answer = asker.ask("GET", f"/fhir/Observation/{name}{tail}")
        assert answer.status_code == (200 if (one.series, one.instant) in shown else 404), (name, one)
    listed = asker.ask("GET", asker.search(laid, Question((), None, ()), ("_id", ",".join(names))))
    assert facts(listed.json()).total() == sum((r.series, r.instant) in shown for r in some)


def bulk(asker: Asker, laid: Laid, asked: Question, chance: random.Random) -> None:
    """An export of this person's, by another way. A world is asked by one way alone: a mean that left by one way, and
    of which the readings leave by another, is told as taken back, and the oracle has no memory."""
    kind, pairs = "Observation", asked.pairs
    if chance.random() < 0.3:
        kind, asked = "MedicationAdministration", replace(asked, code=None)
        pairs = tuple(("effective-time", value) for name, value in pairs if name == "date")
    told = {"_type": kind, "patient": asker.person(laid)}
    if pairs:
        told["_typeFilter"] = f"{kind}?{urlencode(pairs)}"

    def ask(method: str, path: str, **more: Any) -> httpx.Response:
        return asker.ask("POST" if path.startswith("Patient/") else method, f"/fhir/{path}", **more)

    headers = ASYNC | {"Content-Type": "application/x-www-form-urlencoded"}
    found = exported(ask, "Patient/$export", content=urlencode(told), headers=headers)
    lines, wanted = found.get(kind, []), expected(laid, asked, kind)
    _stands(laid, asked, {"entry": [{"resource": each} for each in lines]}, wanted)
    got = Counter(_fact(each) for each in lines if not _is_summary(each))
    assert got == wanted, f"more: {got - wanted} fewer: {wanted - got}"


ROUTES: Final[tuple[Route, ...]] = (
    search, search, post, xml, pages, pages, large, count, edge, batch, doses, everything, lastn, read, read,
)  # fmt: skip


def run(asker: Asker, first: int, cases: int) -> Iterator[tuple[int, str, Exception | None]]:
    """Every case: its number, its route and what went wrong."""
    laid: Laid | None = None
    for number in range(first, first + cases):
        if laid is None or number % TOGETHER == 0:
            place = number // TOGETHER
            way = "bulk" if place % 8 == 7 else "look"
            laid = asker.laid(replace(drawn(random.Random(f"world {place}")), way=way))
        chance = random.Random(f"case {number}")
        route = bulk if laid.known.way == "bulk" else chance.choice(ROUTES)
        asked = question(chance, laid.known.zone)
        try:
            route(asker, laid, asked, chance)
        except (AssertionError, KeyError, ValueError, TypeError) as wrong:
            yield number, f"{route.__name__} {asked.pairs}", wrong
        else:
            yield number, route.__name__, None


def tried(first: int, cases: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """How many cases of each route there were, and a line for each that went wrong."""
    done, wrong, world = Counter[str](), list[str](), opened(folder)
    with world.db:
        asker = Asker(world)
        for number, what, fault in run(asker, first, cases):
            done[what.partition(" ")[0]] += 1
            if fault is not None:
                wrong.append(f"case {number}, {what}: {type(fault).__name__}: {str(fault)[:300]}")
        asker.close()
    return done, wrong


def in_memory() -> Path | None:
    """Where files cost nothing, where there is such a place: thousands of durable commits are not what is tried."""
    place = Path("/dev/shm")
    return place if place.is_dir() else None


def main() -> None:
    """Run them and say how many were right."""
    parser = argparse.ArgumentParser(prog="python -m tests.door.many")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--from", dest="first", type=int, default=0)
    given, began = parser.parse_args(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="many-", dir=in_memory()) as place:
        done, wrong = tried(given.first, given.cases, Path(place))
    print("\n".join(wrong[:20]))
    routes = ", ".join(f"{name} {number}" for name, number in sorted(done.items()))
    print(f"{done.total():,} cases, {len(wrong)} wrong, {time.monotonic() - began:.0f} s ({routes})")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
