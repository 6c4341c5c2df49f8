"""Insulin that was given goes into a chart as MedicationAdministrations: once, corrected in place, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.period import DAY, HOUR, PeriodSet
from bridge.push.affected import affected
from bridge.store.blocks import withdraw
from tests.push.house import BEGIN, House, furnished
from tests.push.test_worker import outcomes
from tests.push.twin import Twin, hospital

TYPE = "MedicationAdministration"
START = BEGIN - 10 * DAY


@pytest.fixture
def twin() -> Iterator[Twin]:
    with hospital() as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, twin: Twin) -> Iterator[House]:
    made = furnished(tmp_path / "home", twin.url)
    made.bring(0, [100, 101])
    made.give(0, [350, 125, 800])
    made.grant()
    made.link()
    yield made
    made.db.close()


def given(twin: Twin) -> list[dict[str, Any]]:
    return list(twin.chart.shelves.get(TYPE, {}).values())


def amounts(twin: Twin) -> list[float]:
    return sorted(each["dosage"]["dose"]["value"] for each in given(twin) if "dosage" in each)


def test_doses_and_readings_arrive_together_each_as_its_type(house: House, twin: Twin) -> None:
    assert house.push().sent == 5
    assert amounts(twin) == [1.25, 3.5, 8.0] and len(twin.observations()) == 2
    assert {each["subject"]["reference"] for each in given(twin)} == {"Patient/p1"}
    entries = [e for e in twin.posts[0]["entry"] if e["resource"]["resourceType"] == TYPE]
    assert {e["request"]["url"] for e in entries} == {TYPE}
    assert all(e["request"]["ifNoneExist"].startswith("identifier=urn:uuid:") for e in entries)
    assert outcomes(house) == [("acknowledged", 5)]
    again = house.push()
    assert (again.sent, again.updated, len(twin.posts)) == (0, 0, 1)


def test_what_was_sent_is_named_by_its_own_types_id(house: House, twin: Twin) -> None:
    house.push()
    for each in given(twin):
        name = house.db.ids.read(TYPE, each["identifier"][0]["value"])
        assert name is not None and name.patient == house.patient
        assert house.db.ids.read("Observation", each["identifier"][0]["value"]) is None


def test_the_cursor_goes_on_behind_a_dose(house: House, twin: Twin) -> None:
    house.push()
    house.wait()
    house.give(10, [200, 210])
    assert house.push().sent == 2
    assert amounts(twin) == [1.25, 2.0, 2.1, 3.5, 8.0]


def test_a_corrected_dose_is_put_over_its_copy(house: House, twin: Twin) -> None:
    house.push()
    house.wait()
    house.give(1, [130], name="corrected")
    report = house.push()
    assert (report.sent, report.updated) == (0, 1)
    assert amounts(twin) == [1.3, 3.5, 8.0]
    entry = twin.posts[-1]["entry"][-1]
    assert entry["request"]["method"] == "PUT" and entry["request"]["url"].startswith(f"{TYPE}/")
    changed = next(each for each in given(twin) if each["dosage"]["dose"]["value"] == 1.3)
    assert (changed["status"], changed["meta"]["versionId"]) == ("completed", "2")


def test_an_interval_that_left_in_parts_is_taken_back_in_all_of_them(tmp_path: Path, twin: Twin) -> None:
    house = furnished(tmp_path / "parts", twin.url)
    artifact = house.run(0, 6)
    hours = [PeriodSet.between(START + a * HOUR, START + b * HOUR) for a, b in ((0, 1), (2, 3), (4, 9))]
    house.grant(periods=hours[0] | hours[1] | hours[2])
    house.link()
    assert house.push().sent == 3
    assert [len(each.copies) for each in affected(house.db, house.patient, artifact)] == [3]
    withdraw(house.db, house.patient, artifact)
    assert house.push().retracted == 3
    assert {each["status"] for each in given(twin)} == {"entered-in-error"}
    house.db.close()


def test_a_dose_that_was_another_persons_is_entered_in_error_without_an_amount(
    house: House, twin: Twin
) -> None:
    artifact = house.give(20, [999], name="wrong")
    house.push()
    assert 9.99 in amounts(twin)
    house.wait()
    withdraw(house.db, house.patient, artifact)
    report = house.push()
    assert report.retracted == 1
    (wrong,) = [each for each in given(twin) if each["status"] == "entered-in-error"]
    assert "dosage" not in wrong and 9.99 not in amounts(twin)
    assert len(given(twin)) == 4
