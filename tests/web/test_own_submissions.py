"""Who submits readings about a person learns nothing of that person's means and summaries by them.

A reading of a submitter's choice that is near one of the person's stands back as its copy. Were it counted, a mean or a
figure of the same recipient would say whether it was near: a recipient could take every mean apart by guessing.
"""

from __future__ import annotations

from typing import Any

import pytest

from bridge.consent.asked import Grain, Kind
from bridge.consent.intake import source
from bridge.period import DAY, HOUR, Period, PeriodSet
from bridge.reading import Stream
from tests.web.submitted import SCOPE, bundle, entry, intake, observation, statuses, submit
from tests.web.world import WINDOW, World

GUESSED = Period(WINDOW.start + 10 * HOUR, WINDOW.start + 11 * HOUR)
BOTH = frozenset({"dexcom-clarity", source("Clinic")})


def told(world: World) -> list[Any]:
    """Every Observation that the clinic is told, with its version."""
    return list(world.search(f"/fhir/Observation?patient={world.patient_id(world.ada)}&_count=500"))


@pytest.mark.parametrize("grain", [Grain.QUARTER_HOUR, Grain.HOUR, Grain.DAY, Grain.SUMMARY])
@pytest.mark.parametrize("later", [False, True], ids=["named", "later sources"])
def test_guesses_beside_a_persons_readings_change_no_mean_and_no_summary(
    world: World, grain: Grain, later: bool
) -> None:
    world.clinic = world.register("Clinic app", "Clinic", f"{SCOPE} system/*.rs")
    intake(world, world.ada)
    named = frozenset({"dexcom-clarity"}) if later else BOTH
    world.clock.now += 2 * DAY  # every bucket and block is over
    world.grant(grain=grain, kinds=frozenset({Kind.GLUCOSE}), sources=named, later_sources=later)
    before = told(world)
    about = world.patient_id(world.ada)
    truth = [each for each in world.readings(Stream.GLUCOSE) if GUESSED.start <= each.instant < GUESSED.end]
    guesses = [
        observation(about, each.instant + 7000, each.value + 40 * (at % 2)) for at, each in enumerate(truth)
    ]
    answer = submit(world, bundle(map(entry, guesses)))
    assert before and set(statuses(answer)) == {201} and len(guesses) == 12
    world.clock.now += HOUR
    assert told(world) == before


def test_what_was_submitted_is_told_to_its_submitter_where_readings_are_granted(world: World) -> None:
    world.clinic = world.register("Clinic app", "Clinic", f"{SCOPE} system/*.rs")
    intake(world, world.ada)
    world.grant(sources=frozenset({source("Clinic")}), periods=PeriodSet((WINDOW,)))
    at = GUESSED.start + 150_000
    assert statuses(submit(world, bundle([entry(observation(world.patient_id(world.ada), at))]))) == [201]
    assert [each["valueQuantity"]["value"] for each in told(world)] == [120]


def test_what_one_submits_counts_in_the_means_of_another(world: World) -> None:
    world.clinic = world.register("Clinic app", "Clinic", f"{SCOPE} system/*.rs")
    intake(world, world.ada)
    only = frozenset({source("Clinic")})
    world.grant(to="Elsewhere", grain=Grain.HOUR, sources=only, kinds=frozenset({Kind.GLUCOSE}))
    about = world.patient_id(world.ada)
    some = [entry(observation(about, GUESSED.start + at * 300_000)) for at in range(12)]
    assert set(statuses(submit(world, bundle(some)))) == {201}
    path = f"/fhir/Observation?patient={about}"
    (mean,) = world.search(path, token=world.token(world.stranger))
    assert mean["valueQuantity"]["value"] == 120
