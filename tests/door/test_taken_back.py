"""A recipient that polls learns of what it holds and was taken away, and of nothing else.

`consent.md`, retraction is no disclosure: entered in error, without a value, also after the grant ended, as a
row of its own; what it never held is as absent as what never was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.consent import grants
from bridge.consent.asked import Asked, DateTest, Grain, Order, Selector, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.gate import Gate
from bridge.consent.grant import Identity
from bridge.consent.part import Part
from bridge.consent.permit import OwnerPermit
from bridge.period import Period
from bridge.reading import Flag, Stream, Unit
from bridge.store import chain, ledger
from bridge.store.blocks import withdraw
from bridge.store.entries import Row
from bridge.store.ids import Name
from bridge.store.patients import erase
from tests.consent.test_versions import Story, placed, steps
from tests.consent.world import (
    CLARITY,
    CLINIC,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    World,
    between,
    every,
    ids,
    opened,
    wish,
)
from tests.door.test_leaks import PHARMACY, ask, is_blank, shape, spelled

START = NOON - 4 * DAY
WINDOW = between(START, START + DAY)
WRONG = replace(CLARITY, device="wrong")


def told(found: Disclosure | Part) -> dict[str, tuple[int, int]]:
    """What is told as taken back: version and value by id."""
    rows: dict[int, tuple[int, int]] = {}
    for group in found.groups:
        columns = (group.at, group.columns["flags"], group.version, group.columns["value"])
        for at, flags, version, value in zip(*(each.tolist() for each in columns), strict=True):
            if flags & Flag.RETRACTED:
                rows[at] = (version, value)
    return {name: rows[place] for place, name in enumerate(ids(found)) if place in rows}


def since(at: int, patient: int | None, order: Order = "date", **more: object) -> Asked:
    """What changed at that instant or later."""
    updated = (DateTest("ge", Period(at, at + 1)),)
    return replace(wish(patient, updated=updated, retractions=True, order=order), **more)  # type: ignore[arg-type]


def named(patient: int, *names: str, **more: object) -> Asked:
    return replace(wish(patient, ids=frozenset(names), retractions=True), **more)  # type: ignore[arg-type]


def intents(world: World, patient: int) -> list[Row]:
    return list(ledger.disclosures(world.db, patient))


@dataclass
class Case:
    """A file of somebody else among the patient's: 12 readings inside the window, 12 outside."""

    world: World
    patient: int
    artifact: int
    grant: str
    inside: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def remove(self) -> int:
        """Take the file back; when that was."""
        self.world.clock.now += HOUR
        withdraw(self.world.db, self.patient, self.artifact)
        return self.world.clock.now


@pytest.fixture
def case(world: World) -> Case:
    patient = world.person()
    world.bring(patient, every(60, 24, start=START + 1))
    rows = [*every(60, 12, start=START + 7), *every(60, 12, start=START + 2 * DAY, value=300)]
    wrong = world.bring(patient, rows, WRONG, "dexcom-clarity")
    grant = world.grant(patient, WINDOW).grant.id
    made = Case(world, patient, wrong.artifact, grant)
    made.inside = spelled(world, patient, (at for at, _ in rows[:12]), series=2)
    made.outside = spelled(world, patient, (at for at, _ in rows[12:]), series=2)
    world.clock.now += MINUTE
    return made


@pytest.mark.parametrize("ends", [False, True])
def test_who_polled_is_told_by_search_and_by_read(case: Case, ends: bool) -> None:
    world, patient = case.world, case.patient
    assert set(case.inside) <= set(ids(ask(world, wish(patient))))
    at = case.remove()
    if ends:
        grants.revoke(world.db, case.grant)
    assert told(ask(world, since(at, patient))) == dict.fromkeys(case.inside, (1, 0))
    assert told(ask(world, since(at + 1, patient))) == {}
    for name in case.inside[:3]:
        assert told(ask(world, named(patient, name))) == {name: (1, 0)}
    assert set(ids(ask(world, wish(patient)))).isdisjoint(case.inside)
    assert bool(ask(world, wish(patient)).count) is not ends


def test_what_it_never_held_stays_absent_like_what_never_was(case: Case) -> None:
    world, patient = case.world, case.patient
    half = (DateTest("lt", Period(START + 6 * HOUR, START + 6 * HOUR + 1)),)
    ask(world, wish(patient, dates=half))
    at = case.remove()
    held, untold = set(case.inside[:6]), [*case.inside[6:], *case.outside]
    assert set(told(ask(world, since(at, patient)))) == held
    never = "00000000-0000-4000-8000-000000000000"
    answers = [shape(ask(world, named(patient, name)))[2:] for name in (*untold, never, "no-id")]
    assert len(set(answers)) == 1
    grants.revoke(world.db, case.grant)
    gone = ask(world, named(patient, untold[0]))
    assert shape(gone) == shape(ask(world, named(patient, never)))
    assert shape(gone) == shape(ask(world, replace(named(patient, never), patient=None)))


def test_nobody_else_is_told_and_nobody_who_does_not_ask(case: Case) -> None:
    world, patient = case.world, case.patient
    ask(world, wish(patient))
    at = case.remove()
    assert is_blank(ask(world, since(at, patient), PHARMACY))
    assert is_blank(ask(world, named(patient, case.inside[0]), PHARMACY))
    assert told(ask(world, since(at, patient, retractions=False))) == {}
    assert told(ask(world, since(0, patient), OwnerPermit(patient))) == {}


def test_it_must_match_what_else_was_asked(case: Case) -> None:
    world, patient = case.world, case.patient
    ask(world, wish(patient))
    at = case.remove()
    early = (DateTest("lt", Period(START + 2 * HOUR, START + 2 * HOUR + 1)),)
    assert set(told(ask(world, since(at, patient, dates=early)))) == set(case.inside[:2])
    for selector, count in (
        (Selector(Stream.GLUCOSE), 12),
        (Selector(Stream.GLUCOSE, Unit.MMOL_L), 0),
        (Selector(Stream.GLUCOSE, Unit.MG_DL, Grain.HOUR), 0),
        (Selector(Stream.CAPILLARY), 0),
    ):
        assert len(told(ask(world, since(at, patient, selectors=frozenset({selector}))))) == count


def test_a_retraction_is_a_row_of_its_own_and_no_disclosure(case: Case) -> None:
    world, patient = case.world, case.patient
    ask(world, wish(patient))
    at = case.remove()
    world.bring(patient, every(60, 5, start=START + 20 * MINUTE))
    found = ask(world, since(at, patient))
    assert (found.count, len(told(found))) == (17, 12)
    taken, given = intents(world, patient)[-2:]
    assert (taken.fields["retracts"], taken.fields["items"], taken.fields["grants"]) == (True, 12, [])
    assert taken.fields["basis"] == "correction of what the recipient holds"
    assert (given.fields["retracts"], given.fields["items"]) == (False, 5)
    assert found.entry == given.entry
    world.gate.settle(found, "failed", 0)
    world.gate.flush()
    outcomes = [row.fields for row in ledger.listed(world.db, patient) if row.kind == "outcome"]
    assert [(row["entry"], row["outcome"]) for row in outcomes] == [
        (given.entry, "failed"),
        (taken.entry, "failed"),
    ]
    alone = ask(world, named(patient, case.inside[0]))
    assert intents(world, patient)[-1].fields["retracts"] is True
    assert alone.entry == intents(world, patient)[-1].entry


def test_an_answer_that_never_arrived_is_not_held(case: Case) -> None:
    world, patient = case.world, case.patient
    world.gate.settle(ask(world, wish(patient)), "failed", 0)
    world.gate.flush()
    assert told(ask(world, since(case.remove(), patient))) == {}


@pytest.mark.parametrize("order", ["date", "-date", "lastUpdated", "-lastUpdated"])
@pytest.mark.parametrize("size", [1, 5, 100])
def test_pages_joined_are_the_whole_in_order(case: Case, order: Order, size: int) -> None:
    world, patient = case.world, case.patient
    ask(world, wish(patient))
    case.remove()
    whole = ask(world, since(0, patient, order, total=True))
    names, after = list[str](), None
    while True:
        page = ask(world, since(0, patient, order, limit=size, after=after))
        names += ids(page)
        after = page.more
        if after is None:
            break
    assert names == ids(whole)
    assert (len(names), whole.total, len(told(whole))) == (36, 36, 12)
    streamed = asyncio.run(_streamed(world, since(0, patient, order), 7))
    assert streamed == names
    row, outcome = intents(world, patient)[-1], ledger.listed(world.db, patient)[-2]
    assert (row.fields["items"], outcome.fields["sent"]) == (24, 24)


async def _streamed(world: World, asked: Asked, chunk: int) -> list[str]:
    found = [name async for page in world.gate.stream(CLINIC, asked, chunk) for name in ids(page)]
    world.gate.flush()
    return found


def test_years_of_polls_are_read_beside_what_others_ask(case: Case) -> None:
    world, patient, other = case.world, case.patient, case.world.person("Bea Beispiel")
    world.bring(other, every(60, 24, start=START))
    world.grant(other, WINDOW)
    ask(world, wish(patient))
    _polled(world, patient, 15_000)
    at = case.remove()
    fresh = Gate(world.db, world.clock, lambda _: 0)  # another process, which has read nothing yet

    async def both() -> tuple[Disclosure, bool]:
        long = asyncio.ensure_future(fresh.disclose(CLINIC, since(at, patient)))
        short = asyncio.ensure_future(fresh.disclose(CLINIC, wish(other)))
        done, _ = await asyncio.wait({long, short}, return_when=asyncio.FIRST_COMPLETED)
        return await long, long in done

    found, was_first = asyncio.run(both())
    assert set(told(found)) == set(case.inside) and not was_first
    again = Gate(world.db, world.clock, lambda _: 0)
    assert set(told(again.disclose_now(CLINIC, since(at, patient)))) == set(case.inside)


def _polled(world: World, patient: int, rows: int) -> None:
    """So many rows of polls that told one reading each, as copies of the first."""
    name = chain.patients_chain(patient)
    (body,) = [link.body for link in chain.links(world.db.reader("ledger"), name) if b'"intent"' in link.body]
    with world.db.write("ledger") as con:
        for _ in range(rows):
            chain.append(con, world.db.keys.ledger_key, name, body)


def test_a_pseudonymous_recipient_is_told_its_own_ids(world: World) -> None:
    patient = world.person()
    wrong = world.bring(patient, every(60, 3, start=START), WRONG, "dexcom-clarity")
    grant = world.grant(patient, WINDOW, identity=Identity.PSEUDONYMOUS).grant
    held = ids(ask(world, wish(patient)))
    clear = spelled(world, patient, [START], series=1)[0]
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong.artifact)
    grants.revoke(world.db, grant.id)
    found = ask(world, since(0, patient))
    assert set(told(found)) == set(held)
    assert found.subject is not None
    assert found.subject.id == world.db.ids.one("Patient", _person(patient), grant.pairing)
    assert is_blank(ask(world, named(patient, clear)))
    text = world.db.ids.one("Patient", _person(patient), grant.pairing)
    assert world.gate.patient(CLINIC, text) == patient
    assert world.gate.patient(CLINIC, world.db.ids.one("Patient", _person(patient))) is None
    world.clock.now += HOUR
    world.grant(patient, WINDOW)
    assert told(ask(world, since(0, patient))) == {}


def _person(patient: int) -> Name:
    return Name(patient, 0, 0, 0)


def test_what_was_re_dated_out_of_sight_is_taken_back_and_inside_it_is_corrected(world: World) -> None:
    patient, key = world.person(), replace(CLARITY, by_counter=True)
    world.bring(patient, [(START, 100), (START + HOUR, 101)], key, counter=[1, 2])
    world.grant(patient, WINDOW)
    out, inside = ids(ask(world, wish(patient)))
    world.clock.now += HOUR
    rows = [(START - DAY, 100), (START + 2 * HOUR, 101)]
    world.bring(patient, rows, key, counter=[1, 2])
    found = ask(world, since(world.clock.now, patient))
    assert told(found) == {out: (1, 0)}
    assert sorted(ids(found)) == sorted([out, inside])
    world.clock.now += HOUR
    world.bring(patient, [(START, 105)], key, counter=[1])
    found = ask(world, named(patient, out))
    assert told(found) == {}
    assert [(ids(found), int(v)) for group in found.groups for v in group.version] == [([out], 2)]


def test_a_narrower_grant_alone_takes_nothing_back(case: Case) -> None:
    world, patient = case.world, case.patient
    ask(world, wish(patient))
    old = grants.load(world.db, case.grant).grant
    world.clock.now += HOUR
    narrow = between(START, START + HOUR)
    grants.supersede(world.db, case.grant, replace(old, periods=narrow, signed=world.clock.now))
    assert told(ask(world, since(0, patient))) == {}
    case.remove()
    assert set(told(ask(world, since(0, patient)))) == set(case.inside)


def test_an_erased_person_is_absent(case: Case) -> None:
    world, patient = case.world, case.patient
    ask(world, wish(patient))
    case.remove()
    erase(world.db, patient)
    assert is_blank(ask(world, since(0, patient)))
    assert is_blank(ask(world, named(patient, case.inside[0])))


def test_what_comes_back_is_no_longer_taken_back_and_has_a_version_of_its_own(case: Case) -> None:
    world, patient = case.world, case.patient
    ask(world, wish(patient))
    case.remove()
    (name,) = [case.inside[0]]
    assert told(ask(world, named(patient, name))) == {name: (1, 0)}
    world.clock.now += HOUR
    world.bring(patient, every(60, 12, start=START + 7), WRONG, "dexcom-clarity")
    found = ask(world, named(patient, name))
    assert told(found) == {}
    assert [int(v) for group in found.groups for v in group.version] == [2]


@dataclass
class Notebook:
    """What a recipient holds by its own account: the instant last told, by id."""

    held: dict[str, int] = field(default_factory=dict)

    def note(self, found: Disclosure) -> None:
        back = told(found)
        for name, instant in placed(found).items():
            if name not in back:
                self.held[name] = instant

    def taken(self, standing: dict[str, int], shown: Iterable[str]) -> set[str]:
        """What it must be told: gone, or elsewhere in time and out of its sight."""
        seen = set(shown)
        return {
            name
            for name, instant in self.held.items()
            if name not in standing or (standing[name] != instant and name not in seen)
        }


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    found = opened(tmp_path_factory.mktemp("taken"))
    with found.db:
        yield found


looks = st.tuples(st.integers(-30, 60), st.integers(1, 60), st.sampled_from([None, 1, 2]))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), steps=steps)
def test_told_is_exactly_what_is_held_and_gone(
    shared: World, data: st.DataObject, steps: list[tuple[str, int, int]]
) -> None:
    story, notebook = Story(shared, shared.person()), Notebook()
    patient = story.patient
    expected = set[str]()
    for step in steps:
        story.do(step)
        if data.draw(st.booleans()):
            start, hours, limit = data.draw(looks)
            dates = (DateTest("eq", Period(START + start * HOUR, START + (start + hours) * HOUR)),)
            notebook.note(shared.ask(CLINIC, wish(patient, dates=dates, limit=limit)))
        standing = placed(shared.ask(OwnerPermit(patient), wish(patient)))
        shown = [name for way in Way for name in placed(peek(shared, wish(patient, way=way)))]
        expected = notebook.taken(standing, shown)
        assert set(told(peek(shared, since(0, patient)))) == expected, step
    for name in notebook.held:
        assert (name in told(peek(shared, named(patient, name)))) is (name in expected)
    assert set(told(shared.ask(CLINIC, since(0, patient)))) == expected


def peek(world: World, asked: Asked) -> Part:
    """What would leave; it does not, so that nobody holds it."""
    _, leaving = world.gate._left(CLINIC, asked)
    return Part() if leaving is None else leaving.part
