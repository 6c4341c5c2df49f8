"""Eversense clouds: which events are glucose, whose times are UTC, and what a list of followed people shows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.adapters import Decoded, Person
from bridge.mapping import Mappings
from bridge.reading import NO_OFFSET, EventKind, Readings, SourceClass, Stream, Trend, Unit, Witness
from tests.adapters.eversense_files import (
    NO_DATA,
    SENSOR,
    START,
    WEARER,
    care,
    current,
    device,
    disconnected,
    event,
    followed,
    following,
    log,
    text,
    two_people,
)
from tests.adapters.suite import DocumentSuite, adds_up, ints, read, refused


class TestEversenseCloud(DocumentSuite):
    """The sentences that every adapter of documents keeps."""

    family = "eversense-cloud"
    small = "care-history.json"
    records = ""


def told(mappings: Mappings, document: object) -> Decoded:
    """A document read, and its account."""
    done = read(text(document), mappings)
    adds_up(done)
    return done


def only(done: Decoded) -> Readings:
    """The one batch."""
    (batch,) = done.readings
    return batch


def utc(wall: str) -> int:
    """A UTC stamp as an instant."""
    return int(datetime.fromisoformat(wall).replace(tzinfo=UTC).timestamp() * 1000)


def test_times_without_a_zone_are_utc_in_the_followers_interface(mappings: Mappings) -> None:
    for document, first in (
        (care(), "2026-10-06T04:00"),
        (current(), "2026-10-06T04:00"),
        (following(), f"{START}"),
    ):
        batch = only(told(mappings, document))
        assert ints(batch, "instant")[0] == utc(first)
        assert set(ints(batch, "witness").tolist()) == {Witness.UTC}
        assert set(ints(batch, "offset").tolist()) == {NO_OFFSET}


def test_a_log_is_settled_by_its_offset_then_by_its_utc_time(mappings: Mappings) -> None:
    batch = only(told(mappings, log()))
    start = utc("2026-10-25T00:15")
    assert ints(batch, "instant")[:18].tolist() == [start + 300_000 * number for number in range(18)]
    assert ints(batch, "offset")[:18].tolist() == [120] * 9 + [60] * 9
    assert set(ints(batch, "witness")[:18].tolist()) == {Witness.UTC}


def test_an_offset_goes_before_a_utc_time_that_says_otherwise(mappings: Mappings) -> None:
    odd = event("2026-10-06T06:00:00+02:00", 100, EventDateUTC="2026-10-06T05:00:00")
    assert ints(only(told(mappings, [odd])), "instant").tolist() == [utc("2026-10-06T04:00")]


def test_a_log_entry_with_a_local_time_alone_is_by_the_zone_of_the_person(mappings: Mappings) -> None:
    batch = only(told(mappings, log()))
    assert (ints(batch, "instant")[-1], ints(batch, "witness")[-1]) == (utc("2026-10-25T11:00"), Witness.ZONE)


def test_the_same_instant_of_history_and_log_is_one_reading(mappings: Mappings) -> None:
    plain = only(told(mappings, [event("2026-10-06T04:00:00", 104)]))
    logged = only(told(mappings, [event("2026-10-06T06:00:00", 104, EventDateUTC="2026-10-06T04:00:00")]))
    assert plain.key == logged.key
    assert ints(plain, "counter").tolist() == ints(logged, "counter").tolist()


def test_an_event_of_a_phone_that_ran_ahead_costs_itself_alone(mappings: Mappings) -> None:
    (one,) = told(mappings, [*care()[:5], event("2027-10-06T06:00:00", 95)]).account.rejected
    assert "lies after the file was received" in one.reason


def test_events_of_other_types_are_counted_by_a_rule_and_are_no_glucose(mappings: Mappings) -> None:
    done = told(
        mappings, [*care(), event("2026-10-06T06:00:00", 95, 7), event("2026-10-06T06:05:00", 90, -1)]
    )
    assert done.account.ignored == {"event-of-another-type": 3}


def test_numbers_are_mg_dl_whatever_the_display_shows(mappings: Mappings) -> None:
    for units in (0, 1):
        batch = only(told(mappings, [followed(WEARER, "Ada", "Muster", 131, START, Units=units)]))
        assert (batch.key.unit, ints(batch, "value").tolist()) == (Unit.MG_DL, [131])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1001, "1000 and above are marks for no valid value"),
        (6, "is outside 40 to 400 mg/dL"),
        (0, "is outside 40 to 400 mg/dL"),
        (401, "is outside 40 to 400 mg/dL"),
        (6.2, "is outside 40 to 400 mg/dL"),
    ],
)
def test_what_is_no_plausible_number_is_rejected_and_never_multiplied(
    mappings: Mappings, value: float, said: str
) -> None:
    odd = event("2026-10-06T06:00:00", 0) | {"Value": value}
    (one,) = told(mappings, [*care()[:5], odd]).account.rejected
    assert said in one.reason


def test_arrows_are_those_of_the_cloud_and_an_unknown_one_is_none(mappings: Mappings) -> None:
    assert ints(only(told(mappings, current())), "trend").tolist() == [
        Trend.NONE,
        Trend.SINGLE_DOWN,
        Trend.FORTY_FIVE_DOWN,
        Trend.FLAT,
        Trend.FORTY_FIVE_UP,
        Trend.SINGLE_UP,
        Trend.DOUBLE_DOWN,
        Trend.DOUBLE_UP,
        Trend.NONE,
    ]


@pytest.mark.parametrize("off", [False, 0])
def test_the_last_value_of_a_transmitter_that_is_off_is_stale(mappings: Mappings, off: object) -> None:
    done = told(mappings, [following()[0] | {"IsTransmitterConnected": off}])
    assert done.readings == ()
    assert done.account.ignored == {"stale-value-of-a-disconnected-transmitter": 1}
    assert told(mappings, disconnected()).readings == ()


def test_the_followed_person_is_named_and_the_follower_is_not(mappings: Mappings) -> None:
    done = told(mappings, following())
    assert done.person == Person("Ada Muster", identifiers=(("", str(WEARER)),))
    assert only(done).source_class is SourceClass.FOLLOWER
    assert done.account.fields_unknown == ()


def test_an_account_that_follows_two_is_refused_without_their_names(mappings: Mappings) -> None:
    said = refused(text(two_people()), mappings)
    assert said.startswith("the document is about 2 people: ")


def test_the_current_value_is_a_series_beside_the_history(mappings: Mappings) -> None:
    assert only(told(mappings, current())).key.device == "/current"
    assert only(told(mappings, care())).key.device == ""


def test_sensor_and_transmitter_are_two_devices(mappings: Mappings) -> None:
    done = told(mappings, device())
    assert [(each.kind, each.serial) for each in done.devices] == [
        ("sensor", SENSOR),
        ("transmitter", "301177"),
    ]
    assert done.devices[1].model == "FG-3400"
    batch = only(done)
    assert (batch.key.stream, batch.device.serial) == (Stream.EVENT, SENSOR)
    assert ints(batch, "kind").tolist() == [EventKind.SENSOR_START]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("token", "it holds a secret and no readings"),
        ("profile", "this is an Eversense profile"),
        ("sent-value", "what an Eversense app sends to its cloud"),
        ("sent-log", "what an Eversense app sends to its cloud"),
    ],
)
def test_what_holds_no_readings_is_named_and_refused(mappings: Mappings, name: str, said: str) -> None:
    sentence = refused(text(NO_DATA[name]), mappings)
    assert said in sentence
    assert "Ada" not in sentence and "invented" not in sentence
