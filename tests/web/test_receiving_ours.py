"""Our own delivery, as a foreign submitter's: what one bridge sends, another takes, once, and means the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bridge.consent.asked import Asked, Way
from bridge.consent.intake import source
from bridge.consent.permit import DeliveryPermit
from bridge.fhir.render import JSON, XML, Notation
from bridge.period import DAY, Period, PeriodSet
from bridge.reading import Stream
from tests.web.submitted import SCOPE, intake, statuses, submit
from tests.web.world import NOW, World


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[World]:
    """Another installation, which lets the first one's clinic submit."""
    made = World(tmp_path / "hospital")
    made.clinic = made.register("Bridge at home", "Home", f"{SCOPE} system/*.rs")
    intake(made, made.ada, "Home")
    yield made
    made.close()


@pytest.mark.parametrize("notation", [JSON, XML], ids=["json", "xml"])
def test_what_we_deliver_is_taken_by_our_own_receiver(
    world: World, hospital: World, notation: Notation
) -> None:
    grant = world.grant(periods=PeriodSet((Period(NOW - 2 * DAY, NOW),)))
    found = world.gate.disclose_now(
        DeliveryPermit(grant, world.clinic.id), Asked(world.ada, Way.FEED, "push", "delivery", limit=600)
    )
    theirs = f"Patient/{hospital.patient_id(hospital.ada)}"
    body, sent = world.renderer.transaction(found, theirs, {}, world.clock(), notation)
    first = submit(hospital, bytes(body), notation.media_type)
    told = Counter(zip((each.id in fingersticks(world) for each in sent), statuses(first), strict=True))
    assert set(told) == {(False, 201), (True, 422)} and told[False, 201] > 500
    again = submit(hospital, bytes(body), notation.media_type)
    assert Counter(statuses(again)) == {200: told[False, 201], 422: told[True, 422]}
    hospital.grant(to="Home", sources=frozenset({source("Home")}))
    path = f"/fhir/Observation?patient={theirs}&code=99504-3&_count=1000"
    shown = hospital.search(path, token=hospital.token(scope="system/*.rs"))
    ours = {each.instant: each.value for each in world.shown() if each.instant >= NOW - 2 * DAY}
    assert {each["effectiveDateTime"]: each["valueQuantity"]["value"] for each in shown} == {
        iso_local(at): value for at, value in ours.items()
    }


def iso_local(at: int) -> str:
    """As Ada's clock in Berlin says it."""
    return datetime.fromtimestamp(at / 1000, ZoneInfo("Europe/Berlin")).isoformat()


def fingersticks(world: World) -> set[str]:
    """The ids of what the guide has no profile for."""
    return {world.observation_id(each) for each in world.readings(Stream.CAPILLARY)}
