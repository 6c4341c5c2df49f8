"""Refused and absent, compared by the time that they take (L19, L42).

Law: two kinds of request in turn, in random order, 300 of each, over the whole program in this process. The measure is
the chance that one of the first takes longer than one of the second (Mann and Whitney's U over n*m): one half where
nobody can tell. The bound is 0.12 to each side: five standard errors of 300 against 300, so that a quiet machine and a
busy one give the same verdict. Compared is what an asker could learn: whether a person is there who shares nothing, and
whether there is something on days that are not shared. An id that once was shown and now is hidden answers like one
that never was, byte for byte, but reads more: whoever holds it knew it already (`test_leaks_http.py` bounds it).
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from bridge.store.ids import Name
from tests.web.world import World

ROUNDS = 300
BOUND = 0.12


@pytest.fixture(scope="module")
def granted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("timing") / "home")
    made.grant()
    yield made
    made.close()


def compared(world: World, first: Sequence[str], second: Sequence[str]) -> float:
    """The chance that a request of the first kind takes longer than one of the second."""
    token, chance = world.token(), random.Random(7)
    taken: tuple[list[float], list[float]] = ([], [])
    for turn in range(ROUNDS + 20):
        for kind in chance.sample((0, 1), 2):
            paths = (first, second)[kind]
            begun = time.perf_counter()
            world.ask("GET", f"/fhir/{paths[turn % len(paths)]}", token=token)
            if turn >= 20:
                taken[kind].append(time.perf_counter() - begun)
    return chance_of(np.array(taken[0]), np.array(taken[1]))


def chance_of(one: np.ndarray, other: np.ndarray) -> float:
    """Mann and Whitney's U of two samples, over the product of their sizes; ties count half."""
    above = (one[:, None] > other[None, :]).mean()
    return float(above + (one[:, None] == other[None, :]).mean() / 2)


def nobody(number: int) -> str:
    """An id that names nobody."""
    return f"00000000-0000-4000-8000-{number:012x}"


@pytest.mark.parametrize(
    "path",
    [
        "Observation?patient={}",
        "Patient/{}",
        "Consent?patient={}",
        "AuditEvent?patient={}",
        "Device?patient={}",
    ],
)
def test_l19_refused_and_absent_take_the_same_time(granted: World, path: str) -> None:
    there = [path.format(granted.patient_id(granted.bob))]
    absent = [path.format(nobody(1))]
    assert abs(compared(granted, there, absent) - 0.5) <= BOUND


def test_l19_a_strangers_reading_takes_the_time_of_one_that_never_was(granted: World) -> None:
    name = Name(granted.bob, 1, granted.clock() - 1000, 0)
    there = [f"Observation/{granted.db.ids.one('Observation', name)}"]
    assert abs(compared(granted, there, [f"Observation/{nobody(2)}"]) - 0.5) <= BOUND


def test_l42_a_question_about_hidden_days_takes_the_time_of_one_about_none(granted: World) -> None:
    person = granted.patient_id(granted.ada)
    hidden = [f"Observation?patient={person}&date=2026-08-{day}" for day in (25, 26, 27)]
    never = [f"Observation?patient={person}&date=1990-08-{day}" for day in (25, 26, 27)]
    assert abs(compared(granted, hidden, never) - 0.5) <= BOUND


def test_a_difference_of_a_tenth_would_be_seen() -> None:
    chance = np.random.default_rng(3)
    noise = chance.lognormal(0, 0.15, (2, ROUNDS))
    assert abs(chance_of(noise[0], noise[1]) - 0.5) < BOUND < abs(chance_of(noise[0] * 1.1, noise[1]) - 0.5)
