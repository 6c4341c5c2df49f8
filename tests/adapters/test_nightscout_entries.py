"""Nightscout entries: which numbers are values, when they were, and who passed them on."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bridge.adapters import Decoded
from bridge.mapping import Mappings
from bridge.reading import EventKind, Flag, Readings, SourceClass, Stream, Trend, column
from tests.adapters import nightscout_entries as entries
from tests.adapters.nightscout_entries import Record, document, five, local, ms, v3, z
from tests.adapters.recordings import committed, decoded
from tests.adapters.suite import adds_up, ints, read


def of(done: Decoded, stream: Stream = Stream.GLUCOSE) -> list[Readings]:
    """The batches of a stream."""
    return [batch for batch in done.readings if batch.key.stream is stream]


def told(mappings: Mappings, *records: Record) -> Decoded:
    """Records read, and their account."""
    done = read(document([{"type": "sgv", "device": "share2"} | each for each in records]), mappings)
    adds_up(done)
    return done


def values(done: Decoded) -> dict[int, tuple[int, Flag]]:
    """Value and marks of glucose by the number of its record, from 1."""
    return {
        row: (value, Flag(flags))
        for batch in of(done)
        for row, value, flags in zip(
            *(ints(batch, name).tolist() for name in ("row", "value", "flags")), strict=True
        )
    }


def sensed(*numbers: float, **more: Any) -> tuple[Record, ...]:
    """Entries with these values, five minutes apart, and two good ones behind them."""
    return tuple(
        {"sgv": number, "date": ms(five(place)), "dateString": z(five(place))} | more
        for place, number in enumerate((*numbers, 101, 102))
    )


def test_codes_of_a_receiver_are_events_and_never_values(mappings: Mappings) -> None:
    done = told(mappings, *sensed(1, 2, 3, 5, 6, 9, 10, 12))
    (batch,) = of(done, Stream.EVENT)
    fault, lost = EventKind.SENSOR_FAULT, EventKind.SIGNAL_LOSS
    assert ints(batch, "kind").tolist() == [
        fault, fault, lost, EventKind.CALIBRATION_NEEDED, fault, fault, fault, lost,
    ]  # fmt: skip
    assert sorted(value for value, _ in values(done).values()) == [101, 102]


@pytest.mark.parametrize("code", [0, 4, 7, 8, 11, 13, 14, 19])
def test_numbers_of_no_known_meaning_are_ignored_by_name(mappings: Mappings, code: int) -> None:
    done = told(mappings, *sensed(code))
    assert done.account.ignored == {"error-code": 1}


def test_what_xdrip_writes_without_a_trusted_value_is_ignored(mappings: Mappings) -> None:
    done = told(mappings, *sensed(13, 38, 39, device="xDrip-DexcomG5"))
    assert done.account.ignored == {"error-value-of-xdrip": 2}
    assert values(done)[3] == (40, Flag.LOW)


def test_a_whole_number_below_every_sensor_was_low_and_is_no_number(mappings: Mappings) -> None:
    found = values(told(mappings, *sensed(38, 34, 32, 39, 40, device="iAPS")))
    assert [found[row] for row in range(1, 6)] == [(40, Flag.LOW)] * 4 + [(40, Flag(0))]


def test_401_is_above_the_range_and_a_libre_counts_to_500(mappings: Mappings) -> None:
    found = values(told(mappings, *sensed(400, 401, 402, 500, 501)))
    high = Flag.HIGH
    assert [found[row] for row in range(1, 6)] == [
        (400, Flag(0)), (400, high), (402, Flag(0)), (500, Flag(0)), (500, high),
    ]  # fmt: skip


@pytest.mark.parametrize("mmol", [7.8, 7.777777777777778])
def test_mmol_in_the_place_of_mg_dl_is_rejected_with_its_reason(mappings: Mappings, mmol: float) -> None:
    done = told(mappings, *sensed(mmol))
    assert [one.row for one in done.account.rejected] == [1]
    assert done.account.rejected[0].reason.startswith("sgv is always mg/dL, and this is none")


def test_small_numbers_of_an_uploader_that_sends_mmol_are_no_codes(mappings: Mappings) -> None:
    done = told(mappings, *sensed(7.8, 5, 21, device="home-made"), *sensed(5))
    assert [one.row for one in done.account.rejected] == [1, 2, 3]
    assert len(of(done, Stream.EVENT)) == 1


def test_a_fraction_of_a_good_value_is_rounded(mappings: Mappings) -> None:
    found = values(told(mappings, *sensed(113.4, 113.6, 96.00000000000003, device="loop://phone")))
    assert [found[row][0] for row in (1, 2, 3)] == [113, 114, 96]


def test_what_loop_says_about_the_range_goes_before_the_number(mappings: Mappings) -> None:
    above, below, plain = sensed(380)[0], sensed(52, 52)[1], sensed(1, 1, 110)[2]
    found = values(
        told(mappings, above | {"condition": "aboveRange"}, below | {"condition": "belowRange"}, plain)
    )
    assert (found[1], found[2]) == ((400, Flag.HIGH), (40, Flag.LOW))


def test_esel_smooths_and_says_so_with_every_value(mappings: Mappings) -> None:
    found = values(told(mappings, *sensed(120, 38, 39, 400, 410, device="ESEL")))
    smoothed = Flag.SMOOTHED
    assert [found[row] for row in range(1, 6)] == [
        (120, smoothed), *[(40, smoothed | Flag.LOW)] * 2, *[(400, smoothed | Flag.HIGH)] * 2,
    ]  # fmt: skip


def test_a_fingerstick_is_capillary_and_a_line_of_calibration_nothing(mappings: Mappings) -> None:
    at = {"date": ms(five(9)), "device": "xDrip-DexcomG6"}
    mbg, line = (
        {"type": "mbg", "mbg": 137.0} | at,
        {"type": "cal", "slope": 950.1, "intercept": 28_000.5} | at,
    )
    done = told(mappings, mbg, line, *sensed(100))
    (batch,) = of(done, Stream.CAPILLARY)
    assert (batch.key.unit, ints(batch, "value").tolist()) == ("mg/dL", [137])
    assert done.account.ignored == {"calibration-line": 1}


def test_values_shown_while_a_sensor_is_calibrated_are_no_readings(mappings: Mappings) -> None:
    done = told(mappings, *sensed(120, isCalibration=False), *sensed(isCalibration=True))
    assert done.account.ignored == {"display-only-value": 2}


@pytest.mark.parametrize(
    "date",
    [
        1_774_728_003_120,
        1_774_728_003_120.456,
        "1774728003120",
        {"$numberLong": "1774728003120"},
        {"$date": "2026-03-28T20:00:03.120Z"},
        {"$date": {"$numberLong": "1774728003120"}},
        "2026-03-28T21:00:03.120+01:00",
    ],
)
def test_the_date_is_the_instant_however_it_is_written(mappings: Mappings, date: object) -> None:
    done = told(mappings, *sensed(150)[1:], {"sgv": 150, "date": date})
    instants = {instant for batch in of(done) for instant in ints(batch, "instant").tolist()}
    assert ms(five(0)) in instants


def test_a_date_in_seconds_is_one_of_seconds(mappings: Mappings) -> None:
    done = told(mappings, {"sgv": 150, "date": ms(five(0)) // 1000}, *sensed(150)[1:])
    (batch,) = of(done)
    assert ints(batch, "instant")[0] == ms(five(0)) // 1000 * 1000


def test_without_a_date_its_text_is_the_instant(mappings: Mappings) -> None:
    (batch,) = of(told(mappings, {"sgv": 150, "dateString": local(five(0), 2)}, *sensed(150)[1:]))
    assert (ints(batch, "instant")[0], ints(batch, "offset")[0]) == (ms(five(0)), 120)


def test_the_text_tells_the_offset_and_a_server_that_writes_nought_tells_none(mappings: Mappings) -> None:
    plain, *rest = sensed(150)
    away, server = plain | {"dateString": local(five(0), 2)}, plain | {"utcOffset": 0}
    offsets = []
    for record in (away, server, plain | {"utcOffset": 60}, plain):
        (batch,) = of(told(mappings, record, *rest))
        offsets.append(column(batch.columns, "offset").tolist()[0])
    unknown = offsets[3]
    assert offsets == [120, unknown, 60, unknown] and unknown not in (0, 60, 120)


def test_the_night_in_which_clocks_go_forward_keeps_every_instant(mappings: Mappings) -> None:
    (path,) = [path for path in committed("nightscout") if path.name == "entries-xdrip.json"]
    (batch,) = of(decoded(path, mappings))
    assert ints(batch, "instant").tolist() == sorted(
        record["date"] for record in json.loads(path.read_bytes()) if record.get("sgv") not in (None, 13, 38)
    )
    assert set(ints(batch, "offset").tolist()) == {60, 120}


def test_a_value_that_was_deleted_is_taken_back(mappings: Mappings) -> None:
    records = [dict(one) | {"identifier": f"i{place}"} for place, one in enumerate(sensed(110))]
    records[0] |= {"isValid": False, "srvModified": 1}
    found = values(read(v3(records), mappings))
    assert [row for row, (_, flags) in found.items() if flags & Flag.RETRACTED] == [1]


@pytest.mark.parametrize(
    ("device", "source", "model"),
    [
        ("share2", SourceClass.FOLLOWER, "Dexcom Share bridge"),
        ("nightscout-connect://minimedcarelink/NGP", SourceClass.FOLLOWER, "nightscout-connect"),
        ("nightscout-librelink-up", SourceClass.FOLLOWER, "LibreLink Up uploader"),
        ("xDrip-DexcomG6", SourceClass.PROCESSED, "xDrip+"),
        ("xDrip4iOS", SourceClass.PROCESSED, "xDrip4iOS"),
        ("openaps://AndroidAPS", SourceClass.PROCESSED, "AndroidAPS"),
        ("openaps://wanda-rig", SourceClass.PROCESSED, "OpenAPS"),
        ("loop://Wanda's iPhone", SourceClass.PROCESSED, "Loop"),
        ("ESEL", SourceClass.PROCESSED, "ESEL"),
        ("Wanda's phone", SourceClass.UNKNOWN, ""),
        (None, SourceClass.UNKNOWN, ""),
    ],
)
def test_who_uploaded_decides_how_a_reading_came_here(
    mappings: Mappings, device: str | None, source: SourceClass, model: str
) -> None:
    (batch,) = of(told(mappings, *sensed(110, device=device)))
    assert (batch.source_class, batch.device.model, batch.device.serial) == (source, model, "")
    assert "wanda" not in repr((batch.key, batch.device)).casefold()


def test_two_unnamed_uploaders_are_two_series(mappings: Mappings) -> None:
    done = told(mappings, *sensed(110, device="Wanda's phone"), *sensed(110, device="Max's phone"))
    assert len(of(done)) == 2


def test_arrows_are_words_or_numbers_and_a_word_that_nobody_knows_is_none(mappings: Mappings) -> None:
    said = (
        "DoubleUp",
        "NOT COMPUTABLE",
        "NotComputable",
        "RATE OUT OF RANGE",
        "NONE",
        "Sideways",
        "TripleDown",
    )
    records = [one | {"direction": word} for one, word in zip(sensed(*range(110, 115)), said, strict=True)]
    (batch,) = of(told(mappings, *records, {"sgv": 120, "date": ms(five(9)), "trend": 4}))
    assert ints(batch, "trend").tolist() == [
        Trend.DOUBLE_UP, Trend.NOT_COMPUTABLE, Trend.NOT_COMPUTABLE, Trend.RATE_OUT_OF_RANGE, Trend.NONE, Trend.NONE,
        Trend.DOUBLE_DOWN, Trend.FLAT,
    ]  # fmt: skip


def test_what_an_app_on_the_phone_adds_to_its_first_record_changes_nothing(mappings: Mappings) -> None:
    done = read(entries.entries_xdrip_service(), mappings)
    assert done.account.fields_unknown == () and done.account.read == {Stream.GLUCOSE: 8}


def test_a_clock_that_was_never_set_or_runs_ahead_costs_its_own_records(mappings: Mappings) -> None:
    wrong = {"sgv": 120, "date": 1_000}, {"sgv": 121, "date": ms(five(0) + timedelta(days=900))}
    done = told(mappings, *wrong, *sensed(110, 111, 112))
    assert [one.row for one in done.account.rejected] == [1, 2]
    assert len(values(done)) == 5


def test_of_a_document_that_is_mostly_mmol_no_small_number_is_read(mappings: Mappings) -> None:
    done = read(document([{"type": "sgv"} | one for one in sensed(5.5, 6.1, 7.2, 7)]), mappings)
    assert [ints(batch, "value").tolist() for batch in done.readings] == [[101, 102]]
    assert len(done.account.rejected) == 4
    assert all("sgv is always mg/dL" in each.reason for each in done.account.rejected)
