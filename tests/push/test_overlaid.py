"""An upload that spoke over own readings is removed: what holds its values gets the own ones, or is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.push.affected import affected
from bridge.store.blocks import withdraw
from tests.push import test_papers, test_portal, test_tidepool
from tests.push.house import House, furnished
from tests.push.test_summaries import days, measured
from tests.push.test_worker import entered_in_error, outcomes, values
from tests.push.twin import Twin, hospital


@pytest.fixture
def twin() -> Iterator[Twin]:
    with hospital() as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, twin: Twin) -> Iterator[House]:
    made = furnished(tmp_path / "home", twin.url)
    made.bring(0, [100, 101, 102])
    made.link()
    yield made
    made.db.close()


def overlaid(house: House) -> int:
    """Another person's upload is read as this person's, over one of three readings, and delivered."""
    house.push()
    house.wait()
    wrong = house.bring(1, [250], name="another person's")
    assert house.push().updated == 1
    house.wait()
    return wrong


def states(house: House, artifact: int) -> list[str]:
    return [copy.state for each in affected(house.db, house.patient, artifact) for copy in each.copies]


def test_another_persons_value_is_taken_back_after_the_grant_ended(house: House, twin: Twin) -> None:
    grant = house.grant()
    wrong = overlaid(house)
    house.revoke(grant)
    withdraw(house.db, house.patient, wrong)
    assert house.push().retracted == 1
    assert values(twin) == [100, 102]
    (told,) = entered_in_error(twin)
    assert "valueQuantity" not in told
    assert states(house, wrong) == ["taken back"]
    assert outcomes(house)[-1] == ("retracted", 1)
    house.wait(70)
    assert house.push().retracted == 0


def test_the_own_value_stands_again_once_a_grant_opens_it_anew(house: House, twin: Twin) -> None:
    grant = house.grant()
    wrong = overlaid(house)
    house.revoke(grant)
    withdraw(house.db, house.patient, wrong)
    house.push()
    house.grant()
    house.wait()
    house.push()
    assert values(twin) == [100, 101, 102] and entered_in_error(twin) == []


def test_while_a_grant_opens_it_the_own_value_is_a_correction(house: House, twin: Twin) -> None:
    house.grant()
    wrong = overlaid(house)
    withdraw(house.db, house.patient, wrong)
    report = house.push()
    assert (report.updated, report.retracted, values(twin)) == (1, 0, [100, 101, 102])
    assert states(house, wrong) == ["corrected"]


def test_who_holds_the_own_value_is_told_nothing_of_what_lay_over_it(house: House, twin: Twin) -> None:
    grant = house.grant()
    house.push()
    house.revoke(grant)
    house.wait()
    wrong = house.bring(1, [250], name="another person's")
    house.wait()
    withdraw(house.db, house.patient, wrong)
    assert house.push().retracted == 0
    assert values(twin) == [100, 101, 102] and len(twin.posts) == 1


def test_a_portal_has_the_mark_in_place_of_the_value(tmp_path: Path) -> None:
    with test_portal.world(tmp_path) as (house, shelf, grant):
        wrong = overlaid(house)
        house.revoke(grant)
        withdraw(house.db, house.patient, wrong)
        house.push()
        (row,) = shelf.lines(test_portal.MAY)
        assert row.split(",")[5:8] == ["", "", "entered-in-error"]
        assert states(house, wrong) == ["taken back"]


def test_tidepool_loses_the_record(tmp_path: Path) -> None:
    with test_tidepool.world(tmp_path, grant=False) as (house, platform):
        grant = house.grant()
        wrong = overlaid(house)
        house.revoke(grant)
        withdraw(house.db, house.patient, wrong)
        house.push()
        assert 250 not in [each["value"] for each in platform.told()]
        assert states(house, wrong) == ["taken back"]


def test_a_document_that_showed_it_is_taken_back(tmp_path: Path) -> None:
    with test_papers.world(tmp_path) as (house, ehr):
        grant = house.grant(periods=days(house, -14, 14))
        wrong = measured(house, -3, 1, value=250)
        house.push()
        house.revoke(grant)
        withdraw(house.db, house.patient, wrong)
        house.wait()
        assert house.push().retracted == 1
        assert test_papers.one(ehr)["status"] == "entered-in-error"
