"""A summary reaches an interface engine as one order group: whole each time, under one number, corrected there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.hl7.engine import read
from tests.hl7.test_deliveries import states, world


def test_a_summary_goes_once_as_one_order_and_no_reading_goes_where_none_is_wanted(tmp_path: Path) -> None:
    with world(tmp_path, count=9 * 288, raw=False, summaries={"days": 7, "every": 7}) as (house, engine):
        report = house.push()
        assert report.failed == () and report.sent and len(engine.bodies) == 1
        groups = read(engine.bodies[0]).oru_r01_patient_result.oru_r01_order_observation
        assert {each.obr.obr_4.obr_4_1.value for each in groups} == {"107931-8"}
        codes = {
            result.obx.obx_3.obx_3_1.value: result.obx.obx_11.value
            for each in groups
            for result in each.oru_r01_observation
        }
        assert "97507-8" in codes and "99504-3" not in codes and set(codes.values()) == {"F"}
        assert house.push().sent == 0 and len(engine.bodies) == 1
        house.bring(20 * 288, [50])
        house.wait(60)
        assert house.push().sent == 0, "what changes nothing is not told again"


def test_a_summary_that_is_another_now_is_corrected_under_its_number(tmp_path: Path) -> None:
    with world(tmp_path, count=9 * 288, raw=False, summaries={"days": 7, "every": 7}) as (house, engine):
        house.push()
        house.bring(5 * 288, [250] * 288, name="again")
        done = house.push()
        assert done.sent == 0 and done.updated and len(engine.bodies) == 2
        orders = [
            each.oru_r01_patient_result.oru_r01_order_observation[0].obr for each in map(read, engine.bodies)
        ]
        assert len({each.obr_3.obr_3_1.value for each in orders}) == 1
        assert [each.obr_25.value for each in orders] == ["F", "C"]


def told(body: bytes) -> tuple[str, dict[str, str]]:
    """The number of a message's one order group, and the status of each result by its code."""
    (group,) = read(body).oru_r01_patient_result.oru_r01_order_observation
    results = {each.obx.obx_3.obx_3_1.value: each.obx.obx_11.value for each in group.oru_r01_observation}
    return group.obr.obr_3.obr_3_1.value, results


def test_a_summary_goes_whole_however_little_a_message_may_hold(tmp_path: Path) -> None:
    wanted: dict[str, Any] = {"raw": False, "summaries": {"days": 7, "every": 7}, "limits": {"entries": 3}}
    with world(tmp_path, count=9 * 288, **wanted) as (house, engine):
        report = house.push()
        assert report.sent > 3 and (report.failed, len(engine.bodies)) == ((), 1)
        assert len(told(engine.bodies[0])[1]) > 3 and states(house) == ["acked"]


def test_a_figure_that_is_wanted_later_comes_with_those_that_are_there(tmp_path: Path) -> None:
    wanted: dict[str, Any] = {"days": 7, "every": 7, "metrics": ["mean"]}
    with world(tmp_path, count=9 * 288, raw=False, summaries=wanted) as (house, engine):
        house.push()
        house.register(
            engine.url(),
            kind="hl7v2",
            hl7v2={"seconds": 1},
            raw=False,
            summaries=wanted | {"metrics": ["mean", "cv"]},
        )
        house.wait(60)
        assert house.push().failed == ()
        (first, mean), (again, both) = map(told, engine.bodies)
        assert first == again and list(mean.values()) == ["F"]
        assert sorted(both.values()) == ["C", "F"] and mean.keys() < both.keys()
        house.wait(60)
        assert house.push().sent == 0 and len(engine.bodies) == 2


def test_a_figure_that_is_wanted_later_waits_for_a_human_where_nothing_is_corrected(tmp_path: Path) -> None:
    wanted: dict[str, Any] = {"days": 7, "every": 7, "metrics": ["mean"]}
    fixed: dict[str, Any] = {"raw": False, "receiver": {"updates": False}}
    with world(tmp_path, count=9 * 288, summaries=wanted, **fixed) as (house, engine):
        house.push()
        more = wanted | {"metrics": ["mean", "cv"]}
        house.register(engine.url(), kind="hl7v2", hl7v2={"seconds": 1}, summaries=more, **fixed)
        house.wait(60)
        assert "1 corrections cannot be delivered" in house.push().failed[0] and len(engine.bodies) == 1
