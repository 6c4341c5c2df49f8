"""JSON documents read by a mapping alone: what the language says, and what becomes of every record."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.adapters import Decoded, Person, Unreadable, recognise
from bridge.mapping import Mappings
from bridge.reading import (
    NO_OFFSET,
    BolusKind,
    Flag,
    ModeKind,
    Readings,
    SettingKind,
    Stream,
    Trend,
    Unit,
    Witness,
    column,
)
from tests.adapters.suite import adds_up
from tests.mapping.clouds import answer, clouds, read, reading

PROJECT = Path(__file__).resolve().parents[2]
CLOUDS = clouds(PROJECT)


@pytest.fixture(scope="module")
def mappings() -> Mappings:
    """The shipped mappings and the invented cloud."""
    return CLOUDS


def only(done: Decoded, stream: Stream) -> Readings:
    """The one batch of a stream."""
    (batch,) = [batch for batch in done.readings if batch.key.stream is stream]
    return batch


def told(batch: Readings, name: str) -> list[object]:
    """A column, its default where it is missing."""
    return list(column(batch.columns, name).tolist())


def pumped(*events: object, **more: object) -> dict[str, object]:
    """An answer with some events of a pump."""
    return answer(pump={"serial": "PP-1", "events": list(events)}, **more)


# ------------------------------------------------------------------------------------------- records


def test_a_mapping_and_no_python_reads_a_document(mappings: Mappings) -> None:
    done = read(mappings, answer(reading()))
    batch = only(done, Stream.GLUCOSE)
    assert (batch.key.unit, batch.key.device, batch.device.kind) == (Unit.MG_DL, "s-1", "sensor")
    assert told(batch, "value") == [104]
    assert told(batch, "trend") == [Trend.FLAT] and told(batch, "rate") == [5]
    assert told(batch, "witness") == [Witness.UTC] and told(batch, "offset") == [120]
    assert done.person == Person("Ada Muster", date(1990, 2, 3), (("", "P-7"),))
    assert done.account.rows == done.account.rows_read == 1


def test_an_array_at_the_top_is_read_and_has_no_person(mappings: Mappings) -> None:
    done = read(mappings, [reading(), reading(at="2024-05-01T10:05:00Z", sugar=105)])
    assert told(only(done, Stream.GLUCOSE), "value") == [104, 105]
    assert done.person is None


def test_a_record_a_line_is_read(mappings: Mappings) -> None:
    lines = [json.dumps(reading(at=f"2024-05-01T10:{minute:02}:00Z")) for minute in range(0, 60, 5)]
    done = read(mappings, "\n".join([*lines, '{"uid": "cut of', ""]))
    assert len(only(done, Stream.GLUCOSE)) == 12
    assert [(each.row, each.part) for each in done.account.rejected] == [(13, "readings")]


def test_five_point_nought_stays_five_point_nought(mappings: Mappings) -> None:
    written = json.dumps(answer(reading(unit="mmol/L"))).replace("104", "5.0")
    batch = only(read(mappings, written), Stream.GLUCOSE)
    assert (batch.key.unit, batch.key.scale, told(batch, "value")) == (Unit.MMOL_L, 1, [50])


def test_numbers_may_be_texts_and_have_exponents(mappings: Mappings) -> None:
    written = json.dumps(answer(reading(sugar="104"), reading(at="2024-05-01T10:05:00Z", sugar=7.5)))
    batch = only(read(mappings, written.replace("7.5", "1.05e2")), Stream.GLUCOSE)
    assert told(batch, "value") == [104, 105]


def test_sentinels_are_never_values(mappings: Mappings) -> None:
    times = [f"2024-05-01T10:{minute:02}:00Z" for minute in range(0, 25, 5)]
    done = read(
        mappings,
        answer(*(reading(at=at, sugar=s) for at, s in zip(times, [39, 401, -1, 0, 140], strict=True))),
    )
    batch = only(done, Stream.GLUCOSE)
    assert told(batch, "value") == [40, 400, 0, 140]
    assert told(batch, "flags") == [Flag.LOW, Flag.HIGH, Flag.NO_VALUE, 0]
    assert done.account.ignored == {"sugar, nothing measured": 1}
    adds_up(done)


def test_a_unit_that_is_not_known_rejects_its_record_alone(mappings: Mappings) -> None:
    done = read(mappings, answer(reading(), reading(unit="stone"), reading(unit=None)))
    assert [each.reason for each in done.account.rejected] == [
        "what is in field 'unit' is no unit that is known here"
    ]
    assert len(only(done, Stream.GLUCOSE)) == 2


def test_a_record_that_is_damaged_is_rejected_alone_with_its_number(mappings: Mappings) -> None:
    good = [reading(at=f"2024-05-01T10:{minute:02}:00Z") for minute in range(0, 40, 5)]
    done = read(
        mappings,
        answer(5, *good, reading(sugar={"a": 1}), reading(trend=[]), reading(sugar="x"), reading(at="x")),
    )
    assert [(each.where, each.reason) for each in done.account.rejected] == [
        ("record 1 of readings", "the record is no object but a number"),
        ("record 10 of readings", "sugar is an object or array where a value belongs"),
        ("record 11 of readings", "trend is an array where an object belongs"),
        ("record 12 of readings", "what is in field 'sugar' is no amount"),
        ("record 13 of readings", "what is in field 'at' is no date and time as iso, epoch-ms"),
    ]
    adds_up(done)


def test_unknown_fields_are_counted_by_path_and_known_ones_named(mappings: Mappings) -> None:
    done = read(
        mappings,
        answer(
            reading(colour="red", new=1),
            reading(new=2, sensor={"serial": "S-1", "lot": "x", "firmware": "2"}),
            more=1,
        )
        | {"account": {"first": "Ada", "plan": "gold", "pet": "cat"}},
    )
    assert done.account.fields_ignored == ("readings.colour", "readings.sensor.firmware", "account.plan")
    assert set(done.account.fields_unknown) == {"readings.new", "readings.sensor.lot", "account.pet", "more"}
    assert done.account.unknown_in == {
        "readings.new": 2,
        "readings.sensor.lot": 1,
        "account.pet": 1,
        "more": 1,
    }


def test_a_document_of_mostly_broken_records_gives_those_that_are_whole(mappings: Mappings) -> None:
    done = read(mappings, answer(reading(), reading(sugar="x"), reading(sugar="y")))
    assert [each.where for each in done.account.rejected] == ["record 2 of readings", "record 3 of readings"]
    assert done.account.rows_read == 1


def test_an_answer_without_records_is_told(mappings: Mappings) -> None:
    done = read(mappings, answer())
    assert (done.account.rows, done.readings) == (0, ())
    assert done.account.warnings == ("there is no record in the document",)


def test_something_else_where_records_belong_is_told(mappings: Mappings) -> None:
    done = read(mappings, {"account": {}, "readings": "none"})
    assert "readings is a text where records belong: no record was read there" in done.account.warnings


# --------------------------------------------------------------------------------------------- times


def test_an_offset_is_the_difference_of_two_clocks_rounded_and_without_whole_days(mappings: Mappings) -> None:
    pairs = [("10:00:00", "2024-05-01T12:04:10"), ("10:05:00", "2024-05-03T01:34:00"), ("10:10:00", None)]
    done = read(mappings, answer(*(reading(at=f"2024-05-01T{at}Z", shown=shown) for at, shown in pairs)))
    assert told(only(done, Stream.GLUCOSE), "offset") == [120, -510, NO_OFFSET]


def test_an_offset_of_the_second_clocks_own_is_taken_as_told(mappings: Mappings) -> None:
    done = read(mappings, answer(reading(shown="2024-05-01T03:00:00-07:00")))
    assert told(only(done, Stream.GLUCOSE), "offset") == [-420]


def test_minutes_beside_a_stamp_are_its_offset_and_nought_may_tell_nothing(mappings: Mappings) -> None:
    at = 1_714_558_800_000
    done = read(
        mappings,
        pumped(
            *(
                {"id": str(n), "date": at + n, "carbs": 10, "zoneMinutes": m}
                for n, m in enumerate([0, 60, None])
            )
        ),
    )
    assert told(only(done, Stream.CARBS), "offset") == [NO_OFFSET, 60, NO_OFFSET]


def test_a_naive_stamp_is_by_the_zone_unless_minutes_stand_beside_it(mappings: Mappings) -> None:
    stamp = "2024-05-01T12:00:00"
    done = read(
        mappings,
        pumped(
            {"id": "1", "date": stamp, "carbs": 10},
            {"id": "2", "date": stamp, "carbs": 11, "zoneMinutes": -60},
        ),
    )
    batch = only(done, Stream.CARBS)
    assert told(batch, "instant") == [1_714_557_600_000, 1_714_568_400_000]
    assert told(batch, "witness") == [Witness.ZONE, Witness.UTC]


# --------------------------------------------------------------------------------- one record, several


def test_one_record_may_lead_to_several_readings_and_counts_once(mappings: Mappings) -> None:
    done = read(
        mappings, pumped({"id": "m1", "date": 1_714_558_800_000, "insulin": 4.5, "carbs": 45, "kind": "meal"})
    )
    assert done.account.read == {Stream.BOLUS: 1, Stream.CARBS: 1}
    assert (done.account.rows, done.account.rows_read, done.account.further) == (1, 1, 1)
    assert told(only(done, Stream.BOLUS), "record") == told(only(done, Stream.CARBS), "record") == ["m1"]
    assert told(only(done, Stream.BOLUS), "kind") == [BolusKind.MEAL]
    assert not done.account.warnings


def test_what_no_pass_fits_is_rejected_and_what_one_ignores_is_ignored(mappings: Mappings) -> None:
    at = 1_714_558_800_000
    done = read(
        mappings, pumped({"id": "1", "date": at, "carbs": 45}, {"kind": "ping"}, {"kind": "odd", "date": at})
    )
    assert done.account.ignored == {"heartbeat": 1}
    assert [each.row for each in done.account.rejected] == [3]
    adds_up(done)


def test_a_record_that_is_read_in_part_is_told_with_what_was_lost(mappings: Mappings) -> None:
    done = read(mappings, pumped({"id": "1", "date": 1_714_558_800_000, "insulin": 9000, "carbs": 45}))
    assert done.account.read == {Stream.CARBS: 1} and done.account.rejected == ()
    assert done.account.warnings[0].startswith(
        "1 records were read in part (first: record 1 of pump): what is in field 'insulin' is outside 0 to 100 U"
    )


# ------------------------------------------------------------------------------------------- events


def test_noise_of_binary_fractions_is_rounded_where_the_mapping_says_so(mappings: Mappings) -> None:
    at = 1_714_558_800_000
    done = read(
        mappings,
        pumped(*({"id": str(n), "date": at + n, "insulin": u} for n, u in enumerate([0.02500000037, 1]))),
    )
    batch = only(done, Stream.BOLUS)
    assert (batch.key.scale, told(batch, "value")) == (3, [25, 1000])


def test_a_dose_tells_how_long_it_took_what_was_programmed_and_who_decided(mappings: Mappings) -> None:
    event = {
        "id": "1",
        "date": 1_714_558_800_000,
        "insulin": 1.5,
        "insulinAsked": 2,
        "kind": "square",
        "lasted": 90,
    }
    batch = only(read(mappings, pumped(event | {"auto": True, "note": "pizza"})), Stream.BOLUS)
    assert told(batch, "programmed") == [2000] and told(batch, "flags") == [Flag.AUTOMATED]
    assert told(batch, "end") == [1_714_558_800_000 + 90 * 60_000]
    assert told(batch, "text") == ["pizza"] and told(batch, "kind") == [BolusKind.EXTENDED]


def test_a_length_that_is_not_known_makes_no_end(mappings: Mappings) -> None:
    batch = only(
        read(mappings, pumped({"id": "1", "date": 1_714_558_800_000, "insulin": 1, "lasted": "-1"})),
        Stream.BOLUS,
    )
    assert "end" not in batch.columns


def test_an_end_may_be_a_stamp(mappings: Mappings) -> None:
    event = {
        "id": "1",
        "time": {"date": "2024-05-01T10:00:00Z"},
        "mode": "sport",
        "ended": "2024-05-01T13:30:00+02:00",
    }
    batch = only(read(mappings, pumped(event)), Stream.MODE)
    assert int(batch.columns["end"][0] - batch.columns["instant"][0]) == 90 * 60_000
    assert told(batch, "kind") == [ModeKind.EXERCISE]


def test_settings_hold_from_a_minute_and_know_the_objects_around_them(mappings: Mappings) -> None:
    store = {
        "Default": {"basal": [{"from": f"{n // 2:02}:{n % 2 * 30:02}", "value": "0.5"} for n in range(48)]},
        "Sport": {"basal": [{"from": "00:00", "value": 0.25}]},
    }
    done = read(mappings, answer(profiles=[{"since": "2024-01-01T00:00:00Z", "store": store}]))
    batch = only(done, Stream.SETTINGS)
    assert len(batch) == 49 and len(set(told(batch, "counter"))) == 49
    assert set(told(batch, "minute")) == set(range(0, 1440, 30))
    assert set(told(batch, "text")) == {"Default", "Sport"}
    assert set(told(batch, "kind")) == {SettingKind.BASAL_RATE}


def test_a_record_sent_again_has_the_same_key_and_a_tombstone_too(mappings: Mappings) -> None:
    event = {"id": "d7", "date": 1_714_558_800_000, "insulin": 4.5}
    first = only(read(mappings, pumped(event)), Stream.BOLUS)
    later = only(read(mappings, pumped(event | {"insulin": 5, "date": 1_714_558_860_000})), Stream.BOLUS)
    gone = only(read(mappings, pumped(event | {"removed": True})), Stream.BOLUS)
    other = only(read(mappings, pumped(event | {"id": "d8"})), Stream.BOLUS)
    assert first.key == later.key == gone.key
    assert told(first, "counter") == told(later, "counter") == told(gone, "counter") != told(other, "counter")
    assert told(gone, "flags") == [Flag.RETRACTED]


def test_what_was_taken_back_needs_no_amount(mappings: Mappings) -> None:
    event = {"id": "d7", "date": 1_714_558_800_000, "insulin": "gone", "removed": True}
    batch = only(read(mappings, pumped(event)), Stream.BOLUS)
    assert told(batch, "flags") == [Flag.RETRACTED | Flag.NO_VALUE]


def test_sets_of_one_series_are_one_batch_and_devices_are_named_once(mappings: Mappings) -> None:
    done = read(
        mappings,
        answer(reading(), reading(sensorSerial="S-2", sensor=None), pump={"serial": "P", "events": []}),
    )
    assert [batch.key.device for batch in done.readings] == ["s-1", "s-2"]
    assert len(set(done.devices)) == len(done.devices)


# --------------------------------------------------------------------------------------------- damage


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            b'{"account": {}, "readings": [{"uid": 1}, {"uid": 2, "at": NaN}]}',
            "in record 2, at readings.at (byte 59): NaN",
        ),
        (
            b'{"account": {}, "readings": [{"uid": 1}, {"uid": 2, "trend": {"arrow"',
            "ends in record 2, at readings.trend",
        ),
        (b'{"account": {}, "readings": [{"uid": 1}, {"uid": 01}]}', "in record 2, at readings.uid"),
        (
            b'{"account": {}, "readings": [{}, ' + b"[" * 5000 + b"]" * 5000 + b"]}",
            "nested deeper than any export",
        ),
    ],
)
def test_broken_json_is_refused_with_the_record_and_the_path(
    mappings: Mappings, document: bytes, said: str
) -> None:
    with pytest.raises(Unreadable) as fault:
        read(mappings, document)
    assert said in fault.value.sentence and "\n" not in fault.value.sentence


def test_half_a_character_is_replaced_and_told(mappings: Mappings) -> None:
    event = {"id": "1", "date": 1_714_558_800_000, "insulin": 1, "note": "pizza 😀"}
    written = json.dumps(pumped(event)).replace("\\ude00", "")
    done = read(mappings, written)
    assert told(only(done, Stream.BOLUS), "text") == ["pizza �"]
    assert "1 halves of a character were replaced" in done.account.warnings


def test_a_huge_text_is_kept_whole_as_a_note_and_cut_in_a_reason(mappings: Mappings) -> None:
    novel = "word " * 100_000
    at = 1_714_558_800_000
    event = {"id": "1", "date": at, "insulin": 1, "note": novel}
    done = read(
        mappings, pumped(event, {"id": "2", "date": novel, "insulin": 1}, event | {"id": "3", "date": at + 1})
    )
    assert told(only(done, Stream.BOLUS), "text") == [novel.strip()] * 2
    assert len(done.account.rejected[0].reason) < 200


def test_marks_and_wide_encodings_change_nothing(mappings: Mappings) -> None:
    text = json.dumps(answer(reading()))
    plain = read(mappings, text)
    for data in (
        b"\xef\xbb\xbf" + text.encode(),
        b"\xff\xfe" + text.encode("utf-16-le"),
        b"\n " + text.encode() + b"\n",
    ):
        assert told(only(read(mappings, data), Stream.GLUCOSE), "counter") == told(
            only(plain, Stream.GLUCOSE), "counter"
        )


HARMS = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.sampled_from([b"", b'"', b"{", b"]", b",", b"9", b"\\", b"\xff", b"null", b"-"]),
        st.integers(0, 9),
    ),
    max_size=3,
)


@settings(max_examples=150)
@given(HARMS)
def test_damage_of_any_kind_is_refused_or_accounted_for(harms: list[tuple[float, bytes, int]]) -> None:
    events = [{"id": "1", "date": 1_714_558_800_000, "insulin": 1.5, "carbs": 20, "lasted": 30}]
    data = json.dumps(answer(reading(), reading(sugar=39), pump={"serial": "P", "events": events})).encode()
    for place, put, cut in harms:
        at = int(place * len(data))
        data = data[:at] + put + data[at + cut :]
    with suppress(Unreadable):
        if recognise(data, "x", CLOUDS) == "pocket-cloud":
            adds_up(read(CLOUDS, data))


# ------------------------------------------------------------------------------------------ detection


def test_a_document_is_recognised_by_its_first_bytes(mappings: Mappings) -> None:
    data = json.dumps(answer(*(reading(uid=str(n)) for n in range(2000)))).encode()
    assert len(data) > 65_536
    for length in (300, 5000, 65_536):
        assert recognise(data[:length], "x", mappings) == "pocket-cloud"
    assert recognise(json.dumps([reading()] * 2000).encode()[:65_536], "x", mappings) == "pocket-cloud"


def test_a_name_that_must_not_be_there_decides(mappings: Mappings) -> None:
    with pytest.raises(Unreadable, match="looks like FHIR JSON"):
        recognise(json.dumps(answer() | {"resourceType": "Bundle"}).encode(), "x", mappings)


def test_an_unknown_document_is_told_by_the_names_at_its_top(mappings: Mappings) -> None:
    data = json.dumps({"secret": "Ada", **dict.fromkeys("abcdef", "Muster")}).encode()
    with pytest.raises(Unreadable) as fault:
        recognise(data, "x", mappings)
    assert (
        "JSON of no known kind, with the names 'secret', 'a', 'b', 'c', 'd' at its top"
        in fault.value.sentence
    )
    assert "Ada" not in fault.value.sentence and "Muster" not in fault.value.sentence


def test_what_begins_as_json_and_is_none_is_told(mappings: Mappings) -> None:
    with pytest.raises(Unreadable, match="begins as JSON does but is none"):
        recognise(b"{unquoted: 1}", "x", mappings)
