"""What operations and chunks of a day give, judged by HAPI's validator with R4, the CGM guide and gematik HDDT.

Law: as `test_ours_is_valid.py`: from one person who has something of every stream, through grant, gate and renderer, in
JSON and in XML. Here whole Bundles are judged too, because references lead from one resource to another in them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.app import Bridge
from bridge.consent.asked import Asked, Newest, Way
from bridge.consent.permit import OwnerPermit, Permit
from bridge.consent.reporting import Reporting
from bridge.fhir.render import JSON, XML, Notation, Wanted
from bridge.period import DAY, MINUTE, Period
from bridge.reading import CalibrationKind, Device, Flag, Readings, SeriesKey, SourceClass, Stream, Unit
from bridge.settings import shipped
from bridge.store.patients import add as add_patient
from tests.peers.everything import BEGINS, FAMILY, absorbed
from tests.peers.everything import everything as laid_in
from tests.peers.test_ours_is_valid import PER_KIND, entries, granted, house, judged, tolerated
from tests.peers.validator import Validator

__all__ = ["house"]

WORN = Device("Abbott", "FreeStyle Libre 3", "W-1", kind="sensor")
TYPES = frozenset(
    {"Patient", "Device", "DeviceMetric", "Observation", "MedicationAdministration", "Provenance"}
)


def worn() -> Iterator[Readings]:
    """Two days of a sensor in each unit, with jitter, pauses, both ends of its range, and its calibrations."""
    for place, (unit, scale) in enumerate(((Unit.MG_DL, 0), (Unit.MMOL_L, 1))):
        count = 2 * 288
        at = (
            BEGINS
            + place * 3 * DAY
            + 5 * MINUTE * np.arange(count, dtype=np.int64)
            + np.arange(count) % 3 * 999
        )
        flags = np.zeros(count, np.uint16)
        flags[7:9], flags[40:41], flags[100:104] = Flag.LOW, Flag.HIGH | Flag.INCLUSIVE, Flag.NO_VALUE
        key = SeriesKey(Stream.GLUCOSE, FAMILY, f"worn/{place}", unit, scale)
        columns = {
            "instant": at, "value": 90 + np.arange(count) % 50, "flags": flags,
            "row": np.arange(2, count + 2, dtype=np.int32),
        }  # fmt: skip
        yield Readings(key, columns, WORN, SourceClass.MAKER)
    at = BEGINS + 3 * DAY + 7 * 60 * MINUTE * np.arange(3, dtype=np.int64)
    kinds = np.array([CalibrationKind.ACCEPTED, CalibrationKind.REFUSED, CalibrationKind.UNKNOWN], np.uint16)
    rows = np.arange(2, 5, dtype=np.int32)
    taken = {"instant": at, "value": np.array([100, 101, 102]), "kind": kinds, "row": rows}
    yield Readings(
        SeriesKey(Stream.CALIBRATION, FAMILY, "worn/0", Unit.MG_DL, 0), taken, WORN, SourceClass.MAKER
    )


def person(found: Bridge, name: str) -> int:
    patient = add_patient(found.db, "", None, "Europe/Berlin", (("urn:mrn", name),))
    laid_in(found.db, patient)
    absorbed(found.db, patient, list(worn()), b"worn")
    return patient


def answers(found: Bridge, patient: int, who: Permit, notation: Notation) -> Iterator[bytes]:
    """Chunks with what belongs to them, the newest of each code, and everything."""
    base, words = found.settings.fhir_base, found.renderer.vocabulary
    whole = words.everything()
    asked = {
        "chunks": Asked(patient, Way.LOOK, "query", "chunks", words.everything("Observation"), sampled=True,
                        provenance=True, device_resources=True, metric_resources=True),
        "newest": Asked(patient, Way.LOOK, "query", "newest", whole, newest=Newest(2, words.grouped(whole))),
        "everything": Asked(patient, Way.LOOK, "query", "all", whole, limit=1000, provenance=True,
                            device_resources=True, metric_resources=True, patient_resource=True),
    }  # fmt: skip
    wanted = {
        "chunks": Wanted(devices=True, metrics=True, provenance=True),
        "newest": Wanted(),
        "everything": Wanted("Patient", types=TYPES),
    }
    for name, wish in asked.items():
        seen = found.gate.disclose_now(who, wish)
        page = found.renderer.page(seen, wanted[name], f"{base}/{name}", None, notation)
        yield bytes(page)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("notation", [JSON, XML], ids=["json", "xml"])
def test_chunks_sensors_and_operations_leave_as_valid_r4_and_hddt(
    house: Bridge, validator: Validator, notation: Notation
) -> None:
    patient = person(house, f"operations {notation.media_type}")
    rest = "*,serials,notes,cycle,alcohol"
    asking: list[Permit] = [OwnerPermit(patient), granted(house, patient, "raw", "full", rest)]
    pages = [page for who in asking for page in answers(house, patient, who, notation)]
    chunks = [page for page in pages if b"SampledData" in page]
    types, remarks = judged(validator, (each for page in pages for each in entries(house, page)), 1)
    more, others = judged(validator, (each for page in chunks for each in entries(house, page)), PER_KIND)
    assert "\n".join((*remarks, *others)) == ""
    assert {*TYPES} <= set(types) and more["DeviceMetric"] >= 2 and len(chunks) == 2


def a_fortnight(unit: Unit, scale: int) -> Readings:
    """Readings every five minutes for fifteen days, a few of them off scale."""
    count = 15 * 288
    flags = np.zeros(count, np.uint16)
    flags[5:9], flags[300:305] = Flag.LOW, Flag.HIGH
    at = BEGINS + 5 * MINUTE * np.arange(count, dtype=np.int64)
    rows = np.arange(2, count + 2, dtype=np.int32)
    columns: dict[str, NDArray[np.generic]] = {
        "instant": at,
        "value": 60 + np.arange(count) % 160,
        "flags": flags,
        "row": rows,
    }
    key = SeriesKey(Stream.GLUCOSE, FAMILY, f"worn/{unit}", unit, scale)
    return Readings(key, columns, WORN, SourceClass.FOLLOWER)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("notation", [JSON, XML], ids=["json", "xml"])
@pytest.mark.parametrize(("unit", "scale"), [(Unit.MG_DL, 0), (Unit.MMOL_L, 1)])
def test_summaries_leave_as_the_summary_profiles_of_the_cgm_guide_alone_and_together(
    house: Bridge, validator: Validator, notation: Notation, unit: Unit, scale: int
) -> None:
    name = f"summed {notation.media_type} {unit}"
    patient = add_patient(house.db, "", None, "Europe/Berlin", (("urn:mrn", name),))
    absorbed(house.db, patient, [a_fortnight(unit, scale)], name.encode())
    who = granted(house, patient, "raw", "full", "*")
    whole = Period(BEGINS, BEGINS + 15 * DAY)
    found, profiles = Counter[str](), Counter[bytes]()
    for period in (whole, Period(BEGINS, BEGINS + 8 * DAY)):
        wish = Asked(patient, Way.LOOK, "query", "summary", frozenset(), reporting=Reporting(period))
        page = bytes(house.renderer.collection(house.gate.disclose_now(who, wish), notation))
        profiles.update(re.findall(rb"StructureDefinition/(cgm-summary[a-z-]*)", page))
        alone = (each for each in entries(house, page) if b"hasMember" not in each[1])  # it needs its members
        _, remarks = judged(validator, alone, PER_KIND)
        issues = [each for each in validator.issues(page) if each.severity != "information"]
        found.update(
            (*remarks, *(f"{each.location}: {each.message}" for each in issues if not tolerated(each)))
        )
    assert found == Counter()
    assert len(profiles) == 7 and profiles[b"cgm-summary"] == 1


@pytest.mark.timeout(600)
@pytest.mark.parametrize("notation", [JSON, XML], ids=["json", "xml"])
def test_whole_bundles_of_chunks_and_of_operations_are_valid(
    house: Bridge, validator: Validator, notation: Notation
) -> None:
    patient = person(house, f"bundles {notation.media_type}")
    who = granted(house, patient, "raw", "full", "*,serials")
    found = Counter[str]()
    for page in answers(house, patient, who, notation):
        issues = [each for each in validator.issues(page) if each.severity != "information"]
        found.update(f"{each.location}: {each.message}" for each in issues if not tolerated(each))
    assert found == Counter()


def test_our_search_parameter_is_valid(validator: Validator) -> None:
    for path in sorted((shipped("conformance") / "fhir").glob("SearchParameter-*.json")):
        assert validator.errors(Path(path).read_text("utf-8")) == []
