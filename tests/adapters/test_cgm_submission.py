"""Kept submissions: readings with their marks, what is no reading, devices apart for each who submits."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from bridge.mapping import Mappings
from bridge.reading import Flag, SourceClass, Witness
from bridge.receive.record import thing
from tests.adapters.submission_files import ACME, START, kept, mass, molar, others, out_of_range, reading
from tests.adapters.suite import DocumentSuite, adds_up, ints, read


class TestCgmSubmission(DocumentSuite):
    """The sentences that every adapter of documents keeps."""

    family = "cgm-submission"
    small = "mass.json"
    records = "received"
    limits: ClassVar[dict[str, tuple[int, ...]]] = {"mg/dL": (40, 400), "mmol/L": (22, 600)}


def test_a_submitted_reading_keeps_its_unit_its_decimals_and_its_offset(mappings: Mappings) -> None:
    (batch,) = read(kept(mass()), mappings).readings
    assert (batch.key.unit, batch.key.scale, ints(batch, "value").tolist()) == (
        "mg/dL",
        0,
        [96, 97, 98, 99, 100, 101],
    )
    assert (set(ints(batch, "offset").tolist()), set(ints(batch, "witness").tolist())) == (
        {120},
        {Witness.UTC},
    )
    assert int(ints(batch, "instant")[0]) == int(START.timestamp() * 1000)
    found = {
        batch.key.scale: ints(batch, "value").tolist() for batch in read(kept(molar()), mappings).readings
    }
    assert found == {1: [50, 51, 60], 2: [496]}


def test_a_comparator_says_that_the_amount_is_the_limit_and_an_infinity_that_it_is_not_told(
    mappings: Mappings,
) -> None:
    (batch,) = read(kept(out_of_range()), mappings).readings
    low, high, at, none = Flag.LOW, Flag.HIGH, Flag.INCLUSIVE, Flag.NO_VALUE
    assert ints(batch, "flags").tolist() == [low, low | at, high, high | at, low | none, high | none, 0]
    assert ints(batch, "value").tolist() == [40, 40, 400, 400, 0, 0, 120]


def test_what_no_sensor_reports_is_rejected_alone(mappings: Mappings) -> None:
    wild = [
        reading(START, 5.4),
        reading(START + timedelta(minutes=5), 120),
        reading(START, Decimal("1E999999")),
    ]
    done = read(kept(wild), mappings)
    adds_up(done)
    assert [each.row for each in done.account.rejected] == [1, 3]
    assert all("amount" in each.reason and "5.4" not in each.reason for each in done.account.rejected)


def test_a_reading_of_the_future_costs_itself_alone(mappings: Mappings) -> None:
    done = read(kept([*mass(), reading(START + timedelta(days=90), 120)]), mappings)
    assert [each.row for each in done.account.rejected] == [7]


def test_what_is_no_reading_is_counted_under_its_name(mappings: Mappings) -> None:
    done = read(kept(others()), mappings)
    adds_up(done)
    assert done.account.ignored == {"device": 1, "summary": 1, "other-observation": 1}
    assert done.account.rows_read == 3


def test_a_reading_sent_with_another_offset_has_the_same_key(mappings: Mappings) -> None:
    utc = [reading(START + step * timedelta(minutes=5), 96 + step) for step in range(6)]
    (local,), (plain,) = read(kept(mass()), mappings).readings, read(kept(utc), mappings).readings
    assert ints(local, "counter").tolist() == ints(plain, "counter").tolist()


def test_devices_are_apart_for_each_who_submits_and_a_persons_words_are_none_of_theirs(
    mappings: Mappings,
) -> None:
    (one,) = read(kept(mass(), thing(ACME)), mappings).readings
    (two,) = read(kept(mass(), thing(ACME), by="Other Cloud"), mappings).readings
    assert one.key.device != two.key.device
    assert (one.device.manufacturer, one.device.model, one.device.serial) == ("Acme", "Glow 2", "AC-0017")
    assert one.device.kind == "" and "Vera" not in repr((one.key, one.device))
    assert one.source_class is SourceClass.UNKNOWN
