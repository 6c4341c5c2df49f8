"""Searches that narrow by identifier, status, amount and type, over HTTP: among open rows alone (L9, L11)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from bridge.consent import grants
from bridge.consent.asked import Grain
from bridge.reading import Device, Flag, Readings, SeriesKey, SourceClass, Stream, Unit
from tests.web.pumped import pumped
from tests.web.world import SERIAL, STEP, WINDOW, World, glucose, leaks, outcome, resources

UCUM = "http://unitsofmeasure.org"
CGM = "code=http://loinc.org|99504-3"


@pytest.fixture
def shared(world: World) -> World:
    pumped(world)
    world.grant()
    return world


def found(world: World, rest: str, kind: str = "Observation", **more: Any) -> list[dict[str, Any]]:
    return world.search(f"{kind}?patient={world.patient_id(world.ada)}&{rest}", **more)


def said(text: str) -> str:
    return quote(text, safe="=")


def test_an_amount_selects_among_the_open_readings(shared: World) -> None:
    high = found(shared, f"{CGM}&" + said(f"value-quantity=gt270|{UCUM}|mg/dL"))
    expected = [each for each in shared.shown() if each.value > 270]
    assert [each["id"] for each in high] == [shared.observation_id(each) for each in expected]
    assert expected and len(expected) < len(shared.shown())


def test_an_amount_that_only_hidden_readings_have_finds_nothing_and_counts_nothing(shared: World) -> None:
    answer = shared.get(
        f"Observation?patient={shared.patient_id(shared.ada)}&{CGM}&value-quantity=333&_total=accurate"
    )
    assert answer.json()["total"] == 0 and not leaks(shared, answer)
    again = [each["id"] for each in found(shared, f"{CGM}&value-quantity=100,120")]
    assert again == [shared.observation_id(each) for each in shared.shown() if each.value in (100, 120)]


def test_amounts_are_searched_in_their_own_unit(shared: World) -> None:
    molar = found(shared, said(f"value-quantity=lt100|{UCUM}|mmol/L"))
    assert molar and {each["valueQuantity"]["code"] for each in molar} == {"mmol/L"}
    mass = found(shared, said(f"value-quantity=lt100|{UCUM}|mg/dL"))
    assert mass and {each["valueQuantity"]["code"] for each in mass} == {"mg/dL"}
    both = found(
        shared, said(f"value-quantity=lt100|{UCUM}|mg/dL") + "&" + said(f"value-quantity=lt100|{UCUM}|mmol/L")
    )
    assert both == []


def test_several_amounts_narrow_and_pages_and_totals_agree(shared: World) -> None:
    rest = f"{CGM}&value-quantity=ge150&value-quantity=lt160"
    expected = [each for each in shared.shown() if 150 <= each.value < 160]
    assert len(found(shared, f"{rest}&_count=7")) == len(expected) > 20
    counted = shared.get(f"Observation?patient={shared.patient_id(shared.ada)}&{rest}&_summary=count")
    assert counted.json()["total"] == len(expected)


def test_means_are_searched_by_their_own_amount(world: World) -> None:
    world.grant(grain=Grain.HOUR)
    hours = found(world, "")
    some = found(world, "value-quantity=gt200")
    assert 0 < len(some) < len(hours)
    assert [each for each in hours if each.get("valueQuantity", {}).get("value", 0) > 200] == some


@pytest.mark.parametrize(
    "rest", ["value-quantity=", "value-quantity=x", "value-quantity=1|2|3|4", "value-quantity:not=1"]
)
def test_an_amount_that_cannot_be_read_is_refused_however_lenient(shared: World, rest: str) -> None:
    path = f"Observation?patient={shared.patient_id(shared.ada)}&{said(rest)}"
    answer = shared.get(path, headers={"Prefer": "handling=lenient"})
    assert answer.status_code == 400 and outcome(answer)


def test_an_identifier_is_found_under_our_system_alone(shared: World) -> None:
    shown, hidden = shared.observation_id(shared.shown()[5]), shared.observation_id(shared.hidden()[5])
    system = shared.renderer.system
    assert [each["id"] for each in found(shared, said(f"identifier={system}|{shown}"))] == [shown]
    assert found(shared, said(f"identifier={system}|{hidden}")) == []
    assert found(shared, said(f"identifier=urn:other|{shown}")) == []
    (device,) = found(shared, said(f"_id={first(shared, 'Device')}"), "Device")
    assert found(shared, said(f"identifier={system}|{device['id']}"), "Device") == [device]
    (sensor,) = found(shared, said(f"identifier={system}|{first(shared, 'DeviceMetric')}"), "DeviceMetric")
    assert sensor["identifier"] == [{"system": system, "value": sensor["id"]}]


def dearer(readings: Readings) -> None:
    """The same readings, five more each."""
    values: Any = readings.columns["value"]
    values += 5


def first(world: World, kind: str) -> str:
    return str(found(world, "", kind)[0]["id"])


def test_a_status_is_what_this_asker_saw_change(world: World) -> None:
    world.grant()
    assert found(world, f"{CGM}&status=corrected") == []
    some = world.shown()[10:13]
    amended = glucose([each.instant for each in some], SERIAL)
    world.clock.now += STEP
    dearer(amended)
    world.upload(world.ada, amended)
    corrected = found(world, f"{CGM}&status=corrected")
    assert [each["id"] for each in corrected] == [world.observation_id(each) for each in some]
    assert {each["status"] for each in corrected} == {"corrected"}
    final = found(world, f"{CGM}&" + said("status=http://hl7.org/fhir/observation-status|final"))
    assert {each["status"] for each in final} == {"final"}
    whole = found(world, CGM)
    assert len(final) + len(corrected) == len(whole)
    assert len(found(world, f"{CGM}&status=final,corrected")) == len(whole)
    assert found(world, f"{CGM}&status=preliminary") == []


def test_what_was_amended_before_the_grant_is_final(world: World) -> None:
    amended = glucose([each.instant for each in world.shown()[10:13]], SERIAL)
    dearer(amended)
    world.upload(world.ada, amended)
    world.clock.now += STEP
    world.grant()
    assert found(world, f"{CGM}&status=corrected") == []


def test_a_retracted_reading_is_searched_by_its_status_by_who_held_it(world: World) -> None:
    key = SeriesKey(Stream.GLUCOSE, "dexcom-clarity", "LATE", Unit.MG_DL, 0)
    at = np.array([WINDOW.start + 90_000], np.int64)

    def late(flags: int) -> Readings:
        columns: dict[str, Any] = {
            "instant": at, "value": np.array([201]), "row": np.array([2], np.int32),
            "flags": np.array([flags], np.uint16),
        }  # fmt: skip
        return Readings(key, columns, Device("Dexcom", "G6", "LATE", kind="transmitter"), SourceClass.MAKER)

    world.upload(world.ada, late(0))
    grant = world.grant()
    assert len(found(world, "value-quantity=201&date=lt2026-09-08T00:02:00%2B02:00")) == 1
    world.clock.now += STEP
    world.upload(world.ada, late(int(Flag.RETRACTED)))
    (gone,) = found(world, "status=entered-in-error")
    assert gone["status"] == "entered-in-error" and "valueQuantity" not in gone
    assert found(world, "value-quantity=201&date=lt2026-09-08T00:02:00%2B02:00") == []
    grants.revoke(world.db, grant)
    assert found(world, "status=entered-in-error") == []


def test_doses_are_searched_by_status_and_identifier(shared: World) -> None:
    kind = "MedicationAdministration"
    stopped = found(shared, "status=stopped", kind)
    assert {each["status"] for each in stopped} == {"stopped"}
    (same,) = found(shared, said(f"identifier={shared.renderer.system}|{stopped[0]['id']}"), kind)
    assert same == stopped[0]


def test_devices_are_searched_by_what_they_are(shared: World) -> None:
    pumps = found(shared, "type=69805005", "Device")
    assert len(pumps) == 1 and pumps[0]["manufacturer"] == "Tandem"
    assert found(shared, said("type=http://snomed.info/sct|69805005"), "Device") == pumps
    assert found(shared, said("type=urn:iso:std:iso:11073:10101|69805005"), "Device") == []
    both = found(shared, "type=69805005,337414009", "Device")
    assert len(both) == 2
    assert found(shared, "type=69805005&type=337414009", "Device") == []
    assert found(shared, "type=nothing", "Device") == []
    assert len(found(shared, "", "Device")) > 2


def test_a_device_of_a_kind_that_shares_nothing_is_not_found_by_its_kind(world: World) -> None:
    pumped(world)
    world.grant(kinds=frozenset({"glucose", "device"}))
    assert found(world, "type=69805005", "Device") == []
    assert len(found(world, "", "Device")) == 1
    path = f"Device?patient={world.patient_id(world.bob)}&type=69805005"
    assert resources(world.get(path).json()) == []
