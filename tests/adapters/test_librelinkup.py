"""LibreLinkUp: whose answer it is, which sensor made a value, and what stands twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.adapters import Decoded, Person, decode
from bridge.mapping import Mappings
from bridge.period import MINUTE
from bridge.reading import EventKind, Flag, Readings, SourceClass, Stream, Trend, Unit, Witness
from tests.adapters.linkup_files import (
    BEFORE,
    NO_DATA,
    PATIENT,
    SENSOR,
    START,
    WORN,
    answer,
    british_graph,
    changed_sensor,
    connection,
    connections,
    current_in_graph,
    german_graph,
    graph,
    logbook,
    measured,
    points,
    text,
    two_people,
    without_sensor,
)
from tests.adapters.recordings import RECEIVED, ZONES
from tests.adapters.suite import DocumentSuite, adds_up, ints, read, refused


class TestLibreLinkUp(DocumentSuite):
    """The sentences that every adapter of documents keeps."""

    family = "librelinkup"
    small = "graph-sensor-changed.json"
    records = "data.graphData"


def of(done: Decoded, device: str, stream: Stream = Stream.GLUCOSE) -> Readings:
    """The one batch of a stream and device."""
    (found,) = [batch for batch in done.readings if (batch.key.stream, batch.key.device) == (stream, device)]
    return found


def utc(wall: datetime) -> int:
    """A UTC wall time as an instant."""
    return int(wall.replace(tzinfo=UTC).timestamp() * 1000)


def told(mappings: Mappings, document: object) -> Decoded:
    """A document read, and its account."""
    done = read(text(document), mappings)
    adds_up(done)
    return done


def test_the_factory_time_is_the_instant_and_the_phone_tells_the_offset(mappings: Mappings) -> None:
    batch = of(told(mappings, german_graph()), SENSOR.lower())
    assert ints(batch, "instant")[0] == utc(START)
    assert set(ints(batch, "offset").tolist()) == {120}
    assert set(ints(batch, "witness").tolist()) == {Witness.UTC}


def test_the_repeated_hour_of_autumn_is_no_riddle(mappings: Mappings) -> None:
    batch = of(told(mappings, logbook()), "/logbook")
    night = [utc(datetime(2026, 10, 25, hour, 8, 19)) for hour in (0, 1)]
    rows = [ints(batch, "instant").tolist().index(instant) for instant in night]
    assert ints(batch, "offset")[rows].tolist() == [120, 60]
    assert not ints(batch, "flags")[rows].any() & int(Flag.UNCERTAIN)


def test_a_phone_whose_clock_was_wrong_bounds_the_instant(mappings: Mappings) -> None:
    late = measured(START, 120) | {"Timestamp": "10/6/2026 6:54:40 AM"}
    batch = of(told(mappings, graph(connection(None, WORN), [WORN], [late])), SENSOR.lower())
    assert (ints(batch, "offset").tolist(), ints(batch, "bound").tolist()) == ([120], [4 * MINUTE])


def test_a_value_of_tomorrow_costs_itself_and_not_the_answer(mappings: Mappings) -> None:
    ahead = measured(START + timedelta(days=90), 120)
    done = told(mappings, graph(connection(None, WORN), [WORN], [*points(START, 3, 1), ahead]))
    assert [one.row for one in done.account.rejected] == [4]
    assert "lies after the file was received" in done.account.rejected[0].reason


def test_the_number_of_the_sensor_is_kept_and_the_rounded_one_is_not(mappings: Mappings) -> None:
    history = points(START, 12, 72)
    done = told(mappings, british_graph())
    batch = of(done, SENSOR.lower())
    assert (batch.key.unit, batch.key.scale) == (Unit.MG_DL, 0)
    assert ints(batch, "value").tolist() == [record["ValueInMgPerDl"] for record in history]
    assert done.account.warnings == ()


def test_without_the_sensors_number_the_unit_of_the_account_stays(mappings: Mappings) -> None:
    alone = measured(START, 0, mmol=True) | {"Value": 5.0, "ValueInMgPerDl": None, "isLow": False}
    batch = of(told(mappings, graph(connection(None, WORN), [WORN], [alone])), SENSOR.lower())
    assert (batch.key.unit, batch.key.scale, ints(batch, "value").tolist()) == (Unit.MMOL_L, 1, [50])


def test_a_value_in_a_unit_that_nobody_knows_is_rejected(mappings: Mappings) -> None:
    odd = measured(START, 0) | {"GlucoseUnits": 2, "Value": 104, "ValueInMgPerDl": None, "isLow": False}
    done = told(mappings, graph(connection(None, WORN), [WORN], [odd, *points(START, 3, 1)]))
    assert [one.reason for one in done.account.rejected] == [
        "what is in field 'GlucoseUnits' is no unit that is known here"
    ]


def test_hi_and_lo_rest_beside_a_limit_that_is_true_of_every_sensor(mappings: Mappings) -> None:
    batch = of(told(mappings, logbook()), "/logbook")
    marks = dict(zip(ints(batch, "value").tolist(), (ints(batch, "flags") & 3).tolist(), strict=True))
    assert (marks[40], marks[400], marks[500]) == (Flag.LOW, Flag.HIGH, Flag.HIGH)
    assert not (ints(batch, "flags") & Flag.INCLUSIVE).any()


def test_a_floor_that_is_not_called_low_is_a_number(mappings: Mappings) -> None:
    floor = measured(START, 40) | {"isLow": False}
    batch = of(told(mappings, graph(connection(None, WORN), [WORN], [floor])), SENSOR.lower())
    assert (ints(batch, "value").tolist(), ints(batch, "flags").tolist()) == ([40], [0])


def test_above_and_below_at_once_is_rejected(mappings: Mappings) -> None:
    both = measured(START, 100) | {"isLow": True, "isHigh": True}
    done = told(mappings, graph(connection(None, WORN), [WORN], [both, *points(START, 3, 1)]))
    assert done.account.rejected[0].reason.startswith("it says at once that glucose was above and below")


def test_arrows_are_those_of_the_followers_app(mappings: Mappings) -> None:
    arrows = [Trend.NONE, *(Trend(each) for each in (6, 5, 4, 3, 2)), Trend.NONE]
    records = [
        measured(START - timedelta(hours=number), 100, kind=1, TrendArrow=number) for number in range(1, 7)
    ]
    batch = of(told(mappings, answer(records)), "/logbook")
    assert ints(batch, "trend").tolist()[::-1] == [int(each) for each in arrows[1:]]
    assert ints(of(told(mappings, logbook()), "/logbook"), "trend").tolist().count(Trend.NOT_COMPUTABLE) == 3


def test_a_value_is_of_the_sensor_that_was_activated_last_before_it(mappings: Mappings) -> None:
    done = told(mappings, changed_sensor())
    assert [len(of(done, name)) for name in ("", BEFORE.lower(), SENSOR.lower())] == [3, 6, 11]
    assert of(done, BEFORE.lower()).device.serial == BEFORE
    assert of(done, "").device.serial == "" and of(done, "").device.manufacturer == "Abbott"


def test_a_sensor_without_its_activation_made_all(mappings: Mappings) -> None:
    worn = WORN | {"a": 0}
    done = told(mappings, graph(connection(None, worn), [], points(START, 3, 1)))
    assert len(of(done, SENSOR.lower())) == 3
    assert done.account.ignored == {"sensor-without-activation": 1}


def test_an_activation_is_an_event_of_its_sensor(mappings: Mappings) -> None:
    done = told(mappings, changed_sensor())
    for serial, minutes in ((SENSOR, 42), (BEFORE, 12)):
        batch = of(done, serial.lower(), Stream.EVENT)
        assert set(ints(batch, "instant").tolist()) == {utc(START + timedelta(minutes=minutes))}
        assert set(ints(batch, "kind").tolist()) == {EventKind.SENSOR_START}
        assert len(set(ints(batch, "counter").tolist())) == 1  # told twice, one event


def test_a_current_value_that_the_graph_has_too_is_one_reading(mappings: Mappings) -> None:
    done = told(mappings, current_in_graph())
    assert done.account.read == {Stream.EVENT: 2, Stream.GLUCOSE: 6}
    assert done.account.ignored == {
        "current-value-that-the-graph-has-too": 1,
        "copy-of-the-current-value": 1,
    }


def test_the_value_of_the_minute_is_a_series_beside_the_graph(mappings: Mappings) -> None:
    done = told(mappings, german_graph())
    current = of(done, f"{SENSOR.lower()}/current")
    assert (ints(current, "value").tolist(), ints(current, "trend").tolist()) == (
        [143],
        [Trend.FORTY_FIVE_UP],
    )
    assert current.device == of(done, SENSOR.lower()).device


def test_the_copy_of_a_current_value_speaks_where_it_is_alone(mappings: Mappings) -> None:
    done = told(mappings, without_sensor())
    assert ints(of(done, "/current"), "value").tolist() == [133]
    assert done.account.ignored == {}


def test_the_next_answer_brings_no_reading_twice(mappings: Mappings) -> None:
    first, second = german_graph(), german_graph()
    del second["data"]["graphData"][:20]
    keys = [
        {(b.key, key) for b in told(mappings, each).readings for key in ints(b, "counter").tolist()}
        for each in (first, second)
    ]
    assert keys[1] < keys[0] and len(keys[0] - keys[1]) == 20


def test_the_logbook_tells_scans_from_alarms(mappings: Mappings) -> None:
    done = told(mappings, logbook())
    scans, alarms = of(done, "/logbook"), of(done, "/logbook", Stream.EVENT)
    assert (ints(scans, "flags") & Flag.SCAN > 0).sum() == 6
    assert ints(alarms, "kind").tolist() == [
        EventKind.ALARM,
        EventKind.ALARM_HIGH,
        EventKind.ALARM_URGENT_LOW,
        EventKind.ALARM_LOW,
    ]
    assert (done.account.further, done.account.rows_read) == (2, 10)


def test_an_alarm_of_a_connection_is_an_event(mappings: Mappings) -> None:
    batch = of(told(mappings, connections()), "/logbook", Stream.EVENT)
    assert ints(batch, "kind").tolist() == [EventKind.ALARM_URGENT_LOW]


def test_the_followed_person_is_named_and_kept_nowhere(mappings: Mappings) -> None:
    done = told(mappings, connections())
    assert done.person == Person("Ada Muster", identifiers=(("", PATIENT),))
    assert told(mappings, logbook()).person is None
    assert {batch.source_class for batch in done.readings} == {SourceClass.FOLLOWER}


def test_an_account_that_follows_two_is_refused_without_their_names(mappings: Mappings) -> None:
    said = refused(text(two_people()), mappings)
    assert said.startswith("the document is about 2 people: ")


def test_two_people_of_one_name_are_two(mappings: Mappings) -> None:
    document = two_people()
    document["data"][1] |= {"firstName": "Ada", "lastName": "Muster"}
    assert "about 2 people: " in refused(text(document), mappings)


def test_the_same_person_twice_is_one(mappings: Mappings) -> None:
    document = connections()
    document["data"].append(document["data"][0])
    assert told(mappings, document).person == Person("Ada Muster", identifiers=(("", PATIENT),))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("login", "LibreLinkUp's answer to a sign-in: it holds a secret"),
        ("terms", "nothing is accepted here for anybody"),
        ("privacy", "nothing is accepted here for anybody"),
        ("redirect", "in another region"),
        ("refused", "not signed in, a wrong password"),
        ("not-followed", "a patient whom the account does not follow"),
        ("locked", "locked this account for some minutes"),
        ("too-old", "because it is too old"),
        ("header", "a LibreLinkUp error about the request"),
        ("profile", "the profile of a LibreLinkUp account"),
        ("follows-nobody", "names no person and no reading"),
        ("encrypted", "encrypted for its app alone"),
    ],
)
def test_what_holds_no_readings_is_named_and_refused(mappings: Mappings, name: str, said: str) -> None:
    sentence = refused(text(NO_DATA[name]), mappings)
    assert said in sentence
    assert "Ada" not in sentence and "token" not in sentence


def test_an_empty_logbook_is_no_fault_to_who_asked_for_it(mappings: Mappings) -> None:
    data = text(answer([]))
    done = decode(data, mappings.formats["librelinkup"], ZONES, RECEIVED)
    assert (done.rows, done.readings) == (0, ())
    assert done.account.warnings == ("there is no record in the document",)


def test_fields_that_newer_answers_have_are_counted(mappings: Mappings) -> None:
    document = connections()
    document["data"][0]["glucoseAlarm"]["colour"] = "white"
    document["data"][0]["mood"] = "fine"
    unknown = told(mappings, document).account.unknown_in
    assert unknown == {"data.connection.glucoseAlarm.colour": 1, "data.mood": 1}
