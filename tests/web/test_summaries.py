"""Summaries over HTTP: what leaves, under which scopes, and that a grant of them gives no reading (L9, L12, L19)."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest

from bridge.consent import grants
from bridge.consent.asked import Grain
from bridge.consent.grant import Block
from bridge.period import DAY, iso
from bridge.store.blocks import withdraw
from tests.fhir.plain_xml import of_json, of_xml
from tests.web.world import WINDOW, World, glucose, leaks, outcome, resources

LOINC = "http://loinc.org|"
PANEL, RANGES, MEAN = "107931-8", "106793-3", "97507-8"
ALL = {PANEL, RANGES, MEAN, "97506-0", "104638-2", "104636-6", "104637-4"}
OPERATION = "Observation/$hddt-cgm-summary"


@pytest.fixture
def summed(world: World) -> World:
    """The clinic may have the summary of a fortnight that is over, and nothing else."""
    world.clock.now += DAY
    world.grant(grain=Grain.SUMMARY)
    return world


def found(world: World, rest: str = "", **more: Any) -> list[dict[str, Any]]:
    return world.search(f"Observation?patient={world.patient_id(world.ada)}&{rest}", **more)


def codes(observations: list[dict[str, Any]]) -> set[str]:
    return {each["code"]["coding"][0]["code"] for each in observations}


def by_code(observations: list[dict[str, Any]], code: str) -> dict[str, Any]:
    (one,) = (each for each in observations if codes([each]) == {code})
    return one


def test_under_a_grant_of_summaries_a_search_answers_with_them_and_no_reading(summed: World) -> None:
    told = found(summed)
    assert codes(told) == ALL
    panel = by_code(told, PANEL)
    members = {each["reference"] for each in panel["hasMember"]}
    assert members == {f"Observation/{each['id']}" for each in told if each is not panel}
    assert panel["effectivePeriod"] == {"start": "2026-09-08", "end": "2026-09-21"}
    assert all(each["effectivePeriod"] == panel["effectivePeriod"] for each in told)
    assert not any("effectiveDateTime" in each for each in told)


def test_the_figures_are_those_of_the_permitted_readings(summed: World) -> None:
    inside = [each.value for each in summed.shown()]
    told = found(summed)
    mean = by_code(told, MEAN)["valueQuantity"]
    assert mean["unit"] == "mg/dl"
    assert mean["value"] == pytest.approx(sum(inside) / len(inside), abs=0.051)
    shares = {
        each["code"]["coding"][0]["code"]: each["valueQuantity"]["value"]
        for each in by_code(told, RANGES)["component"]
    }
    assert sum(Decimal(str(share)) for share in shares.values()) == 100
    assert shares["97510-2"] == pytest.approx(
        100 * sum(70 <= value <= 180 for value in inside) / len(inside), abs=0.011
    )


@pytest.mark.parametrize("code", sorted(ALL - {MEAN}))
def test_each_is_found_by_its_code_and_read_by_its_id(summed: World, code: str) -> None:
    (one,) = found(summed, f"code={quote(LOINC + code)}")
    assert one == by_code(found(summed), code)
    read = summed.get(f"Observation/{one['id']}")
    assert read.json() == one
    again = summed.get(f"Observation/{one['id']}", headers={"If-None-Match": read.headers["etag"]})
    assert again.status_code == 304
    version = one["meta"]["versionId"]
    assert summed.get(f"Observation/{one['id']}/_history/{version}").json() == one
    assert summed.get(f"Observation/{one['id']}/_history/9").status_code == 404
    assert summed.get(f"Observation/{one['id']}/_history").status_code == 404


def test_the_operation_gives_a_collection_of_whole_blocks_alone(summed: World) -> None:
    who = summed.patient_id(summed.ada)
    whole = summed.get(f"{OPERATION}?patient={who}")
    assert whole.json()["type"] == "collection"
    assert codes(resources(whole.json())) == ALL
    asked = f"{OPERATION}?patient={who}&effectivePeriodStart=2026-09-01&effectivePeriodEnd=2026-09-21"
    assert resources(summed.get(asked).json()) == resources(whole.json())
    for start, end in (("2026-09-09", "2026-09-21"), ("2026-09-08", "2026-09-20")):
        path = f"{OPERATION}?patient={who}&effectivePeriodStart={start}&effectivePeriodEnd={end}"
        assert summed.get(path).status_code == 404


def test_a_grant_of_readings_lets_any_week_be_summed_and_a_search_by_code_the_whole(world: World) -> None:
    world.grant()
    who = world.patient_id(world.ada)
    path = f"{OPERATION}?patient={who}&effectivePeriodStart=2026-09-10&effectivePeriodEnd=2026-09-16"
    week = resources(world.get(path).json())
    assert codes(week) == ALL - {PANEL, "97506-0"}
    notes = [note["text"] for each in week for note in each["note"]]
    assert sum("insufficient data: 7.0 of 14 days" in note for note in notes) == len(week)
    (panel,) = found(world, f"code={quote(LOINC + RANGES)}")
    assert panel["effectivePeriod"]["start"].startswith("2026-09-08T00:00:00")
    assert codes(found(world, "date=ge2026-09-21T23:00:00%2B02:00")) == set()


def test_what_the_operation_cannot_honour_is_refused(summed: World) -> None:
    who = summed.patient_id(summed.ada)
    for rest in (
        "effectivePeriodStart=2026-09-10&effectivePeriodEnd=2026-09-12",
        "effectivePeriodStart=2026-09-21",
        "effectivePeriodStart=ge2026-09-10",
        "effectivePeriodStart=soon",
        "effectivePeriodStart=2026-09-10&effectivePeriodStart=2026-09-11",
        "code.x=1",
    ):
        answer = summed.get(f"{OPERATION}?patient={who}&{rest}")
        assert answer.status_code == 400, rest
        assert outcome(answer)
    assert summed.get(OPERATION).status_code == 400


def test_who_has_no_grant_and_who_is_nobody_are_alike(summed: World) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    for path in (OPERATION, "Observation"):
        bob = summed.get(f"{path}?patient={summed.patient_id(summed.bob)}")
        gone = summed.get(f"{path}?patient={nobody}")
        assert bob.status_code == gone.status_code
        assert bob.text.replace(summed.patient_id(summed.bob), "") == gone.text.replace(nobody, "")
        assert not leaks(summed, bob)
    (one,) = found(summed, f"code={PANEL}")
    other = summed.register("Other EHR", "Other")
    summed.grant(to="Other", grain=Grain.SUMMARY)
    stranger = summed.get(f"Observation/{one['id']}", token=summed.token(other))
    assert stranger.status_code == 404
    (theirs,) = found(summed, f"code={PANEL}", token=summed.token(other))
    assert theirs["id"] != one["id"]


def test_a_scope_of_one_code_reaches_that_summary_alone(summed: World) -> None:
    scope = f"system/Observation.rs?code={LOINC}{RANGES}"
    told = found(summed, token=summed.token(scope=scope))
    assert codes(told) == {RANGES}
    (panel,) = found(summed, f"code={PANEL}")
    assert summed.get(f"Observation/{panel['id']}", token=summed.token(scope=scope)).status_code == 404
    half = f"system/Observation.rs?code={LOINC}{RANGES} system/Observation.rs?code={LOINC}{PANEL}"
    assert codes(found(summed, token=summed.token(scope=half))) == {RANGES}
    none = summed.token(scope="system/Observation.rs?category=http://example.org|none")
    assert found(summed, token=none) == []
    assert summed.get(f"{OPERATION}?patient={summed.patient_id(summed.ada)}", token=none).status_code == 404
    other = summed.token(scope="system/Device.rs")
    assert summed.get(f"{OPERATION}?patient={summed.patient_id(summed.ada)}", token=other).status_code == 403


def test_pages_counts_and_order_hold_for_summaries(world: World) -> None:
    world.clock.now += DAY
    world.grant(grain=Grain.SUMMARY, block=Block.WEEK)
    whole = found(world)
    assert len(whole) == 2 * len(ALL - {PANEL, "97506-0"})
    assert found(world, "_count=3") == whole
    assert found(world, "_sort=-date&_count=4") == whole[::-1]
    counted = world.get(f"Observation?patient={world.patient_id(world.ada)}&_summary=count").json()
    assert counted["total"] == len(whole)
    total = world.get(f"Observation?patient={world.patient_id(world.ada)}&_count=3&_total=accurate").json()
    assert total["total"] == len(whole)
    first = found(world, "date=lt2026-09-15&_count=2")
    assert first == [each for each in whole if each["effectivePeriod"]["start"] == "2026-09-08"]


def test_a_revocation_ends_summaries_and_late_readings_change_nothing(world: World) -> None:
    world.clock.now += DAY
    grant = world.grant(grain=Grain.SUMMARY)
    before = found(world)
    world.clock.now += DAY
    world.upload(world.ada, glucose([WINDOW.start + 61_000, WINDOW.start + 181_000], "LATE"))
    assert found(world) == before
    token = world.token()
    grants.revoke(world.db, grant, "Ada", "no more")
    assert found(world, token=token) == []
    assert world.get(f"Observation/{before[0]['id']}", token=token).status_code == 404


def test_xml_says_the_same(summed: World) -> None:
    path = f"{OPERATION}?patient={summed.patient_id(summed.ada)}"
    xml = summed.get(path, headers={"Accept": "application/fhir+xml"})
    assert sorted(map(str, of_xml(xml.content))) == sorted(map(str, of_json(summed.get(path).content)))
    assert b'<effectivePeriod><start value="2026-09-08"/>' in xml.content


def test_everything_of_a_person_holds_the_summaries_where_no_reading_may_leave(summed: World) -> None:
    patient = summed.patient_id(summed.ada)
    answer = summed.get(f"Patient/{patient}/$everything").json()
    whole = [entry["resource"] for entry in answer["entry"]]
    assert [each["resourceType"] for each in whole].count("Patient") == 1
    assert codes([each for each in whole if each["resourceType"] == "Observation"]) == ALL
    since = summed.get(f"Patient/{patient}/$everything?_since=2100-01-01T00:00:00Z").json()
    assert {entry["resource"]["resourceType"] for entry in since["entry"]} == {"Patient"}


def test_a_summary_is_found_by_its_id_in_a_search_too(summed: World) -> None:
    one = by_code(found(summed), MEAN)
    assert found(summed, f"_id={one['id']}") == [one]
    assert found(summed, "_id=00000000-0000-4000-8000-000000000000") == []


def test_the_newest_of_each_figure_are_found(world: World) -> None:
    world.clock.now += DAY
    world.grant(grain=Grain.SUMMARY, block=Block.WEEK)
    patient = world.patient_id(world.ada)
    every = found(world)
    newest = resources(world.get(f"Observation/$lastn?patient={patient}&category=laboratory").json())
    last = max(each["effectivePeriod"]["end"] for each in every)
    assert newest and all(each["effectivePeriod"]["end"] == last for each in newest)
    two = resources(world.get(f"Observation/$lastn?patient={patient}&code={quote(LOINC)}{MEAN}&max=2").json())
    assert [each["effectivePeriod"]["end"] for each in two] == sorted(
        (each["effectivePeriod"]["end"] for each in every if codes([each]) == {MEAN}), reverse=True
    )


def test_a_window_that_is_over_holds_the_summary_that_belongs_to_it(summed: World) -> None:
    granted = summed.clock.now
    summed.clock.now += 2 * DAY
    edges = [granted - 3 * DAY, granted - DAY, granted + DAY, granted + 2 * DAY]
    windows = [f"_lastUpdated=ge{iso(low)}&_lastUpdated=lt{iso(high)}" for low, high in pairwise(edges)]
    assert codes([each for window in windows for each in found(summed, window)]) == ALL
    assert [each for window in windows for each in found(summed, window)] == found(summed)


def test_who_polls_is_told_that_a_summary_was_another_persons_also_after_the_grant_ended(
    world: World,
) -> None:
    world.clock.now += DAY
    grant = world.grant(grain=Grain.SUMMARY)
    before = found(world)
    world.clock.now += DAY
    since = iso(world.clock.now)
    grants.revoke(world.db, grant, "Ada", "no more")
    assert found(world, f"_lastUpdated=ge{since}", token=world.token()) == []
    for artifact in (1, 2, 3):
        withdraw(world.db, world.ada, artifact)
    told = found(world, f"_lastUpdated=ge{since}", token=world.token())
    assert {each["id"] for each in told} == {each["id"] for each in before}
    assert {each["status"] for each in told} == {"entered-in-error"}
    assert not any("valueQuantity" in each or "component" in each for each in told)
