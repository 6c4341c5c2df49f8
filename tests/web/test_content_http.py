"""A versionId and an ETag never name two contents of one resource: grants move, and what is told moves with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bridge.consent import grants
from bridge.consent.asked import WILDCARD, Kind
from bridge.consent.grant import Identity
from bridge.fhir.sampled import PROFILE
from bridge.period import DAY, HOUR, MINUTE, Period, PeriodSet
from bridge.reading import Stream
from bridge.store.patients import add_zone
from tests.web.pumped import pumped
from tests.web.world import NOW, WINDOW, World, resources

TYPE = "MedicationAdministration"


def reads(world: World, path: str, held: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
    """What a client that holds `held` is answered to a conditional read."""
    etag = f'W/"{held["meta"]["versionId"]}"'
    answer = world.get(f"{path}/{held['id']}", headers={"If-None-Match": etag})
    return answer.status_code, answer.json() if answer.status_code == 200 else None


def narrow(edge: int) -> PeriodSet:
    return PeriodSet((Period(WINDOW.start, edge),))


def test_a_dose_cut_at_an_edge_is_another_content_when_the_edge_moves(tmp_path: Path) -> None:
    world = World(tmp_path / "home")
    pumped(world)
    segment = next(each.instant for each in world.readings(Stream.BASAL) if each.instant > WINDOW.start)
    middle, later = segment + 20 * MINUTE, segment + 40 * MINUTE
    world.grant(periods=narrow(middle))
    wider = world.grant(periods=narrow(later))
    path = f"{TYPE}?patient={world.patient_id(world.ada)}&_count=1000"
    cut = max(world.search(path), key=lambda each: str(each.get("effectivePeriod", {}).get("end", "")))
    assert reads(world, TYPE, cut) == (304, None)
    grants.revoke(world.db, wider)
    status, told = reads(world, TYPE, cut)
    assert status == 200 and told is not None
    assert told["effectivePeriod"]["end"] < cut["effectivePeriod"]["end"]
    assert told["meta"]["versionId"] != cut["meta"]["versionId"]
    assert reads(world, TYPE, told) == (304, None)
    assert world.get(f"{TYPE}/{cut['id']}/_history/{cut['meta']['versionId']}").status_code == 404
    world.close()


def test_a_chunk_of_which_less_is_permitted_is_another_content(world: World) -> None:
    day = WINDOW.end - 40 * HOUR
    world.grant(periods=narrow(day))
    wider = world.grant(periods=narrow(day + 3 * HOUR))
    path = f"Observation?patient={world.patient_id(world.ada)}&_profile={PROFILE}"
    held = world.search(path)[-1]
    assert reads(world, "Observation", held) == (304, None)
    grants.revoke(world.db, wider)
    status, told = reads(world, "Observation", held)
    assert status == 200 and told is not None
    assert len(told["valueSampledData"]["data"]) < len(held["valueSampledData"]["data"])


def test_a_device_that_may_no_longer_be_named_makes_another_content(world: World) -> None:
    world.grant(kinds=WILDCARD - {Kind.DEVICE})
    naming = world.grant()
    path = f"Observation?patient={world.patient_id(world.ada)}&_count=1"
    (held,) = resources(world.get(path).json())
    page = world.get(path).headers["etag"]
    assert "device" in held and reads(world, "Observation", held) == (304, None)
    grants.revoke(world.db, naming)
    status, told = reads(world, "Observation", held)
    assert status == 200 and told is not None and "device" not in told
    assert world.get(path, headers={"If-None-Match": page}).status_code == 200


def test_a_versionid_tells_nothing_of_what_is_held_back(world: World) -> None:
    world.grant(periods=PeriodSet((Period(WINDOW.start, NOW),)))
    path = f"Observation?patient={world.patient_id(world.ada)}&_count=5"
    assert {each["meta"]["versionId"][:2] for each in resources(world.get(path).json())} == {"1-"}


def test_a_corrected_zone_makes_another_content_of_what_it_dates_and_of_nothing_else(world: World) -> None:
    world.grant()
    path = f"Observation?patient={world.patient_id(world.ada)}&code=http://loinc.org|99504-3&_count=1000"
    held = resources(world.get(path).json())
    early, late = held[0], held[-1]
    add_zone(world.db, world.ada, "America/New_York", WINDOW.start - DAY)
    add_zone(world.db, world.ada, "Europe/Berlin", WINDOW.start + DAY)
    status, told = reads(world, "Observation", early)
    assert status == 200 and told is not None
    assert told["effectiveDateTime"].endswith("-04:00") and early["effectiveDateTime"].endswith("+02:00")
    assert reads(world, "Observation", told) == (304, None)
    assert reads(world, "Observation", late) == (304, None)


def test_what_another_identity_or_kind_opens_of_a_person_or_a_device_is_never_unchanged(world: World) -> None:
    world.grant(identity=Identity.VISIT)
    person = world.get(f"Patient/{world.patient_id(world.ada)}").json()
    device = world.search(f"Device?patient={world.patient_id(world.ada)}")[0]
    assert "identifier" not in person and "serialNumber" not in device
    for kind, held in (("Patient", person), ("Device", device)):
        assert reads(world, kind, held) == (304, None)
    world.clock.now += HOUR
    for old in grants.listed(world.db, world.ada):
        grants.revoke(world.db, old.grant.id)
    world.grant(kinds=WILDCARD | {Kind.SERIALS})
    for kind, held, opened in (("Patient", person, "identifier"), ("Device", device, "serialNumber")):
        status, told = reads(world, kind, held)
        assert status == 200 and told is not None and opened in told
