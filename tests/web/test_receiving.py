"""A submission over HTTP: what was sent is kept once, belongs to whom it is about, and leaves only under a grant."""

from __future__ import annotations

import pytest

from tests.web.submitted import (
    JSON,
    SCOPE,
    XML,
    bundle,
    device,
    entry,
    intake,
    locations,
    readings,
    statuses,
    submit,
)
from tests.web.world import World

SCOPES = "system/*.rs"


@pytest.fixture
def open_(world: World) -> World:
    """A world whose clinic may submit about Ada and Bob."""
    world.clinic = world.register("Submitting EHR", "Clinic", f"{SCOPE} {SCOPES}")
    intake(world, world.ada)
    return world


@pytest.mark.parametrize("media", [JSON, XML])
def test_a_submission_becomes_readings_and_again_changes_nothing(open_: World, media: str) -> None:
    world, ada = open_, open_.patient_id(open_.ada)
    worn = device()
    entries = [entry(worn, url="urn:uuid:d1")]
    for each in readings(ada, 12):
        each["resource"]["device"] = {"reference": "urn:uuid:d1"}
        entries.append(each)
    first = submit(world, bundle(entries), media)
    print(first.text[:1500])
    assert statuses(first) == [201] * 13
    again = submit(world, bundle(entries), media)
    assert statuses(again) == [201] + [200] * 12 or statuses(again) == [200] * 13
    assert locations(again) == locations(first)
