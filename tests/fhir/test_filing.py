"""Transaction Bundles: created once, corrected in place, never with a Patient."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.fhir.render import Known
from bridge.reading import Flag, Stream, Unit
from tests.fhir import disclosed, naive
from tests.fhir.disclosed import DEVICE, NOON, SYSTEM, disclose, group
from tests.fhir.valid import resources, valid

RENDERER = disclosed.renderer()
CHART = "Patient/chart-7"


def name(place: int) -> str:
    return naive.hexid(disclosed.ids(1, place)[0])


def filed(disclosure: Any, known: dict[str, Known] | None = None) -> tuple[Any, Any]:
    content, sent = RENDERER.transaction(disclosure, CHART, known or {}, NOON)
    return valid(content.body), sent


def test_new_readings_are_created_once_by_our_identifier() -> None:
    bundle, sent = filed(disclose(group(3, device=None)))
    assert (bundle["type"], bundle["timestamp"]) == ("transaction", "2026-03-01T10:00:00.000Z")
    for place, entry in enumerate(bundle["entry"]):
        resource = entry["resource"]
        assert entry["fullUrl"] == f"urn:uuid:{name(place)}"
        once = f"identifier={SYSTEM}|{name(place)}"
        assert entry["request"] == {"method": "POST", "url": "Observation", "ifNoneExist": once}
        assert resource["identifier"] == [{"system": SYSTEM, "value": name(place)}]
        assert resource["subject"] == {"reference": CHART}
        assert "id" not in resource and not {"versionId", "lastUpdated"} & set(resource["meta"])
    assert [(each.id, each.method) for each in sent] == [(name(place), "POST") for place in range(3)]
    assert {each.version[:2] for each in sent} == {"1-"}


def test_what_the_receiver_holds_is_corrected_in_its_place_under_its_etag() -> None:
    known = {
        name(1): Known("Observation/88", 'W/"4"'),
        name(2): Known("https://ehr.example/r4/Observation/89"),
    }
    bundle, sent = filed(disclose(group(4, version=np.array([0, 1, 1, 0], np.uint8))), known)
    requests = [entry["request"] for entry in bundle["entry"]]
    assert [each["method"] for each in requests] == ["POST", "PUT", "PUT", "POST"]
    assert requests[1] == {"method": "PUT", "url": "Observation/88", "ifMatch": 'W/"4"'}
    assert requests[2] == {"method": "PUT", "url": "Observation/89"}
    put = bundle["entry"][1]["resource"]
    assert (put["id"], put["status"]) == ("88", "corrected")
    assert put["valueQuantity"]["value"] == 101
    assert [each.method for each in sent] == ["POST", "PUT", "PUT", "POST"]


def test_a_retraction_reaches_who_has_it_and_is_never_created() -> None:
    marked = {"flags": np.array([0, Flag.RETRACTED, Flag.RETRACTED, 0], np.uint16)}
    bundle, sent = filed(disclose(group(4, columns=marked)), {name(1): Known("Observation/88")})
    assert [each.id for each in sent] == [name(0), name(1), name(3)]
    gone = bundle["entry"][1]["resource"]
    assert gone["status"] == "entered-in-error" and "valueQuantity" not in gone
    assert bundle["entry"][1]["request"]["method"] == "PUT"


def test_rows_of_several_groups_keep_the_order_of_the_page() -> None:
    at = np.arange(6, dtype=np.int32)
    page = disclose(group(3, at=at[1::2]), group(3, at=at[::2], first=10))
    bundle, sent = filed(page, {name(11): Known("Observation/5")})
    told = [entry["resource"]["identifier"][0]["value"] for entry in bundle["entry"]]
    assert told == [name(10), name(0), name(11), name(1), name(12), name(2)]
    assert [each.id for each in sent] == told


def test_a_device_is_created_once_and_named_by_its_entry() -> None:
    bundle, sent = filed(disclose(group(2), devices=(disclosed.device(),)))
    device, *readings = [entry["resource"] for entry in bundle["entry"]]
    assert device["patient"] == {"reference": CHART} and "id" not in device
    assert bundle["entry"][0]["request"]["ifNoneExist"] == f"identifier={SYSTEM}|{DEVICE}"
    assert [each["device"] for each in readings] == [{"reference": f"urn:uuid:{DEVICE}"}] * 2
    assert [each.kind for each in sent] == ["Device", "Observation", "Observation"]


def test_a_device_that_the_receiver_holds_is_named_there() -> None:
    bundle, sent = filed(disclose(group(1), devices=(disclosed.device(),)), {DEVICE: Known("Device/9")})
    assert [each.kind for each in sent] == ["Observation"]
    assert resources(bundle, "Observation")[0]["device"] == {"reference": "Device/9"}


def test_a_device_that_is_not_shown_is_named_by_identifier_alone() -> None:
    bundle, _ = filed(disclose(group(1)))
    device = resources(bundle, "Observation")[0]["device"]
    assert device == {"type": "Device", "identifier": {"system": SYSTEM, "value": DEVICE}}


def test_no_patient_is_ever_sent() -> None:
    bundle, _ = filed(disclose(group(2), devices=(disclosed.device(),)))
    assert not resources(bundle, "Patient")
    assert disclosed.PATIENT not in str(bundle)


def test_a_delivery_of_nothing_is_a_bundle_without_entries() -> None:
    bundle, sent = filed(disclose())
    assert "entry" not in bundle and sent == ()


@pytest.mark.parametrize("reference", ["", "Observation/", "Observation/a b", "Observation/" + "x" * 65])
def test_a_reference_without_an_id_is_refused(reference: str) -> None:
    with pytest.raises(ValueError, match="ends in an id"):
        filed(disclose(group(1)), {name(0): Known(reference)})


def versions(filing: Any) -> list[str]:
    return [each.version.removesuffix(f"-{revision(filing)}") for each in filing[1]]


def revision(filing: Any) -> str:
    return str(filing[1][0].version).partition("-")[2][:8]


@pytest.mark.parametrize("content", [None, np.array([0, 7, 1 << 31], np.uint32)])
def test_what_is_whole_is_filed_under_its_number_alone_whatever_tells_its_contents_apart(
    content: Any,
) -> None:
    sent = filed(disclose(replace(group(3, version=np.array([0, 1, 2], np.uint8)), content=content)))
    assert versions(sent) == ["1", "2", "3"]


def test_what_a_copy_lacks_or_says_beside_is_in_the_version_it_is_filed_under_and_in_nothing_sent() -> None:
    starts = NOON + 3_600_000 * np.arange(3, dtype=np.int64)
    columns: dict[str, NDArray[np.generic]] = {
        "instant": starts,
        "end": starts + 3_600_000,
        "cut": np.array([0, 2, 3], np.uint8),
        "text": np.array(["", "", "late meal"], object),
    }
    carbs = replace(
        group(3, stream=Stream.CARBS, unit=Unit.GRAMS, device=None, columns=columns),
        content=np.array([1, 0x8000000A, 0x8000000B], np.uint32),
    )
    bundle, sent = filed(disclose(carbs))
    told = [each.version.partition("-")[2][8:] for each in sent]
    assert told == ["~d", "~d~e3600000.8000000a", "+n~d~b3600000.8000000b"]
    assert "~" not in str(bundle)
