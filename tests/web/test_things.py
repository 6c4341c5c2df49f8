"""Devices and sensors over HTTP: one physical device is one Device; calibrations are told with their kinds alone."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from bridge.consent import grants
from bridge.consent.asked import WILDCARD, Grain, Kind
from bridge.fhir.parameters import OUR_PATIENT
from bridge.period import DAY, HOUR, PeriodSet
from bridge.reading import (
    CalibrationKind,
    Device,
    EventKind,
    Flag,
    Readings,
    SeriesKey,
    SourceClass,
    Stream,
    Unit,
)  # fmt: skip
from bridge.store.ids import Name
from tests.fhir.plain_xml import of_json, of_xml
from tests.fhir.valid import valid
from tests.web.world import (
    CANARY,
    NOW,
    PROJECT,
    SERIAL,
    WINDOW,
    World,
    glucose,
    leaks,
    outcome,
    resources,
    rows_of,
)  # fmt: skip

FAMILY = "dexcom-clarity"
WORN = Device("Dexcom", "G6", SERIAL, kind="transmitter")
HIDDEN_HOUR = "T02:37:11"
INSIDE = WINDOW.start + 2 * DAY


def calibrations(world: World) -> Readings:
    """Fingersticks entered into the sensor: a hidden one before the window, and in it one that was taken, one refused,
    one that nobody told of, one at a time that is not certain, one retracted."""
    hidden = WINDOW.start - 20 * HOUR + 37 * 60_000 + 11_000
    at = np.array([hidden, *(INSIDE + step * HOUR for step in range(5))], np.int64)
    kinds = [CalibrationKind.ACCEPTED] * 6
    kinds[2], kinds[3] = CalibrationKind.REFUSED, CalibrationKind.UNKNOWN
    flags = [0, 0, 0, 0, Flag.UNCERTAIN, Flag.RETRACTED]
    columns: dict[str, Any] = {
        "instant": at, "value": np.array([CANARY, 120, 121, 122, 123, 124]),
        "kind": np.array(kinds, np.uint16), "flags": np.array(flags, np.uint16), "row": rows_of(at),
        "bound": np.where(np.array(flags) == Flag.UNCERTAIN, 1000, 0).astype(np.int32),
    }  # fmt: skip
    return Readings(
        SeriesKey(Stream.CALIBRATION, FAMILY, SERIAL, Unit.MG_DL, 0), columns, WORN, SourceClass.MAKER
    )


def events() -> Readings:
    at = np.array([WINDOW.start + DAY], np.int64)
    columns: dict[str, Any] = {
        "instant": at, "value": np.zeros(1, np.int64), "kind": np.array([EventKind.SIGNAL_LOSS], np.uint16),
        "row": rows_of(at),
    }  # fmt: skip
    return Readings(SeriesKey(Stream.EVENT, FAMILY, SERIAL, Unit.NONE, 0), columns, WORN, SourceClass.MAKER)


@pytest.fixture
def worn(world: World) -> World:
    """Ada's sensor with its calibrations and events."""
    world.upload(world.ada, calibrations(world), events())
    return world


def things(world: World, kind: str, rest: str = "", **more: Any) -> list[dict[str, Any]]:
    return world.search(
        f"{kind}?patient={world.patient_id(world.ada)}" + (f"&{rest}" if rest else ""), **more
    )


# --------------------------------------------------------------------------------------------- Device


def test_one_device_is_one_device_whatever_streams_of_it_there_are(worn: World) -> None:
    worn.grant(kinds=WILDCARD | {Kind.SERIALS})
    mine = [each for each in things(worn, "Device") if each.get("serialNumber") == SERIAL]
    assert len(mine) == 1
    rest = f"device=Device/{mine[0]['id']}&_count=1000"
    codes = {each["code"]["coding"][0]["code"] for each in things(worn, "Observation", rest)}
    assert {"99504-3", "8418036", "8418060.20"} <= codes


def test_a_device_of_two_sources_is_one_where_both_tell_its_serial(world: World) -> None:
    key = SeriesKey(Stream.GLUCOSE, "libreview", "theirs", Unit.MG_DL, 0)
    mine = glucose([WINDOW.start + 17 * 60_000], SERIAL)
    other = Readings(
        key, dict(mine.columns), Device("", "", SERIAL.lower(), kind="transmitter"), SourceClass.FOLLOWER
    )
    world.upload(world.ada, other)
    world.grant(kinds=WILDCARD | {Kind.SERIALS})
    serials = [each.get("serialNumber") for each in things(world, "Device")]
    assert serials.count(SERIAL) == 1 and SERIAL.lower() not in serials


def test_what_a_hidden_source_tells_of_a_shared_device_stays_hidden(world: World) -> None:
    key = SeriesKey(Stream.GLUCOSE, "libreview", "theirs", Unit.MG_DL, 0)
    mine = glucose([WINDOW.start + 17 * 60_000], SERIAL)
    other = Readings(
        key, dict(mine.columns), Device("", "", SERIAL, kind="transmitter"), SourceClass.FOLLOWER
    )
    world.upload(world.ada, other)
    world.grant(sources=frozenset({"libreview"}))
    (device,) = [e for e in things(world, "Device") if "700585005" in str(e["type"])]
    assert "manufacturer" not in device and "deviceName" not in device
    assert world.get(f"Device/{device['id']}").json() == device


def test_devices_say_what_they_are_in_official_codes(worn: World) -> None:
    worn.grant()
    told = {str(each["type"]) for each in things(worn, "Device")}
    assert any("700585005" in each for each in told) and any("337414009" in each for each in told)


# --------------------------------------------------------------------------------------- DeviceMetric


def test_a_sensor_tells_its_permitted_calibrations(worn: World) -> None:
    worn.grant()
    (metric,) = [each for each in things(worn, "DeviceMetric") if "calibration" in each]
    assert valid_metric(metric)
    times = [each.get("time") for each in metric["calibration"]]
    states = [each["state"] for each in metric["calibration"]]
    assert times == [None, "2026-09-09T22:00:00.000Z", "2026-09-10T00:00:00.000Z"]
    assert states == ["calibrated", "calibrated", "unspecified"]
    assert {each["type"] for each in metric["calibration"]} == {"unspecified"}
    assert metric["type"]["coding"] == [{"system": "urn:iso:std:iso:11073:10101", "code": "160212"}]
    assert metric["unit"]["coding"][0]["code"] == "mg/dL" and metric["category"] == "measurement"
    assert "operationalStatus" not in metric


def valid_metric(metric: dict[str, Any]) -> bool:
    return bool(valid(json.dumps(metric).encode()))


def test_a_sensor_leads_to_its_device_and_back(worn: World) -> None:
    worn.grant()
    (metric,) = [each for each in things(worn, "DeviceMetric") if "calibration" in each]
    source = metric["source"]["reference"]
    answer = worn.get(
        f"DeviceMetric?patient={worn.patient_id(worn.ada)}&source={source}&_include=DeviceMetric:source"
    )
    assert [each["id"] for each in resources(answer.json())] == [metric["id"]]
    (device,) = resources(answer.json(), "include")
    assert source == f"Device/{device['id']}"
    back = worn.get(
        f"Device?patient={worn.patient_id(worn.ada)}&_id={device['id']}&_revinclude=DeviceMetric:source"
    )
    assert resources(back.json(), "include") == [metric]
    assert worn.get(f"DeviceMetric/{metric['id']}").json() == metric
    hddt = "_include=Observation:device&_include:iterate=DeviceMetric:source&_count=1"
    assert worn.get(f"Observation?patient={worn.patient_id(worn.ada)}&{hddt}").status_code == 200


@pytest.mark.parametrize(
    "kinds", [{Kind.GLUCOSE}, {Kind.GLUCOSE, Kind.DEVICE}, {Kind.GLUCOSE, Kind.CAPILLARY}]
)
def test_a_sensor_needs_the_kinds_device_and_capillary(worn: World, kinds: set[Kind]) -> None:
    name = worn.db.ids.one("DeviceMetric", metric_name(worn))
    never = worn.get(f"DeviceMetric/{'0' * 8}-0000-0000-0000-{'0' * 12}")
    worn.grant(kinds=frozenset(kinds))
    assert things(worn, "DeviceMetric") == []
    refused = worn.get(f"DeviceMetric/{name}")
    assert (refused.status_code, refused.content) == (404, never.content)
    worn.grant(kinds=frozenset({Kind.GLUCOSE, Kind.DEVICE, Kind.CAPILLARY}))
    assert worn.get(f"DeviceMetric/{name}").status_code == 200


def metric_name(world: World) -> Any:
    series = min(each.series for each in world.shown())
    return Name(world.ada, series, 0, 0)


def test_calibrations_outside_the_window_are_not_told_by_any_way(worn: World) -> None:
    grant = worn.grant()
    patient = worn.patient_id(worn.ada)
    paths = [
        f"DeviceMetric?patient={patient}", f"Patient/{patient}/$everything?_type=DeviceMetric",
        f"Device?patient={patient}&_revinclude=DeviceMetric:source",
    ]  # fmt: skip
    for path in paths:
        answer = worn.get(path)
        assert HIDDEN_HOUR not in answer.text and not leaks(worn, answer) and "160212" in answer.text
    grants.revoke(worn.db, grant)
    worn.grant(periods=PeriodSet.between(WINDOW.start - 5 * DAY, NOW))
    assert HIDDEN_HOUR in worn.get(paths[0]).text


def test_a_sensor_of_means_is_a_sensor(worn: World) -> None:
    worn.grant(grain=Grain.HOUR)
    assert all("calibration" not in each for each in things(worn, "DeviceMetric"))


def test_the_sensor_in_xml_is_the_sensor_in_json(worn: World) -> None:
    worn.grant()
    (metric,) = [each for each in things(worn, "DeviceMetric") if "calibration" in each]
    in_json = worn.get(f"DeviceMetric/{metric['id']}")
    in_xml = worn.get(f"DeviceMetric/{metric['id']}", headers={"Accept": "application/fhir+xml"})
    assert of_xml(in_xml.content) == of_json(in_json.content)


def test_a_new_calibration_is_a_new_version(worn: World) -> None:
    worn.grant()
    path = f"DeviceMetric/{worn.db.ids.one('DeviceMetric', metric_name(worn))}"
    before = worn.get(path)
    assert worn.get(path, headers={"If-None-Match": before.headers["etag"]}).status_code == 304
    at = np.array([INSIDE + 3 * DAY], np.int64)
    key = SeriesKey(Stream.CALIBRATION, FAMILY, SERIAL, Unit.MG_DL, 0)
    columns: dict[str, Any] = {"instant": at, "value": np.array([99]), "row": rows_of(at)}
    worn.clock.now += HOUR
    worn.upload(worn.ada, Readings(key, columns, WORN, SourceClass.MAKER))
    after = worn.get(path, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.json()["meta"]["lastUpdated"] > before.json()["meta"]["lastUpdated"]


def test_a_search_for_sensors_names_one_patient_and_what_it_does_not_know_finds_nothing(worn: World) -> None:
    worn.grant()
    for path in ("DeviceMetric", "DeviceMetric?type=160212", f"DeviceMetric?_id={'0' * 36}"):
        answer = worn.get(path)
        assert answer.status_code == 400 and outcome(answer)
    assert things(worn, "DeviceMetric", "type=160212") and things(worn, "DeviceMetric", "type=1") == []
    assert things(worn, "DeviceMetric", "source=Device/x") == []
    assert worn.get(f"DeviceMetric?patient={worn.patient_id(worn.bob)}").json()["total"] == 0


def test_a_sensor_is_behind_its_scope(worn: World) -> None:
    worn.grant()
    narrow = worn.token(scope="system/Device.rs")
    patient = worn.patient_id(worn.ada)
    assert worn.get(f"DeviceMetric?patient={patient}", token=narrow).status_code == 403
    assert (
        worn.get(f"Device?patient={patient}&_revinclude=DeviceMetric:source", token=narrow).status_code == 403
    )
    assert worn.get(f"Device?patient={patient}", token=narrow).status_code == 200


def test_our_search_parameter_is_the_one_that_the_statement_names() -> None:
    path = PROJECT / "conformance" / "fhir" / "SearchParameter-DeviceMetric-patient.json"
    parameter = valid(path.read_bytes())
    assert parameter["url"] == OUR_PATIENT and parameter["base"] == ["DeviceMetric"]
    assert OUR_PATIENT in (path.parent / "CapabilityStatement.json").read_text("utf-8")
