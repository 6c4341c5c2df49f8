"""Summaries go into the chart before readings: each block once, as permitted, corrected and taken back."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import bridge.store.ledger as ledger
import bridge.store.outbox as outbox
import bridge.store.patients as patients
from bridge.consent.asked import Grain, Way
from bridge.consent.summed import PARTS
from bridge.mapping.summed import METRICS
from bridge.period import DAY, Period, PeriodSet
from bridge.push.affected import affected
from bridge.push.ordered import Course
from bridge.push.plan import NOTHING_WANTED
from bridge.push.round import Report
from bridge.push.trip import Trip
from bridge.store.blocks import withdraw
from bridge.store.reported import Reported
from tests.push.ehr import CGM_PLAIN, CGM_RECEIVER, FROZEN, ORACLE, TRANSACTION, Ehr, Rules, standing
from tests.push.house import BEGIN, House, filed
from tests.push.twin import Say, Torn

PANEL, MEAN, RANGES, GMI = "107931-8", "97507-8", "106793-3", "97506-0"
ALL = {PANEL, MEAN, RANGES, GMI, "104638-2", "104636-6", "104637-4"}
SINGLE = Rules(searches=True)


def days(house: House, first: int, count: int) -> PeriodSet:
    """Local days of the person, counted from the day the clock of these tests starts at."""
    zones = patients.load(house.db, house.patient).zones
    start, end = (zones.local_date(BEGIN + each * DAY) for each in (first, first + count - 1))
    return PeriodSet((zones.days(start, end),))


def measured(house: House, first: int, count: int, value: int = 100) -> int:
    """Readings every five minutes of so many days, from `first` days after the clock's start on."""
    return house.bring((first + 10) * 288, [value + at % 60 for at in range(count * 288)], name=f"v{value}")


@contextmanager
def world(home: Path, rules: Rules = TRANSACTION, **more: Any) -> Iterator[tuple[House, Ehr]]:
    """A bridge with the readings of a fortnight that is over, linked, and a receiver that wants summaries alone."""
    with standing(rules) as ehr:
        house = filed(home, ehr.url, **({"raw": False} | more))
        measured(house, -15, 16)
        house.link()
        yield house, ehr
        house.db.close()


def codes(ehr: Ehr) -> Counter[str]:
    """The LOINC codes of what the chart holds and stands."""
    stands = (each for each in ehr.readings if each["status"] != "entered-in-error")
    return Counter(each["code"]["coding"][0]["code"] for each in stands)


def one(ehr: Ehr, code: str) -> dict[str, Any]:
    (found,) = (each for each in ehr.readings if each["code"]["coding"][0]["code"] == code)
    return found


def periods(ehr: Ehr) -> list[tuple[str, str]]:
    found = {tuple(sorted(each["effectivePeriod"].items())) for each in ehr.readings}
    return sorted((dict(each)["start"], dict(each)["end"]) for each in found)


@pytest.mark.parametrize("rules", [TRANSACTION, CGM_RECEIVER, CGM_PLAIN, ORACLE, SINGLE])
def test_a_summary_goes_once_in_every_form_with_its_panel_resolved(tmp_path: Path, rules: Rules) -> None:
    kind = "single" if rules is SINGLE else "auto"
    with world(tmp_path, rules, kind=kind) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        done = house.push()
        assert (done.sent, done.held, done.failed) == (7, (), ())
        assert codes(ehr) == dict.fromkeys(ALL, 1)
        places = {f"Observation/{each['id']}" for each in ehr.readings} - {
            f"Observation/{one(ehr, PANEL)['id']}"
        }
        assert {each["reference"] for each in one(ehr, PANEL)["hasMember"]} == places
        assert all(each["subject"] == {"reference": "Patient/p1"} for each in ehr.readings)
        writes = len(ehr.writes())
        house.wait(120)
        assert house.push().sent == 0 and len(ehr.writes()) == writes
        told = [row for row in ledger.listed(house.db, house.patient) if row.kind != "outcome"]
        assert told and {str(row.fields["grains"]) for row in told if "grains" in row.fields} == {
            "['summary']"
        }


def test_summaries_go_before_readings(tmp_path: Path) -> None:
    with world(tmp_path, raw={"daily": 100_000}, summaries={}) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        assert house.push().sent == 7 + 14 * 288
        first = ehr.bodies[0]["entry"]
        assert [each["resource"]["resourceType"] for each in first] == ["Observation"] * 7
        assert first[-1]["resource"]["code"]["coding"][0]["code"] == PANEL


def test_a_file_that_wants_readings_and_says_nothing_of_summaries_gets_readings_alone(tmp_path: Path) -> None:
    with world(tmp_path, raw={"daily": 100_000}) as (house, ehr):
        house.grant(periods=days(house, -1, 1))
        house.push()
        assert set(codes(ehr)) == {"99504-3"}


def test_a_file_that_wants_neither_holds_everything(tmp_path: Path) -> None:
    with world(tmp_path, summaries=False) as (house, ehr):
        house.grant()
        assert NOTHING_WANTED in house.push().held[0] and ehr.readings == []


def test_blocks_are_counted_from_the_first_day_of_the_grant_and_told_when_they_are_over(
    tmp_path: Path,
) -> None:
    with world(tmp_path, summaries={"days": 7}) as (house, ehr):
        house.grant(periods=days(house, -14, 21))
        measured(house, 1, 8, value=120)
        assert house.push().sent == 10, "two weeks, of five single figures each"
        assert GMI not in codes(ehr) and PANEL not in codes(ehr)
        notes = [each["text"] for each in one_of(ehr, MEAN)["note"]]
        assert "insufficient data: 7.0 of 14 days" in notes
        house.wait(7 * 24 * 60)
        assert house.push().sent == 5
        assert len(periods(ehr)) == 3
        house.wait(7 * 24 * 60)
        assert house.push().sent == 0


def one_of(ehr: Ehr, code: str) -> dict[str, Any]:
    return next(each for each in ehr.readings if each["code"]["coding"][0]["code"] == code)


def test_a_weekday_is_waited_for(tmp_path: Path) -> None:
    with world(tmp_path, summaries={"weekday": "wednesday"}) as (house, _):
        house.grant(periods=days(house, -14, 14))  # over since Thursday's midnight
        assert house.push().sent == 0
        house.wait(5 * 24 * 60)
        assert house.push().sent == 0
        house.wait(24 * 60)
        assert house.push().sent == 7


def test_the_last_days_of_a_grant_are_a_shorter_block(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant(periods=days(house, -10, 10))
        assert house.push().sent == 5 and len(periods(ehr)) == 1


def test_a_corrected_summary_is_put_over_the_one_that_is_there(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        house.push()
        before = one(ehr, MEAN)["valueQuantity"]["value"]
        measured(house, -3, 1, value=250)
        done = house.push()
        assert (done.sent, done.updated) == (0, 7)
        assert codes(ehr) == dict.fromkeys(ALL, 1)
        assert one(ehr, MEAN)["valueQuantity"]["value"] > before
        assert {each["status"] for each in ehr.readings} == {"corrected"}
        puts = [each for each in ehr.bodies[-1]["entry"] if each["request"]["method"] == "PUT"]
        assert all(each["request"]["ifMatch"] == 'W/"1"' for each in puts) and len(puts) == 7


@pytest.mark.parametrize(("rules", "summaries"), [(FROZEN, {}), (TRANSACTION, {"corrected": "new"})])
def test_a_correction_that_cannot_or_shall_not_be_put_over_it_waits_for_a_human(
    tmp_path: Path, rules: Rules, summaries: dict[str, Any]
) -> None:
    with world(tmp_path, rules, summaries=summaries) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        house.push()
        measured(house, -3, 1, value=250)
        assert "7 corrections cannot be delivered" in house.push().failed[0]
        assert outbox.listed(house.db)[-1].state == "correction-not-deliverable"
        assert {each["status"] for each in ehr.readings} == {"final"}
        assert house.push().failed == ()


def test_a_grant_of_summaries_sends_its_own_blocks_and_keeps_them_as_they_left(tmp_path: Path) -> None:
    with world(tmp_path, summaries={"days": 7}, raw={"daily": 1000}) as (house, ehr):
        house.grant(periods=days(house, -14, 14), grain=Grain.SUMMARY)
        assert house.push().sent == 7 and codes(ehr) == dict.fromkeys(ALL, 1)
        house.bring(2 * 288 + 1, [300], name="one other")
        assert house.push().updated == 0, "one reading would be the difference"
        measured(house, -3, 1, value=250)
        assert house.push().updated == 7


def test_a_grant_of_means_sends_no_summary(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant(periods=days(house, -14, 14), grain=Grain.HOUR)
        done = house.push()
        assert (done.sent, done.held, ehr.readings) == (0, (), [])


def test_two_grants_tell_one_day_in_one_summary(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant(periods=days(house, -14, 7))
        house.grant(periods=days(house, -7, 7), ways=frozenset({Way.FILE, Way.LOOK}))
        assert house.push().sent == 7 and len(periods(ehr)) == 1
        house.grant(periods=days(house, -14, 14), grain=Grain.SUMMARY)
        assert house.push().sent == 0


@pytest.mark.parametrize("grain", [Grain.RAW, Grain.SUMMARY])
def test_what_was_another_persons_is_taken_back_of_a_summary_also_after_its_grant_ended(
    tmp_path: Path, grain: Grain
) -> None:
    with standing(TRANSACTION) as ehr:
        house = filed(tmp_path, ehr.url, raw=False)
        measured(house, -15, 14)
        wrong = measured(house, -1, 1)
        house.link()
        grant = house.grant(periods=days(house, -14, 14), grain=grain)
        assert house.push().sent == 7
        house.revoke(grant)
        late = len(ehr.bodies)
        assert (house.push().retracted, len(ehr.bodies)) == (0, late), "that it ended makes no figure wrong"
        assert states(house, wrong) == {"held": 7}
        withdraw(house.db, house.patient, wrong)
        assert states(house, wrong) == {"held, to be corrected": 7}
        assert house.push().retracted == 7
        assert {each["status"] for each in ehr.readings} == {"entered-in-error"}
        assert all("valueQuantity" not in each and "component" not in each for each in ehr.readings)
        assert states(house, wrong) == {"taken back": 7}
        assert house.push().retracted == 0
        house.db.close()


def states(house: House, artifact: int) -> Counter[str]:
    """What the clinic's IT reads of an upload."""
    found = affected(house.db, house.patient, artifact)
    return Counter(copy.state for each in found for copy in each.copies)


def test_a_block_without_a_reading_left_is_entered_in_error_while_the_grant_acts(tmp_path: Path) -> None:
    with standing(TRANSACTION) as ehr:
        house = filed(tmp_path, ehr.url, raw=False)
        whole = measured(house, -10, 9)
        house.link()
        house.grant(periods=days(house, -10, 10))
        house.push()
        withdraw(house.db, house.patient, whole)
        house.push()
        assert ehr.readings and codes(ehr) == {}
        house.db.close()


def test_what_left_before_a_crash_is_sent_once(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        ehr.script += [Torn()]
        house.push()
        for _ in range(4):
            house.wait(90)
            house.push()
        assert codes(ehr) == dict.fromkeys(ALL, 1)


def test_a_summary_whose_answer_was_lost_is_found_there_and_its_delivery_is_over(tmp_path: Path) -> None:
    with world(tmp_path, SINGLE, summaries={"metrics": ["mean"]}) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        ehr.script += [Torn()]
        for _ in range(3):
            house.push()
            house.wait(90)
        assert codes(ehr) == {MEAN: 1}
        (delivery,) = outbox.listed(house.db)
        assert delivery.state == "acked" and outbox.opened(house.db, delivery.lane) is None


def test_a_revocation_stops_what_is_due(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        grant = house.grant(periods=days(house, -14, 14))
        ehr.script += [Say(503)]
        house.push()
        house.revoke(grant)
        house.wait(200)
        house.push()
        assert ehr.readings == []


def test_a_site_chooses_figures_rounding_unit_and_codes(tmp_path: Path) -> None:
    wanted = {"metrics": ["mean", "ranges"], "rounding": "icode", "units": "mmol/L"}
    with world(tmp_path, summaries=wanted) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        assert house.push().sent == 2 and codes(ehr) == {"105273-7": 1, RANGES: 1}
        mean = one(ehr, "105273-7")["valueQuantity"]
        assert mean == {
            "value": 7.2,
            "unit": "mmol/l",
            "system": "http://unitsofmeasure.org",
            "code": "mmol/L",
        }
        shares = [each["valueQuantity"]["value"] for each in one(ehr, RANGES)["component"]]
        assert all(isinstance(each, int) or each < 1 for each in shares)
        house.register(ehr.url, raw=False, summaries=wanted | {"units": "as-recorded"})
        house.push()
        assert one(ehr, MEAN)["status"] == "corrected", "told otherwise, it is told anew in its place"


def test_a_small_request_is_split_and_the_panel_comes_last(tmp_path: Path) -> None:
    with world(tmp_path, limits={"entries": 2}) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        assert house.push().sent == 7 and codes(ehr) == dict.fromkeys(ALL, 1)
        assert all(len(body["entry"]) <= 2 for body in ehr.bodies)


def test_a_document_is_due_after_the_summaries_it_goes_with_and_before_readings(tmp_path: Path) -> None:
    with world(tmp_path, raw={"daily": 100_000}, summaries={}) as (house, ehr):
        seen = list[tuple[int, list[Period]]]()

        class Maker:
            async def deliver(self, trip: Trip, blocks: Sequence[Reported], course: Course) -> Report:
                seen.append((len(ehr.readings), [each.period for each in blocks]))
                return Report()

        house.worker._documents = Maker()
        granted = days(house, -14, 14)
        house.grant(periods=granted)
        house.push()
        assert seen == [(7, list(granted))]


def test_metrics_of_a_file_are_the_parts_of_a_summary() -> None:
    assert METRICS == PARTS


@pytest.mark.parametrize("number", range(8))
def test_the_chart_holds_exactly_the_permitted_summaries_once(tmp_path: Path, number: int) -> None:
    chance = random.Random(number)
    rules = chance.choice([TRANSACTION, CGM_RECEIVER, ORACLE])
    with standing(rules) as ehr:
        length = chance.choice([3, 7, 14])
        house = filed(tmp_path, ehr.url, raw=False, summaries={"days": length})
        measured(house, -30, 30)
        house.link()
        expected: set[Period] = set()
        edge = -30
        while edge < -2:
            count = min(chance.randint(1, 15), -edge)
            if chance.random() < 0.7:
                (stretch,) = days(house, edge, count)
                house.grant(periods=PeriodSet((stretch,)))
                expected |= blocks(house, edge, count, length)
            edge += count + 1  # a day between: the stretches stay apart
        for _ in range(3):
            if chance.random() < 0.5:
                ehr.script.append((Say(503), Torn(), Torn(committed=False))[chance.randrange(3)])
            house.push()
            house.wait(chance.choice([1, 300]))
        ehr.script.clear()
        for _ in range(4):
            house.wait(400)
            house.push()
        zones = patients.load(house.db, house.patient).zones
        named = {
            (zones.local_date(each.start).isoformat(), zones.local_date(each.end - 1).isoformat())
            for each in expected
        }
        assert set(periods(ehr)) == named
        names = Counter(each["identifier"][0]["value"] for each in ehr.readings)
        assert set(names.values()) <= {1}
        means = Counter(str(each["effectivePeriod"]) for each in ehr.readings if code_of(each) == MEAN)
        assert set(means.values()) <= {1} and len(means) == len(named)
        house.db.close()


def code_of(resource: dict[str, Any]) -> str:
    code: str = resource["code"]["coding"][0]["code"]
    return code


def blocks(house: House, first: int, count: int, length: int) -> set[Period]:
    """An independent account: a stretch in whole blocks, and what is left at its end as a shorter one."""
    found = set[Period]()
    for start in range(first, first + count, length):
        (block,) = days(house, start, min(length, first + count - start))
        found.add(block)
    return found
