"""The number of a version, as one recipient counts: against an observer who looks after every step.

Law: the oracle is the observer's own notebook: whatever it saw of a reading under the owner's count, each
state once, and each removal, or move out of its sight, of something that it had seen. It shares nothing with the
counting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.consent.asked import Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.grant import Recipient
from bridge.consent.part import Part
from bridge.consent.permit import OwnerPermit, RecipientPermit
from bridge.period import ALL, PeriodSet
from bridge.store.blocks import withdraw
from tests.consent.steps import Changes
from tests.consent.world import CLARITY, CLINIC, DAY, HOUR, MINUTE, NOON, World, between, ids, opened, wish

START = NOON - 4 * DAY
INSIDE = between(START, START + DAY)
SOURCES = ("alpha", "beta")
KEY = replace(CLARITY, by_counter=True)
Step: TypeAlias = tuple[str, int, int]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    found = opened(tmp_path_factory.mktemp("versions"))
    with found.db:
        yield found


@dataclass
class Notebook:
    """What one recipient saw of each reading, in the owner's numbers."""

    seen: dict[str, list[object]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    places: dict[str, int] = field(default_factory=dict)

    def note(self, shown: dict[str, int], standing: dict[str, int], places: dict[str, int]) -> dict[str, int]:
        """Look once; the number that each reading shown must have. `places`: where every reading is."""
        for name in self.seen.keys() & standing.keys() - shown.keys():
            if isinstance(self.seen[name][-1], int) and self.places.get(name) != places[name]:
                self.seen[name].append(("moved", len(self.seen[name])))
        self.places = places
        for name in self.seen.keys() - standing.keys() - self.gone:
            if isinstance(self.seen[name][-1], int):
                self.seen[name].append(("gone", len(self.seen[name])))
            self.gone.add(name)
        self.gone &= self.seen.keys() - standing.keys()
        for name in shown:
            states = self.seen.setdefault(name, [])
            if standing[name] not in states:
                states.append(standing[name])
        return {name: len(self.seen[name]) - 1 for name in shown}


def numbers(found: Disclosure) -> dict[str, int]:
    """The version of each reading by its id."""
    told: dict[int, int] = {}
    for group in found.groups:
        told.update(zip(group.at.tolist(), group.version.tolist(), strict=True))
    return {name: told[place] for place, name in enumerate(ids(found))}


def placed(found: Disclosure | Part) -> dict[str, int]:
    """Instants by id."""
    rows: dict[int, int] = {}
    for group in found.groups:
        rows.update(zip(group.at.tolist(), group.columns["instant"].tolist(), strict=True))
    return {name: rows[place] for place, name in enumerate(ids(found))}


@dataclass
class Story(Changes):
    """Steps carried out on a real store."""

    world: World
    patient: int
    files: list[int] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)

    def do(self, step: Step) -> None:
        self.world.clock.now += HOUR
        getattr(self, step[0])(*step[1:])

    def bring(self, source: int, change: int) -> None:
        """Three readings, some of them corrected or re-dated out of what is granted."""
        rows = [(START + tick * HOUR, 100 + tick) for tick in range(3)]
        tick = change % 3
        rows[tick] = (rows[tick][0] + (change // 3 % 3 - 1) * DAY, 150 + change // 9)
        order = sorted(range(3), key=lambda i: rows[i])
        pairs = [rows[i] for i in order]
        done = self.world.bring(self.patient, pairs, KEY, SOURCES[source % 2], counter=order)
        self.files.append(done.artifact)

    def remove(self, which: int, _: int) -> None:
        if self.files:
            withdraw(self.world.db, self.patient, self.files.pop(which % len(self.files)))

    def sign(self, which: int, more: int) -> None:
        sources = frozenset(SOURCES[: which % 2 + 1])
        periods: PeriodSet = (INSIDE, ALL)[more % 2]
        ways = (frozenset(Way), frozenset({Way.BULK}))[more // 2 % 2]
        made = self.world.grant(self.patient, periods, sources=sources, ways=ways)
        self.signed.append(made.grant.id)


steps = st.lists(
    st.tuples(
        st.sampled_from(["bring", "bring", "bring", "remove", "sign", "sign", "pause", "resume", "revoke"]),
        st.integers(0, 5),
        st.integers(0, 27),
    ),
    min_size=2,
    max_size=10,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_the_first_version_seen_is_the_first_and_each_seen_change_counts_one(
    store: World, steps: list[Step]
) -> None:
    story, notebook = Story(store, store.person()), Notebook()
    shown: dict[str, int] = {}
    for step in steps:
        story.do(step)
        owner = store.ask(OwnerPermit(story.patient), wish(story.patient))
        shown = _shown(store, story.patient)
        assert shown == notebook.note(shown, numbers(owner), placed(owner)), step
    _check_history(store, story.patient, shown)


def _shown(world: World, patient: int) -> dict[str, int]:
    """What the clinic sees by any way."""
    found: dict[str, int] = {}
    for way in (Way.LOOK, Way.BULK):
        told = numbers(world.ask(CLINIC, wish(patient, way=way)))
        assert all(found.setdefault(name, number) == number for name, number in told.items())
    return found


def _check_history(world: World, patient: int, shown: dict[str, int]) -> None:
    """History and reads agree with the search; no number is given to two versions."""
    for name, number in shown.items():
        for way in (Way.LOOK, Way.BULK):
            found = world.ask(CLINIC, wish(patient, ids=frozenset({name}), history=True, way=way))
            told = [int(v) for group in found.groups for v in group.version]
            assert len(set(told)) == len(told)
            assert not told or max(told) == number


def test_a_break_does_not_start_the_count_anew(store: World) -> None:
    """Else a correction made in the break would wear the number of what it corrects, and never travel."""
    story = Story(store, store.person())
    for step in (("sign", 1, 1), ("bring", 0, 0), ("revoke", 0, 0), ("bring", 0, 9), ("bring", 0, 18)):
        story.do(step)
    assert _shown(store, story.patient) == {}
    story.do(("sign", 1, 1))
    assert sorted(_shown(store, story.patient).values()) == [0, 0, 1]


def test_another_recipient_counts_for_itself(store: World) -> None:
    story = Story(store, store.person())
    for step in (("sign", 1, 1), ("bring", 0, 0), ("bring", 0, 9), ("bring", 0, 18)):
        story.do(step)
    assert sorted(_shown(store, story.patient).values()) == [0, 0, 2]
    store.clock.now += MINUTE
    store.grant(story.patient, ALL, recipient=Recipient("Lab", frozenset()), sources=frozenset(SOURCES))
    lab = RecipientPermit("lab", "Lab", "TREAT", "t", store.clock.now + DAY)
    assert sorted(numbers(store.ask(lab, wish(story.patient))).values()) == [0, 0, 0]
    story.do(("bring", 0, 0))
    assert sorted(numbers(store.ask(lab, wish(story.patient))).values()) == [0, 0, 1]
