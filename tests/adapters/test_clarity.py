"""Clarity: what the export says, and when it was."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.adapters import Decoded, Person, decode
from bridge.mapping import Mappings
from bridge.period import HOUR, ZoneHistory
from bridge.reading import BolusKind, Flag, Readings, Stream, Witness
from tests.adapters.clarity_files import (
    ENGLISH,
    Export,
    g6_2019,
    g6_2023,
    g6_twelve,
    g7_2025,
    mmol_2024,
    plain,
    quoted,
    stamp,
    workbook,
)
from tests.adapters.recordings import RECEIVED
from tests.adapters.suite import AdapterSuite, adds_up, ints, read, refused

KYIV = ZoneInfo("Europe/Kyiv")


def widened(data: bytes) -> bytes:
    """One more column."""
    lines = data.decode().splitlines()
    lines[0] += ",Novel"
    place = next(n for n, line in enumerate(lines) if ",EGV," in line)
    lines[place] += ",1"
    return ("\n".join(lines) + "\n").encode()


class TestClarity(AdapterSuite):
    """The sentences that every adapter keeps."""

    family = "dexcom-clarity"
    small = "g6-2019-unquoted-repeated-hour.csv"
    widen = staticmethod(widened)


def stream(done: Decoded, wanted: Stream) -> Readings:
    """The one batch of a stream."""
    (found,) = [batch for batch in done.readings if batch.key.stream is wanted]
    return found


def utc(text: str) -> int:
    """A UTC stamp as an instant."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def worn(zone: ZoneInfo, since: datetime, count: int, shift: dict[int, int] | None = None) -> bytes:
    """An export of a person whose clock stood in `zone`, moved by hours from the readings given on."""
    out, moved = Export(ENGLISH, "android G6"), 0
    for index in range(count):
        moved = (shift or {}).get(index, moved)
        local = (since + timedelta(minutes=5 * index)).astimezone(zone).replace(tzinfo=None)
        out.egv(local + timedelta(hours=moved), str(60 + index % 300), 7_573 + 300 * index, "8GH00A")
    return quoted(out.sorted())


def test_ticks_tell_both_passes_of_a_repeated_hour_apart(mappings: Mappings) -> None:
    start = datetime(2023, 10, 28, 20, 0, tzinfo=UTC)
    done = decode(
        worn(KYIV, start, 120),
        mappings.formats["dexcom-clarity"],
        ZoneHistory.always("Europe/Kyiv"),
        RECEIVED,
    )
    instants = stream(done, Stream.GLUCOSE).columns["instant"]
    assert set(np.diff(instants).tolist()) == {300_000}
    assert int(instants[0]) == utc("2023-10-28T20:00:00")
    assert set(ints(stream(done, Stream.GLUCOSE), "offset").tolist()) == {180, 120}
    assert done.account.warnings == ()


def test_travel_that_no_zone_knows_is_seen_in_the_ticks_and_told(mappings: Mappings) -> None:
    start = datetime(2024, 5, 9, 0, 0, tzinfo=UTC)
    done = decode(
        worn(KYIV, start, 600, {200: -1, 320: 0}),
        mappings.formats["dexcom-clarity"],
        ZoneHistory.always("Europe/Kyiv"),
        RECEIVED,
    )
    batch = stream(done, Stream.GLUCOSE)
    assert set(np.diff(ints(batch, "instant")).tolist()) == {300_000}
    assert set(ints(batch, "witness").tolist()) == {Witness.COUNTER}
    assert "the clock was moved where the patient's zone was not" in done.account.warnings[0]


@given(
    moves=st.dictionaries(st.integers(30, 260), st.sampled_from([-8, -3, -1, 1, 2, 6]), max_size=3),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"]),
)
def test_however_the_clock_moves_a_mostly_homely_sensor_keeps_its_instants(
    mappings: Mappings, moves: dict[int, int], zone: str
) -> None:
    start = datetime(2024, 3, 9, 12, 0, tzinfo=UTC)
    back = {place + 12: 0 for place in moves} | moves
    done = decode(
        worn(ZoneInfo(zone), start, 300, back),
        mappings.formats["dexcom-clarity"],
        ZoneHistory.always(zone),
        RECEIVED,
    )
    instants = stream(done, Stream.GLUCOSE).columns["instant"]
    assert instants.tolist() == [utc("2024-03-09T12:00:00") + 300_000 * index for index in range(300)]


def test_a_wrong_zone_moves_instants_and_keeps_identities(mappings: Mappings) -> None:
    data, known = g7_2025(), mappings.formats["dexcom-clarity"]
    here = decode(data, known, ZoneHistory.always("Europe/Berlin"), RECEIVED)
    there = decode(data, known, ZoneHistory.always("Europe/London"), RECEIVED)
    for one, other in zip(here.readings, there.readings, strict=True):
        assert one.key == other.key and one.key.by_counter
        assert ints(one, "counter").tolist() == ints(other, "counter").tolist()
        assert (ints(other, "instant") - ints(one, "instant") == HOUR).all()


def test_travel_in_the_zone_history_settles_a_sensor_worn_abroad(mappings: Mappings) -> None:
    start = datetime(2024, 5, 9, 0, 0, tzinfo=UTC)
    zones = ZoneHistory(((0, "Europe/Kyiv"), (utc("2024-05-08T00:00:00"), "America/New_York")))
    data = worn(ZoneInfo("America/New_York"), start, 200)
    done = decode(data, mappings.formats["dexcom-clarity"], zones, RECEIVED)
    assert int(stream(done, Stream.GLUCOSE).columns["instant"][0]) == utc("2024-05-09T00:00:00")
    assert done.account.warnings == ()


def trip(*stays: tuple[int, int]) -> tuple[bytes, list[int]]:
    """Sensors of 100 readings, 10 hours apart, whose clock stood so many hours from home from reading to
    reading; with the true instants. Home is Berlin in winter."""
    out, instants = Export(ENGLISH, "iOS G7"), []
    moves = dict(stays)
    away = 0
    for index in range(400):
        away = moves.get(index, away)
        moment = datetime(2024, 1, 10) + timedelta(minutes=5 * index + 600 * (index // 100))
        instants.append(utc(f"{moment:%Y-%m-%dT%H:%M:%S}"))
        wall = moment + timedelta(hours=1 + away)
        out.egv(wall, "120", 1_700 + 300 * (index % 100), f"10930000007{index // 100}")
    return quoted(out.sorted()), instants


@pytest.mark.parametrize(
    "stays",
    [
        ((140, 2), (160, 0)),  # back within one sensor
        ((110, 2), (290, 0)),  # a sensor mostly, then one partly abroad
        ((150, -6), (350, 0)),  # a sensor wholly abroad between two that saw the moves
        ((10, 1), (120, 3), (240, 1), (390, 0)),
    ],
)
def test_sensors_worn_abroad_are_settled_by_those_around_them(
    mappings: Mappings, stays: tuple[tuple[int, int], ...]
) -> None:
    data, wanted = trip(*stays)
    batches = [b for b in read(data, mappings).readings if b.key.stream is Stream.GLUCOSE]
    assert sorted(t for b in batches for t in ints(b, "instant").tolist()) == wanted
    assert not any(ints(b, "flags").any() for b in batches)


def test_a_sensor_that_nothing_settles_stays_uncertain_with_its_bound(mappings: Mappings) -> None:
    data, _ = trip((50, 2))
    lines = data.decode().splitlines(keepends=True)
    one = read("".join(line for line in lines if "Index" in line or "0070" in line).encode(), mappings)
    (batch,) = one.readings
    assert (ints(batch, "flags") == Flag.UNCERTAIN).all()
    assert set(ints(batch, "bound").tolist()) == {2 * HOUR}
    assert "100 readings may be off by the clock's moves" in one.account.warnings[1]


def test_insulin_stands_on_the_clock_that_the_sensor_showed(mappings: Mappings) -> None:
    done = read(g6_2023(), mappings)
    # 10:15 was shown while the phone stood in London: 09:15 UTC, not 08:15.
    assert stream(done, Stream.BOLUS).columns["instant"].tolist() == [utc("2023-05-09T09:15:00")]


def test_without_ticks_a_repeated_hour_stays_undecided_and_is_kept(mappings: Mappings) -> None:
    batch = stream(read(g6_twelve(), mappings), Stream.GLUCOSE)
    undecided = ints(batch, "witness") == Witness.UNDECIDED
    assert undecided.sum() == 24
    assert (ints(batch, "flags")[undecided] & Flag.UNCERTAIN > 0).all()
    assert set(ints(batch, "bound")[undecided].tolist()) == {HOUR}
    assert len(set(ints(batch, "counter").tolist())) == len(batch) == 30


def test_one_tick_for_many_times_is_no_counter(mappings: Mappings) -> None:
    out = Export(ENGLISH, "52BBXK", 13)
    for index in range(40):
        out.egv(datetime(2018, 3, 2, 9, 0) + timedelta(minutes=5 * index), str(80 + index), 1_234_567, "")
    done = read(plain(out.sorted(), delimiter="\t"), mappings)
    instants = stream(done, Stream.GLUCOSE).columns["instant"]
    assert set(np.diff(instants).tolist()) == {300_000}
    assert "40 readings have a transmitter time that is no counter" in done.account.warnings[0]


def test_two_transmitters_without_ids_are_two_chains(mappings: Mappings) -> None:
    out = Export(ENGLISH, "52BBXK", 13)
    for first in (datetime(2018, 3, 2), datetime(2018, 6, 2)):
        for index in range(30):
            out.egv(first + timedelta(minutes=5 * index), str(80 + index), 7_573 + 300 * index, "")
    batch = stream(read(plain(out.sorted()), mappings), Stream.GLUCOSE)
    assert ints(batch, "instant").tolist() == sorted(ints(batch, "instant").tolist())
    assert len(set(ints(batch, "counter").tolist())) == 60
    assert not ints(batch, "flags").any()


def test_low_and_high_words_are_marks_beside_the_limit(mappings: Mappings) -> None:
    batch = stream(read(g6_2019(), mappings), Stream.GLUCOSE)
    marked = [(int(v), int(f)) for v, f in zip(ints(batch, "value"), ints(batch, "flags"), strict=True) if f]
    assert marked == [(40, Flag.LOW), (400, Flag.HIGH)]


def test_mmol_keeps_its_decimal_and_its_own_limits(mappings: Mappings) -> None:
    batch = stream(read(mmol_2024(), mappings), Stream.GLUCOSE)
    assert (batch.key.unit, batch.key.scale) == ("mmol/L", 1)
    assert ints(batch, "value")[-2:].tolist() == [22, 222]


@pytest.mark.parametrize(
    ("cell", "mark", "value", "flags"),
    [
        ("39", "", 40, Flag.LOW),
        ("401", "", 400, Flag.HIGH),
        ("40", "", 40, 0),
        ("400", "", 400, 0),
        ("35", "Low", 40, Flag.LOW),
        ("44", "Low", 40, Flag.LOW),
        ("LOW", "", 40, Flag.LOW),
        ("108.0", "", 108, 0),
    ],
)
def test_what_a_glucose_cell_means(mappings: Mappings, cell: str, mark: str, value: int, flags: int) -> None:
    out = Export(ENGLISH, "android G6")
    out.egv(datetime(2024, 1, 1), cell, 7_573, "8GH00A", mark=mark)
    batch = stream(read(plain(out.sorted()), mappings), Stream.GLUCOSE)
    assert ints(batch, "value").tolist() == [value]
    assert ints(batch, "flags").tolist() == [flags]


def test_finer_numbers_than_the_vendor_writes_keep_their_decimals(mappings: Mappings) -> None:
    out = Export(ENGLISH, "android G6")
    out.egv(datetime(2024, 1, 1), "108.25", 7_573, "8GH00A")
    batch = stream(read(plain(out.sorted()), mappings), Stream.GLUCOSE)
    assert (batch.key.scale, ints(batch, "value").tolist()) == (2, [10825])


def test_a_workbook_reads_as_the_file_that_it_was_made_of(mappings: Mappings) -> None:
    batch = stream(read(workbook(), mappings), Stream.GLUCOSE)
    assert int(ints(batch, "instant")[0]) == utc("2024-06-01T04:00:44")
    assert len(batch) == 20


def test_a_workbook_by_another_program_reads_too(mappings: Mappings) -> None:
    out = Export(ENGLISH, "iOS G7")
    for index in range(5):
        out.egv(
            datetime(2024, 6, 1, 6, 0, index) + timedelta(minutes=5 * index),
            str(100 + index),
            1_700 + 300 * index,
            "109300000070",
        )
    book = openpyxl.Workbook()
    book.create_sheet("empty", 0)
    sheet = book["Sheet"]
    for place, row in enumerate(out.sorted()):
        cells: list[object] = [*row]
        if place:
            cells[1], cells[7], cells[12] = datetime.fromisoformat(row[1]), int(row[7]), int(row[12])
        sheet.append(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    batch = stream(read(buffer.getvalue(), mappings), Stream.GLUCOSE)
    assert ints(batch, "value").tolist() == [100, 101, 102, 103, 104]
    assert batch.key.device == "109300000070"


def test_insulin_says_fast_or_long(mappings: Mappings) -> None:
    batch = stream(read(g6_2019(), mappings), Stream.BOLUS)
    assert ints(batch, "kind").tolist() == [BolusKind.LONG, BolusKind.RAPID]
    assert (batch.key.scale, ints(batch, "value").tolist()) == (2, [2100, 1200])


def test_two_doses_of_one_minute_stay_two_and_copies_are_one(mappings: Mappings) -> None:
    out = Export(ENGLISH, "iOS G7")
    out.egv(datetime(2024, 1, 1), "100", 1_700, "109300000070")
    for units, kind in (
        ("2.00", "Fast-Acting"),
        ("3.00", "Fast-Acting"),
        ("9.00", "Long-Acting"),
        ("2.00", "Fast-Acting"),
    ):
        out.insulin(datetime(2024, 1, 1, 0, 5), units, kind)
    batch = stream(read(quoted(out.sorted()), mappings), Stream.BOLUS)
    assert len(batch) == 4
    assert len(set(ints(batch, "counter").tolist())) == 3


def test_the_file_names_its_person(mappings: Mappings) -> None:
    assert read(g7_2025(), mappings).person == Person("Ada Muster", date(1980, 4, 13))
    out = Export(ENGLISH)
    out.person(
        ("FirstName", "LastName", "PatientIdentifier", "DateOfBirth"), "Ada", "Muster", "40-17", "3/4/1980"
    )
    done = read(quoted(out.sorted()), mappings)
    assert done.person == Person(
        "Ada Muster", None, (("", "40-17"),)
    )  # the third of April or the fourth of March
    assert done.account.rows == 4 and done.readings == ()


def test_an_event_that_no_rule_knows_is_rejected(mappings: Mappings) -> None:
    out = Export(ENGLISH, "iOS G7")
    for index in range(3):
        out.egv(datetime(2024, 1, 1, 0, index * 5), "100", 1_700 + 300 * index, "109300000070")
    out.event(datetime(2024, 1, 1, 1), "Weather", "Rain")
    done = read(quoted(out.sorted()), mappings)
    adds_up(done)
    assert [one.reason for one in done.account.rejected] == [
        "no rule of the mapping fits what is in column 'Event Type'"
    ]


def test_a_value_in_a_cell_that_a_row_does_not_use_is_told(mappings: Mappings) -> None:
    out = Export(ENGLISH, "iOS G7")
    out.egv(datetime(2024, 1, 1), "100", 1_700, "109300000070")
    out.rows[0][8] = "4.00"
    warnings = read(quoted(out.sorted()), mappings).account.warnings
    assert warnings == (
        "1 glucose rows also fill column 'Insulin Value (u)', which was not read there (first: line 2)",
    )


@pytest.mark.parametrize(
    ("wall", "reason"),
    [
        ("2024-02-30T00:00:00", "is no date and time"),
        ("2024-13-01T00:00:00", "is no date and time"),
        ("2024-01-01T25:00:00", "is no date and time"),
        ("0001-01-01T00:00:00", "is before any sensor"),
        ("2062-01-01T00:00:00", "lies after the file was received"),
    ],
)
def test_an_impossible_time_is_rejected_with_its_row(mappings: Mappings, wall: str, reason: str) -> None:
    out = Export(ENGLISH, "iOS G7")
    for index in range(5):
        out.egv(datetime(2024, 1, 1, 0, index * 5), "100", 1_700 + 300 * index, "109300000070")
    rows = out.sorted()
    rows[-1][1] = wall
    (one,) = read(quoted(rows), mappings).account.rejected
    assert one.row == 6
    assert reason in one.reason


def test_moved_columns_are_refused(mappings: Mappings) -> None:
    rows = Export(ENGLISH).sorted()
    rows[0][8], rows[0][9] = rows[0][9], rows[0][8]
    assert refused(quoted(rows), mappings) == (
        "column 9 is headed 'Carb Value (grams)' where 'Insulin Value (u)' belongs: columns were moved, so no "
        "number can be trusted; use the file as it was downloaded"
    )


def test_moved_cells_under_a_good_header_are_refused(mappings: Mappings) -> None:
    out = Export(ENGLISH, "iOS G7")
    for index in range(30):
        out.egv(
            datetime(2024, 1, 1) + timedelta(minutes=index * 5), "120", 1_700 + 300 * index, "109300000070"
        )
        out.rows[-1][7], out.rows[-1][8] = "", "120"
    sentence = refused(quoted(out.sorted()), mappings)
    assert "30 of 30 rows cannot be read, the first in line 2" in sentence
    assert "columns were moved or the file is damaged" in sentence


def test_mmol_numbers_under_a_heading_in_mg_are_refused(mappings: Mappings) -> None:
    out = Export(ENGLISH, "iOS G7")
    for index in range(30):
        out.egv(
            datetime(2024, 1, 1) + timedelta(minutes=index * 5), "6.4", 1_700 + 300 * index, "109300000070"
        )
    assert "'Glucose Value (mg/dL)' is outside 20 to 600 mg/dL: a wrong unit or a moved column" in refused(
        quoted(out.sorted()), mappings
    )


def test_an_undated_amount_is_rejected(mappings: Mappings) -> None:
    out = Export(ENGLISH, "iOS G7")
    out.egv(datetime(2024, 1, 1), "100", 1_700, "109300000070")
    out.egv(datetime(2024, 1, 1, 0, 5), "100", 2_000, "109300000070")
    out.add("", "Insulin", "Fast-Acting", "", "", "iOS G7", "", "4.00")
    (one,) = read(quoted(out.sorted()), mappings).account.rejected
    assert one.reason == "the row has an amount but no time"


def test_stamps_are_written_as_clarity_writes_them() -> None:
    assert stamp(datetime(2024, 1, 2, 3, 4, 5)) == "2024-01-02T03:04:05"
