"""What stands in a report, what does not, and that a person's text is nothing but a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.consent.disclosure import NOTICE
from bridge.consent.grant import Identity
from bridge.period import ZoneHistory
from bridge.reading import Unit
from bridge.report import press
from bridge.report.content import contents
from bridge.report.press import PdfBytes, printed
from bridge.report.targets import PROFILES
from bridge.report.words import PURPOSE, apportioned
from tests.report.made import BERLIN, doses, off_scale, seen, sensor

HOSTILE = '#eval("1+1") #read("/etc/passwd") *bold* ] } $x$ \\u{41} <b> @preview/x:1.0.0'


def inputs(home: Path, *batches: object, targets: str = "", **more: object) -> Mapping[str, str]:
    """Everything that the sheet of one report says."""
    found = seen(home, *batches, **more)  # type: ignore[arg-type]
    (content,) = contents(found, BERLIN)
    return press.inputs(content, PROFILES.get(targets))


def rows(text: str) -> dict[str, tuple[str, ...]]:
    """Rows by their first cell."""
    cells = (row.split("\x1f") for row in text.split("\x1e") if row)
    return {name: tuple(rest) for name, *rest in cells}


def test_a_report_is_a_tagged_pdf_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    found = seen(tmp_path, sensor(14))
    (one,), (again,) = printed(found, BERLIN), printed(found, BERLIN)
    assert one.body == again.body and one.body.startswith(b"%PDF-1.7")
    for mark in (b"/StructTreeRoot", b"/MarkInfo", b"/Lang", b"pdfuaid:part"):
        assert mark in one.body
    assert one.title == "CGM report, Mon 7 Sep 2026 to Sun 20 Sep 2026"


def test_figures_goals_and_who_it_is_of_stand_in_it(tmp_path: Path) -> None:
    told = inputs(tmp_path, sensor(14), targets="standard")
    figures, who = rows(told["figures"]), rows(told["who"])
    assert who["Person"] == ("Ada Lovelace",) and who["Born"] == ("1980-01-02",)
    assert who["Period"] == ("Mon 7 Sep 2026 to Sun 20 Sep 2026 (14 days)",)
    assert figures["Mean glucose"] == ("130 mg/dL", "7.2 mmol/L") and figures["GMI"][0] == "6.4 %"
    assert figures["Sensor active"][0] == "100 %" and figures["Readings"] == ("4,032", "no LOW, no HIGH")
    assert "goal &gt; 70 %" in told["bar"] and "goal > 70 %" in told["bar-alt"]
    assert (told["notice"], told["purpose"]) == (NOTICE, PURPOSE)
    assert "patient-supplied" in told["sources"] and "Dexcom G6" in told["sources"]
    assert told["warnings"] == "" and told["doses"] == ""


def test_a_zone_has_its_name_only_where_the_person_has_one(tmp_path: Path) -> None:
    (content,) = contents(seen(tmp_path, sensor(14)), BERLIN)
    born = replace(content.subject, name=None, identifiers=())
    nobody = replace(born, birth_date=None, identity=Identity.PSEUDONYMOUS)
    sheets = [press.inputs(replace(content, subject=each), None) for each in (content.subject, born, nobody)]
    zones = [rows(each["who"])["Time zone"] for each in sheets]
    assert zones == [("Europe/Berlin",), ("Europe/Berlin",), ("UTC+02:00",)]
    assert "Berlin" not in "".join(sheets[2].values())
    for name, said in (("Asia/Kolkata", "UTC+05:30"), ("America/St_Johns", "UTC-02:30")):
        elsewhere = replace(content, subject=nobody, zones=ZoneHistory.always(name))
        assert rows(press.inputs(elsewhere, None)["who"])["Time zone"] == (said,)


def test_insulin_a_day_is_of_whole_days(tmp_path: Path) -> None:
    given = [doses(14, "carelink-csv", "P1"), doses(14, "carelink-csv", "P1", Unit.UNITS_PER_HOUR)]
    told = rows(inputs(tmp_path / "30", sensor(14), *given, days=1.25)["doses"])
    assert told["Total a day"] == ("48.0 U", "1 of 1 whole days told") and told["Basal a day"][0] == "24.0 U"
    told = rows(inputs(tmp_path / "18", sensor(14), *given, days=0.75)["doses"])
    assert told["Total a day"] == told["Basal a day"] == ("not shown", "no whole day lies in the period")


def test_without_a_chosen_profile_no_goal_stands_anywhere(tmp_path: Path) -> None:
    told = inputs(tmp_path, sensor(14))
    assert not re.search("goal", "".join(told.values()), re.IGNORECASE)


def test_too_little_data_is_said_and_has_no_gmi_and_no_pattern(tmp_path: Path) -> None:
    told = inputs(tmp_path, sensor(5), days=5)
    assert "insufficient data: 5 of 14 days" in told["warnings"]
    assert rows(told["figures"])["GMI"] == ("not shown", "insufficient data: 5 of 14 days")
    assert "pattern" not in told and "fewer than 7 days" in told["pattern-words"]
    assert told["days-1"].count("Sep<") == 5


def test_what_the_sensor_could_not_measure_is_counted(tmp_path: Path) -> None:
    told = inputs(tmp_path, off_scale(14))
    assert rows(told["figures"])["Readings"] == ("4,032", "3 LOW, 2 HIGH, counted with the limit")


def test_insulin_of_two_pumps_that_claim_the_same_hours_has_no_total(tmp_path: Path) -> None:
    rate = Unit.UNITS_PER_HOUR
    one = [doses(14, "carelink-csv", "P1"), doses(14, "carelink-csv", "P1", rate)]
    told = rows(inputs(tmp_path / "one", sensor(14), *one)["doses"])
    assert told["Total a day"][0] == "48.0 U" and told["Basal share"][0] == "50 %"
    two = [*one, doses(14, "glooko", "P2"), doses(14, "glooko", "P2", rate)]
    told = rows(inputs(tmp_path / "two", sensor(14), *two)["doses"])
    assert (
        told["Total a day"][0] == "not shown" and "two sources claim the same hours" in told["Total a day"][1]
    )


def test_mmol_is_shown_with_its_own_limits(tmp_path: Path) -> None:
    told = inputs(tmp_path, sensor(14, Unit.MMOL_L))
    assert rows(told["figures"])["Mean glucose"] == ("7.2 mmol/L", "130 mg/dL")
    assert "In range: 3.9-10.0" in told["bar"] and ">13.9<" in told["pattern"]


@pytest.mark.parametrize("name", [HOSTILE, "李小龍", "Ада \u202eЛавлейс\u0007", "عائشة", "x" * 5000])
def test_a_name_is_a_text_and_nothing_else(tmp_path: Path, name: str) -> None:
    found = seen(tmp_path, sensor(14), name=name)
    (pdf,) = printed(found, BERLIN)
    assert pdf.body.startswith(b"%PDF") and pdf.title.startswith("CGM report")
    (content,) = contents(found, BERLIN)
    shown = rows(press.inputs(content, None)["who"])["Person"][0]
    assert "\u202e" not in shown and "\u0007" not in shown and len(shown) <= press.LONGEST + 1
    assert shown.startswith(name[:3])


def test_the_sheet_imports_nothing_and_reads_no_file() -> None:
    sheet = Path(press.__file__).with_name("sheet.typ").read_text("utf-8")
    code = "\n".join(line.partition("//")[0] for line in sheet.splitlines())
    assert not re.search(r"#?(import|include|read|eval|plugin|json|csv|yaml|toml|cbor|xml)\b\s*[(\"]", code)
    assert all("bytes(" in call for call in re.findall(r"image\([^)]*", code))


def test_shares_add_to_the_whole() -> None:
    for percents in ([0.04, 0.04, 99.84, 0.04, 0.04], [33.33, 33.33, 33.34, 0, 0], [0, 0, 100, 0, 0]):
        assert sum(apportioned(percents, 1000)) == 1000


def test_nobody_else_makes_a_pdf() -> None:
    with pytest.raises(TypeError):
        PdfBytes(object(), b"%PDF", "title", "id")
