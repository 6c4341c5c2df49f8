"""The life of an export at rest: files of so many patients, each patient once, and one step for all who ask at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.bulk import job as jobs
from bridge.bulk.job import LIMITS, Job, Question
from bridge.period import DAY
from bridge.smart.scopes import SYSTEM, parse
from tests.consent.world import World, opened

SCOPES = parse("system/*.rs system/Observation.rs?code=http://loinc.org|1").of(SYSTEM)
ASKED = Question("http://x/fhir/$export?_type=Patient", "$export", (("_type", "Patient"),), SCOPES, True)


@pytest.fixture
def store(tmp_path: Path) -> World:
    return opened(tmp_path)


def begun(world: World, client: str = "one") -> Job:
    made = jobs.start(world.db, client, ASKED, world.clock.now, replace(LIMITS, jobs=10_000))
    assert isinstance(made, Job)
    return made


def test_what_was_asked_comes_back_and_rests_sealed(store: World) -> None:
    with store.db:
        made = begun(store)
        assert jobs.found(store.db, made.row.id, "one", store.clock.now) == made
        assert jobs.found(store.db, made.row.id, "two", store.clock.now) is None
        assert jobs.found(store.db, made.row.id, "one", store.clock.now + DAY) is None
        at_rest = (store.db.home / "bridge.db").read_bytes() + (store.db.home / "bridge.db-wal").read_bytes()
        assert made.row.id.encode() in at_rest and b"_type=Patient" not in at_rest


def test_two_who_ask_at_once_take_one_step(store: World) -> None:
    with store.db:
        made = begun(store)
        for _ in range(2):
            jobs.looked(store.db, made, (3, 5), 5, False, 10)
        held = jobs.found(store.db, made.row.id, "one", store.clock.now)
        assert held is not None and (held.row.edges, held.row.filled, held.row.reached) == ((5,), 2, 5)
        done = jobs.looked(store.db, held, (8,), 9, True, 10)
        late = jobs.looked(store.db, held, (8,), 9, True, 10)
        assert jobs.found(store.db, made.row.id, "one", store.clock.now) == done == late


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(people=st.sets(st.integers(0, 400), max_size=60), portion=st.integers(1, 9), most=st.integers(1, 9))
def test_files_hold_so_many_and_each_patient_stands_in_one(
    store: World, people: set[int], portion: int, most: int
) -> None:
    order = sorted(people)
    made = begun(store)
    for at in range(0, len(order) + 1, portion):
        some, is_all = order[at : at + portion], at + portion > len(order)
        made = jobs.looked(store.db, made, some, some[-1] if some else made.row.reached, is_all, most)
    files = [[each for each in order if after < each <= upto] for after, upto in made.spans]
    assert [each for file in files for each in file] == order
    assert all(1 <= len(file) <= most for file in files) and len(files) == -(-len(order) // most)
