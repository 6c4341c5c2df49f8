"""Bundles and single resources of every kind, judged by fhir.resources and the HL7 CGM IG."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.consent.asked import Grain
from bridge.consent.disclosure import NOTICE, Origin
from bridge.consent.grant import Identity
from bridge.fhir.outcome import ABSENT, BROKEN, STATUSES, Problem, bad_parameter, problem
from bridge.fhir.render import JSON, Answered, FhirBytes
from bridge.reading import Flag, SourceClass, Stream, Unit
from tests.fhir import disclosed
from tests.fhir.disclosed import BASE, DEVICE, NOON, OWN_ORIGIN, PATIENT, SYSTEM, disclose, group
from tests.fhir.valid import follows_pattern, resources, valid

Columns: TypeAlias = "dict[str, NDArray[np.generic]]"

RENDERER = disclosed.renderer()
URL = f"{BASE}/Observation?patient={PATIENT}"
FLAGS = np.array([0, 1, 2, 5, 6, 8, 64, 65, 66, 256], np.uint16)
IG = "data/fhir/hl7.fhir.uv.cgm-1.0.0/StructureDefinition"


def everything(**changes: Any) -> Any:
    """A page of both streams in both units, with every mark, means, Device and Provenance."""
    size = len(FLAGS)
    at = np.arange(5 * size, dtype=np.int32)
    means: Columns = {
        "end": NOON + 3_600_000 * np.arange(1, size + 1, dtype=np.int64),
        "count": np.full(size, 9, np.int32),
        "expected": np.full(size, 12, np.int32),
        "off_scale": np.zeros(size, np.int32),
    }
    marked: Columns = {"flags": FLAGS}
    groups = [
        group(size, at=at[::5], columns=marked, provenance=True),
        group(size, at=at[1::5], columns=marked, unit=Unit.MMOL_L, scale=1, first=100, provenance=True),
        group(size, at=at[2::5], columns=marked, stream=Stream.CAPILLARY, first=200, provenance=True,
              device=None),
        group(size, at=at[3::5], grain=Grain.HOUR, columns=means, first=300, provenance=True),
        group(size, at=at[4::5], grain=Grain.DAY, unit=Unit.MMOL_L, scale=2, columns=means, first=400,
              provenance=True),
    ]  # fmt: skip
    return disclose(*groups, devices=(disclosed.device(),), **changes)


def bundle(content: FhirBytes) -> Any:
    return valid(content.body)


def test_a_page_of_everything_is_valid_r4() -> None:
    page = bundle(RENDERER.searchset(everything(), URL, include_devices=True, include_provenance=True))
    modes = [entry["search"]["mode"] for entry in page["entry"]]
    assert modes == ["match"] * 50 + ["include"] * 51
    assert len({entry["fullUrl"] for entry in page["entry"]}) == 101


def test_readings_and_means_follow_the_profiles_of_the_cgm_ig(shared: Path) -> None:
    page = bundle(RENDERER.searchset(everything(), URL))
    kinds = {
        "99504-3": "cgm-sensor-reading-mass-per-volume",
        "105272-9": "cgm-sensor-reading-moles-per-volume",
        "97507-8": "cgm-summary-mean-glucose-mass-per-volume",
        "105273-7": "cgm-summary-mean-glucose-moles-per-volume",
    }
    seen = set()
    for resource in resources(page, "Observation"):
        name = kinds.get(resource["code"]["coding"][0]["code"])
        if name is not None:
            seen.add(name)
            assert follows_pattern(resource, shared / f"{IG}-{name}.json"), resource
            assert "valueQuantity" in resource or "dataAbsentReason" in resource
    assert seen == set(kinds.values())


def test_every_resource_that_leaves_wears_its_source_class_and_that_the_patient_supplied_it() -> None:
    page = bundle(RENDERER.searchset(everything(), URL, include_devices=True, include_provenance=True))
    person = bundle(RENDERER.searchset(disclose(), URL, kind="Patient"))
    classes = {str(each) for each in SourceClass}
    for entry in page["entry"] + person["entry"]:
        codes = {tag["code"] for tag in entry["resource"]["meta"]["tag"]}
        assert "patient-supplied" in codes and codes & classes


def test_every_bundle_carries_the_same_notice_whether_or_not_anything_left() -> None:
    stream = RENDERER.stream(URL)
    _, (sent, _) = disclose(), RENDERER.transaction(disclose(), "Patient/1", {}, NOON)
    bundles = [
        RENDERER.searchset(everything(), URL).body,
        RENDERER.searchset(disclose(subject=None), URL).body,
        RENDERER.count_only(0, URL).body,
        RENDERER.batch_response([]).body,
        sent.body,
        bytes(stream.rows(disclose(group(1)))) + bytes(stream.tail()),
        bytes(RENDERER.stream(URL).tail()),
    ]
    history = RENDERER.history(disclose(group(1)), URL)
    assert history is not None
    notices = [valid(body)["meta"]["tag"] for body in (*bundles, history.body)]
    assert all(each == notices[0] for each in notices)
    assert notices[0][0]["display"] == NOTICE


# ------------------------------------------------------------------------------------------------ people


@pytest.mark.parametrize(
    ("identity", "elements"),
    [
        (Identity.FULL, {"identifier", "name", "birthDate"}),
        (Identity.VISIT, {"name", "birthDate"}),
        (Identity.PSEUDONYMOUS, set()),
        (Identity.DEIDENTIFIED, set()),
    ],
)
def test_a_patient_shows_what_the_identity_lets_show(identity: Identity, elements: set[str]) -> None:
    content = RENDERER.read(disclose(subject=disclosed.subject(identity)), "Patient")
    assert content is not None
    assert set(valid(content.body)) == {"resourceType", "id", "meta"} | elements


def test_a_patient_who_is_not_visible_is_absent() -> None:
    hidden = disclose(subject=None)
    assert RENDERER.read(hidden, "Patient") is None
    assert "entry" not in bundle(RENDERER.searchset(hidden, URL, kind="Patient"))


HOSTILE = '"}]},{"x":"\\" \u2028 </script> \x00\x1f\ud800 ü 💉 \n\t'


def test_hostile_names_are_text_wherever_they_stand() -> None:
    subject = disclosed.subject(name=HOSTILE)
    thing = disclosed.device(manufacturer=HOSTILE, model=HOSTILE, serial=HOSTILE, kind=HOSTILE)
    origin = Origin(HOSTILE, HOSTILE, NOON, OWN_ORIGIN.artifact, "ab" * 32, HOSTILE, HOSTILE)
    page = disclose(
        group(3, provenance=True, rows=True, origin=origin),
        devices=(thing,),
        owner=True,
        subject=subject,
    )
    url = f"{URL}&x={HOSTILE}"
    told = bundle(RENDERER.searchset(page, url, url, include_devices=True, include_provenance=True))
    assert len(told["entry"]) == 7
    person = bundle(RENDERER.searchset(page, URL, kind="Patient"))["entry"][0]["resource"]
    clean = HOSTILE.replace("\x00", "\ufffd").replace("\x1f", "\ufffd").replace("\ud800", "\ufffd")
    assert person["name"] == [{"text": clean}]
    assert resources(told, "Device")[0]["serialNumber"] == clean
    sent, _ = RENDERER.transaction(page, HOSTILE, {}, NOON)
    first = resources(bundle(sent), "Observation")[0]
    assert first["subject"]["reference"] == clean


# ----------------------------------------------------------------------------------------------- devices


def test_a_sensor_is_a_cgm_device_with_a_name_and_no_serial_unless_told(shared: Path) -> None:
    content = RENDERER.read(disclose(devices=(disclosed.device(kind="sensor"),)), "Device")
    assert content is not None and content.etag == 'W/"1"'
    thing = valid(content.body)
    assert thing["meta"]["profile"] == ["http://hl7.org/fhir/uv/cgm/StructureDefinition/cgm-device"]
    assert thing["deviceName"] == [{"name": "Dexcom G6", "type": "user-friendly-name"}]
    assert thing["identifier"] == [{"system": SYSTEM, "value": DEVICE}]
    assert thing["patient"] == {"reference": f"Patient/{PATIENT}"}
    assert "serialNumber" not in thing
    assert follows_pattern(thing, shared / f"{IG}-cgm-device.json")


def test_an_app_or_a_nameless_thing_is_no_cgm_device() -> None:
    for thing in (disclosed.device(kind="app"), disclosed.device(manufacturer="", model="")):
        content = RENDERER.read(disclose(devices=(thing,)), "Device")
        assert content is not None
        assert "profile" not in valid(content.body)["meta"]


def test_a_count_of_any_type_is_a_number_and_nothing_else() -> None:
    shown = disclose(group(2), devices=(disclosed.device(),), total=7)
    counts = {"Observation": 7, "Provenance": 7, "Device": 1, "Patient": 1}
    for kind, count in counts.items():
        told = bundle(RENDERER.counted(shown, URL, kind))
        assert told["total"] == count and "entry" not in told
    assert bundle(RENDERER.counted(disclose(subject=None, total=0), URL, "Patient"))["total"] == 0


def test_a_search_of_devices_finds_the_disclosed_ones() -> None:
    page = disclose(devices=(disclosed.device(serial="8G1234"),))
    found = resources(bundle(RENDERER.searchset(page, URL, kind="Device")), "Device")
    assert [each["serialNumber"] for each in found] == ["8G1234"]
    assert found[0]["meta"]["tag"][1]["code"] == "unknown"


# -------------------------------------------------------------------------------------------- provenance


def test_a_recipient_learns_route_class_revision_and_an_evidence_id_and_no_more() -> None:
    page = disclose(group(3, provenance=True, origin=OWN_ORIGIN, rows=True))
    content = RENDERER.searchset(page, URL, kind="Provenance")
    found = resources(bundle(content), "Provenance")
    assert len(found) == 3
    one = found[0]
    assert one["entity"] == [
        {"role": "source", "what": {"identifier": {"system": SYSTEM, "value": one["id"]}}}
    ]
    who = [agent["who"]["display"] for agent in one["agent"]]
    assert who == ["Dexcom Clarity export", "cgm-bridge, adapter dexcom-clarity, mapping revision 0a1b2c3d"]
    assert one["target"] == [{"reference": "Observation/c0000000-0000-0000-0000-000000000000"}]
    text = bytes(content)
    for secret in (OWN_ORIGIN.sha256, OWN_ORIGIN.artifact, "export.csv", "#row", '"clarity"', "occurred"):
        assert str(secret).encode() not in text


def test_the_owner_is_led_to_the_row_of_the_kept_file() -> None:
    page = disclose(group(3, provenance=True, origin=OWN_ORIGIN, rows=True), owner=True)
    found = resources(bundle(RENDERER.searchset(page, URL, kind="Provenance")), "Provenance")
    rows = [each["entity"][1]["what"]["identifier"]["value"] for each in found]
    assert rows == [f"{OWN_ORIGIN.artifact}#row={row}" for row in (2, 3, 4)]
    assert found[0]["entity"][2]["what"]["identifier"]["value"] == f"nih:sha-256;{'ab' * 32}"
    assert found[0]["occurredDateTime"] == "2026-03-01T10:00:00.000Z"
    assert found[0]["entity"][1]["what"]["display"] == 'Åsa "export".csv (clarity)'


def test_a_mean_comes_from_many_readings_and_names_no_single_origin() -> None:
    page = everything()
    found = resources(bundle(RENDERER.searchset(page, URL, include_provenance=True)), "Provenance")
    assert {len(each["agent"]) for each in found} == {2}
    means = replace(page.groups[3], origins=(), at=np.arange(len(FLAGS), dtype=np.int32))
    told = bundle(RENDERER.searchset(disclose(means), URL, kind="Provenance"))
    assert {len(each["agent"]) for each in resources(told, "Provenance")} == {1}


def test_provenance_that_was_not_asked_for_is_our_own_fault() -> None:
    with pytest.raises(ValueError, match="not asked for"):
        RENDERER.searchset(disclose(group(1)), URL, include_provenance=True)


# --------------------------------------------------------------------------------------------- instances


def test_a_read_names_its_state_in_etag_and_last_modified() -> None:
    content = RENDERER.read(disclose(group(1, version=np.array([2], np.uint8))), "Observation")
    assert content is not None
    resource = valid(content.body)
    assert content.etag == f'W/"{resource["meta"]["versionId"]}"' and content.etag.startswith('W/"3-')
    assert content.last_modified == NOON and resource["status"] == "corrected"


def test_a_version_is_found_among_the_disclosed_ones_only() -> None:
    versions = np.array([1, 0], np.uint8)
    told = group(2, version=versions, last_updated=np.array([NOON, NOON - 9_000], np.int64))
    page = disclose(told, owner=False)
    newest = RENDERER.read(page, "Observation")
    assert newest is not None and newest.etag is not None
    revision = newest.etag[5:-1]
    assert newest.etag.startswith('W/"2-')
    first = RENDERER.read(page, "Observation", version=f"1-{revision}")
    assert first is not None and valid(first.body)["meta"]["versionId"] == f"1-{revision}"
    assert RENDERER.read(page, "Observation", version=f"3-{revision}") is None
    assert RENDERER.read(page, "Observation", version="1-00000000") is None


@pytest.mark.parametrize("kind", ["Observation", "Provenance", "Device"])
def test_what_was_not_disclosed_is_absent(kind: str) -> None:
    assert RENDERER.read(disclose(), kind) is None


def test_a_history_tells_the_newest_first_and_what_happened() -> None:
    page = disclose(group(2, version=np.array([1, 0], np.uint8)))
    content = RENDERER.history(page, f"{URL}/_history")
    assert content is not None
    told = bundle(content)
    assert told["type"] == "history"
    assert [entry["request"]["method"] for entry in told["entry"]] == ["PUT", "POST"]
    assert [entry["response"]["status"] for entry in told["entry"]] == ["200", "201"]
    assert RENDERER.history(disclose(), URL) is None


# ------------------------------------------------------------------------------------------------ others


def test_a_batch_response_answers_in_order_and_keeps_each_content_whole() -> None:
    page = RENDERER.searchset(disclose(group(2)), URL)
    one = RENDERER.read(disclose(group(1)), "Observation")
    absent = RENDERER.problem(ABSENT)
    told = bundle(RENDERER.batch_response([Answered(200, page), Answered(404, absent), Answered(200, one)]))
    assert [entry["response"]["status"] for entry in told["entry"]] == ["200 OK", "404 Not Found", "200 OK"]
    assert told["entry"][0]["resource"] == valid(page.body)
    assert told["entry"][1]["response"]["outcome"]["issue"][0]["code"] == "not-found"
    assert told["entry"][2]["response"]["etag"] == one.etag if one else False


def test_every_problem_is_a_valid_operation_outcome() -> None:
    problems = [problem(status, "Something.") for status in STATUSES]
    problems += [ABSENT, BROKEN, bad_parameter("date", 'no "date"')]
    for each in problems:
        told = valid(RENDERER.problem(each).body)
        assert told["issue"][0]["diagnostics"] == each.sentence


def test_a_problem_outside_the_vocabulary_cannot_be_made() -> None:
    for status, code, sentence in ((418, "invalid", "x"), (400, "teapot", "x"), (400, "invalid", "")):
        with pytest.raises(ValueError, match="no such problem"):
            Problem(status, code, sentence)


def test_fhir_bytes_are_made_by_the_renderer_alone() -> None:
    with pytest.raises(TypeError, match="only the renderer"):
        FhirBytes(object(), b"{}", JSON)
    with pytest.raises(TypeError, match="no subclasses"):
        type("Mine", (FhirBytes,), {})


def test_a_retracted_reading_leaves_without_a_value() -> None:
    marked = {"flags": np.array([Flag.RETRACTED], np.uint16)}
    content = RENDERER.read(disclose(group(1, columns=marked)), "Observation")
    assert content is not None
    resource = valid(content.body)
    assert resource["status"] == "entered-in-error" and "valueQuantity" not in resource
