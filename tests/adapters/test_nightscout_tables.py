"""Nightscout as tables: five cells a row without a header, and what the Data Exporter makes of two answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bridge.adapters import Decoded, Unreadable, recognise
from bridge.mapping import Mappings
from bridge.reading import EventKind, Flag, SourceClass, Stream, Witness, column
from tests.adapters.nightscout_entries import document, five, ms, table, z
from tests.adapters.nightscout_others import exporter
from tests.adapters.nightscout_told import lines
from tests.adapters.recordings import golden
from tests.adapters.suite import FamilySuite, adds_up, ints, names, read


class TestNightscoutCsv(FamilySuite):
    """The sentences that every adapter keeps."""

    family = "nightscout-csv"
    least = 2

    def rows(self, path: Path, done: Decoded) -> tuple[int, int]:
        """There is no header: the first row is one of data."""
        return 1, path.read_bytes().count(b"\n") + 1


class TestNightscoutExporter(FamilySuite):
    """The sentences that every adapter keeps."""

    family = "nightscout-exporter"
    least = 2


def keys(done: Decoded) -> set[tuple[object, ...]]:
    """Every reading with its series."""
    return {(batch.key, *pair) for batch in done.readings for pair in names(batch)}


def row(number: int, sgv: object, device: str = "share2", text: str = "") -> bytes:
    """A row as the server writes it."""
    return f'"{text or z(five(number))}",{ms(five(number))},{sgv},"Flat","{device}"'.encode()


def test_a_table_and_the_answer_that_it_was_made_of_say_the_same(mappings: Mappings) -> None:
    numbers = (118, 401, 39, 33, 12, 120, 500)
    rows = b"\r\n".join(row(place, sgv) for place, sgv in enumerate(numbers))
    records = [
        {"type": "sgv", "sgv": sgv, "date": ms(five(place)), "direction": "Flat", "device": "share2"}
        for place, sgv in enumerate(numbers)
    ]
    found = [golden(read(data, mappings)).split("\n# series", 1)[1] for data in (rows, document(records))]
    assert found[0] == found[1]


def test_the_first_row_is_one_of_data_and_the_last_needs_no_end(mappings: Mappings) -> None:
    done = read(row(1, 118) + b"\r\n" + row(0, 120), mappings)
    adds_up(done)
    assert done.account.read == {Stream.GLUCOSE: 2}


@pytest.mark.parametrize("put", [b"\n", b"\t", b"\xff\xfe", b"\xef\xbb\xbf"])
def test_line_ends_delimiters_and_encodings_change_nothing(mappings: Mappings, put: bytes) -> None:
    plain = table()
    forms = {
        b"\n": plain.replace(b"\r\n", b"\n") + b"\n",
        b"\t": plain.replace(b",", b"\t"),
        b"\xff\xfe": put + plain.decode().encode("utf-16-le"),
        b"\xef\xbb\xbf": put + plain,
    }
    assert golden(read(forms[put], mappings)) == golden(read(plain, mappings))


def test_a_table_cut_off_loses_rows_at_its_end_alone(mappings: Mappings) -> None:
    data = table()
    whole = keys(read(data, mappings))
    for length in range(len(data) - 1, len(data) - 200, -7):
        done = read(data[:length], mappings)
        adds_up(done)
        marked = {each for each in keys(done) if each not in whole}
        assert all(each[0].device != "dexcom share bridge" for each in marked), data[length - 60 : length]  # type: ignore[attr-defined]


def test_a_row_that_comes_twice_has_the_same_key(mappings: Mappings) -> None:
    rows = [row(place, 118 + place) for place in range(4)]
    once, twice = (read(b"\r\n".join(each), mappings) for each in (rows, [*rows, rows[2]]))
    assert keys(once) == keys(twice) and twice.account.read == {Stream.GLUCOSE: 5}


def test_the_text_beside_the_date_tells_the_offset(mappings: Mappings) -> None:
    there = five(0).astimezone(timezone(timedelta(hours=2))).isoformat(timespec="milliseconds")
    (batch,) = read(row(0, 118, text=there) + b"\n" + row(1, 120), mappings).readings
    assert ints(batch, "offset")[0] == 120
    assert set(column(batch.columns, "witness").tolist()) == {Witness.UTC}


def test_a_row_without_a_value_is_no_sensors(mappings: Mappings) -> None:
    done = read(b"\n".join([row(0, ""), row(1, 118), row(2, 119)]), mappings)
    assert done.account.ignored == {"entry-without-sensor-value": 1}


def test_small_numbers_beside_fractions_are_rejected(mappings: Mappings) -> None:
    done = read(b"\n".join([row(0, 7.8), row(1, 5), *(row(each, 118) for each in range(2, 9))]), mappings)
    assert [one.row for one in done.account.rejected] == [1, 2]
    assert done.account.read == {Stream.GLUCOSE: 7}


def test_followers_and_processed_values_are_called_so(mappings: Mappings) -> None:
    done = read(
        b"\n".join(row(each, 118, device) for each, device in enumerate(("share2", "ESEL", "", "a phone"))),
        mappings,
    )
    found = {batch.device.model: batch.source_class for batch in done.readings}
    assert found == {
        "Dexcom Share bridge": SourceClass.FOLLOWER, "ESEL": SourceClass.PROCESSED, "": SourceClass.UNKNOWN,
    }  # fmt: skip
    assert (ints(next(b for b in done.readings if b.device.model == "ESEL"), "flags") == Flag.SMOOTHED).all()


def test_numbers_without_a_time_are_no_entries(mappings: Mappings) -> None:
    with pytest.raises(Unreadable):
        recognise(b'"x",118,119,"Flat","share2"\n"y",118,119,"Flat","share2"\n', "entries.csv", mappings)


def test_the_three_languages_of_a_browser_are_one_time(mappings: Mappings) -> None:
    found = [keys(read(data, mappings)) for data in exporter().values()]
    assert found[0] == found[1] == found[2]
    (batch,) = [b for b in read(exporter()["american.csv"], mappings).readings if b.key.device == ""
                and b.key.stream is Stream.GLUCOSE]  # fmt: skip
    assert set(ints(batch, "witness").tolist()) == {Witness.ZONE}
    assert ints(batch, "instant")[-1] == round(datetime(2026, 3, 27, 7, 0, tzinfo=UTC).timestamp() * 1000)


def test_both_sections_are_read_by_their_own_headers(mappings: Mappings) -> None:
    done = read(exporter()["german.csv"], mappings)
    assert done.account.read == {
        Stream.BOLUS: 2, Stream.CAPILLARY: 1, Stream.CARBS: 2, Stream.EVENT: 1, Stream.GLUCOSE: 8, Stream.NOTE: 1,
    }  # fmt: skip
    assert lines(done, Stream.BOLUS, "value", "flags") == [(4.5, ""), (0.3, "AUTOMATED")]
    assert lines(done, Stream.NOTE, "text") == [('lunch, with "Wanda"',)]
    assert lines(done, Stream.EVENT, "kind") == [(EventKind.SENSOR_START.name.lower(),)]


def test_basals_whose_rate_was_left_out_are_ignored_by_name(mappings: Mappings) -> None:
    done = read(exporter()["german.csv"], mappings)
    assert done.account.ignored["basal-without-rate"] == 1 and Stream.BASAL not in done.account.read


def test_a_section_that_nobody_knows_is_counted_and_not_read_as_another(mappings: Mappings) -> None:
    data = (
        exporter()["german.csv"]
        + b'\n# DEVICE STATUS\nDate,Time,Insulin (U),ID\n"27.3.2026","08:00:00","9","x"\n'
    )
    done = read(data, mappings)
    adds_up(done)
    assert 9.0 not in [value for (value,) in lines(done, Stream.BOLUS, "value")]


def test_an_hour_that_a_browser_shows_twice_is_kept_and_flagged(mappings: Mappings) -> None:
    head = "# CGM ENTRIES\nDate,Time,Glucose (mg/dL),Type,Device,Trend,ID\n"
    night = [
        f'"25.10.2026","{clock}:00","{100 + n}","sgv","","Flat","x{n}"'
        for n, clock in enumerate(("2:40", "2:10", "1:50"))
    ]
    (batch,) = read((head + "\n".join(night) + "\n").encode(), mappings).readings
    assert len(batch) == 3 and (ints(batch, "flags") & Flag.UNCERTAIN > 0).sum() == 2
