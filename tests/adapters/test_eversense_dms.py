"""The DMS spreadsheet: a date and a time in two cells, a unit in each row, the newest row first."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from bridge.adapters import Decoded, decode
from bridge.mapping import Mappings
from bridge.reading import Device, Flag, Readings, SourceClass, Unit, Witness
from tests.adapters.eversense_files import (
    NEXT,
    SENSOR,
    Cell,
    autumn,
    cells,
    csv,
    german,
    marked,
    resaved,
    rows,
    two_sensors,
    workbook,
)
from tests.adapters.recordings import RECEIVED, ZONES
from tests.adapters.suite import AdapterSuite, adds_up, ints, names, read, refused

MARCH = datetime(2026, 3, 4, 21, 10)


def widened(data: bytes) -> bytes:
    """One more column."""
    lines = data.decode().splitlines()
    lines[0] += ",Novel"
    lines[1] += ",1"
    return ("\n".join(lines) + "\n").encode()


class TestEversenseDms(AdapterSuite):
    """The sentences that every adapter of tables keeps."""

    family = "eversense-dms"
    small = "english-12-hours.csv"
    least = 8
    widen = staticmethod(widened)


def only(done: Decoded) -> Readings:
    """The one batch."""
    adds_up(done)
    (batch,) = done.readings
    return batch


def utc(wall: str) -> int:
    """A UTC stamp as an instant."""
    return int(datetime.fromisoformat(wall).replace(tzinfo=UTC).timestamp() * 1000)


def test_a_date_and_a_time_in_two_cells_are_one_time(mappings: Mappings) -> None:
    batch = only(read(csv(rows(MARCH, 60, 82)), mappings))
    assert ints(batch, "instant").tolist() == [utc("2026-03-04T20:10") + 300_000 * n for n in range(60)]
    assert set(ints(batch, "witness").tolist()) == {Witness.ZONE}


@pytest.mark.parametrize("form", [resaved, cells])
def test_a_spreadsheet_that_turned_texts_into_dates_changes_nothing(mappings: Mappings, form: object) -> None:
    plain = only(read(csv(rows(MARCH, 60, 82)), mappings))
    table = rows(MARCH, 60, 82, form)  # type: ignore[arg-type]
    other = only(read(workbook(table) if form is cells else csv(table), mappings))
    assert (plain.key, names(plain)) == (other.key, names(other))


def test_a_workbook_and_a_table_say_the_same(mappings: Mappings) -> None:
    table = rows(MARCH, 60, 82)
    assert names(only(read(workbook(table), mappings))) == names(only(read(csv(table), mappings)))


def test_months_of_another_language_and_24_hours_are_read(mappings: Mappings) -> None:
    table = rows(datetime(2026, 10, 31, 22, 0), 60, 83, german)
    batch = only(read(csv(table), mappings))
    assert (ints(batch, "instant")[0], ints(batch, "instant")[-1]) == (
        utc("2026-10-31T21:00"),
        utc("2026-11-01T01:55"),
    )


def shown(*times: str, day: str = "4-March-2026") -> bytes:
    """A table with these times of one day."""
    return csv([(day, each, "120", "mg/dL", SENSOR) for each in times])


def test_hours_of_half_a_day_without_a_mark_are_refused(mappings: Mappings) -> None:
    assert "no time in the file has AM or PM" in refused(shown("1:05", "3:00", "12:55"), mappings)


@pytest.mark.parametrize("evidence", ["13:00", "0:05", "00:05", "3:00 PM"])
def test_one_hour_that_only_a_whole_day_has_settles_the_clock(mappings: Mappings, evidence: str) -> None:
    done = read(shown(evidence, *([] if "PM" in evidence else ["3:00", "1:05"])), mappings)
    assert done.account.rejected == ()


@pytest.mark.parametrize("mark", ["PM", "pm", "p.m.", "p. m.", "\u202fPM", "\u00a0PM"])
def test_marks_of_the_afternoon_are_known_in_every_spelling(mappings: Mappings, mark: str) -> None:
    batch = only(
        read(shown(f"3:00 {mark}".replace(" \u202f", "\u202f").replace(" \u00a0", "\u00a0")), mappings)
    )
    assert ints(batch, "instant").tolist() == [utc("2026-03-04T14:00")]


def test_a_month_that_nobody_knows_is_refused_with_its_place(mappings: Mappings) -> None:
    said = refused(shown("3:00 PM", "3:05 PM", day="4-Listopad-2026"), mappings)
    assert "line 2: what is in column 'EventDateStr' and 'EventTimeStr' is no date and time" in said


def test_the_name_of_a_month_is_never_taken_for_a_day(mappings: Mappings) -> None:
    for day in ("5-October-2026", "October-5-2026"):
        batch = only(read(shown("3:00 PM", day=day), mappings))
        assert ints(batch, "instant").tolist() == [utc("2026-10-05T13:00")]


def test_a_date_in_numbers_that_two_orders_fit_is_refused_unless_one_is_given(mappings: Mappings) -> None:
    data = shown("3:00 PM", day="5/10/2026")
    assert "can be read in two ways" in refused(data, mappings)
    done = decode(data, mappings.formats["eversense-dms"], ZONES, RECEIVED, date_order="dmy")
    assert ints(only(done), "instant").tolist() == [utc("2026-10-05T13:00")]


def test_the_repeated_hour_is_told_by_the_order_of_rows_that_begin_with_the_newest(
    mappings: Mappings,
) -> None:
    batch = only(read(csv(autumn()), mappings))
    assert set(np.diff(ints(batch, "instant")).tolist()) == {300_000}
    witness = ints(batch, "witness")
    assert (witness == Witness.ROW_ORDER).sum() == 24 and (witness == Witness.UNDECIDED).sum() == 0
    assert not (ints(batch, "flags") & Flag.UNCERTAIN).any()


def test_a_row_of_a_clock_that_ran_ahead_costs_itself_alone(mappings: Mappings) -> None:
    ahead = ("4-March-2027", "3:00 PM", "120", "mg/dL", SENSOR)
    (one,) = read(csv([ahead, *rows(MARCH, 5, 82)]), mappings).account.rejected
    assert (one.row, "lies after the file was received" in one.reason) == (2, True)


def test_the_unit_of_each_row_counts(mappings: Mappings) -> None:
    table: list[tuple[Cell, ...]] = [
        ("4-March-2026", "3:00 PM", "120", "mg/dL", SENSOR),
        ("4-March-2026", "3:05 PM", "5.0", "mmol/L", SENSOR),
        ("4-March-2026", "3:10 PM", "122", "mg/dL", SENSOR),
        ("4-March-2026", "3:15 PM", "5.0", "g/L", SENSOR),
    ]
    done = read(csv(table), mappings)
    adds_up(done)
    assert {(b.key.unit, b.key.scale): ints(b, "value").tolist() for b in done.readings} == {
        (Unit.MG_DL, 0): [120, 122],
        (Unit.MMOL_L, 1): [50],
    }
    assert [one.reason for one in done.account.rejected] == [
        "what is in column 'UnitMeasureVal' is no unit that is known here"
    ]


def test_a_new_sensor_is_a_device_of_its_own(mappings: Mappings) -> None:
    done = read(csv(two_sensors()), mappings)
    assert [batch.device for batch in done.readings] == [
        Device("Senseonics", serial=serial, kind="sensor") for serial in (NEXT, SENSOR)
    ]
    assert {batch.source_class for batch in done.readings} == {SourceClass.MAKER}


def test_words_and_marks_are_no_numbers(mappings: Mappings) -> None:
    done = read(csv(marked()), mappings)
    batch = only(done)
    flagged = ints(batch, "flags") != 0
    assert ints(batch, "value")[flagged].tolist() == [400, 40]
    assert [one.reason for one in done.account.rejected] == [
        "1000 and above are marks for no valid value, not glucose",
        "what is in column 'Value' is outside 40 to 400 mg/dL: a wrong unit or a moved column",
    ]
    assert done.account.ignored == {"no-value": 1}


def test_a_moved_column_is_refused(mappings: Mappings) -> None:
    lines = csv(rows(MARCH, 5, 82)).decode().replace("Value,UnitMeasureVal", "UnitMeasureVal,Value")
    assert "a table of no known kind" in refused(lines.encode(), mappings)
