"""CareLink: sections, rows that are one thing told several times, and devices that hold several clocks."""

from __future__ import annotations

import io
from datetime import date, datetime, time

import pytest
from openpyxl import Workbook

from bridge.adapters import Decoded, Person
from bridge.mapping import Mappings
from bridge.reading import BolusKind, CalibrationKind, EventKind, Flag, Readings, SourceClass, Stream, Unit
from tests.adapters.carelink_files import (
    FOOD,
    P780,
    WIZARD,
    above,
    cgm,
    pump,
    serials,
    two_pumps,
    week_780g,
)
from tests.adapters.carelink_older import guardian_connect, paradigm, paradigm_later, raw_types
from tests.adapters.carelink_rows import Book
from tests.adapters.recordings import golden
from tests.adapters.suite import AdapterSuite, FamilySuite, adds_up, ints, read, refused

HEAD = above("16/11/2025 00:00:00", "28/11/2025 00:00:00", P780[:1], P780[1:], ["Guardian™ 4 Sensor"])


def widened(data: bytes) -> bytes:
    """One more column under every header, filled in the first row."""
    lines = data.decode().split("\r\n")
    heads = [number for number, line in enumerate(lines) if line.startswith("Index")]
    for number in heads:
        lines[number] += ",Novel"
    lines[heads[0] + 1] += ",1"
    return "\r\n".join(lines).encode()


class TestCareLink(FamilySuite):
    """The sentences that every adapter keeps. A second copy of a row is none of them: here it is ignored by a rule."""

    family = "carelink"
    small = "guardian-4-repeated-hour.csv"
    least = 9
    widen = staticmethod(widened)
    data = AdapterSuite.data
    test_an_unknown_column = AdapterSuite.test_an_unknown_column_is_counted_and_not_fatal
    test_a_file_cut_off = AdapterSuite.test_a_file_cut_off_loses_rows_at_its_end_alone
    test_line_ends_and_marks = AdapterSuite.test_line_ends_marks_and_wide_encodings_change_nothing
    test_semicolons_and_tabs = AdapterSuite.test_semicolons_and_tabs_change_nothing


def of(done: Decoded, wanted: Stream, device: str | None = None) -> Readings:
    """The one batch of a stream, or of a stream and device."""
    (found,) = [
        batch for batch in done.readings if batch.key.stream is wanted and device in (None, batch.key.device)
    ]
    return found


def one_pump(*rows: tuple[str, dict[str, str]], **more: str) -> bytes:
    """An export of a 780G with a few rows, and a sensor reading a while later."""
    section, sensor = pump(P780), cgm(P780)
    for stamp, cells in rows:
        section.say(f"2025-11-17 {stamp}", **cells)
    sensor.sensor(more.get("later", "2025-11-17 20:00:07"), [120])
    return Book(HEAD, [section, sensor]).csv()


def test_a_row_that_differs_in_index_alone_is_ignored_by_a_rule(mappings: Mappings) -> None:
    row = ("08:00:00", {"alarm": "PUMP ERROR: tone and vibration"})
    once, twice = read(one_pump(row), mappings), read(one_pump(row, row), mappings)
    assert twice.account.ignored == {**once.account.ignored, "same row again": 1}
    assert twice.account.read == once.account.read
    adds_up(twice)


def test_a_meter_reading_that_is_received_accepted_and_sent_is_one(mappings: Mappings) -> None:
    sticks = of(read(week_780g(), mappings), Stream.CAPILLARY)
    assert ints(sticks, "value").tolist() == [122, 115, 204]
    assert read(week_780g(), mappings).account.ignored["same fingerstick again"] == 4


def test_a_meter_reading_that_nobody_accepted_was_measured_all_the_same(mappings: Mappings) -> None:
    rows = [
        ("08:00:00", {"source_bg": "BG_READIN_RECEIVED", "bg": "88", "meter": "10000000001"}),
        (
            "08:02:00",
            {"source_bg": "REMOTE_BG_ACCEPTANCE_SCREEN_TIMEOUT", "bg": "88", "meter": "10000000001"},
        ),
        ("09:00:00", {"source_bg": "BG_READIN_RECEIVED", "bg": "88", "meter": "10000000001"}),
    ]
    assert ints(of(read(one_pump(*rows), mappings), Stream.CAPILLARY), "value").tolist() == [88, 88]


def test_a_refused_calibration_has_the_value_that_was_sent_and_its_reason(mappings: Mappings) -> None:
    told = of(read(week_780g(), mappings), Stream.CALIBRATION)
    assert ints(told, "kind").tolist() == [CalibrationKind.REFUSED, CalibrationKind.ACCEPTED]
    assert ints(told, "value").tolist() == [122, 115]
    assert told.columns["text"].tolist() == ["CALIBRATION_FAILED", ""]


def test_a_refusal_without_a_stick_has_no_value(mappings: Mappings) -> None:
    told = of(read(one_pump(("08:00:00", {"rejected": "CALIBRATION_FAILED"})), mappings), Stream.CALIBRATION)
    assert ints(told, "flags").tolist() == [Flag.NO_VALUE]


def test_a_dose_is_what_was_given_and_keeps_what_was_programmed(mappings: Mappings) -> None:
    done = read(two_pumps(), mappings)
    doses = of(done, Stream.BOLUS, "ng6400001h")
    assert doses.key.scale == 3
    assert ints(doses, "value").tolist() == [3350, 1225]
    assert ints(doses, "programmed").tolist() == [3350, 2250]
    assert ints(doses, "kind").tolist() == [BolusKind.MEAL, BolusKind.EXTENDED]
    assert ints(doses, "flags").tolist() == [0, Flag.INTERRUPTED]
    assert doses.columns["text"].tolist() == ["", "User Request"]
    assert doses.columns["record"].tolist() == ["2021/03/07 12:01:52 26"] * 2
    assert int(doses.columns["end"][0]) == 0
    assert int(doses.columns["end"][1] - doses.columns["instant"][1]) == 66 * 60_000


def test_a_dose_begins_when_it_was_programmed(mappings: Mappings) -> None:
    doses = of(read(week_780g(), mappings), Stream.BOLUS)
    assert ints(doses, "row").tolist()[0] == 36
    assert int(doses.columns["instant"][0]) % 86_400_000 == ((5 * 60 + 14) * 60 + 8) * 1000


def test_a_number_that_comes_again_after_days_is_another_dose(mappings: Mappings) -> None:
    section = pump(P780)
    section.dose("2025-11-01 08:00:00", "2025-11-01 08:01:00", "1", "7", WIZARD)
    section.say("2025-11-04 08:01:00", bolus="Normal", selected="1", delivered="1", number="7", source=WIZARD)
    doses = of(read(Book(HEAD, [section]).csv(), mappings), Stream.BOLUS)
    assert ints(doses, "value").tolist() == [1000, 1000]
    assert doses.columns["record"].tolist() == ["2025/11/01 08:00:00 7", "2025/11/04 08:01:00 7"]


def test_a_programmed_dose_whose_delivery_is_missing_has_no_amount(mappings: Mappings) -> None:
    programmed = {"bolus": "Normal", "selected": "2.5", "number": "1", "source": FOOD}
    (doses,) = [of(read(one_pump(("08:00:00", programmed)), mappings), Stream.BOLUS)]
    assert ints(doses, "flags").tolist() == [Flag.NO_VALUE]
    assert ints(doses, "programmed").tolist() == [2500]


def test_a_dose_that_runs_when_the_export_ends_waits_for_a_later_export(mappings: Mappings) -> None:
    programmed = {"bolus": "Normal", "selected": "2.5", "number": "1", "source": FOOD}
    early = read(one_pump(("08:00:00", programmed), later="2025-11-17 08:10:00"), mappings)
    given = {**programmed, "delivered": "2.5"}
    late = read(one_pump(("08:00:00", programmed), ("08:02:00", given)), mappings)
    assert Stream.BOLUS not in early.account.read and early.account.ignored["dose not finished"] == 1
    assert ints(of(late, Stream.BOLUS), "value").tolist() == [2500]


def test_a_dose_whose_programming_lies_before_the_export_has_the_same_key(mappings: Mappings) -> None:
    programmed = {"bolus": "Normal", "selected": "2.5", "number": "1", "source": FOOD}
    given = ("08:02:00", {**programmed, "delivered": "2.5"})
    whole, cut = read(one_pump(("08:00:00", programmed), given), mappings), read(one_pump(given), mappings)
    keys = [of(done, Stream.BOLUS).columns["counter"].tolist() for done in (whole, cut)]
    assert keys[0] == keys[1]


def test_the_parts_of_a_dual_dose_without_a_number_hang_together(mappings: Mappings) -> None:
    doses = of(read(raw_types(), mappings), Stream.BOLUS)
    assert ints(doses, "kind").tolist() == [BolusKind.MEAL, BolusKind.EXTENDED]
    assert doses.columns["record"].tolist() == ["6/8/13 21:12:07", "6/8/13 21:12:07"]


def test_a_dose_that_was_cancelled_before_any_row_of_what_was_given_is_interrupted(
    mappings: Mappings,
) -> None:
    cells = {"bolus": "Normal", "number": "9"}
    rows = [
        ("08:00:00", {**cells, "selected": "2.5", "source": WIZARD}),
        ("08:00:20", {**cells, "cancelled": "User Request"}),
    ]
    doses = of(read(one_pump(*rows, later="2025-11-17 08:05:00"), mappings), Stream.BOLUS)
    assert ints(doses, "flags").tolist() == [Flag.NO_VALUE | Flag.INTERRUPTED]
    assert doses.columns["text"].tolist() == ["User Request"]


def test_daily_sums_of_a_controller_are_no_doses(mappings: Mappings) -> None:
    done = read(week_780g(), mappings)
    assert done.account.ignored["daily sum of automated insulin"] == 1
    assert ints(of(done, Stream.BOLUS), "value").sum() == 2150 + 1450 + 300
    assert "9.739 U that the file tells as daily sums alone" in done.account.warnings[0]


def test_a_correction_without_an_estimate_was_the_controllers(mappings: Mappings) -> None:
    doses = of(read(week_780g(), mappings), Stream.BOLUS)
    assert ints(doses, "kind").tolist() == [BolusKind.MEAL, BolusKind.CORRECTION, BolusKind.CORRECTION]
    assert ints(doses, "flags").tolist() == [0, 0, Flag.AUTOMATED]


def test_carbohydrates_of_an_estimate_that_was_refused_are_not_eaten(mappings: Mappings) -> None:
    done = read(two_pumps(), mappings)
    assert ints(of(done, Stream.CARBS), "value").tolist() == [44]
    assert done.account.ignored["estimate not taken, with carbohydrates"] == 1
    assert any("they are not counted as eaten" in warning for warning in done.account.warnings)


def test_an_old_pump_tells_no_status_so_the_estimate_that_another_follows_was_refused(
    mappings: Mappings,
) -> None:
    assert ints(of(read(paradigm(), mappings), Stream.CARBS), "value").tolist() == [21, 21]


def test_what_the_wizard_reckoned_with_is_no_setting(mappings: Mappings) -> None:
    done = read(two_pumps(), mappings)
    settings = [batch for batch in done.readings if batch.key.stream is Stream.SETTINGS]
    assert [(batch.key.unit, ints(batch, "value").tolist()) for batch in settings] == [(Unit.MINUTES, [180])]


def test_sticks_of_an_old_pump_are_one_and_without_a_sensor_no_calibration(mappings: Mappings) -> None:
    done = read(paradigm(), mappings)
    assert ints(of(done, Stream.CAPILLARY), "value").tolist() == [173, 191, 173, 191]
    assert Stream.CALIBRATION not in done.account.read


def test_sticks_of_an_old_pump_with_a_sensor_calibrate_it_too(mappings: Mappings) -> None:
    done = read(raw_types(), mappings)
    assert ints(of(done, Stream.CAPILLARY), "value").tolist() == [97]
    assert ints(of(done, Stream.CALIBRATION), "kind").tolist() == [CalibrationKind.UNKNOWN]


def test_an_alarm_that_grows_louder_is_one_and_its_clearing_names_it(mappings: Mappings) -> None:
    events = of(read(week_780g(), mappings), Stream.EVENT, "ng7800001h")
    told = {
        EventKind(kind): record
        for kind, record in zip(ints(events, "kind").tolist(), events.columns["record"].tolist(), strict=True)
    }
    assert told[EventKind.ALARM_HIGH] == told[EventKind.ALARM_CLEARED] == "2025/11/17 10:35:10 ALERT ON HIGH"
    assert read(week_780g(), mappings).account.ignored["alarm goes on"] == 1


def test_an_alarm_that_is_raised_after_it_was_cleared_is_another(mappings: Mappings) -> None:
    rows = [("08:00:00", {"alarm": "ALERT ON LOW: siren"}), ("08:01:00", {"cleared": "ALERT ON LOW"})]
    rows += [("08:05:00", {"alarm": "ALERT ON LOW: siren"})]
    assert read(one_pump(*rows), mappings).account.read[Stream.EVENT] == 3


def test_exceptions_of_the_sensor_are_events_and_never_a_value(mappings: Mappings) -> None:
    done = read(week_780g(), mappings)
    events = of(done, Stream.EVENT, "ng7800001h/sensor")
    assert ints(events, "kind").tolist() == [
        EventKind.SENSOR_WARM_UP,
        EventKind.SENSOR_WARM_UP,
        EventKind.CALIBRATION_NEEDED,
        EventKind.SENSOR_FAULT,
        EventKind.SENSOR_EXPIRED,
        EventKind.UNKNOWN,
    ]
    assert ints(of(done, Stream.GLUCOSE), "value").min() == 40


def test_a_floor_that_is_written_as_a_number_is_at_or_below_it(mappings: Mappings) -> None:
    glucose = of(read(guardian_connect(), mappings), Stream.GLUCOSE)
    low = ints(glucose, "flags") == Flag.LOW | Flag.INCLUSIVE
    assert ints(glucose, "value")[low].tolist() == [40, 40] and 41 in ints(glucose, "value")


def test_numbers_that_no_such_device_reports_are_rejected(mappings: Mappings) -> None:
    rows: list[tuple[str, dict[str, str]]] = [
        ("08:00:00", {"source_bg": "ENTERED_IN_BG_ENTRY", "bg": "4"}),
        ("08:05:00", {"basal": "75"}),
    ]
    rows += [(f"08:1{minute}:00", {"rewind": "Rewind"}) for minute in range(3)]
    done = read(one_pump(*rows, later="2025-11-17 09:00:00"), mappings)
    assert [one.reason for one in done.account.rejected] == [
        "what is in column 'rate' is outside 0 to 60 U/h: a wrong unit or a moved column",
        "what is in column 'BG Reading (mg/dL)' is outside 10 to 1000 mg/dL: a wrong unit or a moved column",
    ]
    adds_up(done)


def test_an_alarm_that_nobody_knows_is_an_alarm(mappings: Mappings) -> None:
    events = of(read(two_pumps(), mappings), Stream.EVENT, "ng7800001h")
    place = events.columns["text"].tolist().index("AN ALERT THAT NOBODY KNOWS: vibration")
    assert ints(events, "kind")[place] == EventKind.ALARM


def test_an_export_is_the_makers_own_route(mappings: Mappings) -> None:
    done = read(week_780g(), mappings)
    assert {batch.source_class for batch in done.readings} == {SourceClass.MAKER}


def test_entries_of_a_logbook_are_amounts_with_a_comma_or_a_point(mappings: Mappings) -> None:
    european = read(guardian_connect(), mappings)
    american = read(guardian_connect().replace(b",", b".").replace(b";", b","), mappings)
    for done in (european, american):
        assert ints(of(done, Stream.BOLUS), "value").tolist() == [300, 2700]
        assert ints(of(done, Stream.CARBS), "value").tolist() == [45]
        assert of(done, Stream.NOTE).columns["text"].tolist() == ["Other"]
    assert golden(european).split("# series", 1)[1] == golden(american).split("# series", 1)[1]


def test_a_serial_is_in_no_sentence_of_an_event(mappings: Mappings) -> None:
    done = read(week_780g(), mappings)
    texts = [text for batch in done.readings for text in batch.columns.get("text", [])]
    assert "Glucose Sensor Transmitter was added" in texts
    assert not any("GT0000001N" in text or "10000000001" in text for text in texts)


def test_each_pump_is_named_by_its_separator_and_its_sensor_by_the_lines_above(mappings: Mappings) -> None:
    named = {(one.model, one.serial, one.kind) for one in read(two_pumps(), mappings).devices}
    assert named == {
        ("MiniMed 640G MMT-1512/1712", "NG6400001H", "pump"),
        ("Guardian™ Sensor 3", "", "sensor"),
        ("MiniMed 780G MMT-1886", "NG7800001H", "pump"),
        ("Guardian™ 4 Sensor", "", "sensor"),
    }


def test_the_person_is_named_and_a_birth_date_read_in_the_order_of_the_other_dates(
    mappings: Mappings,
) -> None:
    assert read(week_780g(), mappings).person == Person("Noor Beispiel", date(2014, 5, 17), (("", "40-17"),))
    both_ways = [["Patient DOB", "05/07/2014"] if row[0] == "Patient DOB" else row for row in HEAD]
    told = Book(both_ways, [cgm(P780)]).csv()
    assert read(told, mappings).person == Person("Noor Beispiel", date(2014, 7, 5), (("", "40-17"),))
    undecided = [
        [cell.replace("28/11", "11/11").replace("16/11", "11/11").replace("17/05", "07/05") for cell in row]
        for row in HEAD
    ]
    person = read(Book(undecided, [cgm(P780)]).csv(), mappings).person
    assert person is not None and person.birth_date is None


def test_sections_may_be_empty(mappings: Mappings) -> None:
    done = read(Book(HEAD, [pump(P780), cgm(P780)]).csv(), mappings)
    assert done.account.rows == 0 and done.account.warnings == ("there is no row in any section",)


def test_columns_are_found_by_name_in_any_order(mappings: Mappings) -> None:
    few = ["Index", "Sensor Glucose (mg/dL)", "Time", "Date", "BG Reading (mg/dL)"]
    lines = Book(HEAD, [cgm(P780)]).csv().decode().split("\r\n")
    lines[-2:] = [";".join(few), "0,00000;131;17:36:29;2025/10/30;", ""]
    assert ints(of(read("\r\n".join(lines).encode(), mappings), Stream.GLUCOSE), "value").tolist() == [131]


def test_a_later_export_brings_nothing_twice(mappings: Mappings) -> None:
    first, second = read(paradigm(), mappings), read(paradigm_later(), mappings)
    for batch in first.readings:
        again = next(other for other in second.readings if other.key == batch.key)
        day = batch.columns["instant"] >= again.columns["instant"][0] + 3_600_000
        assert set(batch.columns["counter"][day].tolist()) <= set(again.columns["counter"].tolist())


def test_a_header_that_comes_again_without_a_separator_begins_another_block(mappings: Mappings) -> None:
    done = read(paradigm_later(), mappings)
    adds_up(done)
    assert len(of(done, Stream.CARBS)) == 3
    assert done.account.fields_unknown == ()


def test_rows_that_two_blocks_have_in_common_are_one(mappings: Mappings) -> None:
    lines = paradigm_later().decode().split("\r\n")
    heads = [number for number, line in enumerate(lines) if line.startswith("Index")]
    doubled = lines[: heads[1]] + lines[heads[0] : heads[1] - 1] + lines[heads[1] - 1 :]
    once, twice = read("\r\n".join(lines).encode(), mappings), read("\r\n".join(doubled).encode(), mappings)
    assert once.account.read == twice.account.read


def test_a_section_that_nobody_knows_is_counted_and_named(mappings: Mappings) -> None:
    data = week_780g().replace(b";Sensor;", b";Pen;")
    done = read(data, mappings)
    assert done.account.ignored["unknown section pen"] == 27
    adds_up(done)


def test_rows_of_no_named_device_are_refused(mappings: Mappings) -> None:
    lines = week_780g().decode("utf-8-sig").split("\r\n")
    said = refused("\r\n".join(line for line in lines if not line.startswith("---")).encode(), mappings)
    assert "no line above it names the device" in said


def test_a_header_without_a_date_is_refused(mappings: Mappings) -> None:
    said = refused(week_780g().replace(b"Index;Date;", b"Index;Day;"), mappings)
    assert said == "the column with the time (date) is missing: use the whole export"


def test_numbers_of_a_spreadsheet_are_read_as_the_dates_that_they_were(mappings: Mappings) -> None:
    assert (
        golden(read(serials(), mappings)).split("# series", 1)[1]
        == (golden(read(week_780g(), mappings)).split("# series", 1)[1])
    )


def test_a_workbook_reads_as_the_export_that_it_was(mappings: Mappings) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in week_780g().decode("utf-8-sig").replace('"', "").split("\r\n"):
        sheet.append([_typed(place, cell) for place, cell in enumerate(line.split(";"))])
    buffer = io.BytesIO()
    book.save(buffer)
    again = read(buffer.getvalue(), mappings)
    assert (
        golden(again).split("# series", 1)[1] == golden(read(week_780g(), mappings)).split("# series", 1)[1]
    )


def _typed(place: int, cell: str) -> str | float | datetime | time | None:
    """A cell as a spreadsheet takes it in."""
    if place == 1 and cell.startswith("2025/"):
        return datetime.fromisoformat(cell.replace("/", "-"))
    if place == 2 and cell.count(":") == 2:
        return time.fromisoformat(cell)
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return cell or None


@pytest.mark.parametrize("day", ["{1}/{2}/{0}", "{2}.{1}.{0}"])
def test_dates_of_a_region_are_refused_where_nothing_tells_their_order(mappings: Mappings, day: str) -> None:
    data = week_780g().decode().replace("2025/11/17", day.format("2025", "11", "03"))
    assert "a spreadsheet rewrote the dates of this file" in refused(data.encode(), mappings)


def test_dates_of_a_region_are_read_where_a_day_tells_their_order(mappings: Mappings) -> None:
    data = week_780g().decode()
    moved = data.replace("2025/11/17", "2025/11/23").replace("2025/11/16", "2025/11/22")
    local = moved.replace("2025/11/23", "23.11.2025").replace("2025/11/22", "22.11.2025")
    assert golden(read(local.encode(), mappings)) == golden(read(moved.encode(), mappings))
