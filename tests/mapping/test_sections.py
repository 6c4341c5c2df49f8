"""A text of several tables, of an invented pump: sections bound by name, one clock over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from ruamel.yaml import YAML

from bridge.adapters import Decoded, Person, Unreadable
from bridge.mapping.clock import by_zone
from bridge.mapping.language import FormatFile
from bridge.mapping.rounding import rounded
from bridge.mapping.rows import read_source
from bridge.mapping.sheet import Sheet
from bridge.mapping.sources import open_source
from bridge.mapping.stages import Clocked, Procedures, Rows, Section, Sectioned
from bridge.mapping.table import Table
from bridge.period import HOUR, ZoneHistory
from bridge.reading import BolusKind, Stream, column
from tests.adapters.suite import adds_up

MAPPING = """
format: stacked-pump
version: 1
title: An invented pump's stacked export
detect:
  - {least: 3, cells: {0: ==, 1: [Doses, Sugar]}}
read:
  source: cleared-maker-route
  person: stacked.person
  together: stacked.same-stick
  clock: stacked.clock
  sections:
    procedure: stacked.sections
    ignore: Totals
    kinds:
      Doses:
        fields:
          date: {names: Day}
          time: {names: [Time, Uhrzeit]}
          new: {names: New Clock}
          units: {names: "Dose (U)"}
          kind: {names: Kind}
          index: {names: Index, ignore: true}
          serial: {section: serial}
        time: {field: [date, time], formats: [YYYY/MM/DD hh:mm:ss, "DD-MON-YYYY hh:mm:ss"], months: {5: [May, Mai]}}
        device: {serial: serial, manufacturer: Stacked, kind: pump}
        rules:
          - {name: clock, when: [{new: filled}], ignore: true}
          - name: dose
            when: [{units: "> 0"}]
            stream: bolus
            kind: {field: kind, words: {meal: Meal}, otherwise: correction}
            value: {field: units, unit: U, decimals: {U: 2}, procedure: number.rounded}
      Sugar:
        fields:
          date: {names: Day}
          time: {names: Time}
          sugar: {names: Sugar}
          serial: {section: serial}
        marks: stick
        time: {field: [date, time], formats: [YYYY/MM/DD hh:mm:ss]}
        device: {serial: serial, manufacturer: Stacked, kind: pump}
        rules:
          - {name: same-stick, when: [{stick: filled}], ignore: true}
          - name: sugar
            when: [{sugar: filled}]
            stream: glucose
            value: {field: sugar, unit: header, decimals: {mg/dL: 0, mmol/L: 1}, plausible: {mg/dL: [20, 600]}}
fhir: {}
"""
FORMAT = FormatFile.model_validate(YAML(typ="safe").load(MAPPING))


def sections(table: Table) -> Sectioned:
    """`== ;Kind;serial` opens a section, a line with `Index` or `Day` is a header, also when it comes again."""
    words = table.column(0).words()
    starts = words.mask([text == "==" for text in words.texts])
    heads = words.mask([text in ("Index", "Day") for text in words.texts])
    found: list[Section] = []
    edges = [*np.flatnonzero(starts | heads).tolist(), len(table)]
    kind, told = "", {"serial": ""}
    for here, there in pairwise(edges):
        cells = table.cells(here)
        if starts[here]:
            kind, told = cells[1], {"serial": cells[2]}
        else:
            found.append(Section(kind, tuple(cells), np.arange(here + 1, there), told))
    return Sectioned(tuple(found), tuple(tuple(table.cells(row)) for row in range(edges[0])))


def person(sheet: Sheet, mask: str) -> Person | None:
    """The first line."""
    return Person(sheet.above[0][1]) if sheet.above else None


def same_stick(parts: Sequence[tuple[str, Sheet]]) -> Sequence[Sheet]:
    """Sugar of 111 is what the pump's own stick said; a check that a procedure over all parts sees all kinds."""
    assert {kind for kind, _ in parts} <= {"Doses", "Sugar"}
    return [
        sheet.with_mark(
            "stick", np.array([text == "111" for text in sheet.column("sugar").texts()], np.bool_)
        )
        if kind == "Sugar"
        else sheet
        for kind, sheet in parts
    ]


def clock(parts: Sequence[Rows], zones: ZoneHistory) -> Sequence[Clocked]:
    """A clock change that stands in one section moves every section after it."""
    moved = any(rows.sheet.column("new").filled.any() for rows in parts)
    found = [by_zone(rows, zones) for rows in parts]
    return [replace(each, instant=each.instant + (HOUR if moved else 0)) for each in found]


PROCEDURES = Procedures(
    sections={"stacked.sections": sections},
    person={"stacked.person": person},
    together={"stacked.same-stick": same_stick},
    clocks={"stacked.clock": clock},
    amount={"number.rounded": rounded},
)
EUROPEAN = """Name;Ada Muster

== ;Doses;P-1
Index;Day;Time;New Clock;Dose (U);Kind
0;2024/05/01;08:00:00;;1,5;Meal
1;2024/05/01;09:00:00;;0,500000001;Other
== ;Sugar;P-1
Day;Time;Sugar (mg/dL)
2024/05/01;08:00:00;104
2024/05/01;08:05:00;111
2024/05/01;08:10:00;9000
== ;Totals;P-1
Day;Sum
2024/05/01;22
== ;Moods;P-1
Day;Mood
2024/05/01;fine
2024/05/02;fine
== ;Sugar;P-2
Day;Extra;Time;Sugar (mg/dL);Glow
2024/05/02;x;08:00:00;99;
Day;Time;Sugar (mg/dL)
2024/05/03;08:00:00;98
"""


def read(text: str) -> Decoded:
    """A text, opened and read with the invented procedures."""
    opened = open_source(text.encode(), FORMAT.detect, FORMAT.read, PROCEDURES)
    zones = ZoneHistory.always("UTC")
    return read_source(opened, FORMAT.read, FORMAT.format, zones, 1_795_132_800_000, PROCEDURES, None)


def values(done: Decoded) -> dict[tuple[Stream, str], list[int]]:
    """What was read of each series."""
    return {(b.key.stream, b.key.device): column(b.columns, "value").tolist() for b in done.readings}


def test_sections_are_bound_by_name_and_joined_to_series() -> None:
    done = read(EUROPEAN)
    assert values(done) == {
        (Stream.BOLUS, "p-1"): [150, 50],
        (Stream.GLUCOSE, "p-1"): [104],
        (Stream.GLUCOSE, "p-2"): [99, 98],
    }
    assert column(done.readings[0].columns, "kind").tolist() == [BolusKind.MEAL, BolusKind.CORRECTION]
    assert [device.serial for device in done.devices] == ["P-1", "P-2"]
    assert done.person == Person("Ada Muster")


def test_every_row_of_every_section_has_one_fate() -> None:
    done = read(EUROPEAN)
    adds_up(done)
    assert done.account.rows == 10
    assert done.account.ignored == {"section Totals": 1, "unknown section Moods": 2, "same-stick": 1}
    assert [(each.row, each.where) for each in done.account.rejected] == [(11, "row 11")]
    assert "sections of kind 'Moods' are not known and were not read" in done.account.warnings
    assert done.account.fields_unknown == ("Extra", "Glow")


def test_a_comma_with_points_reads_the_same() -> None:
    american = EUROPEAN.replace(",", ".").replace(";", ",")
    assert values(read(american)) == values(read(EUROPEAN))


def test_one_clock_sees_all_sections() -> None:
    moved = EUROPEAN.replace("1;2024/05/01;09:00:00;;0,500000001;Other", "1;2024/05/01;09:00:00;10:00:00;;")
    plain, later = read(EUROPEAN), read(moved)
    sugar = next(b for b in later.readings if b.key.stream is Stream.GLUCOSE)
    assert int(sugar.columns["instant"][0]) == int(plain.readings[1].columns["instant"][0]) + HOUR


def test_months_may_be_names() -> None:
    named = EUROPEAN.replace("2024/05/01;08:00:00;;1,5", "01-Mai-2024;08:00:00;;1,5").replace(
        "2024/05/01;09:00:00;;0,5", "01-May-2024;09:00:00;;0,5"
    )
    assert values(read(named)) == values(read(EUROPEAN))
    assert (
        read(named).readings[0].columns["instant"].tolist()
        == read(EUROPEAN).readings[0].columns["instant"].tolist()
    )


def test_a_section_that_is_only_a_header_is_no_fault() -> None:
    assert values(read("Name;Ada\n== ;Sugar;P-1\nDay;Time;Sugar (mg/dL)\n")) == {}


def test_a_text_without_a_section_is_refused() -> None:
    with pytest.raises(Unreadable, match="the header of this format was not found"):
        read("Name;Ada\nDay;Time;Sugar\n")


def test_a_file_cut_off_rejects_its_last_row_alone() -> None:
    done = read(EUROPEAN + "2024/05/04;08:0")
    assert values(done) == values(read(EUROPEAN))
    assert "cut off" in done.account.rejected[-1].reason
